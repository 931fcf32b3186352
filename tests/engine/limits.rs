//! The limits of a run hold over all workers: its rate, the pause of the service, the errors that it may have, its stages.

use std::{thread, time::Duration};

use serde_json::json;

use crate::{
    evidence::{expect_pace, expect_stages},
    kills::SECONDS,
    playground::{Playground, Setting},
    runs::{MIXED, at},
};

fn seconds() -> u64 {
    std::env::var("WF_BULK_ENGINE_SECONDS").map_or(25, |seconds| seconds.parse().unwrap())
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn two_runs_and_four_workers_keep_one_rate_and_one_pause() {
    const WORKERS: usize = 4;
    const REST_MS: i64 = 4_000;
    let pace = "rate: 8/s, burst: 4, concurrency: 8";
    let mut playground = Playground::new(&Setting {
        alone: true,
        executions: 400,
        faults: json!({"rules": [
            {"match": {"effect_only": true, "nth": 40}, "do": {"status": {"code": 429, "retry_after": 4}}}
        ]}),
        ..Setting::new(&at(pace))
    });
    let other = at(pace)
        .replace("name: engine", "name: other")
        .replace("77777", "88888");
    playground.plan("other", &other);
    let _workers = playground.workers(WORKERS);
    for plan in ["engine.plan", "other.plan"] {
        playground.submit(plan);
    }
    let length = seconds();
    thread::sleep(Duration::from_secs(length));

    let seen = playground.seen();
    expect_pace(&seen, 8, 4);
    // Without the pause, and the time in which the workers began.
    let least = usize::try_from(8 * length.saturating_sub(9)).unwrap();
    assert!(seen.len() > least, "{} requests", seen.len());
    let throttled = seen.iter().find(|seen| seen.status == Some(429)).unwrap();
    let rest = throttled.unix_ms + 1..throttled.unix_ms + REST_MS;
    let during = seen.iter().filter(|seen| rest.contains(&seen.unix_ms));
    let during: Vec<i64> = during.map(|seen| seen.unix_ms - rest.start).collect();
    assert!(during.len() <= WORKERS, "{during:?}");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn exactly_as_many_changes_fail_as_may() {
    // Those alone that may be sent again: a kill leaves no doubt about them.
    let playbook = MIXED
        .replace(
            "  - run_schedule_now:\n    when: task.status == \"SCHEDULED\"\n",
            "",
        )
        .replace("allow: [ run_schedule_now ], ", "")
        .replace(
            "rate: 400/s, burst: 100",
            "stop_after: 1000, max_errors: 5, rate: 6/s, burst: 2",
        );
    let playground = Playground::new(&Setting {
        faults: json!({"rules": [
            {"match": {"effect_only": true}, "do": {"status": {"code": 400, "message": "no"}}}
        ]}),
        ..Setting::new(&playbook)
    });
    let mut workers = playground.workers(3);
    let run = playground.submit("engine.plan");
    for (before, worker) in workers.iter_mut().enumerate() {
        playground.wait_for_writes(before + 1);
        worker.kill();
        *worker = playground.worker();
    }
    let ended = playground.fetch(&run, 4).json();
    assert_eq!(ended["outcomes"]["refused"], 5, "{ended}");
    let seen = playground.seen();
    let mut refused: Vec<u64> = seen
        .iter()
        .filter(|seen| seen.status == Some(400))
        .map(|seen| seen.line.unwrap())
        .collect();
    refused.sort_unstable();
    refused.dedup();
    assert_eq!(refused.len(), 5);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn no_request_of_a_later_stage_leaves_before_the_earlier_ones_are_settled() {
    let ends = [4, 10, 25];
    let pace = format!("stages: [4, 10, 25], {SECONDS}");
    let playground = Playground::new(&Setting {
        faults: json!({"rules": [{"match": {"effect_only": true}, "do": {"latency_ms": 100}}]}),
        ..Setting::new(&at(&pace))
    });
    let mut executions: Vec<&str> = Vec::new();
    let mut before = Vec::new();
    for (place, planned) in playground.planned.iter().enumerate() {
        if executions.last() != Some(&planned.execution.as_str()) {
            executions.push(&planned.execution);
            if ends.contains(&(executions.len() - 1)) {
                before.push(place);
            }
        }
    }
    let mut worker = playground.worker();
    let run = playground.submit("engine.plan");
    // A kill at the end of each stage.
    for writes in before {
        playground.wait_for_writes(writes);
        worker.kill();
        worker = playground.worker();
    }
    playground.fetch(&run, 0);
    assert!(playground.expect_innocent().finished);
    expect_stages(&playground.planned, &playground.seen(), &ends);
}
