//! A service for tests: executions with tasks, a ledger of effects, faults by script, and an eye on its clients.

use std::{
    collections::VecDeque,
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

use super::world::{Answer, AutomationStarted, Deed, Plot, Told, Who, World, is_shown};
pub(super) use super::world::{Key, Sent};
use crate::{
    api::{Generation, Id, Operation, Reply, RetryAfter, TransportError},
    http::{Spool, SpoolError, Transport},
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
    /// 503 before the effect, with this `Retry-After`, in seconds.
    Overloaded(u64),
    /// All goes well, and the answer asks for a rest of so many seconds.
    Rest(u64),
    /// A proxy's page with status 200, after the effect.
    Html,
    /// A proxy's page with status 200, and no effect.
    HtmlBefore,
    /// The effect, and an answer that shows only what was written.
    Partial,
    /// Success, with an answer that does not show what was written. The effect comes or not.
    Lie {
        works: bool,
        shows: Shown,
    },
    Refused,
    Unauthorized,
    /// "Not found" in the service's own words, for what is there.
    Gone,
    /// As [`Self::Gone`], after the effect.
    GoneAfter,
    /// 404 or 410 of a gateway, as a page or a line of text; no effect.
    FalseGone {
        gone: bool,
        page: bool,
    },
    /// The request leaves, and then the worker runs into a bug.
    Panic,
}

/// What an answer shows that does not show what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The object as it was before.
    Old,
    /// `{}`.
    Empty,
    /// No body, or a blank one.
    Nothing,
    /// An object with another id.
    Other,
}

impl Shown {
    fn reply(self, lie: &Value) -> Reply {
        let body = match self {
            Self::Nothing => b" \n".to_vec(),
            Self::Old | Self::Empty | Self::Other => lie.to_string().into_bytes(),
        };
        Reply {
            body,
            ..reply(200, &Value::Null)
        }
    }
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
            | Self::Overloaded(_)
            | Self::Html
            | Self::HtmlBefore
            | Self::FalseGone { .. }
            | Self::Panic => true,
            // A read tells at once that it worked.
            Self::Lie { works, .. } => !works,
            Self::None
            | Self::NotSent
            | Self::Throttled(_)
            | Self::Rest(_)
            | Self::Partial
            | Self::Refused
            | Self::Unauthorized
            | Self::Gone
            | Self::GoneAfter => false,
        }
    }

    /// How long after the request its effect comes; none when it never does.
    const fn effect(self) -> Option<Duration> {
        match self {
            Self::None
            | Self::DropAfter
            | Self::FailAfter
            | Self::Rest(_)
            | Self::Html
            | Self::Partial
            | Self::GoneAfter
            | Self::Lie { works: true, .. }
            | Self::Panic => Some(Duration::ZERO),
            Self::Late(after) => Some(Duration::from_millis(after)),
            Self::NotSent
            | Self::DropBefore
            | Self::FailBefore
            | Self::Overloaded(_)
            | Self::HtmlBefore
            | Self::Lie { works: false, .. }
            | Self::Throttled(_)
            | Self::Refused
            | Self::Unauthorized
            | Self::Gone
            | Self::FalseGone { .. } => None,
        }
    }
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

/// A write with the group that it belongs to.
#[derive(Clone, Debug)]
struct Write {
    key: Key,
    body: Option<Value>,
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

    pub(super) fn expect_line(&self, key: Key, line: u64, group: &str) {
        self.world().lines.insert(key, (line, group.to_owned()));
    }

    /// Tells `alarm` with the `nth` request from now on.
    pub(super) fn alarm_at(&self, nth: usize, alarm: mpsc::UnboundedSender<()>) {
        self.world().alarm = Some((nth, alarm));
    }

    fn receive(&self, operation: &Operation, write: Option<&Write>) -> (usize, Fault) {
        let mut world = self.world();
        if let Some((left, alarm)) = &mut world.alarm {
            *left = left.saturating_sub(1);
            if *left == 0 {
                let _ = alarm.send(());
            }
        }
        let request = format!("{:?} {}", operation.method(), operation.path());
        let fault = world.script.get_mut(&request).and_then(VecDeque::pop_front);
        let mut fault = fault.unwrap_or(Fault::None);
        match &mut world.outage {
            Some((0, outage)) => fault = *outage,
            Some((left, _)) => *left -= 1,
            None => {}
        }
        let execution = match write {
            Some(Write { key, .. }) => {
                let sends = 1 + world
                    .log
                    .iter()
                    .filter(|sent| sent.write.as_ref() == Some(key))
                    .count();
                let (line, group) = world.lines[key].clone();
                let started = self.started(line);
                if started < sends {
                    world.broken.push(format!(
                        "send {sends} of line {line} left with {started} intents on disk"
                    ));
                }
                group
            }
            None => execution_of(operation),
        };
        let sent = Sent {
            at: Instant::now(),
            session: world.session,
            execution: execution.clone(),
            write: write.map(|write| write.key.clone()),
            denied: false,
            lied: false,
            told: None,
            fault,
        };
        world.log.push(sent);
        let nth = world
            .log
            .iter()
            .filter(|sent| sent.execution == execution)
            .count();
        let (now, later): (Vec<Plot>, Vec<Plot>) = std::mem::take(&mut world.plots)
            .into_iter()
            .partition(|plot| plot.execution == execution && plot.nth == nth);
        world.plots = later;
        let number = world.log.len() - 1;
        drop(world);
        for Plot { after, deed, .. } in now {
            let (service, execution) = (self.clone(), execution.clone());
            tokio::spawn(async move {
                sleep(after).await;
                service.meddle(&execution, &deed);
            });
        }
        (number, fault)
    }

    /// Somebody else does something.
    pub(super) fn meddle(&self, execution: &str, deed: &Deed) {
        let started = self.world().plot(execution, deed);
        self.let_end(Who::Somebody, execution, started);
    }

    /// The automations will end in their time.
    fn let_end(&self, who: Who, execution: &str, started: Vec<AutomationStarted>) {
        for ended in started {
            let Some(takes) = ended.takes else { continue };
            let (service, execution) = (self.clone(), execution.to_owned());
            tokio::spawn(async move {
                sleep(takes).await;
                let started = service.world().end_automation(who, &execution, &ended);
                service.let_end(who, &execution, started);
            });
        }
    }

    /// How many intents for a line are on disk.
    fn started(&self, line: u64) -> usize {
        let durable = usize::try_from(self.durable.load(Ordering::SeqCst)).unwrap();
        let bytes = fs::read(&self.checkpoint).unwrap();
        let text = String::from_utf8_lossy(&bytes[..durable]).into_owned();
        text.matches(&format!("\"started\":{{\"line\":{line},"))
            .count()
    }

    fn write(&self, operation: &Operation, write: &Write) -> Reply {
        let mut world = self.world();
        let group = world.lines[&write.key].1.clone();
        let (answer, started) = world.request(Who::We, &group, operation, write.body.as_ref());
        if matches!(answer, Answer::Done | Answer::Shown(_)) {
            world.ledger.push(write.key.clone());
        }
        let reply = answered(&answer, world.silent);
        if answer == Answer::NotFound {
            for generation in [Generation::V1, Generation::V2] {
                let read = Operation::read(generation, &Id::new(&group).unwrap());
                let request = format!("{:?} {}", read.method(), read.path());
                let faults = VecDeque::from(vec![Fault::FailBefore; world.blind]);
                world.script.insert(request, faults);
            }
        }
        drop(world);
        self.let_end(Who::We, &group, started);
        reply
    }

    fn read(&self, operation: &Operation) -> Reply {
        let world = self.world();
        match world.executions.get(&execution_of(operation)) {
            Some(execution) => reply(200, execution),
            // As the generations say it.
            None if matches!(operation, Operation::GetExecution(_)) => reply(200, &Value::Null),
            None => answered(&Answer::NotFound, world.silent),
        }
    }

    /// What the service does, whether the client waits or not.
    async fn serve(
        self,
        operation: Operation,
        write: Option<Write>,
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
        let (fault, lie) = self.lie(&operation, write.as_ref(), fault);
        let answer = match (&write, fault.effect()) {
            (_, None) => None,
            (None, Some(_)) => Some(self.read(&operation)),
            (Some(write), Some(Duration::ZERO)) => Some(self.write(&operation, write)),
            (Some(write), Some(after)) => {
                let (service, write) = (self.clone(), write.clone());
                tokio::spawn(async move {
                    sleep(after).await;
                    service.write(&operation, &write)
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
        let fails = || reply(500, &json!({"message": "internal"}));
        let answered = |answer: Option<Reply>| {
            let answer = answer.unwrap();
            if answer.status >= 400 {
                deny(answer)
            } else {
                Ok(answer)
            }
        };
        match fault {
            Fault::None => answered(answer),
            Fault::Rest(seconds) => answered(answer).map(|answer| Reply {
                retry_after: Some(RetryAfter::Seconds(seconds)),
                ..answer
            }),
            Fault::Partial => answered(answer).map(|answer| partial(answer, write.as_ref())),
            Fault::Lie { shows, .. } => match answer {
                Some(answer) if answer.status >= 400 => deny(answer),
                Some(_) | None => {
                    self.world().log[number].lied = true;
                    Ok(shows.reply(&lie))
                }
            },
            Fault::NotSent => {
                self.world().log[number].denied = true;
                Err(TransportError::NotSent {
                    reason: "no connection".to_owned(),
                })
            }
            Fault::DropBefore | Fault::DropAfter | Fault::Late(_) => Err(lost()),
            Fault::Panic => panic!("a bug"),
            Fault::FailBefore | Fault::FailAfter => Ok(fails()),
            Fault::Overloaded(seconds) => Ok(Reply {
                status: 503,
                retry_after: Some(RetryAfter::Seconds(seconds)),
                ..fails()
            }),
            Fault::Html | Fault::HtmlBefore => Ok(Reply {
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
            Fault::GoneAfter => Ok(reply(404, &json!({"message": "not found"}))),
            Fault::FalseGone { gone, page } => Ok(Reply {
                status: if gone { 410 } else { 404 },
                retry_after: None,
                content_type: Some(if page { "text/html" } else { "text/plain" }.to_owned()),
                body: if page {
                    b"<!doctype html><title>Not found</title>".to_vec()
                } else {
                    b"404 page not found\n".to_vec()
                },
            }),
        }
    }

    /// What an answer that lies shows. Where nobody could tell it from an honest one, there is none.
    fn lie(&self, operation: &Operation, write: Option<&Write>, fault: Fault) -> (Fault, Value) {
        let Fault::Lie { shows, .. } = fault else {
            return (fault, Value::Null);
        };
        let world = self.world();
        let Some(write) = write else {
            return (Fault::None, Value::Null);
        };
        let makes = matches!(operation, Operation::StartFlow | Operation::CreateStep(_));
        let whole = world.executions.get(&world.lines[&write.key].1);
        let target = whole.and_then(|whole| operation.find(whole));
        let old = match (target, operation) {
            // Its answer is empty.
            (_, operation)
                if operation.removes()
                    || matches!(
                        operation,
                        Operation::UpdateExecution(_) | Operation::CancelSchedule(..)
                    ) =>
            {
                return (Fault::None, Value::Null);
            }
            (None, Operation::StartFlow) => json!({}),
            (None, _) => return (Fault::None, Value::Null),
            (Some(_), _) if makes => json!({}),
            (Some(target), _) => target.clone(),
        };
        let is_undocumented = matches!(
            operation,
            Operation::RunAutomation(..) | Operation::ExecuteTask(..)
        );
        let body = write.body.as_ref().and_then(Value::as_object);
        let is_told = match operation {
            Operation::RunAutomation(..)
            | Operation::ExecuteTask(..)
            | Operation::ReconcileAutomation(..) => false,
            Operation::PatchFlow(_)
            | Operation::PatchPhase(..)
            | Operation::PatchTask(..)
            | Operation::UpdateStep(..) => body
                .into_iter()
                .flatten()
                .any(|(name, value)| is_shown(name) && old[name] != *value),
            _ => true,
        };
        match shows {
            Shown::Old if is_told => (fault, old),
            Shown::Old => (Fault::None, Value::Null),
            Shown::Empty => (fault, json!({})),
            Shown::Nothing if is_undocumented => (Fault::None, Value::Null),
            Shown::Nothing => (fault, Value::Null),
            Shown::Other => {
                let other = json!({"id": "other", "status": "STARTED", "name": "Other", "flow_template_id": "other"});
                (fault, other)
            }
        }
    }

    /// The client has this answer to its request now.
    fn tell(&self, number: usize, answer: &Result<Reply, TransportError>) {
        let mut world = self.world();
        let sent = &mut world.log[number];
        let told = match answer {
            Err(TransportError::NotSent { .. }) => Told::No(0),
            Err(_) => Told::Nothing,
            // It says that it was accepted, and shows something else.
            Ok(_) if sent.lied => Told::Nothing,
            Ok(reply) => told(sent.write.is_some(), &sent.execution, reply),
        };
        sent.told = Some((told, Instant::now()));
    }
}

/// What an answer says, in plain rules: what is neither the service's JSON nor empty is nobody's word.
fn told(is_write: bool, execution: &str, reply: &Reply) -> Told {
    let json: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let is_word = json.is_some() || reply.body.is_empty();
    match (reply.status, is_write) {
        (200..=299, true) if is_word => Told::Yes,
        (200..=299, false)
            if reply.body.is_empty() || json.is_some_and(|json| json["id"] == execution) =>
        {
            Told::Truth
        }
        (404 | 410, false) if is_word => Told::Truth,
        (404 | 410, true) if is_word => Told::No(reply.status),
        (400..=403 | 405..=407 | 409 | 411..=499, true) => Told::No(reply.status),
        _ => Told::Nothing,
    }
}

/// Of the object only its id and what was written.
fn partial(answer: Reply, write: Option<&Write>) -> Reply {
    let (Ok(Value::Object(whole)), Some(write)) = (serde_json::from_slice(&answer.body), write)
    else {
        return answer;
    };
    let written = write.body.as_ref().and_then(Value::as_object);
    let shown = |name: &str| name == "id" || written.is_some_and(|body| body.contains_key(name));
    let fields: serde_json::Map<_, _> = whole.into_iter().filter(|(name, _)| shown(name)).collect();
    reply(answer.status, &Value::Object(fields))
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
            let write = writes.then(|| Write {
                key: key(operation, body.as_ref()),
                body,
            });
            let (number, fault) = self.receive(operation, write.as_ref());
            let _writing = write.as_ref().map(|write| Writing::begin(self, write));
            let (answer, answered) = oneshot::channel();
            let (service, operation) = (self.clone(), operation.clone());
            let served = async move {
                let reply = service.serve(operation, write, number, fault).await;
                let _ = answer.send(reply);
            };
            tokio::spawn(served);
            let answer = answered.await.unwrap();
            self.tell(number, &answer);
            answer
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
    fn begin(service: &Service, write: &Write) -> Self {
        let mut world = service.world();
        let execution = world.lines[&write.key].1.clone();
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

fn answered(answer: &Answer, silent: bool) -> Reply {
    match answer {
        Answer::Done => reply(204, &Value::Null),
        Answer::Shown(object) => reply(200, object),
        Answer::NotFound if silent => reply(404, &Value::Null),
        Answer::NotFound => reply(404, &json!({"message": "not found"})),
        Answer::Refused(why) => reply(400, &json!({"message": why})),
    }
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
