//! The pace that the command line asks for.

use crate::{cli::Pacing, pace::Pace};

impl Pacing {
    /// The flags laid over the pace that a playbook, a plan or a run gives.
    pub(super) fn over(&self, pace: Pace) -> Pace {
        Pace {
            rate: self.rate.unwrap_or(pace.rate),
            burst: pace.burst,
            concurrency: self.concurrency.unwrap_or(pace.concurrency),
            stop_after: self.stop_after.unwrap_or(pace.stop_after),
        }
    }
}
