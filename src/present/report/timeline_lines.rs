//! The lines of `timeline.jsonl`: what happened when in a run.
//!
//! They are for people: no decision uses them, and what is not there is only not shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// The version of the lines that are written.
pub(super) const VERSION: u32 = 1;

/// A line. `at`, in Unix milliseconds, is the wall clock at the beginning of the session and the time since then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TimelineLine {
    /// A session began. `rate`: requests a second, as asked for.
    Began {
        wf_bulk_timeline: u32,
        at: i64,
        rate: f64,
        concurrency: u32,
    },
    /// The `ms` milliseconds up to `at`, about a second. There is no line if nothing happened in them.
    Second(TimelineSecond),
    Stage {
        at: i64,
        number: usize,
        of: usize,
        executions: u64,
    },
    /// The service asked for a pause.
    Pause { at: i64, ms: u64 },
    /// The run waited until a read-back could decide about changes in doubt.
    Settle { at: i64, ms: u64, changes: u64 },
    /// From here on, nothing new was started.
    Stop { at: i64, reason: String },
    /// The session ended.
    End { at: i64 },
}

/// The line of a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TimelineSecond {
    pub(super) at: i64,
    pub(super) ms: u64,
    /// Requests that left, reads and retries among them.
    pub(super) requests: u64,
    pub(super) retries: u64,
    /// Requests that the service answered with 429.
    pub(super) throttled: u64,
    /// Requests without an answer at the end of the second.
    pub(super) in_flight: u64,
    /// Requests a second that the limiter permitted at the end of the second.
    pub(super) rate: f64,
    /// Changes by outcome.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) outcomes: BTreeMap<Outcome, u64>,
}
