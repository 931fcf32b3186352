//! Who may send: nobody without the engine's acknowledgement, nobody whose group another worker has, and soon another worker.

use std::{
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    evidence::{expect_nothing_after_success, expect_order},
    kills::SECONDS,
    playground::{Playground, Setting},
    runs::at,
};

/// As the product has it: without a heartbeat for this time, another worker gets the group.
const HEARTBEAT_TIMEOUT_MS: i64 = 5_000;

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_worker_that_is_frozen_for_longer_than_a_take_over_sends_nothing_any_more() {
    let playground = Playground::new(&Setting {
        faults: json!({"rules": [{"match": {}, "do": {"latency_ms": 20}}]}),
        ..Setting::new(&at(SECONDS))
    });
    let workers = playground.workers(2);
    let run = playground.submit("engine.plan");
    for (before, worker) in workers.iter().enumerate() {
        playground.wait_for_writes(15 * (before + 1));
        worker.signal("STOP");
        thread::sleep(Duration::from_secs(8));
        worker.signal("CONT");
    }
    playground.fetch(&run, 0);
    let records = playground.expect_innocent();
    assert!(records.finished && records.resumes > 0);
    let seen = playground.seen();
    expect_nothing_after_success(&seen);
    expect_order(&seen, 20, &records);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn while_the_engine_does_not_acknowledge_no_change_is_sent() {
    // Each worker has reserved requests for more than two seconds in advance: the missing acknowledgement alone stops it.
    let playground = Playground::new(&Setting {
        own_engine: true,
        executions: 60,
        ..Setting::new(&at("rate: 8/s, burst: 80, concurrency: 8"))
    });
    let _workers = playground.workers(2);
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(40);
    thread::sleep(Duration::from_secs(2));
    playground.engine.signal("STOP");
    let stopped = now_ms();
    // Until the workers have seen that, too.
    thread::sleep(Duration::from_secs(12));
    let writes: Vec<i64> = playground
        .seen()
        .iter()
        .filter(|seen| seen.is_write)
        .map(|seen| seen.unix_ms)
        .collect();
    playground.engine.signal("CONT");
    // What was acknowledged just before may still be on its way.
    let late: Vec<i64> = writes
        .iter()
        .map(|at| at - stopped)
        .filter(|ms| *ms > 200)
        .collect();
    assert!(late.is_empty(), "{late:?}");
    assert!(playground.said().contains("does not answer"));
    playground.fetch(&run, 0);
    assert!(playground.said().contains("answers again"));
    assert!(playground.expect_innocent().finished);
    expect_nothing_after_success(&playground.seen());
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn the_groups_of_a_dead_worker_are_taken_over_in_time_and_the_others_go_on() {
    let playground = Playground::new(&Setting {
        alone: true,
        faults: json!({"rules": [{"match": {"effect_only": true}, "do": {"latency_ms": 400}}]}),
        ..Setting::new(&at("rate: 100/s, burst: 50, concurrency: 12"))
    });
    let mut workers = playground.workers(3);
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(30);
    workers[0].kill();
    let killed = now_ms();
    playground.fetch(&run, 0);
    assert!(playground.expect_innocent().finished);

    let seen = playground.seen();
    let cut_off: Vec<(usize, &str)> = seen
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.is_write && seen.status.is_none())
        .map(|(place, seen)| (place, seen.execution.as_deref().unwrap()))
        .collect();
    assert!(!cut_off.is_empty(), "the kill came between two requests");
    for (place, execution) in &cut_off {
        let next = seen[place + 1..]
            .iter()
            .find(|seen| seen.execution.as_deref() == Some(execution))
            .unwrap();
        let after = next.unix_ms - killed;
        assert!(after < HEARTBEAT_TIMEOUT_MS + 5_000, "{after} ms");
    }
    // Two seconds at most for what the dead worker had of the workflows.
    let meanwhile: Vec<i64> = seen
        .iter()
        .filter(|seen| seen.is_write)
        .map(|seen| seen.unix_ms - killed)
        .filter(|after| (0..HEARTBEAT_TIMEOUT_MS).contains(after))
        .collect();
    assert!(meanwhile.len() > 15, "the others waited: {meanwhile:?}");
}

const START: &str = "version: 1
name: start
pace: { rate: 100/s, burst: 10, concurrency: 2 }
select: { entities: { list: [ { id: c1, schema: contact }, { id: c2, schema: contact }, { id: c3, schema: contact }, { id: c4, schema: contact } ] } }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_change_in_doubt_that_happens_once_is_sent_again_only_when_a_person_says_so() {
    // The answer to the second one takes so long that its worker is killed before.
    let playground = Playground::new(&Setting {
        faults: json!({"rules": [
            {"match": {"effect_only": true, "nth": 2}, "do": {"slow_body_ms": 1_800}}
        ]}),
        ..Setting::new(START)
    });
    let mut worker = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(2);
    worker.kill();
    let _other = playground.worker();
    let ended = playground.fetch(&run, 6).json();
    let outcomes = |ended: &Value| {
        let of = |name: &str| ended["outcomes"][name].as_u64().unwrap();
        (of("applied"), of("in_doubt"))
    };
    assert_eq!(outcomes(&ended), (3, 1));
    assert_eq!(playground.writes(), 4, "it was not sent again");
    let records = playground.expect_innocent();
    assert_eq!(records.open().len(), 1);
    let list = playground.environment.runs()[0].join("in_doubt.csv");
    let listed = std::fs::read_to_string(list).unwrap();
    assert_eq!(listed.lines().count(), 2, "{listed}");

    // Without an answer it stays so.
    playground.fetch(&run, 6);
    assert_eq!(playground.writes(), 4);
    let ended = playground.resume(&run, &["--in-doubt", "retry"], 0).json();
    assert_eq!(outcomes(&ended), (4, 0));
    assert_eq!(playground.writes(), 5);
}
