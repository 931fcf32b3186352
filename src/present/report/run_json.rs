//! The report of a run as one JSON document: the content of the other formats, every change, and those that need attention.

use std::io::{self, BufWriter, Seek as _, Write};

use super::{
    json_list::JsonList, reported_change::Visit, result_rows::ResultDocument,
    run_files::RunFilesError, run_report::RunReport,
};
use crate::text;

/// The version of the document.
const VERSION: u32 = 1;

/// Writes the document. `read` reads the report, and passes each change.
///
/// # Errors
///
/// The errors of `out` and of `read`.
pub fn write_report_json<'a>(
    out: &mut dyn Write,
    read: impl FnOnce(Visit<'_>) -> Result<RunReport<'a>, RunFilesError>,
) -> Result<(), RunFilesError> {
    // The version comes first, as in the other files.
    write!(out, "{{\"wf_bulk_report\":{VERSION},")?;
    let mut problems = JsonList::new(out, "problems")?;
    // The second list of the document, of the same reading: a process may work on the run.
    let mut spool = BufWriter::new(tempfile::tempfile()?);
    let mut changes = JsonList::new(&mut spool, "changes")?;
    let report = read(&mut |change| {
        changes.add(&ResultDocument::with_values(change.end))?;
        let problem = change.problem.as_ref();
        problem.map_or(Ok(()), |problem| problems.add(problem))
    })?;
    changes.finish()?;
    problems.finish()?;
    let mut spool = spool.into_inner().map_err(io::IntoInnerError::into_error)?;
    spool.rewind()?;
    out.write_all(b",")?;
    io::copy(&mut spool, out)?;
    let document = text::json::to_string(&report.findings.view()).map_err(io::Error::other)?;
    // An object with fields: its opening brace is before the problems.
    let (fields, _) = document.split_at(document.len() - 1);
    write!(out, ",{},", &fields[1..])?;
    report.groups.write_json(out)?;
    writeln!(out, "}}")?;
    Ok(())
}
