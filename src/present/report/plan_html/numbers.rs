//! The numbers for the plots of a plan, counted change by change in bounded memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::Date, tz::TimeZone};
use serde_json::Value;

use crate::{
    plan::{Change, Undo},
    report::{
        delta::{describe, is_due_date, is_of_people, wall_clock},
        words,
    },
};

/// Distinct actions and people that are counted one by one. A playbook has a few actions, an organisation a few hundred people.
const KEPT: usize = 2_000;

/// Distinct days that are counted: more than fifty years of them.
const KEPT_DAYS: usize = 20_000;

/// A number before and after the changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Both {
    pub(super) before: u64,
    pub(super) after: u64,
}

/// Counts by text, and the count of texts for which there was no room.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub(super) texts: BTreeMap<String, Both>,
    pub(super) others: Both,
}

impl Counted {
    fn entry(&mut self, text: String) -> &mut Both {
        if self.texts.len() >= KEPT && !self.texts.contains_key(&text) {
            &mut self.others
        } else {
            self.texts.entry(text).or_default()
        }
    }
}

/// The numbers behind the plots. All texts are escaped.
#[derive(Debug)]
pub(super) struct Numbers {
    zone: TimeZone,
    /// Changes by action; `after` counts the irreversible ones.
    pub(super) actions: Counted,
    /// Changed targets by their assignees before only, and after only; people who stay are left out.
    pub(super) assignees: Counted,
    /// Due dates by day, on the plan's wall clock.
    pub(super) days: BTreeMap<Date, Both>,
    /// Due dates for which there was no room.
    pub(super) other_days: u64,
}

impl Numbers {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            actions: Counted::default(),
            assignees: Counted::default(),
            days: BTreeMap::new(),
            other_days: 0,
        }
    }

    pub(super) fn add(&mut self, change: &Change) {
        let action = self.actions.entry(words::actions(&change.action));
        action.before += 1;
        action.after += match change.undo {
            Undo::None(_) => 1,
            Undo::Request(_) => 0,
        };
        // A change may name the same person in two fields.
        let mut people: Option<[BTreeSet<String>; 2]> = None;
        for (field, before, after) in change.writes() {
            if is_of_people(&field) {
                let [was, becomes] = people.get_or_insert_default();
                was.extend(names(before));
                becomes.extend(names(after));
            } else if is_due_date(&field) {
                self.day(before, |both| both.before += 1);
                self.day(after, |both| both.after += 1);
            }
        }
        if let Some(people) = people {
            let [before, after] = people.map(or_nobody);
            for who in before.difference(&after) {
                self.assignees.entry(who.clone()).before += 1;
            }
            for who in after.difference(&before) {
                self.assignees.entry(who.clone()).after += 1;
            }
        }
    }

    fn day(&mut self, value: &Value, count: impl FnOnce(&mut Both)) {
        let Some(wall) = value.as_str().and_then(|due| wall_clock(due, &self.zone)) else {
            return;
        };
        if self.days.len() >= KEPT_DAYS && !self.days.contains_key(&wall.date()) {
            self.other_days += 1;
        } else {
            count(self.days.entry(wall.date()).or_default());
        }
    }
}

/// The assignees, each once.
fn names(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(entries) => entries
            .iter()
            .map(|entry| words::name(&describe(entry)))
            .collect(),
        Value::Null => BTreeSet::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            BTreeSet::from([words::name(&describe(value))])
        }
    }
}

fn or_nobody(people: BTreeSet<String>) -> BTreeSet<String> {
    if people.is_empty() {
        BTreeSet::from(["nobody".to_owned()])
    } else {
        people
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::Item,
        report::{
            plan_summary::tests::{change, run_now},
            words::tests::task,
        },
    };

    fn numbers(items: impl IntoIterator<Item = Item>) -> Numbers {
        let mut numbers = Numbers::new(TimeZone::get("Europe/Berlin").unwrap());
        for item in items {
            match item {
                Item::Change(change) => numbers.add(&change),
                Item::Skipped(_) | Item::Rejected(_) => {}
            }
        }
        numbers
    }

    const fn both(before: u64, after: u64) -> Both {
        Both { before, after }
    }

    #[test]
    fn who_loses_and_who_gains_a_target_is_counted_once_and_who_stays_is_not() {
        let assign = |before, after| change(task("e", "t", ""), "a", "assigned_to", before, after);
        let numbers = numbers([
            assign(json!(["1", "1"]), json!(["2", "3"])),
            assign(json!(["1", "2", "9"]), json!(["9", "3"])),
            assign(json!(["5"]), json!([])),
            assign(json!(null), json!([{"variable": "owner"}])),
            assign(json!(["4"]), json!(["4"])),
        ]);
        let found: Vec<_> = numbers
            .assignees
            .texts
            .iter()
            .map(|(who, both)| (who.as_str(), *both))
            .collect();
        assert_eq!(
            found,
            [
                ("1", both(2, 0)),
                ("2", both(1, 1)),
                ("3", both(0, 2)),
                ("5", both(1, 0)),
                ("nobody", both(1, 1)),
                ("variable owner", both(0, 1)),
            ]
        );
    }

    #[test]
    fn people_of_every_field_are_counted_once_a_change() {
        let step = |fields: &[(&str, Value, Value)]| {
            let mut item = change(task("e", "t", ""), "a", "", json!(null), json!(null));
            if let Item::Change(change) = &mut item {
                for (field, before, after) in fields {
                    change.before.insert((*field).to_owned(), before.clone());
                    change.after.insert((*field).to_owned(), after.clone());
                }
            }
            item
        };
        let numbered = ("userIds", json!([1]), json!([2]));
        let listed = ("assignedTo", json!(["1"]), json!(["2"]));
        for fields in [&[numbered.clone()][..], &[listed, numbered.clone()]] {
            let numbers = numbers([step(fields)]);
            let expected = [("1", both(1, 0)), ("2", both(0, 1))];
            let expected = expected.map(|(who, both)| (who.to_owned(), both));
            assert_eq!(numbers.assignees.texts, BTreeMap::from(expected));
        }
        let moved_over = [
            ("assignedTo", json!([]), json!(["1"])),
            ("userIds", json!([1]), json!([])),
        ];
        assert!(numbers([step(&moved_over)]).assignees.texts.is_empty());
    }

    #[test]
    fn due_dates_are_counted_by_day_on_the_wall_clock() {
        let move_to = |before, after| change(task("e", "t", ""), "a", "due_date", before, after);
        let numbers = numbers([
            // 23:30 UTC is the next day in Berlin.
            move_to(json!("2026-12-01T23:30:00Z"), json!("2026-12-03T12:00:00")),
            move_to(json!(null), json!("2026-12-02")),
            move_to(json!("soon"), json!(null)),
        ]);
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(
            numbers.days,
            BTreeMap::from([
                (day("2026-12-02"), both(1, 1)),
                (day("2026-12-03"), both(0, 1))
            ])
        );
    }

    #[test]
    fn changes_are_counted_by_action_with_those_that_can_not_be_undone() {
        let patch = change(task("e", "t", ""), "patch", "x", json!(1), json!(2));
        let numbers = numbers([patch, run_now(task("e", "t", ""))]);
        assert_eq!(numbers.actions.texts["patch"], both(1, 0));
        assert_eq!(numbers.actions.texts["run_schedule_now"], both(1, 1));
    }

    #[test]
    fn a_plan_in_which_all_differs_takes_bounded_memory() {
        let first: Date = "1900-01-01".parse().unwrap();
        let dates = (0..30_000).map(|n| {
            let day = first.checked_add(jiff::Span::new().days(n)).unwrap();
            let target = task("e", "t", "");
            change(target, &n.to_string(), "due_date", json!(null), json!(day))
        });
        let people = (0..3_000).map(|n| {
            change(
                task("e", "t", ""),
                "a",
                "assigned_to",
                json!([n]),
                json!([]),
            )
        });
        let numbers = numbers(dates.chain(people));
        assert_eq!(
            (numbers.days.len(), numbers.other_days),
            (KEPT_DAYS, 10_000)
        );
        assert_eq!(numbers.actions.texts.len(), KEPT);
        assert_eq!(numbers.assignees.texts.len(), KEPT);
        let counted: u64 = numbers
            .assignees
            .texts
            .values()
            .map(|both| both.before)
            .sum();
        assert_eq!(counted + numbers.assignees.others.before, 3_000);
    }
}
