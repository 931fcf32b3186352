//! Random arguments.

use serde_json::{Value, json};

use super::{Action, Date, IN_THREE_DAYS, SHIFTS, Who};
use crate::{data::Api, parts::Level, tape::Tape};

fn who(tape: &mut Tape<'_>, is_rows: bool) -> Who {
    let cell = if is_rows { Who::Cell } else { Who::Successor };
    tape.pick(&[
        Who::Id("2"),
        Who::Successor,
        Who::Id("3"),
        Who::Leaver,
        cell,
    ])
}

fn several(tape: &mut Tape<'_>, is_rows: bool) -> Vec<Who> {
    let cells = if is_rows {
        Who::Cells
    } else {
        Who::OfExecution
    };
    let count = 1 + tape.below(2);
    (0..count)
        .map(|_| match tape.below(6) {
            5 => cells,
            _ => who(tape, is_rows),
        })
        .collect()
}

impl Action {
    /// An action on this level, or on the execution (which every level is below); and where it works.
    pub(crate) fn random(
        choice: usize,
        tape: &mut Tape<'_>,
        api: Api,
        level: Level,
        is_rows: bool,
    ) -> (Self, Level) {
        if level == Level::Entity {
            let start = Self::Start {
                contexts: tape.chance(30),
                assigned_to: api == Api::V1 && tape.chance(50),
            };
            return (start, level);
        }
        let common = match choice % 32 {
            0..6 => Some(Self::reassign(tape, is_rows)),
            6..11 => {
                let (text, by) = tape.pick(&SHIFTS);
                let cell = is_rows && tape.chance(40);
                Some(if cell {
                    Self::ShiftByCell
                } else {
                    Self::Shift(text, by)
                })
            }
            11..14 => Some(Self::set_due_date(tape, api, is_rows)),
            14 | 15 => Some(Self::MoveOffHolidays {
                direction: tape.pick(&[1, -1]),
            }),
            16..19 => Some(Self::patch(tape, api, level)),
            _ => None,
        };
        if let Some(action) = common {
            return (action, level);
        }
        let on_execution = |tape: &mut Tape<'_>| match tape.below(10) {
            0..4 => {
                let count = 1 + tape.below(2);
                let reasons = (0..count).map(|_| {
                    tape.pick(&["Duplikat", "r1", "r2", "Keine Rückmeldung", "Sonstiges"])
                });
                let reasons = reasons.collect();
                let description = tape.some(40, |tape| {
                    tape.pick(&["Closed in bulk.", "before", "{{ execution.name }}"])
                });
                Self::Close {
                    reasons,
                    description,
                }
            }
            4 | 5 => Self::Complete,
            6 | 7 => Self::Reopen,
            8 => Self::Delete {
                soft: api == Api::V2 && tape.chance(50),
            },
            _ => match api {
                Api::V1 => Self::AddStep {
                    index: 0,
                    section: tape.some(50, |tape| tape.pick(&["x0", "Antrag", "def-x1"])),
                },
                Api::V2 => {
                    let after = tape.some(70, |tape| tape.pick(&["t0", "tpl-1", "Prüfen", "Call"]));
                    let before = match after {
                        Some(_) => tape.some(40, |tape| tape.pick(&["t1", "tpl-2"])),
                        None => Some(tape.pick(&["t1", "tpl-2"])),
                    };
                    Self::AddTask {
                        after,
                        before,
                        phase: tape.some(30, |tape| tape.pick(&["p0", "Netz"])),
                    }
                }
            },
        };
        let action = match level {
            Level::Task => match choice % 10 {
                0..4 => Self::set_status(tape),
                4 => Self::RunScheduleNow,
                5 => Self::CancelSchedule,
                6 => Self::RunAutomation,
                7 => Self::Execute,
                8 => Self::Reconcile,
                _ => return (on_execution(tape), Level::Execution),
            },
            Level::Step => match choice % 8 {
                0..5 => Self::set_status(tape),
                5 => Self::DeleteStep,
                _ => return (on_execution(tape), Level::Execution),
            },
            Level::Phase | Level::Execution | Level::Entity => {
                return (on_execution(tape), Level::Execution);
            }
        };
        (action, level)
    }

    fn reassign(tape: &mut Tape<'_>, is_rows: bool) -> Self {
        match tape.below(10) {
            0..4 => {
                let from = tape.pick(&[Who::Leaver, Who::Id("2"), Who::Id("3")]);
                let to = who(tape, is_rows);
                // Who takes the own place is a mistake of the playbook, also by way of a variable.
                let to = if from.known() == to.known() {
                    Who::Id("4")
                } else {
                    to
                };
                Self::Replace { from, to }
            }
            4..6 => Self::Assign(several(tape, is_rows)),
            6 => Self::Assign(Vec::new()),
            7 => Self::Change {
                add: several(tape, is_rows),
                remove: Vec::new(),
            },
            8 => Self::Change {
                add: Vec::new(),
                remove: several(tape, is_rows),
            },
            _ => Self::Change {
                add: several(tape, is_rows),
                remove: several(tape, is_rows),
            },
        }
    }

    fn set_due_date(tape: &mut Tape<'_>, api: Api, is_rows: bool) -> Self {
        match tape.below(7) {
            0 => Self::SetDate(Date::Literal("2026-12-24")),
            1 => Self::SetDate(Date::Literal(
                tape.pick(&["2026-12-24T10:00:00.000Z", "2026-12-02T00:00:00.000"]),
            )),
            2 if is_rows => Self::SetDate(Date::Cell),
            2 | 3 => Self::SetDate(Date::InDays(tape.pick(&[3, 0, -60]))),
            4 => Self::SetDate(Date::Day(tape.pick(&["2026-12-24", "2026-12-02"]))),
            5 => Self::SetDate(Date::OfExecution(match api {
                Api::V1 => "dueDate",
                Api::V2 => "due_date",
            })),
            _ => Self::SetRule(match api {
                Api::V1 => json!({"numberOfUnits": 1, "timePeriod": "days"}),
                Api::V2 => json!({"duration": 1, "unit": "days", "type": "WORKFLOW_STARTED"}),
            }),
        }
    }

    fn set_status(tape: &mut Tape<'_>) -> Self {
        let to = tape.pick(&["IN_PROGRESS", "COMPLETED", "SKIPPED", "PENDING"]);
        let revert = to == "PENDING" && tape.chance(60);
        let branch = if to == "COMPLETED" {
            tape.some(40, |tape| tape.pick(&["yes", "Nein", "Vielleicht"]))
        } else {
            None
        };
        Self::SetStatus { to, revert, branch }
    }

    /// One or two fields; the values are such that most of them differ.
    fn patch(tape: &mut Tape<'_>, api: Api, level: Level) -> Self {
        let date = json!(tape.pick(&["2026-12-24T00:00:00.000", "2026-12-24", IN_THREE_DAYS]));
        let rule = json!({"duration": 2, "unit": "days", "type": "WORKFLOW_STARTED"});
        let fields: &[(&str, Value)] = &match (api, level) {
            (Api::V2, Level::Task) => vec![
                ("name", json!("Neu")),
                ("enabled", json!(false)),
                ("description", json!({"enabled": false})),
                ("assigned_to", json!(["2"])),
                ("due_date", date),
                (
                    "status",
                    json!(tape.pick(&["IN_PROGRESS", "COMPLETED", "SKIPPED", "PENDING"])),
                ),
                (
                    "description",
                    json!({"enabled": true, "value": "see {{ execution.name }}"}),
                ),
                ("due_date_config", rule),
                ("completed_via_journey", json!(true)),
                ("enabled", json!(true)),
            ],
            (Api::V2, Level::Phase) => vec![
                ("name", json!("Neu")),
                ("assigned_to", json!(["2"])),
                ("due_date", date),
            ],
            (Api::V2, _) => vec![
                ("assigned_to", json!(["{{ vars.successor }}"])),
                ("due_date", date),
                ("status", json!(tape.pick(&["DONE", "STARTED"]))),
                ("due_date_config", rule),
                ("closing_reason", json!({"extra_description": "Neu"})),
            ],
            (Api::V1, Level::Step) => vec![
                ("name", json!("Neu")),
                ("assignedTo", json!(["2"])),
                ("dueDate", date),
                (
                    "status",
                    json!(tape.pick(&["IN_PROGRESS", "COMPLETED", "PENDING"])),
                ),
                (
                    "description",
                    json!({"enabled": true, "value": "see {{ execution.name }}"}),
                ),
                ("assignedToOnHold", json!("2")),
            ],
            (Api::V1, _) => vec![
                ("assignedTo", json!(["{{ vars.successor }}"])),
                ("dueDate", date),
                ("status", json!(tape.pick(&["DONE", "STARTED"]))),
                ("closingReasonDescription", json!("Neu")),
                (
                    "dynamicDueDate",
                    json!({"numberOfUnits": 2, "timePeriod": "days"}),
                ),
            ],
        };
        if level == Level::Task && tape.chance(20) {
            // What belongs to a status.
            return Self::Patch(tape.pick(&[
                vec![
                    ("status", json!("COMPLETED")),
                    ("next_condition_id", json!("yes")),
                ],
                vec![
                    ("status", json!("PENDING")),
                    ("revert_execution", json!(true)),
                ],
            ]));
        }
        let first = tape.pick(fields);
        let mut chosen = vec![first];
        if tape.chance(40) {
            let second = tape.pick(fields);
            if second.0 != chosen[0].0 {
                chosen.push(second);
            }
        }
        Self::Patch(chosen)
    }
}
