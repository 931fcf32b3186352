//! v1 over the wire.

use serde_json::{Value, json};

use crate::client::Served;

const LIST: &str = "/v1/workflows/executions";

async fn list(served: &Served, query: &str) -> Vec<Value> {
    let answer = served.get(&format!("{LIST}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

fn path(execution: &Value) -> String {
    format!("{LIST}/{}", execution["id"].as_str().unwrap())
}

#[tokio::test]
async fn the_list_has_every_execution_with_steps_that_lack_most_fields() {
    let served = Served::plain().await;
    let rows = list(&served, "").await;
    assert_eq!(rows.len(), 20);
    for row in &rows {
        let whole = served.get(&path(row)).await.json();
        for field in [
            "name",
            "status",
            "assignedTo",
            "dueDate",
            "lastUpdateTime",
            "contexts",
        ] {
            assert_eq!(row.get(field), whole.get(field), "{field}");
        }
        let (slim, full) = (&row["flow"][0]["steps"][0], &whole["flow"][0]["steps"][0]);
        assert_eq!(slim["id"], full["id"]);
        assert!(full["status"].is_string());
        for field in ["status", "assignedTo", "dueDate"] {
            assert!(slim.get(field).is_none(), "{field}");
        }
    }
}

#[tokio::test]
async fn the_list_is_filtered_by_context_and_schema_of_the_same_context() {
    let served = Served::plain().await;
    let rows = list(&served, "").await;
    let both = rows
        .iter()
        .find(|row| row["contexts"].as_array().unwrap().len() == 2)
        .unwrap();
    let contact = both["contexts"][1]["id"].as_str().unwrap();
    assert_eq!(
        list(&served, &format!("?context={contact}")).await,
        std::slice::from_ref(both)
    );
    assert_eq!(
        list(&served, &format!("?context={contact}&schema=contact"))
            .await
            .len(),
        1
    );
    assert_eq!(
        list(&served, &format!("?context={contact}&schema=opportunity"))
            .await
            .len(),
        0
    );
    assert_eq!(list(&served, "?schema=contact").await.len(), rows.len());
    let opportunities = list(&served, "?schema=opportunity").await.len();
    assert!((1..rows.len()).contains(&opportunities));
}

#[tokio::test]
async fn a_missing_execution_is_200_without_a_body_and_its_patch_404() {
    let served = Served::plain().await;
    let missing = format!("{LIST}/nothing");
    let read = served.get(&missing).await;
    assert_eq!((read.status, read.text().as_str()), (200, ""));
    for (method, path) in [
        ("PATCH", missing.clone()),
        ("GET", format!("{missing}/closing-reasons")),
    ] {
        let answer = served.ask(method, &path, "{}").await;
        assert_eq!(answer.status, 404);
        assert!(answer.json()["message"].is_string());
    }
}

#[tokio::test]
async fn a_patch_is_204_without_a_body_and_moves_the_last_update() {
    let served = Served::plain().await;
    let row = list(&served, "").await.remove(0);
    let before = served.get(&path(&row)).await.json();
    let body = json!({"assignedTo": ["10020"], "dueDate": "2023-01-15T20:00:00"});
    let answer = served.patch(&path(&row), &body).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    let after = served.get(&path(&row)).await.json();
    assert_eq!(after["assignedTo"], json!(["10020"]));
    assert_eq!(after["dueDate"], "2023-01-15T20:00:00");
    assert!(after["lastUpdateTime"].as_str() > before["lastUpdateTime"].as_str());
    assert_eq!(list(&served, "").await[0]["assignedTo"], json!(["10020"]));
    let dynamic = json!({"numberOfUnits": 2, "timePeriod": "weeks", "actionTypeCondition": "WORKFLOW_STARTED"});
    served
        .patch(&path(&row), &json!({"dynamicDueDate": dynamic}))
        .await;
    let computed = served.get(&path(&row)).await.json();
    assert!(
        computed["dueDate"]
            .as_str()
            .unwrap()
            .ends_with("T00:00:00.000")
    );
    served
        .patch(
            &path(&row),
            &json!({"dynamicDueDate": dynamic, "dueDate": "2027-01-01T00:00:00.000"}),
        )
        .await;
    assert_eq!(
        served.get(&path(&row)).await.json()["dueDate"],
        "2027-01-01T00:00:00.000"
    );
}

#[tokio::test]
async fn what_the_type_does_not_allow_is_400_and_changes_nothing() {
    let served = Served::plain().await;
    let row = list(&served, "").await.remove(0);
    let before = served.get(&path(&row)).await.json();
    for body in [
        json!({"assigned_to": ["1"]}),
        json!({"assignedTo": [1]}),
        json!({"assignedTo": [{"variable": "x"}]}),
        json!({"dueDate": "2026-02-30T00:00:00.000"}),
        json!({"dueDate": null}),
        json!({"status": "OPEN"}),
        json!({"status": before["status"]}),
        json!({"selectedClosingReasons": [{"id": "no", "title": "no"}]}),
    ] {
        let answer = served.patch(&path(&row), &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["message"].is_string(), "{body}");
    }
    assert_eq!(served.get(&path(&row)).await.json(), before);
    assert_eq!(served.effects().await, 0);
}

#[tokio::test]
async fn closing_reasons_come_from_the_snapshot_or_the_definition_and_one_means_one() {
    let served = Served::plain().await;
    let rows = list(&served, "").await;
    let running = |row: &&Value| row["status"] == "STARTED";
    let snapshot = |row: &Value| row.get("configuredClosingReasonSnapshot").cloned();
    let mut without = 0;
    for row in rows.iter().filter(running) {
        let reasons = served
            .get(&format!("{}/closing-reasons", path(row)))
            .await
            .json()["reasons"]
            .clone();
        match snapshot(row) {
            Some(snapshot) => assert_eq!(reasons, snapshot),
            None => without += 1,
        }
        let close = |count: usize| json!({"status": "CLOSED", "selectedClosingReasons": reasons.as_array().unwrap()[..count], "closedBy": "10020"});
        if row["singleClosingReasonSelection"] == true {
            assert_eq!(served.patch(&path(row), &close(2)).await.status, 400);
            assert_eq!(served.patch(&path(row), &close(1)).await.status, 204);
        } else {
            assert_eq!(served.patch(&path(row), &close(2)).await.status, 204);
        }
        let closed = served.get(&path(row)).await.json();
        assert_eq!(closed["status"], "CLOSED");
        assert_eq!(closed["lastModifiedBy"], "10020");
        assert!(closed["completedTime"].is_string());
        assert_eq!(
            served.patch(&path(row), &close(1)).await.status,
            400,
            "closed already"
        );
        assert_eq!(
            served
                .patch(&path(row), &json!({"status": "STARTED"}))
                .await
                .status,
            204
        );
    }
    assert!(without > 0, "some running executions lack the snapshot");
    assert!(
        rows.iter()
            .any(|row| row["singleClosingReasonSelection"] == true)
    );
}

#[tokio::test]
async fn ids_of_the_other_generation_are_missing() {
    let served = Served::plain().await;
    let row = list(&served, "").await.remove(0);
    let flow = served.flows().await.remove(0);
    let (v1, v2) = (row["id"].as_str().unwrap(), flow["id"].as_str().unwrap());
    assert_eq!(served.get(&format!("{LIST}/{v2}")).await.text(), "");
    assert_eq!(
        served
            .patch(&format!("{LIST}/{v2}"), &json!({}))
            .await
            .status,
        404
    );
    let other = format!("/v2/flows/executions/{v1}");
    assert_eq!(served.get(&other).await.status, 404);
    assert_eq!(served.patch(&other, &json!({})).await.status, 404);
}

#[tokio::test]
async fn a_list_that_is_too_large_is_413_or_a_reference_without_authorisation() {
    let mut options = wf_bulk_sandbox::Options::new(crate::client::EPOCH);
    options.executions = 18_000;
    let served = Served::new(wf_bulk_sandbox::Sandbox::in_memory(options)).await;
    assert_eq!(served.get(LIST).await.status, 413);
    let headers = "authorization: Bearer sandbox\r\naccept: application/large-response.vnd+json, application/json\r\n";
    let answer = served.send("GET", LIST, headers, "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/large-response.vnd+json")
    );
    let reference = answer.json()["$payload_ref"].as_str().unwrap().to_owned();
    let path = reference
        .strip_prefix(&format!("http://{}", served.address))
        .unwrap();
    assert_eq!(served.get(path).await.status, 400, "with authorisation");
    let rows: Vec<Value> =
        serde_json::from_slice(&served.send("GET", path, "", "").await.body).unwrap();
    assert_eq!(rows.len(), 3_000);
}
