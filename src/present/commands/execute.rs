//! Executes a run with a folder: a new one, or one that was stopped.

use std::{
    fs::File,
    io::{self, IsTerminal},
    sync::Arc,
    time::Instant,
};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{
    backend::Backend,
    doubt_answers::say_aside,
    known_plan::KnownPlan,
    lineage::Lineage,
    observers::Observers,
    retry_hint::EndedRun,
    terminal::{STYLES, say, width_of_stderr},
};
use crate::{
    checkpoint::{CheckpointError, Replayed, Tail},
    cli::Common,
    client::Client,
    error::{Error, ExitCode},
    event::{Reporter as _, Reporters},
    outcome::Counts,
    plan::KnownFile,
    private_file,
    report::{
        Bars, Load, ProblemList, ProgressLines, RequestedPace, Session, Summary, TimelineRecorder,
        write_files,
    },
    retry::Policy,
    run::{Dispatcher, DoubtAnswer, GivenAnswer, Lease, Settings, Signals, VIEW_LASTS},
    store::{RunFolder, RunSettings, StateDir},
};

/// A run that is ready to be executed.
#[derive(Debug)]
pub(super) struct PreparedRun {
    pub(super) folder: RunFolder,
    pub(super) settings: RunSettings,
    pub(super) plan: KnownPlan,
    /// The run's own copy of the plan, open since it was checked.
    pub(super) plan_file: File,
    pub(super) answers: Answers,
    /// When the command started.
    pub(super) start: Instant,
}

/// What a person says of the changes that earlier sessions left in doubt.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) single: Vec<GivenAnswer>,
    /// About all others.
    pub(super) all: Option<DoubtAnswer>,
}

/// Executes the run until it is finished or stopped; shows the result and stores it in the run's folder.
pub(super) async fn execute(
    common: &Common,
    prepared: PreparedRun,
    checkpoint: Replayed,
    backend: Backend,
    interrupts: mpsc::UnboundedReceiver<()>,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let mut events = observers.events(&prepared)?;
    let mut reporters = reporters(common);
    if let Some(events) = &mut events {
        reporters.add(events);
    }
    let signals = Signals {
        interrupts,
        client_events: backend.client_events,
        lease: Lease::permanent(),
    };
    let client = backend.client;
    let session = execute_reported(
        common, &prepared, checkpoint, client, signals, reporters, observers,
    );
    let ended = session.await;
    if let Some(events) = events {
        observers.end_events(events, &ended);
    }
    ended
}

async fn execute_reported(
    common: &Common,
    prepared: &PreparedRun,
    checkpoint: Replayed,
    client: Arc<Client>,
    signals: Signals,
    mut reporters: Reporters<'_>,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let PreparedRun {
        folder,
        settings,
        plan,
        plan_file,
        answers,
        start,
    } = prepared;
    let header = plan.checkpoint_header(settings.run);
    let opened = checkpoint.go_on(&header, now_ms()).map_err(unusable)?;
    match opened.repaired {
        Tail::None => {}
        Tail::Torn { bytes } => say(|out| {
            writeln!(
                out,
                "the checkpoint's last record was incomplete: {bytes} bytes removed; each execution is re-checked"
            )
        }),
        Tail::Unended { .. } => say(|out| {
            writeln!(
                out,
                "the checkpoint's last line had lost its newline, which was restored"
            )
        }),
    }
    let is_resumed = opened.checkpoint.state().is_resumed();
    record_timeline(&mut reporters, folder, settings, &client);
    let dispatcher = Dispatcher::new(
        Settings {
            run: settings.run.to_string(),
            org: settings.org.clone(),
            planned: plan.trailer.changes,
            // If the repair lost records, the re-check of each execution finds the effects.
            recheck: settings.recheck || opened.repaired != Tail::None,
            concurrency: settings.pace.concurrency.get() as usize,
            stop_after: settings.pace.stop_after.get(),
            max_errors: settings.pace.max_errors_of(plan.trailer.changes),
            stages: settings.pace.stages_of(plan.trailer.groups),
            answers: answers.single.clone(),
            doubts: answers.all,
            attempts: Policy::default().attempts.get(),
            settle: settings.settle(),
            view_lasts: VIEW_LASTS,
            now: now_ms,
        },
        Arc::clone(&client),
        opened.checkpoint,
        &mut reporters,
        signals,
    );
    let end = dispatcher
        .run(|wanted| plan.within(plan_file).reader_from(wanted))
        .await
        .map_err(|error| {
            Error::failed("the run ended without a counted result")
                .caused_by(error)
                .hint(format!(
                    "what was done is in its checkpoint; continue with: {}",
                    common
                        .invocation
                        .command("resume", &[&settings.run.to_string()])
                ))
        })?;

    let to_try_the_rest = (end
        .finished
        .then(|| to_try_the_rest(common, prepared, &end.counts)))
    .flatten();
    let traffic = client.traffic();
    let summary = Summary {
        run: Some(settings.run.to_string()),
        outcomes: end.counts,
        session: Session {
            requests: traffic.requests,
            retries: traffic.retries,
            throttled: traffic.pushed_back,
            elapsed: start.elapsed(),
        },
        is_resumed,
        stopped: end.stopped,
        finished: end.finished,
        folder: Some(folder.path().to_owned()),
        to_try_the_rest,
        ..plan.result()
    };
    conclude(
        common,
        folder,
        plan.within(plan_file),
        &summary,
        reporters.told(),
        observers,
    )
}

/// The checkpoint's errors contain the place.
pub(super) fn unusable(error: CheckpointError) -> Error {
    Error::failed("the run's checkpoint can't be used").caused_by(error)
}

/// How to plan the remaining changes of the run again.
pub(super) fn to_try_the_rest(
    common: &Common,
    prepared: &PreparedRun,
    counts: &Counts,
) -> Option<String> {
    let listing = StateDir::new(common.state_dir.clone()).list().ok()?;
    let ended = EndedRun {
        failed: &prepared.folder.failed(),
        settings: &prepared.settings,
        counts,
        header: &prepared.plan.header,
        lineage: &Lineage::of(&listing),
        listing: &listing,
    };
    ended.to_try_the_rest(common)
}

/// Stores a run's result in its folder, shows it, and returns its exit code. `told`: how many problems the reporter has shown.
pub(super) fn conclude(
    common: &Common,
    folder: &RunFolder,
    plan: KnownFile<'_>,
    summary: &Summary,
    told: u64,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    // Before the report: where a report says that the run has ended, the history does, too.
    let recorded = if summary.finished || summary.abandoned.is_some() {
        let history = StateDir::new(common.state_dir.clone()).history();
        history.ended(folder)
    } else {
        Ok(())
    };
    if let Err(error) = recorded {
        say(|out| summary.write_text(None, &common.invocation, out, STYLES));
        let run = folder.id().to_string();
        return Err(Error::failed(
            "the run has ended, but its end can't be written to the history",
        )
        .caused_by(error)
        .hint(format!(
            "this records it, and writes the report: {}",
            common.invocation.command("resume", &[&run])
        )));
    }
    let kept = write_files(folder, summary, || plan.reader());
    let kept = kept.map(|list| list.without_told(told));
    say(|out| summary.write_text(kept.as_ref().ok(), &common.invocation, out, STYLES));
    say_aside(kept.as_ref().ok().and_then(ProblemList::aside));
    if let Err(cause) = kept {
        let error = Error::failed("the run's report can't be written").caused_by(cause);
        return Err(match summary.why_stopped() {
            Some(why) => error.hint(format!("before that, the run stopped: {why}")),
            None => error,
        });
    }
    summary
        .check()
        .map_err(|error| Error::failed("the result does not add up").caused_by(error))?;
    // Last, because with --json an error is the only document.
    observers.conclude(common, summary, summary.exit_code())
}

pub(super) fn reporters<'a>(common: &Common) -> Reporters<'a> {
    let mut reporters = Reporters::default();
    if !common.quiet && io::stderr().is_terminal() {
        reporters.add(Bars::stderr(
            Instant::now(),
            common.verbose,
            width_of_stderr,
        ));
    } else if !common.quiet {
        reporters.add(ProgressLines::new(
            anstream::stderr(),
            Instant::now(),
            common.verbose,
        ));
    }
    reporters
}

/// Lets the run write its timeline. Without one, the run is as good: it is for people only.
fn record_timeline(
    reporters: &mut Reporters<'_>,
    folder: &RunFolder,
    settings: &RunSettings,
    client: &Arc<Client>,
) {
    let Ok(file) = private_file::open_to_append(&folder.timeline()) else {
        return;
    };
    let is_new = file.metadata().is_ok_and(|metadata| metadata.len() == 0);
    let pace = RequestedPace {
        rate: settings.pace.rate.per_second(),
        concurrency: settings.pace.concurrency.get(),
    };
    let client = Arc::clone(client);
    let load = move || {
        let traffic = client.traffic();
        Load {
            requests: traffic.requests,
            retries: traffic.retries,
            throttled: traffic.pushed_back,
            in_flight: traffic.in_flight,
            rate: client.interval().as_secs_f64().recip(),
        }
    };
    let start = (Instant::now(), now_ms());
    reporters.add(TimelineRecorder::new(file, is_new, pace, load, start));
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
