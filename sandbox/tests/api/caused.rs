//! What a change causes elsewhere, as the ledger tells it: attributes of entities, notices to people.

use serde_json::{Value, json};

use crate::client::{Served, flow_path, task_path};

const RULES: &str = r#"[
    {"trigger": {"event": "FlowAssigned"}, "value": {"source": "workflow_assigned_to"},
     "target": {"entitySchema": "opportunity", "entityAttribute": "owner"}},
    {"trigger": {"event": "FlowAssigned"}, "value": {"source": "workflow_assigned_to"},
     "target": {"entitySchema": "meter", "entityAttribute": "owner"}},
    {"trigger": {"event": "FlowCancelled"}, "value": {"source": "workflow_status"},
     "target": {"entitySchema": "opportunity", "entityAttribute": "status"}},
    {"trigger": {"event": "FlowDeleted"}, "value": {"source": "custom_value", "value": "gone"},
     "target": {"entitySchema": "opportunity", "entityAttribute": "status"}},
    {"trigger": {"event": "TaskUpdated", "filter": {"task_template_id": "$TASK"}}, "value": {"source": "task_assigned_to"},
     "target": {"entitySchema": "opportunity", "entityAttribute": "worker"}}
]"#;

/// The attributes and the people of the last effect.
async fn last(served: &Served) -> (Value, Value) {
    let ledger = served.ledger().await;
    let effect = ledger["effects"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    let writes = effect["entity_writes"].as_array().into_iter().flatten();
    let writes = writes.map(|write| json!([write["attribute"], write["on"], write["value"]]));
    let notices = effect["notices"].as_array().into_iter().flatten();
    let notices = notices.map(|notice| json!([notice["to"], notice["about"]]));
    (writes.collect(), notices.collect())
}

#[tokio::test]
async fn the_rules_of_a_flow_write_attributes_of_its_entities_and_who_is_newly_assigned_is_told() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let (id, task) = (flow["id"].as_str().unwrap(), &flow["tasks"][0]);
    let rules = RULES.replace("$TASK", task["template_id"].as_str().unwrap());
    let rules: Value = serde_json::from_str(&rules).unwrap();
    served
        .edit(
            id,
            &json!({"entity_sync": rules, "assigned_to": ["1", {"variable": "v", "value": ["2"]}]}),
        )
        .await;
    served
        .edit(
            id,
            &json!({"task": task["id"], "set": {"assigned_to": ["1"]}}),
        )
        .await;
    assert_eq!(last(&served).await, (json!([]), json!([])), "past the API");
    let whole = flow_path(&flow);
    for (path, body, writes, notices) in [
        (
            whole.clone(),
            json!({"assigned_to": ["1", "2", "3"]}),
            json!([["opportunity.owner", "FlowAssigned", ["1", "2", "3"]]]),
            json!([["3", id]]),
        ),
        (
            whole.clone(),
            json!({"assigned_to": ["1", "2", "3"]}),
            json!([]),
            json!([]),
        ),
        (
            task_path(&flow, 0),
            json!({"assigned_to": ["3"]}),
            json!([["opportunity.worker", "TaskUpdated", ["3"]]]),
            json!([["3", task["id"]]]),
        ),
        (
            task_path(&flow, 1),
            json!({"assigned_to": []}),
            json!([]),
            json!([]),
        ),
        (
            whole.clone(),
            json!({"status": "CLOSED"}),
            json!([["opportunity.status", "FlowCancelled", "CLOSED"]]),
            json!([]),
        ),
    ] {
        let answer = served.patch(&path, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(last(&served).await, (writes, notices), "{path} {body}");
    }
    served.ask("DELETE", &whole, "").await;
    let written = json!([["opportunity.status", "FlowDeleted", "gone"]]);
    assert_eq!(last(&served).await.0, written);
}

#[tokio::test]
async fn an_execution_of_v1_writes_its_status_and_where_it_stands() {
    let served = Served::plain().await;
    let rows = served.get("/v1/workflows/executions").await.json();
    let id = wf_bulk_sandbox::legacy_executions(4711, 120).remove(0);
    assert!(rows[0]["updateEntityAttributes"].is_null(), "a slim row");
    let path = format!("/v1/workflows/executions/{id}");
    let rule = |source: &str| json!({"source": source, "target": {"entitySchema": "contact", "entityAttribute": source}});
    served
        .edit(
            &id,
            &json!({"status": "STARTED", "updateEntityAttributes": [rule("workflow_status"), rule("current_step")],
                "contexts": [{"id": "c", "title": "", "schema": "contact"}]}),
        )
        .await;
    served.patch(&path, &json!({"status": "CLOSED"})).await;
    let status = json!([["contact.workflow_status", "workflow_status", "CLOSED"]]);
    assert_eq!(last(&served).await.0, status);
    served
        .patch(&path, &json!({"status": "STARTED", "assignedTo": ["77"]}))
        .await;
    assert_eq!(last(&served).await.1, json!([["77", id]]));
    let body = json!({"insertionIndex": 0, "name": "First of all"});
    served
        .ask("POST", &format!("{path}/steps"), &body.to_string())
        .await;
    let step = json!([["contact.current_step", "current_step", "First of all"]]);
    assert_eq!(last(&served).await.0, step);
}
