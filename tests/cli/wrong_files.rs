//! Files that are not what they are taken for: named, with what to do, by `validate` as by `run`.

use std::{fs::File, process::Command};

use crate::environment::{Ended, Environment};

const SELECT: &str =
    "version: 1\nname: p\nselect: { SOURCE }\nactions: [ reassign: { set: [\"7\"] } ]\n";

const SOURCES: [&str; 3] = [
    "rows: { file: rows.csv, id: execution_id }",
    "ids: { file: rows.csv }",
    "flows: { entities: { file: rows.csv } }",
];

#[test]
fn a_file_of_rows_that_can_not_be_read_is_a_mistake_before_anything_is_requested() {
    let environment = Environment::new();
    for (bytes, said) in [
        (&b"i\0d\0,\0x\0\n\0"[..], "this is UTF-16, not UTF-8"),
        (b"i\0\0\0d\0\0\0", "this is UTF-32, not UTF-8"),
        (b"id,id\n1,2\n", "the column \"id\" is there twice"),
        (b"PK\x03\x04\x14\0\x06\0", "is an Excel workbook"),
        (b"\x1f\x8b\x08\0", "is a gzip file"),
        (b"{\n  \"id\": \"x\"\n}\n", "jq -c ."),
    ] {
        std::fs::write(environment.path().join("rows.csv"), bytes).unwrap();
        for source in SOURCES {
            environment.file("p.yaml", &SELECT.replace("SOURCE", source));
            for command in ["validate p.yaml", "run p.yaml --sandbox --dry-run"] {
                let words: Vec<&str> = command.split(' ').collect();
                environment.run(&words).expect_code(1).expect_said(said);
            }
        }
    }
    std::fs::write(environment.path().join("rows.csv"), "").unwrap();
    environment.file("p.yaml", &SELECT.replace("SOURCE", SOURCES[0]));
    environment
        .run(&["validate", "p.yaml"])
        .expect_code(1)
        .expect_said("rows.csv, line 1: the file is empty: it has no header");
}

#[test]
fn a_json_row_without_its_key_says_which_keys_there_are() {
    let environment = Environment::new();
    environment.file("rows.csv", "{\"ID\": \"f-1\", \"to\": \"x\"}\n");
    for (source, key) in SOURCES.into_iter().zip(["execution_id", "id", "entity_id"]) {
        environment.file("p.yaml", &SELECT.replace("SOURCE", source));
        let ended = environment
            .run(&["run", "p.yaml", "--sandbox", "--dry-run"])
            .expect_code(3);
        let said = format!("row 1: the object has no key {key}; it has ID, to");
        assert!(ended.stdout.contains(&said), "{}", ended.stdout);
    }
}

const PLAYBOOK: &str = "version: 1\nname: p\nselect: { executions: { list: {} }, limit: 2 }\nactions: [ reassign: { set: [\"7\"] } ]\n";

/// Runs a command with a file, which is no pipe, as standard input.
fn with_stdin(environment: &Environment, arguments: &[&str], file: &str) -> Ended {
    let input = File::open(environment.path().join(file)).unwrap();
    let output = environment.command(arguments).stdin(input).output();
    Ended::from(output.unwrap())
}

#[test]
fn a_playbook_may_come_from_standard_input_and_a_plan_may_not() {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    environment.file("rows.csv", "id\nx\n");
    environment
        .run(&["plan", "p.yaml", "-o", "x.plan", "--sandbox"])
        .expect_code(0);
    with_stdin(&environment, &["validate", "-"], "p.yaml")
        .expect_code(0)
        .expect_said("standard input: p is valid");
    with_stdin(&environment, &["validate", "-"], "rows.csv")
        .expect_code(1)
        .expect_said("standard input has 1 mistake");
    let run = ["run", "-", "--sandbox", "--dry-run"];
    let ended = with_stdin(&environment, &run, "p.yaml").expect_code(0);
    assert!(
        ended.stdout.contains("wf-bulk run PLAYBOOK --sandbox"),
        "{}",
        ended.stdout
    );
    // Its files are found where the command is typed.
    environment.file("ids.yaml", &SELECT.replace("SOURCE", SOURCES[1]));
    for name in ["-", "/dev/stdin"] {
        with_stdin(&environment, &["validate", name], "ids.yaml").expect_code(0);
    }
    with_stdin(&environment, &["validate", "-", "/dev/stdin"], "p.yaml")
        .expect_code(64)
        .expect_said("standard input can be read once");
    for command in [
        "show -",
        "apply - --sandbox --yes",
        "diff - x.plan",
        "diff x.plan -",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        with_stdin(&environment, &words, "x.plan")
            .expect_code(1)
            .expect_said("a plan is read more than once, so standard input can't be one")
            .expect_said("write the plan into a file");
    }
    // Nothing is waited for: it is not opened.
    let pipe = environment.path().join("pipe");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    environment
        .run(&["show", "pipe"])
        .expect_code(1)
        .expect_said("a plan is read more than once, so pipe can't be one");
}

#[test]
fn a_flag_that_names_a_wrong_file_of_ids_says_once_what_is_wrong() {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    environment.file("keys.json", "{\"ID\": \"x\"}\n");
    environment
        .run(&["plan", "p.yaml", "-o", "x.plan", "--sandbox"])
        .expect_code(0);
    for flag in ["--only-file", "--exclude-file"] {
        for (file, said) in [
            ("nope", "nope can't be read: No such file or directory"),
            (".", ". is a folder, not a file of ids"),
            (
                "x.plan",
                "x.plan is a plan, not CSV or JSON: name a file of rows or of ids",
            ),
            ("p.yaml", "p.yaml is a playbook, not a file of ids"),
            (
                "keys.json",
                "keys.json, row 1: the object has no key id; it has ID; did you mean ID?",
            ),
        ] {
            let ended = environment
                .run(&["run", "p.yaml", flag, file, "--sandbox", "--dry-run"])
                .expect_code(64)
                .expect_said(said);
            assert!(
                ended.stderr.matches("os error").count() < 2,
                "{}",
                ended.stderr
            );
        }
    }
}

#[test]
fn an_archive_in_place_of_a_playbook_or_plan_is_named() {
    let environment = Environment::new();
    std::fs::write(environment.path().join("p.gz"), b"\x1f\x8b\x08\0").unwrap();
    std::fs::write(environment.path().join("p.xlsx"), b"PK\x03\x04").unwrap();
    environment
        .run(&["validate", "p.xlsx"])
        .expect_code(1)
        .expect_said("p.xlsx is an Excel workbook or another ZIP archive, not a playbook")
        .expect_said("hint: name the file of the playbook itself");
    for (command, said) in [
        ("validate p.gz", "p.gz is a gzip file, not a playbook"),
        (
            "run p.gz --sandbox --dry-run",
            "p.gz is a gzip file, not a playbook",
        ),
        ("show p.gz", "p.gz is a gzip file, not a plan"),
        (
            "apply p.gz --sandbox --yes",
            "p.gz is a gzip file, not a plan",
        ),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        environment
            .run(&words)
            .expect_code(1)
            .expect_said(said)
            .expect_said("hint: unpack it first: gunzip");
    }
}

#[test]
fn a_path_with_a_blank_is_one_word_wherever_an_error_names_it() {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    environment.file(
        "days.yaml",
        &format!("{PLAYBOOK}calendar: [ DE, 'my days.txt' ]\n"),
    );
    environment.file("my days.txt", "x\n");
    environment.file("my ids", "a,b\n");
    let on_server = [
        "run",
        "p.yaml",
        "--dry-run",
        "--server",
        "http://127.0.0.1:9",
    ];
    let sandbox = ["run", "p.yaml", "--dry-run", "--sandbox"];
    for (command, file, said) in [
        (
            &["status", "0", "--state-dir"][..],
            "my state",
            "no run in 'my state/runs' starts with",
        ),
        (
            &[&on_server[..], &["--token-file"]].concat(),
            "my token",
            "the token file 'my token' can't be read",
        ),
        (
            &[&sandbox[..], &["--only-file"]].concat(),
            "my list",
            "'my list' can't be read",
        ),
        (
            &[&sandbox[..], &["--only-file"]].concat(),
            "my ids",
            "'my ids' has no column id; its first row has 2 other cells",
        ),
        (
            &["validate"],
            "my playbook",
            "the playbook 'my playbook' can't be read",
        ),
        (
            &["validate"],
            "days.yaml",
            "'my days.txt', line 1: `x` is no date",
        ),
        (&["show"], "my plan", "the plan 'my plan' can't be read"),
    ] {
        environment
            .run(&[command, &[file]].concat())
            .expect_said(said);
    }
}
