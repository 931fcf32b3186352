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

use super::{
    json_list::JsonList,
    plan_diff::{DiffReport, DiffSide},
};

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
        let (kind, of, reviewed, now, differs) = match difference {
            Difference::Added(now) => ("added", now, None, Some(&**now), &[][..]),
            Difference::Removed(reviewed) => {
                ("removed", reviewed, Some(&**reviewed), None, &[][..])
            }
            Difference::Altered {
                reviewed,
                now,
                aspects,
            } => (
                "altered",
                now,
                Some(&**reviewed),
                Some(&**now),
                &aspects[..],
            ),
        };
        Self {
            kind,
            change: &of.change,
            group: &of.group,
            target: &of.target,
            action: &of.action,
            differs,
            reviewed,
            now,
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
        let (kind, of, reviewed, now) = match difference {
            LeftOut::Added(now) => ("added", now, None, Some(now)),
            LeftOut::Removed(reviewed) => ("removed", reviewed, Some(reviewed), None),
            LeftOut::Altered { reviewed, now } => ("altered", now, Some(reviewed), Some(now)),
        };
        let reason = |of: &'a Rejection| of.reason.as_str();
        Self {
            kind,
            target: of.target.as_ref(),
            row: of.row,
            reviewed: reviewed.map(reason),
            now: now.map(reason),
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
        write!(out, "{},", &head[..head.len() - 1])?;
        let (reviewed, now) = (self.reviewed.items, self.now.items);
        let mut changes = JsonList::new(out, "changes")?;
        diff(reviewed, now, &mut |difference| {
            changes.add(&ChangeRow::from(&difference))
        })?;
        changes.finish()?;
        for (key, fate) in [("skipped", Fate::Skipped), ("rejected", Fate::Rejected)] {
            writeln!(out, ",")?;
            let mut rows = JsonList::new(out, key)?;
            diff_left_out(fate, reviewed, now, &mut |difference| {
                rows.add(&LeftOutRow::from(&difference))
            })?;
            rows.finish()?;
        }
        writeln!(out, "}}")
    }
}
