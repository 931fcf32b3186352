//! Predicts the effect of a change on its execution.

use serde_json::{Value, json};

use crate::{
    api::{Operation, OperationKind, part},
    json,
};

/// Applies a request to `execution`: for the actions that are planned after it, and for an execution whose answer shows nothing. `after`
/// are the dotted paths and new values, `sent` returns a field of the request's body.
pub fn replay<'a>(
    operation: &Operation,
    after: impl IntoIterator<Item = (&'a str, &'a Value)>,
    sent: impl Fn(&str) -> Value,
    execution: &mut Value,
) {
    match operation.kind() {
        OperationKind::Patch
        | OperationKind::RunAutomation
        | OperationKind::Reconcile
        | OperationKind::RunSchedule
        | OperationKind::CancelSchedule => {
            let Some(target) = operation.find_mut(execution) else {
                return;
            };
            for (path, after) in after {
                json::set(target, path, after.clone());
            }
        }
        OperationKind::AddTask => {
            let body = ["previous_task_id", "next_task_id", "task"].map(sent);
            add_task(execution, body);
        }
        OperationKind::Delete => {
            if let Some((level, _, Some(id))) = operation.subject() {
                part::remove(execution, level, id);
            }
        }
        // The id of a new step is unknown; a deleted object has no fields left to change.
        OperationKind::AddStep | OperationKind::Start | OperationKind::Read(_) => {}
    }
}

/// The new task is put on the edge between its neighbours.
fn add_task(flow: &mut Value, [previous, next, task]: [Value; 3]) {
    if let Some(Value::Array(edges)) = flow.get_mut("edges") {
        let new = &task["id"];
        for edge in edges.iter_mut() {
            if edge["from_id"] == previous && edge["to_id"] == next {
                edge["to_id"] = new.clone();
            }
        }
        edges.push(json!({"from_id": new, "to_id": next}));
    }
    if let Some(Value::Array(tasks)) = flow.get_mut("tasks") {
        tasks.push(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Id;

    #[test]
    fn a_new_task_takes_its_place_on_the_edge() {
        let mut flow = json!({"id": "e", "tasks": [{"id": "a"}, {"id": "b"}],
            "edges": [{"id": "1", "from_id": "a", "to_id": "b"}, {"id": "2", "from_id": "b", "to_id": "a"}]});
        let body = json!({"previous_task_id": "a", "next_task_id": "b", "task": {"id": "n"}});
        let sent = |name: &str| body[name].clone();
        replay(
            &Operation::AddTask(Id::new("e").unwrap()),
            [],
            sent,
            &mut flow,
        );
        assert_eq!(
            flow["tasks"],
            json!([{"id": "a"}, {"id": "b"}, {"id": "n"}])
        );
        assert_eq!(
            flow["edges"],
            json!([{"id": "1", "from_id": "a", "to_id": "n"}, {"id": "2", "from_id": "b", "to_id": "a"},
                   {"from_id": "n", "to_id": "b"}])
        );
    }
}
