//! What passes through the engine. It has the lines of the plan, and no token: each worker has its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bucket::Reservation;
use crate::{
    api::{Generation, Id},
    event::StopReason,
    outcome::{Counts, Outcome},
    pace::Pace,
    run::{DoubtAnswer, GivenAnswer},
};

/// The settings of a session of the run, for all its groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionTask {
    /// The run's id.
    pub run: String,
    pub server: String,
    pub org: Option<String>,
    pub pace: Pace,
    /// Changes that may fail over all sessions.
    pub max_errors: Option<u64>,
    pub recheck: bool,
    /// The time after which a read proves that a request had no effect; no request takes longer.
    pub settle_ms: u64,
    pub answers: Vec<GivenAnswer>,
    pub doubts: Option<DoubtAnswer>,
    /// When it began, in Unix milliseconds: it names the session.
    pub began_ms: i64,
}

/// A part of the plan, and what earlier sessions did with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardTask {
    /// The id of the workflow that hands it out.
    pub(super) run_flow: String,
    pub(super) number: u32,
    /// The plan's first line.
    pub(super) header: String,
    /// The number of the first line of `text` in the plan.
    pub(super) first_line: u64,
    /// Lines of the plan, as they are in its file.
    pub(super) text: String,
    pub(super) groups: Vec<ShardGroup>,
}

/// A group of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardGroup {
    /// The numbers of its lines in the plan.
    pub(super) lines: Vec<u64>,
    /// The execution, if there is one to read: whether the service works is asked of it.
    pub(super) execution: Option<(Generation, Id)>,
    /// The checkpoint of its changes; empty if none of them was begun.
    pub(super) journal: String,
    /// Its changes that failed or are in doubt.
    pub(super) errors: u64,
    /// Whether one of its changes is in doubt.
    pub(super) doubtful: bool,
    /// Whether something is left to do.
    pub(super) open: bool,
    /// What became of its changes; none of them counts before it was begun.
    #[serde(default)]
    pub(super) sums: ChangeSums,
    /// No attempt could say what it had done: the journal is not all that there was.
    #[serde(default)]
    pub(super) is_lost: bool,
}

/// The signal to begin with a shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardStart {
    pub(super) session: SessionTask,
    /// The errors that the run has, those of this shard's earlier sessions included.
    pub(super) errors: u64,
    /// Executions with a failure since the last success.
    pub(super) in_a_row: u32,
}

/// What became of the changes of a group, a shard or a run so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeSums {
    pub(super) counts: Counts,
    /// Those in doubt about which no person has decided: with them, a run is not finished.
    pub(super) undecided: u64,
}

impl ChangeSums {
    /// The changes that have an outcome, also one in doubt.
    pub(super) fn ended(&self) -> Counts {
        let mut ended = Counts::default();
        for outcome in Outcome::ALL {
            if outcome != Outcome::NotAttempted {
                ended.add(outcome, self.counts.get(outcome));
            }
        }
        ended
    }

    /// Counts a part anew: it was counted as `before`, and is `now`.
    pub(super) fn recount(&mut self, before: &Self, now: &Self) {
        self.counts.recount(&before.counts, &now.counts);
        self.undecided = (self.undecided + now.undecided).saturating_sub(before.undecided);
    }
}

/// What became of a shard in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardEnd {
    /// The session.
    pub(super) run: String,
    pub(super) began_ms: i64,
    pub(super) number: u32,
    /// Its changes that failed or are in doubt: before the session, and after it.
    pub(super) errors_before: u64,
    pub(super) errors: u64,
    /// The same of all outcomes.
    pub(super) sums_before: ChangeSums,
    pub(super) sums: ChangeSums,
    pub(super) in_a_row: u32,
    /// Why it stopped before its end.
    pub(super) stopped: Option<StopReason>,
}

/// A group for the activity that works on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupTask {
    pub(super) session: SessionTask,
    pub(super) header: String,
    /// The numbers of its lines in the plan, and their text.
    pub(super) lines: Vec<(u64, String)>,
    pub(super) journal: String,
    /// The errors that the group may have.
    pub(super) max_errors: Option<u64>,
    /// An execution that could be read in this session.
    pub(super) witness: Option<(Generation, Id)>,
}

/// What became of a group in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupEnd {
    pub(super) journal: String,
    pub(super) errors: u64,
    pub(super) doubtful: bool,
    pub(super) open: bool,
    #[serde(default)]
    pub(super) sums: ChangeSums,
    /// Whether a change took effect.
    pub(super) succeeded: bool,
    /// The last failure after the last success.
    pub(super) failure: Option<String>,
    pub(super) stopped: Option<StopReason>,
}

impl SessionTask {
    /// The name of the task queue, and of what else there is once for each server and organisation.
    pub fn place(&self) -> String {
        place(&self.server, self.org.as_deref())
    }

    pub(super) const fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }

    pub(super) fn reservation(&self, requests: u32, rest: Duration) -> Reservation {
        Reservation::at(&self.pace, requests, rest)
    }
}

/// One name for a server and organisation.
pub(super) fn place(server: &str, org: Option<&str>) -> String {
    format!("wf-bulk {server} {}", org.unwrap_or("-"))
}

/// The id of the workflow that runs a plan: one for each plan, so that a second application is refused.
pub(super) fn run_flow_id(plan_sha256: &str) -> String {
    format!("wf-bulk plan {plan_sha256}")
}

/// The id of the workflow of a shard.
pub(super) fn shard_flow_id(run: &str, number: u32) -> String {
    format!("wf-bulk run {run} shard {number}")
}

/// The id of the workflow that keeps the rate of a server and organisation.
pub(super) fn pace_flow_id(place: &str) -> String {
    format!("{place} pace")
}
