//! The two searches that come in pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wf_bulk_sandbox::{Options, Sandbox};

use crate::client::{EPOCH, LONG, Served};

async fn large() -> Served {
    let mut options = Options::new(EPOCH);
    options.executions = 18_000;
    options.automations_take = LONG;
    Served::new(Sandbox::in_memory(options)).await
}

#[tokio::test]
async fn executions_come_in_pages_by_the_last_key_each_once() {
    let served = large().await;
    let path = "/v1/workflows/executions/search";
    let mut ids = BTreeSet::new();
    let mut rows = 0;
    let mut body = json!({"status": "STARTED", "assignedTo": "10010"});
    loop {
        let page = served.ask("POST", path, &body.to_string()).await.json();
        for row in page["executions"].as_array().unwrap() {
            assert_eq!(row["status"], "STARTED");
            assert!(
                row["assignedTo"]
                    .as_array()
                    .unwrap()
                    .contains(&json!("10010"))
            );
            ids.insert(row["id"].as_str().unwrap().to_owned());
            rows += 1;
        }
        match page.get("lastEvaluatedKey") {
            Some(key) => body["pagination"] = key.clone(),
            None => break,
        }
    }
    assert_eq!(ids.len(), rows);
    let list = served.send(
        "GET",
        "/v1/workflows/executions",
        "authorization: Bearer sandbox\r\naccept: application/large-response.vnd+json\r\n",
        "",
    );
    let all = list.await.json();
    let all = match all["$payload_ref"].as_str() {
        Some(reference) => {
            let path = reference.split_once(&served.address.to_string()).unwrap().1;
            served.send("GET", path, "", "").await.json()
        }
        None => all,
    };
    let wanted = |row: &&Value| {
        let assigned = row["assignedTo"].as_array();
        row["status"] == "STARTED"
            && assigned.is_some_and(|assigned| assigned.contains(&json!("10010")))
    };
    assert!(rows > 100, "more than a page");
    assert_eq!(all.as_array().unwrap().iter().filter(wanted).count(), rows);
}

#[tokio::test]
async fn only_running_executions_are_found_unless_others_are_asked_for() {
    let served = Served::plain().await;
    let path = "/v1/workflows/executions/search";
    let statuses = |body: Value| {
        let served = &served;
        async move {
            let page = served.ask("POST", path, &body.to_string()).await.json();
            let rows = page["executions"].as_array().unwrap().clone();
            rows.iter()
                .map(|row| row["status"].as_str().unwrap().to_owned())
                .collect::<BTreeSet<_>>()
        }
    };
    assert_eq!(statuses(json!({})).await, ["STARTED".to_owned()].into());
    assert!(statuses(json!({"includeDoneWorkflows": true})).await.len() > 1);
    assert_eq!(
        served.ask("POST", path, r#"{"sort":"A_Z"}"#).await.status,
        400
    );
}

#[tokio::test]
async fn steps_come_in_pages_by_their_number_each_once_with_their_execution() {
    let served = Served::plain().await;
    let path = "/v1/workflows/executions/steps/search";
    let mut found = BTreeSet::new();
    let mut rows = 0;
    let hits = loop {
        let body = json!({"status": "OPEN", "pagination": {"from": rows, "size": 50}});
        let page = served.ask("POST", path, &body.to_string()).await.json();
        let results = page["results"].as_array().unwrap();
        for step in results {
            assert_eq!(step["executionStatus"], "STARTED");
            assert!(!["COMPLETED", "SKIPPED"].contains(&step["status"].as_str().unwrap()));
            found.insert((step["executionId"].to_string(), step["id"].to_string()));
        }
        rows += results.len();
        if results.is_empty() {
            break page["hits"].as_u64().unwrap();
        }
    };
    assert!(rows > 50, "more than a page: {rows}");
    assert_eq!((found.len(), rows as u64), (rows, hits));
    let next = json!({"status": "NEXT_OPEN_ITEM_IN_WORKFLOW", "pagination": {"size": 500}});
    let next = served.ask("POST", path, &next.to_string()).await.json();
    let next = next["results"].as_array().unwrap();
    let executions: BTreeSet<String> = next
        .iter()
        .map(|step| step["executionId"].to_string())
        .collect();
    assert_eq!(executions.len(), next.len(), "one of each execution");
    let theirs = served
        .ask("POST", path, r#"{"assignedTo":10010}"#)
        .await
        .json();
    for step in theirs["results"].as_array().unwrap() {
        let assigned = step["assignedTo"].as_array().unwrap();
        assert!(assigned.contains(&json!("10010")), "{step}");
    }
    assert!(theirs["hits"].as_u64().unwrap() > 0);
    let wrong = served.ask("POST", path, r#"{"assignedTo":"10010"}"#).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn entities_come_in_pages_that_stay_the_same() {
    let served = large().await;
    let path = "/v1/entity:search";
    let ask = |body: Value| {
        let served = &served;
        async move { served.ask("POST", path, &body.to_string()).await }
    };
    let mut body = json!({"q": "_schema:opportunity", "sort": ["_id:asc"], "size": 1000,
        "fields": ["_id", "_schema"], "stable_for": 60});
    let mut ids: Vec<String> = Vec::new();
    let hits = loop {
        let page = ask(body.clone()).await.json();
        let rows = page["results"].as_array().unwrap();
        for row in rows {
            assert_eq!(row.as_object().unwrap().len(), 2);
            ids.push(row["_id"].as_str().unwrap().to_owned());
        }
        if rows.is_empty() {
            break page["hits"].as_u64().unwrap();
        }
        body["search_after"] = page["sort_end"].clone();
        body["stable_query_id"] = page["stable_query_id"].clone();
    };
    assert_eq!(ids.len() as u64, hits);
    assert!(ids.is_sorted() && ids.len() == 3_000);
    for wrong in [
        json!({"q": "*", "size": 1001}),
        json!({"q": "*", "from": 1, "search_after": ["a"]}),
        json!({"q": "*", "stable_for": 61}),
        json!({"q": "*", "stable_query_id": "another"}),
        json!({"q": "_created:[2020 TO 2021]"}),
        json!({"size": 10}),
    ] {
        assert_eq!(ask(wrong.clone()).await.status, 400, "{wrong}");
    }
}
