//! `Retry-After`: no header makes a run wait longer than it says it does.

use std::time::Duration;

use jiff::Timestamp;

use super::text;
use crate::{
    api::{RetryAfter, Verdict},
    retry::{Funds, LONG_PAUSE, Next, Policy, Repeat},
};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The first line is the answer's `Date`, each other line a header.
pub fn retry_after(data: &[u8]) {
    let text = text(data);
    let mut lines = text.split('\n');
    let answered = lines.next();
    let headers: Vec<&str> = lines.collect();
    let parsed = RetryAfter::parse(headers.iter().copied(), answered);
    let today: Timestamp = "2026-12-01T08:00:00Z".parse().expect("a moment");
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, today, Timestamp::MAX] {
        let wait = parsed.map(|after| after.wait(now));
        assert!(wait.is_none_or(|wait| wait <= WEEK), "{parsed:?}");
        // Each header alone asks for no longer wait, where no clock has to decide between a date and seconds.
        for header in &headers {
            let one = RetryAfter::parse([*header].into_iter(), answered);
            if let (Some(RetryAfter::Seconds(one)), Some(RetryAfter::Seconds(all))) = (one, parsed)
            {
                assert!(one <= all, "{header:?} in {headers:?}");
            }
            assert!(one.is_none() || parsed.is_some(), "{header:?}");
        }
        for verdict in [
            Verdict::Throttled {
                message: String::new(),
                retry_after: parsed,
            },
            Verdict::Unknown {
                reason: String::new(),
                retry_after: parsed,
            },
        ] {
            let mut rng = fastrand::Rng::with_seed(7);
            let policy = Policy::default();
            match policy.after_write(&verdict, Repeat::Safe, 1, Funds::Left, now, &mut rng) {
                Next::Again { after } => {
                    assert!(after <= LONG_PAUSE.max(policy.cap), "{after:?}");
                    assert!(
                        wait.is_none_or(|wait| after >= wait),
                        "too early: {after:?}"
                    );
                }
                Next::ReadBack | Next::GiveUp => assert!(wait > Some(LONG_PAUSE), "{wait:?}"),
                Next::Done => panic!("{verdict:?} is not the end"),
            }
        }
    }
}
