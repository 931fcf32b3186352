//! The counts of a command's requests.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Counted by all workers. The counters are independent, so they need no order.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    throttled_ms: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests sent, including retries.
    pub requests: u64,
    /// Retries among them, whether the earlier attempt had been sent or not.
    pub retries: u64,
    /// How long the service made all workers pause.
    pub throttled: Duration,
}

impl Counters {
    /// Counts a request that left, as the `attempt`th of its kind, from 1. Requests that could not be sent are not counted.
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
