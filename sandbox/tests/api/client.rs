//! A sandbox on a port of its own, and a client that shows what comes over the wire.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use wf_bulk_sandbox::{Faults, Options, Sandbox};

/// Longer than anything a test waits for; a hang is a failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// No automation ends by itself in that time.
pub(crate) const LONG: Duration = Duration::from_secs(24 * 365 * 100 * 3600);

pub(crate) const EPOCH: jiff::civil::Date = jiff::civil::date(2026, 12, 1);

/// A sandbox that is served.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct ApiAnswer {
    pub(crate) status: u16,
    /// The head, in small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl ApiAnswer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Served {
    pub(crate) async fn new(sandbox: Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(sandbox.serve(listener));
        Self { address, serving }
    }

    pub(crate) async fn with(faults: &str) -> Self {
        let mut options = Options::new(EPOCH);
        options.executions = 120;
        options.faults = Faults::from_json(faults).unwrap();
        options.automations_take = LONG;
        Self::new(Sandbox::in_memory(options)).await
    }

    /// As [`Self::plain`], where automations end as soon as a read looks at them.
    pub(crate) async fn quick() -> Self {
        let mut options = Options::new(EPOCH);
        options.automations_take = Duration::ZERO;
        Self::new(Sandbox::in_memory(options)).await
    }

    pub(crate) async fn plain() -> Self {
        Self::with("{}").await
    }

    /// Stops serving; comes back when all connections are closed.
    pub(crate) async fn stop(self) {
        self.serving.abort();
        assert!(self.serving.await.unwrap_err().is_cancelled());
    }

    /// Sends a request and gives every byte that comes back until the connection is closed.
    pub(crate) async fn raw(&self, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end as well: it tells that no more comes.
        let _end = timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .expect("the server neither answers nor closes the connection");
        answer
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> ApiAnswer {
        let raw = self.raw(method, path, headers, body).await;
        parse(&raw).unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&raw)))
    }

    /// A request with the token.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> ApiAnswer {
        self.send(method, path, "authorization: Bearer sandbox\r\n", body)
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> ApiAnswer {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> ApiAnswer {
        self.ask("PATCH", path, &body.to_string()).await
    }

    /// Changes data past the API.
    pub(crate) async fn edit(&self, execution: &str, body: &Value) -> Value {
        let path = format!("/_sandbox/edit/{execution}");
        let answer = self.send("POST", &path, "", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) async fn ledger(&self) -> Value {
        self.send("GET", "/_sandbox/ledger", "", "").await.json()
    }

    /// How many effects the ledger holds.
    pub(crate) async fn effects(&self) -> usize {
        self.ledger().await["effects"].as_array().unwrap().len()
    }

    /// Asks until the ledger holds so many effects.
    pub(crate) async fn wait_for_effects(&self, count: usize) {
        let start = std::time::Instant::now();
        while self.effects().await != count {
            assert!(start.elapsed() < PATIENCE, "{count} effects never came");
        }
    }

    /// All running flows of the first entities.
    pub(crate) async fn flows(&self) -> Vec<Value> {
        let mut flows = Vec::new();
        for row in wf_bulk_sandbox::entities(4711, 120) {
            let body =
                serde_json::json!({"entity_id": row.entity_id, "entity_schema": row.entity_schema});
            let answer = self
                .ask("POST", "/v2/flows/executions:search", &body.to_string())
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            flows.extend(answer.json()["results"].as_array().unwrap().iter().cloned());
        }
        flows
    }

    /// The first running flow, with its current task put into a state.
    pub(crate) async fn flow_with_task(&self, kind: &str, set: &Value) -> (Value, usize) {
        for flow in self.flows().await {
            let current = flow["crt_tasks"][0]["id"].as_str().unwrap();
            let tasks = flow["tasks"].as_array().unwrap();
            let index = tasks.iter().position(|task| task["id"] == current).unwrap();
            if tasks[index]["task_type"] == kind && index > 0 && index + 2 < tasks.len() {
                let id = flow["id"].as_str().unwrap();
                let edit = serde_json::json!({"task": current, "set": set});
                return (self.edit(id, &edit).await, index);
            }
        }
        panic!("no running flow has a current {kind} task");
    }
}

/// The path of a flow.
pub(crate) fn flow_path(flow: &Value) -> String {
    format!("/v2/flows/executions/{}", flow["id"].as_str().unwrap())
}

/// The path of a flow's task.
pub(crate) fn task_path(flow: &Value, index: usize) -> String {
    let task = flow["tasks"][index]["id"].as_str().unwrap();
    format!("{}/tasks/{task}", flow_path(flow))
}

fn parse(raw: &[u8]) -> Option<ApiAnswer> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(ApiAnswer {
        status,
        head,
        body: raw[end + 4..].to_vec(),
    })
}

/// The ids in a list of objects.
pub(crate) fn ids(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}
