//! Automations and schedules over the wire: how they start, end, are missed, and are corrected.

use serde_json::{Value, json};

use crate::client::{Served, flow_path, task_path};

/// All current automation tasks that are in progress, with their flows, without looking at them through the API.
async fn running(served: &Served) -> Vec<(Value, usize)> {
    let mut running = Vec::new();
    for flow in served.flows().await {
        let tasks = flow["tasks"].as_array().unwrap();
        let is_running =
            |task: &Value| task["task_type"] == "AUTOMATION" && task["status"] == "IN_PROGRESS";
        if let Some(index) = tasks.iter().position(is_running) {
            running.push((flow.clone(), index));
        }
    }
    running
}

async fn kinds(served: &Served) -> Vec<String> {
    let ledger = served.ledger().await;
    let effects = ledger["effects"].as_array().unwrap();
    effects
        .iter()
        .map(|effect| effect["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_read_heals_an_automation_whose_end_its_task_has_missed() {
    let served = Served::quick().await;
    // The search is a read as well: what it shows is healed already.
    let _flows = served.flows().await;
    let ledger = served.ledger().await;
    let healed: Vec<&Value> = ledger["effects"].as_array().unwrap().iter().collect();
    assert!(!healed.is_empty());
    for effect in healed {
        assert_eq!(effect["kind"], "healed");
        assert_eq!(effect["request"], json!(null));
        assert_eq!(effect["fields"]["status"]["after"], "COMPLETED");
    }
    let before = served.effects().await;
    let _again = served.flows().await;
    assert_eq!(served.effects().await, before);
}

#[tokio::test]
async fn reconciling_corrects_what_was_missed_and_leaves_what_runs() {
    let served = Served::quick().await;
    let mut seen = std::collections::BTreeSet::new();
    for (flow, index) in running(&served).await {
        let path = format!("{}/reconcile-automation", task_path(&flow, index));
        let answer = served.ask("POST", &path, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let after = answer.json();
        assert_eq!(after["id"], flow["id"]);
        let status = after["tasks"][index]["status"].as_str().unwrap().to_owned();
        // A task that is over is left alone.
        let again = served.ask("POST", &path, "").await.json();
        assert_eq!(again["tasks"][index]["status"], status.as_str());
        seen.insert(status);
    }
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(seen, ["COMPLETED", "FAILED", "IN_PROGRESS"]);
}

#[tokio::test]
async fn what_starts_now_has_ended_when_a_read_looks_at_it_after_its_time() {
    let served = Served::quick().await;
    let mut ends = std::collections::BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for flow in served.flows().await {
        // A flow of two entities is found twice.
        if !seen.insert(flow["id"].to_string()) {
            continue;
        }
        let tasks = flow["tasks"].as_array().unwrap();
        let Some(index) = tasks.iter().position(|task| task["status"] == "SCHEDULED") else {
            continue;
        };
        let path = format!("{}/schedule/run-now", task_path(&flow, index));
        let started = served.ask("POST", &path, "").await;
        assert_eq!(started.status, 200, "{}", started.text());
        assert_eq!(started.json()["status"], "IN_PROGRESS");
        let now = served.get(&flow_path(&flow)).await.json();
        let status = now["tasks"][index]["status"].as_str().unwrap().to_owned();
        *ends.entry(status).or_insert(0) += 1;
    }
    // Which one takes which course hangs on ids, some of which hang on the time.
    assert!(ends["COMPLETED"] > 0, "{ends:?}");
    let known = ["COMPLETED", "FAILED", "IN_PROGRESS"];
    assert!(
        ends.keys().all(|status| known.contains(&status.as_str())),
        "{ends:?}"
    );
    let kinds = kinds(&served).await;
    assert!(kinds.contains(&"automation_ended".to_owned()));
}

#[tokio::test]
async fn an_automation_can_be_run_again_while_its_task_is_not_over() {
    let served = Served::plain().await;
    let (flow, index) = running(&served).await.remove(0);
    let path = format!("{}/automation:run", task_path(&flow, index));
    let answer = served.ask("POST", &path, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(
        answer.json()["automation_execution_id"],
        flow["tasks"][index]["automation_execution_id"]
    );
    let (flow, index) = served.flow_with_task("MANUAL", &json!({})).await;
    let path = format!("{}/automation:run", task_path(&flow, index));
    assert_eq!(served.ask("POST", &path, "").await.status, 400);
    assert!(kinds(&served).await.contains(&"run_automation".to_owned()));
}

#[tokio::test]
async fn any_task_can_be_executed_unless_it_is_over_or_not_enabled() {
    let served = Served::plain().await;
    let (flow, index) = served
        .flow_with_task("MANUAL", &json!({"status": "PENDING"}))
        .await;
    let path = format!("{}/execute", task_path(&flow, index));
    let answer = served.ask("POST", &path, "").await;
    assert_eq!(answer.json()["status"], "IN_PROGRESS");
    for set in [
        json!({"enabled": false}),
        json!({"status": "COMPLETED", "enabled": true}),
    ] {
        let edit = json!({"task": flow["tasks"][index]["id"], "set": set});
        served.edit(flow["id"].as_str().unwrap(), &edit).await;
        assert_eq!(served.ask("POST", &path, "").await.status, 400);
    }
}

#[tokio::test]
async fn a_cancelled_schedule_is_gone_and_its_task_skipped() {
    let served = Served::plain().await;
    for flow in served.flows().await {
        let tasks = flow["tasks"].as_array().unwrap();
        let Some(index) = tasks.iter().position(|task| task["status"] == "SCHEDULED") else {
            continue;
        };
        let path = format!("{}/schedule", task_path(&flow, index));
        let answer = served.ask("DELETE", &path, "").await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        let now = served.get(&flow_path(&flow)).await.json();
        assert_eq!(now["tasks"][index]["status"], "SKIPPED");
        assert_eq!(now["tasks"][index]["schedule"], json!(null));
        assert_ne!(now["crt_tasks"], flow["crt_tasks"]);
        assert_eq!(served.ask("DELETE", &path, "").await.status, 400);
        return;
    }
    panic!("no scheduled task");
}
