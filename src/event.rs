//! What happened in a run, as data: the dispatcher tells, the reporters show.

use std::time::Duration;

use crate::{
    outcome::{Counts, Outcome},
    plan::Target,
};

/// One thing that happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Started {
        run: String,
        /// Changes in the plan.
        planned: u64,
        /// Outcomes that earlier sessions of this run recorded.
        earlier: Counts,
    },
    /// The next stage begins: so many executions, after those of the stages before.
    Stage {
        number: usize,
        of: usize,
        executions: u64,
    },
    Ended {
        target: Target,
        action: Vec<String>,
        outcome: Outcome,
        /// What the service or the re-check said, when there is something to say.
        detail: Option<String>,
    },
    /// An attempt gave no end; the change is sent again after `after`.
    Retried {
        target: Target,
        reason: String,
        after: Duration,
    },
    /// It is unknown whether an attempt took effect. Where a read can tell, it is read back.
    Doubted { target: Target, reason: String },
    /// The service asked for a rest.
    Throttled { pause: Duration },
    /// Nothing new is started; what is in flight is finished.
    Draining { reason: StopReason },
    /// Waiting until a read can prove that a doubtful request did not take effect.
    Settling { changes: u64, wait: Duration },
}

/// Why a run stops before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The service does not accept the token.
    Unauthorized { message: String },
    /// Too many failures in a row.
    FailuresInARow { failures: u32, last: String },
    /// The last changes could not be sent, or no execution be read, and nothing succeeded since.
    NothingGotThrough { changes: u64, last: String },
    /// So many changes failed that no more may.
    ErrorBudget { errors: u64 },
    /// Something failed in a stage before the last.
    Stage { number: usize, errors: u64 },
    /// The service asked for a longer rest than a run waits.
    LongPause { pause: Duration },
    /// The checkpoint can't be written, so nothing may be sent.
    Checkpoint { message: String },
    /// A part of this program failed.
    Bug { message: String },
    /// The server answers for another organisation than the plan's.
    OtherOrganisation { planned: String, found: String },
}
