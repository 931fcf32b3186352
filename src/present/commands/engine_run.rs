//! A run that an engine makes: it is uploaded, followed to its end, and becomes a run of the state folder.

use std::{
    fs::{self, File},
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, task};

use super::{
    admit::refused,
    backend::Backend,
    engine_folder::{FetchedRun, RunPlace},
    engine_site::EngineSite,
    engine_watch::watch,
    execute::{Answers, reporters},
    known_plan::KnownPlan,
    observers::Observers,
    signing::beside,
    terminal::{print, say},
};
use crate::{
    cli::Common,
    client::Traffic,
    engine::{
        EngineError, EngineLink, EngineWorker, FetchedRecords, SessionTask, Submission,
        SubmittedRun, WorkerParts,
    },
    error::{Error, ExitCode},
    event::{Event, Reporter as _},
    outcome::Counts,
    plan::Refusal,
    report::write_detached_json,
    store::{RunDraft, RunSettings},
    text::Untrusted,
};

/// How often the engine is asked how far the run is: for a bar, and for the lines of a log.
const POLL_BAR: Duration = Duration::from_secs(2);
const POLL_LINES: Duration = Duration::from_secs(5);

/// How often it is asked whether the worker has ended by itself.
const LOOK: Duration = Duration::from_secs(1);

/// A run that is or will be at an engine.
#[derive(Debug)]
pub(super) struct EngineRun {
    pub(super) place: RunPlace,
    pub(super) settings: RunSettings,
    pub(super) plan: KnownPlan,
    pub(super) plan_file: File,
    pub(super) start: Instant,
}

/// The run at the engine, and what this process does for it.
#[derive(Debug)]
pub(super) struct RunToFollow<'a> {
    pub(super) site: &'a EngineSite,
    pub(super) run: SubmittedRun,
    pub(super) session: SessionTask,
    pub(super) backend: Backend,
    pub(super) interrupts: mpsc::UnboundedReceiver<()>,
}

impl EngineRun {
    /// One that begins.
    pub(super) const fn new(
        draft: RunDraft,
        settings: RunSettings,
        plan: KnownPlan,
        plan_file: File,
        start: Instant,
    ) -> Self {
        Self {
            place: RunPlace::Draft(draft),
            settings,
            plan,
            plan_file,
            start,
        }
    }

    /// Uploads the plan. Unless the run is left to the workers, works on it until its end, and shows the result. `again`: a second application is
    /// intended. `known`: the engine's names of the runs of the plan that were looked at.
    pub(super) async fn make(
        mut self,
        common: &Common,
        site: &EngineSite,
        (again, known): (bool, Vec<String>),
        (backend, mut interrupts): (Backend, mpsc::UnboundedReceiver<()>),
        observers: &Observers,
    ) -> Result<ExitCode, Error> {
        let engine = &site.link;
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
            signature: self.signature()?,
            session: session.clone(),
            stages: self.settings.pace.stages_of(self.plan.trailer.groups),
            again,
            known: &known,
        };
        let interrupted = next_signal(&mut interrupts);
        let submitted = Box::pin(engine.submit(submission, interrupted)).await;
        let run = submitted.map_err(|error| not_submitted(common, &self.settings, error))?;
        let followed = RunToFollow {
            site,
            run,
            session,
            backend,
            interrupts,
        };
        self.work(common, followed, Counts::default(), observers)
            .await
    }

    /// The signature that was checked, which is beside the copy of the plan.
    fn signature(&self) -> Result<Option<String>, Error> {
        match fs::read_to_string(beside(&self.place.plan())) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(Error::failed("the signature of the plan can't be read").caused_by(error))
            }
        }
    }

    /// Unless the run is left to the workers, works on it until its end, and shows the result. `earlier`: the outcomes that it has already.
    pub(super) async fn work(
        self,
        common: &Common,
        followed: RunToFollow<'_>,
        earlier: Counts,
        observers: &Observers,
    ) -> Result<ExitCode, Error> {
        let RunToFollow {
            site,
            run,
            session,
            backend,
            mut interrupts,
        } = followed;
        let (engine, id) = (&site.link, self.settings.run.to_string());
        observers.made(&id);
        let resume = self.command(common, engine, "resume");
        say(|out| writeln!(out, "run {id} is at the engine {}", engine.address()));
        if site.detach {
            say(|out| writeln!(out, "for its result: {}", Untrusted(&resume).terminal()));
            if common.json {
                print(|out| write_detached_json(&self.settings, out))?;
            }
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
            fetched = engine.follow(&run) => Some(fetched.map_err(failed)),
            () = until_ended(&worker) => Some(Err(Error::failed(
                "this process can't work on the run any more",
            ))),
            never = self.show_progress(common, engine, &run, earlier) => match never {},
            never = watch(engine) => match never {},
        };
        let traffic = worker.traffic(&session);
        let left = task::spawn_blocking(move || worker.leave()).await;
        let Some(fetched) = fetched else {
            let abandon = self.command(common, engine, "abandon");
            say(|out| {
                writeln!(
                    out,
                    "run {id} goes on at the engine; to follow it: {}",
                    Untrusted(&resume).terminal()
                )?;
                writeln!(out, "to end it: {}", Untrusted(&abandon).terminal())
            });
            return Err(Error::interrupted());
        };
        if let Ok(Err(error)) = left {
            say(|out| writeln!(out, "warning: {}", Untrusted(&error.to_string()).terminal()));
        }
        let fetched = fetched.map_err(|error| {
            error.hint(format!(
                "other workers may go on with the run; to follow it: {resume}"
            ))
        })?;
        self.conclude(common, &fetched, traffic, observers)
    }

    /// A command on this run. The engine is named, unless the environment or the command line does so anyway.
    fn command(&self, common: &Common, engine: &EngineLink, name: &str) -> String {
        let id = self.settings.run.to_string();
        let is_said = common.engine_is_typed;
        let address = engine.address().to_string();
        let arguments = [id.as_str(), "--engine", &address];
        let arguments = if is_said { &arguments[..1] } else { &arguments };
        common.invocation.command(name, arguments)
    }

    /// Shows how far the run is, until this is dropped.
    async fn show_progress(
        &self,
        common: &Common,
        engine: &EngineLink,
        run: &SubmittedRun,
        earlier: Counts,
    ) -> std::convert::Infallible {
        let every = if io::stderr().is_terminal() {
            POLL_BAR
        } else {
            POLL_LINES
        };
        if common.quiet {
            return std::future::pending().await;
        }
        let mut shown = ShownProgress(reporters(common));
        let started = Event::Started {
            run: self.settings.run.to_string(),
            planned: self.plan.trailer.changes,
            earlier,
        };
        shown.0.event(Instant::now(), &started);
        loop {
            tokio::time::sleep(every).await;
            if let Some(outcomes) = engine.counts(run).await {
                shown.0.event(Instant::now(), &Event::Counted { outcomes });
            }
            shown.0.tick(Instant::now());
        }
    }

    /// Makes or renews the run's folder, and shows the result.
    pub(super) fn conclude(
        self,
        common: &Common,
        fetched: &FetchedRecords,
        traffic: Traffic,
        observers: &Observers,
    ) -> Result<ExitCode, Error> {
        let header = self.plan.checkpoint_header(self.settings.run);
        let stored = self.place.store(&self.settings, &header, fetched)?;
        let result = FetchedRun {
            stored,
            settings: self.settings,
            plan: self.plan,
            plan_file: self.plan_file,
            start: self.start,
            traffic,
        };
        result.conclude(common, fetched, observers)
    }
}

/// A bar must not stay on the screen.
struct ShownProgress(crate::event::Reporters<'static>);

impl Drop for ShownProgress {
    fn drop(&mut self) {
        self.0.finish(Instant::now());
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
        began_ms: jiff::Timestamp::now().as_millisecond(),
    }
}

/// Waits until a worker has ended by itself.
async fn until_ended(worker: &EngineWorker) {
    while !worker.has_ended() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The next signal; never, once the channel is closed.
pub(super) async fn next_signal(interrupts: &mut mpsc::UnboundedReceiver<()>) {
    if interrupts.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

fn not_submitted(common: &Common, settings: &RunSettings, error: EngineError) -> Error {
    const UNCHANGED: &str = "nothing was changed";
    let not_submitted = |error: EngineError| {
        let reason = Error::failed("the plan was not submitted").caused_by(error);
        reason.hint(UNCHANGED)
    };
    match error {
        EngineError::Rival { run } => {
            let refusal = Refusal::Unfinished {
                run: run.to_string(),
                recorded: None,
            };
            refused(common, &refusal)
        }
        EngineError::Submitted { run } => {
            let resume = common.invocation.command("resume", &[&run.to_string()]);
            not_submitted(error)
                .hint(format!("wait for it: {resume}"))
                .hint("then plan again; `apply --again` applies the same plan once more")
        }
        EngineError::Interrupted => Error::interrupted().hint(UNCHANGED),
        EngineError::PerhapsBegun { .. } => perhaps_begun(common, settings, error),
        EngineError::UnreadRun(_) => failed(error).hint(UNCHANGED),
        error => not_submitted(error),
    }
}

/// Why a run does not go on.
pub(super) fn not_resumed(common: &Common, settings: &RunSettings, error: EngineError) -> Error {
    match error {
        EngineError::Interrupted => Error::interrupted().hint("the run does not go on"),
        EngineError::PerhapsBegun { .. } => perhaps_begun(common, settings, error),
        error => failed(error),
    }
}

fn perhaps_begun(common: &Common, settings: &RunSettings, error: EngineError) -> Error {
    let status = common
        .invocation
        .command("status", &[&settings.run.to_string()]);
    failed(error).hint(format!("to look at it: {status}"))
}

pub(super) fn failed(error: EngineError) -> Error {
    let hint = match &error {
        EngineError::Unusable(_) | EngineError::UnreadRun(_) => Some(
            "use the key that the run was begun with, if it had one: --engine-key-file, WF_BULK_ENGINE_KEY_FILE or WF_BULK_ENGINE_KEY",
        ),
        _ => None,
    };
    let failed = Error::failed("the engine can't be used").caused_by(error);
    match hint {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}
