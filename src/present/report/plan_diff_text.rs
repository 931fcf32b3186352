//! The differences of two plans as text.

use std::io::{self, Write};

use owo_colors::{OwoColorize as _, Style};

use crate::{styles::Styles, text::Untrusted};

use super::{
    plan_diff::{DiffReport, LeftOutTallies},
    plan_diff_words,
    plan_summary::PlanSummary,
    table::{TextRow, write_rows},
    tally::Tally,
    units::thousands,
    words,
};

impl DiffReport<'_> {
    /// Writes the differences for a terminal.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or if a plan can't be read again.
    pub fn write_text(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        let path = |path| Untrusted(path).terminal();
        writeln!(
            out,
            "{} → {}",
            path(self.reviewed.path),
            path(self.now.path)
        )?;
        for difference in &self.header {
            writeln!(
                out,
                "{}",
                plan_diff_words::header_line(difference, &self.now.header.timezone)
            )?;
        }
        for (title, number, style, rows) in [
            ("added", self.counts.added, styles.good, groups(&self.added)),
            (
                "removed",
                self.counts.removed,
                styles.error,
                groups(&self.removed),
            ),
            (
                "altered",
                self.counts.altered,
                styles.warning,
                rows(&self.altered, ""),
            ),
            (
                "skipped",
                self.skipped.total(),
                styles.strong,
                left_out(&self.skipped),
            ),
        ] {
            if number > 0 {
                write_title(out, title, style)?;
                write_rows(out, &rows)?;
            }
        }
        self.write_rejected(out, styles)?;
        self.write_irreversible(out, styles)?;
        writeln!(out, "\n{}", self.totals())
    }

    /// All of them: each may be a reason to refuse the plan.
    fn write_rejected(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        if self.rejected.total() == 0 {
            return Ok(());
        }
        write_title(out, "rejected", styles.error)?;
        self.each_rejected(&mut |line| writeln!(out, "  {line}"))
    }

    /// All of them: each is irreversible, and was not reviewed in this form.
    fn write_irreversible(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        if self.irreversible == 0 {
            return Ok(());
        }
        let title = format!("{} of these can't be undone:", thousands(self.irreversible));
        write_title(out, &title, styles.warning)?;
        self.each_irreversible(&mut |change| writeln!(out, "  {}", words::change(change)))
    }
}

fn write_title(out: &mut dyn Write, title: &str, style: Style) -> io::Result<()> {
    writeln!(out, "\n{}", title.style(style))
}

fn groups(summary: &PlanSummary) -> Vec<TextRow> {
    let groups = summary.groups();
    // They are not in a file of their own.
    groups
        .iter()
        .map(|group| TextRow::of(group, None))
        .collect()
}

fn left_out(tallies: &LeftOutTallies) -> Vec<TextRow> {
    tallies
        .titled()
        .into_iter()
        .flat_map(|(tally, what)| rows(tally, what))
        .collect()
}

fn rows(tally: &Tally, what: &str) -> Vec<TextRow> {
    let row = |number, text: String, below: &[String]| TextRow {
        cells: [
            thousands(number),
            text,
            String::new(),
            String::new(),
            String::new(),
        ],
        below: below.to_vec(),
    };
    let (top, others) = tally.top();
    let mut rows: Vec<TextRow> = top
        .into_iter()
        .map(|(text, counted)| row(counted.count, format!("{what}{text}"), &counted.few))
        .collect();
    if others > 0 {
        rows.push(row(others, format!("{what}in other ways"), &[]));
    }
    rows
}
