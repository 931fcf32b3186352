//! The one limiter that every request passes, and the pause that all workers share.

use std::{
    fmt,
    num::NonZeroU32,
    ops::Add,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::{self, Instant};

use super::{Rate, adaptive::Adaptive};

/// Gives out permits, one a request, in the order in which they were asked for.
///
/// In every window of `t` seconds it gives at most `rate · t + burst` permits, and none while
/// [`pause_until`](Self::pause_until) lasts. After a [`pushed_back`](Self::pushed_back) the rate is
/// lower for a while, never higher than the one that was asked for. Tokio's timers tick in milliseconds and what is late
/// is made up from the burst, so a burst below `1 + rate / 1000` gives less than the rate, never more.
///
/// Dropping a waiting [`permit`](Self::permit) loses no permit and holds nobody up.
pub struct Pacer {
    rate: Rate,
    burst: NonZeroU32,
    /// Held while waiting for a permit: tokio's mutex is fair, so permits go in the order of asking,
    /// and only the first of all waiters has a timer.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

struct State {
    /// Of the rate that [`Adaptive`] told last.
    bucket: Bucket,
    adaptive: Adaptive,
    paused_until: Option<Instant>,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Tick>>;

/// What stands between a waiter and its permit.
enum Turn {
    Given,
    NotBefore(Instant),
}

impl Pacer {
    /// A limiter of `rate` requests a second, of which `burst` may leave at once after a rest.
    pub fn new(rate: Rate, burst: NonZeroU32) -> Self {
        Self {
            rate,
            burst,
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                bucket: full_bucket(rate, burst),
                adaptive: Adaptive::new(rate),
                paused_until: None,
            }),
        }
    }

    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Waits for the permit to send one request.
    pub async fn permit(&self) {
        let _turn = self.turn.lock().await;
        loop {
            // The outcome first: a guard of the state must not live across the wait.
            let turn = self.take();
            match turn {
                Turn::Given => return,
                Turn::NotBefore(moment) => time::sleep_until(moment).await,
            }
        }
    }

    /// Waits while a pause lasts; for a request that has its permit and is about to be sent.
    ///
    /// Without a pause it takes no permit. After one the permit is stale, and a new one is taken:
    /// else all who were held up would leave at once.
    pub async fn gate(&self) {
        if self.pause_end().is_some() {
            self.permit().await;
        }
    }

    /// Stops all permits until `deadline`; of two deadlines the later one wins. Afterwards work
    /// goes on at the rate, without a burst.
    ///
    /// Returns by how much the pause got longer.
    pub fn pause_until(&self, deadline: Instant) -> Duration {
        let mut state = self.state();
        let end = state
            .paused_until
            .unwrap_or_else(Instant::now)
            .max(Instant::now());
        if deadline <= end {
            return Duration::ZERO;
        }
        state.paused_until = Some(deadline);
        deadline - end
    }

    /// Lowers the rate, because the service pushed back a request that left at `sent`; what left
    /// before the last time that happened belongs to that time, and lowers nothing.
    pub fn pushed_back(&self, sent: Instant) {
        let mut state = self.state();
        if let Some(rate) = state.adaptive.pushed_back(sent, Instant::now()) {
            state.bucket = empty_bucket(rate, self.burst);
        }
    }

    /// The end of the pause that lasts now, if one does.
    fn pause_end(&self) -> Option<Instant> {
        self.state()
            .paused_until
            .filter(|&end| Instant::now() < end)
    }

    /// Takes a permit if there is one now.
    ///
    /// Pause and bucket are looked at under one lock, so no permit slips in after
    /// [`pause_until`](Self::pause_until) has returned.
    fn take(&self) -> Turn {
        let mut state = self.state();
        if let Some(end) = state.paused_until {
            if Instant::now() < end {
                return Turn::NotBefore(end);
            }
            state.paused_until = None;
            state.adaptive.rested(Instant::now());
            // The bucket filled up during the pause; a burst is the last thing that a service
            // wants that just asked for a rest.
            for _ in 0..self.burst.get() {
                if state.bucket.check().is_err() {
                    break;
                }
            }
        }
        match state.bucket.check() {
            Ok(()) => {
                // Just after a permit a busy bucket is empty, so that emptying the next loses nothing.
                if let Some(rate) = state.adaptive.permit_given(Instant::now()) {
                    state.bucket = empty_bucket(rate, self.burst);
                }
                Turn::Given
            }
            Err(not_until) => Turn::NotBefore(not_until.earliest_possible().0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and the state is whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn full_bucket(rate: Rate, burst: NonZeroU32) -> Bucket {
    // Rounded up: a shorter period would be a higher rate than asked for.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's conversion saturates, and a period is positive"
    )]
    let period = Duration::from_nanos((1e9 / rate.0).ceil().max(1.0) as u64);
    let quota = Quota::with_period(period)
        .expect("a period has at least one nanosecond")
        .allow_burst(burst);
    RateLimiter::direct_with_clock(quota, TokioClock)
}

/// A bucket to go on with. A full one would give a second burst, and more than `rate · t + burst` in all.
fn empty_bucket(rate: Rate, burst: NonZeroU32) -> Bucket {
    let bucket = full_bucket(rate, burst);
    let emptied = bucket.check_n(burst);
    debug_assert!(matches!(emptied, Ok(Ok(()))), "a full bucket holds a burst");
    bucket
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer")
            .field("rate", &self.rate)
            .field("burst", &self.burst)
            .field("paused_until", &self.pause_end())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Pacer {
    /// A limiter for the tests of others, who can't make a [`Rate`] without text.
    pub(crate) fn per_second(rate: f64, burst: u32) -> Self {
        Self::new(Rate(rate), NonZeroU32::new(burst).unwrap())
    }
}

/// Tokio's clock for governor, so that a paused clock drives it.
#[derive(Clone, Copy, Debug)]
struct TokioClock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(Instant);

impl Clock for TokioClock {
    type Instant = Tick;

    fn now(&self) -> Tick {
        Tick(Instant::now())
    }
}

impl Add<Nanos> for Tick {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + Duration::from(nanos))
    }
}

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests;
