//! Tests of `patch`: what is sent, what takes it back, and the rules of a status.

use super::*;
use crate::{
    action::Repeat,
    plan::Undo,
    testing::samples::{changes, flow, legacy, over_executions, over_flows, said, with},
};

/// What is said of one task with these fields.
fn patched(fields: &str, task: &Value) -> String {
    let rest = format!("actions: [ {{ patch: {fields} }} ]\nguards: {{ allow: [revert] }}");
    let task = with(json!({"id": "t", "name": "T", "status": "PENDING"}), task);
    said(
        &over_flows("each: task", &rest),
        &flow("e", &json!({"tasks": [task]})),
    )
    .join("")
    .replace("PATCH /v2/flows/executions/e/tasks/t ", "")
}

#[test]
fn only_fields_that_differ_are_sent_and_what_is_not_shown_goes_with_them() {
    for (fields, task, line) in [
        (
            "{ name: T, enabled: false }",
            json!({"enabled": true}),
            r#"{"enabled":false}"#,
        ),
        ("{ name: T }", json!({}), "skipped t: is like that already"),
        (
            "{ assigned_to: [10010, { variable: v }], description: { enabled: true, value: \"{{ task.name }}!\" } }",
            json!({}),
            r#"{"assigned_to":["10010",{"variable":"v"}],"description":{"enabled":true,"value":"T!"}}"#,
        ),
        (
            "{ status: COMPLETED, next_condition_id: c }",
            json!({"status": "IN_PROGRESS", "task_type": "DECISION", "conditions": [{"id": "c"}]}),
            r#"{"next_condition_id":"c","status":"COMPLETED"}"#,
        ),
        (
            "{ name: T, completed_via_journey: true, status: COMPLETED }",
            json!({"status": "IN_PROGRESS"}),
            r#"{"completed_via_journey":true,"status":"COMPLETED"}"#,
        ),
        (
            "{ status: COMPLETED, next_condition_id: c }",
            json!({"status": "COMPLETED"}),
            "skipped t: is like that already",
        ),
        (
            "{ due_date: \"{{ task.name }}\" }",
            json!({}),
            "rejected t: `T` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z`",
        ),
        (
            "{ enabled: \"{{ task.name }}\" }",
            json!({}),
            "rejected t: enabled must be true or false, not \"T\"",
        ),
    ] {
        assert_eq!(patched(fields, &task), line, "{fields}");
    }
}

#[test]
fn a_field_that_is_held_in_part_is_written_in_part() {
    let playbook = over_flows(
        "",
        "actions: [ patch: { closing_reason: { extra_description: x } } ]",
    );
    let data = json!({"closing_reason": {"configured_reasons": [{"id": "r", "title": "R"}]}});
    let change = &changes(&playbook, &flow("e", &data))[0];
    assert_eq!(
        json!(change.request.body),
        json!({"closing_reason": {"extra_description": "x"}})
    );
    assert_eq!(
        json!(change.after),
        json!({"closing_reason.extra_description": "x"})
    );
}

#[test]
fn an_object_of_which_a_part_is_given_keeps_the_rest() {
    let description = json!({"description": {"enabled": true, "value": "x"}});
    let ecp = json!({"ecp": {"label": "L", "journey": {"id": "j", "name": "J"}}});
    for (fields, task, line) in [
        (
            "{ description: { enabled: false } }",
            json!({}),
            r#"{"description":{"enabled":false}}"#,
        ),
        (
            "{ description: { enabled: false } }",
            description.clone(),
            r#"{"description":{"enabled":false,"value":"x"}}"#,
        ),
        (
            "{ description: { value: x } }",
            description,
            "skipped t: is like that already",
        ),
        (
            "{ description: { enabled: true } }",
            json!({"description": {"enabled": true, "value": null}}),
            "skipped t: is like that already",
        ),
        (
            "{ ecp: { enabled: true, journey: { name: K } } }",
            ecp,
            r#"{"ecp":{"enabled":true,"journey":{"id":"j","name":"K"},"label":"L"}}"#,
        ),
        // One that has to be whole replaces what was there.
        (
            "{ due_date_config: { duration: 1, unit: days, type: WORKFLOW_STARTED } }",
            json!({"due_date_config": {"duration": 1, "unit": "days", "type": "TASK_FINISHED", "task_id": "a"}}),
            r#"{"due_date_config":{"duration":1,"type":"WORKFLOW_STARTED","unit":"days"}}"#,
        ),
    ] {
        assert_eq!(patched(fields, &task), line, "{fields} of {task}");
    }
}

#[test]
fn what_had_no_value_can_not_be_emptied_again() {
    let undo = |fields: &str, data: &Value| {
        let playbook = over_flows("", &format!("actions: [ patch: {fields} ]"));
        let change = &changes(&playbook, &flow("e", data))[0];
        json!(change.undo)
    };
    let none =
        |path: &str| json!({"none": format!("{path} had no value, and the API can't clear it")});
    let request = |body: Value| json!({"request": {"method": "PATCH", "path": "/v2/flows/executions/e", "body": body}});
    let text = "closing_reason.extra_description";
    let with_text = |text: Value| json!({"closing_reason": {"extra_description": text}});
    for (fields, data, expected) in [
        (
            "{ closing_reason: { extra_description: x } }",
            json!({}),
            none(text),
        ),
        (
            "{ closing_reason: { extra_description: x } }",
            with_text(json!(null)),
            none(text),
        ),
        (
            "{ closing_reason: { extra_description: x } }",
            with_text(json!("")),
            request(with_text(json!(""))),
        ),
        ("{ due_date: 2026-12-24 }", json!({}), none("due_date")),
        // An empty list means no assignees.
        (
            "{ assigned_to: [\"1\"] }",
            json!({}),
            request(json!({"assigned_to": []})),
        ),
        (
            "{ assigned_to: [\"1\"], due_date: 2026-12-24 }",
            json!({"assigned_to": ["2"]}),
            none("due_date"),
        ),
    ] {
        assert_eq!(undo(fields, &data), expected, "{fields} of {data}");
    }
    let playbook = over_executions(
        "each: step",
        "actions: [ patch: { assignedToOnHold: \"7\" } ]",
    );
    let step = &changes(&playbook, &legacy("e", &[json!({"id": "s"})]))[0];
    assert_eq!(json!(step.undo), none("assignedToOnHold"));
}

#[test]
fn a_status_is_patched_by_the_rules_of_set_status() {
    let decision = |status: &str| {
        json!({"status": status, "task_type": "DECISION", "trigger_mode": "manual",
            "conditions": [{"id": "c1", "branch_name": "Yes"}, {"id": "c2", "branch_name": "No"}]})
    };
    // The fields of the patch, the same as `set_status` has it, and the task.
    for (fields, status, task) in [
        ("{ status: SKIPPED }", "SKIPPED", json!({})),
        (
            "{ status: PENDING }",
            "PENDING",
            json!({"status": "ASSIGNED"}),
        ),
        (
            "{ status: COMPLETED }",
            "COMPLETED",
            json!({"status": "PENDING"}),
        ),
        (
            "{ status: IN_PROGRESS }",
            "IN_PROGRESS",
            json!({"status": "SCHEDULED"}),
        ),
        ("{ status: SKIPPED }", "SKIPPED", json!({"enabled": false})),
        ("{ status: SKIPPED }", "SKIPPED", json!({"status": null})),
        (
            "{ status: COMPLETED }",
            "COMPLETED",
            decision("IN_PROGRESS"),
        ),
        (
            "{ status: COMPLETED, next_condition_id: c2 }",
            "{ to: COMPLETED, branch: c2 }",
            decision("IN_PROGRESS"),
        ),
        (
            "{ status: COMPLETED, next_condition_id: c3 }",
            "{ to: COMPLETED, branch: c3 }",
            decision("IN_PROGRESS"),
        ),
        (
            "{ status: SKIPPED, next_condition_id: c1 }",
            "{ to: SKIPPED, branch: c1 }",
            decision("PENDING"),
        ),
        (
            "{ status: PENDING }",
            "PENDING",
            json!({"status": "COMPLETED"}),
        ),
        (
            "{ status: PENDING, revert_execution: true }",
            "{ to: PENDING, revert: true }",
            json!({"status": "COMPLETED"}),
        ),
        (
            "{ status: PENDING, revert_execution: true }",
            "{ to: PENDING, revert: true }",
            json!({"status": "IN_PROGRESS"}),
        ),
        (
            "{ status: IN_PROGRESS, revert_execution: false }",
            "{ to: IN_PROGRESS, revert: false }",
            json!({}),
        ),
        (
            "{ status: \"{{ task.name }}\" }",
            "\"{{ task.name }}\"",
            json!({"name": "UNASSIGNED"}),
        ),
    ] {
        let all = |action: &str| {
            let rest = format!("actions: [ {action} ]\nguards: {{ allow: [revert] }}");
            let task = with(json!({"id": "t", "name": "T", "status": "PENDING"}), &task);
            let playbook = over_flows("each: task", &rest);
            let flow = flow("e", &json!({"tasks": [task]}));
            let natures: Vec<_> = changes(&playbook, &flow)
                .into_iter()
                .map(|change| {
                    (
                        change.before,
                        change.after,
                        change.requires,
                        change.repeat,
                        change.undo,
                        change.effects,
                    )
                })
                .collect();
            (said(&playbook, &flow), natures)
        };
        let (mut patched, natures) = all(&format!("patch: {fields}"));
        let (set, wanted) = all(&format!("set_status: {status}"));
        if let [line] = &mut patched[..] {
            *line = line
                .replace("is like that already", "is ASSIGNED already")
                .replace("`revert_execution: true`", "`revert: true`")
                .replace("`next_condition_id`", "`branch`");
        }
        assert_eq!(patched, set, "{fields} of {task}");
        assert_eq!(natures, wanted, "{fields} of {task}");
    }
}

#[test]
fn a_task_moves_before_it_is_disabled() {
    assert_eq!(
        patched(
            "{ status: SKIPPED, enabled: false }",
            &json!({"enabled": true})
        ),
        "rejected t: can't change its status in the request that disables it: make it two actions"
    );
    let two = "actions: [ patch: { status: SKIPPED }, patch: { enabled: false } ]";
    let task = json!({"id": "t", "status": "PENDING", "enabled": true});
    assert_eq!(
        said(
            &over_flows("each: task", two),
            &flow("e", &json!({"tasks": [task]}))
        ),
        [
            r#"PATCH /v2/flows/executions/e/tasks/t {"status":"SKIPPED"}"#,
            r#"PATCH /v2/flows/executions/e/tasks/t {"enabled":false}"#,
        ]
    );
}

#[test]
fn a_status_of_an_execution_or_a_step_can_be_read_back_and_goes_back() {
    let flow = flow("e", &json!({}));
    let done = &changes(
        &over_flows("", "actions: [ patch: { status: DONE } ]"),
        &flow,
    )[0];
    let completed = &changes(&over_flows("", "actions: [ complete ]"), &flow)[0];
    assert_eq!(
        (done.repeat, &done.undo, &done.effects),
        (completed.repeat, &completed.undo, &completed.effects)
    );
    let step = legacy("e", &[json!({"id": "s", "status": "ASSIGNED"})]);
    let of = |action: &str| {
        let actions = format!("actions: [ {action} ]");
        let change = changes(&over_executions("each: step", &actions), &step).remove(0);
        (change.request, change.repeat, change.undo, change.effects)
    };
    assert_eq!(
        of("patch: { status: COMPLETED }"),
        of("set_status: COMPLETED")
    );
    let playbook = over_flows("each: task", "actions: [ patch: { enabled: true } ]");
    let task = json!({"id": "t", "status": "PENDING", "name": "T"});
    let change = &changes(
        &playbook,
        &crate::testing::samples::flow("e", &json!({"tasks": [task]})),
    )[0];
    assert_eq!(
        (change.repeat, matches!(change.undo, Undo::Request(_))),
        (Repeat::Safe, false)
    );
}

#[test]
fn what_the_service_does_not_show_is_sent_each_time_when_that_is_said() {
    let playbook = over_executions(
        "each: step",
        "actions: [ { patch: { position: { index: 0 } }, converges: false } ]",
    );
    assert_eq!(
        said(&playbook, &legacy("e", &[json!({"id": "s"})])),
        [r#"PATCH /v1/workflows/executions/e/steps/s {"position":{"index":0}}"#]
    );
}
