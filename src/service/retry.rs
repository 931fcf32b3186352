//! What may be retried, and when: pure, with the random source passed in.

mod budget;
mod repeat;

use std::{num::NonZeroU32, time::Duration};

use jiff::Timestamp;

use crate::api::{ReadTrouble, RetryAfter, Verdict};

pub use budget::{Budget, Funds};
pub use repeat::Repeat;

/// Five minutes. A longer pause ends the run: it saves its state, and a person or the next cron job resumes it.
pub const LONG_PAUSE: Duration = Duration::from_secs(300);

/// The pause of all workers after a 429 without a `Retry-After`.
pub const THROTTLE_PAUSE: Duration = Duration::from_secs(1);

/// Whether a requested pause ends the run.
pub fn is_long_pause(pause: Duration) -> bool {
    pause > LONG_PAUSE
}

/// Whether a status means that the service is overloaded: too many requests of ours (429, RFC 6585, section 4), or an overload (503, RFC
/// 9110, section 15.6.4).
pub const fn is_push_back(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// How often requests are tried, and with which delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, the first included.
    pub attempts: NonZeroU32,
    /// The bound of the first delay after a temporary error.
    pub transient: Duration,
    /// The bound of the first delay after a 429.
    pub throttled: Duration,
    /// The bound of any delay that the service does not request.
    pub cap: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            // A third attempt sometimes helps, a fourth hardly ever; and a dead server should be noticed soon.
            attempts: NonZeroU32::MIN.saturating_add(2),
            // A dropped connection or a restarting instance is over in about this time.
            transient: Duration::from_millis(50),
            // The service's rule for a 429 without a Retry-After: 1 s, then back off.
            throttled: THROTTLE_PAUSE,
            // A longer delay would only block a worker; the limiter's pause is for longer ones.
            cap: Duration::from_secs(30),
        }
    }
}

/// What to do after one attempt of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The verdict is conclusive.
    Done,
    /// Send it again, `after` this time.
    Again { after: Duration },
    /// It may have taken effect; a read-back must decide.
    ReadBack,
    /// No attempt is left, and this one did not take effect. (An earlier one that was
    /// [`Verdict::Unknown`] may have.)
    GiveUp,
}

/// What to do after a failed attempt of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextRead {
    /// Read again, `after` this time.
    Again { after: Duration },
    /// Reading again does not help, or no attempt is left.
    GiveUp,
    /// Reading again might help, but the retry budget is used up.
    OutOfBudget,
}

/// A temporary error. It determines the delay, and whether the [`Budget`] counts the retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Not sent, no conclusive answer, or a failing service.
    Transient,
    /// The service wants fewer requests.
    Throttled,
}

impl Trouble {
    /// The temporary error of a write; none if its verdict is conclusive.
    pub const fn of_write(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Applied(_)
            | Verdict::Refused { .. }
            | Verdict::Gone { .. }
            | Verdict::Unauthorized { .. } => None,
            Verdict::NotSent { .. } | Verdict::Unknown { .. } => Some(Self::Transient),
            Verdict::Throttled { .. } => Some(Self::Throttled),
        }
    }

    /// The temporary error of a read; none if reading again does not help.
    pub const fn of_read(trouble: &ReadTrouble) -> Option<Self> {
        match trouble {
            ReadTrouble::Unauthorized { .. }
            | ReadTrouble::Refused { .. }
            | ReadTrouble::NotJson { .. }
            | ReadTrouble::TooLarge { .. } => None,
            ReadTrouble::Unreachable { .. } | ReadTrouble::Failing { .. } => Some(Self::Transient),
            ReadTrouble::Throttled { .. } => Some(Self::Throttled),
        }
    }

    const fn is_paid_for(self, funds: Funds) -> bool {
        match (self, funds) {
            (Self::Throttled, Funds::Left | Funds::UsedUp) | (Self::Transient, Funds::Left) => true,
            (Self::Transient, Funds::UsedUp) => false,
        }
    }
}

impl Policy {
    /// Decides after the `attempt`th attempt of a write, which had this `verdict`.
    ///
    /// An unknown attempt is retried only if the change is [`Repeat::Safe`]. If its attempts or the budget are used up, it is read back as
    /// well: its values can be seen.
    pub fn after_write(
        &self,
        verdict: &Verdict,
        repeat: Repeat,
        attempt: u32,
        funds: Funds,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Next {
        let mut again = |trouble: Trouble, retry_after| {
            self.delay(trouble, attempt, retry_after, now, rng)
                .filter(|_| trouble.is_paid_for(funds))
                .map(|after| Next::Again { after })
        };
        match verdict {
            Verdict::Applied(_)
            | Verdict::Refused { .. }
            | Verdict::Gone { .. }
            | Verdict::Unauthorized { .. } => Next::Done,
            Verdict::NotSent { .. } => again(Trouble::Transient, None).unwrap_or(Next::GiveUp),
            Verdict::Throttled { retry_after, .. } => {
                again(Trouble::Throttled, *retry_after).unwrap_or(Next::GiveUp)
            }
            Verdict::Unknown { retry_after, .. } => match repeat {
                Repeat::Safe => again(Trouble::Transient, *retry_after).unwrap_or(Next::ReadBack),
                Repeat::Readable | Repeat::Once => Next::ReadBack,
            },
        }
    }

    /// Decides after the `attempt`th attempt of a read, which had this `trouble`.
    pub fn after_read(
        &self,
        trouble: &ReadTrouble,
        attempt: u32,
        funds: Funds,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> NextRead {
        let (kind, retry_after) = match trouble {
            ReadTrouble::Unauthorized { .. }
            | ReadTrouble::Refused { .. }
            | ReadTrouble::NotJson { .. }
            | ReadTrouble::TooLarge { .. } => return NextRead::GiveUp,
            ReadTrouble::Throttled { retry_after, .. } => (Trouble::Throttled, *retry_after),
            ReadTrouble::Unreachable { .. } => (Trouble::Transient, None),
            ReadTrouble::Failing { retry_after, .. } => (Trouble::Transient, *retry_after),
        };
        match self.delay(kind, attempt, retry_after, now, rng) {
            None => NextRead::GiveUp,
            Some(_) if !kind.is_paid_for(funds) => NextRead::OutOfBudget,
            Some(after) => NextRead::Again { after },
        }
    }

    /// The delay until the next attempt; none if the attempts are used up or the service asks for a [`LONG_PAUSE`].
    ///
    /// Full jitter: a random time between zero and a bound that doubles with each attempt, so that workers that failed together do not
    /// retry together. The pause that the service asks for is the minimum.
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

#[cfg(test)]
mod tests;
