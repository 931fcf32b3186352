//! Random executions of both generations, and what the service tells of them.

mod flows;
mod legacy;

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
pub(crate) const DAYS: [&str; 20] = [
    "2026-12-02",
    "2026-12-01",
    "2026-11-30",
    "2026-12-05",
    "2026-12-24",
    "2026-12-26",
    "2027-01-31",
    "2028-02-29",
    "2026-03-28",
    "2026-03-29",
    "2026-10-24",
    "2026-10-25",
    "2026-04-05",
    "2026-04-03",
    "2026-05-13",
    "2026-06-03",
    "2026-06-04",
    "2026-11-18",
    "2026-11-17",
    "2026-03-08",
];

const TIMES: [&str; 8] = [
    "00:00:00", "09:00:00", "02:30:00", "01:30:00", "00:30:00", "23:30:00", "15:45:10", "08:00:00",
];

pub(crate) fn due_date(tape: &mut Tape<'_>) -> String {
    let day = tape.pick(&DAYS);
    let form = tape.pick(&[
        "day", "ms", "utc", "utc", "seconds", "offset", "bare", "wrong",
    ]);
    let time = tape.pick(&TIMES);
    match form {
        "day" => format!("{day}T00:00:00.000"),
        "ms" => format!("{day}T{time}.000"),
        "utc" => format!("{day}T{time}.250Z"),
        "seconds" => format!("{day}T{time}"),
        "offset" => format!("{day}T{time}+02:00"),
        "bare" => day.to_owned(),
        _ => tape
            .pick(&["soon", "2026-02-30", "tomorrow 9:00"])
            .to_owned(),
    }
}

fn past(tape: &mut Tape<'_>) -> String {
    let day = tape.pick(&[
        "2026-11-28",
        "2026-09-02",
        "2026-09-01",
        "2025-12-02",
        "2026-11-30",
    ]);
    // The hour at which a number of days has passed, in Berlin's summer, its winter, and never.
    let hour = tape.pick(&["07", "08", "12"]);
    format!("{day}T{hour}:30:00.000Z")
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
    "PENDING",
    "IN_PROGRESS",
    "COMPLETED",
    "SKIPPED",
    "PENDING",
    "IN_PROGRESS",
    "COMPLETED",
    "SCHEDULED",
    "SCHEDULED",
    "UNASSIGNED",
    "ASSIGNED",
    "FAILED",
    "ON_HOLD",
    "CONDITION_PENDING",
];

/// An attribute of a schema that the execution may have no entity of.
fn target(tape: &mut Tape<'_>) -> Value {
    json!({"entitySchema": tape.pick(&["contact", "opportunity", "meter"]), "entityAttribute": tape.pick(&["owner", "status"])})
}

/// At least one entity.
fn contexts(tape: &mut Tape<'_>) -> Vec<(&'static str, &'static str)> {
    let chosen = 1 + tape.below(7);
    let is_chosen = |place: &usize| chosen & (1 << place) != 0;
    (0..3)
        .filter(is_chosen)
        .map(|place| ENTITIES[place])
        .collect()
}

impl World {
    pub(crate) fn new(api: Api, tapes: &[ExecutionTape]) -> Self {
        let executions = IDS.into_iter().zip(tapes).map(|(id, tape)| match api {
            Api::V1 => {
                let (whole, reasons) = legacy::execution(id, tape);
                let has_snapshot = tape.0.last().is_some_and(|byte| byte % 2 == 1);
                let listed = legacy::listed(&whole, has_snapshot);
                Execution {
                    id,
                    whole,
                    listed,
                    reasons,
                }
            }
            Api::V2 => {
                let (whole, reasons) = flows::flow(id, tape);
                Execution {
                    id,
                    listed: whole.clone(),
                    whole,
                    reasons,
                }
            }
        });
        Self {
            executions: executions.collect(),
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Execution> {
        self.executions.iter().find(|execution| execution.id == id)
    }
}
