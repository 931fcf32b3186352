//! The result of a run that has come to its end, asked for once more.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

const PLAYBOOK: &str = "version: 1
name: p
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 3 }
actions: [ reassign: { set: [\"7\"] } ]
";

const RUN: [&str; 4] = ["run", "p.yaml", "--yes", "--json"];

fn id_of(run: &Path) -> String {
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

fn json_in(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The second of three changes is refused.
fn environment() -> (SandboxProcess, Environment) {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 2}, "do": {"status": {"code": 400, "message": "no way"}}}
    ]}));
    (sandbox, environment)
}

#[test]
fn resuming_a_finished_run_gives_its_report_and_its_exit_code_again() {
    let (sandbox, environment) = environment();
    let first = environment.run_on(&sandbox, &RUN).expect_code(3);
    let run = environment.runs().remove(0);
    let id = id_of(&run);
    // Neither a token nor the service is needed.
    drop(sandbox);
    let resume = || environment.run(&["resume", &id, "--json"]).expect_code(3);
    let again = resume().expect_said("has ended and can't be resumed");
    assert_eq!(again.json(), first.json());
    let text = environment.run(&["resume", &id]).expect_code(3);
    let text = text.expect_said("3 planned = 2 applied + 1 refused");
    assert_eq!(text.stdout, "");

    // The process was killed between the last record and the report, or in a report of an earlier session.
    let (report, failed) = (run.join("report.json"), run.join("failed.csv"));
    let (whole, rows) = (json_in(&report), fs::read_to_string(&failed).unwrap());
    for left in [None, Some("{\"problems\":["), Some("{\"finished\":false}")] {
        match left {
            None => fs::remove_file(&report).unwrap(),
            Some(text) => fs::write(&report, text).unwrap(),
        }
        fs::write(&failed, "").unwrap();
        let last = || environment.run(&["resume", "--last", "--json"]);
        let document = last().expect_code(3).json();
        for field in [
            "planned",
            "outcomes",
            "finished",
            "exit_code",
            "plan_sha256",
        ] {
            assert_eq!(document[field], first.json()[field], "{field}");
        }
        assert_eq!(json_in(&report)["problems"], whole["problems"]);
        assert_eq!(fs::read_to_string(&failed).unwrap(), rows);
        last()
            .expect_code(0)
            .expect_said("there is no unfinished run");
    }
    // A record is another one: what it came to is not known any more.
    let checkpoint = run.join("checkpoint.jsonl");
    let records = fs::read_to_string(&checkpoint).unwrap();
    fs::write(&checkpoint, records.replace("\"refused\"", "\"applied\"")).unwrap();
    environment.forget_history();
    environment
        .run(&["resume", &id, "--json"])
        .expect_code(1)
        .expect_said("is damaged");
}

#[test]
fn an_abandoned_run_can_not_be_resumed_and_says_what_it_came_to() {
    let (sandbox, environment) = environment();
    let stopped = [&RUN[..], &["--max-errors", "1"]].concat();
    environment.run_on(&sandbox, &stopped).expect_code(4);
    let run = environment.runs().remove(0);
    let id = id_of(&run);
    environment.run(&["abandon", &id, "--yes"]).expect_code(0);
    let ended = environment.run(&["resume", &id, "--json"]).expect_code(1);
    let ended = ended.expect_said("was abandoned and can't be resumed");
    let document = ended.expect_said("3 planned = 1 applied + 1 refused + 1 not_attempted");
    let document = document.json();
    assert_eq!(document["stopped"]["reason"], "abandoned");
    assert_eq!(document["exit_code"], 1);
    assert_eq!(
        json_in(&run.join("report.json"))["stopped"],
        document["stopped"]
    );
}

#[test]
fn nothing_to_resume_is_well_and_a_document() {
    let (sandbox, environment) = environment();
    let resume = || {
        let ended = environment.run(&["resume", "--last", "--json"]);
        let ended = ended.expect_code(0);
        let document = ended.expect_said("there is no unfinished run").json();
        assert_eq!(
            (&document["run"], &document["planned"]),
            (&Value::Null, &json!(0))
        );
    };
    resume();
    // What is finished is not gone on with, however it ended: a nightly job goes on to its next run.
    environment.run_on(&sandbox, &RUN).expect_code(3);
    resume();
}

#[test]
fn the_status_of_a_run_that_can_not_be_read_is_an_error_and_hides_no_other() {
    let (sandbox, environment) = environment();
    environment.run_on(&sandbox, &RUN).expect_code(3);
    let broken = environment.runs().remove(0);
    environment.run_on(&sandbox, &RUN).expect_code(0);
    for file in ["checkpoint.jsonl", "run.json"] {
        let whole = fs::read_to_string(broken.join(file)).unwrap();
        fs::write(broken.join(file), "{}").unwrap();
        let id = id_of(&broken);
        environment.run(&["status", &id]).expect_code(1);
        environment.run(&["status", &id, "--json"]).expect_code(1);
        let all = environment.run(&["status", "--json"]).expect_code(0);
        let all = all
            .expect_said("not a run that can be read")
            .expect_said(&id);
        let document: Value = serde_json::from_str(&all.stdout).unwrap();
        assert_eq!(document["runs"].as_array().unwrap().len(), 1, "{file}");
        let unreadable = document["unreadable"].as_array().unwrap();
        assert_eq!(unreadable.len(), 1, "{file}");
        assert!(unreadable[0]["folder"].as_str().unwrap().contains(&id));
        fs::write(broken.join(file), whole).unwrap();
    }
}

#[test]
fn a_report_is_not_made_of_the_records_of_another_run() {
    let (sandbox, environment) = environment();
    environment.run_on(&sandbox, &RUN).expect_code(3);
    let first = environment.runs().remove(0);
    environment.run_on(&sandbox, &RUN).expect_code(0);
    let second = environment.runs().into_iter().find(|run| *run != first);
    let records = second.unwrap().join("checkpoint.jsonl");
    fs::copy(records, first.join("checkpoint.jsonl")).unwrap();
    environment.forget_history();
    environment
        .run(&["resume", &id_of(&first), "--json"])
        .expect_code(1)
        .expect_said("is not of this run and its plan");
}
