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
    pushed_back: AtomicU64,
    in_flight: AtomicU64,
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
    /// Requests that the service answered with 429.
    pub pushed_back: u64,
    /// Requests that have left and have no answer yet.
    pub in_flight: u64,
}

/// A request, from its departure to its answer, or until nothing waits for that any more.
#[derive(Debug)]
pub(super) struct InFlight<'a>(&'a AtomicU64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Counters {
    /// Counts a request that left, as the `attempt`th of its kind, from 1. Requests that could not be sent are not counted.
    pub(super) fn request(&self, attempt: u32) {
        self.requests.fetch_add(1, Relaxed);
        self.retries.fetch_add(u64::from(attempt > 1), Relaxed);
    }

    pub(super) fn in_flight(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(&self.in_flight)
    }

    pub(super) fn pushed_back(&self) {
        self.pushed_back.fetch_add(1, Relaxed);
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
            pushed_back: self.pushed_back.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
        }
    }
}
