//! A worker's side of the rate that all workers share.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, sleep_until},
};

use super::bucket::LATE;
use crate::pace::{Pace, PaceWait, SharedPace};

/// The share of the burst that a worker reserves at a time: during a pause, as many requests may leave that were reserved before it.
const SHARE_OF_BURST: u32 = 4;

/// The time between two attempts to reach an engine that does not answer.
const AGAIN: Duration = Duration::from_millis(200);

/// How often a pause is told to an engine that does not answer. The service tells the other workers, too.
const TELLINGS: u32 = 25;

/// Reserves requests, or tells a pause; returns the waiting times.
pub(super) type Reserve =
    Box<dyn Fn(u32, Duration) -> BoxFuture<'static, Option<Vec<Duration>>> + Send + Sync>;

/// What all runs of a worker have in common.
#[derive(Debug, Default)]
pub(super) struct WorkerPace {
    /// One request at a time waits for a slot. So, however many wait, the worker has reserved one share of the burst at most when the
    /// service asks for a pause.
    turn: tokio::sync::Mutex<()>,
    rests_until: Mutex<Option<Instant>>,
}

/// Takes the slots of a run from the bucket at the engine.
#[derive(Clone)]
pub(super) struct ReservedPace(Arc<ReservedSlots>);

struct ReservedSlots {
    worker: Arc<WorkerPace>,
    reserve: Reserve,
    batch: u32,
    runtime: Handle,
    state: Mutex<SlotState>,
}

#[derive(Debug, Default)]
struct SlotState {
    /// Slots that were reserved, and that no request has taken yet.
    free: VecDeque<Instant>,
    /// The slots of requests that are being prepared.
    taken: VecDeque<Instant>,
}

impl WorkerPace {
    fn rests(&self) -> bool {
        let until = *self.rests_until();
        until.is_some_and(|until| until > Instant::now())
    }

    fn rests_until(&self) -> MutexGuard<'_, Option<Instant>> {
        // Nothing panics while it is held.
        let locked = self.rests_until.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReservedPace {
    /// For a run of this pace.
    pub(super) fn new(pace: &Pace, reserve: Reserve, worker: Arc<WorkerPace>) -> Self {
        Self(Arc::new(ReservedSlots {
            worker,
            reserve,
            batch: (pace.burst.get() / SHARE_OF_BURST).max(1),
            runtime: Handle::current(),
            state: Mutex::default(),
        }))
    }
}

impl ReservedSlots {
    /// Waits for a slot whose moment has come.
    async fn slot(&self) -> Instant {
        let _turn = self.worker.turn.lock().await;
        loop {
            let slot = self.next_slot().await;
            sleep_until(slot).await;
            if Instant::now() <= slot + LATE && !self.worker.rests() {
                return slot;
            }
        }
    }

    async fn next_slot(&self) -> Instant {
        loop {
            let free = self.state().free.pop_front();
            match free {
                Some(slot) if slot + LATE >= Instant::now() => return slot,
                // Too late for it.
                Some(_) => {}
                None => match (self.reserve)(self.batch, Duration::ZERO).await {
                    Some(waits) => {
                        let now = Instant::now();
                        let slots = waits.into_iter().map(|wait| now + wait);
                        self.state().free.extend(slots);
                    }
                    None => sleep(AGAIN).await,
                },
            }
        }
    }

    /// Takes the slot of a request that is ready to leave, unless it came too late for it.
    fn leave(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        while state.taken.front().is_some_and(|slot| *slot + LATE < now) {
            state.taken.pop_front();
        }
        state.taken.pop_front().is_some()
    }

    fn state(&self) -> MutexGuard<'_, SlotState> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedPace for ReservedPace {
    fn permit(&self) -> PaceWait<'_> {
        Box::pin(async {
            let slot = self.0.slot().await;
            self.0.state().taken.push_back(slot);
        })
    }

    fn depart(&self) -> PaceWait<'_> {
        Box::pin(async {
            if !self.0.leave() {
                self.0.slot().await;
            }
        })
    }

    fn rest(&self, pause: Duration) {
        let until = Instant::now() + pause;
        {
            let mut rests_until = self.0.worker.rests_until();
            *rests_until = (*rests_until).max(Some(until));
        }
        let slots = Arc::clone(&self.0);
        self.0.runtime.spawn(async move {
            for _ in 0..TELLINGS {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() || (slots.reserve)(0, left).await.is_some() {
                    return;
                }
                sleep(AGAIN).await;
            }
        });
    }
}

impl fmt::Debug for ReservedPace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReservedPace")
            .field("batch", &self.0.batch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::engine::bucket::{Reservation, SharedBucket};

    /// A worker's pace on a bucket, by tokio's clock.
    fn worker(pace: &Pace, bucket: &Arc<Mutex<SharedBucket>>, start: Instant) -> ReservedPace {
        let (bucket, of) = (Arc::clone(bucket), pace.clone());
        let reserve: Reserve = Box::new(move |requests, rest| {
            let now = u64::try_from(start.elapsed().as_micros()).unwrap() + 1_000_000;
            let wanted = Reservation::at(&of, requests, rest);
            let waits = bucket.lock().unwrap().reserve(now, wanted);
            let waits = waits.into_iter().map(Duration::from_micros).collect();
            async { Some(waits) }.boxed()
        });
        ReservedPace::new(pace, reserve, Arc::default())
    }

    fn pace() -> Pace {
        Pace {
            rate: "8/s".parse().unwrap(),
            burst: 4.try_into().unwrap(),
            ..Pace::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn several_workers_keep_one_rate_and_use_it_up() {
        let (bucket, start) = (Arc::default(), Instant::now());
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let worker = worker(&pace(), &bucket, start);
            workers.spawn(async move {
                let mut left = Vec::new();
                while start.elapsed() < Duration::from_secs(60) {
                    worker.permit().await;
                    // Its intent is recorded.
                    sleep(Duration::from_millis(30)).await;
                    worker.depart().await;
                    left.push(start.elapsed().as_secs_f64());
                }
                left
            });
        }
        let mut left: Vec<f64> = workers.join_all().await.into_iter().flatten().collect();
        left.sort_by(f64::total_cmp);
        for from in 0..left.len() {
            for to in from..left.len() {
                let most = 8.0 * (left[to] - left[from]) + 4.0 + 1e-3;
                #[expect(clippy::cast_precision_loss, reason = "they are few")]
                let requests = (to - from + 1) as f64;
                assert!(requests <= most, "{requests} > {most}");
            }
        }
        assert!(left.len() > 470, "{}", left.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_whose_preparation_took_long_takes_another_slot() {
        let worker = worker(&pace(), &Arc::default(), Instant::now());
        for _ in 0..4 {
            worker.permit().await;
        }
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        for _ in 0..8 {
            worker.depart().await;
        }
        // A second has filled the bucket again, for three or four at once.
        assert!(start.elapsed() > Duration::from_millis(450), "{start:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_one_worker_is_asked_for_is_kept_by_all() {
        let (bucket, start) = (Arc::default(), Instant::now());
        let (one, other) = (
            worker(&pace(), &bucket, start),
            worker(&pace(), &bucket, start),
        );
        one.permit().await;
        one.rest(Duration::from_secs(4));
        tokio::task::yield_now().await;
        for worker in [&one, &other] {
            worker.permit().await;
            assert!(start.elapsed() >= Duration::from_secs(4));
        }
    }
}
