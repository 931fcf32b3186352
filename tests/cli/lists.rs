//! Lists and files of rows as people and spreadsheets make them: none means everything, and no row disappears.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use wf_bulk_sandbox::legacy_executions;

use crate::environment::{Ended, Environment, SandboxProcess};

const LIST: &str = "version: 1\nname: p\nselect: { executions: { list: {} } }\nactions: [ reassign: { set: [\"7\"] } ]\n";
const ROWS: &str = "version: 1\nname: p\nselect: { rows: { file: FILE, id: id, api: v1 } }\n\
                    actions: [ reassign: { set: [\"{{ row.owner }}\"] } ]\n";

/// What a plan of `ROWS` over this file gives: its changes, as row's execution and new owner, and what was rejected.
fn planned(environment: &Environment, sandbox: &SandboxProcess, text: &str) -> (Ended, String) {
    environment.file("rows.csv", text);
    environment.file("p.yaml", &ROWS.replace("FILE", "rows.csv"));
    drop(fs::remove_file(environment.path().join("x.plan")));
    let ended = environment.run_on(sandbox, &["plan", "p.yaml", "-o", "x.plan"]);
    let plan = fs::read_to_string(environment.path().join("x.plan")).unwrap_or_default();
    let lines = plan.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        if line.get("change").is_some() {
            Some(format!(
                "{}={}",
                line["group"].as_str()?,
                line["after"]["assignedTo"][0].as_str()?
            ))
        } else {
            let rejected = line.get("rejected")?;
            Some(format!(
                "row {}: {}",
                rejected["row"],
                rejected["reason"].as_str()?
            ))
        }
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    (ended, lines.join("\n"))
}

#[test]
fn a_list_that_names_nothing_selects_nothing_and_says_so() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file("p.yaml", LIST);
    for text in [
        "id,execution,kind,name,action,outcome,detail\n",
        "id\n",
        "id\n\n\n",
        "id;name\n;;\n",
        "",
        "\n \n",
        "\u{feff}",
        "[]",
    ] {
        environment.file("failed.csv", text);
        let ended = environment
            .run_on(
                &sandbox,
                &[
                    "run",
                    "p.yaml",
                    "--dry-run",
                    "--json",
                    "--only-file",
                    "failed.csv",
                ],
            )
            .expect_code(0);
        let document = ended.json();
        assert_eq!(document["planned"], 0, "{text:?}");
        let notes = document["notes"].to_string();
        assert!(
            notes.contains("--only-file failed.csv names no id, so nothing is selected"),
            "{text:?}: {document}"
        );
    }
    environment
        .run_on(
            &sandbox,
            &[
                "plan",
                "p.yaml",
                "--only-file",
                "failed.csv",
                "-o",
                "x.plan",
            ],
        )
        .expect_code(0);
    let shown = environment.run(&["show", "x.plan"]).expect_code(0).stdout;
    for (format, expected) in [
        ("markdown", "> [!NOTE]"),
        (
            "html",
            "<li>--only-file failed.csv names no id, so nothing is selected</li>",
        ),
        (
            "json",
            "\"notes\":[\"--only-file failed.csv names no id, so nothing is selected\"]",
        ),
    ] {
        let shown = environment
            .run(&["show", "x.plan", "--format", format])
            .expect_code(0)
            .stdout;
        assert!(shown.contains(expected), "{shown}");
    }
    assert!(
        shown.contains("note: --only-file failed.csv names no id"),
        "{shown}"
    );
    // What an empty list leaves out is nothing.
    let run = [
        "run",
        "p.yaml",
        "--dry-run",
        "--json",
        "--exclude-file",
        "failed.csv",
    ];
    let document = environment.run_on(&sandbox, &run).expect_code(0).json();
    assert_eq!(document["planned"], 400);
}

#[test]
fn every_row_is_a_change_or_is_named() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    let ids = legacy_executions(4711, 2_400);
    let [a, b, c, ..] = &ids[..] else { panic!() };
    for (text, code, expected) in [
        (
            format!("id,owner,note\n{a},7,\"call\n{b},8,ok\n"),
            1,
            "rows.csv, line 2: a quote opens here and is not closed",
        ),
        (
            format!("id,owner,note\n{a},7,\"call\n{b},8,\"ok\"\n{c},9,x\n"),
            1,
            "rows.csv, line 2: the quoted text that begins here ends in line 3",
        ),
        (
            format!("id,owner,note\n{a},7,a, b\n{b},8,,,\n"),
            3,
            &format!("{b}=8\nrow 2: the row has 4 cells and the header has 3"),
        ),
        (
            format!("id;owner;note;;\n;;;;\n\n{a};7;;;\n;;\n{b};8\n"),
            0,
            &format!("{a}=7\n{b}=8"),
        ),
        (
            format!("\n\nid,owner\n\n{a},7\n\nno-such,8\n"),
            3,
            &format!("{a}=7\nrow 7: there is no execution no-such"),
        ),
        (
            format!("sep=;\nid;owner\n{a};7\nno;8\n"),
            3,
            &format!("{a}=7\nrow 3: there is no execution no"),
        ),
        (
            format!("id;\"owner\";\"a, b, c, d\"\n{a};7;x\n"),
            0,
            &format!("{a}=7"),
        ),
        (
            format!("[{{\"id\": \"{a}\", \"owner\": \"7\"}},\n {{\"id\": \"no\"}}]\n"),
            3,
            &format!("{a}=7\nrow 2: there is no execution no"),
        ),
        (
            format!("\n \n{{\"id\": \"{a}\", \"owner\": 123456789012345678901234}}\n"),
            0,
            &format!("{a}=123456789012345678901234"),
        ),
        (
            format!("id,owner\n{a},7\n1.002E+04,7\n\"1,002E+04\",7\n"),
            3,
            &format!(
                "{a}=7\nrow 3: the execution id \"1.002E+04\" can't be used: Excel or another program"
            ),
        ),
        (
            format!("id,owner\n{a},1.002E+04\n"),
            3,
            "row 2: \"1.002E+04\" is not an id: Excel or another program",
        ),
    ] {
        let (ended, lines) = planned(&environment, &sandbox, &text);
        let ended = ended.expect_code(code);
        let whole = format!("{lines}\n{}", ended.stderr);
        for expected in expected.lines() {
            assert!(whole.contains(expected), "{text}\n{expected}\n{whole}");
        }
    }
}

#[test]
fn a_file_that_is_not_utf_8_says_how_to_save_it_and_utf_16_is_read() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    let id = &legacy_executions(4711, 2_400)[0];
    environment.file("p.yaml", &ROWS.replace("FILE", "rows.csv"));
    let text = format!("id;owner;note\r\n{id};7;Müller\r\n");
    let utf_16 = text.encode_utf16().flat_map(u16::to_le_bytes);
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let plan = |bytes: &[u8]| {
        fs::write(environment.path().join("rows.csv"), bytes).unwrap();
        environment.run_on(&sandbox, &["run", "p.yaml", "--dry-run", "--json"])
    };
    let with_mark: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf_16.clone()).collect();
    assert_eq!(plan(&with_mark).expect_code(0).json()["planned"], 1);
    let without: Vec<u8> = utf_16.collect();
    for (bytes, said) in [
        (&latin[..], "rows.csv, line 2: this is Windows-1252 or"),
        (&without, "rows.csv, line 1: this is UTF-16"),
    ] {
        plan(bytes)
            .expect_code(1)
            .expect_said(said)
            .expect_said("CSV UTF-8");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_playbook_is_refused_and_not_opened_and_standard_input_is_read_once() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    let ids = legacy_executions(4711, 2_400);
    let pipe = environment.path().join("rows.csv");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    environment.file("p.yaml", &ROWS.replace("FILE", "rows.csv"));
    environment
        .run(&["validate", "p.yaml"])
        .expect_code(1)
        .expect_said("it is a device, pipe or socket");
    environment.file("p.yaml", &ROWS.replace("FILE", "'-'"));
    environment.run(&["validate", "p.yaml"]).expect_code(0);
    let mut run = environment
        .command_on(&sandbox, &["run", "p.yaml", "--dry-run", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Many rows: a pipe holds 64 KiB, and a first reader that goes away would take some of them along.
    let mut text = String::from("id,owner,note\n");
    for id in &ids[..400] {
        writeln!(text, "{id},7,{}", "x".repeat(500)).unwrap();
    }
    let mut input = run.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let ended = Ended::from(run.wait_with_output().unwrap()).expect_code(0);
    assert_eq!(ended.json()["planned"], 400);
}

#[test]
fn standard_input_may_come_in_pieces_and_belongs_to_one_input() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    let id = &legacy_executions(4711, 2_400)[0];
    environment.file("p.yaml", &ROWS.replace("FILE", "'-'"));
    let rest = format!(";owner;note\n{id};7\n");
    for pieces in [
        ["\u{feff}id", &rest],
        ["\u{feff}", &format!("id{rest}")],
        ["id", &rest],
    ] {
        let mut run = environment
            .command_on(&sandbox, &["run", "p.yaml", "--dry-run", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = run.stdin.take().unwrap();
        for piece in pieces {
            input.write_all(piece.as_bytes()).unwrap();
            input.flush().unwrap();
            thread::sleep(Duration::from_millis(300));
        }
        drop(input);
        let ended = Ended::from(run.wait_with_output().unwrap()).expect_code(0);
        assert_eq!(ended.json()["planned"], 1);
    }
    for more in [
        &["--only-file", "-"][..],
        &["--exclude-file", "/dev/stdin"],
        &["--token-file", "-"],
    ] {
        environment
            .run_on(&sandbox, &[&["run", "p.yaml", "--dry-run"], more].concat())
            .expect_code(64)
            .expect_said("standard input");
    }
    environment.file("q.yaml", LIST);
    environment
        .run_on(
            &sandbox,
            &[
                "run",
                "q.yaml",
                "--dry-run",
                "--only-file",
                "-",
                "--exclude-file",
                "-",
            ],
        )
        .expect_code(64)
        .expect_said("--only-file")
        .expect_said("--exclude-file");
}

#[test]
fn what_matches_nothing_is_said_with_its_count() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let ids = legacy_executions(4711, 2_400);
    environment.file(
        "p.yaml",
        &LIST.replace("{ list: {} } }", "{ list: {} }, exclude: [ nobody ] }"),
    );
    environment.file("some.txt", &format!("{}\nx1\nx2\n", ids[0]));
    let notes = |file: &str, more: &[&str]| {
        let arguments = [&["run", file, "--dry-run", "--json"], more].concat();
        let document = environment
            .run_on(&sandbox, &arguments)
            .expect_code(0)
            .json();
        document["notes"].to_string()
    };
    let said = notes("p.yaml", &["--only-file", "some.txt", "--exclude", "x3"]);
    for expected in [
        "2 of 3 ids in --only-file some.txt matched nothing: x1, x2",
        "1 of 1 id in --exclude matched nothing: x3",
        "1 of 1 id in `exclude` of the playbook matched nothing: nobody",
    ] {
        assert!(said.contains(expected), "{said}\n{expected}");
    }
    environment.file(
        "entities.csv",
        "entity_id,entity_schema\ne1,contact\ne2,contact\n",
    );
    environment.file(
        "q.yaml",
        "version: 1\nname: q\nselect: { flows: { entities: { file: entities.csv } }, each: task }\nactions: [ reassign: { set: [\"7\"] } ]\n",
    );
    let said = notes("q.yaml", &[]);
    assert!(
        said.contains("2 of 2 entities have no running flow: e1, e2"),
        "{said}"
    );
    environment.file(
        "r.yaml",
        "version: 1\nname: r\nselect:\n  flows: { entities: { file: playbooks/entities.csv } }\n  each: task\n\
         \x20 where_each: task.phase.name == \"Prüfung?\" and task.name != \"Nichts\"\nactions: [ reassign: { set: [\"7\"] } ]\n",
    );
    let said = notes("r.yaml", &[]);
    assert!(
        said.contains("no scanned flow has a phase named \\\"Prüfung?\\\"")
            && said.contains("no scanned flow has a task named \\\"Nichts\\\""),
        "{said}"
    );
}
