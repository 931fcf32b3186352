//! The report of a run as one JSON document: the content of the other formats, and every change that needs attention.

use std::io::{self, Write};

use super::{
    json_list::JsonList, problem::Problem, run_files::RunFilesError, run_report::RunReport,
};
use crate::text;

/// The version of the document.
const VERSION: u32 = 1;

/// Receives each change that needs attention.
type Visit<'v> = &'v mut dyn FnMut(&Problem<'_>) -> io::Result<()>;

/// Writes the document. `read` reads the report, and passes each change that needs attention.
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
    let report = read(&mut |problem| problems.add(problem))?;
    problems.finish()?;
    let document = text::json::to_string(&report.findings.view()).map_err(io::Error::other)?;
    // An object with fields: its opening brace is before the problems.
    let (fields, _) = document.split_at(document.len() - 1);
    write!(out, ",{},", &fields[1..])?;
    report.groups.write_json(out)?;
    writeln!(out, "}}")?;
    Ok(())
}
