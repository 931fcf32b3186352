//! Random executions of both generations, and what the service tells of them.

use serde_json::{Map, Value, json};

use crate::tape::Tape;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    V1,
    V2,
}

/// The bytes that one execution is made of.
pub(crate) type ExecutionTape = (Vec<u8>, Vec<Vec<u8>>, Vec<Vec<u8>>);

/// What the service holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) executions: Vec<Execution>,
}

#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) id: &'static str,
    pub(crate) whole: Value,
    /// As a list has it: of the first generation without most of its steps' fields.
    pub(crate) listed: Value,
    /// The closing reasons that were configured when it started.
    pub(crate) reasons: Value,
}

/// Entities, `(id, schema)`.
pub(crate) const ENTITIES: [(&str, &str); 3] =
    [("c1", "contact"), ("c2", "contact"), ("o1", "opportunity")];

/// In no order; what is sorted has to sort them.
pub(crate) const IDS: [&str; 5] = ["e2", "e10", "E3", "e-1", "e1"];

pub(crate) const USERS: [&str; 4] = ["1", "2", "3", "4"];

/// Days around the moment of planning, changes of the clocks, holidays and the ends of months.
pub(crate) const DAYS: [&str; 18] = [
    "2026-12-02", "2026-12-01", "2026-11-30", "2026-12-05", "2026-12-24", "2026-12-26", "2027-01-31",
    "2028-02-29", "2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-04-05", "2026-04-03",
    "2026-05-13", "2026-06-03", "2026-11-17", "2026-03-08",
];

const TIMES: [&str; 8] = [
    "00:00:00", "09:00:00", "02:30:00", "01:30:00", "00:30:00", "23:30:00", "15:45:10", "08:00:00",
];

pub(crate) fn due_date(tape: &mut Tape<'_>) -> String {
    let day = tape.pick(&DAYS);
    let form = tape.pick(&["day", "ms", "utc", "utc", "seconds", "offset", "bare", "wrong"]);
    let time = tape.pick(&TIMES);
    match form {
        "day" => format!("{day}T00:00:00.000"),
        "ms" => format!("{day}T{time}.000"),
        "utc" => format!("{day}T{time}.250Z"),
        "seconds" => format!("{day}T{time}"),
        "offset" => format!("{day}T{time}+02:00"),
        "bare" => day.to_owned(),
        _ => tape.pick(&["soon", "2026-02-30", "tomorrow 9:00"]).to_owned(),
    }
}

fn past(tape: &mut Tape<'_>) -> String {
    let day = tape.pick(&["2026-11-28", "2026-09-02", "2026-09-01", "2025-12-01", "2026-11-30"]);
    format!("{day}T08:00:00.000Z")
}

/// An object that is put together field by field.
struct Fields(Map<String, Value>);

impl Fields {
    fn new(base: Value) -> Self {
        match base {
            Value::Object(map) => Self(map),
            other => panic!("{other} is no object"),
        }
    }

    /// The field so often; a null now and then, which means the same as nothing.
    fn maybe<T: Into<Value>>(
        &mut self,
        tape: &mut Tape<'_>,
        percent: usize,
        name: &str,
        make: impl FnOnce(&mut Tape<'_>) -> T,
    ) {
        match tape.below(100) {
            known if known >= 100 - percent => {
                let value = make(tape).into();
                self.0.insert(name.to_owned(), value);
            }
            known if known >= 97 - percent => {
                self.0.insert(name.to_owned(), Value::Null);
            }
            _ => {}
        }
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

fn user(tape: &mut Tape<'_>) -> Value {
    json!(tape.pick(&USERS[..3]))
}

fn assigned(tape: &mut Tape<'_>, api: Api) -> Value {
    let count = 1 + tape.below(4);
    let entry = |tape: &mut Tape<'_>| match api {
        Api::V2 if tape.chance(20) => {
            let mut variable = json!({"variable": tape.pick(&["{{owner}}", "{{lead}}"])});
            if tape.chance(60) {
                variable["value"] = json!([tape.pick(&USERS)]);
            }
            variable
        }
        Api::V1 | Api::V2 => user(tape),
    };
    (0..count - 1).map(|_| entry(tape)).collect()
}

fn rule(tape: &mut Tape<'_>, api: Api) -> Value {
    let number = 1 + tape.below(3);
    match api {
        Api::V1 => json!({"numberOfUnits": number, "timePeriod": "days"}),
        Api::V2 => json!({"duration": number, "unit": "days", "type": "WORKFLOW_STARTED"}),
    }
}

fn reasons(tape: &mut Tape<'_>) -> Value {
    let all = [
        json!({"id": "r1", "title": "Duplikat"}),
        json!({"id": "r2", "title": "Keine Rückmeldung"}),
        json!({"id": "r3", "title": "r1"}),
    ];
    let count = tape.below(4);
    all[..count].iter().cloned().collect()
}

/// What executions, phases, tasks and steps have in common.
fn common(fields: &mut Fields, tape: &mut Tape<'_>, api: Api) {
    let [assigned_to, due, by_rule] = match api {
        Api::V1 => ["assignedTo", "dueDate", "dynamicDueDate"],
        Api::V2 => ["assigned_to", "due_date", "due_date_config"],
    };
    fields.maybe(tape, 70, assigned_to, |tape| assigned(tape, api));
    fields.maybe(tape, 60, due, due_date);
    fields.maybe(tape, 25, by_rule, |tape| rule(tape, api));
}

pub(crate) const TASK_STATUSES: [&str; 14] = [
    "PENDING", "IN_PROGRESS", "COMPLETED", "SKIPPED", "PENDING", "IN_PROGRESS", "COMPLETED", "SCHEDULED", "SCHEDULED",
    "UNASSIGNED", "ASSIGNED", "FAILED", "ON_HOLD", "CONDITION_PENDING",
];

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
    fields.0.insert("enabled".to_owned(), json!(!tape.chance(15)));
    common(&mut fields, tape, Api::V2);
    if phases > 0 {
        fields.maybe(tape, 70, "phase_id", |tape| format!("p{}", tape.below(phases)));
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
    fields.maybe(tape, 80, "status", |tape| tape.pick(&["OPEN", "IN_PROGRESS", "COMPLETED"]));
    common(&mut fields, tape, Api::V2);
    fields.maybe(tape, 40, "updated_at", past);
    fields.done()
}

fn flow(id: &str, (own, parts, phases): &ExecutionTape) -> (Value, Value) {
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
    closing.maybe(tape, 20, "selected_reasons", |_| json!([{"id": "r0", "title": "Früher"}]));
    closing.maybe(tape, 20, "extra_description", |_| "before");
    fields.maybe(tape, 85, "closing_reason", |_| closing.done());
    (fields.done(), configured)
}

/// At least one entity.
fn contexts(tape: &mut Tape<'_>) -> Vec<(&'static str, &'static str)> {
    let chosen = 1 + tape.below(7);
    let is_chosen = |place: &usize| chosen & (1 << place) != 0;
    (0..3).filter(is_chosen).map(|place| ENTITIES[place]).collect()
}

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
    fields.maybe(tape, 30, "description", |_| json!({"enabled": true, "value": "before"}));
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
    fields.maybe(tape, 80, "status", |tape| tape.pick(&["OPEN", "IN_PROGRESS", "COMPLETED"]));
    common(&mut fields, tape, Api::V1);
    fields.done()
}

fn legacy(id: &str, (own, parts, sections): &ExecutionTape) -> (Value, Value) {
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
            Some(section) if place < sections.len() => section["steps"].as_array_mut().unwrap().push(step),
            _ => flow.push(step),
        }
    }
    let mut fields = Fields::new(json!({
        "id": id, "orgId": "4711", "name": tape.pick(&["Anschluss: Nord", "Wechsel"]), "flow": flow,
        "contexts": contexts(tape).iter()
            .map(|(id, schema)| json!({"id": id, "schema": schema, "title": "T"}))
            .collect::<Value>(),
    }));
    fields.maybe(tape, 92, "status", |tape| tape.pick(&["STARTED", "STARTED", "DONE", "CLOSED"]));
    common(&mut fields, tape, Api::V1);
    fields.maybe(tape, 50, "creationTime", past);
    fields.maybe(tape, 50, "lastUpdateTime", past);
    fields.maybe(tape, 20, "selectedClosingReasons", |_| json!([{"id": "r0", "title": "Früher"}]));
    fields.maybe(tape, 20, "closingReasonDescription", |_| "before");
    let reasons = reasons(tape);
    fields.maybe(tape, 50, "configuredClosingReasonSnapshot", |_| reasons.clone());
    (fields.done(), reasons)
}

/// A row of a list tells of the steps only what they are.
fn listed(whole: &Value, has_snapshot: bool) -> Value {
    let mut row = whole.clone();
    if !has_snapshot {
        row.as_object_mut().unwrap().remove("configuredClosingReasonSnapshot");
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

impl World {
    pub(crate) fn new(api: Api, tapes: &[ExecutionTape]) -> Self {
        let executions = IDS.into_iter().zip(tapes).map(|(id, tape)| match api {
            Api::V1 => {
                let (whole, reasons) = legacy(id, tape);
                let has_snapshot = tape.0.last().is_some_and(|byte| byte % 2 == 1);
                let listed = listed(&whole, has_snapshot);
                Execution { id, whole, listed, reasons }
            }
            Api::V2 => {
                let (whole, reasons) = flow(id, tape);
                Execution { id, listed: whole.clone(), whole, reasons }
            }
        });
        Self { executions: executions.collect() }
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Execution> {
        self.executions.iter().find(|execution| execution.id == id)
    }
}
