//! A service that is simulated: executions with tasks, a ledger of effects, faults by script, and an eye on its clients.

mod fault;
mod rules;
mod same_as_sandbox;
mod serving;
mod world;

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
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};

use self::{
    rules::{AutomationStarted, Ruling},
    serving::{answered, reply},
};
use crate::{
    api::{Generation, Id, Operation, OperationKind, Reply, TransportError},
    http::{Spool, SpoolError, Transport},
};
pub(crate) use fault::{Fault, ShownInstead};
pub(crate) use rules::{Enter, Habit, settle_phases};
pub(crate) use world::{ClientKnows, Deed, ExecutionVersion, Key, LoggedRequest, Plot, Who, World};

/// The service, and the network before it.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedService {
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

impl SimulatedService {
    pub(crate) fn new(checkpoint: PathBuf, durable: Arc<AtomicU64>) -> Self {
        Self {
            world: Arc::default(),
            checkpoint,
            durable,
            latency: Duration::from_millis(4),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn fault(&self, request: &str, fault: Fault) {
        let mut world = self.world();
        world
            .script
            .entry(request.to_owned())
            .or_default()
            .push_back(fault);
    }

    /// One of these requests takes so much longer: the next, or the first of which this was not said yet.
    pub(crate) fn delay(&self, request: &str, delay: Duration) {
        let mut world = self.world();
        let delays = world.delays.entry(request.to_owned()).or_default();
        delays.push_back(delay);
    }

    /// A read is answered once this write has come.
    pub(crate) fn queue(&self, read: &str, behind: Key) {
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
    pub(crate) fn heal(&self) {
        self.world().script.clear();
    }

    pub(crate) fn expect_line(&self, key: Key, line: u64, group: &str) {
        self.world().lines.insert(key, (line, group.to_owned()));
    }

    /// Tells `alarm` with the `nth` request from now on.
    pub(crate) fn alarm_at(&self, nth: usize, alarm: mpsc::UnboundedSender<()>) {
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
        let sent = LoggedRequest {
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
    pub(crate) fn meddle(&self, execution: &str, deed: &Deed) {
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
        if matches!(answer, Ruling::Done | Ruling::Shown(_)) {
            world.ledger.push(write.key.clone());
        }
        let reply = answered(&answer, world.silent);
        if answer == Ruling::NotFound {
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
        if operation.subject().is_none() {
            // An index that lags behind for ever: what it lacks proves nothing.
            return reply(200, &serde_json::json!({"results": []}));
        }
        match world.executions.get(&execution_of(operation)) {
            Some(execution) => reply(200, execution),
            // As the generations say it.
            None if matches!(operation, Operation::GetExecution(_)) => reply(200, &Value::Null),
            None => answered(&Ruling::NotFound, world.silent),
        }
    }
}

impl Transport for SimulatedService {
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
            let writes = !matches!(operation.kind(), OperationKind::Read(_));
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
    service: SimulatedService,
    execution: String,
}

impl Writing {
    fn begin(service: &SimulatedService, write: &Write) -> Self {
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

pub(crate) fn key(operation: &Operation, body: Option<&Value>) -> Key {
    let body = body.map(Value::to_string).unwrap_or_default();
    format!("{:?} {} {body}", operation.method(), operation.path())
}

fn execution_of(operation: &Operation) -> String {
    match operation.subject() {
        Some((_, execution, _)) => execution.as_str().to_owned(),
        None => format!("{operation:?}"),
    }
}
