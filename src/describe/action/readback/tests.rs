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
    let with_step = json!({"id": "e", "status": "STARTED", "flow": [{"id": "s", "type": "STEP"}]});
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
    let requires = || json!({"target.status": "COMPLETED", "target.automation_execution_id": "x"});
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
