//! Waits more exactly than tokio's timers.
//!
//! Tokio's timers have milliseconds and may be up to two late. If the burst compensates for this, they are enough. At a high rate, or with
//! a burst of 1, a slot would be lost each time. Then a thread of the runtime sleeps for the remaining time, which ends within a tenth of a
//! millisecond, and only for this tenth the waiting task polls the clock.

use std::{thread, time::Duration};

use tokio::{
    task,
    time::{self, Instant},
};

/// How late a timer may fire.
const TIMER: Duration = Duration::from_millis(2);

/// How late a thread may wake up: 50 µs of timer slack, and as much for scheduling.
const THREAD: Duration = Duration::from_micros(100);

/// How a limiter waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// With the timer alone: the burst compensates for its delay. The only one that works with a paused clock.
    Timer,
    /// Exactly.
    Exact,
}

impl Waiting {
    /// The way to wait for a limiter that can compensate for `slack`.
    pub(super) fn with_slack(slack: Duration) -> Self {
        if slack >= TIMER {
            Self::Timer
        } else {
            Self::Exact
        }
    }

    pub(super) async fn until(self, moment: Instant) {
        match self {
            Self::Timer => time::sleep_until(moment).await,
            Self::Exact => exactly_until(moment).await,
        }
    }
}

async fn exactly_until(moment: Instant) {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        } else if left > TIMER {
            time::sleep(left.checked_sub(TIMER).unwrap_or_default()).await;
        } else if let Some(asleep) = left.checked_sub(THREAD).filter(|asleep| *asleep > THREAD) {
            // A runtime that is shutting down has no threads; then nothing waits for the moment.
            let _ended = task::spawn_blocking(move || thread::sleep(asleep)).await;
        } else {
            task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limiter_that_makes_up_for_what_a_timer_may_be_late_waits_by_the_timer_alone() {
        let nanos = Duration::from_nanos;
        for (slack, waiting) in [
            (nanos(0), Waiting::Exact),
            (nanos(1_999_999), Waiting::Exact),
            (nanos(2_000_000), Waiting::Timer),
            (nanos(2_000_001), Waiting::Timer),
            (Duration::MAX, Waiting::Timer),
        ] {
            assert_eq!(Waiting::with_slack(slack), waiting, "{slack:?}");
        }
    }

    /// How late it returns depends on the machine, and is no matter of a test.
    #[tokio::test]
    async fn no_wait_ends_before_its_moment() {
        for waiting in [Waiting::Timer, Waiting::Exact] {
            for micros in [
                0, 1, 50, 99, 100, 150, 200, 250, 1_000, 1_999, 2_000, 2_500, 5_000,
            ] {
                let moment = Instant::now() + Duration::from_micros(micros);
                waiting.until(moment).await;
                assert!(Instant::now() >= moment, "{waiting:?} {micros}");
            }
        }
    }
}
