//! What may be retried, and when: pure, with the random source passed in.

mod budget;
mod repeat;

use std::{num::NonZeroU32, time::Duration};

use jiff::Timestamp;

use crate::api::{ReadTrouble, RetryAfter, Verdict};

pub use budget::{Budget, Funds};
pub use repeat::Repeat;

/// Five minutes. A longer pause ends the run: it saves its state, and a person or the next cron job resumes it.
pub const LONG_PAUSE: Duration = Duration::from_mins(5);

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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn rng() -> fastrand::Rng {
        fastrand::Rng::with_seed(1)
    }

    fn text() -> String {
        "x".to_owned()
    }

    fn unknown(retry_after: Option<RetryAfter>) -> Verdict {
        Verdict::Unknown {
            reason: text(),
            retry_after,
        }
    }

    /// What follows, without its delay, after one attempt and after the last one.
    fn words(mut next: impl FnMut(u32) -> Next) -> [&'static str; 2] {
        [1, 3].map(|attempt| match next(attempt) {
            Next::Done => "done",
            Next::Again { .. } => "again",
            Next::ReadBack => "read back",
            Next::GiveUp => "give up",
        })
    }

    #[test]
    fn every_verdict_of_a_write_has_what_follows_from_it() {
        let throttled = |retry_after| Verdict::Throttled {
            message: text(),
            retry_after,
        };
        let (soon, late) = (RetryAfter::Seconds(300), RetryAfter::Seconds(301));
        let refused = Verdict::Refused {
            status: 400,
            message: text(),
        };
        // After the first attempt and after the third, for what is safe and what is readable.
        for (verdict, safe, readable) in [
            (Verdict::Applied(None), ["done"; 2], ["done"; 2]),
            (refused, ["done"; 2], ["done"; 2]),
            (
                Verdict::Gone {
                    status: 404,
                    message: text(),
                },
                ["done"; 2],
                ["done"; 2],
            ),
            (
                Verdict::Unauthorized { message: text() },
                ["done"; 2],
                ["done"; 2],
            ),
            (
                Verdict::NotSent { reason: text() },
                ["again", "give up"],
                ["again", "give up"],
            ),
            (throttled(None), ["again", "give up"], ["again", "give up"]),
            (
                throttled(Some(soon)),
                ["again", "give up"],
                ["again", "give up"],
            ),
            (throttled(Some(late)), ["give up"; 2], ["give up"; 2]),
            (unknown(None), ["again", "read back"], ["read back"; 2]),
            (
                unknown(Some(soon)),
                ["again", "read back"],
                ["read back"; 2],
            ),
            (unknown(Some(late)), ["read back"; 2], ["read back"; 2]),
        ] {
            let policy = Policy::default();
            for (repeat, expected) in [(Repeat::Safe, safe), (Repeat::Readable, readable)] {
                let words = words(|attempt| {
                    policy.after_write(&verdict, repeat, attempt, Funds::Left, NOW, &mut rng())
                });
                assert_eq!(words, expected, "{verdict:?} {repeat:?}");
            }
        }
    }

    #[test]
    fn without_funds_only_what_is_throttled_is_sent_again_and_doubts_are_read_back() {
        let policy = Policy::default();
        for (verdict, repeat, expected) in [
            (Verdict::Applied(None), Repeat::Safe, "done"),
            (Verdict::NotSent { reason: text() }, Repeat::Safe, "give up"),
            (Verdict::NotSent { reason: text() }, Repeat::Once, "give up"),
            (unknown(None), Repeat::Safe, "read back"),
            (unknown(None), Repeat::Readable, "read back"),
            (
                Verdict::Throttled {
                    message: text(),
                    retry_after: None,
                },
                Repeat::Safe,
                "again",
            ),
        ] {
            let words = words(|attempt| {
                let funds = Funds::UsedUp;
                policy.after_write(&verdict, repeat, attempt, funds, NOW, &mut rng())
            });
            assert_eq!(words[0], expected, "{verdict:?} {repeat:?}");
        }
    }

    #[test]
    fn only_trouble_that_may_pass_is_read_again() {
        let message = text;
        let reason = text;
        for (trouble, again) in [
            (ReadTrouble::Unauthorized { message: message() }, None),
            (
                ReadTrouble::Refused {
                    status: 400,
                    message: message(),
                },
                None,
            ),
            (
                ReadTrouble::NotJson {
                    content_type: None,
                    excerpt: text(),
                },
                None,
            ),
            (ReadTrouble::TooLarge { limit: 1 }, None),
            (
                ReadTrouble::Throttled {
                    message: text(),
                    retry_after: None,
                },
                Some(Trouble::Throttled),
            ),
            (
                ReadTrouble::Unreachable { reason: reason() },
                Some(Trouble::Transient),
            ),
            (
                ReadTrouble::Failing {
                    reason: reason(),
                    retry_after: None,
                },
                Some(Trouble::Transient),
            ),
        ] {
            assert_eq!(Trouble::of_read(&trouble), again);
            let after = |attempt, funds| match Policy::default().after_read(
                &trouble,
                attempt,
                funds,
                NOW,
                &mut rng(),
            ) {
                NextRead::Again { .. } => "again",
                NextRead::GiveUp => "give up",
                NextRead::OutOfBudget => "out of budget",
            };
            let expected = match again {
                None => ["give up"; 4],
                Some(Trouble::Transient) => ["again", "again", "give up", "out of budget"],
                Some(Trouble::Throttled) => ["again", "again", "give up", "again"],
            };
            let left = [1, 2, 3].map(|attempt| after(attempt, Funds::Left));
            assert_eq!(left, expected[..3], "{trouble:?}");
            assert_eq!(after(1, Funds::UsedUp), expected[3], "{trouble:?}");
            assert_eq!(after(3, Funds::UsedUp), "give up", "{trouble:?}");
        }
    }

    #[test]
    fn a_seed_replays_the_delays() {
        let delays = || {
            let mut rng = rng();
            [1, 2].map(|attempt| {
                let (policy, funds) = (Policy::default(), Funds::Left);
                policy.after_write(&unknown(None), Repeat::Safe, attempt, funds, NOW, &mut rng)
            })
        };
        assert_eq!(delays(), delays());
    }

    #[test]
    fn jitter_is_full_and_its_bound_doubles_up_to_the_cap() {
        let policy = Policy {
            attempts: NonZeroU32::MAX,
            transient: Duration::from_millis(100),
            cap: Duration::from_millis(700),
            ..Policy::default()
        };
        for (attempt, bound_ms) in [(1, 100), (2, 200), (3, 400), (4, 700), (40, 700)] {
            let bound = Duration::from_millis(bound_ms);
            let mut rng = rng();
            let delays: Vec<_> = (0..1_000)
                .filter_map(|_| policy.delay(Trouble::Transient, attempt, None, NOW, &mut rng))
                .collect();
            assert_eq!(delays.len(), 1_000);
            assert!(delays.iter().all(|&delay| delay < bound), "{attempt}");
            assert!(delays.iter().any(|&delay| delay < bound / 20), "{attempt}");
            assert!(delays.iter().any(|&delay| delay > bound * 19 / 20));
        }
    }

    proptest! {
        #[test]
        fn a_delay_is_never_below_what_the_service_asks_for(
            seed in any::<u64>(),
            seconds in 0_u64..400,
            attempt in 1_u32..5,
            as_date in any::<bool>(),
            throttled in any::<bool>(),
        ) {
            let retry_after = if as_date {
                RetryAfter::At(NOW + Duration::from_secs(seconds))
            } else {
                RetryAfter::Seconds(seconds)
            };
            let trouble = if throttled { Trouble::Throttled } else { Trouble::Transient };
            let policy = Policy::default();
            let mut rng = fastrand::Rng::with_seed(seed);
            match policy.delay(trouble, attempt, Some(retry_after), NOW, &mut rng) {
                Some(delay) => {
                    prop_assert!(attempt < 3 && seconds <= 300);
                    let floor = Duration::from_secs(seconds);
                    prop_assert!(delay >= floor && delay <= floor.max(policy.cap));
                }
                None => prop_assert!(attempt >= 3 || seconds > 300),
            }
        }

        #[test]
        fn without_a_word_of_the_service_throttling_rests_a_second_at_least(
            seed in any::<u64>(),
            attempt in 1_u32..3,
        ) {
            let mut rng = fastrand::Rng::with_seed(seed);
            let delay = Policy::default()
                .delay(Trouble::Throttled, attempt, None, NOW, &mut rng);
            prop_assert!(delay.is_some_and(|delay| delay >= Duration::from_secs(1)));
        }
    }
}
