//! Against a service that bears less than is asked of it, on tokio's paused clock: how much of what
//! it bears is used, and how often it has to say no.

use std::{
    ops::{Range, RangeInclusive},
    sync::Arc,
};

use tokio::task::JoinSet;

use super::*;
use crate::{
    api::{Id, RetryAfter},
    testing::played_transport::{PlayedAnswer, PlayedTransport, client_parts, reply},
};

/// How long a client may take to find the rate that the service bears.
const SETTLING: Duration = Duration::from_secs(30);

/// What a service bears, and how long its answers take.
#[derive(Clone, Copy, Debug)]
struct Pressure {
    /// Requests a second, and how many at once after a rest.
    capacity: f64,
    burst: f64,
    /// The user's rate.
    asked: f64,
    workers: u64,
    latency_ms: (u64, u64),
    seed: u64,
}

/// What became of one request; moments from the beginning.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    sent: Duration,
    answered: Duration,
    status: u16,
    retry_after: u64,
}

/// A service that guards itself with a token bucket.
#[derive(Debug)]
struct Guarded {
    start: Instant,
    latency_ms: RangeInclusive<u64>,
    state: Mutex<Bucket>,
    /// Answers 503 while it lasts.
    outage: Range<Duration>,
    /// From then on it bears everything.
    freed: Duration,
}

#[derive(Debug)]
struct Bucket {
    rng: fastrand::Rng,
    capacity: f64,
    burst: f64,
    tokens: f64,
    filled: Duration,
    exchanges: Vec<Exchange>,
}

impl Guarded {
    fn new(pressure: Pressure, outage: Range<Duration>, freed: Duration) -> Self {
        Self {
            start: Instant::now(),
            latency_ms: pressure.latency_ms.0..=pressure.latency_ms.1,
            state: Mutex::new(Bucket {
                rng: fastrand::Rng::with_seed(pressure.seed),
                capacity: pressure.capacity,
                burst: pressure.burst,
                tokens: pressure.burst,
                filled: Duration::ZERO,
                exchanges: Vec::new(),
            }),
            outage,
            freed,
        }
    }

    /// Status and Retry-After of a request that arrives now.
    fn admit(&self) -> (u16, Option<u64>) {
        let (now, mut bucket) = (self.start.elapsed(), self.state.lock().unwrap());
        if self.outage.contains(&now) {
            return (503, None);
        }
        let filled = now.saturating_sub(bucket.filled).as_secs_f64() * bucket.capacity;
        bucket.tokens = (bucket.tokens + filled).min(bucket.burst);
        bucket.filled = now;
        if bucket.tokens >= 1.0 || now >= self.freed {
            bucket.tokens = (bucket.tokens - 1.0).max(0.0);
            return (200, None);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        let seconds = ((1.0 - bucket.tokens) / bucket.capacity).ceil().max(1.0) as u64;
        (429, Some(seconds))
    }

    async fn exchange(&self) -> Reply {
        let [there, back] = [(); 2].map(|()| {
            let rng = &mut self.state.lock().unwrap().rng;
            Duration::from_micros(rng.u64(self.latency_ms.clone()) * 500)
        });
        let sent = self.start.elapsed();
        time::sleep(there).await;
        let (status, retry_after) = self.admit();
        time::sleep(back).await;
        self.state.lock().unwrap().exchanges.push(Exchange {
            sent,
            answered: self.start.elapsed(),
            status,
            retry_after: retry_after.unwrap_or(0),
        });
        Reply {
            retry_after: retry_after.map(RetryAfter::Seconds),
            ..reply(status, "{}")
        }
    }
}

/// What came of it.
struct Played {
    exchanges: Vec<Exchange>,
    /// Reads and changes that ended without success.
    failed: usize,
}

/// Workers that read and write in turn, as fast as they may, for `length`.
async fn play(pressure: Pressure, service: Guarded, length: Duration) -> Played {
    let service = Arc::new(service);
    let guarded = Arc::clone(&service);
    let transport = PlayedTransport::new(move |_| {
        let service = Arc::clone(&guarded);
        async move { PlayedAnswer::Whole(Ok(service.exchange().await)) }
    });
    let client = Arc::new(Client::new(ClientParts {
        rng: fastrand::Rng::with_seed(pressure.seed),
        ..client_parts(transport, Pacer::per_second(pressure.asked, 4))
    }));
    let mut workers = JoinSet::new();
    for _ in 0..pressure.workers {
        let (client, start) = (Arc::clone(&client), service.start);
        workers.spawn(async move {
            let mut failed = 0;
            while start.elapsed() < length {
                let read = Operation::GetFlow(Id::new("e").unwrap());
                failed += usize::from(client.read(&read, &[], None).await.is_err());
                failed += usize::from(!write(&client).await);
            }
            failed
        });
    }
    let failed = workers.join_all().await.into_iter().sum();
    let exchanges = std::mem::take(&mut service.state.lock().unwrap().exchanges);
    Played { exchanges, failed }
}

/// A change as a worker of a run sends it. Whether it took effect.
async fn write(client: &Client) -> bool {
    let operation = Operation::PatchFlow(Id::new("e").unwrap());
    for attempt in 1.. {
        client.permit(Lane::New).await.unwrap();
        // The intent is written down.
        time::sleep(Duration::from_millis(1)).await;
        client.depart().await.unwrap();
        let verdict = client.send(&operation, Some(b"{}"), attempt).await;
        match client.after_write(&verdict, Repeat::Safe, attempt) {
            Next::Again { after } => time::sleep(after).await,
            Next::Done => return true,
            Next::ReadBack | Next::GiveUp => return false,
        }
    }
    unreachable!("a policy has an end")
}

/// What the promise is tried with: services that bear little and much, few workers and many, answers
/// that come soon and late, and rates far above and just above what is borne. Each for as long as it
/// takes to send some thousand requests after the settling.
fn settings() -> Vec<(Pressure, Duration)> {
    let table = [
        (50.0, 200.0, 4, (20, 80), 4),
        (50.0, 200.0, 16, (20, 80), 4),
        (50.0, 200.0, 64, (20, 80), 4),
        (50.0, 200.0, 64, (100, 300), 4),
        (50.0, 52.0, 16, (20, 80), 4),
        (5.0, 200.0, 4, (20, 80), 10),
        (5.0, 200.0, 64, (20, 80), 10),
        (500.0, 2_000.0, 64, (20, 80), 1),
    ];
    (1..)
        .zip(table)
        .map(|(seed, (capacity, asked, workers, latency_ms, minutes))| {
            let pressure = Pressure {
                capacity,
                burst: 10.0,
                asked,
                workers,
                latency_ms,
                seed,
            };
            (pressure, Duration::from_secs(minutes * 60))
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn share(part: usize, whole: f64) -> f64 {
    part as f64 / whole
}

#[tokio::test(start_paused = true)]
async fn a_service_that_bears_a_part_of_the_rate_is_used_well_and_seldom_has_to_say_no() {
    for (pressure, length) in settings() {
        let service = Guarded::new(pressure, Duration::ZERO..Duration::ZERO, Duration::MAX);
        let Played { exchanges, failed } = play(pressure, service, length).await;

        let settled: Vec<_> = exchanges
            .iter()
            .filter(|exchange| (SETTLING..length).contains(&exchange.sent))
            .collect();
        let refused = settled.iter().filter(|exchange| exchange.status == 429);
        let refused = refused.count();
        let bearable = pressure.capacity * length.saturating_sub(SETTLING).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let refused_share = share(refused, settled.len() as f64);
        let used = share(settled.len() - refused, bearable);
        assert!(refused_share <= 0.01, "{pressure:?}: {refused_share}");
        assert!(used >= 0.9, "{pressure:?}: {used}");
        assert_eq!(failed, 0, "{pressure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_moment_that_any_answer_has_named() {
    for (pressure, length) in settings() {
        let length = length.min(SETTLING);
        let service = Guarded::new(pressure, Duration::ZERO..Duration::ZERO, Duration::MAX);
        let mut exchanges = play(pressure, service, length).await.exchanges;
        exchanges.sort_by_key(|exchange| exchange.sent);
        for answer in exchanges.iter().filter(|exchange| exchange.status == 429) {
            let until = answer.answered + Duration::from_secs(answer.retry_after);
            let from = exchanges.partition_point(|exchange| exchange.sent <= answer.answered);
            let next = exchanges.get(from).map(|exchange| exchange.sent);
            assert!(
                next.is_none_or(|next| next >= until),
                "{answer:?}: {next:?}"
            );
        }
    }
}

/// Requests a second in the ten seconds before `end`.
fn pace_before(exchanges: &[Exchange], end: Duration) -> f64 {
    let window = end.saturating_sub(Duration::from_secs(10))..end;
    let sent = exchanges.iter().map(|exchange| exchange.sent);
    share(sent.filter(|sent| window.contains(sent)).count(), 10.0)
}

#[tokio::test(start_paused = true)]
async fn when_the_service_has_recovered_the_pace_is_what_was_asked_for_within_two_minutes() {
    let pressure = Pressure {
        capacity: 50.0,
        burst: 10.0,
        asked: 200.0,
        workers: 64,
        latency_ms: (20, 80),
        seed: 3,
    };
    let minute = Duration::from_secs(60);
    let service = Guarded::new(pressure, Duration::ZERO..Duration::ZERO, minute);
    let exchanges = play(pressure, service, 3 * minute).await.exchanges;
    let (before, after) = (
        pace_before(&exchanges, minute),
        pace_before(&exchanges, 3 * minute),
    );
    assert!(before <= 55.0, "{before}");
    assert!((195.0..=201.0).contains(&after), "{after}");
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_the_pace_falls_to_a_request_a_second_and_is_back_a_minute_after_it() {
    let pressure = Pressure {
        capacity: 10_000.0,
        burst: 10_000.0,
        asked: 100.0,
        workers: 16,
        latency_ms: (20, 80),
        seed: 4,
    };
    let seconds = Duration::from_secs;
    let service = Guarded::new(pressure, seconds(30)..seconds(60), Duration::MAX);
    let exchanges = play(pressure, service, seconds(120)).await.exchanges;
    for (end, bounds) in [(30, 99.0..=101.0), (60, 0.9..=1.1), (120, 97.0..=101.0)] {
        let pace = pace_before(&exchanges, seconds(end));
        assert!(bounds.contains(&pace), "until {end} s: {pace}");
    }
}
