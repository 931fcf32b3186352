//! Any rate, any disk: no more requests leave than were asked for.

use std::time::Duration;

use proptest::prelude::*;

use super::properties::config;
use crate::{
    plan::Change,
    testing::{
        changes::{reassign, request_of},
        lockstep::{Lockstep, in_lockstep},
        simulated_service::Fault,
        test_run::TestRun,
    },
};

/// Tokio's timers tick in milliseconds: a request may leave one later than its turn, and the next one in time.
const TICK: Duration = Duration::from_millis(1);

#[derive(Clone, Debug)]
struct Hurry {
    executions: usize,
    /// Requests a second, and the burst.
    pace: (u32, u32),
    concurrency: usize,
    recheck: bool,
    /// Which syncs take how many milliseconds.
    stalls: Vec<(u32, u64)>,
    /// Which writes are answered with a rest of so many seconds.
    rests: Vec<(usize, u64)>,
}

fn any_hurry() -> impl Strategy<Value = Hurry> {
    (
        1..40_usize,
        (1..60_u32, 1..12_u32),
        1..40_usize,
        any::<bool>(),
        prop::collection::vec((1..12_u32, 1..6_000_u64), 0..4),
        prop::collection::vec((any::<usize>(), 1..8_u64), 0..3),
    )
        .prop_map(
            |(executions, pace, concurrency, recheck, stalls, rests)| Hurry {
                executions,
                pace,
                concurrency,
                recheck,
                stalls,
                rests,
            },
        )
}

/// When each request left, since the first one.
async fn sent(hurry: &Hurry, lockstep: Lockstep) -> Vec<Duration> {
    let changes: Vec<Change> = (0..hurry.executions)
        .map(|number| reassign(&format!("e{number:02}"), "t0"))
        .collect();
    let mut test_run = TestRun::new(&changes);
    test_run.lockstep = Some(lockstep);
    test_run.pace = (f64::from(hurry.pace.0), hurry.pace.1);
    test_run.settings.concurrency = hurry.concurrency;
    test_run.settings.recheck = hurry.recheck;
    let stalls = hurry.stalls.iter();
    test_run.stalls = stalls
        .map(|(nth, takes)| (*nth, Duration::from_millis(*takes)))
        .collect();
    for (place, seconds) in &hurry.rests {
        let request = request_of(&changes[place % changes.len()]);
        test_run
            .service
            .fault(&request, Fault::Throttled(Some(*seconds)));
    }
    let end = test_run.run().await.unwrap();
    assert!(end.finished, "{end:?}");
    let world = test_run.service.world();
    let first = world.log[0].at;
    world.log.iter().map(|sent| sent.at - first).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_window_holds_more_requests_than_the_rate_and_the_burst_whatever_the_disk_does(
        hurry in any_hurry(),
    ) {
        let sent = in_lockstep(async |lockstep| sent(&hurry, lockstep).await);
        let (rate, burst) = hurry.pace;
        for (place, from) in sent.iter().enumerate() {
            for (requests, until) in (1_u32..).zip(&sent[place..]) {
                let window = (until.saturating_sub(*from) + 2 * TICK).as_secs_f64();
                let may = f64::from(rate) * window + f64::from(burst);
                prop_assert!(
                    f64::from(requests) <= may + 1e-6,
                    "{} requests within {:?}, {} were allowed: {:?}",
                    requests, until.saturating_sub(*from), may, sent
                );
            }
        }
    }
}
