//! A rate limit that several processes share.

use std::{fmt, pin::Pin, time::Duration};

/// Waits for a permit or a departure.
pub type PaceWait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The limit of all processes together. A [`Pacer`](super::Pacer) that shares one keeps both limits: its own, which also gives way when the
/// service throttles, and this one.
pub trait SharedPace: fmt::Debug + Send + Sync {
    /// Waits for the permit to prepare one request.
    fn permit(&self) -> PaceWait<'_>;

    /// Waits until a request that has its permit may leave. At once, unless its preparation took long.
    fn depart(&self) -> PaceWait<'_>;

    /// The service has asked for a pause that starts now: no process sends during it.
    fn rest(&self, pause: Duration);
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    };

    use tokio::{
        sync::Semaphore,
        time::{Instant, timeout},
    };

    use super::*;
    use crate::pace::{Lane, Pacer};

    /// Gives as many permits and departures as it is told.
    #[derive(Debug)]
    struct HeldPace {
        permits: Semaphore,
        departures: AtomicU32,
        rests: Mutex<Vec<Duration>>,
    }

    impl SharedPace for HeldPace {
        fn permit(&self) -> PaceWait<'_> {
            Box::pin(async { self.permits.acquire().await.unwrap().forget() })
        }

        fn depart(&self) -> PaceWait<'_> {
            Box::pin(async {
                self.departures.fetch_add(1, SeqCst);
            })
        }

        fn rest(&self, pause: Duration) {
            self.rests.lock().unwrap().push(pause);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limiter_that_shares_a_limit_keeps_both_and_passes_pauses_on() {
        let held = Arc::new(HeldPace {
            permits: Semaphore::new(1),
            departures: AtomicU32::new(0),
            rests: Mutex::default(),
        });
        let shared: Arc<dyn SharedPace> = held.clone();
        let pacer = Pacer::per_second(10.0, 5).sharing(shared);
        let day = Duration::from_hours(24);
        pacer.permit(Lane::Begun).await;
        pacer.depart().await;
        assert_eq!(held.departures.load(SeqCst), 1);
        // Its own burst has four more.
        let second = timeout(day, pacer.permit(Lane::New)).await;
        assert!(second.is_err(), "without a permit of the shared limit");
        held.permits.add_permits(1);
        pacer.permit(Lane::New).await;

        let rest = Duration::from_secs(4);
        pacer.pause_until(Instant::now() + rest);
        pacer.pause_until(Instant::now() + rest / 2);
        assert_eq!(*held.rests.lock().unwrap(), [rest], "only what is new");
    }
}
