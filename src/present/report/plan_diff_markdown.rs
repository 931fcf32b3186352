//! The differences of two plans as Markdown for a pull request: short enough to be in one comment with the newer plan.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use crate::{
    plan::{Change, Difference, HeaderDifference},
    text::Untrusted,
};

use super::{
    change_table::{ChangeTable, few},
    limited_lines::{CHANGES, LimitedLines, MAX_DIFF_BYTES, REJECTED, cell, code, in_shares},
    plan_diff::DiffReport,
    plan_diff_words::header_line,
    plan_summary::PlanSummary,
    tally::Tally,
    units::{count, thousands},
    words,
};

/// Values of the headers that are shown; most plans differ in three or four.
const HEADER_SHOWN: usize = 8;

/// The nouns of targets that are skipped in one of the plans, or in both for different reasons.
const SKIPPED: [&str; 2] = ["target that is skipped", "targets that are skipped"];

/// The differences, and the command that shows what does not fit.
#[derive(Clone, Copy, Debug)]
struct DiffSections<'a> {
    report: &'a DiffReport<'a>,
    shows_all: &'a str,
}

impl DiffReport<'_> {
    /// Writes the differences as Markdown; `shows_all` is the command that shows what does not fit.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or if a plan can't be read again.
    pub fn write_markdown(&self, out: &mut dyn Write, shows_all: &str) -> io::Result<()> {
        let sections = DiffSections {
            report: self,
            shows_all,
        };
        let head = sections.head();
        let room = MAX_DIFF_BYTES.saturating_sub(head.len());
        let [irreversible, added, altered, rejected, removed, skipped] = in_shares(
            room,
            [
                (30, &|room| sections.irreversible(room)),
                (20, &|room| {
                    sections.changes("**Added**", &self.added, added, room)
                }),
                (20, &|room| Ok(sections.altered(room))),
                (15, &|room| sections.rejected(room)),
                (10, &|room| {
                    sections.changes("**Removed**", &self.removed, removed, room)
                }),
                (5, &|room| Ok(sections.skipped(room))),
            ],
        )?;
        for text in [
            head,
            added,
            removed,
            altered,
            irreversible,
            rejected,
            skipped,
        ] {
            out.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

impl DiffSections<'_> {
    fn head(self) -> String {
        let Self { report, .. } = self;
        let mut text = format!(
            "Compared with the plan with SHA-256 `{}`: {}.\n\n",
            report.reviewed.sha256,
            report.totals()
        );
        let (decide, inform): (Vec<_>, Vec<_>) = report
            .header
            .iter()
            .partition(|difference| difference.decides());
        let differences: Vec<&HeaderDifference> = [decide, inform].concat();
        for difference in differences.iter().take(HEADER_SHOWN) {
            let line = header_line(difference, &report.now.header.timezone);
            let _ = writeln!(text, "- {}", code(&line));
        }
        if let Some(more @ 1..) = differences.len().checked_sub(HEADER_SHOWN) {
            let more = count(more as u64, "more value", "more values");
            let _ = writeln!(text, "- and {more} of the plans' headers");
        }
        if !differences.is_empty() {
            text.push('\n');
        }
        text
    }

    fn changes(
        self,
        title: &str,
        summary: &PlanSummary,
        of: fn(&Difference) -> Option<&Change>,
        room: usize,
    ) -> io::Result<String> {
        let table = ChangeTable {
            summary,
            start: &format!("{title}\n\n"),
            end: "",
            shows_all: Some(self.shows_all),
            // They are not in a plan of their own.
            shows_each: None,
        };
        table.text(room, |visit| self.report.each_difference(of, visit))
    }

    fn altered(self, room: usize) -> String {
        let altered = &self.report.altered;
        if altered.total() == 0 {
            return String::new();
        }
        let start = "**Altered**\n\n| changes | how | which, if few |\n|--:|---|---|\n";
        let mut lines = self.lines(start, room);
        add_tally(&mut lines, altered, "");
        lines.end(altered.total(), CHANGES, "")
    }

    /// All of them, as far as they fit: each is irreversible, and was not reviewed in this form.
    fn irreversible(self, room: usize) -> io::Result<String> {
        let total = self.report.irreversible;
        if total == 0 {
            return Ok(String::new());
        }
        let start = format!("**{} of these can't be undone**\n\n", thousands(total));
        let mut lines = self.lines(&start, room);
        self.report.each_irreversible(&mut |change| {
            lines.add(1, &item(&words::change(change)));
            Ok(())
        })?;
        Ok(lines.end(total, CHANGES, ""))
    }

    fn rejected(self, room: usize) -> io::Result<String> {
        let total = self.report.rejected.total();
        if total == 0 {
            return Ok(String::new());
        }
        let mut lines = self.lines("**Rejected**\n\n", room);
        self.report.each_rejected(&mut |line| {
            lines.add(1, &item(line));
            Ok(())
        })?;
        Ok(lines.end(total, REJECTED, ""))
    }

    fn skipped(self, room: usize) -> String {
        let skipped = &self.report.skipped;
        if skipped.total() == 0 {
            return String::new();
        }
        let mut lines = self.lines("| skipped | why | which, if few |\n|--:|---|---|\n", room);
        for (tally, what) in skipped.titled() {
            add_tally(&mut lines, tally, what);
        }
        lines.end(skipped.total(), SKIPPED, "")
    }

    fn lines(self, start: &str, room: usize) -> LimitedLines {
        LimitedLines::new(start.to_owned(), room, Some(self.shows_all))
    }
}

fn added(difference: &Difference) -> Option<&Change> {
    match difference {
        Difference::Added(now) => Some(now),
        Difference::Removed(_) | Difference::Altered { .. } => None,
    }
}

fn removed(difference: &Difference) -> Option<&Change> {
    match difference {
        Difference::Removed(reviewed) => Some(reviewed),
        Difference::Added(_) | Difference::Altered { .. } => None,
    }
}

/// An item of a list, of text that is escaped for a terminal.
fn item(text: &str) -> String {
    format!("- {}\n", Untrusted(text).markdown())
}

fn add_tally(lines: &mut LimitedLines, tally: &Tally, what: &str) {
    let (top, others) = tally.top();
    for (text, row) in top {
        let text = cell(&format!("{what}{text}"));
        let line = format!(
            "| {} | {text} | {} |\n",
            thousands(row.count),
            few(&row.few)
        );
        lines.add(row.count, &line);
    }
    if others > 0 {
        let line = format!("| {} | {what}in other ways | |\n", thousands(others));
        lines.add(others, &line);
    }
}

#[cfg(test)]
mod tests;
