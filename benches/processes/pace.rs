//! How exactly a run keeps its rate, as the server sees it.

use std::{io, path::Path, time::Duration};

use crate::{
    bench::Bench,
    client::Server,
    disk::Syncs,
    report::{Bound, Bounds, Table, as_float},
};

/// Requests a second.
const RATES: [f64; 6] = [0.5, 8.0, 50.0, 500.0, 2_000.0, 10_000.0];

/// The default of a playbook.
const BURST: usize = 4;

/// In seconds. Each rate is measured over two of them.
const WINDOW: f64 = 10.0;

/// A window may seem to be this much too short, in seconds: its first request may take longer to the server than its last one.
const ARRIVAL: f64 = 0.005;

/// Each run is paced by the default burst.
pub(crate) fn pace(folder: &Path, bounds: &mut Bounds) -> io::Result<()> {
    let columns = [
        "rate",
        "windows of 10 s",
        "slowest, %",
        "fastest, %",
        "most in a second",
        "rate + burst",
    ];
    let table = Table::new("## Pace, with the default burst of 4", &columns, 1)?;
    for rate in RATES {
        let window = rounded(rate * WINDOW);
        let size = u64::try_from(2 * window + BURST).unwrap_or_default();
        let server = Server::start(size, Duration::ZERO)?;
        let pace = format!("rate: {rate}/s");
        let bench = Bench::new(folder, &server, &pace, Syncs::Slower(Duration::ZERO))?;
        bench.plan()?;
        let arrivals = bench.arrivals()?;
        // The burst may leave at once, and no request of a steady rate is late for it.
        let windows = windows(&arrivals[BURST - 1..], window);
        let deviations = windows
            .iter()
            .map(|seconds| (WINDOW / seconds - 1.0) * 100.0);
        let slowest = deviations.clone().fold(f64::INFINITY, f64::min);
        let fastest = deviations.fold(f64::NEG_INFINITY, f64::max);
        let most = as_float(most_in_a_second(&arrivals));
        let allowed = rate + 4.0;
        table.row(&[
            format!("{rate}/s"),
            windows.len().to_string(),
            format!("{slowest:+.2}"),
            format!("{fastest:+.2}"),
            format!("{most}"),
            format!("{allowed}"),
        ])?;
        let named = |what: &str| format!("pace of {rate}/s: {what}");
        bounds.check(named("slowest 10 s"), slowest, Bound::AtLeast(-0.5), " %");
        bounds.check(
            named("fastest 10 s"),
            fastest,
            Bound::AtMost(ARRIVAL / WINDOW * 100.0),
            " %",
        );
        bounds.check(named("most in a second"), most, Bound::AtMost(allowed), "");
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive, and such numbers of requests are small"
)]
fn rounded(requests: f64) -> usize {
    requests.round() as usize
}

/// How many seconds each `window` requests took, one window after the other.
fn windows(steady: &[u64], window: usize) -> Vec<f64> {
    let ends: Vec<u64> = steady.iter().copied().step_by(window).collect();
    let seconds = |pair: &[u64]| as_float(pair[1] - pair[0]) / 1e6;
    ends.windows(2).map(seconds).collect()
}

/// The most requests in a second, less [`ARRIVAL`].
fn most_in_a_second(arrivals: &[u64]) -> u64 {
    let second = Duration::from_secs_f64(1.0 - ARRIVAL).as_micros();
    let mut begin = 0;
    let mut most = 0;
    for (end, arrival) in arrivals.iter().enumerate() {
        while u128::from(arrival - arrivals[begin]) >= second {
            begin += 1;
        }
        most = most.max(end + 1 - begin);
    }
    u64::try_from(most).unwrap_or(u64::MAX)
}
