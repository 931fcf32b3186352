//! `report.json` and `failed.csv`: what a run came to, over all of its sessions.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
};

use super::{FailedCsv, Problem, ReportFile, Session, Summary, json, words};
use crate::{
    checkpoint::{Checkpoint, CheckpointError, Record, State},
    outcome::Outcome,
    plan::{Item, PlanError, Reader},
    sort::{Sorted, Sorter},
    store::{RunFolder, StoreError},
};

/// Why the files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RunFilesError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("the details can't be sorted: {0}")]
    Sort(#[from] io::Error),
}

/// Writes both files from the run's plan and checkpoint, as streams: neither has to fit into memory.
///
/// # Errors
///
/// When plan or checkpoint can't be read, or the files can't be written.
pub fn write_files<P: BufRead>(
    folder: &RunFolder,
    summary: &Summary,
    mut plan: impl FnMut() -> Result<Reader<P>, PlanError>,
) -> Result<(), RunFilesError> {
    let mut failed = Ok(());
    folder.write_report(|out| {
        let mut report = ReportFile::new(out)?;
        failed = each_problem(folder, plan()?, |problem| report.write(problem));
        report.finish(summary).map(drop)
    })?;
    failed?;
    let mut failed = Ok(());
    folder.write_failed(|out| {
        let mut csv = FailedCsv::new(out)?;
        failed = each_problem(folder, plan()?, |problem| csv.write(problem));
        csv.into_inner().flush()
    })?;
    failed
}

/// The session that brought a run to its end, as its report says; none when that report was never written.
pub fn last_session(folder: &RunFolder) -> Option<Session> {
    let file = File::open(folder.report()).ok()?;
    json::last_session(BufReader::new(file))
}

/// Writes the changes in doubt for people, a line each, with where to look.
///
/// # Errors
///
/// When plan or checkpoint can't be read, or `out` says so.
pub fn write_in_doubt(
    folder: &RunFolder,
    plan: Reader<impl BufRead>,
    out: &mut dyn Write,
) -> Result<(), RunFilesError> {
    each_problem(folder, plan, |problem| match problem.outcome {
        Outcome::InDoubt => writeln!(out, "    {}", words::problem(problem)),
        Outcome::Applied
        | Outcome::AlreadyDone
        | Outcome::Drifted
        | Outcome::Gone
        | Outcome::Refused
        | Outcome::Failed
        | Outcome::NotAttempted => Ok(()),
    })
}

/// Goes through the changes that somebody should look at, in the plan's order.
fn each_problem<P: BufRead>(
    folder: &RunFolder,
    mut plan: Reader<P>,
    mut take: impl FnMut(&Problem<'_>) -> io::Result<()>,
) -> Result<(), RunFilesError> {
    let (state, details) = details(folder)?;
    let mut details = details.peekable();
    while let Some(line) = plan.next_line()? {
        let Item::Change(change) = line.item else {
            continue;
        };
        let key = key(line.number);
        let mut detail: Option<String> = None;
        // The last thing that was said of a change is the one that ended it.
        while let Some(said) =
            details.next_if(|said| said.as_ref().is_ok_and(|(line, _)| *line <= key))
        {
            detail = Some(serde_json::from_str(&said?.1).map_err(io::Error::from)?);
        }
        let outcome = state.outcome(line.number).unwrap_or_else(|| {
            if state.open(line.number).is_some_and(|open| open.doubtful) {
                Outcome::InDoubt
            } else {
                Outcome::NotAttempted
            }
        });
        if outcome == Outcome::InDoubt {
            let look = format!("look {}", change.look_at());
            detail = Some(match detail {
                Some(said) => format!("{said}; {look}"),
                None => look,
            });
        }
        if let Some(problem) =
            Problem::new(&change.target, &change.action, outcome, detail.as_deref())
        {
            take(&problem)?;
        }
    }
    Ok(())
}

/// Where each change stands, and what was said of them, by plan line.
fn details(folder: &RunFolder) -> Result<(State, Sorted), RunFilesError> {
    let mut sorter = Sorter::default();
    let mut collected = Ok(());
    let snapshot = Checkpoint::visit(&folder.checkpoint(), |record| {
        let (line, detail) = match record {
            Record::Ended {
                line,
                detail: Some(detail),
                ..
            }
            | Record::Unknown {
                line,
                reason: detail,
                ..
            }
            | Record::NotSent {
                line,
                reason: detail,
                held_up: false,
                ..
            } => (*line, detail),
            Record::Ended { detail: None, .. }
            | Record::Started { .. }
            | Record::Throttled { .. }
            | Record::NotSent { held_up: true, .. }
            | Record::NotApplied { .. }
            | Record::SendAgain { .. }
            | Record::StageStopped { .. }
            | Record::Resumed { .. }
            | Record::Finished { .. }
            | Record::Abandoned { .. } => return,
        };
        if collected.is_ok() {
            collected = serde_json::to_string(detail.as_str())
                .map_err(io::Error::from)
                .and_then(|detail| sorter.push(key(line), detail));
        }
    })?;
    collected?;
    Ok((snapshot.state, sorter.finish()?))
}

/// A line's number as a text that sorts like the number.
fn key(line: u64) -> String {
    format!("{line:020}")
}
