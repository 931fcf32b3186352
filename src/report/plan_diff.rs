//! What is different between two plans, as people and programs are told.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use jiff::tz::TimeZone;
use owo_colors::{OwoColorize as _, Style};
use serde::Serialize;
use serde_json::Value;

use crate::{
    plan::{Aspect, Change, Difference, Fields, HeaderDifference, Item, Undo},
    styles::Styles,
    text::Untrusted,
};

use super::{
    delta::Delta,
    plan_summary::PlanSummary,
    table::{Row, write_rows},
    tally::{Sample, Tally},
    units::{count, thousands},
    words,
};

/// Final changes that are listed one by one; all are in the plan's own `show`.
const FINAL_SHOWN: usize = 20;

/// Differences grouped and counted, in bounded memory.
#[derive(Debug)]
pub struct DiffSummary {
    zone: TimeZone,
    added: PlanSummary,
    removed: PlanSummary,
    altered: Tally,
    counts: DiffCounts,
    /// What was not reviewed and can't be undone.
    irreversible: Sample,
}

/// How many changes are different, and in how many of the rest nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiffCounts {
    pub added: u64,
    pub removed: u64,
    pub altered: u64,
    pub unchanged: u64,
}

impl DiffCounts {
    /// The changes are the same.
    pub const fn is_same(self) -> bool {
        self.added == 0 && self.removed == 0 && self.altered == 0
    }

    /// Counts a difference.
    pub const fn add(&mut self, difference: &Difference) {
        match difference {
            Difference::Added(_) => self.added += 1,
            Difference::Removed(_) => self.removed += 1,
            Difference::Altered { .. } => self.altered += 1,
        }
    }
}

impl DiffSummary {
    /// `zone` is that of the newer plan.
    pub fn new(zone: TimeZone) -> Self {
        Self {
            added: PlanSummary::new(zone.clone()),
            removed: PlanSummary::new(zone.clone()),
            zone,
            altered: Tally::default(),
            counts: DiffCounts::default(),
            irreversible: Sample::first(FINAL_SHOWN),
        }
    }

    /// Counts one difference.
    pub fn add(&mut self, difference: Difference) {
        self.counts.add(&difference);
        match difference {
            Difference::Added(change) => {
                self.note_irreversible(&change);
                self.added.add(&Item::Change(change));
            }
            Difference::Removed(change) => self.removed.add(&Item::Change(change)),
            Difference::Altered {
                reviewed,
                now,
                aspects,
            } => {
                self.note_irreversible(&now);
                let text = self.altered_text(&reviewed, &now, &aspects);
                let target = || Some(words::target(&now.target));
                self.altered.add(text, None, target);
            }
        }
    }

    /// Counts the changes that are the same.
    pub const fn unchanged(&mut self, number: u64) {
        self.counts.unchanged = number;
    }

    pub const fn counts(&self) -> DiffCounts {
        self.counts
    }

    fn note_irreversible(&mut self, change: &Change) {
        match &change.undo {
            Undo::None(_) => self.irreversible.add(|| words::change(change)),
            Undo::Request(_) => {}
        }
    }

    /// `shift_due_date: will write due_date 2026-12-03 → 2026-12-04; was read otherwise`.
    fn altered_text(&self, reviewed: &Change, now: &Change, aspects: &[Aspect]) -> String {
        let parts: Vec<String> = aspects
            .iter()
            .map(|aspect| match aspect {
                Aspect::After => self.fields("writes", &reviewed.after, &now.after),
                Aspect::Before => {
                    let mut before = reviewed.requires.clone();
                    before.extend(reviewed.before.clone());
                    let mut since = now.requires.clone();
                    since.extend(now.before.clone());
                    self.fields("starts from", &before, &since)
                }
                Aspect::Manner => "is done in another way".to_owned(),
                Aspect::Order => "has another place".to_owned(),
            })
            .collect();
        format!("{}: {}", words::actions(&now.action), parts.join("; "))
    }

    fn fields(&self, verb: &str, reviewed: &Fields, now: &Fields) -> String {
        let names: BTreeSet<&String> = reviewed.keys().chain(now.keys()).collect();
        let parts: Vec<String> = names
            .into_iter()
            .filter_map(|name| {
                let of = |fields: &Fields| fields.get(name).cloned().unwrap_or_default();
                let (reviewed, now) = (of(reviewed), of(now));
                let delta = (reviewed != now).then(|| Delta::of(name, &reviewed, &now, &self.zone));
                Some(format!("{} {}", words::name(name), delta?.text))
            })
            .collect();
        if parts.is_empty() {
            // The body says more than the fields do.
            return format!("{verb} something else");
        }
        format!("{verb} {}", parts.join(", "))
    }

    /// Writes the differences for a terminal.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write_text(
        &self,
        out: &mut dyn Write,
        styles: Styles,
        header: &[HeaderDifference],
    ) -> io::Result<()> {
        for (path, reviewed, now) in header {
            let text = format!("{path}: {} → {}", told(reviewed), told(now));
            writeln!(out, "{}", Untrusted(&words::detail(&text)).terminal())?;
        }
        let groups = |summary: &PlanSummary| -> Vec<Row> {
            summary.groups().into_iter().map(Row::from).collect()
        };
        section(
            out,
            "added",
            self.counts.added,
            styles.good,
            &groups(&self.added),
        )?;
        section(
            out,
            "removed",
            self.counts.removed,
            styles.error,
            &groups(&self.removed),
        )?;
        let (top, others) = self.altered.top();
        let mut rows: Vec<Row> = top
            .into_iter()
            .map(|(text, row)| Row {
                cells: [
                    thousands(row.count),
                    text.to_owned(),
                    String::new(),
                    String::new(),
                    String::new(),
                ],
                below: row.few.clone(),
            })
            .collect();
        if others > 0 {
            rows.push(Row {
                cells: [
                    thousands(others),
                    "in other ways".to_owned(),
                    String::new(),
                    String::new(),
                    String::new(),
                ],
                below: Vec::new(),
            });
        }
        section(out, "altered", self.counts.altered, styles.warning, &rows)?;
        if self.irreversible.total() > 0 {
            let title = format!(
                "{} of these can't be undone:",
                thousands(self.irreversible.total())
            );
            writeln!(out, "{}", title.style(styles.warning))?;
            for line in self.irreversible.lines() {
                writeln!(out, "  {line}")?;
            }
            if self.irreversible.more() > 0 {
                writeln!(out, "  … and {} more", thousands(self.irreversible.more()))?;
            }
            writeln!(out)?;
        }
        let DiffCounts {
            added,
            removed,
            altered,
            unchanged,
        } = self.counts;
        if self.counts.is_same() {
            return writeln!(
                out,
                "the same {} in both plans",
                count(unchanged, "change", "changes")
            );
        }
        writeln!(
            out,
            "{} added, {} removed, {} altered, {} the same",
            thousands(added),
            thousands(removed),
            thousands(altered),
            thousands(unchanged)
        )
    }
}

fn section(
    out: &mut dyn Write,
    title: &str,
    number: u64,
    style: Style,
    rows: &[Row],
) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    writeln!(out, "{}", title.style(style))?;
    write_rows(out, rows)?;
    writeln!(out)
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A difference as `--json` has it: the changes as they stand in the plans.
#[derive(Debug, Serialize)]
struct Written<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "<[Aspect]>::is_empty")]
    differs: &'a [Aspect],
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed: Option<&'a Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a Change>,
}

/// Writes a difference as one line of JSON.
///
/// # Errors
///
/// What `out` says.
pub fn write_difference_json(out: &mut dyn Write, difference: &Difference) -> io::Result<()> {
    let written = match difference {
        Difference::Added(change) => Written {
            kind: "added",
            differs: &[],
            reviewed: None,
            now: Some(change),
        },
        Difference::Removed(change) => Written {
            kind: "removed",
            differs: &[],
            reviewed: Some(change),
            now: None,
        },
        Difference::Altered {
            reviewed,
            now,
            aspects,
        } => Written {
            kind: "altered",
            differs: aspects,
            reviewed: Some(reviewed),
            now: Some(now),
        },
    };
    serde_json::to_writer(out, &written)?;
    Ok(())
}
