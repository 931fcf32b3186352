//! `abandon`: abandons a run; its remaining changes are not made.

use jiff::Timestamp;

use super::{
    earlier::are_data_gone,
    question::{Question, Stakes, ask, can_ask},
    runs::{LastRun, find_run_or_last, store_error},
    signals::{self, unless_interrupted},
    terminal::say,
};
use crate::{
    checkpoint::{Checkpoint, Detail, Ending, Record},
    cli::{Abandon, Common},
    error::{Error, ExitCode},
    outcome::Outcome,
    store::{StateDir, Wait},
    text::{count, thousands},
};

pub(super) async fn abandon(common: &Common, args: &Abandon) -> Result<ExitCode, Error> {
    let broken = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("the run's checkpoint can't be used").caused_by(error)
    };
    let Some(folder) = find_run_or_last(common, args.run.as_deref(), LastRun::Abandoned)? else {
        return Ok(ExitCode::Done);
    };
    let lock = folder.lock(Wait::Refuse).map_err(store_error)?;
    let snapshot = Checkpoint::read(&folder.checkpoint()).map_err(|error| broken(error.into()))?;
    if let Some(ending) = snapshot.state.ending() {
        let how = match ending {
            Ending::Finished { .. } => "has ended",
            Ending::Abandoned { .. } => "was abandoned",
        };
        say(|out| writeln!(out, "run {} {how} already", folder.id()));
        return Ok(ExitCode::Done);
    }
    can_ask(common, || {
        let status = common
            .invocation
            .command("status", &[&folder.id().to_string()]);
        format!("add --yes to abandon it without a question; to look at it: {status}")
    })?;
    let settings = folder.settings().map_err(store_error)?;
    let state_dir = StateDir::new(common.state_dir.clone());
    let doubts = snapshot.state.counts().get(Outcome::InDoubt);
    let doubts = (doubts > 0).then(|| {
        format!(
            "{} in doubt: {} can't be answered any more",
            thousands(doubts),
            if doubts == 1 { "it" } else { "they" },
        )
    });
    let (standing, stakes) = match snapshot.state.left() {
        _ if are_data_gone(&state_dir, &settings) => (
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
        text: format!("Run {} {standing}. Abandon it", folder.id()),
        stakes,
        otherwise: "the run is as it was",
    };
    let mut interrupts = signals::watch(common)?;
    unless_interrupted(&mut interrupts, ask(common, &question)).await?;
    let history = state_dir.history();
    history.created(&folder, &settings).map_err(store_error)?;
    let at = Timestamp::now().as_millisecond();
    let opened = Checkpoint::open(&folder.checkpoint(), &snapshot.header, at)
        .map_err(|error| broken(error.into()))?;
    let mut checkpoint = opened.checkpoint;
    let record = Record::Abandoned {
        at,
        reason: Detail::new("a user abandoned the run"),
    };
    checkpoint
        .append_without_waiting(record)
        .map_err(|error| broken(error.into()))?;
    checkpoint.close().map_err(|error| broken(error.into()))?;
    let recorded = history.ended(&folder).map_err(store_error);
    drop(lock);
    say(|out| match &doubts {
        Some(doubts) => writeln!(out, "run {} is abandoned; {doubts}", folder.id()),
        None => writeln!(out, "run {} is abandoned", folder.id()),
    });
    recorded?;
    Ok(ExitCode::Done)
}
