//! Properties of plans over executions at random: a run is the end of it, its way leads back, and it meets itself nowhere.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::{
    action::{Expected, Reading, read_back},
    api::Generation,
    plan::{Change, PlanReader, PlanWriter, Undo},
    testing::samples::{changes, over_executions, over_flows, plan_header},
};

/// Playbooks that converge, as `each` and the rest.
const V2: [(&str, &str); 5] = [
    (
        "each: task",
        "actions: [ reassign: { from: \"1\", to: \"2\" } ]",
    ),
    (
        "each: task",
        "actions: [ { reassign: { set: [\"2\", \"3\"] }, on: [task, phase] }, { reassign: { add: [\"1\"], remove: [\"2\"] }, on: [task, execution] } ]",
    ),
    (
        "each: task",
        "actions: [ { reassign: { from: \"1\", to: \"2\" }, when: task.status == \"SCHEDULED\" }, run_schedule_now, reassign: { remove: [\"3\"] }, { close: { reason: [b, a] }, on: execution } ]\nguards: { allow: [run_schedule_now] }",
    ),
    (
        "",
        "actions: [ close: { reason: [a, b], description: \"by {{ vars.who }}\" }, reassign: { from: \"2\", to: \"1\" } ]\nvars: { who: me }",
    ),
    (
        "each: phase",
        "actions: [ { reassign: { add: [\"1\"], remove: [\"1\"] }, on: [phase, execution] } ]",
    ),
];

const V1: &str =
    "actions: [ reassign: { from: \"1\", to: \"2\" }, close: { reason: [b, a], description: x } ]";

fn assignees() -> impl Strategy<Value = Value> {
    let user = || proptest::sample::select(vec![json!("1"), json!("2"), json!("3")]);
    let variable = Just(json!({"variable": "v", "value": ["1"]}));
    let list = proptest::collection::vec(prop_oneof![3 => user(), 1 => variable], 0..4);
    prop_oneof![1 => Just(Value::Null), 4 => list.prop_map(Value::Array)]
}

fn reasons() -> impl Strategy<Value = Value> {
    proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3).prop_map(|titles| {
        titles
            .iter()
            .map(|title| json!({"id": format!("id-{title}"), "title": title}))
            .collect()
    })
}

fn task() -> impl Strategy<Value = Value> {
    let status = proptest::sample::select(vec!["PENDING", "SCHEDULED", "COMPLETED"]);
    let phase = proptest::sample::select(vec![json!("p0"), json!("p1"), Value::Null]);
    let automation = proptest::option::of(Just("earlier"));
    (status, phase, assignees(), automation).prop_map(|(status, phase, assigned_to, automation)| {
        json!({
            "status": status, "phase_id": phase, "assigned_to": assigned_to, "automation_execution_id": automation,
            "schedule": {"schedule_id": "s"},
        })
    })
}

fn numbered(parts: Vec<Value>, letter: &str) -> Value {
    let parts = parts.into_iter().enumerate();
    parts
        .map(|(number, mut part)| {
            part["id"] = json!(format!("{letter}{number}"));
            part
        })
        .collect()
}

fn status() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["STARTED", "STARTED", "CLOSED", "DONE"])
}

fn flow() -> impl Strategy<Value = Execution> {
    let phases = proptest::collection::vec(assignees(), 0..3);
    let tasks = proptest::collection::vec(task(), 0..4);
    let description = proptest::option::of(Just("before"));
    (status(), assignees(), phases, tasks, reasons(), description).prop_map(
        |(status, assigned_to, phases, tasks, reasons, description)| {
            let phases = phases
                .into_iter()
                .map(|assigned_to| json!({"assigned_to": assigned_to}))
                .collect();
            let data = json!({
                "id": "e", "status": status, "assigned_to": assigned_to,
                "closing_reason": {"configured_reasons": reasons, "extra_description": description},
                "phases": numbered(phases, "p"), "tasks": numbered(tasks, "t"),
            });
            Execution::new(Generation::V2, data).unwrap()
        },
    )
}

fn row() -> impl Strategy<Value = Execution> {
    (status(), assignees(), reasons()).prop_map(|(status, assigned_to, reasons)| {
        let data = json!({
            "id": "e", "status": status, "assignedTo": assigned_to, "configuredClosingReasonSnapshot": reasons,
        });
        Execution::new(Generation::V1, data).unwrap()
    })
}

fn any_case() -> impl Strategy<Value = (Playbook, Execution)> {
    let v2 = (proptest::sample::select(V2.to_vec()), flow())
        .prop_map(|((select, rest), execution)| (over_flows(select, rest), execution));
    let v1 = row().prop_map(|execution| (over_executions("", V1), execution));
    prop_oneof![4 => v2, 1 => v1]
}

/// What the service does with a request: it takes the body's fields in, and run-now starts an automation, which may
/// have ended before the answer comes.
fn apply(change: &Change, execution: &mut Value) {
    let operation = change.operation().unwrap();
    let target = operation.find_mut(execution).unwrap();
    if let Some(body) = &change.request.body {
        take_in(target, &Value::from_iter(body.clone()));
    } else {
        target["status"] = json!("COMPLETED");
        target["automation_execution_id"] = json!("new");
        target["schedule"] = Value::Null;
    }
}

/// Lists are replaced as a whole, objects field by field.
fn take_in(place: &mut Value, body: &Value) {
    match (place, body) {
        (Value::Object(fields), Value::Object(body)) => {
            for (key, value) in body {
                take_in(fields.entry(key).or_insert(Value::Null), value);
            }
        }
        (place, body) => *place = body.clone(),
    }
}

/// The API can't make a list absent again: empty is as far back as it goes.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (key.clone(), without_empty(value)));
            fields
                .filter(|(_, value)| !value.is_null())
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => items.iter().map(without_empty).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn applied(changes: &[Change], execution: &Execution) -> Execution {
    let mut data = Value::clone(&execution.data);
    for change in changes {
        apply(change, &mut data);
    }
    Execution::new(execution.generation, data).unwrap()
}

proptest! {
    #[test]
    fn after_a_run_there_is_nothing_left_to_do((playbook, execution) in any_case()) {
        let after = applied(&changes(&playbook, &execution), &execution);
        prop_assert_eq!(changes(&playbook, &after), vec![]);
    }

    #[test]
    fn taken_back_in_reverse_all_is_as_it_was((playbook, execution) in any_case()) {
        let changes = changes(&playbook, &execution);
        // What was started stays started.
        prop_assume!(changes.iter().all(|change| change.request.body.is_some()));
        let mut data = Value::clone(&applied(&changes, &execution).data);
        for change in changes.into_iter().rev() {
            match change.undo.clone() {
                Undo::Request(request) => apply(&Change { request, ..change }, &mut data),
                // A text that was not there can't be taken away: only that stays, and the status that came with it.
                Undo::None(_) => {
                    let text = ["closing_reason.extra_description", "closingReasonDescription"];
                    prop_assert!(text.iter().any(|path| change.before.get(*path) == Some(&Value::Null)), "{:?}", change);
                    return Ok(());
                }
            }
        }
        prop_assert_eq!(without_empty(&data), without_empty(&execution.data));
    }

    #[test]
    fn each_change_may_be_sent_in_its_turn_and_is_done_after_it((playbook, execution) in any_case()) {
        let mut data = Value::clone(&execution.data);
        for change in changes(&playbook, &execution) {
            let operation = change.operation().unwrap();
            let expected = Expected { before: &change.before, after: &change.after, requires: &change.requires };
            prop_assert_eq!(read_back(&operation, expected, Some(&data)), Reading::AsPlanned, "{:?}", change);
            apply(&change, &mut data);
            prop_assert_eq!(read_back(&operation, expected, Some(&data)), Reading::Done, "{:?}", change);
        }
    }

    #[test]
    fn what_is_planned_can_be_written_and_read_and_its_ids_are_its_own((playbook, execution) in any_case()) {
        let header = plan_header();
        let items = crate::testing::samples::lines(&playbook, &execution);
        let mut writer = PlanWriter::new(Vec::new(), &header).unwrap();
        for item in &items {
            writer.item(item).unwrap();
        }
        let (bytes, _, _) = writer.finish(1).unwrap();
        let mut reader = PlanReader::new(bytes.as_slice()).unwrap();
        let mut ids = BTreeSet::new();
        for item in items {
            if let Item::Change(change) = &item {
                prop_assert!(ids.insert(change.change.clone()));
            }
            prop_assert_eq!(reader.next_line().unwrap().unwrap().item, item);
        }
    }
}

#[test]
fn a_shift_does_not_converge() {
    let playbook = over_flows("", "actions: [ shift_due_date: { by: 3 days } ]");
    let execution = crate::testing::samples::flow("e", &json!({"due_date": "2026-05-28"}));
    let first = changes(&playbook, &execution);
    let second = changes(&playbook, &applied(&first, &execution));
    assert_eq!(second[0].before, first[0].after);
    assert_eq!(second[0].after["due_date"], "2026-06-03");
}
