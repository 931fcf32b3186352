//! Whole commands: `plan`, `apply`, `resume` of a run that was stopped after 95 %, and `show`.

use std::{io, path::Path, time::Duration};

use crate::{
    bench::{Bench, Figure, UNLIMITED},
    client::Server,
    disk::Syncs,
    report::{Bound, Bounds, Table, a_second, as_float, median},
};

/// A size from which on each figure is the median of fewer runs.
const LARGE: u64 = 100_000;

/// What is compared: a tenfold plan takes at most 10.5 times as long.
const SMALLER: u64 = 100_000;
const LARGER: u64 = 1_000_000;

/// Also the order in which they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    Plan,
    Show,
    Apply,
    Resume,
}

impl Measured {
    pub(crate) const ALL: [Self; 4] = [Self::Plan, Self::Show, Self::Apply, Self::Resume];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Show => "show",
            Self::Apply => "apply",
            Self::Resume => "resume",
        }
    }
}

fn stopped_at(size: u64) -> u64 {
    size * 95 / 100
}

/// On the disk.
struct Measurement {
    size: u64,
    command: Measured,
    figure: Figure,
    /// From the start to the first request.
    first_request: Option<Duration>,
}

/// Measures `commands` at `sizes`, on the disk and, up to [`LARGE`], on a memory disk.
pub(crate) fn commands(
    commands: &[Measured],
    sizes: &[u64],
    disk: &Path,
    memory: Option<&Path>,
    bounds: &mut Bounds,
) -> io::Result<()> {
    let columns = [
        "command",
        "on",
        "changes",
        "wall s",
        "first request s",
        "a second",
        "CPU µs each",
        "peak MB",
        "syncs",
    ];
    let table = Table::new("## Commands", &columns, 2)?;
    let mut measurements = Vec::new();
    for &size in sizes {
        for (place, folder) in [("disk", Some(disk)), ("memory", memory)] {
            let Some(folder) = folder.filter(|_| place == "disk" || size <= LARGE) else {
                continue;
            };
            let server = Server::start(size, Duration::ZERO)?;
            let bench = Bench::new(folder, &server, UNLIMITED, Syncs::Slower(Duration::ZERO))?;
            for command in Measured::ALL {
                // All others need its plan.
                if command != Measured::Plan && !commands.contains(&command) {
                    continue;
                }
                let measurement = measure(&bench, command, size)?;
                if commands.contains(&command) {
                    table.row(&row(&measurement, place))?;
                    if place == "disk" {
                        measurements.push(measurement);
                    }
                }
            }
        }
    }
    for &command in commands {
        check(command, &measurements, bounds);
    }
    Ok(())
}

fn measure(bench: &Bench<'_>, command: Measured, size: u64) -> io::Result<Measurement> {
    let runs = if size < LARGE { 5 } else { 3 };
    let mut firsts = Vec::new();
    let figure = match command {
        Measured::Plan => Figure::median(runs, || bench.plan()),
        Measured::Show => Figure::median(runs, || bench.show()),
        Measured::Apply => Figure::median(runs, || bench.apply()),
        Measured::Resume => {
            bench.stop_at(stopped_at(size))?;
            Figure::median(runs, || {
                let (figure, first) = bench.resume()?;
                firsts.push(first.as_secs_f64());
                Ok(figure)
            })
        }
    }?;
    let first = (!firsts.is_empty()).then(|| Duration::from_secs_f64(median(firsts)));
    Ok(Measurement {
        size,
        command,
        figure,
        first_request: first,
    })
}

fn row(measurement: &Measurement, place: &str) -> [String; 9] {
    let Measurement {
        size,
        command,
        figure,
        first_request,
    } = measurement;
    let first = first_request.map(|first| format!("{:.3}", first.as_secs_f64()));
    let wall = figure.taken.wall;
    let rate = match first_request {
        // What is left of the plan, from the first request on.
        Some(first) => a_second(*size - stopped_at(*size), wall.saturating_sub(*first)),
        None => a_second(*size, wall),
    };
    [
        command.name().into(),
        place.into(),
        size.to_string(),
        format!("{:.2}", wall.as_secs_f64()),
        first.unwrap_or_default(),
        format!("{rate:.0}"),
        format!("{:.1}", cpu_each(measurement)),
        format!("{:.1}", peak(figure)),
        figure.syncs.to_string(),
    ]
}

/// For each change of the plan; the processor time of a process is known to 10 ms.
fn cpu_each(measurement: &Measurement) -> f64 {
    measurement.figure.taken.cpu.as_secs_f64() * 1e6 / as_float(measurement.size)
}

fn peak(figure: &Figure) -> f64 {
    as_float(figure.taken.peak) * 1024.0 / 1e6
}

fn check(command: Measured, measurements: &[Measurement], bounds: &mut Bounds) {
    let at = |size| {
        let of_size = |found: &&Measurement| found.command == command && found.size == size;
        measurements.iter().find(of_size)
    };
    // The fixed costs of a small plan are not those of a change.
    let of_command = measurements.iter().filter(|found| found.command == command);
    let largest = of_command.max_by_key(|found| found.size);
    let most = match command {
        Measured::Plan => Some(25.0),
        Measured::Apply => Some(45.0),
        Measured::Show | Measured::Resume => None,
    };
    if let (Some(most), Some(largest)) = (most, largest) {
        let what = format!("`{}` of {}: CPU each", command.name(), largest.size);
        bounds.check(what, cpu_each(largest), Bound::AtMost(most), " µs");
    }
    if command == Measured::Plan {
        let (what, bound) = (
            format!("`plan` of {LARGER}: peak of memory"),
            Bound::AtMost(32.0),
        );
        match at(LARGER) {
            Some(found) => bounds.check(what, peak(&found.figure), bound, " MB"),
            None => bounds.unmeasured(&what, bound, " MB", &format!("plan {LARGER}")),
        }
    }
    if command == Measured::Show {
        return;
    }
    let what = format!("`{}`: t({LARGER}) / t({SMALLER})", command.name());
    let bound = Bound::AtMost(10.5);
    let how = format!("{} {SMALLER} {LARGER}", command.name());
    match (at(LARGER), at(SMALLER)) {
        (Some(larger), Some(smaller)) => {
            let wall = |found: &Measurement| found.figure.taken.wall.as_secs_f64();
            bounds.check(what, wall(larger) / wall(smaller), bound, "");
        }
        _ => bounds.unmeasured(&what, bound, "", &how),
    }
    if command == Measured::Resume {
        let what = format!("`resume` after 95 % of {LARGER}: first request");
        let bound = Bound::AtMost(1.0);
        match at(LARGER).and_then(|found| found.first_request) {
            Some(first) => bounds.check(what, first.as_secs_f64(), bound, " s"),
            None => bounds.unmeasured(&what, bound, " s", &format!("resume {LARGER}")),
        }
    }
}
