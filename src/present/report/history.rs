//! The result of `status --check`.

use std::{
    io::{self, Write},
    path::Path,
};

use serde_json::json;

use super::units::count;
use crate::{
    invocation::Invocation,
    store::HistoryCheck,
    text::{self, Untrusted, shown_path},
};

/// Writes the result as text.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_history(
    check: &HistoryCheck,
    state_dir: &Path,
    invocation: &Invocation,
    out: &mut dyn Write,
) -> io::Result<()> {
    let folder = shown_path(state_dir);
    if check.findings.is_empty() && check.compared == 0 && !check.notes.is_empty() {
        writeln!(
            out,
            "the history in {folder} says nothing of the runs there: no run was compared"
        )?;
    } else if check.findings.is_empty() {
        let records = count(check.records, "record", "records");
        let runs = count(check.compared, "run", "runs");
        writeln!(
            out,
            "the history in {folder} is complete: {records}; the files of {runs} are as they were recorded"
        )?;
    } else {
        let findings = check.findings.len() as u64;
        let findings = count(findings, "change or removal", "changes or removals");
        writeln!(out, "the check of the history in {folder} found {findings}")?;
    }
    for finding in &check.findings {
        writeln!(out, "  {finding}")?;
    }
    for note in &check.notes {
        writeln!(out, "  note: {note}")?;
    }
    if let Some(last) = &check.last {
        let command = invocation.command("status", &["--check", "--expect", last]);
        writeln!(out, "the last digest: {last}")?;
        writeln!(
            out,
            "keep it elsewhere; later, this shows whether the history was rewritten: {}",
            Untrusted(&command).terminal()
        )?;
    }
    Ok(())
}

/// Writes the result as one JSON document.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_history_json(check: &HistoryCheck, out: &mut dyn Write) -> io::Result<()> {
    let findings: Vec<String> = check.findings.iter().map(ToString::to_string).collect();
    let notes: Vec<String> = check.notes.iter().map(ToString::to_string).collect();
    let document = json!({
        "ok": findings.is_empty(),
        "records": check.records,
        "compared_runs": check.compared,
        "last_sha256": check.last,
        "findings": findings,
        "notes": notes,
    });
    text::json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
