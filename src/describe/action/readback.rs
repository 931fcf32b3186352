//! Whether a change took effect, from a later read of its execution.
//!
//! The same comparison is used before sending (is the target still as planned?) and after an unknown attempt (did the request take
//! effect?).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{same::same, status::has_ended, task_automation::STARTED_AUTOMATION};
use crate::{
    api::{Operation, OperationKind},
    json,
};

/// The fields that a change expects of its target: dotted paths and values, null meaning absent.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub before: &'a BTreeMap<String, Value>,
    pub after: &'a BTreeMap<String, Value>,
    /// Paths below `execution.` or `target.`.
    pub requires: &'a BTreeMap<String, Value>,
}

/// The result of comparing a change with a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The target is as the change leaves it.
    Done,
    /// The target is as planned: the change may be sent.
    AsPlanned,
    /// A field that the change depends on was changed by someone else.
    Drifted(String),
    /// The target is not in its execution any more.
    Gone,
}

/// Compares a change with its execution as read; none if the execution does not exist.
pub fn read_back(
    operation: &Operation,
    expected: Expected<'_>,
    execution: Option<&Value>,
) -> Reading {
    let found = execution.and_then(|execution| Some((execution, operation.find(execution)?)));
    let Some((execution, target)) = found else {
        return if operation.removes() {
            Reading::Done
        } else {
            Reading::Gone
        };
    };
    if is_done(operation, expected, target) {
        return Reading::Done;
    }
    for (path, planned) in expected.requires {
        let now = match path.split_once('.') {
            Some(("execution", rest)) => json::get(execution, rest),
            Some((_, rest)) => json::get(target, rest),
            None => None,
        };
        let field = path.split_once('.').map_or("", |(_, rest)| rest);
        if !is(field, now, planned) {
            return Reading::Drifted(drift(path, now, planned));
        }
    }
    for (path, before) in expected.before {
        let now = json::get(target, path);
        let on_the_way = expected
            .after
            .get(path)
            .is_some_and(|after| is(path, now, after));
        if !is(path, now, before) && !on_the_way {
            return Reading::Drifted(drift(path, now, before));
        }
    }
    Reading::AsPlanned
}

/// What a read can prove about a change's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing, for example because no read returns the written field.
    None,
    /// That it took effect, but not that it did not.
    OfEffect,
    /// Both.
    Full,
}

/// What a read can prove about a change's effect. If a read can't show an effect, it can't disprove it either.
pub fn evidence(operation: &Operation, expected: Expected<'_>) -> Evidence {
    match operation.kind() {
        OperationKind::Patch | OperationKind::CancelSchedule => {
            let changes = |(path, after): (&String, &Value)| {
                let before = expected.before.get(path).unwrap_or(&Value::Null);
                !same(path, before, after)
            };
            if expected.after.iter().any(changes) {
                Evidence::Full
            } else {
                Evidence::None
            }
        }
        OperationKind::RunSchedule | OperationKind::AddTask | OperationKind::Delete => {
            Evidence::Full
        }
        // While the automation runs, the service does nothing.
        OperationKind::Reconcile => Evidence::OfEffect,
        OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::RunAutomation
        | OperationKind::Read(_) => Evidence::None,
    }
}

pub(super) fn is_done(operation: &Operation, expected: Expected<'_>, target: &Value) -> bool {
    match operation.kind() {
        // When the automation ends can't be predicted; that one has started since can be seen.
        OperationKind::RunSchedule => {
            let is_new = |path: &str| {
                let planned = expected.requires.get(&format!("target.{path}"));
                let now = json::get(target, path);
                now.is_some() && !is(path, now, planned.unwrap_or(&Value::Null))
            };
            target["status"] != "SCHEDULED" && STARTED_AUTOMATION.into_iter().any(is_new)
        }
        // The client has chosen the task's id.
        OperationKind::AddTask => expected
            .after
            .get("task")
            .and_then(|task| task["id"].as_str())
            .is_some_and(|id| json::item(target, "tasks", id).is_some()),
        // A task that has ended needs no correction, whatever the outcome of its automation was.
        OperationKind::Reconcile => target["status"].as_str().is_some_and(has_ended),
        OperationKind::Patch | OperationKind::CancelSchedule => {
            !expected.after.is_empty()
                && expected
                    .after
                    .iter()
                    .all(|(path, after)| is(path, json::get(target, path), after))
        }
        // An object that exists was not deleted. A start leaves no trace that is certainly its own.
        OperationKind::Delete
        | OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::RunAutomation
        | OperationKind::Read(_) => false,
    }
}

fn is(path: &str, now: Option<&Value>, planned: &Value) -> bool {
    same(path, now.unwrap_or(&Value::Null), planned)
}

fn drift(path: &str, now: Option<&Value>, planned: &Value) -> String {
    format!(
        "{path} is {} now, it was {planned} when planned",
        now.unwrap_or(&Value::Null)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Id;

    fn fields(value: Value) -> BTreeMap<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    fn patch() -> Operation {
        Operation::PatchTask(Id::new("e").unwrap(), Id::new("t").unwrap())
    }

    fn run_now() -> Operation {
        Operation::RunScheduleNow(Id::new("e").unwrap(), Id::new("t").unwrap())
    }

    /// Reads back on an execution with one task `t`.
    fn read(
        operation: &Operation,
        task: Value,
        status: &str,
        [before, after, requires]: [Value; 3],
    ) -> Reading {
        let mut task = task;
        task["id"] = json!("t");
        let execution = json!({"id": "e", "status": status, "tasks": [task]});
        let [before, after, requires] = [before, after, requires].map(fields);
        read_back(
            operation,
            Expected {
                before: &before,
                after: &after,
                requires: &requires,
            },
            Some(&execution),
        )
    }

    #[test]
    fn a_patch_is_done_open_or_drifted_by_the_fields_that_it_writes() {
        let expected = || {
            [
                json!({"assigned_to": ["1"], "due_date": null}),
                json!({"assigned_to": ["2"], "due_date": "d"}),
                json!({"execution.status": "STARTED", "target.status": "PENDING"}),
            ]
        };
        let is = |task: Value| read(&patch(), task, "STARTED", expected());
        let drifted = |reading: Reading| matches!(reading, Reading::Drifted(_));
        // As before, absent being null; half way; another field changed.
        assert_eq!(
            is(json!({"assigned_to": ["1"], "status": "PENDING"})),
            Reading::AsPlanned
        );
        assert_eq!(
            is(json!({"assigned_to": ["2"], "due_date": null, "status": "PENDING"})),
            Reading::AsPlanned
        );
        assert_eq!(
            is(json!({"assigned_to": ["1"], "status": "PENDING", "name": "new"})),
            Reading::AsPlanned
        );
        // As after, whatever else moved on.
        assert_eq!(
            is(json!({"assigned_to": ["2"], "due_date": "d", "status": "COMPLETED"})),
            Reading::Done
        );
        // Somebody else's value, or a status that moved on.
        assert!(drifted(is(
            json!({"assigned_to": ["3"], "status": "PENDING"})
        )));
        assert!(drifted(is(
            json!({"assigned_to": ["1"], "due_date": "x", "status": "PENDING"})
        )));
        assert!(drifted(is(
            json!({"assigned_to": ["1"], "status": "COMPLETED"})
        )));
        assert!(drifted(read(
            &patch(),
            json!({"assigned_to": ["1"], "status": "PENDING"}),
            "CLOSED",
            expected()
        )));
    }

    #[test]
    fn run_now_is_done_when_an_automation_started_since() {
        let expected = || {
            [
                json!({"status": "SCHEDULED"}),
                json!({"status": "IN_PROGRESS"}),
                json!({"execution.status": "STARTED", "target.schedule.schedule_id": "s",
                       "target.automation_execution_id": null}),
            ]
        };
        let is = |task: Value| read(&run_now(), task, "STARTED", expected());
        let drifted = |reading: Reading| matches!(reading, Reading::Drifted(_));
        assert_eq!(
            is(json!({"status": "SCHEDULED", "schedule": {"schedule_id": "s"}})),
            Reading::AsPlanned
        );
        for status in ["IN_PROGRESS", "COMPLETED", "FAILED"] {
            assert_eq!(
                is(json!({"status": status, "automation_execution_id": "a"})),
                Reading::Done
            );
        }
        assert_eq!(
            is(json!({"status": "FAILED", "automation_config": {"execution_id": "a"}})),
            Reading::Done
        );
        // Cancelled, scheduled anew, or already running without a trace of a new automation.
        assert!(drifted(is(json!({"status": "SKIPPED"}))));
        assert!(drifted(is(
            json!({"status": "SCHEDULED", "schedule": {"schedule_id": "other"}})
        )));
        assert!(drifted(is(json!({"status": "IN_PROGRESS"}))));
    }

    #[test]
    fn a_list_of_people_is_the_same_in_any_order() {
        let expected = [
            json!({"assigned_to": ["1", "2"]}),
            json!({"assigned_to": ["2", "3"]}),
            json!({}),
        ];
        for (now, reading) in [
            (json!(["2", "1"]), Reading::AsPlanned),
            (json!(["3", "2"]), Reading::Done),
        ] {
            let task = json!({"assigned_to": now});
            assert_eq!(read(&patch(), task, "STARTED", expected.clone()), reading);
        }
    }

    #[test]
    fn only_a_field_that_gets_another_value_can_be_seen() {
        let shown = |before: Value, after: Value| {
            let [before, after] = [before, after].map(fields);
            let none = BTreeMap::new();
            let expected = Expected {
                before: &before,
                after: &after,
                requires: &none,
            };
            evidence(&patch(), expected) == Evidence::Full
        };
        assert!(shown(json!({"name": "a"}), json!({"name": "b"})));
        assert!(shown(json!({}), json!({"name": "b"})));
        // What is sent and not given back is in neither.
        assert!(!shown(json!({}), json!({})));
        assert!(!shown(json!({"name": "a"}), json!({"name": "a"})));
        assert!(!shown(
            json!({"assigned_to": ["1", "2"]}),
            json!({"assigned_to": ["2", "1"]})
        ));
    }

    #[test]
    fn what_is_to_be_deleted_is_done_when_it_is_not_there() {
        let id = |text: &str| Id::new(text).unwrap();
        let fields = fields(json!({"execution.status": "STARTED"}));
        let none = BTreeMap::new();
        let expected = Expected {
            before: &none,
            after: &none,
            requires: &fields,
        };
        let delete = Operation::SoftDeleteFlow(id("e"));
        let step = Operation::DeleteStep(id("e"), id("s"));
        let with_step =
            json!({"id": "e", "status": "STARTED", "flow": [{"id": "s", "type": "STEP"}]});
        let without = json!({"id": "e", "status": "STARTED", "flow": []});
        for (operation, execution, reading) in [
            (&delete, Some(&with_step), Reading::AsPlanned),
            (&delete, None, Reading::Done),
            (&step, Some(&with_step), Reading::AsPlanned),
            (&step, Some(&without), Reading::Done),
            (&step, None, Reading::Done),
        ] {
            assert_eq!(
                read_back(operation, expected, execution),
                reading,
                "{operation:?}"
            );
        }
        let closed = json!({"id": "e", "status": "CLOSED"});
        assert!(matches!(
            read_back(&delete, expected, Some(&closed)),
            Reading::Drifted(_)
        ));
    }

    #[test]
    fn a_task_that_was_added_is_known_by_its_id() {
        let add = Operation::AddTask(Id::new("e").unwrap());
        let after =
            json!({"previous_task_id": "a", "next_task_id": "b", "task": {"id": "n", "name": "N"}});
        let reading = |tasks: Value| {
            let [before, after, requires] = [
                json!({"task": null}),
                after.clone(),
                json!({"execution.status": "STARTED"}),
            ]
            .map(fields);
            let expected = Expected {
                before: &before,
                after: &after,
                requires: &requires,
            };
            read_back(
                &add,
                expected,
                Some(&json!({"id": "e", "status": "STARTED", "tasks": tasks})),
            )
        };
        assert_eq!(
            reading(json!([{"id": "a"}, {"id": "b"}])),
            Reading::AsPlanned
        );
        assert_eq!(
            reading(json!([{"id": "a"}, {"id": "n", "name": "renamed"}])),
            Reading::Done
        );
    }

    #[test]
    fn a_patch_of_what_no_read_shows_is_open() {
        assert_eq!(
            read(
                &patch(),
                json!({"status": "PENDING"}),
                "STARTED",
                [json!({}), json!({}), json!({"target.status": "PENDING"})]
            ),
            Reading::AsPlanned
        );
    }

    #[test]
    fn what_no_read_can_tell_is_never_done() {
        let run = Operation::RunAutomation(Id::new("e").unwrap(), Id::new("t").unwrap());
        let task = json!({"status": "COMPLETED", "automation_execution_id": "x"});
        let requires =
            || json!({"target.status": "COMPLETED", "target.automation_execution_id": "x"});
        assert_eq!(
            read(
                &run,
                task.clone(),
                "STARTED",
                [json!({}), json!({}), requires()]
            ),
            Reading::AsPlanned
        );
        let other = json!({"target.status": "COMPLETED", "target.automation_execution_id": "w"});
        assert!(matches!(
            read(&run, task, "STARTED", [json!({}), json!({}), other]),
            Reading::Drifted(_)
        ));
    }

    #[test]
    fn a_task_that_is_not_there_is_gone() {
        let execution = json!({"id": "e", "status": "STARTED", "tasks": []});
        let none = BTreeMap::new();
        let expected = Expected {
            before: &none,
            after: &none,
            requires: &none,
        };
        assert_eq!(
            read_back(&patch(), expected, Some(&execution)),
            Reading::Gone
        );
    }
}
