//! The statuses of tasks over the wire, and how a flow goes on.

use serde_json::{Value, json};

use crate::client::{Served, flow_path, ids, task_path};

#[tokio::test]
async fn completing_the_current_task_advances_the_flow() {
    let served = Served::plain().await;
    let (flow, index) = served
        .flow_with_task("MANUAL", &json!({"status": "IN_PROGRESS"}))
        .await;
    let path = task_path(&flow, index);
    let completed = served.patch(&path, &json!({"status": "COMPLETED"})).await;
    assert_eq!(completed.status, 200, "{}", completed.text());
    assert_eq!(completed.json()["status"], "COMPLETED");
    let now = served.get(&flow_path(&flow)).await.json();
    assert_eq!(
        ids(&now["crt_tasks"]),
        [flow["tasks"][index + 1]["id"].as_str().unwrap()]
    );
    let ledger = served.ledger().await;
    let effect = ledger["effects"].as_array().unwrap().last().unwrap();
    assert_eq!(
        effect["fields"]["status"],
        json!({"before": "IN_PROGRESS", "after": "COMPLETED"})
    );
    assert!(effect["elsewhere"][flow["id"].as_str().unwrap()]["crt_tasks"].is_object());
}

#[tokio::test]
async fn a_task_that_becomes_current_starts_its_automation_or_waits_for_its_schedule() {
    let served = Served::plain().await;
    for (schedule, status) in [
        (json!(null), "IN_PROGRESS"),
        (
            json!({"mode": "delayed", "duration": 3, "unit": "days"}),
            "SCHEDULED",
        ),
    ] {
        let mut done = false;
        for flow in served.flows().await {
            let tasks = flow["tasks"].as_array().unwrap();
            let current = tasks
                .iter()
                .position(|task| task["id"] == flow["crt_tasks"][0]["id"])
                .unwrap();
            let Some(next) = tasks.get(current + 1) else {
                continue;
            };
            if tasks[current]["task_type"] != "MANUAL" || next["task_type"] != "AUTOMATION" {
                continue;
            }
            let id = flow["id"].as_str().unwrap();
            served
                .edit(id, &json!({"task": next["id"], "set": {"schedule": null}}))
                .await;
            served
                .edit(
                    id,
                    &json!({"task": next["id"], "set": {"schedule": schedule}}),
                )
                .await;
            served
                .edit(
                    id,
                    &json!({"task": tasks[current]["id"], "set": {"status": "PENDING"}}),
                )
                .await;
            let answer = served
                .patch(&task_path(&flow, current), &json!({"status": "SKIPPED"}))
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let next = served.get(&flow_path(&flow)).await.json()["tasks"][current + 1].clone();
            assert_eq!(next["status"], status);
            assert_eq!(
                next["automation_execution_id"].is_string(),
                status == "IN_PROGRESS"
            );
            assert_eq!(
                next["schedule"]["scheduled_at"].is_string(),
                status == "SCHEDULED"
            );
            done = true;
            break;
        }
        assert!(done, "no flow has an automation after its current task");
    }
}

#[tokio::test]
async fn the_last_task_ends_the_flow() {
    let served = Served::plain().await;
    for flow in served.flows().await {
        let tasks = flow["tasks"].as_array().unwrap();
        let last = tasks.len() - 1;
        if tasks[last]["id"] == flow["crt_tasks"][0]["id"] {
            let id = flow["id"].as_str().unwrap();
            served
                .edit(
                    id,
                    &json!({"task": tasks[last]["id"], "set": {"status": "PENDING"}}),
                )
                .await;
            let answer = served
                .patch(&task_path(&flow, last), &json!({"status": "SKIPPED"}))
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let now = served.get(&flow_path(&flow)).await.json();
            assert_eq!(now["status"], "DONE");
            assert_eq!(now["crt_tasks"], json!([]));
            assert!(now["analytics"]["completed_at"].is_string());
            assert_eq!(
                now["phases"].as_array().unwrap().last().unwrap()["status"],
                "COMPLETED"
            );
            return;
        }
    }
    panic!("no flow is at its last task");
}

#[tokio::test]
async fn reverting_an_earlier_task_resets_every_later_one() {
    let served = Served::plain().await;
    let (flow, index) = served
        .flow_with_task("MANUAL", &json!({"status": "IN_PROGRESS"}))
        .await;
    let path = task_path(&flow, 0);
    assert_eq!(
        served
            .patch(&path, &json!({"status": "PENDING"}))
            .await
            .status,
        400,
        "without the flag"
    );
    let revert = json!({"status": "PENDING", "revert_execution": true});
    let current = served.patch(&task_path(&flow, index), &revert).await;
    assert_eq!(
        current.status, 400,
        "the flag is ignored on the current task"
    );

    assert_eq!(served.patch(&path, &revert).await.status, 200);
    let now = served.get(&flow_path(&flow)).await.json();
    for task in now["tasks"].as_array().unwrap() {
        assert_eq!(task["status"], "PENDING", "{}", task["name"]);
    }
    assert_eq!(
        ids(&now["crt_tasks"]),
        [flow["tasks"][0]["id"].as_str().unwrap()]
    );
}

#[tokio::test]
async fn a_manual_decision_needs_a_branch_and_takes_it() {
    let served = Served::plain().await;
    let (flow, index) = served
        .flow_with_task(
            "DECISION",
            &json!({"status": "IN_PROGRESS", "trigger_mode": "manual"}),
        )
        .await;
    let path = task_path(&flow, index);
    let complete = |condition: Option<&Value>| match condition {
        Some(id) => json!({"status": "COMPLETED", "next_condition_id": id}),
        None => json!({"status": "COMPLETED"}),
    };
    assert_eq!(served.patch(&path, &complete(None)).await.status, 400);
    assert_eq!(
        served
            .patch(&path, &complete(Some(&json!("cond_other"))))
            .await
            .status,
        400
    );
    let second = &flow["tasks"][index]["conditions"][1]["id"];
    assert_eq!(
        served.patch(&path, &complete(Some(second))).await.status,
        200
    );
    let now = served.get(&flow_path(&flow)).await.json();
    assert_eq!(
        ids(&now["crt_tasks"]),
        [flow["tasks"][index + 2]["id"].as_str().unwrap()]
    );
}

#[tokio::test]
async fn a_decision_that_is_skipped_goes_on_with_its_first_branch() {
    let served = Served::plain().await;
    let (flow, index) = served
        .flow_with_task("DECISION", &json!({"status": "PENDING"}))
        .await;
    let skip = json!({"status": "SKIPPED"});
    let answer = served.patch(&task_path(&flow, index), &skip).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let now = served.get(&flow_path(&flow)).await.json();
    let next = flow["tasks"][index + 1]["id"].as_str().unwrap();
    assert_eq!(ids(&now["crt_tasks"]), [next]);
}

#[tokio::test]
async fn a_task_that_is_not_enabled_refuses_a_status_until_what_it_waits_for_is_done() {
    let served = Served::plain().await;
    let (flow, index) = served
        .flow_with_task("MANUAL", &json!({"status": "IN_PROGRESS"}))
        .await;
    let id = flow["id"].as_str().unwrap();
    // Requirements point at template ids.
    let requirement =
        json!([{"task_id": flow["tasks"][index]["template_id"], "when": "TASK_FINISHED"}]);
    let waiting = flow["tasks"][index + 2]["id"].clone();
    served
        .edit(
            id,
            &json!({"task": waiting, "set": {"enabled": false, "requirements": requirement}}),
        )
        .await;
    let path = task_path(&flow, index + 2);
    let start = json!({"status": "IN_PROGRESS"});
    let refused = served.patch(&path, &start).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains("not enabled")
    );
    assert_eq!(
        served
            .patch(&path, &json!({"assigned_to": ["1"]}))
            .await
            .status,
        200
    );

    served
        .patch(&task_path(&flow, index), &json!({"status": "COMPLETED"}))
        .await;
    assert_eq!(served.patch(&path, &start).await.status, 200);
}

#[tokio::test]
async fn tasks_of_a_closed_flow_stay_as_they_are() {
    let served = Served::plain().await;
    let (flow, index) = served
        .flow_with_task("MANUAL", &json!({"status": "PENDING"}))
        .await;
    served
        .patch(&flow_path(&flow), &json!({"status": "CLOSED"}))
        .await;
    let answer = served
        .patch(&task_path(&flow, index), &json!({"status": "IN_PROGRESS"}))
        .await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains("CLOSED")
    );
}
