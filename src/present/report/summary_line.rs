//! A line of the summary, and what of a change it counts.

use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{delta::Delta, manner::Manner, words};
use crate::{api::Level, plan::Change, text::Untrusted};

/// The action, the level and the field (empty if the request writes none).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SummaryKind {
    pub(super) level: Level,
    pub(super) actions: String,
    pub(super) field: String,
}

/// Equal changes of one field, or equal reasons to skip: a line of the table. All text is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct SummaryLine<'a> {
    pub(super) count: u64,
    /// The level; or `skipped`, or `other changes`.
    pub(super) on: &'static str,
    /// The actions, or the reason.
    pub(super) what: &'a str,
    pub(super) field: &'a str,
    /// The change of the field.
    pub(super) delta: String,
    /// For changes that are counted by their kind.
    #[serde(skip)]
    pub(super) kind: Option<&'a SummaryKind>,
    /// The common key of its changes or skips; none if they have too little in common.
    #[serde(skip)]
    pub(super) text: Option<&'a str>,
    /// Whether its targets are out of reach.
    #[serde(skip)]
    pub(super) out_of_reach: Option<Level>,
    /// The targets, if there are few.
    pub(super) few: &'a [String],
}

/// The change of a line that counts different ones.
pub(super) const OTHER_VALUES: &str = "other values";

impl SummaryLine<'_> {
    /// The change; for a count of other values, the command that shows `each` change, if the plan is in a file.
    pub(super) fn delta_or_where(&self, each: Option<&str>) -> String {
        match (self.delta.as_str(), self.text, each) {
            (OTHER_VALUES, None, Some(each)) => {
                format!("{OTHER_VALUES} (each: {})", Untrusted(each).terminal())
            }
            _ => self.delta.clone(),
        }
    }
}

/// The fields that get another value, each with its new value; one without a name if there is none. Other parts of the request are added to
/// each.
pub(super) fn deltas(change: &Change, zone: &TimeZone) -> Vec<(String, Option<Delta>)> {
    let manner = Manner::of(change);
    if change.writes().next().is_none() {
        return vec![(String::new(), manner.map(Delta::beside_fields))];
    }
    change
        .writes()
        .map(|(field, before, after)| {
            let delta = Delta::of(&field, before, after, zone);
            let delta = match &manner {
                Some(manner) => delta.with(manner),
                None => delta,
            };
            (words::name(&field), Some(delta))
        })
        .collect()
}

/// `+3 days   (was 2026-12-01 … 14)`.
pub(super) fn with_dates(text: &str, dates: Option<(Date, Date)>) -> String {
    let Some((first, last)) = dates else {
        return text.to_owned();
    };
    let same_month = |date: Date| (date.year(), date.month());
    if first == last {
        format!("{text}   (was {first})")
    } else if same_month(first) == same_month(last) {
        format!("{text}   (was {first} … {:02})", last.day())
    } else {
        format!("{text}   (was {first} … {last})")
    }
}
