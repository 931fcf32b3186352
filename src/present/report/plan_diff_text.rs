//! The differences of two plans as text.

use std::io::{self, Write};

use jiff::Timestamp;
use owo_colors::{OwoColorize as _, Style};
use serde_json::Value;

use crate::{
    dates,
    plan::{Fate, HeaderDifference, LeftOut, diff, diff_left_out},
    styles::Styles,
    text::Untrusted,
};

use super::{
    delta::apart,
    plan_diff::{DiffCounts, DiffReport, LeftOutTallies, not_reviewed},
    plan_report::is_irreversible,
    plan_summary::PlanSummary,
    table::{TextRow, write_rows},
    tally::Tally,
    units::{count, thousands},
    words,
};

/// Columns of one value of a header; two fit on a line.
const VALUE_COLUMNS: usize = 80;

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
                header_line(difference, &self.now.header.timezone)
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
        writeln!(out)?;
        self.write_totals(out)
    }

    /// All of them: each may be a reason to refuse the plan.
    fn write_rejected(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        if self.rejected.total() == 0 {
            return Ok(());
        }
        write_title(out, "rejected", styles.error)?;
        diff_left_out(
            Fate::Rejected,
            self.reviewed.items,
            self.now.items,
            &mut |difference| match difference {
                LeftOut::Added(now) => writeln!(out, "  + {}", words::rejection(&now)),
                LeftOut::Removed(reviewed) => writeln!(out, "  - {}", words::rejection(&reviewed)),
                LeftOut::Altered { reviewed, now } => {
                    let was = words::left_out_reason(&reviewed);
                    writeln!(out, "  ~ {} (was: {was})", words::rejection(&now))
                }
            },
        )
    }

    /// All of them: each is irreversible, and was not reviewed in this form.
    fn write_irreversible(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        if self.irreversible == 0 {
            return Ok(());
        }
        let title = format!("{} of these can't be undone:", thousands(self.irreversible));
        write_title(out, &title, styles.warning)?;
        let visit = &mut |difference| match not_reviewed(&difference) {
            Some(change) if is_irreversible(change) => writeln!(out, "  {}", words::change(change)),
            Some(_) | None => Ok(()),
        };
        diff(self.reviewed.items, self.now.items, visit).map(drop)
    }

    fn write_totals(&self, out: &mut dyn Write) -> io::Result<()> {
        let DiffCounts {
            added,
            removed,
            altered,
            unchanged,
        } = self.counts;
        if !self.counts.is_same() {
            return writeln!(
                out,
                "{} added, {} removed, {} altered, {} the same",
                thousands(added),
                thousands(removed),
                thousands(altered),
                thousands(unchanged)
            );
        }
        let same = count(unchanged, "change", "changes");
        if self.is_same() {
            writeln!(
                out,
                "the same {same} in both plans: applying either does the same"
            )
        } else {
            writeln!(
                out,
                "the same {same} in both plans, but what decides about them differs"
            )
        }
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
    [
        (&tallies.added, "now: "),
        (&tallies.removed, "no more: "),
        (&tallies.altered, "for another reason: "),
    ]
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

/// `vars.successor: 10020 → 10030`, escaped, each value bounded; instants are shown in `zone`.
fn header_line(difference: &HeaderDifference, zone: &str) -> String {
    let field = words::name(&difference.field);
    let (reviewed, now) = moments(difference, zone)
        .unwrap_or_else(|| apart(&difference.reviewed, &difference.now, VALUE_COLUMNS));
    format!("{field}: {reviewed} → {now}")
}

/// Two instants, with seconds if they are in the same minute. None if one is not an instant.
fn moments(difference: &HeaderDifference, zone: &str) -> Option<(String, String)> {
    if !["now", "made_at"].contains(&difference.field.as_str()) {
        return None;
    }
    let both = |tell: fn(Timestamp, &str) -> String| {
        let told = |value: &Value| match value {
            Value::Null => Some("none".to_owned()),
            value => Some(tell(value.as_str()?.parse().ok()?, zone)),
        };
        told(&difference.reviewed).zip(told(&difference.now))
    };
    let (reviewed, now) = both(dates::on_wall_clock)?;
    if reviewed == now {
        both(dates::to_the_second)
    } else {
        Some((reviewed, now))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_headers_that_differ_never_read_the_same() {
        let long = |end: &str| json!("x".repeat(90) + end);
        for (field, reviewed, now, line) in [
            (
                "now",
                json!("2026-12-01T08:00:00Z"),
                json!("2026-12-01T08:01:00Z"),
                "now: 2026-12-01 09:00 Europe/Berlin → 2026-12-01 09:01 Europe/Berlin",
            ),
            (
                "now",
                json!("2026-12-01T08:00:07Z"),
                json!("2026-12-01T08:00:31Z"),
                "now: 2026-12-01 09:00:07 Europe/Berlin → 2026-12-01 09:00:31 Europe/Berlin",
            ),
            (
                "made_at",
                json!("2026-12-01T08:00:07.25Z"),
                json!("2026-12-01T08:00:07Z"),
                "made_at: 2026-12-01 09:00:07.25 Europe/Berlin → 2026-12-01 09:00:07 Europe/Berlin",
            ),
            (
                "made_at",
                json!(null),
                json!("2026-12-01T08:00:07Z"),
                "made_at: none → 2026-12-01 09:00 Europe/Berlin",
            ),
            ("vars.x", json!("1"), json!(1), "vars.x: \"1\" → 1"),
            (
                "vars.x",
                long("a"),
                long("b"),
                "vars.x: …xxxxxxxxxxa → …xxxxxxxxxxb",
            ),
            ("org", json!(null), json!("7"), "org: none → 7"),
        ] {
            let difference = HeaderDifference {
                field: field.to_owned(),
                reviewed,
                now,
            };
            assert_eq!(header_line(&difference, "Europe/Berlin"), line);
        }
    }
}
