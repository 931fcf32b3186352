//! `report.json`, `failed.csv`, `results.csv`, `results.jsonl` and `in_doubt.csv`: the result of a run over all its sessions.

use std::{
    io::{self, BufRead, BufReader},
    path::PathBuf,
};

use super::{
    ProblemList, Session, Summary,
    change_walk::{ChangeEnd, each_change},
    failed_csv, in_doubt_csv,
    in_doubt_csv::DoubtRows,
    json::{EarlierReport, write_report},
    outcome_groups::{GroupCollector, OutcomeGroups},
    result_rows::{self, ResultDocument},
    words,
};
use crate::{
    checkpoint::{CheckpointError, Ending},
    outcome::{Counts, Outcome},
    plan::{PlanError, PlanReader},
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

/// Streams all files from the run's plan and checkpoint: none has to fit into memory. Returns the list for the text output.
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
        (None, Some(reason)) => words::detail(reason),
        (None, None) => NOT_COME_TO.to_owned(),
    };
    let mut list = ProblemList::default();
    // The report is complete last: where it exists, the other files do, too.
    folder.write_report(|report| {
        write_report(report, summary, |problems| {
            let plan = plan().map_err(io::Error::other)?;
            let aside = write_lists(folder, plan, &why, |end| {
                let Some(problem) = end.problem() else {
                    return Ok(());
                };
                list.add(&problem);
                problems.add(&problem)
            })
            .map_err(io::Error::other)?;
            list.aside = aside;
            Ok(())
        })
    })?;
    Ok(list)
}

/// Writes the files with a row for each change, and passes each change. Returns where the earlier list of answers is now, if it could not be
/// used.
fn write_lists(
    folder: &RunFolder,
    plan: PlanReader<impl BufRead>,
    why: &str,
    mut take: impl FnMut(&ChangeEnd<'_>) -> io::Result<()>,
) -> Result<Option<PathBuf>, RunFilesError> {
    let mut aside = None;
    folder.write_lists(|[failed, table, lines]| {
        writeln!(failed, "{}", failed_csv::HEADING)?;
        writeln!(table, "{}", result_rows::HEADING)?;
        let mut doubts = DoubtRows::after(&folder.in_doubt(), folder.id());
        each_change(folder, plan, why, |end| {
            take(end)?;
            doubts.add(end)?;
            let document = ResultDocument::from(end);
            result_rows::write_row(table, &document)?;
            result_rows::write_line(lines, &document)?;
            end.problem()
                .map_or(Ok(()), |problem| failed_csv::write_row(failed, &problem))
        })
        .map_err(io::Error::other)?;
        let list = doubts.finish()?;
        aside = list.aside;
        folder
            .write_in_doubt(in_doubt_csv::HEADING, list.rows.as_deref())
            .map_err(io::Error::other)
    })?;
    Ok(aside)
}

/// Why a change is open if the reason for the run's stop is unknown.
const NOT_COME_TO: &str = "the run has not reached this change";

/// The session that finished a run, from its report; none if that report was never written.
pub fn last_session(folder: &RunFolder) -> Option<Session> {
    let file = folder.open(RunFolder::report)?;
    EarlierReport::read(BufReader::new(file))?.last_session()
}

/// Why the last session stopped, from its report. None if it did not stop, or if a session has continued since.
pub(super) fn last_stop(folder: &RunFolder, counts: &Counts) -> Option<String> {
    let file = folder.open(RunFolder::report)?;
    // A session that died after the last report may have continued: then that report's reason is outdated.
    EarlierReport::read(BufReader::new(file))?.stop(counts)
}

/// Why the changes are open that no other change keeps waiting.
pub(super) fn why_open(folder: &RunFolder, counts: &Counts, ending: Option<&Ending>) -> String {
    match ending {
        Some(Ending::Abandoned { reason, .. }) => words::detail(reason),
        Some(Ending::Finished { .. }) => NOT_COME_TO.to_owned(),
        None => last_stop(folder, counts)
            .map_or_else(|| NOT_COME_TO.to_owned(), |stop| words::stopped(&stop)),
    }
}

/// Whether the last session of a run did all that it could, and left changes in doubt: its report and its lists are of these `counts`, and it
/// was not stopped.
pub fn ended_in_doubt(folder: &RunFolder, counts: &Counts) -> bool {
    let report = || {
        let file = folder.open(RunFolder::report)?;
        EarlierReport::read(BufReader::new(file))
    };
    counts.get(Outcome::InDoubt) > 0
        && !folder.are_lists_behind()
        && report().is_some_and(|report| report.is_whole(counts))
}

/// The changes of a run that need attention, by what was said of them: from its checkpoint, and the reason for its stop from its last report.
/// `renew`: whether the files with a row for each change are written, too; the run's lock must be held then. Also returns where the earlier
/// list of answers is now, if it could not be used.
///
/// # Errors
///
/// If plan or checkpoint can't be read, or the files can't be written.
pub fn problem_groups(
    folder: &RunFolder,
    counts: &Counts,
    ending: Option<&Ending>,
    plan: PlanReader<impl BufRead>,
    renew: bool,
) -> Result<(OutcomeGroups, Option<PathBuf>), RunFilesError> {
    let why = why_open(folder, counts, ending);
    let mut groups = GroupCollector::default();
    let aside = if renew {
        write_lists(folder, plan, &why, |end| groups.add(end))?
    } else {
        each_change(folder, plan, &why, |end| groups.add(end))?;
        None
    };
    Ok((groups.finish()?, aside))
}
