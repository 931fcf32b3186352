//! The data that the generator makes, as they are served.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wf_bulk_sandbox::{Options, Sandbox, entities};

use crate::client::{EPOCH, Served};

const EXECUTIONS: u32 = 2_400;

/// All data as served: the list of v1, and each of its executions, and each flow of each entity.
async fn all(seed: u64, epoch: Date, executions: u32) -> (Vec<Value>, Vec<Value>) {
    let mut options = Options::new(epoch);
    options.automations_take = crate::client::LONG;
    options.seed = seed;
    options.executions = executions;
    let served = Served::new(Sandbox::in_memory(options)).await;
    let rows = served.get("/v1/workflows/executions").await.json();
    let mut legacy = Vec::new();
    for row in rows.as_array().unwrap() {
        let path = format!("/v1/workflows/executions/{}", row["id"].as_str().unwrap());
        legacy.push(served.get(&path).await.json());
    }
    let mut flows = BTreeMap::new();
    for row in entities(seed, executions) {
        let body =
            serde_json::json!({"entity_id": row.entity_id, "entity_schema": row.entity_schema});
        let found = served
            .ask("POST", "/v2/flows/executions:search", &body.to_string())
            .await;
        for flow in found.json()["results"].as_array().unwrap() {
            flows.insert(flow["id"].to_string(), flow.clone());
        }
    }
    (legacy, flows.into_values().collect())
}

fn digest(data: &(Vec<Value>, Vec<Value>)) -> String {
    let bytes = serde_json::to_vec(data).unwrap();
    let first = Sha256::digest(&bytes)[..8].try_into().unwrap();
    format!("{:016x}", u64::from_be_bytes(first))
}

/// The data without the rules that write attributes of entities.
fn without_rules(data: &(Vec<Value>, Vec<Value>)) -> (Vec<Value>, Vec<Value>) {
    let mut data = data.clone();
    for execution in data.0.iter_mut().chain(&mut data.1) {
        let fields = execution.as_object_mut().unwrap();
        fields.remove("entity_sync");
        fields.remove("updateEntityAttributes");
    }
    data
}

/// The text with every date taken out.
fn without_dates(data: &(Vec<Value>, Vec<Value>)) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::String(text)
                if text.len() >= 19
                    && text.as_bytes()[10] == b'T'
                    && text[..4].parse::<u16>().is_ok() =>
            {
                text.replace_range(..10, "");
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Object(fields) => fields.values_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(data).unwrap();
    strip(&mut value);
    value.to_string()
}

#[tokio::test]
async fn the_same_seed_and_epoch_give_the_same_bytes_and_the_epoch_moves_dates_only() {
    let data = all(4711, EPOCH, 300).await;
    // Changes when the generator does: then everyone's examples change too, so think twice.
    assert_eq!(digest(&data), "1395a7f2fd05d28f");
    // Rules are drawn from a stream of their own: all else is as it was before there were any.
    assert_eq!(digest(&without_rules(&data)), "2a36ff8d32bfbd3a");
    let moved = all(4711, EPOCH.checked_add(17.days()).unwrap(), 300).await;
    assert_ne!(digest(&moved), digest(&data));
    assert_eq!(without_dates(&moved), without_dates(&data));
    let other = all(1, EPOCH, 300).await;
    assert_ne!(without_dates(&other), without_dates(&data));
}

#[tokio::test]
async fn a_larger_sandbox_begins_with_the_executions_of_a_smaller_one() {
    let (small, large) = (all(4711, EPOCH, 60).await, all(4711, EPOCH, 120).await);
    assert_eq!(small.0, large.0[..small.0.len()]);
    for flow in &small.1 {
        assert!(large.1.contains(flow), "{}", flow["name"]);
    }
    let rows = entities(4711, 120);
    assert_eq!(entities(4711, 60), rows[..10]);
    assert_eq!(rows.len(), 20);
    assert!(entities(4711, 0).is_empty());
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or("")
}

fn due(value: &Value) -> &str {
    let v1 = text(value, "dueDate");
    if v1.is_empty() {
        text(value, "due_date")
    } else {
        v1
    }
}

fn has_user(task: &Value, user: &str) -> bool {
    let list = task.get("assigned_to").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|one| one == user))
}

fn scheduled_at(task: &Value) -> &str {
    task.get("schedule")
        .map_or("", |schedule| text(schedule, "scheduled_at"))
}

/// What it is, which values are meant, how many there must be.
type Row = (&'static str, fn(&Value) -> bool, usize);

#[track_caller]
fn check(values: &[Value], rows: &[Row]) {
    for (what, meant, at_least) in rows {
        let found = values.iter().filter(|value| meant(value)).count();
        assert!(found >= *at_least, "{what}: {found}");
    }
}

fn tasks(flows: &[Value]) -> Vec<Value> {
    let tasks = flows.iter().filter_map(|flow| flow["tasks"].as_array());
    tasks.flatten().cloned().collect()
}

#[tokio::test]
async fn the_default_data_hold_what_playbooks_are_tried_on() {
    const TODAY: &str = "2026-12-01";
    let (legacy, flows) = all(4711, EPOCH, EXECUTIONS).await;
    assert_eq!(legacy.len(), 400);
    assert!((1_600..1_800).contains(&flows.len()), "{} run", flows.len());
    let tasks: [Row; 16] = [
        ("of the leaver", |t| has_user(t, "10010"), 300),
        ("of the successor", |t| has_user(t, "10020"), 300),
        ("of another", |t| has_user(t, "10033"), 50),
        (
            "variable",
            |t| t["assigned_to"].to_string().contains("variable"),
            300,
        ),
        ("of nobody", |t| t.get("assigned_to").is_none(), 300),
        (
            "scheduled in the past",
            |t| !scheduled_at(t).is_empty() && scheduled_at(t) < TODAY,
            50,
        ),
        ("scheduled in the future", |t| scheduled_at(t) > TODAY, 50),
        (
            "relative",
            |t| t["status"] == "SCHEDULED" && t["schedule"]["mode"] == "relative",
            30,
        ),
        (
            "delayed",
            |t| t["status"] == "SCHEDULED" && t["schedule"]["mode"] == "delayed",
            30,
        ),
        ("not enabled", |t| t["enabled"] == false, 50),
        ("decisions", |t| t["task_type"] == "DECISION", 500),
        (
            "due in the past",
            |t| !due(t).is_empty() && due(t) < TODAY,
            300,
        ),
        ("due in the future", |t| due(t) > TODAY, 300),
        ("floating", |t| due(t).ends_with("T00:00:00.000"), 300),
        ("UTC", |t| due(t).ends_with('Z'), 300),
        ("without a due date", |t| due(t).is_empty(), 300),
    ];
    check(&self::tasks(&flows), &tasks);
    check(
        &flows,
        &[
            (
                "one reason",
                |f| f["singleClosingReasonSelection"] == true,
                300,
            ),
            (
                "several reasons",
                |f| f["singleClosingReasonSelection"] == false,
                300,
            ),
            ("stale", |f| text(f, "updated_at") < "2026-09-02", 300),
            ("fresh", |f| text(f, "updated_at") > "2026-09-12", 300),
            ("of two entities", |f| f["contexts"][1].is_object(), 20),
            (
                "to be escaped",
                |f| text(f, "name").contains(['|', '<']),
                20,
            ),
        ],
    );
    check(
        &legacy,
        &[
            ("short form", |e| due(e).ends_with("T20:00:00"), 30),
            (
                "without a snapshot",
                |e| e.get("configuredClosingReasonSnapshot").is_none(),
                50,
            ),
            (
                "one reason",
                |e| e["singleClosingReasonSelection"] == true,
                50,
            ),
            ("running", |e| e["status"] == "STARTED", 300),
        ],
    );
}

#[tokio::test]
async fn every_flow_is_one_that_the_service_could_have() {
    let (_, flows) = all(4711, EPOCH, 600).await;
    for flow in &flows {
        let tasks = flow["tasks"].as_array().unwrap();
        assert!((4..=9).contains(&tasks.len()));
        let current = tasks
            .iter()
            .position(|task| task["id"] == flow["crt_tasks"][0]["id"]);
        let current = current.unwrap();
        for (index, task) in tasks.iter().enumerate() {
            let over = task["status"] == "COMPLETED" || task["status"] == "SKIPPED";
            assert_eq!(over, index < current, "{task}");
            assert_eq!(
                task["status"] == "PENDING" || index == current,
                index >= current,
                "{task}"
            );
            let scheduled = task["status"] == "SCHEDULED";
            assert_eq!(scheduled, !scheduled_at(task).is_empty(), "{task}");
            assert!(!scheduled || task["task_type"] == "AUTOMATION");
        }
        assert!(text(flow, "created_at") < text(flow, "updated_at"));
        assert!(text(flow, "updated_at") < "2026-12-01");
    }
}
