//! Whole processes of wf-bulk against a server that answers at once: `just bench`.
//!
//! Each figure is the median of several runs. The server is a process of its own on the same machine, so it takes a part of its time.

mod disk;
mod process;
mod server;

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use disk::SlowDisk;
use process::{Taken, measured};
use server::{Answers, serve};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_wf-bulk");

/// Runs for one figure.
const RUNS: usize = 5;

/// Workers of a run. A crash leaves at most one change in doubt for each.
const CONCURRENCY: u64 = 16;

/// As fast as it can, without a limit on the number of changes.
const PLAYBOOK: &str = r#"version: 1
name: bench
select: { executions: { list: {} }, where: 'has_assignee(execution, "10010")' }
actions: [ reassign: { from: "10010", to: "10020" } ]
guards: { max_changes: 10000000 }
pace: { rate: 1000000/s, burst: 1000, concurrency: 16 }
"#;

fn main() -> io::Result<()> {
    // Cargo adds a flag of its own.
    let words: Vec<String> = env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", executions, latency] => serve(Answers {
            executions: number(executions),
            latency: Duration::from_micros(number(latency)),
        }),
        [] => bench(&[1_000, 10_000, 100_000]),
        _ => bench(&words.iter().map(|word| number(word)).collect::<Vec<_>>()),
    }
}

fn number(word: &str) -> u64 {
    word.parse().expect("a number of executions")
}

#[expect(clippy::print_stdout, reason = "it is made to be read")]
fn bench(sizes: &[u64]) -> io::Result<()> {
    let memory = Path::new("/dev/shm");
    let places = [
        ("disk", Path::new(env!("CARGO_TARGET_TMPDIR"))),
        ("memory", memory),
    ];
    println!("place   changes   command   wall s   changes/s   CPU µs/change   peak MiB   syncs");
    for (place, folder) in places.into_iter().filter(|(_, folder)| folder.is_dir()) {
        for &size in sizes {
            let server = Server::start(size, Duration::ZERO)?;
            let bench = Bench::new(folder, &server, SlowDisk::by(Duration::ZERO)?)?;
            let figures = [
                ("plan", median(|| bench.plan())?),
                ("apply", median(|| bench.apply())?),
            ];
            for (name, (taken, syncs)) in figures {
                println!(
                    "{place:<6} {size:>8}   {name:<7} {:>8.2} {:>11.0} {:>15.1} {:>10.1} {syncs:>7}",
                    taken.wall.as_secs_f64(),
                    a_second(size, taken.wall),
                    taken.cpu.as_secs_f64() * 1e6 / as_float(size),
                    as_float(taken.peak) / 1024.0,
                );
            }
        }
    }
    println!("\nsync ms   changes/s   {CONCURRENCY} / (sync + request)   ratio");
    let folder = if memory.is_dir() { memory } else { places[0].1 };
    for (sync, size) in [(0.2, 20_000), (2.0, 10_000), (10.0, 5_000)] {
        let server = Server::start(size, Duration::ZERO)?;
        let bench = |sync| Bench::new(folder, &server, SlowDisk::by(sync)?);
        let sync = Duration::from_secs_f64(sync / 1000.0);
        let quick = Bench::sending(&bench(Duration::ZERO)?, size)?;
        let reached = Bench::sending(&bench(sync)?, size)?;
        // Without syncs, a worker makes one request after another.
        let request = as_float(CONCURRENCY) / quick;
        let limit = as_float(CONCURRENCY) / (sync.as_secs_f64() + request);
        println!(
            "{:>7} {reached:>11.0} {limit:>25.0} {:>7.2}",
            sync.as_secs_f64() * 1000.0,
            reached / limit
        );
    }
    Ok(())
}

/// A measured process, and how often it synced.
type Figure = (Taken, u64);

fn median(run: impl Fn() -> io::Result<Figure>) -> io::Result<Figure> {
    let mut figures: Vec<Figure> = (0..RUNS).map(|_| run()).collect::<io::Result<_>>()?;
    figures.sort_by_key(|(taken, _)| taken.wall);
    Ok(figures[RUNS / 2])
}

/// A folder with a playbook, its plan and its runs.
struct Bench<'a> {
    folder: TempDir,
    server: &'a Server,
    disk: SlowDisk,
}

impl<'a> Bench<'a> {
    fn new(within: &Path, server: &'a Server, disk: SlowDisk) -> io::Result<Self> {
        let folder = TempDir::new_in(within)?;
        fs::write(folder.path().join("bench.yaml"), PLAYBOOK)?;
        let bench = Self {
            folder,
            server,
            disk,
        };
        bench.plan()?;
        Ok(bench)
    }

    fn plan(&self) -> io::Result<Figure> {
        let plan = self.folder.path().join("bench.plan");
        if plan.exists() {
            fs::remove_file(plan)?;
        }
        self.run(&[
            "plan",
            "bench.yaml",
            "-o",
            "bench.plan",
            "--timeout",
            "3600",
        ])
    }

    fn apply(&self) -> io::Result<Figure> {
        let state = self.folder.path().join(".wf-bulk");
        if state.exists() {
            fs::remove_dir_all(state)?;
        }
        self.run(&["apply", "bench.plan", "--yes", "--no-recheck"])
    }

    /// Changes a second while they are sent, without what comes before and after: the median.
    fn sending(&self, changes: u64) -> io::Result<f64> {
        let mut rates = Vec::new();
        for _ in 0..RUNS {
            self.apply()?;
            let runs = fs::read_dir(self.folder.path().join(".wf-bulk/runs"))?;
            let run = runs.flatten().next().expect("a run");
            let checkpoint = fs::read_to_string(run.path().join("checkpoint.jsonl"))?;
            let sent_at = |line: &str| {
                let at = line.split_once("\"started\"")?.1.split_once("\"at\":")?.1;
                at.split_once('}')?.0.parse::<u64>().ok()
            };
            let sent: Vec<u64> = checkpoint.lines().filter_map(sent_at).collect();
            let lasted = sent.last().expect("changes") - sent[0];
            rates.push(a_second(changes, Duration::from_millis(lasted)));
        }
        rates.sort_by(f64::total_cmp);
        Ok(rates[RUNS / 2])
    }

    fn run(&self, words: &[&str]) -> io::Result<Figure> {
        let mut command = Command::new(BINARY);
        command
            .args(words)
            .args(["--server", &self.server.url, "-q"])
            .current_dir(self.folder.path())
            .env("EPILOT_TOKEN", "bench")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let (taken, syncs) = self.disk.counted(&mut command, measured)?;
        // `plan` ends with 2 if there is something to change.
        assert!(
            taken.code == Some(0) || taken.code == Some(2),
            "wf-bulk {words:?} has failed"
        );
        Ok((taken, syncs))
    }
}

fn a_second(changes: u64, wall: Duration) -> f64 {
    as_float(changes) / wall.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "figures have three digits")]
fn as_float(number: u64) -> f64 {
    number as f64
}

/// The server, as a process of its own.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(executions: u64, latency: Duration) -> io::Result<Self> {
        let (executions, latency) = (executions.to_string(), latency.as_micros().to_string());
        let mut process = Command::new(env::current_exe()?)
            .args(["serve", &executions, &latency])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut port)?;
        let url = format!("http://127.0.0.1:{}", port.trim());
        Ok(Self { process, url })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
