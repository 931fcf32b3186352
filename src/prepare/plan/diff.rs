//! The differences between two plans. Pure.
//!
//! Changes are matched by execution, id and content, not by line. Both plans are streamed in parallel: a plan orders executions, so one
//! execution of each is held at a time.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
};

use serde::Serialize;

use super::{Change, Item, PlanItems, Undo, items::ItemStream};
use crate::api::Id;

/// A change that is only in one plan, or differs between them.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    Added(Box<Change>),
    Removed(Box<Change>),
    Altered {
        reviewed: Box<Change>,
        now: Box<Change>,
        /// Not empty.
        aspects: Vec<Aspect>,
    },
}

/// What differs in a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The new value.
    After,
    /// The old value, or what the change relies on.
    Before,
    /// How it is sent, repeated or undone, its effects, or the name of its target.
    Manner,
    /// Its position among the changes of its execution.
    Order,
}

/// Visits all differences, execution by execution; returns the number of equal changes.
///
/// # Errors
///
/// If a plan can't be read to its end, and the errors of `visit`.
pub fn diff(
    reviewed: &dyn PlanItems,
    now: &dyn PlanItems,
    visit: &mut dyn FnMut(Difference) -> io::Result<()>,
) -> io::Result<u64> {
    let mut reviewed = DiffGroups::of(reviewed)?;
    let mut now = DiffGroups::of(now)?;
    let mut unchanged = 0;
    while let Some(group) = reviewed.group().into_iter().chain(now.group()).min() {
        let group = group.clone();
        let (differences, same) = compare(reviewed.take(&group)?, now.take(&group)?);
        unchanged += same;
        differences.into_iter().try_for_each(&mut *visit)?;
    }
    Ok(unchanged)
}

/// A plan's changes, one execution at a time.
struct DiffGroups<'a> {
    items: ItemStream<'a>,
    /// The first change that was not taken yet.
    next: Option<Box<Change>>,
}

impl<'a> DiffGroups<'a> {
    fn of(plan: &'a dyn PlanItems) -> io::Result<Self> {
        let mut groups = Self {
            items: plan.stream()?,
            next: None,
        };
        groups.advance()?;
        Ok(groups)
    }

    fn group(&self) -> Option<&Id> {
        self.next.as_ref().map(|change| &change.group)
    }

    fn advance(&mut self) -> io::Result<()> {
        self.next = None;
        for item in self.items.by_ref() {
            match item? {
                Item::Change(change) => {
                    self.next = Some(change);
                    break;
                }
                Item::Skipped(_) | Item::Rejected(_) => {}
            }
        }
        Ok(())
    }

    /// The changes of a group; none if it is not the next one.
    fn take(&mut self, group: &Id) -> io::Result<Vec<Change>> {
        let mut changes = Vec::new();
        while let Some(change) = self.next.take_if(|change| change.group == *group) {
            changes.push(*change);
            self.advance()?;
        }
        Ok(changes)
    }
}

/// Compares the changes of one execution: the removed ones of the reviewed plan, then those of the new plan in their order.
fn compare(reviewed: Vec<Change>, now: Vec<Change>) -> (Vec<Difference>, u64) {
    // Equal ids in one execution are distinguished by their order.
    let mut places: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (place, change) in reviewed.iter().enumerate() {
        places.entry(&change.change).or_default().push_back(place);
    }
    let matched: Vec<Option<usize>> = now
        .iter()
        .map(|change| places.get_mut(change.change.as_str())?.pop_front())
        .collect();
    // Of the changes in both, the one at this position in the reviewed plan.
    let mut in_order: Vec<usize> = matched.iter().copied().flatten().collect();
    in_order.sort_unstable();
    let mut in_order = in_order.into_iter();

    let mut reviewed: Vec<Option<Change>> = reviewed.into_iter().map(Some).collect();
    let mut differences = Vec::new();
    let mut unchanged = 0;
    for (now, place) in now.into_iter().zip(matched) {
        let Some(before) = place.and_then(|place| reviewed[place].take()) else {
            differences.push(Difference::Added(Box::new(now)));
            continue;
        };
        let mut aspects = aspects(&before, &now);
        if in_order.next() != place {
            aspects.push(Aspect::Order);
        }
        if aspects.is_empty() {
            unchanged += 1;
        } else {
            differences.push(Difference::Altered {
                reviewed: Box::new(before),
                now: Box::new(now),
                aspects,
            });
        }
    }
    let removed = reviewed
        .into_iter()
        .flatten()
        .map(|change| Difference::Removed(Box::new(change)));
    let differences = removed.chain(differences).collect();
    (differences, unchanged)
}

fn aspects(reviewed: &Change, now: &Change) -> Vec<Aspect> {
    // All fields are listed, so that a new field of a change must be assigned to one of the kinds.
    let Change {
        change: _,
        group: _,
        target,
        action,
        request,
        before,
        after,
        requires,
        repeat,
        undo,
        effects,
    } = reviewed;
    let writes_another = *after != now.after || request.body != now.request.body;
    let read_another = *before != now.before || *requires != now.requires;
    let is_done_otherwise = *target != now.target
        || *action != now.action
        || request.method != now.request.method
        || request.path != now.request.path
        || *repeat != now.repeat
        || *effects != now.effects
        || match (undo, &now.undo) {
            (Undo::Request(reviewed), Undo::Request(now)) => {
                // If the values differ, the undo differs, too, which is no further difference.
                (reviewed.method, &reviewed.path) != (now.method, &now.path)
                    || (reviewed.body != now.body && !writes_another && !read_another)
            }
            // A missing undo is always a difference.
            (reviewed, now) => reviewed != now,
        };
    [
        (writes_another, Aspect::After),
        (read_another, Aspect::Before),
        (is_done_otherwise, Aspect::Manner),
    ]
    .into_iter()
    .filter_map(|(is, aspect)| is.then_some(aspect))
    .collect()
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
