//! What may be tried again, and when: pure, with the random source passed in.

use std::{num::NonZeroU32, time::Duration};

use jiff::Timestamp;

use crate::{
    api::{ReadTrouble, RetryAfter, Verdict},
    plan::Repeat,
};

/// A longer rest than this is no rest between two attempts but trouble of the whole run: it
/// saves its state and ends, and a person or the next cron job goes on. Five minutes.
pub const LONG_PAUSE: Duration = Duration::from_mins(5);

/// How long everybody rests after a 429 that doesn't say how long.
pub const THROTTLE_PAUSE: Duration = Duration::from_secs(1);

/// Whether a rest that the service asks for ends the run.
pub fn is_long_pause(pause: Duration) -> bool {
    pause > LONG_PAUSE
}

/// How often and how far apart requests are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, the first included.
    pub attempts: NonZeroU32,
    /// The bound of the first delay after trouble that may pass at once.
    pub transient: Duration,
    /// The bound of the first delay after a 429.
    pub throttled: Duration,
    /// The bound of any delay that the service does not ask for.
    pub cap: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            // A third attempt helps now and then, a fourth hardly ever; a server that is down
            // should be noticed soon.
            attempts: NonZeroU32::MIN.saturating_add(2),
            // A dropped connection or a restarting instance is over in about this time.
            transient: Duration::from_millis(50),
            // The service's rule for a 429 without a Retry-After: 1 s, then back off.
            throttled: THROTTLE_PAUSE,
            // Beyond this a worker only waits; the limiter's pause is the tool for longer rests.
            cap: Duration::from_secs(30),
        }
    }
}

/// What follows from one attempt of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The verdict is conclusive.
    Done,
    /// Send it again, `after` this time.
    Again { after: Duration },
    /// It may have taken effect, and only a read can tell.
    ReadBack,
    /// No attempt is left, and this one did not take effect. (An earlier one that was
    /// [`Verdict::Unknown`] may have.)
    GiveUp,
}

/// What follows from one attempt of a read that met trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextRead {
    /// Read again, `after` this time.
    Again { after: Duration },
    /// Reading again is of no use, or no attempt is left.
    GiveUp,
}

/// Which of the two delays a trouble asks for.
#[derive(Clone, Copy)]
enum Trouble {
    Transient,
    Throttled,
}

impl Policy {
    /// Decides after `attempt` attempts of a write, of which the last ended as `verdict`.
    ///
    /// The repetition of an unknown attempt is only for what is [`Repeat::Safe`]. When its
    /// attempts are used up, it is read back as well: what it would have written can be seen.
    pub fn after_write(
        &self,
        verdict: &Verdict,
        repeat: Repeat,
        attempt: u32,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Next {
        match verdict {
            Verdict::Applied(_)
            | Verdict::Refused { .. }
            | Verdict::Gone { .. }
            | Verdict::Unauthorized { .. } => Next::Done,
            Verdict::NotSent { .. } => self
                .delay(Trouble::Transient, attempt, None, now, rng)
                .map_or(Next::GiveUp, |after| Next::Again { after }),
            Verdict::Throttled { retry_after } => self
                .delay(Trouble::Throttled, attempt, *retry_after, now, rng)
                .map_or(Next::GiveUp, |after| Next::Again { after }),
            Verdict::Unknown { retry_after, .. } => match repeat {
                Repeat::Safe => self
                    .delay(Trouble::Transient, attempt, *retry_after, now, rng)
                    .map_or(Next::ReadBack, |after| Next::Again { after }),
                Repeat::Readable => Next::ReadBack,
            },
        }
    }

    /// Decides after `attempt` attempts of a read, of which the last met `trouble`.
    pub fn after_read(
        &self,
        trouble: &ReadTrouble,
        attempt: u32,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> NextRead {
        let delay = match trouble {
            ReadTrouble::Unauthorized { .. }
            | ReadTrouble::Refused { .. }
            | ReadTrouble::NotJson { .. }
            | ReadTrouble::TooLarge { .. } => None,
            ReadTrouble::Throttled { retry_after } => {
                self.delay(Trouble::Throttled, attempt, *retry_after, now, rng)
            }
            ReadTrouble::Unreachable { .. } => {
                self.delay(Trouble::Transient, attempt, None, now, rng)
            }
            ReadTrouble::Failing { retry_after, .. } => {
                self.delay(Trouble::Transient, attempt, *retry_after, now, rng)
            }
        };
        delay.map_or(NextRead::GiveUp, |after| NextRead::Again { after })
    }

    /// The time until the next attempt; none when there is none, because the attempts are used
    /// up or the service asks for a [`LONG_PAUSE`].
    ///
    /// Full jitter: anything between nothing and a bound that doubles with each attempt, so that
    /// workers who failed together don't return together. What the service asks for is a floor.
    fn delay(
        &self,
        trouble: Trouble,
        attempt: u32,
        retry_after: Option<RetryAfter>,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<Duration> {
        if attempt >= self.attempts.get() {
            return None;
        }
        let (base, unasked) = match trouble {
            Trouble::Transient => (self.transient, Duration::ZERO),
            Trouble::Throttled => (self.throttled, THROTTLE_PAUSE),
        };
        let floor = retry_after.map_or(unasked, |after| after.wait(now));
        if is_long_pause(floor) {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(u32::BITS - 1);
        let bound = base.saturating_mul(1 << doublings).min(self.cap);
        Some(bound.mul_f64(rng.f64()).max(floor))
    }
}
