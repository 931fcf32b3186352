//! Runs without a person: what a night leaves, and what the next one makes of it.

use std::fs;

use serde_json::{Value, json};

use crate::{
    environment::{Environment, SandboxProcess},
    history::{environment, id_of},
};

const RUN: [&str; 4] = ["run", "p.yaml", "--yes", "--sandbox"];

/// What `status` says of commands that ended without a run.
fn without_a_run(environment: &Environment) -> Vec<Value> {
    let status = environment.run(&["status", "--json"]).expect_code(0);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    status["ended_without_a_run"].as_array().unwrap().clone()
}

#[test]
fn a_night_with_nothing_to_do_or_that_was_refused_is_recorded_and_a_night_that_did_not_run_is_not()
{
    let environment = environment();
    assert_eq!(without_a_run(&environment), [] as [Value; 0]);
    // A look is no night.
    environment
        .run(&["run", "p.yaml", "--dry-run", "--sandbox"])
        .expect_code(0);
    assert!(!environment.path().join(".wf-bulk/history.jsonl").exists());
    environment.run(&RUN).expect_code(0);
    assert_eq!(
        without_a_run(&environment),
        [] as [Value; 0],
        "it has made one"
    );

    environment
        .run(&RUN)
        .expect_code(0)
        .expect_said("nothing to do");
    let nights = without_a_run(&environment);
    assert_eq!(nights.len(), 1);
    assert_eq!(nights[0]["playbook"], "p");
    assert_eq!(nights[0]["exit_code"], 0);
    assert_eq!(
        nights[0]["why"],
        "nothing to do: everything is as the playbook wants it"
    );

    let text = fs::read_to_string(environment.path().join("p.yaml")).unwrap();
    let guarded = format!("{text}guards: {{ scanned: {{ min: 1000000 }} }}\n");
    environment.file("p.yaml", &guarded);
    let arguments = [&RUN[..], &["--json"]].concat();
    let refused = environment.run(&arguments).expect_code(4);
    let refused: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(refused["exit_code"], 4);
    let nights = without_a_run(&environment);
    assert_eq!(nights.len(), 1, "the newest of each playbook");
    assert_eq!(nights[0]["exit_code"], 4);
    let why = nights[0]["why"].as_str().unwrap();
    assert!(why.contains("scanned.min is 1000000"), "{why}");
    environment
        .run(&["status"])
        .expect_code(0)
        .expect_out("ended without a run")
        .expect_out("(exit code 4)");
    environment
        .run(&["status", "--check"])
        .expect_code(0)
        .expect_out("4 records; the files of 1 run");
}

#[test]
fn every_end_of_a_night_prints_one_json_document() {
    let environment = environment();
    for (arguments, code) in [
        (&["resume", "--last", "--json"][..], 0),
        (&["run", "missing.yaml", "--yes", "--sandbox", "--json"], 1),
        (&["run", "p.yaml", "--sandbox", "--json"], 64),
        (
            &[
                "run",
                "p.yaml",
                "--yes",
                "--sandbox",
                "--json",
                "--max-changes",
                "1",
            ],
            4,
        ),
        (&["run", "p.yaml", "--yes", "--sandbox", "--json"], 0),
        (&["run", "p.yaml", "--yes", "--sandbox", "--json"], 0),
        (&["resume", "--last", "--max-age", "soon", "--json"], 64),
    ] {
        let ended = environment.run(arguments).expect_code(code);
        let document: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(document["exit_code"], code, "{arguments:?}");
    }
}

/// A run of a playbook with this name that refusals have stopped, so that it is not finished.
fn stopped(environment: &Environment, sandbox: &SandboxProcess, name: &str) -> String {
    let before = environment.runs();
    let playbook = PLAYBOOK.replace("name: p", &format!("name: {name}"));
    let file = format!("{name}.yaml");
    environment.file(&file, &playbook);
    environment
        .run_on(sandbox, &["run", &file, "--yes"])
        .expect_code(4);
    let mut runs = environment.runs();
    runs.retain(|run| !before.contains(run));
    id_of(&runs.remove(0)).to_owned()
}

const PLAYBOOK: &str = "version: 1
name: p
pace: { rate: 3000/s, burst: 100, concurrency: 1, stop_after: 1 }
select: { executions: { list: {} }, limit: 3 }
actions: [ reassign: { set: [\"7\"] } ]
";

fn refusing() -> SandboxProcess {
    SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true}, "do": {"status": {"code": 400, "message": "no"}}}
    ]}))
}

#[test]
fn of_two_unfinished_runs_last_takes_neither_and_names_both_until_the_playbook_is_given() {
    let sandbox = refusing();
    let environment = Environment::new();
    let (first, second) = (
        stopped(&environment, &sandbox, "a"),
        stopped(&environment, &sandbox, "b"),
    );
    let writes = sandbox.ledger().writes();
    for command in [&["resume", "--last"][..], &["abandon", "--last", "--yes"]] {
        environment
            .run(command)
            .expect_code(1)
            .expect_said("2 runs are not finished")
            .expect_said(&format!("a: wf-bulk {} {first}", command[0]))
            .expect_said(&format!("b: wf-bulk {} {second}", command[0]));
    }
    assert_eq!(sandbox.ledger().writes(), writes);
    // To look at one changes nothing.
    environment
        .run(&["status", "--last"])
        .expect_code(0)
        .expect_out(&second);

    let of_a = ["resume", "--last", "--playbook", "a.yaml", "--json"];
    let resumed = environment.run_on(&sandbox, &of_a).expect_code(4);
    assert_eq!(resumed.json()["run"], first.as_str());
    environment.file("c.yaml", "name: c\n");
    environment
        .run(&["resume", "--last", "--playbook", "c.yaml"])
        .expect_code(0)
        .expect_said("there is no unfinished run");
    environment.file("c.yaml", "a list\n");
    environment
        .run(&["resume", "--last", "--playbook", "c.yaml"])
        .expect_code(1)
        .expect_said("the name of the playbook");
    environment
        .run(&["abandon", &first, "--yes"])
        .expect_code(0);
    environment
        .run(&["abandon", "--last", "--yes"])
        .expect_code(0)
        .expect_said(&format!("run {second} is abandoned"));
}

#[test]
fn a_run_that_was_started_too_long_ago_is_resumed_only_with_a_greater_max_age() {
    let sandbox = refusing();
    let environment = Environment::new();
    let run = stopped(&environment, &sandbox, "a");
    let writes = sandbox.ledger().writes();
    environment
        .run_on(&sandbox, &["resume", &run, "--max-age", "PT0.001S"])
        .expect_code(5)
        .expect_said("too long ago")
        .expect_said(&format!("wf-bulk abandon {run}"));
    assert_eq!(sandbox.ledger().writes(), writes);
    environment
        .run_on(&sandbox, &["resume", &run])
        .expect_code(4);
    assert!(sandbox.ledger().writes() > writes);
    // An ended run changes nothing: its result is shown at any age.
    environment.run(&["abandon", &run, "--yes"]).expect_code(0);
    environment
        .run(&["resume", &run, "--max-age", "PT0.001S"])
        .expect_code(1)
        .expect_said("was abandoned");
}

#[test]
fn a_file_of_days_without_a_day_in_a_year_that_is_needed_is_noted_in_the_plan() {
    let environment = Environment::new();
    environment.file("days.txt", "2019-12-24 Christmas Eve\n");
    let playbook = |calendar: &str| {
        let text = PLAYBOOK
            .replace("reassign: { set: [\"7\"] }", "move_off_holidays")
            .replace("limit: 3", "limit: 30");
        environment.file("p.yaml", &format!("{text}calendar: {calendar}\n"));
        environment
            .run(&["run", "p.yaml", "--sandbox", "--dry-run"])
            .expect_code(0)
            .stdout
    };
    let noted = playbook("[ DE, days.txt ]");
    assert!(
        noted.contains("no file in `calendar` has a day in 20"),
        "{noted}"
    );
    assert!(!playbook("DE").contains("no file in"));
}
