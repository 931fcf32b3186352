//! Random kills over many runs, with the sandbox's ledger as the witness. The long form: `just torture`.

mod cycle;
mod figures;
mod playbook;

use std::{
    env,
    str::FromStr,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    environment::{Environment, SandboxProcess},
    judge::{judge, planned},
    records::Records,
};
pub(crate) use cycle::run_folder;
use cycle::{Kill, Session, session, words};
use figures::{Figures, Place};
use playbook::{CONCURRENCY, Moves, faults};

/// What is done to the runs.
#[derive(Clone, Copy, Debug)]
struct Torture {
    cycles: usize,
    seed: u64,
    /// Of each sandbox: two changes and more for each.
    executions: usize,
    /// Taken in turn, a run each.
    moves: &'static [Moves],
    /// How long one request may take; after this a read tells that it had no effect. Late effects come after about half of
    /// it, which has to be more than the next session needs to start.
    timeout: Duration,
}

#[test]
fn runs_that_are_killed_at_random_moments_apply_every_change_once() {
    let figures = Torture {
        cycles: setting("CYCLES", 40),
        seed: setting("SEED", 1),
        executions: 120,
        moves: &[Moves::Advance, Moves::Begin],
        timeout: Duration::from_secs(2),
    }
    .inflict();
    assert!(figures.resumes > 0, "{figures}");
}

#[test]
#[ignore = "takes minutes, and a release build"]
#[expect(clippy::print_stderr, reason = "the figures are what it is run for")]
fn a_thousand_kills_lose_nothing_and_double_nothing() {
    let figures = Torture {
        cycles: setting("CYCLES", 1000),
        seed: setting("SEED", fastrand::u64(..1_000_000)),
        executions: 300,
        moves: &[Moves::Advance, Moves::Begin],
        timeout: Duration::from_secs(1),
    }
    .inflict();
    eprintln!("\n{figures}");
}

/// `WF_BULK_TORTURE_…`, or what is usual.
fn setting<T: FromStr>(name: &str, usual: T) -> T {
    let name = format!("WF_BULK_TORTURE_{name}");
    match env::var(&name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => usual,
    }
}

impl Torture {
    fn inflict(self) -> Figures {
        let start = Instant::now();
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let mut figures = Figures {
            seed: self.seed,
            ..Figures::default()
        };
        while figures.cycles < self.cycles {
            self.one_run(&mut rng, &mut figures);
            figures.elapsed = start.elapsed();
        }
        figures
    }

    /// Kills a run until it is done, and judges it. The last one is left in peace once the cycles are used up.
    fn one_run(self, rng: &mut fastrand::Rng, figures: &mut Figures) {
        let (sandbox, environment) = self.fresh(rng, self.moves[figures.runs % self.moves.len()]);
        let mut plan = Vec::new();
        loop {
            let there_is_a_run = run_folder(&environment).is_some();
            let kill = (figures.cycles < self.cycles).then(|| Kill::any(rng, there_is_a_run));
            figures.cycles += usize::from(kill.is_some());
            let ended = session(&environment, &sandbox, self.timeout, kill);
            let folder = run_folder(&environment);
            if let (Some(folder), true) = (&folder, plan.is_empty()) {
                plan = planned(&folder.join("plan"));
            }
            let records = folder
                .as_ref()
                .map(|folder| Records::read(&folder.join("checkpoint.jsonl")).unwrap());
            match ended {
                Session::Killed => {
                    figures.hits[Place::of(records.as_ref(), plan.len()) as usize] += 1;
                    let Some(records) = &records else { continue };
                    let doubts = records.in_flight.len();
                    figures.doubts.push(doubts);
                    assert!(
                        doubts <= CONCURRENCY,
                        "seed {}, cycle {}: {doubts} changes were in flight",
                        self.seed,
                        figures.cycles
                    );
                    expect_told(&environment, records);
                }
                Session::Ended(code) => {
                    let place = format!("seed {}, cycle {}", self.seed, figures.cycles);
                    let words = words(&environment);
                    assert_eq!(code, 0, "{place}:\n{words}");
                    let records = records.unwrap();
                    figures.resumes += records.resumes;
                    assert!(records.finished, "{place}:\n{words}");
                    let applied = |line: &u64| records.ended[line] == "applied";
                    assert!(
                        plan.iter().all(|planned| applied(&planned.line)),
                        "{place}:\n{words}"
                    );
                    let settle_ms = i64::try_from(self.timeout.as_millis()).unwrap();
                    let verdict = judge(&plan, &sandbox.ledger(), settle_ms, &records.open());
                    figures.add(&verdict);
                    verdict.expect_innocent(place);
                    return;
                }
            }
        }
    }

    /// A sandbox with other data than the last one's, and an empty folder.
    fn fresh(self, rng: &mut fastrand::Rng, moves: Moves) -> (SandboxProcess, Environment) {
        let environment = Environment::new();
        environment.file("torture.yaml", &moves.playbook());
        let faults = environment.file("faults.json", &faults(self.timeout).to_string());
        let sandbox = SandboxProcess::start(&[
            "--executions",
            &self.executions.to_string(),
            "--seed",
            &rng.u32(..).to_string(),
            "--epoch",
            "2026-01-01",
            // None ends by itself, so that nobody but the client changes anything.
            "--automations-take",
            "3000000000",
            "--faults",
            faults.to_str().unwrap(),
        ]);
        (sandbox, environment)
    }
}

/// `status` can tell a run from whatever a kill left, and counts what is in doubt as the records do.
fn expect_told(environment: &Environment, records: &Records) {
    let status = environment.run(&["status", "--json"]).expect_code(0);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    let run = &status["runs"][0];
    assert_eq!(run["outcomes"]["in_doubt"], records.open().len(), "{run}");
    let applied = records.ended.values().filter(|end| *end == "applied");
    assert_eq!(run["outcomes"]["applied"], applied.count(), "{run}");
    let standing = if records.finished {
        "finished"
    } else {
        "unfinished"
    };
    assert_eq!(run["standing"], standing, "{run}");
}
