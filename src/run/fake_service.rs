//! A service for tests: executions with tasks, a ledger of effects, faults by script, and an eye on its clients.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::future::{BoxFuture, FutureExt};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};

use crate::{
    api::{Operation, Reply, RetryAfter, TransportError},
    http::{Spool, SpoolError, Transport},
    json,
};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    NotSent,
    DropBefore,
    DropAfter,
    /// No answer, and the effect comes this many milliseconds after the request.
    Late(u64),
    /// With this `Retry-After`, in seconds.
    Throttled(Option<u64>),
    FailBefore,
    FailAfter,
    /// A proxy's page with status 200, after the effect.
    Html,
    Refused,
    Unauthorized,
    Gone,
    /// The request leaves, and then the worker runs into a bug.
    Panic,
}

impl Fault {
    /// Whether the client can't know from the answer if the request took effect.
    pub(super) const fn leaves_doubt(self) -> bool {
        match self {
            Self::DropBefore
            | Self::DropAfter
            | Self::Late(_)
            | Self::FailBefore
            | Self::FailAfter
            | Self::Html
            | Self::Panic => true,
            Self::None
            | Self::NotSent
            | Self::Throttled(_)
            | Self::Refused
            | Self::Unauthorized
            | Self::Gone => false,
        }
    }

    /// How long after the request its effect comes; none when it never does.
    const fn effect(self) -> Option<Duration> {
        match self {
            Self::None | Self::DropAfter | Self::FailAfter | Self::Html | Self::Panic => {
                Some(Duration::ZERO)
            }
            Self::Late(after) => Some(Duration::from_millis(after)),
            Self::NotSent
            | Self::DropBefore
            | Self::FailBefore
            | Self::Throttled(_)
            | Self::Refused
            | Self::Unauthorized
            | Self::Gone => None,
        }
    }
}

/// Method, path and body: each change of a test's plan has its own.
pub(super) type Key = String;

/// A request that reached the network.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) at: Instant,
    pub(super) execution: String,
    /// None for a read.
    pub(super) write: Option<Key>,
    /// The client was told that it took no effect.
    pub(super) denied: bool,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) executions: BTreeMap<String, Value>,
    /// The effects, in their order.
    pub(super) ledger: Vec<Key>,
    pub(super) log: Vec<Sent>,
    /// By method and path; no fault when it is used up.
    script: BTreeMap<String, VecDeque<Fault>>,
    /// By method and path: how much longer the next of these requests take.
    delays: BTreeMap<String, VecDeque<Duration>>,
    /// Reads, by method and path, that are answered once this write has come.
    queued: BTreeMap<String, Key>,
    /// The plan's line of each change.
    lines: BTreeMap<Key, u64>,
    /// Told when this many more requests have come.
    alarm: Option<(usize, mpsc::UnboundedSender<()>)>,
    writing: BTreeMap<String, usize>,
    /// Most executions that were written to at the same time.
    pub(super) most_at_once: usize,
    /// Promises that a client broke.
    pub(super) broken: Vec<String>,
}

/// The service, and the network before it.
#[derive(Clone, Debug)]
pub(super) struct Service {
    world: Arc<Mutex<World>>,
    checkpoint: PathBuf,
    /// Bytes of the checkpoint that are on disk.
    durable: Arc<AtomicU64>,
    latency: Duration,
}

impl Service {
    pub(super) fn new(checkpoint: PathBuf, durable: Arc<AtomicU64>) -> Self {
        Self {
            world: Arc::default(),
            checkpoint,
            durable,
            latency: Duration::from_millis(4),
        }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn fault(&self, request: &str, fault: Fault) {
        let mut world = self.world();
        world
            .script
            .entry(request.to_owned())
            .or_default()
            .push_back(fault);
    }

    /// One of these requests takes so much longer: the next, or the first of which this was not said yet.
    pub(super) fn delay(&self, request: &str, delay: Duration) {
        let mut world = self.world();
        let delays = world.delays.entry(request.to_owned()).or_default();
        delays.push_back(delay);
    }

    /// A read is answered once this write has come.
    pub(super) fn queue(&self, read: &str, behind: Key) {
        self.world().queued.insert(read.to_owned(), behind);
    }

    fn has_come(&self, write: &Key) -> bool {
        let world = self.world();
        world
            .log
            .iter()
            .any(|sent| sent.write.as_ref() == Some(write))
    }

    /// Everything works from now on.
    pub(super) fn heal(&self) {
        self.world().script.clear();
    }

    pub(super) fn expect_line(&self, key: Key, line: u64) {
        self.world().lines.insert(key, line);
    }

    /// Tells `alarm` with the `nth` request from now on.
    pub(super) fn alarm_at(&self, nth: usize, alarm: mpsc::UnboundedSender<()>) {
        self.world().alarm = Some((nth, alarm));
    }

    fn receive(&self, operation: &Operation, key: Option<Key>) -> (usize, Fault) {
        let mut world = self.world();
        if let Some((left, alarm)) = &mut world.alarm {
            *left = left.saturating_sub(1);
            if *left == 0 {
                let _ = alarm.send(());
            }
        }
        let request = format!("{:?} {}", operation.method(), operation.path());
        let fault = world.script.get_mut(&request).and_then(VecDeque::pop_front);
        let fault = fault.unwrap_or(Fault::None);
        if let Some(key) = &key {
            let sends = 1 + world
                .log
                .iter()
                .filter(|sent| sent.write.as_ref() == Some(key))
                .count();
            let line = world.lines[key];
            let started = self.started(line);
            if started < sends {
                world.broken.push(format!(
                    "send {sends} of line {line} left with {started} intents on disk"
                ));
            }
        }
        world.log.push(Sent {
            at: Instant::now(),
            execution: execution_of(operation),
            write: key,
            denied: false,
        });
        (world.log.len() - 1, fault)
    }

    /// How many intents for a line are on disk.
    fn started(&self, line: u64) -> usize {
        let durable = usize::try_from(self.durable.load(Ordering::SeqCst)).unwrap();
        let bytes = fs::read(&self.checkpoint).unwrap();
        let text = String::from_utf8_lossy(&bytes[..durable]).into_owned();
        text.matches(&format!("\"started\":{{\"line\":{line},"))
            .count()
    }

    fn write(&self, operation: &Operation, key: &str, body: Option<&Value>) -> Reply {
        let mut world = self.world();
        let World {
            executions, ledger, ..
        } = &mut *world;
        let found = executions.get_mut(&execution_of(operation));
        let Some(target) = found.and_then(|execution| operation.find_mut(execution)) else {
            return reply(404, &json!({"message": "not found"}));
        };
        if let Operation::RunScheduleNow(..) = operation {
            if target["status"] != "SCHEDULED" {
                return reply(400, &json!({"message": "it is not scheduled"}));
            }
            target["status"] = json!("IN_PROGRESS");
            target["automation_execution_id"] = json!(format!("automation-{}", ledger.len()));
        }
        if let Some(Value::Object(fields)) = body {
            for (path, value) in fields {
                json::set(target, path, value.clone());
            }
        }
        let fresh = target.clone();
        if let Some(tasks) = executions
            .get_mut(&execution_of(operation))
            .filter(|_| body.is_some_and(|body| body["status"] == "SKIPPED"))
            .and_then(|execution| execution["tasks"].as_array_mut())
            && let Some(next) = tasks.iter_mut().find(|task| task["status"] == "PENDING")
        {
            // The flow advances.
            next["status"] = json!("IN_PROGRESS");
        }
        ledger.push(key.to_owned());
        if matches!(operation, Operation::UpdateExecution(_)) {
            reply(204, &Value::Null)
        } else {
            reply(200, &fresh)
        }
    }

    fn read(&self, operation: &Operation) -> Reply {
        match self.world().executions.get(&execution_of(operation)) {
            Some(execution) => reply(200, execution),
            None => reply(404, &json!({"message": "not found"})),
        }
    }

    /// What the service does, whether the client waits or not.
    async fn serve(
        self,
        operation: Operation,
        write: Option<(Key, Option<Value>)>,
        number: usize,
        fault: Fault,
    ) -> Result<Reply, TransportError> {
        let request = format!("{:?} {}", operation.method(), operation.path());
        let delays = self
            .world()
            .delays
            .get_mut(&request)
            .and_then(VecDeque::pop_front);
        let delay = delays.unwrap_or_default();
        sleep(self.latency + delay).await;
        let behind = self.world().queued.get(&request).cloned();
        while behind.as_ref().is_some_and(|write| !self.has_come(write)) {
            sleep(self.latency).await;
        }
        let answer = match (&write, fault.effect()) {
            (_, None) => None,
            (None, Some(_)) => Some(self.read(&operation)),
            (Some((key, body)), Some(Duration::ZERO)) => {
                Some(self.write(&operation, key, body.as_ref()))
            }
            (Some((key, body)), Some(after)) => {
                let (service, key, body) = (self.clone(), key.clone(), body.clone());
                tokio::spawn(async move {
                    sleep(after).await;
                    service.write(&operation, &key, body.as_ref())
                });
                None
            }
        };
        sleep(self.latency).await;
        let lost = || TransportError::Unknown {
            reason: "the connection broke".to_owned(),
        };
        let deny = |reply: Reply| {
            self.world().log[number].denied = true;
            Ok(reply)
        };
        match fault {
            Fault::None => {
                let answer = answer.unwrap();
                if answer.status >= 400 {
                    deny(answer)
                } else {
                    Ok(answer)
                }
            }
            Fault::NotSent => {
                self.world().log[number].denied = true;
                Err(TransportError::NotSent {
                    reason: "no connection".to_owned(),
                })
            }
            Fault::DropBefore | Fault::DropAfter | Fault::Late(_) => Err(lost()),
            Fault::Panic => panic!("a bug"),
            Fault::FailBefore | Fault::FailAfter => Ok(reply(500, &json!({"message": "internal"}))),
            Fault::Html => Ok(Reply {
                body: b"<html>".to_vec(),
                ..reply(200, &Value::Null)
            }),
            Fault::Throttled(seconds) => deny(Reply {
                retry_after: seconds.map(RetryAfter::Seconds),
                ..reply(429, &json!({"message": "slow down"}))
            }),
            Fault::Refused => deny(reply(400, &json!({"message": "bad"}))),
            Fault::Unauthorized => deny(reply(401, &json!({"message": "expired"}))),
            Fault::Gone => deny(reply(404, &json!({"message": "not found"}))),
        }
    }
}

impl Transport for Service {
    fn origin(&self) -> String {
        "https://example.com".to_owned()
    }

    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        _query: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        async move {
            let writes = operation.method() != crate::api::Method::Get;
            let body: Option<Value> = body.map(|body| serde_json::from_slice(body).unwrap());
            let key = writes.then(|| key(operation, body.as_ref()));
            let (number, fault) = self.receive(operation, key.clone());
            let _writing = writes.then(|| Writing::begin(self, operation));
            let (answer, answered) = oneshot::channel();
            let (service, operation) = (self.clone(), operation.clone());
            let served = async move {
                let write = key.map(|key| (key, body));
                let reply = service.serve(operation, write, number, fault).await;
                let _ = answer.send(reply);
            };
            tokio::spawn(served);
            answered.await.unwrap()
        }
        .boxed()
    }

    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        _query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        panic!("a run asks for no list: {operation:?}")
    }

    fn attempt_payload(&self, url: Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        panic!("a run asks for no large answer: {url}")
    }
}

/// A write that a client waits for.
struct Writing {
    service: Service,
    execution: String,
}

impl Writing {
    fn begin(service: &Service, operation: &Operation) -> Self {
        let execution = execution_of(operation);
        let mut world = service.world();
        let now = world.writing.entry(execution.clone()).or_default();
        *now += 1;
        if *now > 1 {
            let broken = format!("two writes to {execution} at the same time");
            world.broken.push(broken);
        }
        let busy = world.writing.values().filter(|now| **now > 0).count();
        world.most_at_once = world.most_at_once.max(busy);
        drop(world);
        Self {
            service: service.clone(),
            execution,
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        *self
            .service
            .world()
            .writing
            .get_mut(&self.execution)
            .unwrap() -= 1;
    }
}

pub(super) fn key(operation: &Operation, body: Option<&Value>) -> Key {
    let body = body.map(Value::to_string).unwrap_or_default();
    format!("{:?} {} {body}", operation.method(), operation.path())
}

fn execution_of(operation: &Operation) -> String {
    let (_, execution, _) = operation
        .subject()
        .unwrap_or_else(|| panic!("this service holds executions, and {operation:?} is on none"));
    execution.as_str().to_owned()
}

fn reply(status: u16, body: &Value) -> Reply {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    Reply {
        status,
        retry_after: None,
        content_type: Some("application/json".to_owned()),
        body,
    }
}
