//! The pace on the command line.

use crate::{cli::Pacing, pace::Pace, store::Wait};

impl Pacing {
    /// Applies the flags to the pace of a playbook, plan or run.
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

    /// How long after an attempt was given up a read-back can prove that it had no effect, in milliseconds.
    pub(super) fn settle_ms(&self) -> Option<u64> {
        self.settle.map(|seconds| seconds * 1000)
    }

    /// What to do if another run holds a lock.
    pub(super) const fn lock_wait(&self) -> Wait {
        if self.wait {
            Wait::UntilFree
        } else {
            Wait::Refuse
        }
    }
}
