//! What is different between two plans. Pure.
//!
//! Changes are matched by what they are, their execution and their id, wherever they stand. Both plans are read as
//! streams side by side: a plan keeps executions in order, so that one execution of each is held at a time.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
};

use serde::Serialize;

use super::{Change, Item, PlanItems, Undo, items::ItemStream};
use crate::api::Id;

/// A change that is not in both plans, or not the same in both.
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

/// In what a change is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Another value will be written.
    After,
    /// What was read before, or what it relies on.
    Before,
    /// How it is sent, repeated or undone, what else it causes, or what its target is called.
    Manner,
    /// Its place among the changes of its execution.
    Order,
}

/// Visits all differences, execution by execution; gives the number of changes that are the same.
///
/// # Errors
///
/// When a plan can't be read to its end, or what `visit` says.
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
    /// The first change of what was not taken yet.
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

    /// The changes of a group; none when it is not the next one.
    fn take(&mut self, group: &Id) -> io::Result<Vec<Change>> {
        let mut changes = Vec::new();
        while let Some(change) = self.next.take_if(|change| change.group == *group) {
            changes.push(*change);
            self.advance()?;
        }
        Ok(changes)
    }
}

/// Compares the changes of one execution: those of the reviewed plan that are gone, then those of now in their order.
fn compare(reviewed: Vec<Change>, now: Vec<Change>) -> (Vec<Difference>, u64) {
    // Equal ids in one execution are told apart by their order.
    let mut places: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (place, change) in reviewed.iter().enumerate() {
        places.entry(&change.change).or_default().push_back(place);
    }
    let matched: Vec<Option<usize>> = now
        .iter()
        .map(|change| places.get_mut(change.change.as_str())?.pop_front())
        .collect();
    // Of the changes in both, the one that stood here in the reviewed plan.
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
    // Named one by one, so that a new field of a change has to be put into one of them.
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
                // The way back of a change whose values are others leads elsewhere, too.
                (reviewed.method, &reviewed.path) != (now.method, &now.path)
                    || (reviewed.body != now.body && !writes_another && !read_another)
            }
            // That there is none any more is news whatever else there is.
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
