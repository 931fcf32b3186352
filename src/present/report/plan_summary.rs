//! The summary of a plan, collected item by item in bounded memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    api::{Generation, Id, Level},
    plan::{Change, Item, Target, Undo},
    text::Untrusted,
};
use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{
    delta::{Delta, is_due_date},
    manner::Manner,
    plan_forecast::Forecast,
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

/// The action, the level and the field (empty if the request writes none).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SummaryKind {
    pub(super) level: Level,
    pub(super) actions: String,
    pub(super) field: String,
}

/// Equal changes of one field, or equal reasons to skip: a line of the table. All text is escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

impl<'a> SummaryLine<'a> {
    /// The change; for a count of other values, the command that shows `each` change, if the plan is in a file.
    pub(super) fn delta_or_where(&self, each: Option<&str>) -> String {
        match (self.kind, self.text, each) {
            (Some(_), None, Some(each)) => {
                format!("{} (each: {})", self.delta, Untrusted(each).terminal())
            }
            (Some(_), None, None) | (Some(_), Some(_), _) | (None, ..) => self.delta.clone(),
        }
    }

    /// The count of changes without a kind, if there are any.
    fn rest(count: u64, on: &'static str, what: &'a str, field: &'a str) -> Option<Self> {
        (count > 0).then(|| Self {
            count,
            on,
            what,
            field,
            delta: String::new(),
            kind: None,
            text: None,
            out_of_reach: None,
            few: &[],
        })
    }
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
    /// Changes of fields beyond [`MAX_KINDS`].
    other_kinds: u64,
    pub(super) skipped: Tally,
    /// Those of the skipped targets that are out of reach.
    out_of_reach: BTreeMap<Level, Tally>,
    pub(super) rejected: Sample,
    pub(super) irreversible: Sample,
    irreversible_reasons: BTreeSet<String>,
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
            skipped: Tally::default(),
            out_of_reach: BTreeMap::new(),
            rejected: Sample::first(REJECTED_SHOWN),
            irreversible: Sample::first(IRREVERSIBLE_SHOWN),
            irreversible_reasons: BTreeSet::new(),
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

    /// The reasons for irreversibility, in one line.
    pub(super) fn why_irreversible(&self) -> String {
        let reasons: Vec<&str> = self
            .irreversible_reasons
            .iter()
            .map(String::as_str)
            .collect();
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
                out_of_reach: None,
                few: &row.few,
            }));
            let on = self.noun(kind.level, others);
            let rest = SummaryLine::rest(others, on, &kind.actions, &kind.field);
            groups.extend(rest.map(|rest| SummaryLine {
                delta: "other values".to_owned(),
                kind: Some(kind),
                ..rest
            }));
        }
        groups.extend(SummaryLine::rest(self.other_kinds, "other changes", "", ""));
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
                field: "",
                delta: String::new(),
                kind: None,
                text: Some(reason),
                out_of_reach,
                few: &row.few,
            }));
        }
        groups.extend(SummaryLine::rest(rest, "skipped", "for other reasons", ""));
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
    pub fn skipped_total(&self) -> u64 {
        self.skipped.total()
    }

    /// Targets out of reach.
    pub fn out_of_reach_total(&self) -> u64 {
        self.out_of_reach.values().map(Tally::total).sum()
    }

    fn add_change(&mut self, change: &Change) {
        self.add_target(&change.target);
        let actions = words::actions(&change.action);
        for (field, delta) in deltas(change, &self.zone) {
            self.add_field(change, actions.clone(), field, delta.as_ref());
        }
        self.forecast.add(change);
        match &change.undo {
            Undo::Request(_) => {}
            Undo::None(reason) => {
                self.irreversible.add(|| words::change(change));
                // There are as many reasons as kinds of actions; a plan from another source may have any number.
                if self.irreversible_reasons.len() < MAX_REASONS {
                    self.irreversible_reasons.insert(words::detail(reason));
                }
            }
        }
    }

    fn add_field(
        &mut self,
        change: &Change,
        actions: String,
        field: String,
        delta: Option<&Delta>,
    ) {
        let kind = SummaryKind {
            level: change.target.kind,
            actions,
            field,
        };
        if self.changes.len() >= MAX_KINDS && !self.changes.contains_key(&kind) {
            self.other_kinds += 1;
            return;
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
            let delta = Delta::of(field, before, after, zone);
            let delta = match &manner {
                Some(manner) => delta.with(manner),
                None => delta,
            };
            (words::name(field), Some(delta))
        })
        .collect()
}

/// `+3 days   (was 2026-12-01 … 14)`.
fn with_dates(text: &str, dates: Option<(Date, Date)>) -> String {
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

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        api::Method,
        plan::{Effect, Fields, PlannedRequest, Repeat, Skip},
        report::words::tests::task,
    };

    /// A PATCH of one field of a task.
    pub(in crate::present::report) fn change(
        target: Target,
        action: &str,
        field: &str,
        before: Value,
        after: Value,
    ) -> Item {
        let before = Fields::from([(field.to_owned(), before)]);
        let after = Fields::from([(field.to_owned(), after)]);
        let request = |body: &Fields| PlannedRequest {
            method: Method::Patch,
            path: "/v2/flows/executions/e/tasks/t".to_owned(),
            body: Some(body.clone()),
        };
        Item::Change(Box::new(Change {
            change: "0123456789ab".to_owned(),
            group: target.execution.clone(),
            target,
            action: vec![action.to_owned()],
            request: request(&after),
            requires: Fields::new(),
            repeat: Repeat::Safe,
            undo: Undo::Request(request(&before)),
            effects: Vec::new(),
            before,
            after,
        }))
    }

    /// A scheduled automation that starts at once.
    pub(in crate::present::report) fn run_now(target: Target) -> Item {
        Item::Change(Box::new(Change {
            change: "0123456789ab".to_owned(),
            group: target.execution.clone(),
            target,
            action: vec!["run_schedule_now".to_owned()],
            request: PlannedRequest {
                method: Method::Post,
                path: "/v2/flows/executions/e/tasks/t/schedule/run-now".to_owned(),
                body: None,
            },
            before: Fields::new(),
            after: Fields::new(),
            requires: Fields::new(),
            repeat: Repeat::Readable,
            undo: Undo::None("an automation that has started can't be called back".to_owned()),
            effects: vec![Effect::AutomationFires],
        }))
    }

    fn summary(items: &[Item]) -> PlanSummary {
        let mut summary = PlanSummary::new(TimeZone::UTC);
        for item in items {
            summary.add(item);
        }
        summary
    }

    #[test]
    fn a_target_with_several_changes_is_one_target() {
        let items = [
            change(task("e1", "t1", ""), "a", "x", json!(1), json!(2)),
            run_now(task("e1", "t1", "")),
            change(task("e1", "t2", ""), "a", "x", json!(1), json!(2)),
            Item::Skipped(Skip {
                target: task("e2", "t1", ""),
                reason: "done".to_owned(),
                out_of_reach: false,
            }),
        ];
        let summary = summary(&items);
        assert_eq!(summary.targets[&Level::Task], 3);
        assert_eq!(summary.executions, 2);
    }

    #[test]
    fn a_field_that_keeps_its_value_is_not_shown_but_its_change_is_counted() {
        let summary = summary(&[change(task("e", "t", ""), "a", "x", json!(1), json!(1))]);
        let groups = summary.groups();
        assert_eq!(groups.len(), 1);
        assert_eq!((groups[0].count, groups[0].field), (1, ""));
    }

    fn due(number: usize, before: Value, after: &str) -> Item {
        let target = task("e", &format!("t{number}"), "");
        change(target, "set_due_date", "due_date", before, json!(after))
    }

    fn deltas_of(items: &[Item]) -> Vec<(u64, String)> {
        let summary = summary(items);
        let groups = summary.groups();
        groups
            .into_iter()
            .map(|group| (group.count, group.delta))
            .collect()
    }

    #[test]
    fn due_dates_are_told_by_the_date_where_more_have_that_in_common_than_a_distance() {
        let on = "2026-12-15T00:00:00.000";
        let one_date = [
            due(1, json!("2026-12-01"), on),
            due(2, json!("2026-12-14T12:00:00.000Z"), on),
            due(3, json!("2027-01-26"), on),
            due(4, Value::Null, on),
        ];
        let two_dates = [
            due(1, json!("2026-12-01"), on),
            due(2, json!("2026-12-02"), on),
            due(3, json!("2026-12-03"), on),
            due(4, json!("2026-12-04"), "2026-12-16T12:00:00"),
        ];
        let one_distance = [
            due(1, json!("2026-12-01"), "2026-12-03"),
            due(2, json!("2026-12-02"), "2026-12-04"),
        ];
        let both = [
            due(1, json!("2026-12-01"), on),
            due(2, json!("2026-12-01"), on),
        ];
        for (items, told) in [
            (
                &one_date[..],
                &[
                    (3, "→ 2026-12-15   (was 2026-12-01 … 2027-01-26)"),
                    (1, "none → 2026-12-15"),
                ][..],
            ),
            (
                &two_dates,
                &[
                    (3, "→ 2026-12-15   (was 2026-12-01 … 03)"),
                    (1, "→ 2026-12-16 12:00   (was 2026-12-04)"),
                ],
            ),
            (&one_distance, &[(2, "+2 days   (was 2026-12-01 … 02)")]),
            (&both, &[(2, "+14 days   (was 2026-12-01)")]),
        ] {
            let told: Vec<_> = told
                .iter()
                .map(|(n, text)| (*n, (*text).to_owned()))
                .collect();
            assert_eq!(deltas_of(items), told);
        }
    }

    #[test]
    fn lines_of_equal_counts_are_ordered_by_size() {
        let from = |before: &str, after: &str| due(1, json!(before), after);
        let distances = [
            from("2026-12-01T00:00:00", "2026-12-11T00:00:00"),
            from("2026-12-01T00:00:00", "2026-12-03T00:00:00"),
            from("2026-12-01T00:00:00", "2026-12-02T02:00:00"),
            from("2026-12-01T00:00:00", "2026-12-02T00:30:00"),
            from("2026-12-01T00:00:00", "2026-11-29T00:00:00"),
            from("2026-12-01T00:00:00", "2026-11-21T00:00:00"),
            from("2026-12-01T00:00:00", "2026-12-01T08:00:00"),
        ];
        let told: Vec<_> = deltas_of(&distances)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            told,
            [
                "-10 days",
                "-2 days",
                "+8 h",
                "+1 day 30 min",
                "+1 day 2 h",
                "+2 days",
                "+10 days"
            ]
            .map(|distance| format!("{distance}   (was 2026-12-01)"))
        );
        let priorities = [10, 9, 100].map(|after| {
            change(
                task("e", "t", ""),
                "patch",
                "priority",
                json!(1),
                json!(after),
            )
        });
        let told: Vec<_> = deltas_of(&priorities)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(told, ["1 → 9", "1 → 10", "1 → 100"]);
    }

    #[test]
    fn what_is_out_of_reach_is_counted_by_level_apart_from_what_is_skipped() {
        let skip = |target: Target, out_of_reach| {
            Item::Skipped(Skip {
                target,
                reason: "is so".to_owned(),
                out_of_reach,
            })
        };
        let flow = Target {
            kind: Level::Execution,
            id: None,
            ..task("e", "t", "")
        };
        let summary = summary(&[
            skip(task("e", "t1", ""), true),
            skip(task("e", "t2", ""), true),
            skip(task("e", "t3", ""), false),
            skip(flow, true),
        ]);
        let said = summary.skips();
        let said: Vec<_> = said.iter().map(|row| (row.count, row.on)).collect();
        assert_eq!(said, [(1, "flow"), (2, "tasks"), (1, "skipped")]);
        assert_eq!(
            summary.out_of_reach().unwrap(),
            "1 flow (is so), 2 tasks (is so)"
        );
    }

    #[test]
    fn changes_that_are_sent_in_another_way_are_no_equal_ones() {
        let reverts = [false, true, true].map(|reverts| {
            let target = task("e", "t", "");
            let item = change(target, "set_status", "status", json!("a"), json!("b"));
            let Item::Change(mut change) = item else {
                unreachable!("a change was made")
            };
            if reverts {
                let body = change.request.body.as_mut().unwrap();
                body.insert("revert_execution".to_owned(), json!(true));
            }
            Item::Change(change)
        });
        let summary = summary(&reverts);
        let said = summary.groups();
        let said: Vec<_> = said.iter().map(|row| (row.count, &row.delta[..])).collect();
        assert_eq!(said, [(2, "a → b (revert_execution: true)"), (1, "a → b")]);
    }

    #[test]
    fn changes_are_told_apart_by_what_is_cut_of_how_they_are_sent() {
        for after in ["b", "a"] {
            let items = ["x", "y", "y"].map(|end| {
                let target = task("e", "t", "");
                let item = change(target, "set_status", "status", json!("a"), json!(after));
                let Item::Change(mut change) = item else {
                    unreachable!("a change was made")
                };
                let body = change.request.body.as_mut().unwrap();
                body.insert("note".to_owned(), json!("long ".repeat(100) + end));
                Item::Change(change)
            });
            let summary = summary(&items);
            let said = summary.groups();
            let counts: Vec<_> = said.iter().map(|row| row.count).collect();
            assert_eq!(counts, [2, 1], "{after}");
            assert_eq!(said[0].delta, said[1].delta);
            assert!(said[0].delta.len() < 300, "{}", said[0].delta);
        }
    }

    #[test]
    fn a_hostile_plan_takes_bounded_memory() {
        let items: Vec<Item> = (0..5_000)
            .map(|n| {
                let field = format!("{n}{}", "x".repeat(1_000));
                change(
                    task("e", &format!("t{n}"), ""),
                    &field,
                    &field,
                    json!(1),
                    json!(2),
                )
            })
            .collect();
        let summary = summary(&items);
        assert_eq!(summary.changes.len(), MAX_KINDS);
        assert_eq!(summary.other_kinds, 5_000 - MAX_KINDS as u64);
        assert!(
            summary
                .changes
                .keys()
                .all(|kind| kind.actions.len() + kind.field.len() < 200)
        );
    }

    #[test]
    fn executions_are_called_as_their_generation_calls_them() {
        let v2 = task("e", "t", "");
        let v1 = Target {
            api: Generation::V1,
            ..v2.clone()
        };
        let skip = |target: &Target| {
            Item::Skipped(Skip {
                target: target.clone(),
                reason: String::new(),
                out_of_reach: false,
            })
        };
        assert_eq!(summary(&[skip(&v2)]).executions(2), "2 flows");
        assert_eq!(summary(&[skip(&v1)]).executions(2), "2 executions");
        assert_eq!(
            summary(&[skip(&v1), skip(&v2)]).executions(1),
            "1 execution"
        );
        assert_eq!(summary(&[]).executions(0), "0 executions");
    }
}
