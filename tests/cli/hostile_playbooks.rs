//! What a playbook of another author can't do on the machine that plans it.

use std::{fs, os::unix::fs::symlink};

use serde_json::Value;

use crate::environment::Environment;

const SECRET: &str = "hunter2";

/// A playbook with this selection, and with more keys at the top.
fn playbook(select: &str, more: &str) -> String {
    format!(
        "version: 1\nname: p\n{more}select: {{ {select} }}\nactions: [ reassign: {{ set: [\"7\"] }} ]\n"
    )
}

#[test]
fn a_playbook_reads_no_file_outside_of_its_folder_and_tells_nothing_of_it() {
    let environment = Environment::new();
    let secret = environment.file("secret.csv", &format!("id,password\n{SECRET},x\n"));
    environment.file("common/days.txt", "2026-12-24 Christmas Eve\n");
    environment.file("books/p.yaml", "");
    symlink("../secret.csv", environment.path().join("books/link.csv")).unwrap();
    let secret = secret.display();
    let list = "executions: { list: {} }";
    for (select, more) in [
        ("rows: { file: ../secret.csv, id: id, api: v1 }", ""),
        ("rows: { file: link.csv, id: x, api: v1 }", ""),
        ("ids: { file: ../secret.csv, api: v1 }", ""),
        (&format!("ids: {{ file: '{secret}', api: v1 }}"), ""),
        ("ids: { file: /proc/self/environ, api: v1 }", ""),
        ("flows: { entities: { file: ../secret.csv } }", ""),
        ("entities: { file: /dev/null }", ""),
        (list, "calendar: ../secret.csv\n"),
        (list, "calendar: [ DE, link.csv ]\n"),
        (list, "calendar: /etc/resolv.conf\n"),
    ] {
        environment.file("books/p.yaml", &playbook(select, more));
        for command in [
            "validate books/p.yaml",
            "plan books/p.yaml -o x.plan --sandbox",
            "run books/p.yaml --dry-run --sandbox --json",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            let ended = environment.run(&words).expect_code(1);
            let ended = ended.expect_said("it is outside of the playbook's folder");
            let said = ended.stdout + &ended.stderr;
            assert!(
                !said.contains(SECRET) && !said.contains("password"),
                "{said}"
            );
        }
    }
    assert!(!environment.path().join("x.plan").exists());
    // The folder of a playbook on standard input is the current one.
    let text = playbook(list, "calendar: /etc/resolv.conf\n");
    let path = environment.file("books/p.yaml", &text);
    let output = environment
        .command(&["validate", "-"])
        .stdin(fs::File::open(path).unwrap())
        .output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(said.contains("outside of the playbook's folder"), "{said}");
}

#[test]
fn the_user_allows_further_folders_and_names_any_file_on_the_command_line() {
    let environment = Environment::new();
    environment.file("common/days.txt", "2026-12-24 Christmas Eve\n");
    environment.file("elsewhere/ids.txt", "nothing-has-this-id\n");
    let more = "calendar: ../common/days.txt\n";
    environment.file("books/p.yaml", &playbook("executions: { list: {} }", more));
    for command in [
        "validate books/p.yaml",
        "plan books/p.yaml -o x.plan --sandbox --only-file elsewhere/ids.txt",
        "run books/p.yaml --dry-run --sandbox --only-file elsewhere/ids.txt",
    ] {
        let mut words: Vec<&str> = command.split(' ').collect();
        environment.run(&words).expect_code(1);
        words.extend(["--allow-files", "elsewhere", "--allow-files", "common"]);
        environment.run(&words).expect_code(0);
    }
    environment
        .run(&["validate", "books/p.yaml", "--allow-files", "nowhere"])
        .expect_code(64)
        .expect_said("--allow-files nowhere: there is no such folder");
}

#[test]
fn a_message_about_a_file_quotes_no_other_cell() {
    let environment = Environment::new();
    for (text, select) in [
        (
            format!("{SECRET},x\n"),
            "rows: { file: a.csv, id: owner, api: v1 }",
        ),
        (format!("{SECRET};x\n"), "ids: { file: a.csv, api: v1 }"),
        (
            format!("{{\"id\": \"../x\"}}\n\"{SECRET}\"\n"),
            "rows: { file: a.csv, id: id, api: v1 }",
        ),
        (
            format!("id,owner\n../x,{SECRET}\n"),
            "ids: { file: a.csv, api: v1 }",
        ),
        (
            format!("id\n../x,{SECRET}\n"),
            "ids: { file: a.csv, api: v1 }",
        ),
    ] {
        environment.file("a.csv", &text);
        environment.file("p.yaml", &playbook(select, ""));
        for command in ["validate p.yaml", "run p.yaml --dry-run --sandbox"] {
            let words: Vec<&str> = command.split(' ').collect();
            let ended = environment.run(&words);
            let said = ended.stdout + &ended.stderr;
            assert!(!said.contains(SECRET), "{text} {said}");
        }
    }
    environment.file("a.txt", &format!("2026-12-24\n24.12.2026 {SECRET}\n"));
    let list = "executions: { list: {} }";
    environment.file("p.yaml", &playbook(list, "calendar: a.txt\n"));
    let ended = environment.run(&["validate", "p.yaml"]).expect_code(1);
    assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
}

#[test]
fn of_10_000_mistakes_twenty_are_shown_and_the_others_are_counted() {
    let environment = Environment::new();
    let start = playbook("executions: { list: {} }", "");
    let many = |line: &dyn Fn(u32) -> String| (0..10_000).map(line).collect::<String>();
    for keys in [
        many(&|number| format!("k{number}:\n")),
        "k:\n".repeat(10_000),
    ] {
        environment.file("p.yaml", &(start.clone() + &keys));
        let ended = environment
            .run(&["validate", "p.yaml", "--json"])
            .expect_code(1);
        let shown = ended.stderr.matches("p.yaml:").count();
        assert_eq!(shown, 20, "{}", ended.stderr);
        assert!(ended.stderr.len() < 20_000, "{} bytes", ended.stderr.len());
        let document: Value = serde_json::from_str(&ended.stdout).unwrap();
        let errors = document["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 21);
        let last = errors[20]["message"].as_str().unwrap();
        assert!(last.ends_with("more mistakes"), "{last}");
        assert!(ended.stderr.contains(last), "{last}");
    }
}

#[test]
fn a_calendar_of_more_than_a_megabyte_and_an_id_of_a_page_are_refused_in_a_few_words() {
    let environment = Environment::new();
    environment.file("days.txt", &"2026-12-24\n".repeat(100_000));
    let list = "executions: { list: {} }";
    environment.file("p.yaml", &playbook(list, "calendar: days.txt\n"));
    environment
        .run(&["validate", "p.yaml"])
        .expect_code(1)
        .expect_said("it is larger than 1 MiB");
    // All files together have this bound, and their number has one.
    environment.file("days.txt", &"2026-12-24\n".repeat(60_000));
    for (calendar, said) in [
        (
            "[ days.txt, days.txt ]".to_owned(),
            "larger than 1 MiB in all",
        ),
        (
            format!("[ {} ]", "days.txt, ".repeat(21)),
            "names at most 20 regions and files",
        ),
    ] {
        environment.file(
            "p.yaml",
            &playbook(list, &format!("calendar: {calendar}\n")),
        );
        let ended = environment.run(&["validate", "p.yaml"]).expect_code(1);
        ended.expect_said(said);
    }
    let page = "x".repeat(100_000);
    environment.file("ids.json", &format!("[\"{page}\"]"));
    environment.file("p.yaml", &playbook("ids: { file: ids.json, api: v1 }", ""));
    let run = ["run", "p.yaml", "--dry-run", "--sandbox"];
    let ended = environment.run(&run).expect_code(3);
    let bytes = ended.stdout.len() + ended.stderr.len();
    assert!(bytes < 4_000, "{bytes} bytes");
    environment.file("p.yaml", &playbook(list, ""));
    let only = [&run[..], &["--only-file", "ids.json"]].concat();
    let ended = environment.run(&only).expect_code(64);
    let bytes = ended.stdout.len() + ended.stderr.len();
    assert!(bytes < 4_000, "{bytes} bytes");
}
