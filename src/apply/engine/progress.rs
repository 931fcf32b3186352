//! Which group of a shard is next, and when the shard stops: pure.

use super::task::{ChangeSums, GroupEnd, ShardEnd, ShardGroup, ShardStart};
use crate::event::StopReason;

/// The groups of a shard while they are worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShardProgress {
    groups: Vec<GroupProgress>,
    limits: ShardLimits,
    errors_before: u64,
    sums_before: ChangeSums,
    in_a_row: u32,
    stopped: Option<StopReason>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ShardLimits {
    max_errors: Option<u64>,
    stop_after: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct GroupProgress {
    place: GroupPlace,
    errors: u64,
    sums: ChangeSums,
    /// Whether a read may decide a doubt of an earlier attempt to work on it, so that it needs no slot of the error budget.
    doubtful: bool,
    readable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum GroupPlace {
    Open,
    /// `slot`: it may fail once more. `again`: its execution could not be read before.
    Working {
        slot: bool,
        again: bool,
    },
    /// Its execution could not be read. That is a failure of the group only if another one can be read.
    Unreached {
        detail: String,
    },
    /// The same, and it is tried again now that another execution could be read.
    OpenAgain,
    /// Nothing more is done in this session.
    Left,
}

/// What a free lane does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NextGroup {
    Work {
        index: usize,
        /// The errors that the group may have.
        max_errors: Option<u64>,
        /// Another group, whose execution could be read.
        witness: Option<usize>,
    },
    /// It depends on what is worked on.
    Wait,
    Done,
}

impl ShardProgress {
    pub(super) fn new(groups: &[ShardGroup], start: &ShardStart) -> Self {
        let progress = |group: &ShardGroup| GroupProgress {
            place: if group.open {
                GroupPlace::Open
            } else {
                GroupPlace::Left
            },
            errors: group.errors,
            sums: group.sums.clone(),
            doubtful: group.doubtful,
            readable: group.execution.is_some(),
        };
        let errors_before: u64 = groups.iter().map(|group| group.errors).sum();
        let groups: Vec<GroupProgress> = groups.iter().map(progress).collect();
        Self {
            sums_before: sums(&groups),
            groups,
            limits: ShardLimits {
                // Those of the other shards are not this one's to make.
                max_errors: start
                    .session
                    .max_errors
                    .map(|limit| (limit + errors_before).saturating_sub(start.errors)),
                stop_after: start.session.pace.stop_after.get(),
            },
            errors_before,
            in_a_row: start.in_a_row,
            stopped: None,
        }
    }

    /// Whether a lane has something to do, or nothing any more.
    pub(super) fn is_decided(&self) -> bool {
        self.clone().next() != NextGroup::Wait
    }

    /// Takes the next group.
    pub(super) fn next(&mut self) -> NextGroup {
        if self.stopped.is_some() {
            return NextGroup::Done;
        }
        self.recall_unreached();
        let (errors, held) = (self.errors(), self.held());
        let room = self
            .limits
            .max_errors
            .is_none_or(|limit| errors + held < limit);
        let mut waits = false;
        for index in 0..self.groups.len() {
            let group = &self.groups[index];
            let is_again = group.place == GroupPlace::OpenAgain;
            if !is_again && group.place != GroupPlace::Open {
                waits |= matches!(group.place, GroupPlace::Working { .. });
                continue;
            }
            if !room && !group.doubtful {
                waits = true;
                continue;
            }
            let own = group.errors + u64::from(room);
            let max_errors = self.limits.max_errors.map(|_| own);
            let witness = if is_again { self.witness() } else { None };
            self.groups[index].place = GroupPlace::Working {
                slot: room,
                again: is_again,
            };
            return NextGroup::Work {
                index,
                max_errors,
                witness,
            };
        }
        if !waits {
            return NextGroup::Done;
        }
        if self.is_working() {
            return NextGroup::Wait;
        }
        // What is open waits for a slot, and none comes back.
        self.stop(StopReason::ErrorBudget { errors });
        NextGroup::Done
    }

    /// A group has come back.
    pub(super) fn ended(&mut self, index: usize, end: &GroupEnd) {
        let Some(group) = self.groups.get_mut(index) else {
            return;
        };
        let was_again = matches!(group.place, GroupPlace::Working { again: true, .. });
        group.errors = end.errors;
        group.sums = end.sums.clone();
        // A read had its chance.
        group.doubtful = false;
        group.place = match &end.stopped {
            Some(StopReason::ErrorBudget { .. }) if end.open => GroupPlace::Open,
            Some(StopReason::NothingGotThrough { last, .. }) if !was_again => {
                GroupPlace::Unreached {
                    detail: last.clone(),
                }
            }
            Some(_) | None => GroupPlace::Left,
        };
        if let (Some(stopped), GroupPlace::Left) = (&end.stopped, &group.place) {
            self.stop(stopped.clone());
        }
        let unreached = match &end.stopped {
            Some(StopReason::NothingGotThrough { last, .. }) => Some(last),
            Some(_) | None => None,
        };
        if end.succeeded {
            self.in_a_row = 0;
        }
        if let Some(last) = end.failure.as_ref().or(unreached) {
            self.in_a_row += 1;
            if self.in_a_row >= self.limits.stop_after {
                self.stop(StopReason::FailuresInARow {
                    failures: self.in_a_row,
                    last: last.clone(),
                });
            }
        }
    }

    /// Starts nothing more. The first reason counts.
    pub(super) fn stop(&mut self, reason: StopReason) {
        self.stopped.get_or_insert(reason);
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// What became of it, without its session.
    pub(super) fn end(&self, number: u32) -> ShardEnd {
        ShardEnd {
            number,
            errors_before: self.errors_before,
            errors: self.errors(),
            sums_before: self.sums_before.clone(),
            sums: sums(&self.groups),
            in_a_row: self.in_a_row,
            stopped: self.stopped.clone(),
            ..ShardEnd::default()
        }
    }

    /// Once nothing else is left: tries the groups again whose execution could not be read, if another one could be. Otherwise the run stops.
    fn recall_unreached(&mut self) {
        let is_at_work = |group: &GroupProgress| match group.place {
            GroupPlace::Open | GroupPlace::Working { .. } | GroupPlace::OpenAgain => true,
            GroupPlace::Unreached { .. } | GroupPlace::Left => false,
        };
        if self.groups.iter().any(is_at_work) {
            return;
        }
        let has_witness = self.witness().is_some();
        let mut unreached = 0;
        let mut last = None;
        for group in &mut self.groups {
            if let GroupPlace::Unreached { detail } = &group.place {
                unreached += 1;
                last = Some(detail.clone());
                if has_witness {
                    group.place = GroupPlace::OpenAgain;
                }
            }
        }
        if let (false, Some(last)) = (has_witness, last) {
            self.stop(StopReason::NothingGotThrough {
                changes: unreached,
                last,
            });
        }
    }

    /// A group that was worked on and whose execution could be read.
    fn witness(&self) -> Option<usize> {
        self.groups
            .iter()
            .position(|group| group.place == GroupPlace::Left && group.readable)
    }

    fn is_working(&self) -> bool {
        let is_working = |group: &GroupProgress| matches!(group.place, GroupPlace::Working { .. });
        self.groups.iter().any(is_working)
    }

    fn errors(&self) -> u64 {
        self.groups.iter().map(|group| group.errors).sum()
    }

    /// The slots of the error budget that are given out.
    fn held(&self) -> u64 {
        let holds =
            |group: &&GroupProgress| matches!(group.place, GroupPlace::Working { slot: true, .. });
        self.groups.iter().filter(holds).count() as u64
    }
}

fn sums(groups: &[GroupProgress]) -> ChangeSums {
    let mut sums = ChangeSums::default();
    for group in groups {
        sums.recount(&ChangeSums::default(), &group.sums);
    }
    sums
}

#[cfg(test)]
mod tests;
