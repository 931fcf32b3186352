//! How exactly a rate is reached, on the real clock. No test that passes or fails: a busy machine reaches less.

use std::sync::Arc;

use tokio::{task::JoinSet, time};

use super::*;

/// The rate in requests a second that busy workers get, beyond the burst.
async fn got(rate: &str, burst: u32, lasts: Duration) -> f64 {
    let rate = rate.parse().unwrap();
    let pacer = Arc::new(Pacer::new(rate, NonZeroU32::new(burst).unwrap()));
    let end = Instant::now() + lasts;
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let pacer = Arc::clone(&pacer);
        workers.spawn(async move {
            let mut departures = Vec::new();
            while let Ok(at) = time::timeout_at(end, async {
                pacer.permit(Lane::New).await;
                pacer.depart().await;
                Instant::now()
            })
            .await
            {
                departures.push(at);
            }
            departures
        });
    }
    let mut departures = workers.join_all().await.concat();
    departures.sort();
    let steady = &departures[burst as usize - 1..];
    let count = u32::try_from(steady.len() - 1).unwrap();
    f64::from(count) / (steady[steady.len() - 1] - steady[0]).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: `just pace`"]
#[expect(clippy::print_stdout, reason = "it is made to be read")]
async fn what_is_got_of_the_rate_that_is_asked_for() {
    println!("burst, asked, got (the median of three)");
    for burst in [4, 1] {
        for (asked, seconds) in [
            ("0.1/s", 45),
            ("1/s", 10),
            ("8/s", 4),
            ("100/s", 3),
            ("1000/s", 3),
            ("3000/s", 3),
            ("10000/s", 3),
            ("20000/s", 3),
        ] {
            let lasts = Duration::from_secs(seconds);
            let mut rates = Vec::new();
            for _ in 0..if seconds > 5 { 1 } else { 3 } {
                rates.push(got(asked, burst, lasts).await);
            }
            rates.sort_by(f64::total_cmp);
            println!("{burst}, {asked}, {:.3}/s", rates[rates.len() / 2]);
        }
    }
}
