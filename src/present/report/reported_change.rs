//! A change of a run with what became of it, for the formats that have every change.

use std::io::{self, BufRead, Write};

use super::{
    change_walk::{ChangeEnd, each_change},
    problem::Problem,
    result_rows::{heading_with_values, write_cells_with_values},
    run_files::{RunFilesError, why_open},
    runs::RunLine,
};
use crate::{
    plan::PlanReader,
    store::{RunFolder, RunId},
};

/// A change of a run.
#[derive(Debug)]
pub struct ReportedChange<'a> {
    pub(super) end: &'a ChangeEnd<'a>,
    /// None if it needs no attention, or a process still works on it.
    pub(super) problem: Option<Problem<'a>>,
}

/// Receives each change.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&ReportedChange<'_>) -> io::Result<()>;

/// Visits all changes of a run, in the plan's order.
///
/// # Errors
///
/// If plan or checkpoint can't be read, or `visit` fails.
pub fn each_reported_change(
    folder: &RunFolder,
    line: &RunLine,
    plan: PlanReader<impl BufRead>,
    visit: &mut dyn FnMut(&ReportedChange<'_>) -> io::Result<()>,
) -> Result<(), RunFilesError> {
    let why = why_open(folder, &line.counts, line.ending.as_ref());
    each_change(folder, plan, &why, |end| {
        let problem = end.problem();
        visit(&ReportedChange { end, problem })
    })
}

/// Writes the heading of the table of a run's changes.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_change_heading(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "run,{}", heading_with_values())
}

/// Writes the row of a change of a run.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_change_row(
    run: RunId,
    change: &ReportedChange<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "{run},")?;
    write_cells_with_values(out, change.end)
}
