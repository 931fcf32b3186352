//! Assigns each line of the plan to lines of the summary: the page filters by them, and a text counts the changes of the lines that it
//! leaves out.

use std::collections::BTreeMap;

use super::{
    plan_summary::PlanSummary,
    summary_line::{SummaryKind, SummaryLine, deltas},
    words,
};
use crate::{
    api::Level,
    plan::{Change, Skip},
};

/// The summary's lines, numbered as shown: changes first, then skips.
#[derive(Debug)]
pub(super) struct SummaryLines<'a> {
    summary: &'a PlanSummary,
    changes: Vec<SummaryLine<'a>>,
    skips: Vec<SummaryLine<'a>>,
    kinds: BTreeMap<&'a SummaryKind, KindLines<'a>>,
    /// By reason; those out of reach also by level.
    reasons: BTreeMap<(Option<Level>, String), usize>,
}

/// The numbers of the lines of one kind of change.
#[derive(Debug, Default)]
struct KindLines<'a> {
    /// By the common key of equal changes.
    equal: BTreeMap<&'a str, usize>,
    /// Changes with too little in common.
    unequal: Option<usize>,
}

impl<'a> SummaryLines<'a> {
    pub(super) fn of(summary: &'a PlanSummary) -> Self {
        let changes = summary.groups();
        let skips = summary.skips();
        let mut kinds: BTreeMap<_, KindLines<'a>> = BTreeMap::new();
        for (number, line) in changes.iter().enumerate() {
            let Some(kind) = line.kind else {
                continue;
            };
            let lines = kinds.entry(kind).or_default();
            match line.text {
                Some(text) => drop(lines.equal.insert(text, number)),
                None => lines.unequal = Some(number),
            }
        }
        let reasons = (changes.len()..)
            .zip(&skips)
            .filter_map(|(number, line)| Some(((line.out_of_reach, line.text?.to_owned()), number)))
            .collect();
        Self {
            summary,
            changes,
            skips,
            kinds,
            reasons,
        }
    }

    /// The lines of changes.
    pub(super) fn changes(&self) -> &[SummaryLine<'a>] {
        &self.changes
    }

    /// In the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &SummaryLine<'a>> {
        self.changes.iter().chain(&self.skips)
    }

    /// The lines that count this change, in their order: one for each field that it writes another value to.
    pub(super) fn of_change(&self, change: &Change) -> Vec<usize> {
        let actions = words::actions(&change.action);
        let mut lines: Vec<usize> = deltas(change, self.summary.zone())
            .into_iter()
            .filter_map(|(field, delta)| {
                let kind = SummaryKind {
                    level: change.target.kind,
                    actions: actions.clone(),
                    field,
                };
                let Some(lines) = self.kinds.get(&kind) else {
                    // The last line: changes that are not counted by their kind.
                    return self.changes.len().checked_sub(1);
                };
                let text = self.summary.key_of(&kind, delta.as_ref());
                lines.equal.get(&*text).copied().or(lines.unequal)
            })
            .collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The line that counts a skipped target.
    pub(super) fn of_skip(&self, skip: &Skip) -> Option<usize> {
        let last = (self.changes.len() + self.skips.len()).checked_sub(1);
        let level = skip.out_of_reach.then_some(skip.target.kind);
        let key = (level, words::detail(&skip.reason));
        self.reasons.get(&key).copied().or(last)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        plan::Item,
        report::{
            plan_summary::tests::{change, run_now},
            words::tests::task,
        },
    };

    /// How often each line is named by the items, beside what it counts itself.
    fn named_and_counted(items: &[Item]) -> Vec<(u64, u64)> {
        let mut summary = PlanSummary::new(TimeZone::UTC);
        for item in items {
            summary.add(item);
        }
        let lines = SummaryLines::of(&summary);
        let mut named = vec![0; lines.iter().count()];
        for item in items {
            let numbers = match item {
                Item::Change(change) => lines.of_change(change),
                Item::Skipped(skip) => lines.of_skip(skip).into_iter().collect(),
                Item::Rejected(_) => Vec::new(),
            };
            for number in numbers {
                named[number] += 1;
            }
        }
        let counted = lines.iter().map(|line| line.count);
        named.into_iter().zip(counted).collect()
    }

    fn set(number: usize, field: &str, after: &Value) -> Item {
        let target = task("e", &format!("t{number}"), "");
        change(target, "patch", field, json!(null), after.clone())
    }

    #[test]
    fn each_line_is_named_as_often_as_it_counts() {
        let equal = (0..3).map(|n| set(n, "a", &json!(1)));
        let unequal = (10..60).map(|n| set(n, "b", &json!(n)));
        let fields = (100..200).map(|n| set(n, &format!("field {n}"), &json!(n)));
        let dates = (400..420).map(|n| {
            let target = task("e", &format!("t{n}"), "");
            let before = json!(format!("2026-12-{:02}", n - 390));
            change(
                target,
                "set_due_date",
                "due_date",
                before,
                json!("2027-01-15"),
            )
        });
        let skips = (200..250).map(|n| {
            Item::Skipped(Skip {
                target: task("e", &format!("t{n}"), ""),
                reason: format!("reason {}", n / 2),
                out_of_reach: n % 5 < 2,
            })
        });
        let items: Vec<Item> = equal
            .chain(unequal)
            .chain(fields)
            .chain(dates)
            .chain(skips)
            .chain([run_now(task("e", "t300", ""))])
            .collect();
        let lines = named_and_counted(&items);
        assert!(lines.len() > 40, "the few lines of each and their rests");
        for (line, (named, counted)) in lines.into_iter().enumerate() {
            assert_eq!(named, counted, "line {line}");
        }
    }
}
