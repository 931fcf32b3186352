//! `abandon`: abandons a run; its remaining changes are not made.

use jiff::Timestamp;

#[cfg(not(feature = "temporal"))]
use super::runs::find_run_or_last;
use super::{
    backend::SANDBOX,
    earlier::{are_data_gone, origin_of},
    execute::unusable,
    question::{Question, Stakes, ask, can_ask},
    runs::{LastRun, refuse_at_engine, store_error},
    signals::{self, unless_interrupted},
    team_ledger::{self, TeamLedger, ToldRun},
    terminal::say,
    wrong_input::find_run,
};
#[cfg(feature = "temporal")]
use super::{
    engine_abandon,
    engine_meant::{MeantRun, meant_run},
};
use crate::{
    checkpoint::{Checkpoint, CheckpointHeader, Detail, Ending, Record},
    cli::{Abandon, Common},
    error::{Error, ExitCode},
    ledger::LedgerEnding,
    outcome::Outcome,
    store::{RunFolder, RunId, StateDir, StoreError, Wait},
    text::{count, thousands},
};

pub(super) async fn abandon(common: &Common, args: &Abandon) -> Result<ExitCode, Error> {
    let ledger = match args.ledger.ledger.as_deref() {
        Some(text) => Some(TeamLedger::at(team_ledger::remote(text)?).await?),
        None => None,
    };
    let state_dir = StateDir::new(common.state_dir.clone());
    if let (Some(ledger), Some(prefix)) = (&ledger, &args.run)
        && let Err(StoreError::NotFound { .. } | StoreError::Deleted { .. }) =
            state_dir.find(prefix)
    {
        return abandon_lost(common, ledger, prefix).await;
    }
    let (run, last) = (args.run.as_deref(), LastRun::Abandoned);
    #[cfg(feature = "temporal")]
    let found = match Box::pin(meant_run(common, &args.at, run, last)).await? {
        MeantRun::There(run) => {
            return Box::pin(engine_abandon::abandon(common, args, run)).await;
        }
        MeantRun::Here(folder) => folder,
    };
    #[cfg(not(feature = "temporal"))]
    let found = find_run_or_last(common, run, last)?;
    let Some(folder) = found else {
        return Ok(ExitCode::Done);
    };
    // Asked first: a record that can't be made is no reason to abandon the run.
    if let Some(ledger) = &ledger {
        ledger.runs().await?;
    }
    let lock = folder.lock(Wait::Refuse).map_err(store_error)?;
    let snapshot = Checkpoint::read(&folder.checkpoint()).map_err(unusable)?;
    if let Some(ending) = snapshot.state.ending() {
        let how = match ending {
            Ending::Finished { .. } => "has ended",
            Ending::Abandoned { .. } => "was abandoned",
        };
        say(|out| writeln!(out, "run {} {how} already", folder.id()));
        record(common, ledger.as_ref(), &folder, snapshot.header.changes).await?;
        return Ok(ExitCode::Done);
    }
    let settings = folder.settings().map_err(store_error)?;
    refuse_at_engine(&settings)?;
    can_ask(common, || {
        let status = common
            .invocation
            .command("status", &[&folder.id().to_string()]);
        format!("add --yes to abandon it without a question; to look at it: {status}")
    })?;
    let in_doubt = snapshot.state.counts().get(Outcome::InDoubt);
    let is_without_data = are_data_gone(&state_dir, &settings);
    let left = snapshot.state.left();
    let (question, doubts) = question_about(folder.id(), left, in_doubt, is_without_data);
    let mut interrupts = signals::watch(common)?;
    unless_interrupted(&mut interrupts, ask(common, &question)).await?;
    let history = state_dir.history();
    history.created(&folder, &settings).map_err(store_error)?;
    let recorded = record_abandoned(
        &state_dir,
        &folder,
        &snapshot.header,
        "a user abandoned the run",
    );
    drop(lock);
    recorded?;
    say(|out| match &doubts {
        Some(doubts) => writeln!(out, "run {} is abandoned; {doubts}", folder.id()),
        None => writeln!(out, "run {} is abandoned", folder.id()),
    });
    record(common, ledger.as_ref(), &folder, snapshot.header.changes).await?;
    Ok(ExitCode::Done)
}

/// The question about a run with so many unfinished changes, some of them in doubt; and what is said of those.
pub(super) fn question_about(
    run: RunId,
    left: u64,
    in_doubt: u64,
    is_without_data: bool,
) -> (Question, Option<String>) {
    let doubts = (in_doubt > 0).then(|| {
        format!(
            "{} in doubt: {} can't be answered any more",
            thousands(in_doubt),
            if in_doubt == 1 { "it" } else { "they" },
        )
    });
    let (standing, stakes) = match left {
        _ if is_without_data => (
            "worked on data that `sandbox reset` has deleted, so it can't be resumed".to_owned(),
            Stakes::Undoable,
        ),
        0 => (
            "has no unfinished change; an abandoned run can't be resumed".to_owned(),
            Stakes::Undoable,
        ),
        changes => {
            let left = count(changes, "unfinished change", "unfinished changes");
            (
                match &doubts {
                    Some(doubts) => {
                        format!("has {left} ({doubts}); an abandoned run can't be resumed")
                    }
                    None => format!("has {left}; an abandoned run can't be resumed"),
                },
                Stakes::Final { changes },
            )
        }
    };
    let question = Question {
        text: format!("Run {run} {standing}. Abandon it"),
        stakes,
        otherwise: "the run is as it was",
    };
    (question, doubts)
}

/// Writes into the checkpoint, and then into the history, that a run is abandoned. Its lock must be held.
pub(super) fn record_abandoned(
    state_dir: &StateDir,
    folder: &RunFolder,
    header: &CheckpointHeader,
    why: &str,
) -> Result<(), Error> {
    let at = Timestamp::now().as_millisecond();
    let opened = Checkpoint::open(&folder.checkpoint(), header, at).map_err(unusable)?;
    let mut checkpoint = opened.checkpoint;
    let record = Record::Abandoned {
        at,
        reason: Detail::new(why),
    };
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("the run's checkpoint can't be used").caused_by(error)
    };
    checkpoint
        .append_without_waiting(record)
        .map_err(|error| failed(error.into()))?;
    checkpoint.close().map_err(|error| failed(error.into()))?;
    state_dir.history().ended(folder).map_err(store_error)
}

/// Records the end of a run in the ledger.
async fn record(
    common: &Common,
    ledger: Option<&TeamLedger>,
    folder: &RunFolder,
    changes: u64,
) -> Result<(), Error> {
    let Some(ledger) = ledger else { return Ok(()) };
    let settings = folder.settings().map_err(store_error)?;
    if settings.server == SANDBOX {
        return Ok(());
    }
    let follows = folder.plan_header().map_err(store_error)?.follows;
    let told = ToldRun::new(folder, &settings, follows, changes);
    ledger.record_end(&told, None).await.map_err(|error| {
        let run = settings.run.to_string();
        error.hint(format!(
            "the run has ended here; to record it in the ledger: {}",
            common.invocation.command("abandon", &[&run])
        ))
    })
}

/// Abandons a run that is in the ledger alone: its folder is lost.
async fn abandon_lost(
    common: &Common,
    ledger: &TeamLedger,
    prefix: &str,
) -> Result<ExitCode, Error> {
    let mut runs = ledger.runs().await?;
    runs.retain(|run| run.run.to_string().starts_with(prefix));
    let run = match &runs[..] {
        [] => {
            let error = find_run(common, prefix).err();
            let error = error.unwrap_or_else(|| Error::failed("the run has just appeared here"));
            return Err(error.hint("the ledger has no such run either"));
        }
        [run] => run,
        [..] => {
            let runs: Vec<String> = runs.iter().map(|run| run.run.to_string()).collect();
            let message = format!(
                "several runs of the ledger begin with {prefix:?}: {}",
                runs.join(", ")
            );
            return Err(Error::failed(message));
        }
    };
    let id = run.run;
    if let Some(end) = &run.end {
        let how = match end.how {
            LedgerEnding::Finished => "has ended",
            LedgerEnding::Abandoned => "was abandoned",
        };
        say(|out| writeln!(out, "run {id} {how} already, as the ledger says"));
        return Ok(ExitCode::Done);
    }
    can_ask(common, || {
        "add --yes to abandon it without a question".to_owned()
    })?;
    let origin = origin_of(run);
    let changes = count(run.changes, "change", "changes");
    let question = Question {
        text: format!(
            "Run {id} of {} on {} ({origin}) has no folder here. Which of its {changes} were made is unknown then,              and a process that still works on it is not stopped. Abandon it",
            run.playbook, run.server
        ),
        stakes: Stakes::Final {
            changes: run.changes,
        },
        otherwise: "the run is as it was",
    };
    let mut interrupts = signals::watch(common)?;
    unless_interrupted(&mut interrupts, ask(common, &question)).await?;
    unless_interrupted(&mut interrupts, ledger.abandon(run)).await?;
    say(|out| {
        writeln!(
            out,
            "run {id} is abandoned in the ledger; its {changes} count as in doubt"
        )
    });
    Ok(ExitCode::Done)
}
