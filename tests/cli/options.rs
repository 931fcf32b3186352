//! A flag that is accepted has its effect.

use serde_json::json;

use crate::environment::{Environment, SandboxProcess};

const RESUME: [&str; 6] = [
    "resume",
    "--last",
    "--max-errors",
    "9",
    "--token",
    "sandbox",
];

const PLAYBOOK: &str = "version: 1
name: p
pace: { rate: 3000/s, burst: 100, concurrency: 1, max_errors: 1 }
select: { flows: { entities: { query: \"_schema:opportunity\" } }, limit: 2 }
actions: [ reassign: { set: [\"7\"] } ]
";

/// A run of two changes that was stopped with the first one refused.
fn stopped(faults: &serde_json::Value) -> (SandboxProcess, Environment) {
    let sandbox = SandboxProcess::with_faults_and(faults, &["--executions", "30"]);
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    let run = ["run", "p.yaml", "--yes", "--timeout", "1"];
    environment.run_on(&sandbox, &run).expect_code(4);
    (sandbox, environment)
}

#[test]
fn a_session_takes_its_own_timeout() {
    // From the second one on, a read takes longer than a request of the first session may.
    let (sandbox, environment) = stopped(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 1}, "do": {"status": {"code": 400}}},
        {"match": {"method": "GET", "from": 2}, "do": {"latency_ms": 2500}}
    ]}));
    let resume = [
        "resume",
        "--last",
        "--json",
        "--max-errors",
        "9",
        "--timeout",
        "30",
    ];
    let document = environment.run_on(&sandbox, &resume).expect_code(3).json();
    assert_eq!(
        (
            &document["outcomes"]["applied"],
            &document["outcomes"]["refused"]
        ),
        (&json!(1), &json!(1)),
        "{document}"
    );
}

#[test]
fn a_run_goes_on_where_it_was_started_and_flags_that_say_otherwise_are_refused() {
    let (sandbox, environment) = stopped(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 1}, "do": {"status": {"code": 400}}}
    ]}));
    for elsewhere in [
        &["--server", "http://127.0.0.1:1"][..],
        &["--sandbox"],
        &["--org", "9999"],
    ] {
        environment
            .run(&[&RESUME[..], elsewhere].concat())
            .expect_code(64)
            .expect_said("was started");
    }
    assert_eq!(sandbox.ledger().effects().len(), 0);
    let here = ["--server", &sandbox.url(), "--org", "4711"];
    environment
        .run(&[&RESUME[..], &here].concat())
        .expect_code(3);
    assert_eq!(sandbox.ledger().effects().len(), 1);
}

#[test]
fn a_flag_that_means_nothing_to_a_command_is_wrong_usage() {
    let environment = Environment::new();
    environment
        .run(&["status", "--org", "1"])
        .expect_code(64)
        .expect_said("`wf-bulk status` makes no requests, so --org has no effect");
}

#[test]
fn the_commands_that_go_on_with_a_run_name_the_time_limit_that_it_needed() {
    let faults = json!({"rules": [
        {"match": {"effect_only": true, "nth": 1}, "do": {"status": {"code": 400}}}
    ]});
    let sandbox = SandboxProcess::with_faults_and(&faults, &["--executions", "30"]);
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    let run = ["run", "p.yaml", "--yes", "--timeout", "60"];
    let stopped = environment.run_on(&sandbox, &run).expect_code(4);
    let goes_on = "--timeout 60";
    assert!(
        (stopped.stdout + &stopped.stderr).contains(goes_on),
        "the result of the run"
    );
    environment
        .run(&["status"])
        .expect_code(0)
        .expect_out(goes_on);
    environment
        .run(&["status", "--last"])
        .expect_code(0)
        .expect_out(goes_on);
    let ended = environment.run(&RESUME).expect_code(3);
    // The session had the default.
    assert!(!ended.stderr.contains("--timeout"), "{ended:?}");
    environment
        .run(&["status"])
        .expect_code(0)
        .expect_out("wf-bulk retry");
}

#[test]
fn an_empty_id_is_no_run_and_answers_for_all_need_one() {
    let environment = Environment::new();
    for command in [
        "undo", "retry", "verify", "report", "resume", "status", "abandon",
    ] {
        environment
            .run(&[command, ""])
            .expect_code(64)
            .expect_said("the id of the run is empty");
    }
    environment
        .run(&["resume", "--in-doubt", "skip"])
        .expect_code(64)
        .expect_said("--last");
}
