//! On tokio's paused clock, which moves only when everybody waits: what is measured is exact.
//!
//! One file because its tests share one log of permits and the bounds that it must keep.

use std::sync::{Arc, Mutex};

use tokio::{task::JoinSet, time};

use super::*;

/// What the log of a test keeps, in the order in which it happened; times in seconds.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Permit { at: f64 },
    Pause { deadline: f64 },
}

#[derive(Clone)]
struct Log {
    start: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Log {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            entries: Arc::default(),
        }
    }

    fn seconds(&self, moment: Instant) -> f64 {
        (moment - self.start).as_secs_f64()
    }

    fn permit(&self) {
        let at = self.seconds(Instant::now());
        self.entries.lock().unwrap().push(Entry::Permit { at });
    }

    fn pause(&self, deadline: Instant) {
        let deadline = self.seconds(deadline);
        self.entries.lock().unwrap().push(Entry::Pause { deadline });
    }

    fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    fn permits(&self) -> Vec<f64> {
        let entries = self.entries();
        entries
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Permit { at } => Some(at),
                Entry::Pause { .. } => None,
            })
            .collect()
    }
}

const RATES: [f64; 9] = [0.5, 1.0, 7.0, 8.0, 50.0, 333.3, 1_000.0, 7_777.0, 20_000.0];
const BURSTS: [u32; 5] = [1, 2, 4, 33, 100];
const WORKERS: [u32; 3] = [1, 4, 256];

fn pacer(rate: f64, burst: u32) -> Arc<Pacer> {
    Arc::new(Pacer::per_second(rate, burst))
}

/// Runs `workers` that take `permits` in all, one after another each.
async fn work(pacer: &Arc<Pacer>, log: &Log, workers: u32, permits: u32) {
    let left = Arc::new(Mutex::new(permits));
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let (pacer, log, left) = (Arc::clone(pacer), log.clone(), Arc::clone(&left));
        tasks.spawn(async move {
            loop {
                {
                    let mut left = left.lock().unwrap();
                    if *left == 0 {
                        return;
                    }
                    *left -= 1;
                }
                pacer.permit(Lane::New).await;
                log.permit();
            }
        });
    }
    tasks.join_all().await;
}

/// Checks N ≤ rate · t + burst for every window, those that begin with the clock included.
///
/// A window is fullest when it begins and ends with a permit: with permits at t₀ ≤ t₁ ≤ …, the one
/// from i to j holds j − i + 1. So (j + 1 − rate · tⱼ) may exceed no (i − rate · tᵢ) by more than burst.
fn assert_never_faster(permits: &[f64], rate: f64, burst: u32, what: &str) {
    // The clock is exact to the nanosecond; this is for the rounding of floats only.
    let epsilon = 1e-6;
    let mut lowest = 0.0_f64;
    for (count, &at) in (0_u32..).zip(permits) {
        lowest = lowest.min(f64::from(count) - rate * at);
        let excess = f64::from(count + 1) - rate * at - lowest - f64::from(burst);
        assert!(
            excess <= epsilon,
            "{what}: permit {count} at {at} s is {excess} too many"
        );
    }
}

/// The rate that timers of whole milliseconds can reach at least.
fn reachable(rate: f64, burst: u32) -> f64 {
    let period_ms = 1_000.0 / rate;
    if period_ms.fract() == 0.0 || f64::from(burst - 1) * period_ms >= 1.0 {
        rate
    } else if burst == 1 {
        1_000.0 / period_ms.ceil()
    } else {
        rate.min(f64::from(burst - 1) * 1_000.0)
    }
}

#[tokio::test(start_paused = true)]
async fn busy_workers_get_the_rate_and_never_more() {
    for rate in RATES {
        for burst in BURSTS {
            for workers in WORKERS {
                let what = format!("{rate}/s, burst {burst}, {workers} workers");
                let (pacer, log) = (pacer(rate, burst), Log::new());
                // A second of work at least: the last timer's millisecond is then below 1 %.
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "small"
                )]
                let beyond = rate.max(200.0) as u32;
                work(&pacer, &log, workers, burst + beyond).await;

                let permits = log.permits();
                assert_never_faster(&permits, rate, burst, &what);
                let achieved = f64::from(beyond) / permits.last().unwrap();
                let possible = reachable(rate, burst);
                assert!(
                    achieved >= 0.99 * possible,
                    "{what}: {achieved}/s of {possible}/s"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_pauses_at_any_moment_no_window_holds_more_than_the_rate_and_none_opens_early() {
    for (seed, rate) in (0..).zip(RATES) {
        for burst in BURSTS {
            for workers in WORKERS {
                let what = format!("{rate}/s, burst {burst}, {workers} workers, seed {seed}");
                let (pacer, log) = (pacer(rate, burst), Log::new());
                let throttle = tokio::spawn({
                    let (pacer, log) = (Arc::clone(&pacer), log.clone());
                    let mut rng = fastrand::Rng::with_seed(seed);
                    async move {
                        loop {
                            // Some within a burst, some long after; some overlap, some are very
                            // short. Pauses as dense as the timers' ticks would leave no time.
                            let between = 0.02 + rng.f64() * 40.0 / rate;
                            time::sleep(Duration::from_secs_f64(between)).await;
                            let length = Duration::from_secs_f64(rng.f64() * 60.0 / rate);
                            let deadline = Instant::now() + length;
                            pacer.pause_until(deadline);
                            log.pause(deadline);
                        }
                    }
                });
                work(&pacer, &log, workers, burst + 300).await;
                throttle.abort();

                assert_never_faster(&log.permits(), rate, burst, &what);
                let mut open_from = 0.0_f64;
                let mut since = None;
                for entry in log.entries() {
                    match entry {
                        Entry::Pause { deadline } => {
                            open_from = open_from.max(deadline);
                            since = Some(0.0);
                        }
                        Entry::Permit { at } => {
                            assert!(at >= open_from, "{what}: {at} is before {open_from}");
                            // Nothing may have piled up; one permit may have been half due.
                            if let Some(count) = &mut since {
                                *count += 1.0;
                                let most = 1.0 + rate * (at - open_from) + 1e-6;
                                assert!(*count <= most, "{what}: a burst after a pause");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_push_backs_at_any_moment_no_window_holds_more_than_the_rate() {
    for (seed, rate) in (0..).zip(RATES) {
        for burst in BURSTS {
            for workers in WORKERS {
                let what = format!("{rate}/s, burst {burst}, {workers} workers, seed {seed}");
                let (pacer, log) = (pacer(rate, burst), Log::new());
                let service = tokio::spawn({
                    let pacer = Arc::clone(&pacer);
                    let mut rng = fastrand::Rng::with_seed(seed);
                    async move {
                        // A few, so that the rate gets somewhere in between and after.
                        for _ in 0..6 {
                            let between = Duration::from_secs_f64(rng.f64() * 100.0 / rate);
                            time::sleep(between).await;
                            pacer.pushed_back(Instant::now());
                            if rng.bool() {
                                let rest = Duration::from_secs_f64(rng.f64() * 20.0 / rate);
                                pacer.pause_until(Instant::now() + rest);
                            }
                        }
                    }
                });
                work(&pacer, &log, workers, burst + 300).await;
                service.abort();
                assert_never_faster(&log.permits(), rate, burst, &what);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_push_back_permits_come_at_half_the_rate_and_without_a_burst() {
    let (pacer, log) = (pacer(10.0, 4), Log::new());
    work(&pacer, &log, 1, 4).await;
    // Rested, the bucket is full again.
    time::sleep(Duration::from_secs(1)).await;
    pacer.pushed_back(Instant::now());
    work(&pacer, &log, 1, 2).await;
    let permits = log.permits();
    assert_eq!(permits[4..5], [1.2]);
    // It climbs already: a twentieth of a doubling in a fifth of a second.
    assert!((1.39..1.4).contains(&permits[5]), "{permits:?}");
}

#[tokio::test(start_paused = true)]
async fn permits_go_in_the_order_of_asking() {
    for workers in WORKERS {
        let pacer = pacer(1_000.0, 3);
        let (asked, got) = (Arc::default(), Arc::default());
        let mut tasks = JoinSet::new();
        for worker in 0..workers {
            let pacer = Arc::clone(&pacer);
            let asked: Arc<Mutex<Vec<_>>> = Arc::clone(&asked);
            let got: Arc<Mutex<Vec<_>>> = Arc::clone(&got);
            tasks.spawn(async move {
                let mut rng = fastrand::Rng::with_seed(worker.into());
                for round in 0..10 {
                    time::sleep(Duration::from_millis(rng.u64(..50))).await;
                    asked.lock().unwrap().push((worker, round));
                    pacer.permit(Lane::New).await;
                    got.lock().unwrap().push((worker, round));
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(*asked.lock().unwrap(), *got.lock().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_waiters_lose_no_permit_and_hold_nobody_up() {
    let pacer = pacer(1.0, 1);
    let start = Instant::now();
    pacer.permit(Lane::New).await;
    let waiter = || {
        let pacer = Arc::clone(&pacer);
        tokio::spawn(async move { pacer.permit(Lane::New).await })
    };
    // One waits for its time, one for its turn, one stays.
    let (first, second, third) = (waiter(), waiter(), waiter());
    time::sleep(Duration::from_millis(500)).await;
    first.abort();
    second.abort();
    third.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    pacer.permit(Lane::New).await;
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn of_two_pauses_the_later_end_holds_and_its_growth_is_told() {
    let pacer = pacer(1_000.0, 10);
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(pacer.pause_until(after(5)), Duration::from_secs(5));
    assert_eq!(pacer.pause_until(after(3)), Duration::ZERO);
    assert_eq!(pacer.pause_until(after(7)), Duration::from_secs(2));
    pacer.permit(Lane::New).await;
    assert_eq!(start.elapsed(), Duration::from_millis(7_001));
    assert_eq!(pacer.pause_until(start), Duration::ZERO);
    pacer.permit(Lane::New).await;
    assert_eq!(start.elapsed(), Duration::from_millis(7_002));
}

/// Takes a permit, prepares for as long as that takes, and departs.
async fn send(pacer: &Pacer, log: &Log, prepares: impl Future<Output = ()>) {
    pacer.permit(Lane::Begun).await;
    prepares.await;
    pacer.depart().await;
    log.permit();
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_stalls_lets_nobody_leave_faster_than_the_rate() {
    for (rate, burst, workers) in [(20.0, 4, 60), (20.0, 1, 60), (333.3, 33, 500), (0.5, 2, 9)] {
        let what = format!("{rate}/s, burst {burst}, {workers} workers");
        let (pacer, log) = (pacer(rate, burst), Log::new());
        // Each sync ends at a multiple of this, together with all others that have begun.
        let stall = Duration::from_secs_f64(50.0 / rate);
        let mut tasks = JoinSet::new();
        for _ in 0..workers {
            let (pacer, log) = (Arc::clone(&pacer), log.clone());
            tasks.spawn(async move {
                for _ in 0..5 {
                    let syncs = async {
                        let elapsed = log.start.elapsed().as_secs_f64();
                        let stalls = (elapsed / stall.as_secs_f64()).floor() + 1.0;
                        time::sleep_until(log.start + stall.mul_f64(stalls)).await;
                    };
                    send(&pacer, &log, syncs).await;
                }
            });
        }
        tasks.join_all().await;
        assert_never_faster(&log.permits(), rate, burst, &what);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_stall_requests_are_soon_as_near_to_their_permits_as_before() {
    let (rate, workers) = (20.0, 60);
    let (pacer, log) = (pacer(rate, 4), Log::new());
    let waits = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let (pacer, log, waits) = (Arc::clone(&pacer), log.clone(), Arc::clone(&waits));
        tasks.spawn(async move {
            for _ in 0..10 {
                pacer.permit(Lane::New).await;
                if log.start.elapsed() < Duration::from_millis(2_500) {
                    time::sleep_until(log.start + Duration::from_millis(2_500)).await;
                }
                let prepared = Instant::now();
                pacer.depart().await;
                log.permit();
                let late = Instant::now() - log.start > Duration::from_secs(6);
                waits
                    .lock()
                    .unwrap()
                    .extend(late.then(|| prepared.elapsed()));
            }
        });
    }
    tasks.join_all().await;
    let waits = waits.lock().unwrap();
    assert!(
        waits.len() > 400 && waits.iter().all(|wait| *wait <= OUT_OF_DATE * 2),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn prepared_quickly_a_request_departs_with_its_permit() {
    for rate in RATES {
        for burst in BURSTS {
            let what = format!("{rate}/s, burst {burst}");
            let (pacer, log) = (pacer(rate, burst), Log::new());
            let mut tasks = JoinSet::new();
            let beyond = 400_u32;
            for _ in 0..20 {
                let (pacer, log) = (Arc::clone(&pacer), log.clone());
                tasks.spawn(async move {
                    for _ in 0..(burst + beyond).div_ceil(20) {
                        send(&pacer, &log, time::sleep(Duration::from_millis(2))).await;
                    }
                });
            }
            tasks.join_all().await;
            let permits = log.permits();
            assert_never_faster(&permits, rate, burst, &what);
            // Twenty that take two milliseconds each are no faster than this.
            let possible = reachable(rate, burst).min(20.0 / 0.003);
            let achieved = f64::from(beyond) / permits.last().unwrap();
            assert!(
                achieved >= 0.9 * possible,
                "{what}: {achieved}/s of {possible}/s"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_goes_before_what_is_new() {
    let pacer = pacer(10.0, 1);
    let order = Arc::new(Mutex::new(Vec::new()));
    pacer.permit(Lane::New).await;
    let mut tasks = JoinSet::new();
    for (lane, count) in [(Lane::New, 5), (Lane::Begun, 3)] {
        for _ in 0..count {
            let (pacer, order) = (Arc::clone(&pacer), Arc::clone(&order));
            tasks.spawn(async move {
                pacer.permit(lane).await;
                order.lock().unwrap().push(lane);
            });
        }
        tokio::task::yield_now().await;
    }
    tasks.join_all().await;
    assert_eq!(
        *order.lock().unwrap(),
        [
            Lane::New,
            Lane::Begun,
            Lane::Begun,
            Lane::Begun,
            Lane::New,
            Lane::New,
            Lane::New,
            Lane::New
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn those_whom_a_pause_stopped_on_the_way_leave_at_the_rate() {
    let (pacer, log) = (pacer(10.0, 100), Log::new());
    pacer.pause_until(log.start + Duration::from_secs(2));
    let mut tasks = JoinSet::new();
    for _ in 0..5 {
        let (pacer, log) = (Arc::clone(&pacer), log.clone());
        tasks.spawn(async move {
            pacer.depart().await;
            log.permit();
        });
    }
    tasks.join_all().await;
    assert_eq!(log.permits(), [2.1, 2.2, 2.3, 2.4, 2.5]);
}

#[test]
fn what_the_burst_is_worth_beyond_the_request_that_is_due_may_be_late() {
    for (rate, burst, waiting) in [
        (8.0, 1, Waiting::Exact),
        (8.0, 2, Waiting::Timer),
        (1_000.0, 2, Waiting::Exact),
        (1_000.0, 3, Waiting::Timer),
        (3_000.0, 6, Waiting::Exact),
        (3_000.0, 7, Waiting::Timer),
    ] {
        let pacer = Pacer::new(Rate(rate), NonZeroU32::new(burst).unwrap());
        assert_eq!(pacer.waiting, waiting, "{rate}/s, burst {burst}");
    }
}
