//! The differences of two plans as one JSON document. Scripts depend on its names.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::Id,
    plan::{Aspect, Change, Difference, Fate, LeftOut, Rejection, Target, diff, diff_left_out},
    text,
};

use super::plan_diff::{DiffReport, DiffSide};

/// The part that does not grow with the plans; the lists follow it.
#[derive(Debug, Serialize)]
struct Head<'a> {
    reviewed: Side<'a>,
    now: Side<'a>,
    /// Applying either plan does the same.
    same: bool,
    added: u64,
    removed: u64,
    altered: u64,
    unchanged: u64,
    header: Vec<HeaderRow<'a>>,
}

#[derive(Debug, Serialize)]
struct Side<'a> {
    path: &'a str,
    sha256: &'a str,
    now: Timestamp,
}

impl<'a> From<DiffSide<'a>> for Side<'a> {
    fn from(side: DiffSide<'a>) -> Self {
        Self {
            path: side.path,
            sha256: side.sha256,
            now: side.header.now,
        }
    }
}

#[derive(Debug, Serialize)]
struct HeaderRow<'a> {
    field: &'a str,
    reviewed: &'a Value,
    now: &'a Value,
    /// Whether applying the plans may do different things because of it.
    decides: bool,
}

/// A change, with its lines of both plans.
#[derive(Debug, Serialize)]
struct ChangeRow<'a> {
    kind: &'static str,
    change: &'a str,
    group: &'a Id,
    target: &'a Target,
    action: &'a [String],
    #[serde(skip_serializing_if = "<[Aspect]>::is_empty")]
    differs: &'a [Aspect],
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed: Option<&'a Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a Change>,
}

impl<'a> From<&'a Difference> for ChangeRow<'a> {
    fn from(difference: &'a Difference) -> Self {
        let row = |kind, of: &'a Change| Self {
            kind,
            change: &of.change,
            group: &of.group,
            target: &of.target,
            action: &of.action,
            differs: &[],
            reviewed: None,
            now: None,
        };
        match difference {
            Difference::Added(now) => Self {
                now: Some(now),
                ..row("added", now)
            },
            Difference::Removed(reviewed) => Self {
                reviewed: Some(reviewed),
                ..row("removed", reviewed)
            },
            Difference::Altered {
                reviewed,
                now,
                aspects,
            } => Self {
                differs: aspects,
                reviewed: Some(reviewed),
                now: Some(now),
                ..row("altered", now)
            },
        }
    }
}

/// A target or a row that is left out, with the reasons.
#[derive(Debug, Serialize)]
struct LeftOutRow<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
}

impl<'a> From<&'a LeftOut> for LeftOutRow<'a> {
    fn from(difference: &'a LeftOut) -> Self {
        let row = |kind, of: &'a Rejection| Self {
            kind,
            target: of.target.as_ref(),
            row: of.row,
            reviewed: None,
            now: None,
        };
        match difference {
            LeftOut::Added(now) => Self {
                now: Some(&now.reason),
                ..row("added", now)
            },
            LeftOut::Removed(reviewed) => Self {
                reviewed: Some(&reviewed.reason),
                ..row("removed", reviewed)
            },
            LeftOut::Altered { reviewed, now } => Self {
                reviewed: Some(&reviewed.reason),
                now: Some(&now.reason),
                ..row("altered", now)
            },
        }
    }
}

impl DiffReport<'_> {
    /// Writes the differences as one document, with one line for each change and each target that is left out.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or if a plan can't be read again; then the document is incomplete.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let head = text::json::to_string(&Head {
            reviewed: self.reviewed.into(),
            now: self.now.into(),
            same: self.is_same(),
            added: self.counts.added,
            removed: self.counts.removed,
            altered: self.counts.altered,
            unchanged: self.counts.unchanged,
            header: self
                .header
                .iter()
                .map(|difference| HeaderRow {
                    field: &difference.field,
                    reviewed: &difference.reviewed,
                    now: &difference.now,
                    decides: difference.decides(),
                })
                .collect(),
        })?;
        // Its closing brace comes after the lists.
        write!(out, "{},\"changes\":[", &head[..head.len() - 1])?;
        let (reviewed, now) = (self.reviewed.items, self.now.items);
        let mut separator = "\n";
        diff(reviewed, now, &mut |difference| {
            write_row(out, &mut separator, &ChangeRow::from(&difference))
        })?;
        for (name, fate) in [("skipped", Fate::Skipped), ("rejected", Fate::Rejected)] {
            write!(out, "],\n\"{name}\":[")?;
            let mut separator = "\n";
            diff_left_out(fate, reviewed, now, &mut |difference| {
                write_row(out, &mut separator, &LeftOutRow::from(&difference))
            })?;
        }
        writeln!(out, "]}}")
    }
}

fn write_row(
    out: &mut dyn Write,
    separator: &mut &'static str,
    row: &impl Serialize,
) -> io::Result<()> {
    write!(out, "{separator}")?;
    *separator = ",\n";
    text::json::to_writer(out, row)?;
    Ok(())
}
