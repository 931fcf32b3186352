//! The simulated service and the sandbox were written apart. Here both get the requests that the tests of a run send, and must agree.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use wf_bulk_sandbox::{Options, Sandbox, entities};

use super::{Enter, Habit, Who, World, serving::answered};
use crate::{
    api::{Generation, Id, Operation, Reply},
    http::{Http, HttpConfig, Origin, Token},
    plan::Change,
    testing::changes::{
        add_task, cancel, close, delete, due, reassign, run_automation, run_now, skip,
    },
};

const EXECUTIONS: u32 = 60;

/// Those that get requests: each gets a hundred.
const FLOWS: usize = 6;

/// The sandbox, with executions in which no automation ends by itself.
async fn sandbox() -> (Http, u64) {
    let options = Options {
        executions: EXECUTIONS,
        automations_take: Duration::from_secs(800_000 * 3600),
        ..Options::new(jiff::civil::date(2026, 5, 28))
    };
    let (token, seed) = (options.token.clone(), options.seed);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin: Origin = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(Sandbox::in_memory(options).serve(listener));
    let http = Http::new(HttpConfig {
        entities: origin.clone(),
        origin,
        token: Token::new(&token).unwrap(),
        renew: None,
        headers: Vec::new(),
        org: None,
        timeout: Duration::from_secs(30),
        user_agent: "test".to_owned(),
    })
    .unwrap();
    (http, seed)
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

async fn flow(http: &Http, id: &str) -> Option<Value> {
    let read = Operation::read(Generation::V2, &Id::new(id).unwrap());
    let reply = send(http, &read, None).await;
    (reply.status == 200).then(|| json_of(&reply))
}

/// What a user sees of a flow.
fn visible(flow: Option<&Value>) -> Value {
    let part = |part: &Value| {
        let given = |field: &str| part[field].clone();
        json!({
            "name": given("name"), "status": given("status"), "assigned_to": given("assigned_to"), "due_date": given("due_date"),
            "is_scheduled": !part["schedule"]["schedule_id"].is_null(),
            "has_run": !part["automation_execution_id"].is_null(),
        })
    };
    let parts = |whole: &Value, list: &str| -> Vec<Value> {
        whole[list]
            .as_array()
            .into_iter()
            .flatten()
            .map(part)
            .collect()
    };
    flow.map_or(Value::Null, |whole| {
        json!({"whole": part(whole), "tasks": parts(whole, "tasks"), "phases": parts(whole, "phases")})
    })
}

/// Flows of the sandbox without decisions: the simulated service knows no branches.
async fn flows(http: &Http, seed: u64) -> Vec<Value> {
    let mut flows = Vec::new();
    for entity in entities(seed, EXECUTIONS) {
        let body = json!({"entity_id": entity.entity_id, "entity_schema": entity.entity_schema});
        let reply = send(http, &Operation::SearchFlows, Some(&body)).await;
        let found = json_of(&reply)["results"].take();
        flows.extend(found.as_array().unwrap().iter().cloned());
    }
    let decides = |task: &Value| task["task_type"] == "DECISION";
    flows.retain(|flow| !flow["tasks"].as_array().unwrap().iter().any(decides));
    flows
}

async fn send(http: &Http, operation: &Operation, body: Option<&Value>) -> Reply {
    let body = body.map(Value::to_string);
    let body = body.as_deref().map(str::as_bytes);
    http.attempt(operation, &[], body).await.unwrap()
}

#[tokio::test]
async fn the_simulated_service_and_the_sandbox_answer_the_requests_of_a_run_alike() {
    let (http, seed) = sandbox().await;
    let (mut asked, mut statuses) = (0, BTreeSet::new());
    for whole in flows(&http, seed).await.iter().take(FLOWS) {
        let id = whole["id"].as_str().unwrap();
        for change in requests(whole) {
            let before = flow(&http, id).await;
            let operation = change.operation().unwrap();
            let body = change.request.body.clone().map(Value::from_iter);
            let reply = send(&http, &operation, body.as_ref()).await;

            let mut world = World::default();
            if let Some(before) = &before {
                world.begin(id, before.clone());
                for task in before["tasks"].as_array().into_iter().flatten() {
                    let key = (id.to_owned(), task["id"].as_str().unwrap().to_owned());
                    world.habits.insert(key, habit(task));
                }
            }
            let (ruling, _) = world.request(Who::We, id, &operation, body.as_ref());
            let simulated = answered(&ruling, false).status;
            assert_eq!(
                (simulated, visible(world.executions.get(id))),
                (reply.status, visible(flow(&http, id).await.as_ref())),
                "{:?} {} {body:?}\nbefore: {}\nthe sandbox says: {}",
                operation.method(),
                operation.path(),
                visible(before.as_ref()),
                String::from_utf8_lossy(&reply.body),
            );
            asked += 1;
            statuses.insert(reply.status);
        }
    }
    assert!(asked > 400, "{asked}");
    assert_eq!(Vec::from_iter(statuses), [200, 204, 400, 404, 409]);
}

/// How the sandbox lets a task begin when it is its turn.
fn habit(task: &Value) -> Habit {
    let is_automatic = task["task_type"] == "AUTOMATION" && task["trigger_mode"] == "automatic";
    Habit {
        enter: if !is_automatic {
            Enter::Stays
        } else if matches!(task["schedule"]["mode"].as_str(), None | Some("immediate")) {
            Enter::AutomationStarts
        } else {
            Enter::IsScheduled
        },
        ..Habit::default()
    }
}

/// The requests of a run on each task of a flow, and on one that it does not have; then the flow is closed, asked again, and deleted.
fn requests(flow: &Value) -> Vec<Change> {
    let id = flow["id"].as_str().unwrap();
    let tasks: Vec<&str> = flow["tasks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|task| task["id"].as_str())
        .chain(["none"])
        .collect();
    let start_it = |flow: &str, task: &str| status(flow, task, "IN_PROGRESS");
    let complete = |flow: &str, task: &str| status(flow, task, "COMPLETED");
    let on_tasks = || {
        tasks.iter().flat_map(|task| {
            let on_task: [fn(&str, &str) -> Change; 8] = [
                reassign,
                due,
                run_now,
                cancel,
                run_automation,
                start_it,
                complete,
                skip,
            ];
            on_task.map(|request| request(id, task))
        })
    };
    let mut requests = Vec::new();
    let mut add = add_task(id);
    // Before the last task, which no flow here has passed: the simulated service has no task that is open and was passed.
    if let [.., previous, next, _] = tasks[..]
        && flow["tasks"][tasks.len() - 2]["status"] == "PENDING"
    {
        let body = add.request.body.as_mut().unwrap();
        body.insert("previous_task_id".to_owned(), json!(previous));
        body.insert("next_task_id".to_owned(), json!(next));
        // The sandbox takes UUIDs alone.
        let task = body.get_mut("task").unwrap();
        task["id"] = json!("01234567-89ab-4cde-8f01-23456789abcd");
        requests.extend([add.clone(), add.clone()]);
    }
    requests.push(add_task(id));
    requests.extend(on_tasks());
    requests.extend([close(id), close(id), add]);
    requests.extend(on_tasks());
    // What is deleted is not found any more.
    requests.extend([delete(id), delete(id), close(id)]);
    requests
}

fn status(flow: &str, task: &str, status: &str) -> Change {
    let mut change = skip(flow, task);
    let body = change.request.body.as_mut().unwrap();
    body.insert("status".to_owned(), json!(status));
    change
}
