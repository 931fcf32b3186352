//! Whole runs on an engine.

use std::{process::Stdio, thread, time::Duration};

use serde_json::Value;

use crate::playground::Playground;

/// Changes that may be repeated, that a read can tell, and that happen once.
const MIXED: &str = r#"
version: 1
name: engine
select:
  flows: { entities: { query: "_schema:opportunity" } }
  where: execution.status == "STARTED"
  each: task
actions:
  - reassign: { set: "77777" }
    when: task.status in ["PENDING", "IN_PROGRESS", "SCHEDULED"]
  - run_schedule_now:
    when: task.status == "SCHEDULED"
guards: { allow: [ run_schedule_now ], rejected: allow }
pace: { rate: 400/s, burst: 100, concurrency: 8 }
"#;

const SANDBOX: &[&str] = &[
    "--executions",
    "150",
    "--seed",
    "7",
    "--epoch",
    "2026-01-01",
    "--automations-take",
    "3000000000",
];

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_plan_is_applied_by_a_worker_and_what_follows_is_as_of_any_run() {
    let playground = Playground::new(MIXED, SANDBOX);
    let _worker = playground.worker("2");
    let applied = playground
        .run(&["apply", "engine.plan", "--yes", "--timeout", "2", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(applied["outcomes"]["applied"], playground.planned.len());
    let records = playground.expect_innocent(2_000);
    assert!(records.finished);

    let environment = &playground.environment;
    let status = environment.run(&["status", "--json"]).expect_code(0);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["runs"][0]["standing"], "finished", "{status}");
    environment
        .run(&["report", "--last", "--format", "markdown"])
        .expect_code(0);
    environment
        .run_on(&playground.sandbox, &["verify", "--last"])
        .expect_code(0);
}

/// The same at a pace at which a run takes some seconds.
fn slow(rate: &str) -> String {
    MIXED.replace("rate: 400/s, burst: 100", rate)
}

/// Seconds after which a request is given up, and after which a read tells that it had no effect.
const TIMEOUT: &str = "2";
const SETTLE_MS: i64 = 2_000;

fn kills() -> usize {
    std::env::var("WF_BULK_ENGINE_KILLS").map_or(12, |kills| kills.parse().unwrap())
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn workers_that_are_killed_at_random_moments_apply_every_change_once() {
    let playground = Playground::new(&slow("rate: 40/s, burst: 20"), SANDBOX);
    let mut workers: Vec<_> = (0..3).map(|_| playground.worker(TIMEOUT)).collect();
    let arguments = ["apply", "engine.plan", "--yes", "--timeout", TIMEOUT];
    let mut submit = playground
        .command(&[&arguments[..], &["--detach"]].concat())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(submit.wait().unwrap().success());
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..kills() {
        thread::sleep(Duration::from_millis(rng.u64(100..900)));
        let victim = rng.usize(..workers.len());
        workers[victim].kill();
        workers[victim] = playground.worker(TIMEOUT);
    }
    playground.fetch(0);
    let records = playground.expect_innocent(SETTLE_MS);
    assert!(records.finished);
    assert!(records.resumes > 0, "no group was taken over");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_whose_processes_are_all_gone_is_finished_by_a_worker_in_an_empty_folder() {
    let playground = Playground::new(&slow("rate: 40/s, burst: 20"), SANDBOX);
    playground
        .run(&[
            "apply",
            "engine.plan",
            "--yes",
            "--timeout",
            TIMEOUT,
            "--detach",
        ])
        .expect_code(0);
    let mut first = playground.worker(TIMEOUT);
    playground.wait_for_writes(20);
    first.kill();
    let _second = playground.worker(TIMEOUT);
    playground.fetch(0);
    assert!(playground.expect_innocent(SETTLE_MS).finished);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_worker_that_is_frozen_for_longer_than_a_take_over_sends_nothing_any_more() {
    let playground = Playground::new(&slow("rate: 40/s, burst: 20"), SANDBOX);
    let frozen = playground.worker(TIMEOUT);
    let _other = playground.worker(TIMEOUT);
    playground
        .run(&[
            "apply",
            "engine.plan",
            "--yes",
            "--timeout",
            TIMEOUT,
            "--detach",
        ])
        .expect_code(0);
    for _ in 0..2 {
        let before = playground.sandbox.ledger().writes();
        playground.wait_for_writes(before + 15);
        frozen.signal("STOP");
        thread::sleep(Duration::from_secs(8));
        frozen.signal("CONT");
    }
    playground.fetch(0);
    let records = playground.expect_innocent(SETTLE_MS);
    assert!(records.finished && records.resumes > 0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn an_engine_that_is_killed_in_the_middle_of_a_run_goes_on_where_it_was() {
    let mut playground = Playground::new(&slow("rate: 40/s, burst: 20"), SANDBOX);
    let _workers = [playground.worker(TIMEOUT), playground.worker(TIMEOUT)];
    playground
        .run(&[
            "apply",
            "engine.plan",
            "--yes",
            "--timeout",
            TIMEOUT,
            "--detach",
        ])
        .expect_code(0);
    for _ in 0..3 {
        let before = playground.sandbox.ledger().writes();
        playground.wait_for_writes(before + 15);
        playground.engine.die_and_come_back();
    }
    playground.fetch(0);
    assert!(playground.expect_innocent(SETTLE_MS).finished);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn two_runs_and_four_workers_keep_one_rate_and_one_pause() {
    const RATE: i64 = 8;
    const BURST: i64 = 4;
    let faults = r#"{"rules": [{"match": {"effect_only": true, "nth": 40}, "do": {"status": {"code": 429, "retry_after": 4}}}]}"#;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), faults).unwrap();
    let arguments = [SANDBOX, &["--faults", file.path().to_str().unwrap()]].concat();
    let playground = Playground::new(&slow("rate: 8/s, burst: 4"), &arguments);
    let other = slow("rate: 8/s, burst: 4").replace("name: engine", "name: other");
    playground
        .environment
        .file("other.yaml", &other.replace("77777", "88888"));
    playground
        .environment
        .run_on(
            &playground.sandbox,
            &["plan", "other.yaml", "-o", "other.plan"],
        )
        .expect_code(0);
    let planned = playground.sandbox.ledger().arrivals().len();
    let _workers: Vec<_> = (0..4).map(|_| playground.worker(TIMEOUT)).collect();
    for plan in ["engine.plan", "other.plan"] {
        playground
            .run(&["apply", plan, "--yes", "--timeout", TIMEOUT, "--detach"])
            .expect_code(0);
    }
    thread::sleep(Duration::from_secs(30));
    let arrivals = &playground.sandbox.ledger().arrivals()[planned..];
    for (from, first) in arrivals.iter().enumerate() {
        for (to, last) in arrivals.iter().enumerate().skip(from) {
            let (requests, passed_ms) = (i64::try_from(to - from + 1).unwrap(), last - first);
            // One more for the jitter of the arrivals.
            assert!(
                requests * 1000 <= RATE * passed_ms + (BURST + 1) * 1000,
                "{requests} requests in {passed_ms} ms"
            );
        }
    }
    assert!(arrivals.len() > 8 * 20, "{} requests", arrivals.len());
    let longest = arrivals.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(longest.unwrap() > 2_000, "nobody paused: {longest:?}");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn exactly_as_many_changes_fail_as_may() {
    let faults = r#"{"rules": [{"match": {"effect_only": true}, "do": {"status": {"code": 400, "message": "no"}}}]}"#;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), faults).unwrap();
    let arguments = [SANDBOX, &["--faults", file.path().to_str().unwrap()]].concat();
    let playground = Playground::new(
        &slow("stop_after: 1000, max_errors: 5, rate: 100/s, burst: 50"),
        &arguments,
    );
    let mut workers: Vec<_> = (0..3).map(|_| playground.worker(TIMEOUT)).collect();
    playground
        .run(&[
            "apply",
            "engine.plan",
            "--yes",
            "--timeout",
            TIMEOUT,
            "--detach",
        ])
        .expect_code(0);
    playground.wait_for_writes(2);
    workers[0].kill();
    let ended = playground.fetch(4).json();
    assert_eq!(ended["outcomes"]["refused"], 5, "{ended}");
    assert_eq!(playground.sandbox.ledger().effects().len(), 0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn no_request_of_the_second_stage_leaves_before_the_first_one_is_settled() {
    let playground = Playground::new(&slow("stages: [5], rate: 40/s, burst: 20"), SANDBOX);
    let mut worker = playground.worker(TIMEOUT);
    playground
        .run(&[
            "apply",
            "engine.plan",
            "--yes",
            "--timeout",
            TIMEOUT,
            "--detach",
        ])
        .expect_code(0);
    // The kill comes around the end of the first stage.
    playground.wait_for_writes(5);
    worker.kill();
    let _other = playground.worker(TIMEOUT);
    playground.fetch(0);
    assert!(playground.expect_innocent(SETTLE_MS).finished);
    playground.expect_stages(&[5]);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_second_application_is_refused_from_any_folder_and_again_allows_it() {
    let playground = Playground::new(MIXED, SANDBOX);
    let apply = ["apply", "engine.plan", "--yes", "--timeout", TIMEOUT];
    playground.run(&apply).expect_code(0);
    let elsewhere = [&apply[..], &["--state-dir", "elsewhere"]].concat();
    let refused = playground.run(&elsewhere).expect_code(1);
    refused.expect_said("was submitted to this engine already");
    let again = [&elsewhere[..], &["--again"]].concat();
    playground.run(&again).expect_code(0);
}
