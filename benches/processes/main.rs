//! Whole processes of wf-bulk against a server that answers at once: `just bench`.
//!
//! The server is a process of its own on the same machine, so it takes a part of its time.

mod bare;
mod bench;
mod client;
mod commands;
mod disk;
mod pace;
mod peers;
mod process;
mod report;
mod server;
mod start;
mod syncs;

use std::{env, io, path::Path, process::ExitCode, time::Duration};

use commands::{Measured, commands};
use report::{Bounds, line};
use server::{Answers, serve};

const HELP: &str = "Usage: just bench [PART…] [EXECUTIONS…]

Parts; if none is named, all but the last:
  plan, show, apply, resume   whole commands: time, processor time, memory, syncs
  limit                       how close a run comes to the limit of a disk with slow syncs
  durability                  what the syncs of the checkpoint cost if answers take 20 ms
  pace                        how exactly a run keeps its rate; some minutes
  start                       the start and the size of the program
  peers                       the same changes by curl, Python, Node and a bare loop; only if it is named

EXECUTIONS are the sizes of plan, show, apply and resume (1000 10000 100000 if none is given), and of peers (20000).
Each bound that was measured is in the last table.

  just bench apply 10000
  just bench plan apply resume 100000 1000000
  just bench pace";

/// What a person can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Command(Measured),
    Limit,
    Durability,
    Pace,
    Start,
    Peers,
}

impl Part {
    const ALL: [Self; 9] = [
        Self::Command(Measured::Plan),
        Self::Command(Measured::Show),
        Self::Command(Measured::Apply),
        Self::Command(Measured::Resume),
        Self::Limit,
        Self::Durability,
        Self::Pace,
        Self::Start,
        Self::Peers,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Command(command) => command.name(),
            Self::Limit => "limit",
            Self::Durability => "durability",
            Self::Pace => "pace",
            Self::Start => "start",
            Self::Peers => "peers",
        }
    }
}

fn main() -> io::Result<ExitCode> {
    // Cargo adds a flag of its own.
    let words: Vec<String> = env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", executions, latency] => serve(Answers {
            executions: executions.parse().expect("a number of executions"),
            latency: Duration::from_micros(latency.parse().expect("microseconds")),
        })?,
        ["bare", url, ids, concurrency] => peers::bare_loop(url, ids, concurrency)?,
        ["--help" | "-h"] => line(HELP)?,
        _ => match arguments(&words) {
            Ok((parts, sizes)) => measure(&parts, &sizes)?,
            Err(word) => {
                line(&format!("unknown part {word:?}\n\n{HELP}"))?;
                return Ok(ExitCode::FAILURE);
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// The parts and sizes that are named, or the word that is neither.
fn arguments<'a>(words: &[&'a str]) -> Result<(Vec<Part>, Vec<u64>), &'a str> {
    let (mut parts, mut sizes) = (Vec::new(), Vec::new());
    for word in words {
        if let Ok(size) = word.parse::<u64>() {
            sizes.push(size);
        } else if let Some(part) = Part::ALL.into_iter().find(|part| part.name() == *word) {
            parts.push(part);
        } else {
            return Err(word);
        }
    }
    if parts.is_empty() {
        parts = Part::ALL.to_vec();
        parts.retain(|part| *part != Part::Peers);
    }
    Ok((parts, sizes))
}

fn measure(parts: &[Part], sizes: &[u64]) -> io::Result<()> {
    let disk = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let memory = Some(Path::new("/dev/shm")).filter(|folder| folder.is_dir());
    let mut bounds = Bounds::default();
    let of_commands = |part: &Part| match part {
        Part::Command(command) => Some(*command),
        Part::Limit | Part::Durability | Part::Pace | Part::Start | Part::Peers => None,
    };
    let named: Vec<Measured> = parts.iter().filter_map(of_commands).collect();
    if !named.is_empty() {
        let sizes = or(sizes, &[1_000, 10_000, 100_000]);
        commands(&named, sizes, disk, memory, &mut bounds)?;
    }
    for part in parts {
        match part {
            Part::Command(_) => {}
            Part::Limit => syncs::limit(memory.unwrap_or(disk), &mut bounds)?,
            Part::Durability => syncs::durability(disk, &mut bounds)?,
            Part::Pace => pace::pace(disk, &mut bounds)?,
            Part::Start => start::start(&mut bounds)?,
            Part::Peers => {
                for size in or(sizes, &[20_000]) {
                    peers::peers(*size, disk, memory, &mut bounds)?;
                }
            }
        }
    }
    bounds.print()
}

fn or<'a>(sizes: &'a [u64], default: &'a [u64]) -> &'a [u64] {
    if sizes.is_empty() { default } else { sizes }
}
