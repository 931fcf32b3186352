//! v2 over the wire.

use serde_json::{Value, json};

use crate::client::{Served, flow_path, ids, task_path};

#[tokio::test]
async fn a_search_finds_the_running_flows_of_one_entity_whole() {
    let served = Served::plain().await;
    let flows = served.flows().await;
    assert!(flows.len() > 60, "{}", flows.len());
    for flow in &flows {
        assert_eq!(flow["status"], "STARTED");
        assert_eq!(flow["org_id"], "4711");
        assert_eq!(served.get(&flow_path(flow)).await.json(), *flow);
    }
    let twice = flows
        .iter()
        .filter(|flow| flow["contexts"].as_array().unwrap().len() == 2);
    assert!(
        twice.count() >= 2,
        "flows of two entities are found under each"
    );
}

#[tokio::test]
async fn a_search_needs_both_fields_and_knows_the_schema() {
    let served = Served::plain().await;
    let entity = &wf_bulk_sandbox::entities(4711, 120)[0].entity_id;
    let search = "/v2/flows/executions:search";
    for body in [
        json!({}),
        json!({"entity_id": entity}),
        json!({"entity_schema": "opportunity"}),
    ] {
        let answer = served.ask("POST", search, &body.to_string()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .contains("missing field")
        );
    }
    for (id, schema) in [(entity.as_str(), "contact"), ("unknown", "opportunity")] {
        let body = json!({"entity_id": id, "entity_schema": schema});
        let answer = served.ask("POST", search, &body.to_string()).await;
        assert_eq!(answer.json(), json!({"results": []}));
    }
}

#[tokio::test]
async fn requests_without_the_token_or_for_another_organisation_are_refused() {
    let served = Served::plain().await;
    let (v1, v2) = ("/v1/workflows/executions", "/v2/flows/executions/x");
    let good = "authorization: Bearer sandbox\r\n";
    for (path, headers, status) in [
        (v1, String::new(), 401),
        (v1, "authorization: Bearer other\r\n".to_owned(), 401),
        (v1, "authorization: Basic sandbox\r\n".to_owned(), 401),
        (v1, format!("{good}x-epilot-org-id: 1\r\n"), 403),
        (v1, format!("{good}x-epilot-org-id: 4711\r\n"), 200),
        (v2, String::new(), 401),
        (v2, format!("{good}x-epilot-org-id: 1\r\n"), 403),
        (v2, good.to_owned(), 404),
    ] {
        let answer = served.send("GET", path, &headers, "").await;
        assert_eq!(answer.status, status, "{path} {headers}");
        if status >= 400 && path == v1 {
            assert!(answer.json()["message"].is_string());
        }
        if path == v2 {
            assert_eq!(answer.text(), "");
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_json() {
    let served = Served::plain().await;
    for (method, path, status) in [
        ("GET", "/v3/x", 404),
        ("GET", "/", 404),
        ("PUT", "/v2/flows/executions/x", 405),
        ("GET", "/v2/flows/executions:search", 405),
    ] {
        let answer = served.ask(method, path, "").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.json()["message"].is_string());
    }
}

#[tokio::test]
async fn assignees_are_replaced_as_a_whole_list_on_all_three_levels() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let list = json!(["10020", {"variable": "{{assignee}}", "value": ["10010"]}]);
    let phase = format!(
        "{}/phases/{}",
        flow_path(&flow),
        flow["phases"][0]["id"].as_str().unwrap()
    );
    for path in [flow_path(&flow), phase, task_path(&flow, 0)] {
        let answer = served.patch(&path, &json!({"assigned_to": list})).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.json()["assigned_to"], list, "{path}");
        let answer = served.patch(&path, &json!({"assigned_to": []})).await;
        assert_eq!(answer.json()["assigned_to"], json!([]), "{path}");
    }
    let now = served.get(&flow_path(&flow)).await.json();
    for part in [&now, &now["phases"][0], &now["tasks"][0]] {
        assert_eq!(part["assigned_to"], json!([]));
    }
    assert!(now["updated_at"].as_str() > flow["updated_at"].as_str());
    assert!(now["tasks"][0]["updated_at"].as_str() > flow["tasks"][0]["updated_at"].as_str());
}

#[tokio::test]
async fn due_dates_are_kept_to_the_digit_and_win_over_a_config() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let path = task_path(&flow, 0);
    let config = json!({"duration": 3, "unit": "days", "type": "WORKFLOW_STARTED"});
    for due in [
        "2026-05-28T00:00:00.000",
        "2026-05-28T22:00:00.000Z",
        "2023-01-15T20:00:00",
    ] {
        for body in [
            json!({"due_date": due}),
            json!({"due_date": due, "due_date_config": config}),
        ] {
            let task = served.patch(&path, &body).await.json();
            assert_eq!(task["due_date"], due);
        }
    }
    let computed = served
        .patch(&path, &json!({"due_date_config": config}))
        .await
        .json();
    let due = computed["due_date"].as_str().unwrap();
    assert!(due.ends_with("T00:00:00.000"), "{due}");
    for due in [
        "2026-02-30T00:00:00.000",
        "28.05.2026",
        "2026-05-28T00:00:00+02:00",
    ] {
        let answer = served.patch(&path, &json!({"due_date": due})).await;
        assert_eq!(answer.status, 400);
        assert!(answer.json()["message"].as_str().unwrap().contains(due));
    }
    assert_eq!(
        served.get(&flow_path(&flow)).await.json()["tasks"][0]["due_date"],
        computed["due_date"]
    );
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let path = flow_path(&flow);
    for body in [
        "",
        "no json",
        "[]",
        r#"{"assignedTo": ["1"]}"#,
        r#"{"assigned_to": [1]}"#,
        r#"{"status": "OPEN"}"#,
        r#"{"due_date": null}"#,
        r#"{"status": "STARTED"}"#,
        r#"{"name": "x"}"#,
        r#"{"assigned_to": ["1"], "closing_reason": {"selected_reasons": [{"id": "no", "title": "no"}]}}"#,
    ] {
        let answer = served.ask("PATCH", &path, body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["message"].is_string(), "{body}");
    }
    assert_eq!(served.get(&path).await.json(), flow);
    assert_eq!(served.effects().await, 0);
}

#[tokio::test]
async fn a_flow_is_closed_with_configured_reasons_once_and_reopened() {
    let served = Served::plain().await;
    let flows = served.flows().await;
    for single in [true, false] {
        let flow = flows
            .iter()
            .find(|flow| flow["singleClosingReasonSelection"] == single)
            .unwrap();
        let path = flow_path(flow);
        let reasons = flow["closing_reason"]["configured_reasons"]
            .as_array()
            .unwrap();
        let close = |selected: &[Value]| json!({"status": "CLOSED", "closing_reason": {"selected_reasons": selected, "extra_description": "nach Rücksprache"}});
        let two = served.patch(&path, &close(&reasons[..2])).await;
        if single {
            assert_eq!(two.status, 400);
            assert!(
                two.json()["message"]
                    .as_str()
                    .unwrap()
                    .contains("exactly one")
            );
            assert_eq!(served.patch(&path, &close(&reasons[..1])).await.status, 200);
        } else {
            assert_eq!(two.status, 200);
        }
        let closed = served.get(&path).await.json();
        assert_eq!(closed["status"], "CLOSED");
        assert!(closed["analytics"]["closed_at"].is_string());
        assert_eq!(
            closed["closing_reason"]["configured_reasons"],
            flow["closing_reason"]["configured_reasons"]
        );
        assert_eq!(
            closed["closing_reason"]["extra_description"],
            "nach Rücksprache"
        );
        assert!(
            !served
                .flows()
                .await
                .iter()
                .any(|other| other["id"] == flow["id"])
        );

        assert_eq!(
            served.patch(&path, &close(&reasons[..1])).await.status,
            400,
            "once"
        );
        let reopened = served
            .patch(&path, &json!({"status": "STARTED"}))
            .await
            .json();
        assert_eq!(reopened["status"], "STARTED");
        assert!(reopened["analytics"].get("closed_at").is_none());
    }
}

#[tokio::test]
async fn a_scheduled_task_runs_now_once() {
    let served = Served::plain().await;
    let flows = served.flows().await;
    let scheduled = |flow: &Value| {
        flow["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .position(|task| task["status"] == "SCHEDULED")
    };
    let flow = flows.iter().find(|flow| scheduled(flow).is_some()).unwrap();
    let index = scheduled(flow).unwrap();
    let before = &flow["tasks"][index];
    assert!(before["schedule"]["schedule_id"].is_string());
    assert!(
        before["schedule"]["scheduled_at"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert!(before["automation_config"].get("execution_id").is_none());

    let path = format!("{}/schedule/run-now", task_path(flow, index));
    let answer = served.ask("POST", &path, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let after = served.get(&flow_path(flow)).await.json()["tasks"][index].clone();
    assert_eq!(answer.json(), after);
    assert_eq!(after["status"], "IN_PROGRESS");
    assert!(after.get("schedule").is_none());
    assert!(after["automation_execution_id"].is_string());
    assert_eq!(
        after["automation_config"]["execution_id"],
        after["automation_execution_id"]
    );

    let again = served.ask("POST", &path, "").await;
    assert_eq!(again.status, 400);
    assert!(
        again.json()["message"]
            .as_str()
            .unwrap()
            .contains("IN_PROGRESS")
    );
    let other = format!(
        "{}/schedule/run-now",
        task_path(flow, usize::from(index == 0))
    );
    assert_eq!(served.ask("POST", &other, "").await.status, 400);
    assert_eq!(served.effects().await, 1);
}

#[tokio::test]
async fn what_is_missing_is_404() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let path = flow_path(&flow);
    for (method, missing) in [
        ("GET", "/v2/flows/executions/nothing".to_owned()),
        ("PATCH", "/v2/flows/executions/nothing".to_owned()),
        ("PATCH", format!("{path}/tasks/nothing")),
        ("PATCH", format!("{path}/phases/nothing")),
        ("POST", format!("{path}/tasks/nothing/schedule/run-now")),
    ] {
        assert_eq!(
            served.ask(method, &missing, "{}").await.status,
            404,
            "{method} {missing}"
        );
    }
    let removed = served
        .send(
            "DELETE",
            &format!("/_sandbox/execution/{}", flow["id"].as_str().unwrap()),
            "",
            "",
        )
        .await;
    assert_eq!(removed.status, 204);
    let gone = served.get(&path).await;
    assert_eq!((gone.status, gone.text().as_str()), (404, ""));
    assert!(
        !served
            .flows()
            .await
            .iter()
            .any(|other| other["id"] == flow["id"])
    );
}

#[tokio::test]
async fn a_flow_whose_contexts_are_written_is_found_under_the_new_entity() {
    let served = Served::plain().await;
    let entities = wf_bulk_sandbox::entities(4711, 120);
    let flow = served.flows().await.remove(0);
    let target = &entities[entities.len() - 1].entity_id;
    let contexts =
        json!([{"entity_id": target, "entity_schema": "opportunity", "is_primary": true}]);
    served
        .patch(&flow_path(&flow), &json!({"contexts": contexts}))
        .await;
    for row in &entities {
        let body = json!({"entity_id": row.entity_id, "entity_schema": row.entity_schema});
        let found = served
            .ask("POST", "/v2/flows/executions:search", &body.to_string())
            .await
            .json();
        let has = ids(&found["results"]).contains(&flow["id"].as_str().unwrap());
        assert_eq!(has, row.entity_id == *target);
    }
}
