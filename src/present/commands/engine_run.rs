//! A run that an engine makes: it is uploaded, followed to its end, and becomes a run of the state folder.

use std::{fs::File, path::Path, time::Instant};

use jiff::Timestamp;
use tokio::{sync::mpsc, task};

use super::{
    backend::{Backend, SANDBOX},
    engine_access::engine_credentials,
    execute::{Answers, conclude, unusable},
    known_plan::KnownPlan,
    observers::Observers,
    runs::store_error,
    terminal::say,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointHeader, CheckpointState, Record},
    cli::{Common, EngineAccess},
    client::Traffic,
    engine::{
        EngineAddress, EngineError, EngineLink, EngineWorker, FetchedRecords, SessionTask,
        Submission, SubmittedRun, WorkerParts,
    },
    error::{Error, ExitCode},
    report::{Session, Summary},
    store::{Lock, RunDraft, RunFolder, RunSettings},
    text::Untrusted,
};

/// A plan that may be applied, for an engine.
#[derive(Debug)]
pub(super) struct EngineRun {
    pub(super) place: RunPlace,
    pub(super) settings: RunSettings,
    pub(super) plan: KnownPlan,
    pub(super) plan_file: File,
    pub(super) start: Instant,
    /// A second application is intended.
    pub(super) again: bool,
    /// Whether this process only uploads.
    pub(super) detach: bool,
}

/// Where the run's folder is, or will be.
#[derive(Debug)]
pub(super) enum RunPlace {
    /// It appears once the run has ended or stopped: what a folder says of a run has to be true.
    Draft(RunDraft),
    /// It is there, as an earlier session has left it.
    Folder(RunFolder, Lock),
}

impl EngineRun {
    /// Uploads the plan. Unless the run is left to the workers, works on it until its end, and shows the result.
    pub(super) async fn make(
        mut self,
        common: &Common,
        (address, access): (&str, &EngineAccess),
        backend: Backend,
        interrupts: mpsc::UnboundedReceiver<()>,
        observers: &Observers,
    ) -> Result<ExitCode, Error> {
        let engine = connect(address, access, &self.settings.server).await?;
        self.settings.engine = Some(engine.address().to_string());
        let session = session(
            &self.settings,
            self.plan.trailer.changes,
            Answers::default(),
        );
        let submission = Submission {
            settings: &self.settings,
            plan: self.plan.within(&self.plan_file),
            changes: self.plan.trailer.changes,
            follows: self.plan.header.follows,
            signature: None,
            session: session.clone(),
            stages: self.settings.pace.stages_of(self.plan.trailer.groups),
            again: self.again,
        };
        let run = engine.submit(submission).await.map_err(refused)?;
        self.work(
            common, &engine, &run, &session, backend, interrupts, observers,
        )
        .await
    }

    /// Unless the run is left to the workers, works on it until its end, and shows the result.
    pub(super) async fn work(
        self,
        common: &Common,
        engine: &EngineLink,
        run: &SubmittedRun,
        session: &SessionTask,
        backend: Backend,
        mut interrupts: mpsc::UnboundedReceiver<()>,
        observers: &Observers,
    ) -> Result<ExitCode, Error> {
        let id = self.settings.run.to_string();
        say(|out| writeln!(out, "run {id} is at the engine {}", engine.address()));
        if self.detach {
            return Ok(ExitCode::Done);
        }
        let parts = WorkerParts {
            transport: backend.transport.clone(),
            server: self.settings.server.clone(),
            org: self.settings.org.clone(),
        };
        let worker = EngineWorker::start(engine, parts).await.map_err(failed)?;
        let fetched = tokio::select! {
            biased;
            Some(()) = interrupts.recv() => None,
            fetched = engine.follow(run) => Some(fetched),
        };
        let traffic = worker.traffic(session);
        let left = task::spawn_blocking(move || worker.leave()).await;
        let Some(fetched) = fetched else {
            let engine = engine.address().to_string();
            let resume = common
                .invocation
                .command("resume", &[&id, "--engine", &engine]);
            say(|out| {
                writeln!(
                    out,
                    "run {id} goes on at the engine; to follow it: {}",
                    Untrusted(&resume).terminal()
                )
            });
            return Err(Error::interrupted());
        };
        if let Ok(Err(error)) = left {
            say(|out| writeln!(out, "warning: {}", Untrusted(&error.to_string()).terminal()));
        }
        self.conclude(common, &fetched.map_err(failed)?, traffic, observers)
    }

    /// Makes the run's folder, and shows the result.
    fn conclude(
        self,
        common: &Common,
        fetched: &FetchedRecords,
        traffic: Traffic,
        observers: &Observers,
    ) -> Result<ExitCode, Error> {
        let header = self.plan.checkpoint_header(self.settings.run);
        let (folder, run_lock, state) = match self.place {
            RunPlace::Draft(draft) => {
                let state = write_checkpoint(&draft.checkpoint(), &header, fetched)?;
                let (folder, lock) = draft.complete(&self.settings).map_err(store_error)?;
                (folder, lock, state)
            }
            RunPlace::Folder(folder, lock) => {
                let new = folder.next_checkpoint();
                let state = write_checkpoint(&new, &header, fetched)?;
                folder.replace_checkpoint(&new).map_err(store_error)?;
                (folder, lock, state)
            }
        };
        let summary = Summary {
            run: Some(self.settings.run.to_string()),
            outcomes: state.counts(),
            session: Session {
                requests: traffic.requests,
                retries: traffic.retries,
                throttled: traffic.pushed_back,
                elapsed: self.start.elapsed(),
            },
            is_resumed: state.is_resumed(),
            stopped: fetched.stopped.clone(),
            finished: state.is_finished(),
            folder: Some(folder.path().to_owned()),
            ..self.plan.result()
        };
        let plan = self.plan.within(&self.plan_file);
        let exit_code = conclude(common, &folder, plan, &summary, 0, observers);
        drop(run_lock);
        exit_code
    }
}

/// The settings of a session.
pub(super) fn session(settings: &RunSettings, changes: u64, answers: Answers) -> SessionTask {
    SessionTask {
        run: settings.run.to_string(),
        server: settings.server.clone(),
        org: settings.org.clone(),
        pace: settings.pace.clone(),
        max_errors: settings.pace.max_errors_of(changes),
        recheck: settings.recheck,
        // A worker that was killed knew no shorter limit of its requests.
        settle_ms: settings.settle_ms.max(settings.timeout_ms),
        answers: answers.single,
        doubts: answers.all,
        began_ms: now_ms(),
    }
}

/// Writes what was fetched as the checkpoint of a run.
fn write_checkpoint(
    path: &Path,
    header: &CheckpointHeader,
    fetched: &FetchedRecords,
) -> Result<CheckpointState, Error> {
    let contradicts = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("what the engine has recorded of the run can't be used").caused_by(error)
    };
    Checkpoint::create(path, header).map_err(unusable)?;
    let opened = Checkpoint::open(path, header, now_ms()).map_err(unusable)?;
    let mut checkpoint = opened.checkpoint;
    for record in fetched.records() {
        let record = record.map_err(|error| contradicts(error.into()))?;
        checkpoint
            .append_without_waiting(record)
            .map_err(|error| contradicts(error.into()))?;
    }
    let is_open = checkpoint.state().all_open().next().is_some();
    if fetched.stopped.is_none() && !is_open {
        let ended = Record::Finished { at: now_ms() };
        checkpoint
            .append_without_waiting(ended)
            .map_err(|error| contradicts(error.into()))?;
    }
    checkpoint
        .close()
        .map_err(|error| contradicts(error.into()))
}

/// Connects to the engine at an address.
pub(super) async fn connect(
    address: &str,
    access: &EngineAccess,
    server: &str,
) -> Result<EngineLink, Error> {
    if server == SANDBOX {
        return Err(Error::usage(
            "the built-in sandbox is in this process alone, so no other worker can reach it",
        )
        .hint("serve one with `wf-bulk sandbox`, and use it with --server"));
    }
    let address = address.parse::<EngineAddress>();
    let address =
        address.map_err(|error| Error::usage("the engine can't be used").caused_by(error))?;
    let credentials = engine_credentials(access)?;
    EngineLink::connect(address, credentials)
        .await
        .map_err(failed)
}

fn refused(error: EngineError) -> Error {
    let is_known = matches!(error, EngineError::Submitted);
    let refused = Error::failed("the plan was not submitted").caused_by(error);
    let refused = if is_known {
        refused.hint("to apply it once more, add --again")
    } else {
        refused
    };
    refused.hint("nothing was changed")
}

pub(super) fn failed(error: EngineError) -> Error {
    Error::failed("the engine can't be used").caused_by(error)
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
