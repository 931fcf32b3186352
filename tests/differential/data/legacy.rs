//! Executions of the first generation.

use serde_json::{Value, json};

use super::{Api, ExecutionTape, Fields, TASK_STATUSES, common, contexts, past, reasons, target};
use crate::tape::Tape;

fn step(number: usize, bytes: &[u8]) -> Value {
    let tape = &mut Tape::new(bytes);
    // Which section it stands in was chosen with the first byte.
    tape.below(1);
    let mut fields = Fields::new(json!({
        "id": format!("s{number}"), "definitionId": format!("def-{number}"), "type": "STEP", "name": tape.pick(&["Prüfen", "Call"]),
    }));
    fields.maybe(tape, 85, "status", |tape| tape.pick(&TASK_STATUSES));
    common(&mut fields, tape, Api::V1);
    fields.maybe(tape, 15, "userIds", |tape| {
        let count = tape.below(3);
        [1, 2][..count].iter().copied().collect::<Value>()
    });
    fields.maybe(
        tape,
        30,
        "description",
        |_| json!({"enabled": true, "value": "before"}),
    );
    fields.maybe(tape, 40, "created", past);
    fields.maybe(tape, 40, "lastUpdated", past);
    fields.done()
}

fn section(number: usize, bytes: &[u8]) -> Value {
    let tape = &mut Tape::new(bytes);
    let mut fields = Fields::new(json!({
        "id": format!("x{number}"), "definitionId": format!("def-x{number}"), "type": "SECTION", "name": tape.pick(&["Antrag", "Netz"]),
        "steps": [],
    }));
    fields.maybe(tape, 80, "status", |tape| {
        tape.pick(&["OPEN", "IN_PROGRESS", "COMPLETED"])
    });
    common(&mut fields, tape, Api::V1);
    fields.done()
}

/// An execution and its closing reasons.
pub(super) fn execution(id: &str, (own, parts, sections): &ExecutionTape) -> (Value, Value) {
    let tape = &mut Tape::new(own);
    let mut flow: Vec<Value> = sections
        .iter()
        .enumerate()
        .map(|(number, bytes)| section(number, bytes))
        .collect();
    for (number, bytes) in parts.iter().enumerate() {
        let place = Tape::new(bytes).below(sections.len() + 1);
        let step = step(number, bytes);
        match flow.get_mut(place) {
            Some(section) if place < sections.len() => {
                section["steps"].as_array_mut().unwrap().push(step);
            }
            _ => flow.push(step),
        }
    }
    let mut fields = Fields::new(json!({
        "id": id, "orgId": "4711", "name": tape.pick(&["Anschluss: Nord", "Wechsel"]), "flow": flow,
        "contexts": contexts(tape).iter()
            .map(|(id, schema)| json!({"id": id, "schema": schema, "title": "T"}))
            .collect::<Value>(),
    }));
    fields.maybe(tape, 92, "status", |tape| {
        tape.pick(&["STARTED", "STARTED", "DONE", "CLOSED"])
    });
    common(&mut fields, tape, Api::V1);
    fields.maybe(tape, 50, "creationTime", past);
    fields.maybe(tape, 50, "lastUpdateTime", past);
    fields.maybe(
        tape,
        20,
        "selectedClosingReasons",
        |_| json!([{"id": "r0", "title": "Früher"}]),
    );
    fields.maybe(tape, 20, "closingReasonDescription", |_| "before");
    let reasons = reasons(tape);
    fields.maybe(tape, 50, "configuredClosingReasonSnapshot", |_| {
        reasons.clone()
    });
    fields.maybe(tape, 70, "updateEntityAttributes", |tape| {
        let sources = ["workflow_status", "current_section", "current_step"];
        let count = tape.below(3);
        let rule =
            |tape: &mut Tape<'_>| json!({"source": tape.pick(&sources), "target": target(tape)});
        (0..count).map(|_| rule(tape)).collect::<Value>()
    });
    (fields.done(), reasons)
}

/// A row of a list tells of the steps only what they are.
pub(super) fn listed(whole: &Value, has_snapshot: bool) -> Value {
    let mut row = whole.clone();
    if !has_snapshot {
        row.as_object_mut()
            .unwrap()
            .remove("configuredClosingReasonSnapshot");
        row.as_object_mut()
            .unwrap()
            .remove("updateEntityAttributes");
    }
    let thin = |step: &mut Value| {
        step.as_object_mut()
            .unwrap()
            .retain(|name, _| ["id", "definitionId", "type", "name"].contains(&name.as_str()));
    };
    for item in row["flow"].as_array_mut().unwrap() {
        match item.get_mut("steps") {
            Some(steps) => steps.as_array_mut().unwrap().iter_mut().for_each(thin),
            None => thin(item),
        }
    }
    row
}
