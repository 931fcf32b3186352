//! A worker that is told to stop, as a service manager, Docker and Kubernetes do it.

use std::{
    collections::BTreeSet,
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    evidence::expect_nothing_after_success,
    playground::{Playground, Setting},
    records::Records,
    runs::at,
};

/// What a worker may take to leave when no request takes longer than half a second: the rest is for a slow machine.
const AT_ONCE: Duration = Duration::from_secs(3);

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_worker_that_is_told_to_stop_finishes_what_is_in_flight_and_gives_its_groups_back() {
    let playground = Playground::new(&Setting {
        alone: true,
        faults: json!({"rules": [{"match": {"effect_only": true}, "do": {"latency_ms": 500}}]}),
        ..Setting::new(&at("rate: 100/s, burst: 50, concurrency: 8"))
    });
    let mut leaving = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(20);
    // It has all groups that are under way.
    let _other = playground.worker();
    leaving.signal("TERM");
    let told = Instant::now();
    assert_eq!(leaving.wait(), Some(0), "{}", playground.said());
    let took = told.elapsed();
    assert!(took < AT_ONCE, "it took {took:?}");
    playground.fetch(&run, 0);
    let records = playground.expect_innocent();
    assert!(records.finished && records.resumes > 0);
    let checkpoint = playground.environment.runs()[0].join("checkpoint.jsonl");
    expect_nothing_in_flight_at_each_resume(&fs::read_to_string(checkpoint).unwrap());

    let seen = playground.seen();
    expect_nothing_after_success(&seen);
    assert!(seen.iter().all(|seen| seen.status.is_some()), "{seen:?}");
    // The engine was told, so that no group waited for a heartbeat that does not come any more.
    let histories: String = (0..2)
        .map(|shard| format!("wf-bulk run {run} shard {shard}"))
        .map(|id| ["workflow", "show", "--output", "json", "--workflow-id", &id].map(str::to_owned))
        .map(|show| playground.engine.ask(&show.each_ref().map(String::as_str)))
        .collect();
    assert!(histories.contains("the worker leaves"), "{histories}");
    assert!(!histories.contains("TIMEOUT_TYPE_HEARTBEAT"), "{histories}");
}

/// Whoever goes on with a group finds no change of which it has to find out what became of it.
#[track_caller]
fn expect_nothing_in_flight_at_each_resume(checkpoint: &str) {
    for (place, _) in checkpoint.match_indices(r#""record":{"resumed""#) {
        let before = Records::of(&checkpoint.as_bytes()[..place]);
        assert_eq!(before.in_flight, BTreeSet::new());
    }
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_worker_without_work_ends_at_once() {
    let playground = Playground::new(&Setting::new(&at("rate: 100/s, burst: 50")));
    let mut worker = playground.worker();
    while !playground.said().contains("working on the runs") {
        thread::sleep(Duration::from_millis(20));
    }
    worker.signal("TERM");
    let told = Instant::now();
    assert_eq!(worker.wait(), Some(0), "{}", playground.said());
    let took = told.elapsed();
    assert!(took < AT_ONCE, "it took {took:?}");
}
