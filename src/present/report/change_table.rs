//! Groups of equal changes as a table in Markdown.

use std::io;

use super::{
    limited_lines::{CHANGES, LimitedLines, cell},
    plan_summary::PlanSummary,
    summary_lines::SummaryLines,
    units::thousands,
};
use crate::plan::Change;

/// The changes of a summary, and what stands around their table.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChangeTable<'a> {
    pub(super) summary: &'a PlanSummary,
    pub(super) start: &'a str,
    pub(super) end: &'a str,
    /// What shows the lines that don't fit.
    pub(super) shows_all: Option<&'a str>,
    /// What shows the changes that a line only counts.
    pub(super) shows_each: Option<&'a str>,
}

impl ChangeTable<'_> {
    /// The table in at most `room` bytes, empty without changes. `each_change` visits the changes of the summary.
    ///
    /// # Errors
    ///
    /// Those of `each_change`.
    pub(super) fn text(
        &self,
        room: usize,
        each_change: impl FnOnce(&mut dyn FnMut(&Change) -> io::Result<()>) -> io::Result<()>,
    ) -> io::Result<String> {
        let lines = SummaryLines::of(self.summary);
        if lines.changes().is_empty() {
            return Ok(String::new());
        }
        let head = "| changes | of | action | field | before → after | which, if few |\n|--:|---|---|---|---|---|\n";
        let room = room.saturating_sub(self.end.len());
        let mut table = LimitedLines::new(format!("{}{head}", self.start), room, self.shows_all);
        for line in lines.changes() {
            table.add(
                line.count,
                &format!(
                    "| {} | {} | {} | {} | {} | {} |\n",
                    thousands(line.count),
                    line.on,
                    cell(line.what),
                    cell(line.field),
                    cell(&line.delta_or_where(self.shows_each)),
                    few(line.few)
                ),
            );
        }
        // A change of several fields is in several lines, so the counts of the lines are not to be added up.
        let mut hidden = 0;
        if let Some(first_hidden) = table.cut_from() {
            each_change(&mut |change| {
                hidden += u64::from(lines.of_change(change).last() >= Some(&first_hidden));
                Ok(())
            })?;
        }
        Ok(table.end_with(hidden, CHANGES, self.end))
    }
}

/// The targets of a group in a cell.
pub(super) fn few(few: &[String]) -> String {
    let few: Vec<String> = few.iter().map(|target| cell(target)).collect();
    few.join("<br>")
}
