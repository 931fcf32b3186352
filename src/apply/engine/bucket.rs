//! The rate limit of all workers, as numbers: pure. All times are in microseconds by the engine's clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pace::Pace;

/// How late a request may leave after its slot: long enough to record its intent. The bucket is smaller by what the rate gives in this time,
/// so that the late requests stay within the burst, too.
pub(super) const LATE: Duration = Duration::from_millis(100);

/// Slots of one answer at most: who asks for more may mean harm.
const MOST: u32 = 1_000;

/// The token bucket of a server and organisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SharedBucket {
    /// When the bucket is full again.
    full_at: u64,
    /// The end of the last pause that the service asked for.
    rested_at: u64,
}

/// What a worker asks of the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reservation {
    /// How many requests are to leave.
    pub(super) requests: u32,
    /// The time between two requests at the run's rate.
    pub(super) step: u64,
    /// How much earlier than at the rate a request may leave.
    pub(super) depth: u64,
    /// For how long from now the service wants no request.
    pub(super) rest: u64,
}

impl Reservation {
    /// For a run of this pace. Each reserves at its own rate: so that of a slow run is kept, too, also while others use the bucket.
    pub(super) fn at(pace: &Pace, requests: u32, rest: Duration) -> Self {
        let step = Duration::from_secs_f64(pace.rate.per_second().recip());
        let depth = (step * (pace.burst.get() - 1)).saturating_sub(LATE);
        Self {
            requests,
            // Rounded up: a shorter step would be a higher rate.
            step: micros(step) + 1,
            depth: micros(depth),
            rest: micros(rest),
        }
    }
}

impl SharedBucket {
    /// The moments at which the requests may leave, as waiting times from `now` on.
    pub(super) fn reserve(&mut self, now: u64, wanted: Reservation) -> Vec<u64> {
        if wanted.rest > 0 {
            self.rested_at = self.rested_at.max(now.saturating_add(wanted.rest));
        }
        // After a pause, the bucket is empty: the service should not get a burst then.
        let floor = match self.rested_at {
            0 => 0,
            rested_at => rested_at.saturating_add(wanted.depth),
        };
        (0..wanted.requests.min(MOST))
            .map(|_| {
                let due = self.full_at.max(now).max(floor);
                self.full_at = due.saturating_add(wanted.step);
                due.saturating_sub(wanted.depth).saturating_sub(now)
            })
            .collect()
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pace(rate: &str, burst: u32) -> Pace {
        Pace {
            rate: rate.parse().unwrap(),
            burst: burst.try_into().unwrap(),
            ..Pace::default()
        }
    }

    fn at(pace: &Pace, requests: u32) -> Reservation {
        Reservation::at(pace, requests, Duration::ZERO)
    }

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_the_rate() {
        let pace = pace("8/s", 4);
        let mut bucket = SharedBucket::default();
        // 3 steps of 125 ms, less what may be late.
        let waits = bucket.reserve(1_000_000, at(&pace, 5));
        let expected = [0, 0, 0, 100_003, 225_004];
        assert_eq!(waits, expected);
        let later = bucket.reserve(11_000_000, at(&pace, 2));
        assert_eq!(later, [0, 0]);
    }

    #[test]
    fn during_a_pause_nothing_leaves_and_after_it_no_burst() {
        let pace = pace("8/s", 4);
        let mut bucket = SharedBucket::default();
        let rest = Reservation::at(&pace, 0, Duration::from_secs(4));
        assert!(bucket.reserve(1_000_000, rest).is_empty());
        let waits = bucket.reserve(2_000_000, at(&pace, 3));
        assert_eq!(waits, [3_000_000, 3_125_001, 3_250_002]);
        // A shorter pause does not end a longer one.
        let rest = Reservation::at(&pace, 0, Duration::from_millis(1));
        bucket.reserve(2_000_000, rest);
        assert!(bucket.reserve(2_000_000, at(&pace, 1))[0] > 3_000_000);
    }

    #[test]
    fn no_number_breaks_the_bucket() {
        let most = Reservation {
            requests: u32::MAX,
            step: u64::MAX,
            depth: u64::MAX,
            rest: u64::MAX,
        };
        let mut bucket = SharedBucket::default();
        for now in [0, 1, u64::MAX] {
            assert_eq!(bucket.reserve(now, most).len(), 1_000);
        }
    }

    proptest! {
        /// Requests that leave up to [`LATE`] after their slots.
        #[test]
        fn in_every_window_at_most_the_rate_and_the_burst_leave(
            steps in proptest::collection::vec((0_u64..400_000, 1_u32..4, 0_u64..100_000), 1..80),
            burst in 1_u32..10,
        ) {
            let pace = pace("8/s", burst);
            let (mut bucket, mut now, mut left) = (SharedBucket::default(), 5_000_000, Vec::new());
            for (later, requests, late) in steps {
                now += later;
                let waits = bucket.reserve(now, at(&pace, requests));
                left.extend(waits.into_iter().map(|wait| now + wait + late));
            }
            left.sort_unstable();
            // Too small a burst can't make up for the lateness: then one request more.
            let slack = f64::from(u32::from(burst < 2));
            for (from, first) in left.iter().enumerate() {
                for (to, last) in left.iter().enumerate().skip(from) {
                    #[expect(clippy::cast_precision_loss, reason = "they are small")]
                    let (seconds, requests) =
                        ((last - first) as f64 / 1e6, (to - from + 1) as f64);
                    prop_assert!(requests <= 8.0 * seconds + f64::from(burst) + slack + 1e-3,
                        "{requests} in {seconds} s");
                }
            }
        }

        #[test]
        fn the_slowest_of_several_runs_keeps_its_own_rate(
            steps in proptest::collection::vec((0_u64..300_000, any::<bool>()), 1..80),
        ) {
            let (fast, slow) = (pace("8/s", 4), pace("2/s", 1));
            let (mut bucket, mut now, mut left) = (SharedBucket::default(), 5_000_000, Vec::new());
            for (later, is_slow) in steps {
                now += later;
                let wanted = at(if is_slow { &slow } else { &fast }, 1);
                let wait = bucket.reserve(now, wanted)[0];
                if is_slow {
                    left.push(now + wait);
                }
            }
            for pair in left.windows(2) {
                prop_assert!(pair[1] >= pair[0] + 500_000, "{pair:?}");
            }
        }
    }
}
