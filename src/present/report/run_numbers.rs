//! The numbers of a run's report, counted change by change in bounded memory.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{change_walk::ChangeEnd, words};
use crate::{
    outcome::{Counts, Outcome},
    plan::Undo,
};

/// Distinct actions that are counted one by one. A playbook has a few; a plan from another source may have any number.
const KEPT: usize = 200;

/// The action under which all others are counted.
const OTHERS: &str = "others";

/// The longest times of the classes into which changes are counted, in milliseconds; the last class has those that took longer.
const DURATIONS: [u64; 13] = [
    10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 300_000,
];

/// Numbers of attempts that are counted one by one.
const ATTEMPTS: usize = 5;

/// The numbers of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RunNumbers {
    pub(super) outcomes: Counts,
    /// By the actions' names, escaped.
    actions: BTreeMap<String, Counts>,
    durations: [u64; DURATIONS.len() + 1],
    /// Changes with a request of which it is not known how long they took.
    untimed: u64,
    /// By the number of attempts; the last one is for more.
    attempts: [u64; ATTEMPTS + 1],
    /// Applied changes with a request that undoes them.
    pub(super) can_be_undone: u64,
    pub(super) can_not_be_undone: u64,
}

/// What became of the changes of one action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ActionCounts {
    pub(super) action: String,
    pub(super) planned: u64,
    pub(super) outcomes: Counts,
}

/// Changes that took at most so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct DurationCount {
    /// None: longer than all others.
    pub(super) up_to_ms: Option<u64>,
    pub(super) changes: u64,
}

/// Changes with so many attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct AttemptsCount {
    pub(super) attempts: usize,
    /// Whether there may be more.
    pub(super) or_more: bool,
    pub(super) changes: u64,
}

impl RunNumbers {
    pub(super) fn add(&mut self, end: &ChangeEnd<'_>) {
        self.outcomes.add(end.outcome, 1);
        let mut action = words::actions(&end.change.action);
        if self.actions.len() >= KEPT && !self.actions.contains_key(&action) {
            OTHERS.clone_into(&mut action);
        }
        self.actions.entry(action).or_default().add(end.outcome, 1);
        let attempts = end.attempts.number as usize;
        self.attempts[attempts.min(ATTEMPTS)] += 1;
        if attempts > 0 {
            match end.attempts.took_at_most_ms {
                None => self.untimed += 1,
                Some(took) => self.durations[DURATIONS.partition_point(|most| *most < took)] += 1,
            }
        }
        if end.outcome == Outcome::Applied {
            match end.change.undo {
                Undo::Request(_) => self.can_be_undone += 1,
                Undo::None(_) => self.can_not_be_undone += 1,
            }
        }
    }

    /// The actions, the most frequent first.
    pub(super) fn actions(&self) -> Vec<ActionCounts> {
        let mut actions: Vec<ActionCounts> = (self.actions.iter())
            .map(|(action, outcomes)| ActionCounts {
                action: action.clone(),
                planned: outcomes.total(),
                outcomes: outcomes.clone(),
            })
            .collect();
        actions.sort_by_key(|action| std::cmp::Reverse(action.planned));
        actions
    }

    /// From the first class that has changes to the last one.
    pub(super) fn durations(&self) -> Vec<DurationCount> {
        let longest = DURATIONS.into_iter().map(Some).chain([None]);
        let classes = longest.zip(self.durations);
        trimmed(classes.map(|(up_to_ms, changes)| DurationCount { up_to_ms, changes }))
    }

    pub(super) const fn untimed(&self) -> u64 {
        self.untimed
    }

    pub(super) fn attempts(&self) -> Vec<AttemptsCount> {
        let numbers = self.attempts.iter().enumerate();
        trimmed(numbers.map(|(attempts, changes)| AttemptsCount {
            attempts,
            or_more: attempts == ATTEMPTS,
            changes: *changes,
        }))
    }
}

/// A class of a plot.
trait CountedClass {
    fn changes(&self) -> u64;
}

impl CountedClass for DurationCount {
    fn changes(&self) -> u64 {
        self.changes
    }
}

impl CountedClass for AttemptsCount {
    fn changes(&self) -> u64 {
        self.changes
    }
}

/// Without the empty classes at both ends.
fn trimmed<T: CountedClass>(classes: impl Iterator<Item = T>) -> Vec<T> {
    let mut classes: Vec<T> = classes.skip_while(|class| class.changes() == 0).collect();
    while classes.pop_if(|class| class.changes() == 0).is_some() {}
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::change_facts::AttemptTimes, testing::changes::reassign};

    #[test]
    fn changes_are_counted_by_action_duration_and_attempts_in_bounded_memory() {
        let mut numbers = RunNumbers::default();
        let mut change = reassign("e", "t");
        for (outcome, number, took_at_most_ms) in [
            (Outcome::Applied, 1, Some(20)),
            (Outcome::Applied, 1, Some(21)),
            (Outcome::Applied, 2, Some(400_000)),
            (Outcome::Refused, 9, None),
            (Outcome::Drifted, 0, None),
        ] {
            numbers.add(&ChangeEnd {
                change: &change,
                outcome,
                detail: None,
                message: None,
                about: None,
                line: 1,
                doubt: None,
                attempts: AttemptTimes {
                    number,
                    took_at_most_ms,
                    ..AttemptTimes::default()
                },
            });
        }
        let durations: Vec<(Option<u64>, u64)> = (numbers.durations().iter())
            .map(|class| (class.up_to_ms, class.changes))
            .filter(|(_, changes)| *changes > 0)
            .collect();
        assert_eq!(durations, [(Some(20), 1), (Some(50), 1), (None, 1)]);
        let attempts: Vec<u64> = (numbers.attempts().iter())
            .map(|class| class.changes)
            .collect();
        assert_eq!(attempts, [1, 2, 1, 0, 0, 1]);
        assert_eq!((numbers.untimed(), numbers.can_be_undone), (1, 3));
        for number in 0..1_000 {
            change.action = vec![format!("action {number}")];
            numbers.add(&ChangeEnd {
                change: &change,
                outcome: Outcome::Applied,
                detail: None,
                message: None,
                about: None,
                line: 1,
                doubt: None,
                attempts: AttemptTimes::default(),
            });
        }
        let actions = numbers.actions();
        assert_eq!(actions.len(), KEPT + 1);
        assert_eq!((&*actions[0].action, actions[0].planned), (OTHERS, 801));
        let all: u64 = actions.iter().map(|action| action.planned).sum();
        assert_eq!(all, 1_005);
    }
}
