//! The summary of a plan, collected item by item in bounded memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    api::{Generation, Id, Level},
    plan::{Change, Item, Target, Undo},
};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    delta::{Delta, is_due_date},
    manner::unshown,
    plan_forecast::Forecast,
    summary_line::{OTHER_VALUES, SummaryKind, SummaryLine, deltas, with_dates},
    tally::{Sample, Tally},
    units::thousands,
    words,
};

/// Rejected items that are listed: enough to see a common cause.
const REJECTED_SHOWN: usize = 10;

/// Irreversible changes that are listed one by one; a longer list would not be read.
const IRREVERSIBLE_SHOWN: usize = 10;

/// Reasons for irreversibility that are shown.
const MAX_REASONS: usize = 5;

/// Kinds of changes that are counted. A playbook has a few; a plan file from another source may have any number.
const MAX_KINDS: usize = 50;

/// What the texts of a summary leave out: ends of long values, and values that differ between all targets.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct NotShown {
    pub(super) values: u64,
    pub(super) changes: u64,
}

/// The changes of one kind by their common key.
#[derive(Debug, Default)]
struct KindTally {
    /// Due dates by their distance.
    by_delta: Tally,
    /// Due dates by the new date.
    by_date: Tally,
}

impl KindTally {
    /// Whether the new dates need fewer lines than the distances: many targets get the same date.
    fn is_by_date(&self) -> bool {
        self.by_date.total() > 0 && self.by_date.distinct() < self.by_delta.distinct()
    }

    fn shown(&self) -> &Tally {
        if self.is_by_date() {
            &self.by_date
        } else {
            &self.by_delta
        }
    }
}

/// The changes, skips and rejections of a plan, grouped and counted.
///
/// Distinct targets and executions are counted by comparing neighbours: in a plan, the lines of an execution, and within it those of a
/// target, are together.
#[derive(Debug)]
pub struct PlanSummary {
    zone: TimeZone,
    changes: BTreeMap<SummaryKind, KindTally>,
    /// Changes with a field beyond [`MAX_KINDS`].
    other_kinds: u64,
    pub(super) not_shown: NotShown,
    pub(super) skipped: Tally,
    /// Those of the skipped targets that are out of reach.
    out_of_reach: BTreeMap<Level, Tally>,
    pub(super) rejected: Sample,
    pub(super) irreversible: Sample,
    /// How many of these can be undone in part.
    pub(super) undone_in_part: u64,
    irreversible_reasons: BTreeSet<String>,
    /// The names of its actions that are not idempotent.
    not_idempotent: BTreeSet<&'static str>,
    pub(super) forecast: Forecast,
    /// Distinct targets with a change or a skip.
    pub(super) targets: BTreeMap<Level, u64>,
    /// Distinct executions with a change or a skip.
    pub(super) executions: u64,
    generations: BTreeSet<Generation>,
    last: Option<(Id, Level, Option<Id>)>,
}

impl PlanSummary {
    /// `zone` is the plan's: distances between UTC dates are computed on its wall clock.
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            changes: BTreeMap::new(),
            other_kinds: 0,
            not_shown: NotShown::default(),
            skipped: Tally::default(),
            out_of_reach: BTreeMap::new(),
            rejected: Sample::first(REJECTED_SHOWN),
            irreversible: Sample::first(IRREVERSIBLE_SHOWN),
            undone_in_part: 0,
            irreversible_reasons: BTreeSet::new(),
            not_idempotent: BTreeSet::new(),
            forecast: Forecast::default(),
            targets: BTreeMap::new(),
            executions: 0,
            generations: BTreeSet::new(),
            last: None,
        }
    }

    /// Counts one item, in the plan's order.
    pub fn add(&mut self, item: &Item) {
        match item {
            Item::Change(change) => self.add_change(change),
            Item::Skipped(skip) => {
                self.add_target(&skip.target);
                let reason = words::detail(&skip.reason);
                let tally = if skip.out_of_reach {
                    self.out_of_reach.entry(skip.target.kind).or_default()
                } else {
                    &mut self.skipped
                };
                tally.add(reason, None, || Some(words::target(&skip.target)));
            }
            Item::Rejected(rejection) => self.rejected.add(|| words::rejection(rejection)),
        }
    }

    /// The plan's zone.
    pub(super) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Irreversible changes.
    pub const fn irreversible(&self) -> u64 {
        self.irreversible.total()
    }

    /// The names of its actions that are not idempotent.
    pub(super) fn not_idempotent(&self) -> impl Iterator<Item = &'static str> {
        self.not_idempotent.iter().copied()
    }

    /// What stands behind "can't be undone": nothing, or that some of these can be undone in part.
    pub const fn in_full(&self) -> &'static str {
        if self.undone_in_part > 0 {
            " in full"
        } else {
            ""
        }
    }

    /// The reasons for irreversibility, in one line.
    pub(super) fn why_irreversible(&self) -> String {
        let reasons: Vec<String> = self.irreversible_reasons.iter().cloned().collect();
        reasons.join("; ")
    }

    /// The groups of changes, the most frequent first.
    pub(super) fn groups(&self) -> Vec<SummaryLine<'_>> {
        let kinds = self.changes.iter();
        let mut kinds: Vec<_> = kinds.map(|(kind, tally)| (kind, tally.shown())).collect();
        kinds.sort_by_key(|(_, tally)| Reverse(tally.total()));
        let mut groups = Vec::new();
        for (kind, tally) in kinds {
            let (top, others) = tally.top();
            groups.extend(top.into_iter().map(|(text, row)| SummaryLine {
                count: row.count,
                on: self.noun(kind.level, row.count),
                what: &kind.actions,
                field: &kind.field,
                delta: with_dates(Delta::text_of(text), row.dates),
                kind: Some(kind),
                text: Some(text),
                few: &row.few,
                ..SummaryLine::default()
            }));
            groups.push(SummaryLine {
                count: others,
                on: self.noun(kind.level, others),
                what: &kind.actions,
                field: &kind.field,
                delta: OTHER_VALUES.to_owned(),
                kind: Some(kind),
                ..SummaryLine::default()
            });
        }
        groups.push(SummaryLine {
            count: self.other_kinds,
            on: "other changes",
            delta: OTHER_VALUES.to_owned(),
            ..SummaryLine::default()
        });
        groups.retain(|line| line.count > 0);
        groups
    }

    /// The `text` of the line that counts a change of this kind, if there is one.
    pub(super) fn key_of(&self, kind: &SummaryKind, delta: Option<&Delta>) -> String {
        let is_by_date = self.changes.get(kind).is_some_and(KindTally::is_by_date);
        delta.map_or_else(String::new, |delta| {
            if is_by_date {
                delta.key_by_date()
            } else {
                delta.key()
            }
        })
    }

    /// The groups of skipped targets, the most frequent reason first; before them those out of reach.
    pub(super) fn skips(&self) -> Vec<SummaryLine<'_>> {
        let out_of_reach = self.out_of_reach.iter();
        let tallies = out_of_reach
            .map(|(level, tally)| (Some(*level), tally))
            .chain([(None, &self.skipped)]);
        let mut groups = Vec::new();
        let mut rest = 0;
        for (out_of_reach, tally) in tallies {
            let (top, others) = tally.top();
            rest += others;
            groups.extend(top.into_iter().map(|(reason, row)| SummaryLine {
                count: row.count,
                on: out_of_reach.map_or("skipped", |level| self.noun(level, row.count)),
                what: reason,
                text: Some(reason),
                out_of_reach,
                few: &row.few,
                ..SummaryLine::default()
            }));
        }
        groups.push(SummaryLine {
            count: rest,
            on: "skipped",
            what: "for other reasons",
            ..SummaryLine::default()
        });
        groups.retain(|line| line.count > 0);
        groups
    }

    /// `15 tasks (10010 is assigned through {{assignee}}, which reassign does not change)`; none if no target is out of reach. Escaped.
    pub fn out_of_reach(&self) -> Option<String> {
        let parts: Vec<String> = self
            .skips()
            .iter()
            .filter(|group| group.out_of_reach.is_some())
            .take(MAX_REASONS)
            .map(|group| format!("{} {} ({})", thousands(group.count), group.on, group.what))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Skipped targets that are not out of reach.
    pub(super) fn skipped_total(&self) -> u64 {
        self.skipped.total()
    }

    /// Targets out of reach.
    pub fn out_of_reach_total(&self) -> u64 {
        self.out_of_reach.values().map(Tally::total).sum()
    }

    fn add_change(&mut self, change: &Change) {
        self.add_target(&change.target);
        let actions = words::actions(&change.action);
        let deltas = deltas(change, &self.zone);
        let cut = deltas
            .iter()
            .filter(|(_, delta)| delta.as_ref().is_some_and(Delta::is_cut));
        let unshown = (cut.count() + unshown(change)) as u64;
        self.not_shown.values += unshown;
        self.not_shown.changes += u64::from(unshown > 0);
        let mut is_other = false;
        for (field, delta) in deltas {
            is_other |= !self.add_field(change, actions.clone(), field, delta.as_ref());
        }
        self.other_kinds += u64::from(is_other);
        self.forecast.add(change);
        self.not_idempotent.extend(change.not_idempotent());
        match &change.undo {
            Undo::Request(_) => {}
            Undo::None(reason) => {
                self.undone_in_part += u64::from(change.is_undone_in_part());
                self.irreversible.add(|| words::change(change));
                // There are as many reasons as kinds of actions; a plan from another source may have any number.
                if self.irreversible_reasons.len() < MAX_REASONS {
                    self.irreversible_reasons.insert(words::detail(reason));
                }
            }
        }
    }

    /// Whether it is counted by its kind.
    fn add_field(
        &mut self,
        change: &Change,
        actions: String,
        field: String,
        delta: Option<&Delta>,
    ) -> bool {
        let kind = SummaryKind {
            level: change.target.kind,
            actions,
            field,
        };
        if self.changes.len() >= MAX_KINDS && !self.changes.contains_key(&kind) {
            return false;
        }
        // Irreversible changes are listed anyway.
        let named = || match &change.undo {
            Undo::Request(_) => Some(words::target(&change.target)),
            Undo::None(_) => None,
        };
        let moved = delta.and_then(|delta| delta.moved.as_ref());
        let is_due_date = is_due_date(&kind.field);
        let tally = self.changes.entry(kind).or_default();
        if is_due_date && let Some(delta) = delta {
            let was = moved.map(|moved| (moved.was, 0));
            tally.by_date.add(delta.key_by_date(), was, named);
        }
        let moved = moved.map(|moved| (moved.was, moved.by));
        let text = delta.map_or_else(String::new, Delta::key);
        tally.by_delta.add(text, moved, named);
        true
    }

    fn add_target(&mut self, target: &Target) {
        self.generations.insert(target.api);
        let this = (target.execution.clone(), target.kind, target.id.clone());
        if self.last.as_ref() == Some(&this) {
            return;
        }
        if self.last.as_ref().map(|(execution, ..)| execution) != Some(&target.execution) {
            self.executions += 1;
        }
        *self.targets.entry(target.kind).or_default() += 1;
        self.last = Some(this);
    }

    /// Whether the plan starts executions, so that they do not exist yet.
    pub(super) fn is_of_entities(&self) -> bool {
        self.targets.keys().eq([&Level::Entity])
    }

    /// The noun for a number of targets of a level. Executions are flows if all are of the second generation.
    pub(super) fn noun(&self, level: Level, number: u64) -> &'static str {
        let (one, many) = match level {
            Level::Execution if self.generations.iter().eq([&Generation::V2]) => ("flow", "flows"),
            Level::Execution => ("execution", "executions"),
            Level::Entity => ("entity", "entities"),
            Level::Step => ("step", "steps"),
            Level::Phase => ("phase", "phases"),
            Level::Task => ("task", "tasks"),
        };
        if number == 1 { one } else { many }
    }

    /// `92 flows`, or the noun of the plan's targets.
    pub(super) fn executions(&self, number: u64) -> String {
        let level = if self.is_of_entities() {
            Level::Entity
        } else {
            Level::Execution
        };
        self.counted(level, number)
    }

    /// `1,767 tasks`.
    pub(super) fn counted(&self, level: Level, number: u64) -> String {
        format!("{} {}", thousands(number), self.noun(level, number))
    }
}

#[cfg(test)]
pub(super) mod tests;
