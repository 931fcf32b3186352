//! The limiter that every request passes, and the pause that all workers share.

mod waiting;

use std::{
    fmt,
    num::NonZeroU32,
    ops::Add,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::Instant;

use super::{Rate, adaptive::Adaptive, shared::SharedPace};
use waiting::Waiting;

/// Limits requests in two steps: [`permit`](Self::permit) before one is prepared, [`depart`](Self::depart) when it leaves.
///
/// In every window of `t` seconds at most `rate · t + burst` requests depart, and none during [`pause_until`](Self::pause_until), however
/// long their preparation took. A permit alone can't guarantee this: between it and the send, an intent is written to disk, and if the disk
/// stalls, all requests that waited for it would leave together. Permits are issued at the same rate, so that few requests are prepared
/// before they may leave.
///
/// After [`pushed_back`](Self::pushed_back), permits are issued more slowly for a while, never faster than the configured rate. The burst
/// compensates for late timers; if it is too small for that, waiting is exact (`Waiting`).
///
/// Dropping a waiting [`permit`](Self::permit) or [`depart`](Self::depart) loses no permit and delays no other request. A future that waits
/// for one must be polled until it is ready, or dropped: those behind it wait for it.
pub struct Pacer {
    rate: Rate,
    burst: NonZeroU32,
    waiting: Waiting,
    /// Held by the one request of [`Lane::New`] that waits for its turn together with those of [`Lane::Begun`].
    newcomer: tokio::sync::Mutex<()>,
    /// Held while waiting for a permit: tokio's mutex is fair, so permits go in the order of asking,
    /// and only the first of all waiters has a timer.
    turn: tokio::sync::Mutex<()>,
    /// Held while waiting to depart.
    exit: tokio::sync::Mutex<()>,
    /// How many wait to depart.
    leaving: AtomicU32,
    state: Mutex<PacerState>,
    /// The limit of several processes, kept besides the own one.
    shared: Option<Arc<dyn SharedPace>>,
}

/// The priority of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Nothing waits for it yet.
    New,
    /// It continues begun work, based on a recent read: the longer it waits, the more may have changed. At most one of [`Lane::New`] goes
    /// before it.
    Begun,
}

/// A request that would wait longer than this to depart takes another permit first. Otherwise requests that were delayed together would
/// stay that late for as long as the run is busy.
const OUT_OF_DATE: Duration = Duration::from_millis(100);

struct PacerState {
    /// For permits, at the last rate of [`Adaptive`].
    bucket: Bucket,
    /// For departures, at the configured rate.
    departures: Bucket,
    adaptive: Adaptive,
    paused_until: Option<Instant>,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Tick>>;

/// What a waiter waits for.
enum Turn {
    Given,
    NotBefore(Instant),
}

impl Pacer {
    /// A limiter of `rate` requests a second, of which `burst` may leave together after an idle period.
    pub fn new(rate: Rate, burst: NonZeroU32) -> Self {
        // One request of the burst is always due; the time of the others may be used for delays.
        let slack = f64::from(burst.get() - 1) / rate.0;
        let slack = Duration::try_from_secs_f64(slack).unwrap_or(Duration::MAX);
        Self::waiting(rate, burst, Waiting::with_slack(slack))
    }

    fn waiting(rate: Rate, burst: NonZeroU32, waiting: Waiting) -> Self {
        Self {
            rate,
            burst,
            waiting,
            newcomer: tokio::sync::Mutex::new(()),
            turn: tokio::sync::Mutex::new(()),
            exit: tokio::sync::Mutex::new(()),
            leaving: AtomicU32::new(0),
            state: Mutex::new(PacerState {
                bucket: full_bucket(rate, burst),
                departures: full_bucket(rate, burst),
                adaptive: Adaptive::new(rate),
                paused_until: None,
            }),
            shared: None,
        }
    }

    /// The same limiter, which also keeps a limit that it shares with other processes.
    pub fn sharing(self, shared: Arc<dyn SharedPace>) -> Self {
        Self {
            shared: Some(shared),
            ..self
        }
    }

    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// The time between two permits at the current rate.
    pub fn interval(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.state().adaptive.rate().per_second())
    }

    /// Waits for the permit to prepare one request.
    pub async fn permit(&self, lane: Lane) {
        let _newcomer = match lane {
            Lane::New => Some(self.newcomer.lock().await),
            Lane::Begun => None,
        };
        {
            let _turn = self.turn.lock().await;
            self.wait(PacerState::take_permit).await;
        }
        if let Some(shared) = &self.shared {
            shared.permit().await;
        }
    }

    /// Waits until a request that has its [`permit`](Self::permit) may leave.
    pub async fn depart(&self) {
        let ahead = self.leaving.load(Relaxed);
        if self.is_paused() || Duration::from_secs_f64(f64::from(ahead) / self.rate.0) > OUT_OF_DATE
        {
            self.permit(Lane::Begun).await;
        }
        let _leaving = Leaving::new(&self.leaving);
        let _exit = self.exit.lock().await;
        self.wait(PacerState::take_departure).await;
        if let Some(shared) = &self.shared {
            shared.depart().await;
        }
    }

    /// Takes a permit as soon as there is one.
    async fn wait(&self, take: fn(&mut PacerState, NonZeroU32) -> Turn) {
        loop {
            // The result is stored first: a guard of the state must not be held across the wait.
            let turn = take(&mut self.state(), self.burst);
            match turn {
                Turn::Given => return,
                Turn::NotBefore(moment) => self.waiting.until(moment).await,
            }
        }
    }

    /// Stops all permits until `deadline`; of two deadlines the later one counts. Afterwards permits are issued at the rate, without a
    /// burst.
    ///
    /// Returns by how much the pause was extended.
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
        if let Some(shared) = &self.shared {
            shared.rest(deadline.saturating_duration_since(Instant::now()));
        }
        deadline - end
    }

    /// Lowers the rate, because the service throttled a request that left at `sent`. A request that left before the last reduction lowers
    /// nothing.
    pub fn pushed_back(&self, sent: Instant) {
        let mut state = self.state();
        if let Some(rate) = state.adaptive.pushed_back(sent, Instant::now()) {
            state.bucket = empty_bucket(rate, self.burst);
        }
    }

    fn is_paused(&self) -> bool {
        self.pause_end().is_some()
    }

    /// The end of the current pause, if there is one.
    fn pause_end(&self) -> Option<Instant> {
        self.state()
            .paused_until
            .filter(|&end| Instant::now() < end)
    }

    fn state(&self) -> MutexGuard<'_, PacerState> {
        // Nothing panics while it is held, and the state is always consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PacerState {
    /// Takes a permit if there is one now.
    ///
    /// Pause and bucket are checked under one lock, so no permit is issued after [`Pacer::pause_until`] has returned.
    fn take_permit(&mut self, burst: NonZeroU32) -> Turn {
        if let Some(end) = self.pause(burst) {
            return Turn::NotBefore(end);
        }
        match self.bucket.check() {
            Ok(()) => {
                // Just after a permit a busy bucket is empty, so replacing it loses nothing.
                if let Some(rate) = self.adaptive.permit_given(Instant::now()) {
                    self.bucket = empty_bucket(rate, burst);
                }
                Turn::Given
            }
            Err(not_until) => Turn::NotBefore(not_until.earliest_possible().0),
        }
    }

    /// Lets one request leave if it may now.
    fn take_departure(&mut self, burst: NonZeroU32) -> Turn {
        if let Some(end) = self.pause(burst) {
            return Turn::NotBefore(end);
        }
        match self.departures.check() {
            Ok(()) => Turn::Given,
            Err(not_until) => Turn::NotBefore(not_until.earliest_possible().0),
        }
    }

    /// The end of the current pause, if there is one. The buckets were filled during a past pause and are emptied: a service that just
    /// asked for a pause should not get a burst.
    fn pause(&mut self, burst: NonZeroU32) -> Option<Instant> {
        let end = self.paused_until?;
        if Instant::now() < end {
            return Some(end);
        }
        self.paused_until = None;
        self.adaptive.rested(Instant::now());
        for bucket in [&self.bucket, &self.departures] {
            for _ in 0..burst.get() {
                if bucket.check().is_err() {
                    break;
                }
            }
        }
        None
    }
}

/// A request that waits to depart, for as long as it waits.
struct Leaving<'a>(&'a AtomicU32);

impl<'a> Leaving<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
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

/// A bucket for the new rate. A full one would give a second burst, and more than `rate · t + burst` in all.
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
    /// A limiter for tests, on whose paused clock only timers can be waited for.
    pub(crate) fn per_second(rate: f64, burst: u32) -> Self {
        Self::waiting(Rate(rate), NonZeroU32::new(burst).unwrap(), Waiting::Timer)
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
