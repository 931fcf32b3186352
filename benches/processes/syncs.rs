//! What the checkpoint costs: how close a run comes to the limit of a slow disk, and what durability takes of the throughput.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    bench::{Bench, CONCURRENCY, UNLIMITED},
    client::Server,
    disk::Syncs,
    report::{Bound, Bounds, Table, as_float, median},
};

/// Runs for one figure.
const RUNS: usize = 5;

/// A disk whose syncs take a given time, on a memory disk so that nothing else takes time.
pub(crate) fn limit(folder: &Path, bounds: &mut Bounds) -> io::Result<()> {
    let columns = [
        "sync ms",
        "changes a second",
        "16 / (sync + request)",
        "share",
    ];
    let table = Table::new("## Share of the limit of a slow disk", &columns, 0)?;
    for (sync, size) in [(0.2, 20_000), (2.0, 10_000), (10.0, 5_000)] {
        let server = Server::start(size, Duration::ZERO)?;
        let sending = |sync| {
            let bench = Bench::new(folder, &server, UNLIMITED, Syncs::Slower(sync))?;
            bench.plan()?;
            bench.sending(RUNS)
        };
        let quick = sending(Duration::ZERO)?;
        let reached = sending(Duration::from_secs_f64(sync / 1e3))?;
        // Without syncs, a worker makes one request after another.
        let request = as_float(CONCURRENCY) / quick;
        let limit = as_float(CONCURRENCY) / (sync / 1e3 + request);
        let share = reached / limit;
        table.row(&[
            format!("{sync}"),
            format!("{reached:.0}"),
            format!("{limit:.0}"),
            format!("{share:.2}"),
        ])?;
        let what = format!("share of the limit at syncs of {sync} ms");
        bounds.check(what, share, Bound::AtLeast(0.9), "");
    }
    Ok(())
}

/// How long the service of the comparison takes for each answer.
const LATENCY: Duration = Duration::from_millis(20);

/// This disk, against the same disk with syncs that do nothing.
pub(crate) fn durability(folder: &Path, bounds: &mut Bounds) -> io::Result<()> {
    let server = Server::start(2_000, LATENCY)?;
    let durable = Bench::new(folder, &server, UNLIMITED, Syncs::Slower(Duration::ZERO))?;
    let forgetful = Bench::new(folder, &server, UNLIMITED, Syncs::Never)?;
    durable.plan()?;
    forgetful.plan()?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        with.push(durable.sending(1)?);
        without.push(forgetful.sending(1)?);
    }
    let (with, without) = (median(with), median(without));
    let columns = ["syncs", "changes a second"];
    let title = format!(
        "## Durability, with answers after 20 ms (a sync of this disk takes {:.2} ms)",
        sync_time(folder)?.as_secs_f64() * 1e3
    );
    let table = Table::new(&title, &columns, 1)?;
    table.row(&["real", &format!("{with:.1}")])?;
    table.row(&["none", &format!("{without:.1}")])?;
    let cost = (1.0 - with / without) * 100.0;
    let what = "cost of durability with answers after 20 ms";
    bounds.check(what, cost, Bound::AtMost(1.0), " %");
    Ok(())
}

/// The median of a sync of a small record.
fn sync_time(folder: &Path) -> io::Result<Duration> {
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let mut file: &File = file.as_file();
    let mut times = Vec::new();
    for _ in 0..100 {
        file.write_all(&[b'x'; 200])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed().as_secs_f64());
    }
    Ok(Duration::from_secs_f64(median(times)))
}
