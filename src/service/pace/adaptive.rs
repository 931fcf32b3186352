//! The adaptive rate after the service has throttled: pure, with the time passed in.

use std::time::Duration;

use tokio::time::Instant;

use super::Rate;

/// The factor for the rate after a throttled request. Half, as in TCP: it takes a few steps to find the limit of a service that allows a
/// tenth of the rate, and costs little if the service allows nearly all of it.
const SLOW_DOWN: f64 = 0.5;

/// The rate never falls below one request a second (or the user's rate, if that is lower). A service that needs longer pauses sends a
/// `Retry-After`; and at a lower rate it would take minutes to notice that the service has recovered.
const FLOOR: f64 = 1.0;

/// How long the rate takes to double if nothing is throttled. A halved rate is back at the [`KNEE`] after a few of the shortest
/// `Retry-After` pauses, and it takes half a minute from the floor to 200/s.
const DOUBLING: Duration = Duration::from_secs(4);

/// The climb is fast up to this share of the rate at which the service throttled. The service throttles only when its reserve is used up,
/// so its real limit is a few percent below that rate.
const KNEE: f64 = 0.95;

/// Above the knee the rate grows by this share of the throttled rate, each second. So the next throttling is about a minute away, and its
/// pause of a second costs two percent; and since the excess is so small then, only one or two requests are throttled.
const PROBE: f64 = 0.001;

/// If the rate is this much above the one at which the service throttled, the service accepts more than before, and the remembered rate is
/// wrong. A smaller excess could be chance; it takes more than a minute to get there.
const FORGET: f64 = 1.02;

/// Each further request that is throttled together with the first delays the climb by this time. Many are throttled if the rate was far too
/// high; all of them are retried, some for the last time, and should not be throttled again.
const HOLD_EACH: Duration = Duration::from_millis(250);

/// The longest delay of the climb, however many requests were throttled: even a second retry, two seconds and a queue of workers later, is
/// done by then.
const HOLD_AT_MOST: Duration = Duration::from_secs(5);

/// A change below one percent is not applied yet: each applied change creates a new bucket, which loses the millisecond by which a timer
/// was late.
const STEP: f64 = 0.01;

/// The climb depends on the time in which requests are sent. A longer gap between two of them counts as this: a pause tells nothing about
/// the limit of the service. It is the gap at the [`FLOOR`].
const LONGEST_GAP: Duration = Duration::from_secs(1);

/// The rate now, between the floor and the user's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Adaptive {
    /// The user's rate, in requests a second; never exceeded.
    asked: f64,
    rate: f64,
    /// The rate that the limiter uses; the calculated rate grows in smaller steps.
    told: f64,
    /// The rate at which the service throttled, until it accepts more.
    threshold: Option<f64>,
    slowed_at: Option<Instant>,
    /// How long the climb is still delayed.
    hold: Duration,
    climbed_at: Option<Instant>,
}

impl Adaptive {
    pub(super) const fn new(asked: Rate) -> Self {
        Self {
            asked: asked.0,
            rate: asked.0,
            told: asked.0,
            threshold: None,
            slowed_at: None,
            hold: Duration::ZERO,
            climbed_at: None,
        }
    }

    /// The rate that the limiter uses.
    pub(super) const fn rate(&self) -> Rate {
        Rate(self.told)
    }

    /// Records that the service throttled a request that left at `sent`; returns the new rate if it changes.
    ///
    /// If several requests are in flight when the service throttles, all of them are throttled: a request that left before the last
    /// slow-down tells nothing about the rate since.
    pub(super) fn pushed_back(&mut self, sent: Instant, now: Instant) -> Option<Rate> {
        if self.slowed_at.is_some_and(|slowed_at| sent <= slowed_at) {
            self.hold = (self.hold + HOLD_EACH).min(HOLD_AT_MOST);
            return None;
        }
        self.slowed_at = Some(now);
        self.hold = Duration::ZERO;
        self.climbed_at = Some(now);
        self.threshold = Some(self.rate);
        self.rate = (self.rate * SLOW_DOWN).max(FLOOR.min(self.asked));
        self.tell()
    }

    /// Records that a permit was issued; returns the new rate if it changes.
    pub(super) fn permit_given(&mut self, now: Instant) -> Option<Rate> {
        if self.rate >= self.asked {
            return None;
        }
        let gap = self
            .climbed_at
            .replace(now)
            .map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let gap = gap.min(LONGEST_GAP);
        let held = gap.min(self.hold);
        self.hold -= held;
        self.climb(gap.saturating_sub(held).as_secs_f64());
        let worth_a_bucket = self.rate >= self.asked || self.rate >= self.told * (1.0 + STEP);
        worth_a_bucket.then(|| self.tell()).flatten()
    }

    /// Records the end of a pause, which does not count in the climb.
    pub(super) fn rested(&mut self, now: Instant) {
        self.climbed_at = Some(now);
    }

    fn climb(&mut self, seconds: f64) {
        let doubled = self.rate * (seconds / DOUBLING.as_secs_f64()).exp2();
        let rate = match self.threshold {
            None => doubled,
            Some(threshold) if self.rate < KNEE * threshold => doubled.min(KNEE * threshold),
            Some(threshold) => self.rate + PROBE * threshold * seconds,
        };
        self.rate = rate.min(self.asked);
        self.threshold = self
            .threshold
            .filter(|threshold| self.rate < FORGET * threshold && self.rate < self.asked);
    }

    /// Returns the rate if it differs from the one that the limiter uses.
    #[expect(clippy::float_cmp, reason = "whether it was touched at all is asked")]
    fn tell(&mut self) -> Option<Rate> {
        let new = self.rate != self.told;
        self.told = self.rate;
        new.then_some(Rate(self.rate))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(rate: Option<Rate>, expected: f64) -> bool {
        rate.is_some_and(|rate| (rate.0 - expected).abs() < 1e-6 * expected)
    }

    /// A rate that gives permits at its own speed, in virtual time.
    struct Busy {
        adaptive: Adaptive,
        now: Instant,
    }

    impl Busy {
        fn at(asked: f64) -> Self {
            Self {
                adaptive: Adaptive::new(Rate(asked)),
                now: Instant::now(),
            }
        }

        /// The service turns a request down that has just left.
        fn push_back(&mut self) -> Option<Rate> {
            self.now += Duration::from_millis(1);
            self.adaptive.pushed_back(self.now, self.now)
        }

        /// Gives permits until the rate is there; says how many seconds that took.
        fn until(&mut self, rate: f64) -> f64 {
            let start = self.now;
            while self.adaptive.rate < rate {
                self.now += Duration::from_secs_f64(1.0 / self.adaptive.rate);
                self.adaptive.permit_given(self.now);
                assert!(
                    self.now - start < Duration::from_secs(3_600),
                    "{:?}",
                    self.adaptive
                );
            }
            (self.now - start).as_secs_f64()
        }
    }

    #[test]
    fn without_a_push_back_nothing_is_told() {
        let mut busy = Busy::at(8.0);
        for _ in 0..1_000 {
            busy.now += Duration::from_millis(125);
            assert_eq!(busy.adaptive.permit_given(busy.now), None);
        }
    }

    #[test]
    fn a_push_back_halves_the_rate_down_to_the_floor_and_no_further() {
        for (asked, rates) in [
            (8.0, vec![4.0, 2.0, 1.0]),
            (5.0, vec![2.5, 1.25, 1.0]),
            (1.5, vec![1.0]),
            (1.0, vec![]),
            (0.2, vec![]),
        ] {
            let mut busy = Busy::at(asked);
            for rate in rates {
                assert!(close(busy.push_back(), rate), "{asked}: {rate}");
            }
            assert_eq!(busy.push_back(), None, "{asked}");
        }
    }

    #[test]
    fn what_left_before_the_last_slow_down_does_not_slow_down_again() {
        let (mut adaptive, start) = (Adaptive::new(Rate(100.0)), Instant::now());
        let ms = |ms| start + Duration::from_millis(ms);
        for (sent, answered, expected) in [
            (ms(10), ms(60), Some(50.0)),
            // These were under way, one was sent at the same moment.
            (ms(20), ms(70), None),
            (ms(59), ms(90), None),
            (ms(60), ms(91), None),
            (ms(61), ms(92), Some(25.0)),
            (ms(91), ms(93), None),
            (ms(93), ms(99), Some(12.5)),
        ] {
            let told = adaptive.pushed_back(sent, answered);
            let right = expected.map_or(told.is_none(), |rate| close(told, rate));
            assert!(right, "{sent:?}: {told:?}, not {expected:?}");
        }
    }

    #[test]
    fn the_more_were_turned_down_together_the_longer_the_climb_waits() {
        for (further, waits) in [(0, 0.0), (1, 0.25), (8, 2.0), (20, 5.0), (100, 5.0)] {
            let mut busy = Busy::at(1_000.0);
            let sent = busy.now;
            busy.push_back();
            for _ in 0..further {
                assert_eq!(busy.adaptive.pushed_back(sent, busy.now), None);
            }
            let seconds = busy.until(501.0);
            assert!(
                (waits..waits + 0.02).contains(&seconds),
                "{further}: {seconds}"
            );
        }
    }

    #[test]
    fn the_climb_is_quick_to_the_knee_slow_around_the_threshold_and_quick_beyond() {
        let mut busy = Busy::at(1_000.0);
        busy.push_back();
        busy.push_back();
        // The threshold is 500/s, the rate 250/s.
        for (rate, at_least, at_most) in [
            // Not quite one doubling.
            (475.0, 3.5, 4.0),
            // 2.5 % and 4.5 % at 0.1 % a second.
            (487.5, 24.0, 26.0),
            (510.0, 44.0, 46.0),
            // The threshold is forgotten: not quite another doubling.
            (1_000.0, 3.7, 4.1),
        ] {
            let seconds = busy.until(rate);
            assert!(
                (at_least..=at_most).contains(&seconds),
                "{rate}: {seconds} s"
            );
        }
        assert_eq!(busy.adaptive.threshold, None);
    }

    #[test]
    fn a_push_back_on_the_way_up_is_the_new_threshold() {
        let mut busy = Busy::at(200.0);
        busy.push_back();
        busy.until(120.0);
        let at = busy.adaptive.rate;
        assert!(close(busy.push_back(), at / 2.0));
        assert_eq!(busy.adaptive.threshold, Some(at));
    }

    #[test]
    fn a_rest_is_no_time_in_which_the_service_bore_anything() {
        let mut busy = Busy::at(100.0);
        busy.push_back();
        busy.now += Duration::from_secs(240);
        busy.adaptive.rested(busy.now);
        assert_eq!(busy.adaptive.permit_given(busy.now), None);
        // Nor is a gap without a pause, beyond one second of it.
        busy.now += Duration::from_secs(240);
        let told = busy.adaptive.permit_given(busy.now);
        assert!(close(told, 50.0 * 0.25_f64.exp2()), "{told:?}");
    }

    #[test]
    fn buckets_change_by_a_percent_at_least_or_to_the_rate_that_was_asked_for() {
        let mut busy = Busy::at(64.0);
        busy.push_back();
        let mut last = 32.0;
        while last < 64.0 {
            busy.now += Duration::from_millis(20);
            if let Some(Rate(rate)) = busy.adaptive.permit_given(busy.now) {
                assert!(
                    rate >= last * 1.01 || rate.to_bits() == 64.0_f64.to_bits(),
                    "{last} {rate}"
                );
                last = rate;
            }
        }
    }

    proptest! {
        #[test]
        fn the_rate_stays_between_the_floor_and_what_was_asked_for(
            asked in 0.001_f64..10_000.0,
            // What happens, and how many milliseconds later.
            steps in proptest::collection::vec((0_u8..3, 0_u64..3_000), 0..300),
        ) {
            let mut adaptive = Adaptive::new(Rate(asked));
            let mut now = Instant::now();
            for (what, later) in steps {
                let sent = now;
                now += Duration::from_millis(later);
                let told = match what {
                    0 => adaptive.pushed_back(sent, now),
                    1 => adaptive.permit_given(now),
                    _ => {
                        adaptive.rested(now);
                        None
                    }
                };
                let bounds = asked.min(1.0)..=asked;
                prop_assert!(bounds.contains(&adaptive.rate), "{adaptive:?}");
                prop_assert!(told.is_none_or(|rate| bounds.contains(&rate.0)), "{told:?}");
            }
        }

        #[test]
        fn from_any_depth_it_is_back_at_what_was_asked_for_in_two_minutes(
            asked in 1.0_f64..1_000.0,
            push_backs in 1_usize..20,
        ) {
            let mut busy = Busy::at(asked);
            for _ in 0..push_backs {
                busy.push_back();
            }
            let seconds = busy.until(asked);
            prop_assert!(seconds <= 120.0, "{seconds}");
        }
    }
}
