//! How exactly a rate is reached, on the real clock: what is asked for and what busy workers get, beyond the burst.
//!
//! A busy machine reaches less. `just pace` measures all rates, `just pace 1000/s` one.

use std::{env, num::NonZeroU32, sync::Arc, time::Duration};

use tokio::{
    runtime::Runtime,
    task::JoinSet,
    time::{self, Instant},
};
use wf_bulk::pace::{Lane, Pacer};

/// More than a run has by default, so that one is always waiting.
const WORKERS: usize = 8;

/// Each rate, and for how many seconds it is measured: the slow ones need time for their few requests.
const RATES: [(&str, u64); 8] = [
    ("0.1/s", 45),
    ("1/s", 10),
    ("8/s", 4),
    ("100/s", 3),
    ("1000/s", 3),
    ("3000/s", 3),
    ("10000/s", 3),
    ("20000/s", 3),
];

/// The rate in requests a second that busy workers get, beyond the burst.
async fn got(rate: &str, burst: NonZeroU32, lasts: Duration) -> f64 {
    let pacer = Arc::new(Pacer::new(rate.parse().expect("a rate"), burst));
    let end = Instant::now() + lasts;
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
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
    let steady = &departures[burst.get() as usize - 1..];
    let count = u32::try_from(steady.len() - 1).expect("some thousands");
    f64::from(count) / (steady[steady.len() - 1] - steady[0]).as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "it is made to be read")]
fn main() {
    // Cargo adds a flag of its own.
    let wanted: Vec<String> = env::args()
        .skip(1)
        .filter(|word| word.contains('/'))
        .collect();
    let runtime = Runtime::new().expect("a runtime");
    println!("burst, asked, got (the median of three)");
    for burst in [4, 1] {
        let burst = NonZeroU32::new(burst).expect("it is not 0");
        for (asked, seconds) in RATES {
            if !wanted.is_empty() && !wanted.iter().any(|rate| rate == asked) {
                continue;
            }
            let times = if seconds > 5 { 1 } else { 3 };
            let mut rates: Vec<f64> = (0..times)
                .map(|_| runtime.block_on(got(asked, burst, Duration::from_secs(seconds))))
                .collect();
            rates.sort_by(f64::total_cmp);
            println!("{burst}, {asked}, {:.3}/s", rates[rates.len() / 2]);
        }
    }
}
