//! Mistakes on the command line and in files: what is wrong, where, and what to write; in words and as JSON.

use serde_json::{Value, json};

use crate::environment::{Ended, Environment};

const PLAYBOOK: &str = "version: 1\nname: p\npace: { rate: 3000/s }\n\
                        select: { executions: { list: {} }, limit: 2 }\nactions: [ reassign: { set: [\"7\"] } ]\n";

fn environment() -> Environment {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    environment.file(
        "wrong.yaml",
        &PLAYBOOK
            .replace("reassign:", "resign:")
            .replace("name: p", "nam: p"),
    );
    environment
        .run(&["plan", "p.yaml", "-o", "x.plan", "--sandbox"])
        .expect_code(0);
    environment
}

#[test]
fn what_was_mistaken_for_something_else_is_named_with_what_to_write() {
    let environment = environment();
    let run = ["run", "p.yaml", "--sandbox", "--yes"];
    environment.run(&run).expect_code(0);
    let folder = environment.runs().remove(0).display().to_string();
    for (line, code, said, cure) in [
        (
            "run x.plan --sandbox --yes",
            1,
            "x.plan is a plan, not a playbook",
            "wf-bulk apply x.plan",
        ),
        (
            "plan x.plan -o y.plan --sandbox",
            1,
            "x.plan is a plan, not a playbook",
            "wf-bulk show x.plan",
        ),
        (
            "validate x.plan",
            1,
            "x.plan is a plan, not a playbook",
            "wf-bulk show x.plan",
        ),
        (
            "validate .",
            1,
            ". is a folder, not a playbook",
            "name a playbook",
        ),
        (
            "apply p.yaml --sandbox --yes",
            1,
            "p.yaml is a playbook, not a plan",
            "wf-bulk run p.yaml",
        ),
        (
            "show p.yaml",
            1,
            "p.yaml is a playbook, not a plan",
            "wf-bulk plan p.yaml -o FILE",
        ),
        (
            "diff p.yaml x.plan",
            1,
            "p.yaml is a playbook, not a plan",
            "wf-bulk plan p.yaml -o FILE",
        ),
        ("show .", 1, ". is a folder, not a plan", "name a plan"),
        (
            "resume x.plan",
            1,
            "x.plan is a plan; a run is named by its id",
            "wf-bulk apply x.plan",
        ),
        (
            "status x.plan",
            1,
            "x.plan is a plan; a run is named by its id",
            "wf-bulk show x.plan",
        ),
        (
            "abandon p.yaml",
            1,
            "p.yaml is a playbook; a run is named by its id",
            "wf-bulk status",
        ),
        (
            &format!("status {folder}"),
            1,
            "is the folder of a run",
            "the last part of the path",
        ),
        (
            "show x.plan -o json",
            64,
            "unexpected argument '-o'",
            "--format json",
        ),
        (
            "run p.yaml --check",
            64,
            "unexpected argument '--check'",
            "--dry-run",
        ),
        (
            "rollback",
            64,
            "unrecognized subcommand 'rollback'",
            "wf-bulk undo RUN",
        ),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        environment
            .run(&arguments)
            .expect_code(code)
            .expect_said(said)
            .expect_said(cure);
    }
}

/// The one document on standard output; its exit code is that of the process.
#[track_caller]
fn document(ended: &Ended) -> Value {
    let document: Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {:?}\n{}", ended.stdout, ended.stderr));
    assert_eq!(document["exit_code"], ended.code, "{document}");
    for error in document["errors"].as_array().unwrap() {
        assert!(!error["message"].as_str().unwrap().is_empty());
        for name in ["file", "line", "column", "help", "causes"] {
            assert!(error.get(name).is_some(), "{name} is missing: {error}");
        }
    }
    document
}

#[test]
fn validate_lists_every_mistake_as_json() {
    let environment = environment();
    let ended = environment
        .run(&["validate", "wrong.yaml", "--json"])
        .expect_code(1)
        .expect_said("did you mean `reassign`?");
    let errors = document(&ended)["errors"].clone();
    let places: Vec<Value> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| json!([error["file"], error["line"], error["column"]]))
        .collect();
    assert!(
        places.contains(&json!(["wrong.yaml", 2, 1]))
            && places.contains(&json!(["wrong.yaml", 5, 12])),
        "{errors:#}"
    );
    let helps: Vec<&str> = errors
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["help"].as_str())
        .collect();
    assert!(helps.contains(&"did you mean `reassign`?"), "{errors:#}");

    let several = ["validate", "p.yaml", "wrong.yaml", "none.yaml", "--json"];
    let ended = environment.run(&several).expect_code(1);
    let several = document(&ended)["errors"].as_array().unwrap().len();
    assert_eq!(several, errors.as_array().unwrap().len() + 1);
    let ended = environment
        .run(&["validate", "p.yaml", "--json"])
        .expect_code(0);
    assert_eq!(document(&ended), json!({"errors": [], "exit_code": 0}));
}

#[test]
fn help_and_the_version_are_no_errors_and_come_without_a_document() {
    let environment = Environment::new();
    for line in ["--help --json", "run --help --json", "--version --json"] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let ended = environment.run(&arguments).expect_code(0);
        assert!(
            !ended.stdout.contains("exit_code\":"),
            "{line}: {}",
            ended.stdout
        );
        assert_eq!(ended.stderr, "", "{line}");
        let without = environment
            .run(&arguments[..arguments.len() - 1])
            .expect_code(0);
        assert_eq!(ended.stdout, without.stdout, "{line}");
    }
}

#[test]
fn every_error_is_one_document_and_has_the_same_exit_code_as_without() {
    let environment = environment();
    environment.file("broken.plan", "{\"wf_bulk_plan\":1}\n");
    for line in [
        "validate none.yaml",
        "plan wrong.yaml -o y.plan --sandbox",
        "plan p.yaml -o p.yaml --sandbox",
        "plan p.yaml --sandbox",
        "run wrong.yaml --sandbox --yes",
        "run p.yaml --sandbox",
        "run p.yaml --sandbox --yes --max-changes 1",
        "run p.yaml --sandbox --yes --check",
        "run p.yaml --server https://service.example --yes",
        "run p.yaml --sandbox --yes --only-file none.txt",
        "apply broken.plan --sandbox --yes",
        "apply x.plan --sandbox --yes --max-age 1ns",
        "apply x.plan --server http://127.0.0.1:1 --token t --yes",
        "show broken.plan",
        "diff x.plan none.plan",
        "resume 0192",
        "status 0192",
        "undo",
        "schema",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let without = environment.run(&arguments);
        let ended = environment.run(&[&arguments[..], &["--json"]].concat());
        if line != "schema" {
            assert_eq!(ended.code, without.code, "{line}: {}", ended.stderr);
        }
        assert_ne!(ended.code, 0, "{line}");
        let errors = document(&ended)["errors"].as_array().unwrap().len();
        assert!(errors > 0, "{line}");
        assert!(!ended.stderr.is_empty(), "people are told, too: {line}");
    }
    let ended = environment.run(&["show", "broken.plan", "--format", "json"]);
    let error = document(&ended)["errors"][0].clone();
    assert_eq!(
        (&error["file"], &error["line"]),
        (&json!("broken.plan"), &json!(1))
    );
}
