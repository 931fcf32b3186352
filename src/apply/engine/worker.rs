//! A process that works on the groups of all runs on one server and organisation.

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    io, process,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::Timestamp;
use temporalio_macros::activities;
use temporalio_sdk::{
    ApplicationFailure, Runtime, Worker, WorkerOptions,
    activities::{ActivityContext, ActivityError},
    runtime::RuntimeOptions,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    error::{EngineError, with_causes},
    group::{unworkable, work_on},
    heartbeat::Heartbeats,
    link::EngineLink,
    pace_flow::PaceFlow,
    run_flow::RunFlow,
    shard_flow::ShardFlow,
    shared_pace::{ReservedPace, WorkerPace},
    stop_look::StopLooks,
    task::{GroupEnd, GroupTask, SessionTask, place},
};
use crate::{
    client::{Client, ClientParts, Traffic},
    event::StopReason,
    http::{BoundedTransport, Transport},
    pace::Pacer,
    retry::Policy,
};

/// How long a workflow of a dead worker waits for it before another one goes on.
const STICKY: Duration = Duration::from_secs(1);

/// How long groups may finish what is in flight when the worker leaves: longer than any request.
const GRACE: Duration = Duration::from_secs(60);

/// The service that a worker sends to, with its own token.
#[derive(Debug)]
pub struct WorkerParts {
    pub transport: Arc<dyn Transport>,
    pub server: String,
    pub org: Option<String>,
}

/// A worker that has begun.
pub struct EngineWorker {
    clients: SessionClients,
    refusal: Arc<Mutex<Option<String>>>,
    leaving: watch::Sender<bool>,
    stop: Box<dyn FnOnce() + Send>,
    thread: JoinHandle<Result<(), EngineError>>,
}

/// The activities, with what they share.
pub(crate) struct GroupActivities {
    parts: WorkerParts,
    engine: EngineLink,
    clients: SessionClients,
    pace: Arc<WorkerPace>,
    stop_looks: StopLooks,
    /// Why the service did not accept the token, until it is told.
    refusal: Arc<Mutex<Option<String>>>,
    leaving: watch::Receiver<bool>,
}

/// The client of each session: all its groups share its limiter and its pauses.
type SessionClients = Arc<Mutex<HashMap<(String, i64), Arc<Client>>>>;

impl EngineWorker {
    /// Begins to work on what the engine has for this server and organisation.
    ///
    /// # Errors
    ///
    /// If the engine can't be reached.
    pub async fn start(engine: &EngineLink, parts: WorkerParts) -> Result<Self, EngineError> {
        let queue = place(&parts.server, parts.org.as_deref());
        engine.start_pace(&queue).await?;
        let (leaving, leaves) = watch::channel(false);
        let clients = SessionClients::default();
        let refusal = Arc::default();
        let activities = GroupActivities {
            parts,
            engine: engine.clone(),
            clients: Arc::clone(&clients),
            pace: Arc::default(),
            stop_looks: StopLooks::default(),
            refusal: Arc::clone(&refusal),
            leaving: leaves,
        };
        let engine = engine.clone();
        let (begun, has_begun) = oneshot::channel();
        let failed = |error: &dyn fmt::Display| EngineError::of("be worked for", error);
        // Threads of its own: what blocks the command must not delay a heartbeat.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let thread = thread::Builder::new().name("engine".to_owned());
        let thread = thread
            .spawn(move || {
                runtime.block_on(async {
                    // The library would tell the engine about this machine.
                    let quiet = RuntimeOptions::builder()
                        .maybe_heartbeat_interval(None)
                        .build()
                        .map_err(|error| failed(&error))?;
                    let runtime =
                        Runtime::from_current_tokio(quiet).map_err(|error| failed(&error))?;
                    let options = WorkerOptions::new(queue)
                        .register_activities(activities)
                        .register_workflow::<RunFlow>()
                        .map_err(|error| failed(&error))?
                        .register_workflow::<ShardFlow>()
                        .map_err(|error| failed(&error))?
                        .register_workflow::<PaceFlow>()
                        .map_err(|error| failed(&error))?
                        .sticky_queue_schedule_to_start_timeout(STICKY)
                        .graceful_shutdown_period(GRACE)
                        .build();
                    let mut worker = Worker::new(&runtime, engine.client(), options)
                        .map_err(|error| failed(&error))?;
                    let stop: Box<dyn FnOnce() + Send> = Box::new(worker.shutdown_handle());
                    drop(begun.send(stop));
                    worker.run().await.map_err(|error| failed(&error))
                })
            })
            .map_err(|error| failed(&error))?;
        let worker = |stop| Self {
            clients,
            refusal,
            leaving,
            stop,
            thread,
        };
        match has_begun.await {
            Ok(stop) => Ok(worker(stop)),
            // It has ended without a worker, and says why.
            Err(_) => worker(Box::new(|| {}))
                .leave()
                .and(Err(failed(&"no worker began"))),
        }
    }

    /// The requests that it has made for a session.
    pub fn traffic(&self, session: &SessionTask) -> Traffic {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.get(&(session.run.clone(), session.began_ms));
        client.map(|client| client.traffic()).unwrap_or_default()
    }

    /// Why a run has stopped since this was asked last: the service does not accept the token of this worker.
    pub fn take_refusal(&self) -> Option<String> {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.take()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Gives the groups back after what is in flight, and ends. Blocks.
    ///
    /// # Errors
    ///
    /// If it had failed.
    pub fn leave(self) -> Result<(), EngineError> {
        self.leaving.send_replace(true);
        (self.stop)();
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(EngineError::of("be worked for", &"the worker panicked")))
    }
}

#[activities]
impl GroupActivities {
    /// Works on one group, and tells the engine its end itself: the library does not once its own heartbeats are missing for ten seconds, and
    /// knows nothing of those that are sent here.
    #[activity]
    pub(crate) async fn group(
        self: Arc<Self>,
        context: ActivityContext,
        task: GroupTask,
    ) -> Result<GroupEnd, ActivityError> {
        let end = self.attempt(&context, task).await;
        self.engine.end_activity(&context, end).await;
        Err(ActivityError::WillCompleteAsync)
    }
}

impl GroupActivities {
    async fn attempt(
        &self,
        context: &ActivityContext,
        task: GroupTask,
    ) -> Result<GroupEnd, ApplicationFailure> {
        let kept = context.heartbeat_details().deserialize::<String>();
        let kept = kept.map_err(|error| broken(&error))?;
        let journal = kept.unwrap_or_else(|| task.journal.clone());
        let (interrupt, interrupts) = mpsc::unbounded_channel();
        let send = self.engine.heartbeat(context);
        let heartbeats = Arc::new(Heartbeats::new(&journal, send, interrupt));
        // The token is for this server and organisation alone.
        if task.session.server != self.parts.server || task.session.org != self.parts.org {
            return Err(broken(&"the group is for another server or organisation"));
        }
        let client = self.client(&task.session);
        let work = work_on(task, journal, client, Arc::clone(&heartbeats), interrupts);
        let mut leaving = self.leaving.clone();
        let leave = async {
            if leaving.wait_for(|leaves| *leaves).await.is_ok() {
                heartbeats.interrupt();
            }
        };
        let stop = async {
            self.engine.until_stop(context, &self.stop_looks).await;
            heartbeats.interrupt();
        };
        let keep = async {
            tokio::join!(heartbeats.keep(), leave, stop);
            // What is lost or interrupted comes to its end.
            std::future::pending().await
        };
        let ended = tokio::select! {
            ended = work => ended,
            never = keep => never,
        };
        if let Some(reason) = heartbeats.lost() {
            return Err(given_back(reason));
        }
        // An error of the activity would have the engine forget what was sent.
        let mut end = ended.unwrap_or_else(|error| {
            let message = with_causes(&error);
            unworkable(heartbeats.journal(), StopReason::Bug { message })
        });
        if let Some(StopReason::Unauthorized { message }) = &mut end.stopped {
            let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
            *refusal = Some(message.clone());
            // Others wonder whose token that is.
            let _ = write!(message, " (worker with the process id {})", process::id());
        }
        if end.stopped.is_some() && *self.leaving.borrow() {
            return Err(given_back("the worker leaves"));
        }
        Ok(end)
    }

    /// The client of a session.
    fn client(&self, session: &SessionTask) -> Arc<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (session.run.clone(), session.began_ms);
        if let Some(client) = clients.get(&key) {
            return Arc::clone(client);
        }
        // Those of ended sessions are not needed any more.
        clients.retain(|_, client| Arc::strong_count(client) > 1);
        let pace = &session.pace;
        let reserve = self.engine.reserve(session.clone());
        let shared = ReservedPace::new(pace, reserve, Arc::clone(&self.pace));
        let client = Arc::new(Client::new(ClientParts {
            transport: Arc::new(BoundedTransport {
                transport: Arc::clone(&self.parts.transport),
                limit: session.settle(),
            }),
            pacer: Pacer::new(pace.rate, pace.burst).sharing(Arc::new(shared)),
            policy: Policy::default(),
            rng: fastrand::Rng::new(),
            now: Timestamp::now,
            client_events: None,
        }));
        clients.insert(key, Arc::clone(&client));
        client
    }
}

impl fmt::Debug for EngineWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineWorker").finish_non_exhaustive()
    }
}

impl fmt::Debug for GroupActivities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupActivities")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

/// Another attempt goes on with the group.
fn given_back(reason: &str) -> ApplicationFailure {
    ApplicationFailure::new(io::Error::other(reason.to_owned()))
}

/// No attempt can work on the group.
fn broken(reason: &dyn fmt::Display) -> ApplicationFailure {
    ApplicationFailure::non_retryable(io::Error::other(reason.to_string()))
}
