//! The targets that two plans leave out, and why. Pure, except for sorting on disk.
//!
//! Skipped and rejected targets may be anywhere between the changes of a plan, so those of both plans are sorted first, in bounded memory.

use std::{collections::BTreeMap, io, iter::Peekable};

use super::{Item, PlanItems, Rejection};
use crate::sort::{Sorted, Sorter};

/// Why a target has no change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No change was needed.
    Skipped,
    /// It could not be planned.
    Rejected,
}

/// A target or a row of the input that one plan leaves out, or both with different reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    Added(Rejection),
    Removed(Rejection),
    Altered { reviewed: Rejection, now: Rejection },
}

/// Visits the targets that only one of the plans leaves out, or with another reason, sorted by target and row. Names are not compared.
///
/// # Errors
///
/// If a plan can't be read to its end, the disk is full, and the errors of `visit`.
pub fn diff_left_out(
    fate: Fate,
    reviewed: &dyn PlanItems,
    now: &dyn PlanItems,
    visit: &mut dyn FnMut(LeftOut) -> io::Result<()>,
) -> io::Result<()> {
    let mut reviewed = sorted(fate, reviewed)?;
    let mut now = sorted(fate, now)?;
    loop {
        let Some(place) = next_place(&mut reviewed, &mut now) else {
            // The end of both, or an error.
            return reviewed
                .next()
                .or_else(|| now.next())
                .map_or(Ok(()), |end| end.map(drop));
        };
        let differences = compare(take(&mut reviewed, &place)?, take(&mut now, &place)?);
        differences.into_iter().try_for_each(&mut *visit)?;
    }
}

fn next_place(reviewed: &mut Peekable<Sorted>, now: &mut Peekable<Sorted>) -> Option<String> {
    let head = |sorted: &mut Peekable<Sorted>| match sorted.peek() {
        Some(Ok((place, _))) => Some(place.clone()),
        Some(Err(_)) | None => None,
    };
    head(reviewed).into_iter().chain(head(now)).min()
}

/// The entries of one target or row; hardly ever more than one.
fn take(sorted: &mut Peekable<Sorted>, place: &str) -> io::Result<Vec<Rejection>> {
    let mut taken = Vec::new();
    while let Some(next) =
        sorted.next_if(|next| next.as_ref().map_or(true, |(key, _)| key == place))
    {
        taken.push(serde_json::from_str(&next?.1)?);
    }
    Ok(taken)
}

/// Compares the entries of one target or row: equal reasons are no difference, the others are paired.
fn compare(reviewed: Vec<Rejection>, now: Vec<Rejection>) -> Vec<LeftOut> {
    let mut by_reason: BTreeMap<String, Vec<Rejection>> = BTreeMap::new();
    for now in now {
        by_reason.entry(now.reason.clone()).or_default().push(now);
    }
    let is_gone = |reviewed: &Rejection| {
        let same = by_reason.get_mut(&reviewed.reason).and_then(Vec::pop);
        same.is_none()
    };
    let gone: Vec<Rejection> = reviewed.into_iter().filter(is_gone).collect();
    let mut come = by_reason.into_values().flatten();
    let mut differences: Vec<LeftOut> = gone
        .into_iter()
        .map(|reviewed| match come.next() {
            Some(now) => LeftOut::Altered { reviewed, now },
            None => LeftOut::Removed(reviewed),
        })
        .collect();
    differences.extend(come.map(LeftOut::Added));
    differences
}

fn sorted(fate: Fate, plan: &dyn PlanItems) -> io::Result<Peekable<Sorted>> {
    let mut sorter = Sorter::default();
    for item in plan.stream()? {
        let left_out = match (item?, fate) {
            (Item::Skipped(skip), Fate::Skipped) => Rejection {
                target: Some(skip.target),
                row: None,
                reason: skip.reason,
            },
            (Item::Rejected(rejection), Fate::Rejected) => rejection,
            (Item::Change(_), Fate::Skipped | Fate::Rejected)
            | (Item::Skipped(_), Fate::Rejected)
            | (Item::Rejected(_), Fate::Skipped) => continue,
        };
        sorter.push(place(&left_out), serde_json::to_string(&left_out)?)?;
    }
    Ok(sorter.finish()?.peekable())
}

/// The sort key: the same for the same target and row in any plan. Ids contain no space.
fn place(left_out: &Rejection) -> String {
    let row = left_out
        .row
        .map_or_else(String::new, |row| format!("{row:020}"));
    let Some(target) = &left_out.target else {
        return format!(" {row}");
    };
    let id = target.id.as_ref().map_or("", |id| id.as_str());
    format!(
        "{} {:?} {} {id} {row}",
        target.execution, target.api, target.kind
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        api::{Generation, Id, Level},
        plan::{Skip, Target},
    };

    fn rejection(execution: Option<&str>, row: Option<u64>, reason: &str) -> Rejection {
        let target = execution.map(|execution| Target {
            kind: Level::Execution,
            api: Generation::V2,
            execution: Id::new(execution).unwrap(),
            id: None,
            name: reason.to_owned(),
            within: Vec::new(),
        });
        Rejection {
            target,
            row,
            reason: reason.to_owned(),
        }
    }

    fn differences(reviewed: &[Rejection], now: &[Rejection]) -> Vec<LeftOut> {
        let items = |all: &[Rejection]| all.iter().cloned().map(Item::Rejected).collect::<Vec<_>>();
        let mut found = Vec::new();
        diff_left_out(
            Fate::Rejected,
            &items(reviewed),
            &items(now),
            &mut |difference| {
                found.push(difference);
                Ok(())
            },
        )
        .unwrap();
        found
    }

    #[test]
    fn what_is_left_out_is_matched_by_target_and_row_wherever_it_stands() {
        let reviewed = [
            rejection(None, Some(2), "no id"),
            rejection(Some("b"), None, "closed"),
            rejection(Some("a"), Some(3), "closed"),
        ];
        let now = [
            rejection(Some("a"), Some(3), "closed"),
            rejection(Some("b"), None, "no reason configured"),
            rejection(None, Some(9), "no id"),
        ];
        assert_eq!(
            differences(&reviewed, &now),
            [
                LeftOut::Removed(reviewed[0].clone()),
                LeftOut::Added(now[2].clone()),
                LeftOut::Altered {
                    reviewed: reviewed[1].clone(),
                    now: now[1].clone(),
                },
            ]
        );
    }

    #[test]
    fn skipped_targets_and_rejected_ones_are_two_things() {
        let target = rejection(Some("a"), None, "done").target.unwrap();
        let skipped = vec![Item::Skipped(Skip {
            target,
            reason: "done".to_owned(),
            out_of_reach: false,
        })];
        for (fate, number) in [(Fate::Skipped, 1), (Fate::Rejected, 0)] {
            let mut found = 0;
            diff_left_out(fate, &skipped, &Vec::new(), &mut |_| {
                found += 1;
                Ok(())
            })
            .unwrap();
            assert_eq!(found, number, "{fate:?}");
        }
    }

    fn left_out() -> impl Strategy<Value = Vec<Rejection>> {
        let one = (0..3_usize, 0..3_u64, 0..3_usize).prop_map(|(execution, row, reason)| {
            let execution = [None, Some("a"), Some("b")][execution];
            rejection(execution, (row > 0).then_some(row), ["x", "y", "z"][reason])
        });
        prop::collection::vec(one, 0..10)
    }

    /// Without names, which are no difference.
    fn bag<'a>(all: impl IntoIterator<Item = &'a Rejection>) -> Vec<String> {
        let mut bag: Vec<String> = all
            .into_iter()
            .map(|one| place(one) + &one.reason)
            .collect();
        bag.sort();
        bag
    }

    proptest! {
        #[test]
        fn in_whatever_order_it_comes_the_same_is_no_difference(
            (one, other) in left_out().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
        ) {
            prop_assert_eq!(differences(&one, &other), []);
        }

        #[test]
        fn the_differences_lead_from_the_one_to_the_other(reviewed in left_out(), now in left_out()) {
            let mut left = reviewed.clone();
            let mut take = |one: &Rejection| {
                let place = left.iter().position(|other| bag([other]) == bag([one])).unwrap();
                left.remove(place);
            };
            let mut come = Vec::new();
            for difference in differences(&reviewed, &now) {
                match difference {
                    LeftOut::Added(one) => come.push(one),
                    LeftOut::Removed(one) => take(&one),
                    LeftOut::Altered { reviewed, now } => {
                        prop_assert_ne!(&reviewed.reason, &now.reason);
                        take(&reviewed);
                        come.push(now);
                    }
                }
            }
            prop_assert_eq!(bag(left.iter().chain(&come)), bag(&now));
        }
    }
}
