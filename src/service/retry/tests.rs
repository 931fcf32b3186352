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
