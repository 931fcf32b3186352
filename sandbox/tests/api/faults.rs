//! Scripted faults: what the client sees, and what was done.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Served, flow_path};

/// A sandbox in which each PATCH meets the fault, and a flow's path.
async fn with(fault: &Value) -> (Served, String) {
    let faults = json!({"rules": [{"match": {"method": "PATCH"}, "do": fault}]});
    let served = Served::with(&faults.to_string()).await;
    let path = flow_path(&served.flows().await[0]);
    (served, path)
}

async fn patch(served: &Served, path: &str) -> Vec<u8> {
    let token = "authorization: Bearer sandbox\r\n";
    served
        .raw("PATCH", path, token, r#"{"assigned_to":["10020"]}"#)
        .await
}

/// What the ledger says of the last request.
async fn last(served: &Served) -> Value {
    served.ledger().await["requests"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_drop_before_the_effect_gives_no_byte_and_does_nothing() {
    let (served, path) = with(&json!("drop_before_effect")).await;
    assert_eq!(String::from_utf8_lossy(&patch(&served, &path).await), "");
    assert_eq!(served.effects().await, 0);
    let request = last(&served).await;
    assert_eq!(request["status"], Value::Null);
    assert_eq!(request["fault"], "drop_before_effect");
}

#[tokio::test]
async fn a_drop_after_the_effect_gives_no_byte_and_has_done_it() {
    let (served, path) = with(&json!("drop_after_effect")).await;
    assert_eq!(String::from_utf8_lossy(&patch(&served, &path).await), "");
    assert_eq!(served.effects().await, 1);
    assert_eq!(
        served.get(&path).await.json()["assigned_to"],
        json!(["10020"])
    );
    let ledger = served.ledger().await;
    let request = &ledger["requests"][ledger["requests"].as_array().unwrap().len() - 2];
    assert_eq!(request["status"], Value::Null);
    assert_eq!(ledger["effects"][0]["request"], request["seq"]);
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_its_length_and_the_effect_is_done() {
    let (served, path) = with(&json!("cut_body")).await;
    let raw = String::from_utf8(patch(&served, &path).await).unwrap();
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let length = length.unwrap();
    assert!(
        !body.is_empty() && body.len() < length,
        "{} of {length}",
        body.len()
    );
    assert_eq!(served.effects().await, 1);
}

#[tokio::test]
async fn a_slow_body_comes_whole_after_its_wait() {
    let (served, path) = with(&json!({"slow_body_ms": 150})).await;
    let start = Instant::now();
    let answer = served
        .patch(&path, &json!({"assigned_to": ["10020"]}))
        .await;
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(answer.json()["assigned_to"], json!(["10020"]));
}

#[tokio::test]
async fn latency_comes_before_the_effect() {
    let (served, path) = with(&json!({"latency_ms": 150})).await;
    let start = Instant::now();
    assert_eq!(served.patch(&path, &json!({})).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_late_effect_comes_after_the_connection_is_closed() {
    let (served, path) = with(&json!({"late_effect_ms": 1000})).await;
    assert_eq!(String::from_utf8_lossy(&patch(&served, &path).await), "");
    assert_eq!(served.effects().await, 0);
    served.wait_for_effects(1).await;
}

#[tokio::test]
async fn a_request_takes_its_course_when_the_client_hangs_up() {
    use tokio::io::AsyncWriteExt as _;
    let (served, path) = with(&json!({"latency_ms": 200})).await;
    let mut stream = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    let request = format!(
        "PATCH {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sandbox\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    while last(&served).await["method"] != "PATCH" {
        tokio::task::yield_now().await;
    }
    drop(stream);
    served.wait_for_effects(1).await;
}

#[tokio::test]
async fn a_page_of_html_is_200_and_does_nothing() {
    let (served, path) = with(&json!("html")).await;
    let answer = served.patch(&path, &json!({})).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(served.effects().await, 0);
}

#[tokio::test]
async fn an_answer_that_is_stale_or_empty_is_200_and_does_nothing() {
    for fault in ["stale_body", "empty_object", "empty_body"] {
        let (served, path) = with(&json!(fault)).await;
        let answer = served
            .patch(&path, &json!({"assigned_to": ["10020"]}))
            .await;
        assert_eq!(answer.status, 200);
        let expected = match fault {
            "stale_body" => served.get(&path).await.text(),
            "empty_object" => "{}".to_owned(),
            _ => String::new(),
        };
        // Fields have no order.
        let fields = |text: &str| serde_json::from_str::<Value>(text).ok();
        assert_eq!(fields(&answer.text()), fields(&expected), "{fault}");
        assert_eq!(answer.text().is_empty(), expected.is_empty(), "{fault}");
        assert_eq!(served.effects().await, 0);
    }
}

#[tokio::test]
async fn a_scripted_status_has_its_code_body_and_wait() {
    for (fault, status, body, effects) in [
        (
            json!({"code": 503}),
            503,
            r#"{"message":"Service Unavailable"}"#,
            0,
        ),
        (
            json!({"code": 500, "message": "boom"}),
            500,
            r#"{"message":"boom"}"#,
            0,
        ),
        (json!({"code": 502, "body": "<h1>"}), 502, "<h1>", 0),
        (
            json!({"code": 502, "after_effect": true, "body": ""}),
            502,
            "",
            1,
        ),
    ] {
        let (served, path) = with(&json!({ "status": fault })).await;
        let answer = served.patch(&path, &json!({})).await;
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
        assert_eq!(served.effects().await, effects, "{fault}");
        assert_eq!(last(&served).await["status"], status);
    }
    let (served, path) = with(&json!({"status": {"code": 429, "retry_after": 7}})).await;
    let answer = served.patch(&path, &json!({})).await;
    assert_eq!(answer.header("retry-after"), Some("7"));
    let (served, path) = with(&json!({"status": {"code": 429, "retry_after_date": 7}})).await;
    let answer = served.patch(&path, &json!({})).await;
    let date = answer.header("retry-after").unwrap();
    assert!(date.ends_with(" gmt") && date.contains(", "), "{date}");
}

#[tokio::test]
async fn the_limit_answers_429_with_the_seconds_to_wait_and_does_nothing() {
    // One token in a thousand seconds: what the burst leaves over does not come back during the test.
    let served = Served::with(r#"{"limit": {"rate": 0.001, "burst": 2}}"#).await;
    let path = "/v2/flows/executions/nothing";
    assert_eq!(served.get(path).await.status, 404);
    assert_eq!(served.get(path).await.status, 404);
    let answer = served.get(path).await;
    assert_eq!(answer.status, 429);
    assert!(answer.json()["message"].is_string());
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((900..=1_000).contains(&wait), "{wait}");
    let requests = served.ledger().await["requests"].clone();
    let throttled: Vec<bool> = requests
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["throttled"] == true)
        .collect();
    assert_eq!(throttled, [false, false, true]);
}

#[tokio::test]
async fn only_the_requests_that_a_rule_means_meet_it() {
    let served = Served::with(r#"{"rules": [{"match": {"effect_only": true, "nth": 2}, "do": {"status": {"code": 500}}}]}"#).await;
    let path = flow_path(&served.flows().await[0]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(served.get(&path).await.status);
        seen.push(served.patch(&path, &json!({})).await.status);
    }
    assert_eq!(seen, [200, 200, 200, 500, 200, 200]);
}

#[tokio::test]
async fn a_router_inside_another_server_drops_without_a_byte_too() {
    let mut options = wf_bulk_sandbox::Options::new(crate::client::EPOCH);
    options.executions = 6;
    options.faults =
        wf_bulk_sandbox::Faults::from_json(r#"{"rules": [{"do": "drop_before_effect"}]}"#).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = wf_bulk_sandbox::Sandbox::in_memory(options).router();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let served = Served { address, serving };
    let raw = served.raw("GET", "/v1/workflows/executions", "", "").await;
    assert_eq!(String::from_utf8_lossy(&raw), "");
}
