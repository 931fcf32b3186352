//! Operations that make and remove: executions, steps, tasks.

use serde_json::{Value, json};
use wf_bulk_sandbox::{FolderOptions, Options, Sandbox};

use crate::client::{EPOCH, LONG, Served, flow_path};

async fn first_legacy(served: &Served) -> Value {
    let rows = served.get("/v1/workflows/executions").await.json();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["status"] == "STARTED");
    let path = format!(
        "/v1/workflows/executions/{}",
        row.unwrap()["id"].as_str().unwrap()
    );
    served.get(&path).await.json()
}

#[tokio::test]
async fn a_flow_starts_from_its_template_and_twice_makes_two() {
    let served = Served::plain().await;
    let template = served.flows().await[0]["flow_template_id"].clone();
    let body = json!({"flow_template_id": template, "trigger": {"type": "MANUAL"},
        "contexts": [{"entity_id": "new-entity", "entity_schema": "contact", "is_primary": true}]});
    let start = || served.ask("POST", "/v2/flows/executions", "");
    assert_eq!(start().await.status, 400);
    let one = served
        .ask("POST", "/v2/flows/executions", &body.to_string())
        .await;
    assert_eq!(one.status, 201, "{}", one.text());
    let two = served
        .ask("POST", "/v2/flows/executions", &body.to_string())
        .await;
    let (one, two) = (one.json(), two.json());
    assert_ne!(one["id"], two["id"]);
    assert_ne!(one["tasks"][0]["id"], two["tasks"][0]["id"]);
    assert_eq!(one["status"], "STARTED");
    assert_eq!(one["crt_tasks"][0]["id"], one["tasks"][0]["id"]);
    assert!(
        one["tasks"].as_array().unwrap()[1..]
            .iter()
            .all(|task| task["status"] == "PENDING")
    );
    let found = served
        .ask(
            "POST",
            "/v2/flows/executions:search",
            &json!({"entity_id": "new-entity", "entity_schema": "contact"}).to_string(),
        )
        .await
        .json();
    assert_eq!(found["results"].as_array().unwrap().len(), 2);
    let unknown = json!({"flow_template_id": "tpl_none", "contexts": []});
    let answer = served
        .ask("POST", "/v2/flows/executions", &unknown.to_string())
        .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_deleted_flow_is_404_and_a_soft_delete_only_hides_it() {
    let served = Served::plain().await;
    let flows = served.flows().await;
    for (flow, query, kind) in [
        (&flows[0], "", "delete_flow"),
        (&flows[1], "?soft=true", "soft_delete_flow"),
    ] {
        let path = flow_path(flow);
        let answer = served.ask("DELETE", &format!("{path}{query}"), "").await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        assert_eq!(served.get(&path).await.status, 404);
        assert_eq!(served.ask("DELETE", &path, "").await.status, 404);
        let ledger = served.ledger().await;
        assert_eq!(
            ledger["effects"].as_array().unwrap().last().unwrap()["kind"],
            kind
        );
    }
}

#[tokio::test]
async fn a_task_is_added_once_between_two_that_an_edge_joins() {
    let served = Served::plain().await;
    let flow = served.flows().await.remove(0);
    let edge = &flow["edges"][0];
    let id = "6f1c7c9e-0d0a-5b52-9a55-0d6b3b3f7a11";
    let body = json!({"previous_task_id": edge["from_id"], "next_task_id": edge["to_id"], "task": {"id": id, "name": "Neu"}});
    let path = format!("{}/tasks", flow_path(&flow));
    let add = |body: Value| {
        let (served, path) = (&served, &path);
        async move { served.ask("POST", path, &body.to_string()).await }
    };
    let answer = add(body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["id"], id);
    assert_eq!(answer.json()["manually_created"], true);
    assert_eq!(add(body.clone()).await.status, 409);
    let now = served.get(&flow_path(&flow)).await.json();
    let edges: Vec<(&str, &str)> = now["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| {
            (
                edge["from_id"].as_str().unwrap(),
                edge["to_id"].as_str().unwrap(),
            )
        })
        .collect();
    let (from, to) = (
        edge["from_id"].as_str().unwrap(),
        edge["to_id"].as_str().unwrap(),
    );
    assert!(
        edges.contains(&(from, id)) && edges.contains(&(id, to)) && !edges.contains(&(from, to))
    );
    let mut other = body.clone();
    other["task"]["id"] = json!("6f1c7c9e-0d0a-5b52-9a55-0d6b3b3f7a12");
    // No edge leads from one to the other any more.
    assert_eq!(add(other.clone()).await.status, 400);
    for (field, value) in [
        ("previous_task_id", json!("x")),
        ("next_task_id", json!(id.replace('6', "7"))),
    ] {
        let mut wrong = other.clone();
        wrong[field] = value;
        assert_eq!(add(wrong).await.status, 400);
    }
}

#[tokio::test]
async fn an_execution_of_the_first_generation_is_created_and_deleted() {
    let served = Served::plain().await;
    let definition = first_legacy(&served).await["definitionId"].clone();
    let body = json!({"workflowId": definition, "trigger": "MANUAL", "assignedTo": ["10010"],
        "contexts": [{"id": "c", "title": "", "schema": "contact"}]});
    let answer = served
        .ask("POST", "/v1/workflows/executions", &body.to_string())
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let created = answer.json();
    let path = format!(
        "/v1/workflows/executions/{}",
        created["id"].as_str().unwrap()
    );
    assert_eq!(served.get(&path).await.json(), created);
    let rows = served
        .get("/v1/workflows/executions?context=c")
        .await
        .json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(served.ask("DELETE", &path, "").await.status, 204);
    let missing = served.get(&path).await;
    assert_eq!((missing.status, missing.body.len()), (200, 0));
    assert_eq!(served.ask("DELETE", &path, "").await.status, 404);
    let unknown = json!({"workflowId": "none"});
    let answer = served
        .ask("POST", "/v1/workflows/executions", &unknown.to_string())
        .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn steps_are_created_changed_moved_and_deleted() {
    let served = Served::plain().await;
    let execution = first_legacy(&served).await;
    let path = format!(
        "/v1/workflows/executions/{}",
        execution["id"].as_str().unwrap()
    );
    let section = execution["flow"][0]["id"].as_str().unwrap();
    let body = json!({"insertionIndex": 1, "name": "Neu", "sectionId": section}).to_string();
    let created = served.ask("POST", &format!("{path}/steps"), &body).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let second = served
        .ask("POST", &format!("{path}/steps"), &body)
        .await
        .json();
    let step = created.json();
    assert_ne!(step["id"], second["id"]);
    assert_eq!(step["manuallyCreated"], true);
    let now = served.get(&path).await.json();
    assert_eq!(now["flow"][0]["steps"][1]["id"], second["id"]);
    assert_eq!(now["flow"][0]["steps"][2]["id"], step["id"]);

    let one = format!("{path}/steps/{}", step["id"].as_str().unwrap());
    let sent = json!({"status": "COMPLETED", "assignedTo": ["7"], "dueDate": "2023-01-15T20:00:00",
        "description": {"enabled": true, "value": "x"}, "position": {"index": 0}});
    let answer = served.patch(&one, &sent).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["dueDate"], "2023-01-15T20:00:00");
    let now = served.get(&path).await.json();
    assert_eq!(now["flow"][0]["id"], step["id"]);
    assert_eq!(now["flow"][0]["assignedTo"], json!(["7"]));

    assert_eq!(served.ask("DELETE", &one, "").await.status, 204);
    assert_eq!(served.ask("DELETE", &one, "").await.status, 404);
    assert_eq!(served.patch(&one, &json!({"name": "x"})).await.status, 404);
    let wrong = json!({"insertionIndex": 0, "name": "x", "sectionId": "none"}).to_string();
    assert_eq!(
        served
            .ask("POST", &format!("{path}/steps"), &wrong)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn what_was_made_and_removed_is_still_so_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let wanted = FolderOptions {
            executions: Some(120),
            automations_take: LONG,
            ..FolderOptions::new(EPOCH)
        };
        Sandbox::open(folder.path(), wanted).unwrap()
    };
    let served = Served::new(open()).await;
    let flows = served.flows().await;
    let legacy = first_legacy(&served).await;
    let legacy_path = format!(
        "/v1/workflows/executions/{}",
        legacy["id"].as_str().unwrap()
    );
    let start =
        json!({"flow_template_id": flows[0]["flow_template_id"], "contexts": []}).to_string();
    let started = served
        .ask("POST", "/v2/flows/executions", &start)
        .await
        .json();
    let step = json!({"insertionIndex": 0, "name": "Neu"}).to_string();
    served
        .ask("POST", &format!("{legacy_path}/steps"), &step)
        .await;
    let edge = &flows[0]["edges"][0];
    let task = json!({"previous_task_id": edge["from_id"], "next_task_id": edge["to_id"], "task": {"name": "Neu"}});
    served
        .ask(
            "POST",
            &format!("{}/tasks", flow_path(&flows[0])),
            &task.to_string(),
        )
        .await;
    served.ask("DELETE", &flow_path(&flows[1]), "").await;
    let paths = [
        flow_path(&started),
        legacy_path,
        flow_path(&flows[0]),
        flow_path(&flows[1]),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(served.get(path).await.body);
    }
    served.stop().await;
    let served = Served::new(open()).await;
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(served.get(path).await.body, *before, "{path}");
    }
    let again = served
        .ask("POST", "/v2/flows/executions", &start)
        .await
        .json();
    assert_ne!(again["id"], started["id"]);
}

#[tokio::test]
async fn a_long_list_is_given_by_reference_and_whole() {
    let mut options = Options::new(EPOCH);
    options.executions = 60_000;
    options.automations_take = LONG;
    let served = Served::new(Sandbox::in_memory(options)).await;
    let accept = "authorization: Bearer sandbox\r\naccept: application/large-response.vnd+json\r\n";
    let answer = served
        .send("GET", "/v1/workflows/executions", accept, "")
        .await;
    assert_eq!(answer.status, 200);
    let reference = answer.json()["$payload_ref"].as_str().unwrap().to_owned();
    let path = reference.split_once(&served.address.to_string()).unwrap().1;
    let payload = served.send("GET", path, "", "").await;
    assert_eq!(payload.json().as_array().unwrap().len(), 10_000);
}
