//! Which shard of a run is next, and when the run stops: pure.

use serde::{Deserialize, Serialize};

use super::task::{ChangeSums, ShardEnd};
use crate::{event::StopReason, outcome::Outcome};

/// Why a run stops whose shard is gone.
const LOST: &str = "somebody has ended a part of the run at the engine, and its records are lost with it: the run can only be abandoned";

/// The shards of a session, and what became of those that were handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunProgress {
    /// The shards with something to do, in order.
    pub(super) open: Vec<u32>,
    pub(super) stages: Vec<StageProgress>,
    /// What became of the changes of the shards that have come back.
    #[serde(default)]
    pub(super) sums: ChangeSums,
    pub(super) in_a_row: u32,
    pub(super) stopped: Option<StopReason>,
}

/// A stage: its shards end before the one of the next stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StageProgress {
    /// The number of the first shard after it.
    pub(super) end: u32,
    /// Its changes that failed or are in doubt.
    pub(super) errors: u64,
    /// The errors for which the run has stopped before: a person who resumes it knows about these.
    pub(super) known: u64,
}

impl RunProgress {
    /// The next shard; none at the end, or if the run stops.
    pub(super) fn next(&mut self) -> Option<u32> {
        let number = *self.open.first()?;
        let earlier = self.stages.iter_mut().enumerate();
        for (index, stage) in earlier.take_while(|(_, stage)| stage.end <= number) {
            if stage.errors > 0 && stage.errors != stage.known && self.stopped.is_none() {
                stage.known = stage.errors;
                self.stopped = Some(StopReason::Stage {
                    number: index + 1,
                    errors: stage.errors,
                });
            }
        }
        self.stopped.is_none().then_some(number)
    }

    /// The shard that was begun has come back.
    pub(super) fn ended(&mut self, end: &ShardEnd) {
        if let Some(stage) = (self.stages.iter_mut()).find(|stage| end.number < stage.end) {
            stage.errors = (stage.errors + end.errors).saturating_sub(end.errors_before);
        }
        self.sums.recount(&end.sums_before, &end.sums);
        self.in_a_row = end.in_a_row;
        match &end.stopped {
            Some(stopped) => self.stop(stopped.clone()),
            None => self.open.retain(|number| *number != end.number),
        }
    }

    /// The shard that was begun is gone. What it did is not known, and the changes of the plan without an outcome may be in it.
    pub(super) fn lost(&mut self, changes: u64) {
        let lost = changes.saturating_sub(self.sums.ended().total());
        self.sums.counts.add(Outcome::InDoubt, lost);
        self.sums.undecided += lost;
        // This replaces an earlier reason: such a run can not be resumed.
        self.stopped = Some(StopReason::Checkpoint {
            message: LOST.to_owned(),
        });
    }

    /// Begins nothing more. The first reason counts.
    pub(super) fn stop(&mut self, reason: StopReason) {
        self.stopped.get_or_insert(reason);
    }

    /// Changes of the run that failed or are in doubt.
    pub(super) fn errors(&self) -> u64 {
        self.stages.iter().map(|stage| stage.errors).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(open: &[u32], ends: &[u32]) -> RunProgress {
        let stage = |end: &u32| StageProgress {
            end: *end,
            ..StageProgress::default()
        };
        RunProgress {
            open: open.to_vec(),
            stages: ends.iter().map(stage).collect(),
            ..RunProgress::default()
        }
    }

    fn end(number: u32, before: u64, errors: u64) -> ShardEnd {
        ShardEnd {
            number,
            errors_before: before,
            errors,
            ..ShardEnd::default()
        }
    }

    fn sums(applied: u64, in_doubt: u64) -> ChangeSums {
        let mut sums = ChangeSums::default();
        sums.counts.add(Outcome::Applied, applied);
        sums.counts.add(Outcome::InDoubt, in_doubt);
        sums.undecided = in_doubt;
        sums
    }

    #[test]
    fn shards_come_in_order_and_errors_of_the_last_stage_stop_nothing() {
        let mut run = run(&[0, 1, 2], &[3]);
        for number in 0..3 {
            assert_eq!(run.next(), Some(number));
            run.ended(&end(number, 0, 1));
        }
        assert_eq!(run.next(), None);
        assert_eq!((run.errors(), run.stopped), (3, None));
    }

    #[test]
    fn the_next_stage_begins_only_without_errors_or_if_a_person_knows_of_them() {
        let mut run = run(&[0, 1, 2], &[2, 3]);
        run.next();
        run.ended(&end(0, 0, 2));
        assert_eq!(run.next(), Some(1));
        run.ended(&end(1, 0, 0));
        assert_eq!(run.next(), None);
        let stopped = StopReason::Stage {
            number: 1,
            errors: 2,
        };
        assert_eq!(run.stopped.take(), Some(stopped));
        // The next session.
        let mut resumed = run.clone();
        assert_eq!(resumed.next(), Some(2));
        // With another error, it stops again.
        run.stages[0].errors = 3;
        assert_eq!(run.next(), None);
    }

    #[test]
    fn what_a_shard_did_that_is_gone_is_in_doubt_and_nothing_goes_on() {
        let mut run = run(&[0, 1, 2], &[3]);
        run.next();
        run.ended(&ShardEnd {
            sums: sums(3, 1),
            ..end(0, 0, 1)
        });
        run.next();
        run.stop(StopReason::Interrupted);
        run.lost(10);
        assert_eq!(run.sums, sums(3, 7));
        assert!(matches!(run.stopped, Some(StopReason::Checkpoint { .. })));
        assert_eq!((run.next(), &run.open[..]), (None, &[1, 2][..]));
    }

    #[test]
    fn a_shard_that_stopped_stays_open_and_a_decided_doubt_is_no_error_any_more() {
        let mut run = run(&[0, 1], &[2]);
        run.stages[0].errors = 4;
        run.sums = sums(2, 2);
        run.next();
        run.ended(&ShardEnd {
            stopped: Some(StopReason::Interrupted),
            sums_before: sums(0, 2),
            sums: sums(1, 1),
            ..end(0, 2, 1)
        });
        assert_eq!(run.errors(), 3);
        assert_eq!(run.sums, sums(3, 1));
        assert_eq!(run.open, [0, 1]);
        assert_eq!(run.next(), None);
    }
}
