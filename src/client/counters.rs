//! What the requests of a command came to.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Counted by all workers; independent of each other, so no order between them is needed.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    throttled_ms: AtomicU64,
}

/// The counts of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// Requests among them that repeat an earlier one, which had been sent or not.
    pub retries: u64,
    /// How long the service made everybody rest.
    pub throttled: Duration,
}

impl Counters {
    /// A request left, as the `attempt`th of its kind, from 1. What could not be sent is not counted.
    pub(super) fn request(&self, attempt: u32) {
        self.requests.fetch_add(1, Relaxed);
        self.retries.fetch_add(u64::from(attempt > 1), Relaxed);
    }

    pub(super) fn throttled(&self, pause: Duration) {
        let milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.throttled_ms.fetch_add(milliseconds, Relaxed);
    }

    pub(super) fn traffic(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Relaxed),
            retries: self.retries.load(Relaxed),
            throttled: Duration::from_millis(self.throttled_ms.load(Relaxed)),
        }
    }
}
