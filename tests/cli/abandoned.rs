//! What an abandoned run did counts when the same is to be done again.

use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

/// Four executions are started, one after another; the first that fails or is in doubt stops the run.
const START: &str = "version: 1
name: start
pace: { rate: 3000/s, burst: 100, concurrency: 1, max_errors: 1 }
select: { entities: { list: [ { id: c1, schema: contact }, { id: c2, schema: contact }, { id: c3, schema: contact }, { id: c4, schema: contact } ] } }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";

const RUN: [&str; 4] = ["run", "start.yaml", "--yes", "--json"];

fn on(faults: &Value) -> (SandboxProcess, Environment) {
    let environment = Environment::new();
    environment.file("start.yaml", START);
    (SandboxProcess::with_faults(faults), environment)
}

/// Abandons the only run.
fn abandon(environment: &Environment) -> String {
    let run = environment.runs().remove(0);
    let id = run.file_name().unwrap().to_str().unwrap().to_owned();
    environment.run(&["abandon", &id, "--yes"]).expect_code(0);
    id
}

#[test]
fn what_an_abandoned_run_applied_or_left_in_doubt_is_not_repeated_unasked() {
    let (sandbox, environment) = on(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 3}, "do": "drop_after_effect"}
    ]}));
    let document = environment.run_on(&sandbox, &RUN).expect_code(6).json();
    assert_eq!(document["outcomes"]["applied"], 2, "{document}");
    assert_eq!(document["outcomes"]["in_doubt"], 1, "{document}");
    let id = abandon(&environment);

    environment
        .run_on(&sandbox, &RUN)
        .expect_code(1)
        .expect_said("did this already (2 applied + 1 in_doubt) before it was abandoned")
        .expect_said(&format!("wf-bulk status {id}"))
        .expect_said("add --again");
    assert_eq!(sandbox.ledger().effects().len(), 3);
    let again = [&RUN[..], &["--again"]].concat();
    environment.run_on(&sandbox, &again).expect_code(0);
    assert_eq!(sandbox.ledger().effects().len(), 7);
}

#[test]
fn a_run_that_did_nothing_is_no_reason_against_another_one_whether_it_was_abandoned_or_is_finished()
{
    let refuses = json!({"rules": [
        {"match": {"effect_only": true, "to": 4}, "do": {"status": {"code": 400, "message": "not now"}}}
    ]});
    let (sandbox, environment) = on(&refuses);
    environment.run_on(&sandbox, &RUN).expect_code(4);
    abandon(&environment);
    assert_eq!(sandbox.ledger().effects().len(), 0);
    // Three more are refused, and nothing is left of this run.
    let lenient = START.replace("max_errors: 1", "max_errors: 9");
    environment.file("start.yaml", &lenient);
    let document = environment.run_on(&sandbox, &RUN).expect_code(3).json();
    assert_eq!(
        (
            &document["outcomes"]["refused"],
            &document["outcomes"]["applied"]
        ),
        (&json!(3), &json!(1)),
        "{document}"
    );
    environment
        .run_on(&sandbox, &RUN)
        .expect_code(1)
        .expect_said("did this already (1 applied)");

    let (sandbox, environment) = on(&refuses);
    environment.file("start.yaml", &lenient);
    let document = environment.run_on(&sandbox, &RUN).expect_code(3).json();
    assert_eq!(document["outcomes"]["refused"], 4, "{document}");
    environment.run_on(&sandbox, &RUN).expect_code(0);
    assert_eq!(sandbox.ledger().effects().len(), 4);
}

#[test]
fn a_run_that_can_not_be_read_may_have_done_it() {
    let (sandbox, environment) = on(&json!({"rules": []}));
    environment.run_on(&sandbox, &RUN).expect_code(0);
    let run = environment.runs().remove(0);
    let again = [&RUN[..], &["--again"]].concat();
    for broken in ["checkpoint.jsonl", "run.json"] {
        let path = run.join(broken);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.replace("\"run\"", "\"nur\"")).unwrap();
        for run in [&RUN[..], &again] {
            environment
                .run_on(&sandbox, run)
                .expect_code(1)
                .expect_said("it is unknown what it did")
                .expect_said("move its folder");
        }
        std::fs::write(&path, whole).unwrap();
    }
    assert_eq!(sandbox.ledger().effects().len(), 4);
}
