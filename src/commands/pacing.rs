//! The pace that the command line asks for.

use crate::{cli::Pacing, pace::Pace, store::Wait};

impl Pacing {
    /// The flags laid over the pace that a playbook, a plan or a run gives.
    pub(super) fn over(&self, pace: &Pace) -> Pace {
        Pace {
            rate: self.rate.unwrap_or(pace.rate),
            burst: pace.burst,
            concurrency: self.concurrency.unwrap_or(pace.concurrency),
            stop_after: self.stop_after.unwrap_or(pace.stop_after),
            max_errors: self.max_errors.or(pace.max_errors),
            stages: pace.stages.clone(),
        }
    }

    /// How long after an attempt was given up a read can prove that it did nothing, in milliseconds.
    pub(super) fn settle_ms(&self) -> Option<u64> {
        self.settle.map(|seconds| seconds * 1000)
    }

    /// What to do when another run holds a lock.
    pub(super) const fn lock_wait(&self) -> Wait {
        if self.wait {
            Wait::UntilFree
        } else {
            Wait::Refuse
        }
    }
}
