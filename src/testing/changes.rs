//! An execution of the second generation, and changes of it.

use serde_json::{Value, json};

use super::simulated_service::{Key, key};
use crate::{
    api::Method,
    plan::{Change, derived},
};

pub(crate) fn key_of(change: &Change) -> Key {
    let body = change.request.body.clone().map(Value::from_iter);
    key(&change.operation().unwrap(), body.as_ref())
}

/// An execution that all changes here can be made to: tasks `t0` to `t3` are pending, `s0` to `s3` scheduled.
pub(crate) fn execution(id: &str) -> Value {
    let pending = |number| {
        json!({"id": format!("t{number}"), "status": "PENDING", "assigned_to": ["1"], "due_date": null,
        "automation_config": {}})
    };
    let scheduled = |number| {
        json!({"id": format!("s{number}"), "status": "SCHEDULED", "assigned_to": ["1"],
               "schedule": {"schedule_id": format!("schedule-{number}")}})
    };
    let tasks: Vec<Value> = (0..4).map(pending).chain((0..4).map(scheduled)).collect();
    json!({"id": id, "org_id": "4711", "status": "STARTED", "tasks": tasks})
}

/// A PATCH that is safe to repeat.
pub(crate) fn reassign(execution: &str, task: &str) -> Change {
    patch_task(
        execution,
        task,
        "assigned_to",
        [json!(["1"]), json!(["2"])],
        "PENDING",
    )
}

/// Another one, for the same target.
pub(crate) fn due(execution: &str, task: &str) -> Change {
    let days = [Value::Null, json!("2026-12-24T00:00:00.000")];
    patch_task(execution, task, "due_date", days, "PENDING")
}

/// As [`reassign`], after the task's [`run_now`].
pub(crate) fn reassign_running(execution: &str, task: &str) -> Change {
    patch_task(
        execution,
        task,
        "assigned_to",
        [json!(["1"]), json!(["2"])],
        "IN_PROGRESS",
    )
}

fn patch_task(
    execution: &str,
    task: &str,
    field: &str,
    [before, after]: [Value; 2],
    status: &str,
) -> Change {
    let action = match field {
        "assigned_to" => "reassign",
        "due_date" => "set_due_date",
        _ => "set_status",
    };
    change(
        action,
        &json!({
            "target": {"kind": "task", "api": "v2", "execution": execution, "id": task, "name": "n"},
            "request": {"method": "PATCH", "path": format!("/v2/flows/executions/{execution}/tasks/{task}"),
                        "body": {field: after}},
            "before": {field: before},
            "requires": {"execution.status": "STARTED", "target.status": status}
        }),
    )
}

/// A PATCH of a status: only a read tells whether it may be repeated.
pub(crate) fn close(execution: &str) -> Change {
    change(
        "close",
        &json!({
            "target": {"kind": "execution", "api": "v2", "execution": execution, "name": "n"},
            "request": {"method": "PATCH", "path": format!("/v2/flows/executions/{execution}"),
                        "body": {"status": "CLOSED"}},
            "before": {"status": "STARTED"}, "requires": {}
        }),
    )
}

/// A POST that must not be sent twice.
pub(crate) fn run_now(execution: &str, task: &str) -> Change {
    change(
        "run_schedule_now",
        &json!({
            "target": {"kind": "task", "api": "v2", "execution": execution, "id": task, "name": "n"},
            "request": {"method": "POST",
                        "path": format!("/v2/flows/executions/{execution}/tasks/{task}/schedule/run-now")},
            "before": {"status": "SCHEDULED"},
            "requires": {"execution.status": "STARTED", "target.automation_execution_id": null,
                         "target.schedule.schedule_id": format!("schedule-{}", &task[1..])}
        }),
    )
}

/// A schedule is taken away, and its task skipped.
pub(crate) fn cancel(execution: &str, task: &str) -> Change {
    let mut change = run_now(execution, task);
    change.action = vec!["cancel_schedule".to_owned()];
    change.request.method = Method::Delete;
    change.request.path = format!("/v2/flows/executions/{execution}/tasks/{task}/schedule");
    derived(change, 0)
}

/// A status that lets the flow advance.
pub(crate) fn skip(execution: &str, task: &str) -> Change {
    patch_task(
        execution,
        task,
        "status",
        [json!("PENDING"), json!("SKIPPED")],
        "PENDING",
    )
}

/// For good.
pub(crate) fn delete(execution: &str) -> Change {
    change(
        "delete",
        &json!({
            "target": {"kind": "execution", "api": "v2", "execution": execution, "name": "n"},
            "request": {"method": "DELETE", "path": format!("/v2/flows/executions/{execution}")},
            "before": {}, "requires": {"execution.status": "STARTED"}
        }),
    )
}

/// An execution begins for an entity.
pub(crate) fn start(entity: &str) -> Change {
    change(
        "start",
        &json!({
            "target": {"kind": "entity", "api": "v2", "entity": entity, "name": "n"},
            "request": {"method": "POST", "path": "/v2/flows/executions",
                        "body": {"flow_template_id": "template", "contexts": [{"entity_id": entity}], "trigger": {"type": "MANUAL"}}},
            "before": {"started": null}, "requires": {}
        }),
    )
}

/// A task with an id of ours.
pub(crate) fn add_task(execution: &str) -> Change {
    let task = json!({"id": "new", "name": "New"});
    change(
        "add_task",
        &json!({
            "target": {"kind": "execution", "api": "v2", "execution": execution, "name": "n"},
            "request": {"method": "POST", "path": format!("/v2/flows/executions/{execution}/tasks"),
                        "body": {"previous_task_id": "t0", "next_task_id": "t1", "task": task}},
            "before": {"task": null}, "requires": {"execution.status": "STARTED"}
        }),
    )
}

/// What no read can tell.
pub(crate) fn run_automation(execution: &str, task: &str) -> Change {
    let status = if task.starts_with('s') {
        "SCHEDULED"
    } else {
        "PENDING"
    };
    change(
        "run_automation",
        &json!({
            "target": {"kind": "task", "api": "v2", "execution": execution, "id": task, "name": "n"},
            "request": {"method": "POST",
                        "path": format!("/v2/flows/executions/{execution}/tasks/{task}/automation:run")},
            "before": {}, "requires": {"execution.status": "STARTED", "target.status": status}
        }),
    )
}

/// A change of these parts, from which all others follow.
fn change(action: &str, parts: &Value) -> Change {
    let target = &parts["target"];
    let group = target.get("execution").unwrap_or(&target["entity"]);
    let mut change = json!({
        "change": "", "group": group, "action": [action],
        "after": {}, "repeat": "safe", "undo": {"none": ""}, "effects": [],
    });
    for (key, value) in parts.as_object().unwrap() {
        change[key] = value.clone();
    }
    derived(serde_json::from_value(change).unwrap(), 0)
}

/// The request of a change, as scripts of faults name it.
pub(crate) fn request_of(change: &Change) -> String {
    let operation = change.operation().unwrap();
    format!("{:?} {}", operation.method(), operation.path())
}

/// The read of an execution, as scripts of faults name it.
pub(crate) fn read_of(execution: &str) -> String {
    format!("Get /v2/flows/executions/{execution}")
}

/// A change of each kind of repetition.
pub(crate) fn kinds() -> [Change; 3] {
    [reassign("e", "t0"), close("e"), run_now("e", "s0")]
}
