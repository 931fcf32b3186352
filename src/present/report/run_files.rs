//! `report.json` and `failed.csv`: the result of a run over all its sessions.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    iter::Peekable,
};

use super::{
    Problem, ProblemList, Session, Summary, failed_csv,
    json::{EarlierReport, write_report},
    words,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointError, CheckpointState, Ending, Record},
    outcome::{Counts, Outcome},
    plan::{Change, Item, PlanError, PlanReader},
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

/// Streams both files from the run's plan and checkpoint: neither has to fit into memory. Returns the list for the text output.
///
/// # Errors
///
/// If plan or checkpoint can't be read, or the files can't be written.
pub fn write_files<P: BufRead>(
    folder: &RunFolder,
    summary: &Summary,
    plan: impl FnOnce() -> Result<PlanReader<P>, PlanError>,
) -> Result<ProblemList, RunFilesError> {
    let why = match (&summary.stopped, &summary.abandoned) {
        (Some(drain), _) => words::stopped(&words::stop(drain)),
        (None, Some(reason)) => format!("the run was abandoned: {}", words::detail(reason)),
        (None, None) => NOT_COME_TO.to_owned(),
    };
    let mut list = ProblemList::default();
    // The report is complete last: where it exists, the other file does, too.
    folder.write_report(|report| {
        write_report(report, summary, |problems| {
            let write_both = |csv: &mut dyn Write| {
                writeln!(csv, "{}", failed_csv::HEADING)?;
                each_problem(folder, plan().map_err(io::Error::other)?, &why, |problem| {
                    list.add(problem);
                    problems.add(problem)?;
                    failed_csv::write_row(csv, problem)
                })
                .map_err(io::Error::other)
            };
            folder.write_failed(write_both).map_err(io::Error::other)
        })
    })?;
    Ok(list)
}

/// Why a change is open if the reason for the run's stop is unknown.
const NOT_COME_TO: &str = "the run has not reached this change";

/// The session that finished a run, from its report; none if that report was never written.
pub fn last_session(folder: &RunFolder) -> Option<Session> {
    let file = File::open(folder.report()).ok()?;
    EarlierReport::read(BufReader::new(file))?.last_session()
}

/// The changes of a run that need attention, for text output: from its checkpoint, and the reason for its stop from its last report.
///
/// # Errors
///
/// If plan or checkpoint can't be read.
pub fn problems(
    folder: &RunFolder,
    counts: &Counts,
    ending: Option<&Ending>,
    plan: PlanReader<impl BufRead>,
) -> Result<ProblemList, RunFilesError> {
    // A session that died after the last report may have continued: then that report's reason is outdated.
    let last_stop = || {
        let file = File::open(folder.report()).ok()?;
        EarlierReport::read(BufReader::new(file))?.stop(counts)
    };
    let why = match ending {
        Some(Ending::Abandoned { reason, .. }) => {
            format!("the run was abandoned: {}", words::detail(reason))
        }
        Some(Ending::Finished { .. }) => NOT_COME_TO.to_owned(),
        None => last_stop().map_or_else(|| NOT_COME_TO.to_owned(), |stop| words::stopped(&stop)),
    };
    let mut list = ProblemList::default();
    each_problem(folder, plan, &why, |problem| {
        list.add(problem);
        Ok(())
    })?;
    Ok(list)
}

/// A change that did not succeed, and on which others may depend.
struct Unmet {
    change: Change,
    /// The change on which it depends itself, or else its outcome.
    cause: String,
}

/// Visits the changes that need attention, in the plan's order. `why`: the reason for changes that were not attempted and depend on no
/// other.
fn each_problem<P: BufRead>(
    folder: &RunFolder,
    mut plan: PlanReader<P>,
    why: &str,
    mut take: impl FnMut(&Problem<'_>) -> io::Result<()>,
) -> Result<(), RunFilesError> {
    let (state, details) = details(folder)?;
    let mut details = details.peekable();
    // The changes of one execution, which are together in the plan.
    let mut unmet: Vec<Unmet> = Vec::new();
    while let Some(line) = plan.next_line()? {
        let Item::Change(change) = line.item else {
            continue;
        };
        let key = key(line.number);
        let mut detail = last_said(&mut details, &key)?;
        let outcome = state.outcome_so_far(line.number);
        if outcome == Outcome::InDoubt {
            let look = format!("look {}", change.look_at(state.sent_at(line.number)));
            // The error of an earlier attempt is not a reason for a doubt about the last one.
            if state.open(line.number).is_some() {
                detail = state.last_answer(line.number).map(str::to_owned);
            }
            detail = Some(match detail {
                Some(said) => format!("{said}; {look}"),
                None => look,
            });
        }
        if unmet
            .first()
            .is_some_and(|first| first.change.group != change.group)
        {
            unmet.clear();
        }
        let on = unmet
            .iter()
            .find(|earlier| change.depends_on(&earlier.change));
        let on = on.map(|earlier| earlier.cause.clone());
        if outcome == Outcome::NotAttempted {
            detail = Some(match &on {
                Some(cause) => format!("it depends on {cause}"),
                None => why.to_owned(),
            });
        }
        if let Some(problem) =
            Problem::new(&change.target, &change.action, outcome, detail.as_deref())
        {
            take(&problem)?;
            // Changes that the run did not reach have no cause among the changes.
            if outcome == Outcome::NotAttempted && on.is_none() {
                continue;
            }
            let cause = on.unwrap_or_else(|| words::cause(&change, outcome));
            unmet.push(Unmet {
                change: *change,
                cause,
            });
        }
    }
    Ok(())
}

/// The last record of the change with this key: its outcome.
fn last_said(
    details: &mut Peekable<impl Iterator<Item = io::Result<(String, String)>>>,
    key: &str,
) -> io::Result<Option<String>> {
    let mut last = None;
    let is_due = |said: &io::Result<(String, String)>| match said {
        Ok((line, _)) => line.as_str() <= key,
        // It would block all later ones.
        Err(_) => true,
    };
    while let Some(said) = details.next_if(is_due) {
        last = Some(serde_json::from_str(&said?.1)?);
    }
    Ok(last)
}

/// The state of each change and its messages, by plan line.
fn details(folder: &RunFolder) -> Result<(CheckpointState, Sorted), RunFilesError> {
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
            | Record::NoEffect {
                line,
                reason: detail,
                never_left: false,
                ..
            } => (*line, detail),
            Record::Ended { detail: None, .. }
            | Record::Started { .. }
            | Record::Throttled { .. }
            | Record::NoEffect {
                never_left: true, ..
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fails_is_told_and_loses_no_reason_in_silence() {
        let said = |line, reason: &str| Ok((key(line), format!("{reason:?}")));
        let mut details = vec![
            said(2, "first"),
            said(2, "last"),
            Err(io::Error::other("the disk is gone")),
            said(4, "never reached"),
        ]
        .into_iter()
        .peekable();
        assert_eq!(
            last_said(&mut details, &key(2)).map_err(|error| error.to_string()),
            Err("the disk is gone".to_owned())
        );
        let mut details = vec![said(2, "first"), said(2, "last"), said(4, "of another")]
            .into_iter()
            .peekable();
        assert_eq!(
            last_said(&mut details, &key(2)).unwrap().as_deref(),
            Some("last")
        );
        assert_eq!(last_said(&mut details, &key(3)).unwrap(), None);
        assert_eq!(
            last_said(&mut details, &key(4)).unwrap().as_deref(),
            Some("of another")
        );
    }
}
