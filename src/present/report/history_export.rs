//! The runs of a period as a table or as one document, for an audit.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{
    json_list::JsonList,
    reported_change::ReportedChange,
    result_rows::{ResultDocument, heading_with_values, write_cells_with_values},
    runs::RunLine,
};
use crate::{
    checkpoint::Ending,
    outcome::{Counts, Outcome},
    plan::Follows,
    store::{DeletedRun, Operator, RunId},
    text::{self, Untrusted},
};

/// The version of the document.
const VERSION: u32 = 1;

/// The columns of a run, before its counts.
const RUN_HEADING: &str = "run,started_at,ended_at,standing,deleted_at,playbook,server,org,reason,actor,user,host,approver,link,commit,uncommitted_changes,plan_sha256";

/// A run, or what the history knows of a deleted one. Scripts depend on its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportedRun {
    pub run: RunId,
    pub started_at: Option<Timestamp>,
    /// None if it has not ended, or its end is not known.
    pub ended_at: Option<Timestamp>,
    standing: String,
    pub deleted_at: Option<Timestamp>,
    playbook: Option<String>,
    server: Option<String>,
    org: Option<String>,
    reason: Option<String>,
    by: Option<Operator>,
    plan_sha256: Option<String>,
    follows: Option<Follows>,
    planned: Option<u64>,
    outcomes: Option<Counts>,
}

impl From<&RunLine> for ExportedRun {
    fn from(line: &RunLine) -> Self {
        let settings = &line.settings;
        let ended_at = match &line.ending {
            Some(Ending::Finished { at } | Ending::Abandoned { at, .. }) => {
                Timestamp::from_millisecond(*at).ok()
            }
            None => None,
        };
        Self {
            run: settings.run,
            started_at: Some(settings.started_at),
            ended_at,
            standing: line.standing().to_owned(),
            deleted_at: None,
            playbook: Some(settings.playbook.clone()),
            server: Some(settings.server.clone()),
            org: settings.org.clone(),
            reason: settings.reason.clone(),
            by: settings.by.clone(),
            plan_sha256: Some(settings.plan_sha256.clone()),
            follows: line.follows,
            planned: Some(line.counts.total()),
            outcomes: Some(line.counts.clone()),
        }
    }
}

impl From<DeletedRun> for ExportedRun {
    fn from(deleted: DeletedRun) -> Self {
        let DeletedRun {
            run,
            deleted_at,
            created_at,
            origin,
            plan_sha256,
            end,
        } = deleted;
        let outcomes = end.as_ref().map(|end| {
            let mut counts = Counts::default();
            for (outcome, changes) in &end.outcomes {
                counts.add(*outcome, *changes);
            }
            counts
        });
        let started_at = origin.as_ref().map(|origin| origin.started_at);
        let playbook = origin.as_ref().map(|origin| origin.playbook.clone());
        let server = origin.as_ref().map(|origin| origin.server.clone());
        let (org, reason, by) = origin.map_or((None, None, None), |origin| {
            (origin.org, origin.reason, origin.by)
        });
        Self {
            run,
            started_at: started_at.or(created_at),
            ended_at: end.as_ref().map(|end| end.ended_at),
            standing: end.map_or_else(|| "unknown".to_owned(), |end| end.how),
            deleted_at: Some(deleted_at),
            playbook,
            server,
            org,
            reason,
            by,
            plan_sha256,
            follows: None,
            planned: outcomes.as_ref().map(Counts::total),
            outcomes,
        }
    }
}

impl ExportedRun {
    /// Whether it was begun before `until` and not ended before `since`. What is not known counts as within.
    pub fn is_within(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> bool {
        let last = self.ended_at.or(self.deleted_at);
        let is_earlier = matches!((last, since), (Some(last), Some(since)) if last < since);
        let is_later = matches!((self.started_at, until), (Some(at), Some(until)) if at >= until);
        !is_earlier && !is_later
    }

    /// Writes its row of the table of runs.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_row(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_cells(out)?;
        write!(out, ",{}", shown(self.planned))?;
        for outcome in Outcome::ALL {
            let changes = self.outcomes.as_ref().map(|counts| counts.get(outcome));
            write!(out, ",{}", shown(changes))?;
        }
        writeln!(out)
    }

    /// Writes the row of one of its changes.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_change_row(
        &self,
        change: &ReportedChange<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.write_cells(out)?;
        out.write_all(b",")?;
        write_cells_with_values(out, change.end)
    }

    /// Writes the row of a run whose changes are not known any more: the cells of a change are empty.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_row_without_change(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_cells(out)?;
        let columns = heading_with_values().split(',').count();
        writeln!(out, "{}", ",".repeat(columns))
    }

    fn write_cells(&self, out: &mut dyn Write) -> io::Result<()> {
        let by = self.by.as_ref();
        let git = by.and_then(|by| by.git.as_ref());
        write!(
            out,
            "{},{},{},{},{}",
            self.run,
            shown(self.started_at),
            shown(self.ended_at),
            Untrusted(&self.standing).csv(),
            shown(self.deleted_at),
        )?;
        for text in [
            self.playbook.as_ref(),
            self.server.as_ref(),
            self.org.as_ref(),
            self.reason.as_ref(),
            by.and_then(|by| by.actor.as_ref()),
            by.map(|by| &by.user),
            by.map(|by| &by.host),
            by.and_then(|by| by.approver.as_ref()),
            by.and_then(|by| by.link.as_ref()),
            git.map(|git| &git.commit),
        ] {
            let text = text.map(String::as_str).unwrap_or_default();
            write!(out, ",{}", Untrusted(text).csv())?;
        }
        let plan = self.plan_sha256.as_deref().unwrap_or_default();
        write!(
            out,
            ",{},{}",
            shown(git.map(|git| git.dirty)),
            Untrusted(plan).csv()
        )
    }
}

/// A cell of what may be unknown.
fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Writes the heading of the table of runs, or of their changes.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_export_heading(with_changes: bool, out: &mut dyn Write) -> io::Result<()> {
    if with_changes {
        return writeln!(out, "{RUN_HEADING},{}", heading_with_values());
    }
    let outcomes = Outcome::ALL.map(Outcome::word).join(",");
    writeln!(out, "{RUN_HEADING},planned,{outcomes}")
}

/// The document, which is written run by run.
pub struct HistoryDocument<'a> {
    out: &'a mut dyn Write,
    separator: &'static str,
}

impl std::fmt::Debug for HistoryDocument<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryDocument").finish_non_exhaustive()
    }
}

impl<'a> HistoryDocument<'a> {
    /// Writes its beginning.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        write!(out, "{{\"wf_bulk_history\":{VERSION},\"runs\":[")?;
        Ok(Self {
            out,
            separator: "\n",
        })
    }

    /// Writes a run; `each` passes its changes, if they are wanted and known.
    ///
    /// # Errors
    ///
    /// The errors of the writer and of `each`.
    pub fn add<E: From<io::Error>>(
        &mut self,
        run: &ExportedRun,
        each: Option<
            impl FnOnce(&mut dyn FnMut(&ReportedChange<'_>) -> io::Result<()>) -> Result<(), E>,
        >,
    ) -> Result<(), E> {
        self.out.write_all(self.separator.as_bytes())?;
        self.separator = ",\n";
        let document = text::json::to_string(run).map_err(io::Error::other)?;
        let Some(each) = each else {
            self.out.write_all(document.as_bytes())?;
            return Ok(());
        };
        // An object with fields: the changes come before its closing brace.
        let (fields, brace) = document.split_at(document.len() - 1);
        write!(self.out, "{fields},")?;
        let mut changes = JsonList::new(self.out, "changes")?;
        each(&mut |change| changes.add(&ResultDocument::with_values(change.end)))?;
        changes.finish()?;
        self.out.write_all(brace.as_bytes())?;
        Ok(())
    }

    /// Writes its end. `is_proven`: the check of the history has found nothing. `last`: the digest of its last record.
    ///
    /// # Errors
    ///
    /// The errors of the writer.
    pub fn finish(
        self,
        unreadable: &[String],
        is_proven: bool,
        last: Option<&str>,
    ) -> io::Result<()> {
        let end = json!({"unreadable": unreadable, "check_ok": is_proven, "last_sha256": last});
        let end = text::json::to_string(&end).map_err(io::Error::other)?;
        writeln!(self.out, "\n],{}", &end[1..])
    }
}

#[cfg(test)]
mod tests;
