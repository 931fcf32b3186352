//! A run that is stopped while its shard is under way, and one whose shard is gone.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    commands::{SLOW, fast, small},
    evidence::Seen,
    judge::Planned,
    playground::{ORG, Playground, Setting},
};

/// The first look of a run whether its shard is there comes after 30 seconds; the rest is for a slow machine.
const FIRST_LOOK: Duration = Duration::from_secs(60);

impl Playground {
    /// The engine's name of the only run.
    fn workflow(&self) -> String {
        let listed = self.listed();
        format!(
            "wf-bulk plan {}",
            listed[0]["plan_sha256"].as_str().unwrap()
        )
    }
}

fn end_shard(playground: &Playground, run: &str) {
    let shard = format!("wf-bulk run {run} shard 0");
    let end = ["workflow", "terminate", "--workflow-id", &shard];
    playground.engine.ask(&end);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_whose_shard_somebody_has_ended_can_be_abandoned() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let _worker = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(3);
    end_shard(&playground, &run);
    playground
        .look(&["abandon", &run, "--yes"])
        .expect_code(0)
        .expect_said(&format!("run {run} is abandoned"));
    let listed = playground.listed();
    assert_eq!(listed[0]["standing"], "abandoned");
    // There is no record of what was sent.
    let outcomes = &listed[0]["outcomes"];
    assert_eq!(outcomes["in_doubt"], playground.planned.len(), "{listed:?}");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_whose_shard_somebody_has_ended_stops_by_itself() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let _worker = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(3);
    end_shard(&playground, &run);
    let ended = Instant::now();
    while playground.standing() == "running" {
        assert!(ended.elapsed() < FIRST_LOOK, "{}", playground.said());
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(playground.standing(), "stopped");
    playground
        .run_elsewhere(&["resume", &run, "--yes"])
        .expect_code(1);
    playground.look(&["abandon", &run, "--yes"]).expect_code(0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_shard_of_an_older_run_of_the_plan_ends_none_of_a_newer_one() {
    let playground = small(&SLOW.replace("20/s", "10/s"));
    let _worker = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(3);
    let workflow = playground.workflow();
    let sums = json!({"counts": {"applied": 7}, "undecided": 0});
    let late = json!({
        "run": "older", "began_ms": 1, "number": 0, "errors_before": 0, "errors": 0,
        "sums_before": {"counts": {}, "undecided": 0}, "sums": sums, "in_a_row": 0, "stopped": null,
    })
    .to_string();
    let signal = [
        "workflow",
        "signal",
        "--name",
        "settled",
        "--workflow-id",
        &workflow,
    ];
    let signal = [&signal[..], &["--input", &late]].concat();
    playground.engine.ask(&signal);
    let ended = playground.fetch(&run, 0).json();
    assert_eq!(ended["outcomes"]["applied"], playground.planned.len());
    let listed = playground.listed();
    assert_eq!(listed[0]["outcomes"]["applied"], playground.planned.len());
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn groups_that_are_under_way_begin_nothing_more_once_the_run_is_stopped() {
    let playground = Playground::new(&Setting {
        executions: 16,
        ..Setting::new(&SLOW.replace("20/s, burst: 10", "2/s, burst: 1"))
    });
    let workers = playground.workers(2);
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(2);
    let workflow = playground.workflow();
    let stop = ["workflow", "signal", "--name", "stop_run"];
    let stop = [&stop[..], &["--workflow-id", &workflow]].concat();
    playground.engine.ask(&stop);
    while playground.standing() == "running" {
        thread::sleep(Duration::from_millis(200));
    }
    let seen = playground.seen();
    let written: BTreeSet<u64> = seen.iter().filter_map(|seen| seen.line).collect();
    let is_begun = |planned: &&Planned| {
        let execution = Some(planned.execution.as_str());
        let is_its = |seen: &&Seen| seen.execution.as_deref() == execution;
        seen.iter().any(|seen| is_its(&seen))
    };
    let begun = playground.planned.iter().filter(is_begun);
    let left = begun.filter(|planned| !written.contains(&planned.line));
    let (left, written) = (left.count(), written.len());
    assert!(
        left > 3,
        "{left} were left of the groups that had begun, {written} were made"
    );
    // The workers are there, and go on where they were.
    let ended = playground.fetch(&run, 0).json();
    assert_eq!(ended["outcomes"]["applied"], playground.planned.len());
    assert!(playground.expect_innocent().finished);
    drop(workers);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_whose_upload_has_died_ends_as_soon_as_it_is_stopped() {
    let playground = small(&fast());
    let run = playground.run(&["apply", "engine.plan", "--yes", "--json"]);
    run.expect_code(0);
    let workflow = playground.workflow();
    let shown: Value = serde_json::from_str(&playground.history(&workflow)).unwrap();
    let input = &shown["events"][0]["workflowExecutionStartedEventAttributes"]["input"];
    let input = STANDARD.decode(input["payloads"][0]["data"].as_str().unwrap());
    let input: Value = serde_json::from_slice(&input.unwrap()).unwrap();
    assert!(
        input["begun"].is_null() && input["session"].is_object(),
        "{shown}"
    );
    // The same, and nothing comes after it.
    let _worker = playground.worker();
    let queue = format!("wf-bulk {} {ORG}", playground.sandbox.url());
    let (dead, input) = (format!("{workflow} dead"), input.to_string());
    let id = ["--workflow-id", &dead];
    let start = [
        "workflow",
        "start",
        "--type",
        "RunFlow",
        "--task-queue",
        &queue,
        "--input",
        &input,
    ];
    playground.engine.ask(&[&start[..], &id].concat());
    let stop = ["workflow", "signal", "--name", "stop_run"];
    playground.engine.ask(&[&stop[..], &id].concat());
    let stopped = Instant::now();
    let describe = ["workflow", "describe", "--output", "json"];
    let describe = [&describe[..], &id].concat();
    loop {
        let said = playground.engine.ask(&describe);
        if said.contains("WORKFLOW_EXECUTION_STATUS_FAILED") {
            break;
        }
        assert!(stopped.elapsed() < FIRST_LOOK, "{said}");
        thread::sleep(Duration::from_millis(500));
    }
}
