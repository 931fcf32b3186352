//! What faults have shown and the table of faults does not ask for.

use serde_json::json;
use wf_bulk::action::Repeat;

use super::{
    actions::{SUBJECTS, Subject},
    cells, faulty, run_one,
};
use crate::environment::{Ended, Environment, SandboxProcess};

fn run(subject: &Subject, rules: &serde_json::Value) -> (SandboxProcess, Ended) {
    let sandbox = faulty(&json!({ "rules": rules }), subject.executions());
    let environment = Environment::new();
    let file = subject.prepare(&environment, &sandbox);
    let ended = run_one(&environment, &sandbox, &file);
    (sandbox, ended)
}

#[test]
fn a_change_in_doubt_says_what_to_look_at() {
    let once = SUBJECTS
        .iter()
        .filter(|subject| subject.repeat == Repeat::Once);
    cells::all(once.map(|subject| {
        (subject.name(), move || {
            let lost =
                json!([{"match": {"effect_only": true, "nth": 1}, "do": "drop_after_effect"}]);
            let (_, ended) = run(subject, &lost);
            let ended = ended.expect_code(6);
            let line = ended
                .stderr
                .lines()
                .find(|line| line.contains("look whether"));
            let (_, what) = line.unwrap().split_once("look whether").unwrap();
            assert!(
                !what.trim().is_empty(),
                "nothing is named: {}",
                ended.stderr
            );
        })
    }));
}

#[test]
fn a_refusal_after_a_proof_that_came_too_early_is_not_the_end_of_a_change_that_took_effect() {
    // The service works on the first request for longer than the timeout: a read right after the timeout finds
    // nothing, so it is sent again, and by then the first is done.
    let rules = json!([
        {"match": {"effect_only": true, "nth": 1}, "do": {"latency_ms": 1800}},
        {"match": {"effect_only": true, "nth": 2}, "do": {"latency_ms": 900}},
    ]);
    // Those that the service refuses a second time.
    let kinds = ["run_schedule_now", "cancel_schedule", "add_task"];
    let subjects = SUBJECTS
        .iter()
        .filter(|subject| kinds.contains(&subject.action));
    cells::all(subjects.map(|subject| {
        (subject.name(), || {
            let (sandbox, ended) = run(subject, &rules);
            assert_eq!(sandbox.ledger().effects().len(), 1);
            let document = ended.json();
            assert_eq!(document["outcomes"]["refused"], 0, "{}", ended.stderr);
            assert_eq!(document["outcomes"]["applied"], 1, "{}", ended.stderr);
        })
    }));
}
