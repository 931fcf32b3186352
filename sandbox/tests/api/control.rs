//! The sandbox's own paths.

use serde_json::json;

use crate::client::{Served, flow_path, task_path};

#[tokio::test]
async fn an_edit_changes_what_it_says_and_nothing_else() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let id = flow["id"].as_str().unwrap();
    let mut expected = flow.clone();
    expected["name"] = json!("Anders");
    expected["closing_reason"]["extra_description"] = json!("x");
    expected.as_object_mut().unwrap().remove("due_date");
    let patch =
        json!({"name": "Anders", "due_date": null, "closing_reason": {"extra_description": "x"}});
    assert_eq!(served.edit(id, &patch).await, expected);
    let (task, phase) = (&flow["tasks"][1]["id"], &flow["phases"][0]["id"]);
    expected["tasks"][1]["status"] = json!("ON_HOLD");
    expected["phases"][0]["assigned_to"] = json!(["1"]);
    served
        .edit(id, &json!({"task": task, "set": {"status": "ON_HOLD"}}))
        .await;
    served
        .edit(id, &json!({"phase": phase, "set": {"assigned_to": ["1"]}}))
        .await;
    assert_eq!(served.get(&flow_path(&flow)).await.json(), expected);
    let effects = served.ledger().await["effects"].clone();
    assert_eq!(effects.as_array().unwrap().len(), 3);
    assert_eq!(effects[1]["kind"], "edit");
    assert_eq!(effects[1]["target"], *task);
}

#[tokio::test]
async fn an_edit_that_leaves_the_types_is_refused() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let path = format!("/_sandbox/edit/{}", flow["id"].as_str().unwrap());
    for (body, status) in [
        (json!({"colour": "red"}), 400),
        (json!({"status": "OPEN"}), 400),
        (json!({"status": null}), 400),
        (json!({"tasks": []}), 400),
        (json!({"id": "x"}), 400),
        (json!({"set": {}}), 400),
        (json!({"task": "x", "phase": "y", "set": {}}), 400),
        (json!({"task": "nothing", "set": {}}), 404),
        (json!([]), 400),
    ] {
        let answer = served.send("POST", &path, "", &body.to_string()).await;
        assert_eq!(answer.status, status, "{body}");
    }
    assert_eq!(
        served
            .send("POST", "/_sandbox/edit/nothing", "", "{}")
            .await
            .status,
        404
    );
    assert_eq!(served.get(&flow_path(&flow)).await.json(), flow);
}

#[tokio::test]
async fn the_ledger_shows_requests_with_attempts_and_effects_with_values() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let path = task_path(&flow, 0);
    let since = served.ledger().await["requests"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()["seq"]
        .as_u64()
        .unwrap();
    for user in ["10020", "10020", "10011"] {
        served.patch(&path, &json!({"assigned_to": [user]})).await;
    }
    served.ask("PATCH", &path, "no json").await;
    let page = served
        .send("GET", &format!("/_sandbox/ledger?since={since}"), "", "")
        .await
        .json();
    let requests = page["requests"].as_array().unwrap();
    let shown: Vec<_> = requests
        .iter()
        .map(|one| {
            (
                one["status"].as_u64().unwrap(),
                one["attempt"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [(200, 1), (200, 2), (200, 1), (400, 1)]);
    for (number, request) in requests.iter().enumerate() {
        assert_eq!(request["seq"].as_u64(), Some(since + 1 + number as u64));
        assert_eq!(request["method"], "PATCH");
        assert_eq!(request["path"], path);
        assert!(
            request["remote"]
                .as_str()
                .unwrap()
                .starts_with("127.0.0.1:")
        );
        assert!(request["ms"].is_u64() && request["unix_ms"].is_i64());
    }
    let effects = page["effects"].as_array().unwrap();
    assert_eq!(effects.len(), 3);
    assert_eq!(
        effects[2]["fields"]["assigned_to"],
        json!({"before": ["10020"], "after": ["10011"]})
    );
    assert_eq!(effects[2]["execution"], flow["id"]);
    assert_eq!(effects[2]["target"], flow["tasks"][0]["id"]);
    assert_eq!(effects[2]["request"], requests[2]["seq"]);
    assert!(
        effects[1]["fields"].get("assigned_to").is_none(),
        "the second changed nothing but the stamp"
    );
}
