//! The folder of a run that an engine makes: it shows the run as it was when it was fetched, and is made or renewed each time.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Instant,
};

use jiff::Timestamp;

use super::{
    execute::{Answers, PreparedRun, conclude, to_try_the_rest, unusable},
    known_plan::KnownPlan,
    observers::{Events, Observers},
    runs::store_error,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointHeader, CheckpointState, Detail, Record},
    cli::Common,
    client::Traffic,
    engine::FetchedRecords,
    error::{Error, ExitCode},
    event::{Event, Reporter as _},
    report::{Session, Summary, report_ends},
    store::{Lock, RunDraft, RunFolder, RunSettings},
};

/// Why a run is abandoned, as its report says.
const ABANDONED: &str = "a user abandoned the run";

/// Where the run's folder is, or will be.
#[derive(Debug)]
pub(super) enum RunPlace {
    /// It appears once the run has ended or stopped: what a folder says of a run has to be true.
    Draft(RunDraft),
    /// It is there, as an earlier session has left it.
    Folder(RunFolder, Lock),
}

/// A folder that is as the engine has the run.
#[derive(Debug)]
pub(super) struct StoredRun {
    pub(super) folder: RunFolder,
    pub(super) lock: Lock,
    pub(super) state: CheckpointState,
    /// As the folder was before.
    before: Option<CheckpointState>,
}

/// A run as it was fetched, to be shown.
#[derive(Debug)]
pub(super) struct FetchedRun {
    pub(super) stored: StoredRun,
    pub(super) settings: RunSettings,
    pub(super) plan: KnownPlan,
    pub(super) plan_file: File,
    /// When the command began.
    pub(super) start: Instant,
    /// The requests of this process.
    pub(super) traffic: Traffic,
}

impl RunPlace {
    /// Where the plan is.
    pub(super) fn plan(&self) -> PathBuf {
        match self {
            Self::Draft(draft) => draft.plan(),
            Self::Folder(folder, _) => folder.plan(),
        }
    }

    /// Writes the records of the engine as the checkpoint of the run.
    pub(super) fn store(
        self,
        settings: &RunSettings,
        header: &CheckpointHeader,
        fetched: &FetchedRecords,
    ) -> Result<StoredRun, Error> {
        match self {
            Self::Draft(draft) => {
                let state = write_checkpoint(&draft.checkpoint(), header, fetched)?;
                let (folder, lock) = draft.complete(settings).map_err(store_error)?;
                Ok(StoredRun {
                    folder,
                    lock,
                    state,
                    before: None,
                })
            }
            Self::Folder(folder, lock) => {
                let before = Checkpoint::read(&folder.checkpoint()).map_err(unusable)?;
                let new = folder.next_checkpoint();
                // A process that died may have left a part of one.
                drop(fs::remove_file(&new));
                let state = write_checkpoint(&new, header, fetched)?;
                folder.replace_checkpoint(&new).map_err(store_error)?;
                Ok(StoredRun {
                    folder,
                    lock,
                    state,
                    before: Some(before.state),
                })
            }
        }
    }
}

impl FetchedRun {
    /// Shows the result, stores it in the folder, and tells those who want to know.
    pub(super) fn conclude(
        self,
        common: &Common,
        fetched: &FetchedRecords,
        observers: &Observers,
    ) -> Result<ExitCode, Error> {
        let Self {
            stored,
            settings,
            plan,
            plan_file,
            start,
            traffic,
        } = self;
        let StoredRun {
            folder,
            lock,
            state,
            before,
        } = stored;
        let prepared = PreparedRun {
            folder,
            settings,
            plan,
            plan_file,
            answers: Answers::default(),
            start,
        };
        let counts = state.counts();
        let has_ended = state.ending().is_some();
        let summary = Summary {
            run: Some(prepared.settings.run.to_string()),
            session: Session {
                requests: traffic.requests,
                retries: traffic.retries,
                throttled: traffic.pushed_back,
                elapsed: start.elapsed(),
            },
            is_resumed: state.is_resumed(),
            stopped: fetched.stopped.clone().filter(|_| !has_ended),
            abandoned: fetched.abandoned.as_ref().map(|_| ABANDONED.to_owned()),
            finished: state.is_finished(),
            folder: Some(prepared.folder.path().to_owned()),
            to_try_the_rest: (has_ended.then(|| to_try_the_rest(common, &prepared, &counts)))
                .flatten(),
            outcomes: counts,
            ..prepared.plan.result()
        };
        let mut events = observers.events(&prepared)?;
        if let Some(events) = &mut events {
            tell(events, &prepared, before.as_ref(), &summary)?;
        }
        let plan = prepared.plan.within(&prepared.plan_file);
        let exit_code = conclude(common, &prepared.folder, plan, &summary, 0, observers);
        if let Some(events) = events {
            observers.end_events(events, &exit_code);
        }
        drop(lock);
        exit_code
    }
}

/// Writes the events of a session that this process has not seen itself.
fn tell(
    events: &mut Events<'_>,
    run: &PreparedRun,
    before: Option<&CheckpointState>,
    summary: &Summary,
) -> Result<(), Error> {
    let earlier = before.map(|before| before.ended().clone());
    let started = Event::Started {
        run: run.settings.run.to_string(),
        planned: run.plan.trailer.changes,
        earlier: earlier.unwrap_or_default(),
    };
    events.event(Instant::now(), &started);
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("the events of the run can't be read").caused_by(error)
    };
    let plan = run.plan.within(&run.plan_file).reader();
    let plan = plan.map_err(|error| failed(error.into()))?;
    report_ends(&run.folder, plan, before, events).map_err(|error| failed(error.into()))?;
    if let Some(reason) = summary.stopped.clone() {
        events.event(Instant::now(), &Event::Draining { reason });
    }
    Ok(())
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
    let end = match &fetched.abandoned {
        Some(abandoned) => Some(Record::Abandoned {
            at: abandoned.at.as_millisecond(),
            reason: Detail::new(ABANDONED),
        }),
        None if fetched.stopped.is_none() && !is_open => Some(Record::Finished {
            at: fetched.ended_at.as_millisecond(),
        }),
        None => None,
    };
    if let Some(end) = end {
        checkpoint
            .append_without_waiting(end)
            .map_err(|error| contradicts(error.into()))?;
    }
    checkpoint
        .close()
        .map_err(|error| contradicts(error.into()))
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
