//! Flows of the second generation.

use serde_json::{Value, json};

use super::{
    Api, DAYS, ExecutionTape, Fields, TASK_STATUSES, common, contexts, past, reasons, target,
};
use crate::tape::Tape;

fn task(number: usize, bytes: &[u8], phases: usize) -> Value {
    let tape = &mut Tape::new(bytes);
    let mut fields = Fields::new(json!({
        "id": format!("t{number}"), "template_id": format!("tpl-{number}"), "name": tape.pick(&["Prüfen", "Call", "Call"]),
    }));
    let status = tape.pick(&TASK_STATUSES);
    fields.0.insert("status".to_owned(), json!(status));
    let kind = if status == "SCHEDULED" {
        "AUTOMATION"
    } else {
        tape.pick(&["MANUAL", "AUTOMATION", "DECISION", "MANUAL"])
    };
    fields.0.insert("task_type".to_owned(), json!(kind));
    fields
        .0
        .insert("enabled".to_owned(), json!(!tape.chance(15)));
    common(&mut fields, tape, Api::V2);
    if phases > 0 {
        // The last one is unknown now and then.
        fields.maybe(tape, 70, "phase_id", |tape| {
            format!("p{}", tape.below(4 * phases + 1) / 4)
        });
    }
    fields.maybe(tape, 30, "description", |tape| match tape.below(3) {
        0 => json!({"enabled": true, "value": "before"}),
        1 => json!({"enabled": false}),
        _ => json!({"value": "x"}),
    });
    fields.maybe(tape, 40, "created_at", past);
    fields.maybe(tape, 40, "updated_at", past);
    match kind {
        "AUTOMATION" => {
            let mut config = json!({"flow_id": "a"});
            if tape.chance(20) {
                config["execution_id"] = json!("run-1");
            }
            fields.0.insert("automation_config".to_owned(), config);
            if status == "SCHEDULED" {
                let at = format!("{}T08:00:00.000Z", tape.pick(&DAYS[..5]));
                let schedule = json!({"mode": "delayed", "duration": 1, "unit": "days", "schedule_id": "s", "scheduled_at": at});
                fields.0.insert("schedule".to_owned(), schedule);
            }
        }
        "DECISION" => {
            fields.0.insert(
                "conditions".to_owned(),
                json!([{"id": "yes", "branch_name": "Ja"}, {"id": "no", "branch_name": "Nein"}]),
            );
            let mode = tape.pick(&["automatic", "manual"]);
            fields.0.insert("trigger_mode".to_owned(), json!(mode));
        }
        _ => {}
    }
    fields.done()
}

fn phase(number: usize, bytes: &[u8]) -> Value {
    let tape = &mut Tape::new(bytes);
    let mut fields = Fields::new(json!({
        "id": format!("p{number}"), "template_id": format!("tpl-p{number}"), "name": tape.pick(&["Antrag", "Netz"]),
    }));
    fields.maybe(tape, 80, "status", |tape| {
        tape.pick(&["OPEN", "IN_PROGRESS", "COMPLETED"])
    });
    common(&mut fields, tape, Api::V2);
    fields.maybe(tape, 40, "updated_at", past);
    fields.done()
}

/// Those that most actions cause more often.
const EVENTS: [&str; 18] = [
    "TaskUpdated",
    "FlowAssigned",
    "TaskUpdated",
    "PhaseUpdated",
    "TaskUpdated",
    "PhaseUpdated",
    "TaskUpdated",
    "FlowDueDateChanged",
    "FlowCancelled",
    "FlowCompleted",
    "FlowReopened",
    "FlowDeleted",
    "TaskCompleted",
    "TaskSkipped",
    "TaskMarkedInProgress",
    "PhaseMarkedInProgress",
    "CurrTaskChanged",
    // A word of a later version.
    "FlowPainted",
];

/// The rules by which it writes attributes of its entities.
fn entity_sync(tape: &mut Tape<'_>) -> Value {
    if tape.chance(5) {
        return json!("none");
    }
    let count = 1 + tape.below(4);
    let rule = |tape: &mut Tape<'_>| {
        let mut trigger = json!({"event": tape.pick(&EVENTS)});
        match tape.below(4) {
            1 => trigger["filter"] = json!({"task_template_id": tape.pick(&["tpl-0", "tpl-1"])}),
            2 => trigger["filter"] = json!({"phase_template_id": tape.pick(&["tpl-p0", "tpl-p1"])}),
            3 => trigger["filter"] = json!({}),
            _ => {}
        }
        json!({"trigger": trigger, "value": {"source": "workflow_name"}, "target": target(tape)})
    };
    (0..count).map(|_| rule(tape)).collect()
}

/// A flow and its closing reasons.
pub(super) fn flow(id: &str, (own, parts, phases): &ExecutionTape) -> (Value, Value) {
    let tape = &mut Tape::new(own);
    let mut fields = Fields::new(json!({
        "id": id, "org_id": "4711", "name": tape.pick(&["Anschluss: Nord", "Wechsel"]), "flow_template_id": "tpl",
        "status": tape.pick(&["STARTED", "STARTED", "DONE", "CLOSED"]),
        "phases": phases.iter().enumerate().map(|(number, bytes)| phase(number, bytes)).collect::<Value>(),
        "tasks": parts.iter().enumerate().map(|(number, bytes)| task(number, bytes, phases.len())).collect::<Value>(),
        "edges": (1..parts.len())
            .map(|number| json!({"id": format!("k{number}"), "from_id": format!("t{}", number - 1), "to_id": format!("t{number}")}))
            .collect::<Value>(),
        "contexts": contexts(tape).iter().enumerate()
            .map(|(place, (id, schema))| json!({"entity_id": id, "entity_schema": schema, "is_primary": place == 0}))
            .collect::<Value>(),
    }));
    common(&mut fields, tape, Api::V2);
    fields.maybe(tape, 50, "created_at", past);
    fields.maybe(tape, 50, "updated_at", past);
    let configured = reasons(tape);
    let mut closing = Fields::new(json!({}));
    closing.maybe(tape, 90, "configured_reasons", |_| configured.clone());
    closing.maybe(
        tape,
        20,
        "selected_reasons",
        |_| json!([{"id": "r0", "title": "Früher"}]),
    );
    closing.maybe(tape, 20, "extra_description", |_| "before");
    fields.maybe(tape, 85, "closing_reason", |_| closing.done());
    fields.maybe(tape, 80, "entity_sync", entity_sync);
    (fields.done(), configured)
}
