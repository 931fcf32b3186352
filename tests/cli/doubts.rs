//! Changes in doubt: a person's answers about each of them.

mod damaged;
mod walk;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    environment::{Environment, SandboxProcess, copy_folder},
    pty::Terminal,
};

const START: &str = "version: 1
name: start
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { entities: { list: [ { id: c1, schema: contact }, { id: c2, schema: contact }, { id: c3, schema: contact }, { id: c4, schema: contact } ] } }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";

/// Four starts: the answers of the first two are lost after the effect, the other two requests are lost before it.
fn four_in_doubt() -> (Environment, SandboxProcess, String) {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "to": 2}, "do": "drop_after_effect"},
        {"match": {"effect_only": true, "from": 3, "to": 4}, "do": "drop_before_effect"}
    ]}));
    let environment = Environment::new();
    environment.file("start.yaml", START);
    let ended = environment
        .run_on(&sandbox, &["run", "start.yaml", "--yes"])
        .expect_code(6)
        .expect_said("4 planned = 4 in_doubt")
        .expect_said(
            "write applied, retry or skip into the rows of in_doubt.csv; then: wf-bulk resume ",
        );
    let list = list(&environment);
    assert!(
        ended
            .stderr
            .contains(&format!("--in-doubt {}", shown(&list))),
        "{}",
        ended.stderr
    );
    let run = id(&environment);
    (environment, sandbox, run)
}

/// A copy of its folder.
fn environment_of(other: &Environment) -> Environment {
    let environment = Environment::new();
    copy_folder(other.path(), environment.path());
    environment
}

fn list(environment: &Environment) -> PathBuf {
    environment.runs()[0].join("in_doubt.csv")
}

fn shown(list: &Path) -> String {
    let parts: Vec<_> = list.components().rev().take(4).collect();
    let parts: Vec<_> = parts
        .iter()
        .rev()
        .map(|part| part.as_os_str().to_str().unwrap())
        .collect();
    parts.join("/")
}

fn id(environment: &Environment) -> String {
    let folder = environment.runs().remove(0);
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The list with these answers in the rows below its heading.
fn answered(list: &str, answers: &[&str]) -> String {
    let mut lines = list.lines();
    let heading = lines.next().unwrap();
    let rows = lines
        .enumerate()
        .map(|(row, line)| format!("{line}{}\n", answers.get(row).unwrap_or(&"")));
    format!("{heading}\n{}", rows.collect::<String>())
}

fn outcomes(environment: &Environment) -> Vec<(String, String)> {
    let results = fs::read_to_string(environment.runs()[0].join("results.jsonl")).unwrap();
    let results = results.lines().map(|line| {
        let result: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
        (text("outcome"), text("detail"))
    });
    results.collect()
}

#[test]
fn a_run_with_nothing_but_doubts_is_answered_before_it_is_retried_or_abandoned() {
    let (environment, sandbox, run) = four_in_doubt();
    let told = environment
        .run_on(&sandbox, &["retry", &run, "--yes"])
        .expect_code(1)
        .expect_said(&format!(
            "what is left of it is in doubt; answer the 4 changes: wf-bulk resume {run} --in-doubt FILE"
        ))
        .expect_said(&format!("wf-bulk status {run}"))
        .expect_said(&format!(
            "the 4 changes in doubt can't be answered any more: wf-bulk abandon {run}"
        ));
    assert!(!told.stderr.contains("resume it"), "{told:?}");
    let mut terminal = Terminal::start(environment.command(&["abandon", &run]), "");
    terminal.wait_for("has 4 unfinished changes (4 in doubt: they can't be answered any more)");
    terminal.wait_for("continue: ");
    terminal.type_in("no\n");
    assert_eq!(terminal.code(), Some(1));
    environment
        .run(&["abandon", &run, "--yes"])
        .expect_code(0)
        .expect_said(&format!(
            "run {run} is abandoned; 4 in doubt: they can't be answered any more"
        ));
}

#[test]
fn each_change_in_doubt_is_answered_in_the_list_of_its_run() {
    let (environment, sandbox, run) = four_in_doubt();
    let list = list(&environment);
    let text = fs::read_to_string(&list).unwrap();
    assert_eq!(
        fs::metadata(&list).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 5, "{text}");
    for (row, entity) in rows[1..].iter().zip(["c1", "c2", "c3", "c4"]) {
        assert!(row.starts_with(&run) && row.ends_with(','), "{row}");
        assert!(
            row.contains(&format!(",{entity},{entity},entity,")),
            "{row}"
        );
        assert!(row.contains("has a new execution from about 20"), "{row}");
    }
    environment
        .run(&["status", &run])
        .expect_code(0)
        .expect_out("--in-doubt .wf-bulk/runs/");
    // What a spreadsheet makes of it: a mark, other delimiters, capitals, empty rows.
    let saved = answered(&text, &["Applied", "skip", "RETRY"]).replace(',', ";");
    environment.file("mine.csv", &format!("\u{feff}{saved};;;\r\n\r\n"));
    let resume = ["resume", &run, "--in-doubt", "mine.csv"];
    environment
        .run_on(&sandbox, &resume)
        .expect_code(6)
        .expect_said("4 planned = 2 applied + 2 in_doubt");
    let results = outcomes(&environment);
    let words: Vec<&str> = results
        .iter()
        .map(|(outcome, _)| outcome.as_str())
        .collect();
    assert_eq!(words, ["applied", "in_doubt", "applied", "in_doubt"]);
    assert!(
        results[0]
            .1
            .starts_with("a person answered that it took effect"),
        "{results:?}"
    );
    assert_eq!(results[2].1, "", "the service has confirmed it");
    let starts = sandbox.ledger().effects().len();
    assert_eq!(starts, 3, "two at first and the one that was sent again");
    // Of the list, the one without an answer is left.
    let left = fs::read_to_string(&list).unwrap();
    assert_eq!(left.lines().count(), 2, "{left}");
    assert!(left.contains(",c4,c4,entity,"), "{left}");

    // The same file again: what was followed is not followed twice.
    environment
        .run_on(&sandbox, &resume)
        .expect_code(6)
        .expect_said("3 answers of mine.csv had been followed before");
    assert_eq!(sandbox.ledger().effects().len(), starts);
    // The last one, in the list itself, as a spreadsheet saves it that is still open.
    fs::write(&list, answered(&left, &["applied"])).unwrap();
    let open = list.with_file_name(".~lock.in_doubt.csv#");
    fs::write(&open, "").unwrap();
    for file in [&list, &open] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o664)).unwrap();
    }
    let in_place = ["resume", &run, "--in-doubt", &shown(&list)];
    // The skip leaves a change in doubt.
    environment.run_on(&sandbox, &in_place).expect_code(6);
    assert!(!list.exists());
    environment
        .run(&["status", &run])
        .expect_out("finished")
        .expect_out("4 planned = 3 applied + 1 in_doubt");
    // It is not known whether this one was made.
    environment
        .run_on(&sandbox, &["verify", &run])
        .expect_code(5);
}

#[test]
fn all_wrong_rows_are_named_before_anything_is_sent_or_recorded() {
    let (environment, sandbox, run) = four_in_doubt();
    let text = fs::read_to_string(list(&environment)).unwrap();
    let before = fs::read(environment.runs()[0].join("checkpoint.jsonl")).unwrap();
    let requests = sandbox.ledger().requests().len();
    let second = text.lines().nth(2).unwrap();
    let other_run = second.replace(&run, "01920000-0000-7000-8000-000000000000");
    let wrong = [
        answered(&text, &["retri", "applied", "skip"]),
        format!("{second}retry\n"),
        format!("{other_run}skip\n"),
        format!("{}applied\n", second.replace(",3,1,c2", ",99,1,c2")),
        format!("{}applied\n", second.replace(",3,1,c2", ",3,1,c9")),
        format!(
            "{}applied\n",
            second.replace(",3,1,c2", ",5,2,c4").replace(",c2,", ",c4,")
        ),
    ]
    .concat();
    environment.file("wrong.csv", &wrong);
    let ended = environment
        .run_on(&sandbox, &["resume", &run, "--in-doubt", "wrong.csv"])
        .expect_code(64)
        .expect_said("wrong.csv has 6 mistakes; nothing was sent or recorded");
    for said in [
        "wrong.csv, line 2: \"retri\" is not an answer (did you mean `retry`?)",
        "wrong.csv, line 6: row 3 has an answer about the same change",
        "wrong.csv, line 7: it is of run \"01920000",
        "wrong.csv, line 8: line 99 of the plan is not a change",
        "wrong.csv, line 9: the id is \"c9\", but the change of this row (line 3 of the plan) has c2",
        "wrong.csv, line 10: the change was sent again after this list was written",
    ] {
        assert!(ended.stderr.contains(said), "{said:?} in {}", ended.stderr);
    }
    environment
        .run_on(
            &sandbox,
            &["resume", &run, "--json", "--in-doubt", "wrong.csv"],
        )
        .expect_code(64)
        .expect_out("\"line\":10,");
    // A file without answers, none, one of another kind, and the word that is not for all.
    environment.file("empty.csv", &text);
    environment.file("ids.csv", "id\nc1\n");
    for (file, said) in [
        ("empty.csv", "empty.csv has no answer"),
        ("none.csv", "none.csv can't be read"),
        ("ids.csv", "ids.csv has no column run"),
        ("applied", "`applied` is an answer about one change"),
    ] {
        environment
            .run_on(&sandbox, &["resume", &run, "--in-doubt", file])
            .expect_said(said);
    }
    let after = fs::read(environment.runs()[0].join("checkpoint.jsonl")).unwrap();
    assert_eq!(after, before);
    assert_eq!(sandbox.ledger().requests().len(), requests);
}

#[test]
fn what_a_person_has_typed_into_the_list_survives_a_session_without_it() {
    let (environment, sandbox, run) = four_in_doubt();
    let list = list(&environment);
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, answered(&text, &["applied", "", "skip"])).unwrap();
    environment
        .run_on(&sandbox, &["resume", &run])
        .expect_code(6)
        .expect_said("4 planned = 4 in_doubt");
    let text = fs::read_to_string(&list).unwrap();
    let ends: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|row| row.rsplit(',').next().unwrap())
        .collect();
    assert_eq!(ends, ["applied", "", "skip", ""]);
}

#[test]
fn what_the_service_shows_of_a_lost_request_is_told_and_decides_nothing() {
    let flows = "flows: { entities: { query: \"_schema:opportunity\" } }";
    let steps = "executions: { list: {} }, where: execution.status == \"STARTED\"";
    let automations = "each: task, where_each: 'task.status == \"IN_PROGRESS\" and task.task_type == \"AUTOMATION\"'";
    for (select, action, allow, made, not_made) in [
        (
            "entities: { list: [ { id: c1, schema: contact } ] }".to_owned(),
            "start: { template: tpl_hausanschluss_strom }",
            "start",
            "1 running flow of this template since 20",
            "no running flow of this template since 20",
        ),
        (
            format!("{flows}, {automations}, limit: 1"),
            "run_automation",
            "run_automation",
            "automation_execution_id is",
            ", as before",
        ),
        (
            format!("{steps}, limit: 1"),
            "add_step: { name: A new step, index: 0 }",
            "add_step",
            "1 step is named “A new step”",
            "no step is named “A new step”",
        ),
    ] {
        for (fault, seen) in [
            ("drop_after_effect", made),
            ("drop_before_effect", not_made),
        ] {
            let sandbox = SandboxProcess::with_faults(&json!({"rules": [
                {"match": {"effect_only": true, "nth": 1}, "do": fault}
            ]}));
            let environment = Environment::new();
            let guards = if allow == "add_step" {
                String::new()
            } else {
                format!("guards: {{ allow: [{allow}] }}\n")
            };
            environment.file(
                "once.yaml",
                &format!(
                    "version: 1\nname: once\npace: {{ rate: 3000/s, burst: 100 }}\nselect: {{ {select} }}\nactions: [ {action} ]\n{guards}"
                ),
            );
            let run = ["run", "once.yaml", "--yes"];
            let ended = environment.run_on(&sandbox, &run).expect_code(6);
            let case = format!("{action} {fault}:\n{}", ended.stderr);
            assert!(ended.stderr.contains("seen: "), "{case}");
            assert!(ended.stderr.contains(seen), "{case}");
            let listed = fs::read_to_string(list(&environment)).unwrap();
            assert!(listed.contains(seen), "{listed}");
            // As before, where the automation is another one.
            assert_eq!(
                listed.contains(", as before"),
                seen == ", as before",
                "{listed}"
            );
            let id = id(&environment);
            environment.run(&["status", &id]).expect_out(seen);
            // It decides nothing: a resume looks again, and leaves the change in doubt.
            environment
                .run_on(&sandbox, &["resume", &id])
                .expect_code(6)
                .expect_said(seen)
                .expect_said("1 planned = 1 in_doubt");
        }
    }
}

#[test]
fn a_kill_in_the_middle_of_the_answers_loses_none_and_follows_none_twice() {
    // The first four are lost before their effect. After that each request takes a while.
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "to": 4}, "do": "drop_before_effect"},
        {"match": {"effect_only": true, "from": 5}, "do": {"latency_ms": 700}}
    ]}));
    let environment = Environment::new();
    environment.file("start.yaml", START);
    environment
        .run_on(&sandbox, &["run", "start.yaml", "--yes"])
        .expect_code(6);
    let (run, list) = (id(&environment), list(&environment));
    let text = fs::read_to_string(&list).unwrap();
    let answers = ["retry", "retry", "applied", "retry"];
    environment.file("mine.csv", &answered(&text, &answers));
    let resume = ["resume", &run, "--in-doubt", "mine.csv"];
    let mut killed = environment.command_on(&sandbox, &resume).spawn().unwrap();
    while sandbox.ledger().requests().len() < 4 + 4 + 2 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    // With the file again: what it had sent stays in doubt, what it had not sent is sent.
    environment.run_on(&sandbox, &resume).expect_code(6);
    let results = outcomes(&environment);
    let words: Vec<&str> = results
        .iter()
        .map(|(outcome, _)| outcome.as_str())
        .collect();
    let in_doubt = words.iter().filter(|word| **word == "in_doubt").count();
    assert!(in_doubt <= 1, "one at a time is sent: {words:?}");
    let applied = words.iter().filter(|word| **word == "applied").count();
    assert_eq!(applied, 4 - in_doubt, "{words:?}");
    assert!(results[2].1.starts_with("a person answered"), "{results:?}");
    let writes = sandbox.ledger().writes();
    assert_eq!(writes, 4 + 3, "each of the three retries was sent once");
}
