//! What is killed loses no change and doubles none: workers, the engine, everything.

use std::{fs, process::Stdio, thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    evidence::expect_order,
    playground::{Playground, Setting, TIMEOUT},
    runs::at,
};

/// A pace at which some hundred changes take some seconds.
pub(crate) const SECONDS: &str = "rate: 40/s, burst: 20, concurrency: 8";

/// How long each answer takes, so that a kill finds requests under way.
const ANSWER_MS: u64 = 20;

fn slow_answers() -> Value {
    json!({"rules": [{"match": {}, "do": {"latency_ms": ANSWER_MS}}]})
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |number| number.parse().unwrap())
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn workers_that_are_killed_at_random_moments_apply_every_change_once() {
    let kills = number("WF_BULK_ENGINE_KILLS", 40);
    let playground = Playground::new(&Setting {
        executions: number("WF_BULK_ENGINE_EXECUTIONS", 600),
        faults: slow_answers(),
        ..Setting::new(&at("rate: 100/s, burst: 50, concurrency: 20"))
    });
    let mut workers = playground.workers(3);
    let run = playground.submit("engine.plan");
    let mut rng = fastrand::Rng::with_seed(1);
    for kill in 0..kills {
        // All over the run, at random moments.
        playground.wait_for_writes(playground.planned.len() * kill / (kills + 1));
        thread::sleep(Duration::from_millis(rng.u64(0..300)));
        let victim = rng.usize(..workers.len());
        workers[victim].kill();
        workers[victim] = playground.worker();
    }
    let fetched = playground.fetch(&run, 0).json();
    assert_eq!(fetched["planned"], playground.planned.len());
    let records = playground.expect_innocent();
    assert!(records.finished);
    assert!(records.resumes > 0, "no group was taken over");
    expect_order(&playground.seen(), ANSWER_MS, &records);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_whose_processes_and_folders_are_all_gone_is_finished_by_a_worker_in_an_empty_folder() {
    let playground = Playground::new(&Setting::new(&at(SECONDS)));
    let mut submitter = playground
        .command(&["apply", "engine.plan", "--yes", "--timeout", TIMEOUT])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut worker = playground.worker();
    playground.wait_for_writes(20);
    submitter.kill().unwrap();
    worker.kill();
    let said = submitter.wait_with_output().unwrap().stderr;
    let said = String::from_utf8(said).unwrap();
    let (_, said) = said.split_once("run ").unwrap();
    let (run, _) = said.split_once(' ').unwrap();
    fs::remove_dir_all(playground.environment.path().join(".wf-bulk")).unwrap();

    let _other = playground.worker();
    playground.wait_for_writes(40);
    let fetched = playground.fetch(run, 0).json();
    assert_eq!(fetched["outcomes"]["applied"], playground.planned.len());
    assert!(playground.expect_innocent().finished);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn an_engine_that_is_killed_in_the_middle_of_a_run_goes_on_where_it_was() {
    let playground = Playground::new(&Setting {
        own_engine: true,
        faults: slow_answers(),
        ..Setting::new(&at(SECONDS))
    });
    let mut workers = playground.workers(2);
    let run = playground.submit("engine.plan");
    for kill in 0..3 {
        playground.wait_for_writes(15 * (kill + 1));
        playground.engine.die_and_come_back();
        if kill == 1 {
            workers[0].kill();
        }
    }
    playground.fetch(&run, 0);
    let records = playground.expect_innocent();
    assert!(records.finished);
    expect_order(&playground.seen(), ANSWER_MS, &records);
}
