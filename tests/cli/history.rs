//! The history of the runs, and what `status` and `prune` do with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::environment::{Ended, Environment, SandboxProcess};

const PLAYBOOK: &str = "version: 1
name: p
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 3 }
actions: [ reassign: { set: [\"7\"] } ]
";

const RUN: [&str; 5] = ["run", "p.yaml", "--yes", "--sandbox", "--again"];
const CHECK: [&str; 2] = ["status", "--check"];

pub(crate) fn environment() -> Environment {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    environment
}

/// Runs, sandbox reset, runs: each run has something to do.
fn run_once(environment: &Environment) -> PathBuf {
    let before = environment.runs();
    environment.run(&["sandbox", "reset"]).expect_code(0);
    environment.run(&RUN).expect_code(0);
    let mut runs = environment.runs();
    runs.retain(|run| !before.contains(run));
    runs.remove(0)
}

pub(crate) fn id_of(run: &Path) -> &str {
    run.file_name().unwrap().to_str().unwrap()
}

fn json_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn a_run_that_was_edited_after_the_history_was_removed_is_named() {
    let environment = environment();
    let run = run_once(&environment);
    environment.forget_history();
    let plan = run.join("plan");
    let whole = fs::read_to_string(&plan).unwrap();
    fs::write(
        &plan,
        whole.replacen("\"vars\":{}", "\"vars\":{\"a\":1}", 1),
    )
    .unwrap();
    let found = format!("run {}: not in the history, and can't be read", id_of(&run));
    environment.run(&CHECK).expect_code(1).expect_out(&found);
}

#[test]
fn what_is_changed_or_removed_in_a_finished_run_or_the_history_is_named_with_exit_code_1() {
    let environment = environment();
    let runs = [
        run_once(&environment),
        run_once(&environment),
        run_once(&environment),
    ];
    environment
        .run(&CHECK)
        .expect_code(0)
        .expect_out("6 records; the files of 3 runs are as they were recorded");
    let state = environment.path().join(".wf-bulk");
    let mut files = vec![state.join("history.jsonl"), state.join("history.head")];
    for name in ["plan", "run.json", "checkpoint.jsonl"] {
        files.push(runs[1].join(name));
    }
    for file in files {
        let whole = fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let run = if file.starts_with(&runs[1]) {
            id_of(&runs[1])
        } else {
            ""
        };
        let found = |what: &str| {
            let check = environment.run(&CHECK).expect_code(1);
            let line = check
                .stdout
                .lines()
                .find(|line| line.contains(name) && line.contains(run));
            assert!(line.is_some(), "{what} {name}:\n{}", check.stdout);
            let document = json_of(
                &environment
                    .run(&[CHECK[0], CHECK[1], "--json"])
                    .expect_code(1),
            );
            assert_eq!(document["ok"], false);
        };
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        fs::write(&file, changed).unwrap();
        found("changed");
        fs::remove_file(&file).unwrap();
        found("removed");
        fs::write(&file, whole).unwrap();
    }
    let aside = environment.path().join("aside");
    fs::rename(&runs[0], &aside).unwrap();
    environment
        .run(&CHECK)
        .expect_code(1)
        .expect_out(&format!("run {}: its folder is missing", id_of(&runs[0])));
    fs::rename(&aside, &runs[0]).unwrap();
    let document = json_of(
        &environment
            .run(&[CHECK[0], CHECK[1], "--json"])
            .expect_code(0),
    );
    assert_eq!(
        (
            &document["ok"],
            &document["records"],
            &document["compared_runs"]
        ),
        (&json!(true), &json!(6), &json!(3))
    );
    // A digest that was kept elsewhere.
    let last = document["last_sha256"].as_str().unwrap();
    run_once(&environment);
    let expect = |digest: &str| environment.run(&[CHECK[0], CHECK[1], "--expect", digest]);
    expect(last).expect_code(0);
    expect(&"0".repeat(64))
        .expect_code(1)
        .expect_out("was removed or written again");
}

#[test]
fn an_interrupted_run_is_in_the_history_from_its_creation_and_its_end_comes_with_its_last_session()
{
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 2}, "do": {"status": {"code": 400, "message": "no"}}}
    ]}));
    let environment = environment();
    let stopped = ["run", "p.yaml", "--yes", "--max-errors", "1"];
    environment.run_on(&sandbox, &stopped).expect_code(4);
    environment
        .run(&CHECK)
        .expect_code(0)
        .expect_out("1 record; the files of 1 run");
    environment
        .run_on(&sandbox, &["resume", "--last", "--max-errors", "2"])
        .expect_code(3);
    environment
        .run(&CHECK)
        .expect_code(0)
        .expect_out("2 records; the files of 1 run");
    // A process that died before it recorded the end: the next look at the result does.
    let history = environment.path().join(".wf-bulk/history.jsonl");
    let text = fs::read_to_string(&history).unwrap();
    let first = text.split_inclusive('\n').next().unwrap();
    let record: Value = serde_json::from_str(first).unwrap();
    fs::write(&history, first).unwrap();
    let head = format!("{}\n", record["sha256"].as_str().unwrap());
    fs::write(environment.path().join(".wf-bulk/history.head"), head).unwrap();
    let run = environment.runs().remove(0);
    environment
        .run(&CHECK)
        .expect_code(1)
        .expect_out("its report says that it has ended, and the record of its end is missing");
    // The report is written after the record.
    fs::remove_file(run.join("report.json")).unwrap();
    environment
        .run(&CHECK)
        .expect_code(0)
        .expect_out("its end is not in the history");
    environment.run(&["resume", id_of(&run)]).expect_code(3);
    environment
        .run(&CHECK)
        .expect_code(0)
        .expect_out("2 records; the files of 1 run");
}

#[test]
fn what_is_pruned_is_gone_stays_in_the_history_and_what_has_not_ended_or_is_young_is_kept() {
    let environment = environment();
    let runs = [run_once(&environment), run_once(&environment)];
    // As a process leaves it that died.
    let checkpoint = runs[1].join("checkpoint.jsonl");
    let text = fs::read_to_string(&checkpoint).unwrap();
    let records: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(&checkpoint, records[..records.len() - 1].concat()).unwrap();
    let prune = |more: &[&str]| environment.run(&[&["prune", "--keep"], more].concat());
    prune(&["1d", "--yes"])
        .expect_code(0)
        .expect_said("nothing was deleted");
    std::thread::sleep(Duration::from_millis(1_100));
    prune(&["PT1S", "--dry-run"])
        .expect_code(0)
        .expect_out(id_of(&runs[0]))
        .expect_said("1 run would be deleted; nothing was deleted");
    prune(&["PT1S"]).expect_code(64).expect_said("add --yes");
    assert_eq!(environment.runs().len(), 2);
    prune(&["PT1S", "--yes"])
        .expect_code(0)
        .expect_said("1 run was deleted");
    assert_eq!(environment.runs(), [runs[1].clone()]);
    fs::write(&checkpoint, text).unwrap();
    environment
        .run(&CHECK)
        .expect_code(0)
        .expect_out("5 records; the files of 1 run");
    prune(&["PT1S", "--yes"]).expect_code(0);
    environment
        .run(&CHECK)
        .expect_code(0)
        .expect_out("6 records; the files of 0 runs");
}

#[test]
fn a_run_whose_checkpoint_does_not_verify_is_kept_by_prune_and_named_by_the_check() {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 2}, "do": {"status": {"code": 400, "message": "no"}}}
    ]}));
    let environment = environment();
    let stopped = ["run", "p.yaml", "--yes", "--max-errors", "1"];
    environment.run_on(&sandbox, &stopped).expect_code(4);
    let run = environment.runs().remove(0);
    let checkpoint = run.join("checkpoint.jsonl");
    let whole = fs::read_to_string(&checkpoint).unwrap();
    let end = r#"{"seq":999,"record":{"finished":{"at":1}},"crc":"zzzzzzzz"}"#;
    for before in [whole.clone(), whole.replacen("started", "Started", 1)] {
        fs::write(&checkpoint, format!("{before}{end}\n")).unwrap();
        let check = environment.run(&CHECK).expect_code(1);
        check.expect_out("checkpoint.jsonl can't be used");
        environment
            .run(&["prune", "--keep", "PT1S", "--yes"])
            .expect_code(0)
            .expect_said("is damaged in line")
            .expect_said("nothing was deleted");
        assert_eq!(environment.runs(), std::slice::from_ref(&run));
    }
}

#[test]
fn an_end_that_was_added_to_a_checkpoint_does_not_hide_an_unfinished_run_from_an_idempotent_playbook()
 {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 2}, "do": {"status": {"code": 400, "message": "no"}}}
    ]}));
    let environment = environment();
    let run = ["run", "p.yaml", "--yes"];
    environment
        .run_on(&sandbox, &[&run[..], &["--max-errors", "1"]].concat())
        .expect_code(4);
    environment
        .run_on(&sandbox, &run)
        .expect_code(1)
        .expect_said("is not finished");
    let folder = environment.runs().remove(0);
    let checkpoint = folder.join("checkpoint.jsonl");
    let whole = fs::read_to_string(&checkpoint).unwrap();
    for end in [
        r#"{"seq":999,"record":{"finished":{"at":1}},"crc":"zzzzzzzz"}"#,
        r#"{"seq":999,"record":{"abandoned":{"at":1,"reason":"x"}},"crc":"zzzzzzzz"}"#,
    ] {
        fs::write(&checkpoint, format!("{whole}{end}\n")).unwrap();
        for command in [&run[..], &["resume", "--last"]] {
            environment
                .run_on(&sandbox, command)
                .expect_code(1)
                .expect_said("it is unknown what it did and whether it has ended");
        }
    }
    assert_eq!(environment.runs().len(), 1);
}

#[test]
fn a_run_that_is_not_as_the_history_says_is_not_followed() {
    type Harm = fn(&str) -> String;
    let environment = environment();
    let run = run_once(&environment);
    let id = id_of(&run);
    let harms: [(&str, Harm); 2] = [
        // As if it had not ended.
        ("checkpoint.jsonl", |text| {
            let records: Vec<&str> = text.split_inclusive('\n').collect();
            records[..records.len() - 1].concat()
        }),
        ("run.json", |text| format!("{text}\n")),
    ];
    for (name, harm) in harms {
        let file = run.join(name);
        let whole = fs::read_to_string(&file).unwrap();
        fs::write(&file, harm(&whole)).unwrap();
        for command in [
            &["undo", id, "--dry-run", "--sandbox"][..],
            &["retry", id, "--dry-run", "--sandbox"],
            &["verify", id, "--sandbox"],
            &["resume", id, "--sandbox"],
        ] {
            environment
                .run(command)
                .expect_code(1)
                .expect_said(&format!("run {id}: {name} was changed"))
                .expect_said("status --check");
        }
        fs::write(&file, whole).unwrap();
    }
    environment.run(&["verify", id, "--sandbox"]).expect_code(0);
}

#[test]
fn a_list_says_who_ran_what_of_which_commit_and_who_approved() {
    // The folder is the home of the test, too, where locks appear.
    let environment = Environment::new();
    environment.file("books/p.yaml", PLAYBOOK);
    let run = ["run", "books/p.yaml", "--yes", "--sandbox", "--again"];
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]);
        git.args(arguments).current_dir(environment.path());
        git.env("HOME", environment.path()).output()
    };
    let Ok(made) = git(&["init", "-q"]) else {
        return;
    };
    assert!(made.status.success());
    git(&["add", "books/p.yaml"]).unwrap();
    git(&["commit", "-q", "-m", "x"]).unwrap();
    let commit = String::from_utf8(git(&["rev-parse", "HEAD"]).unwrap().stdout).unwrap();
    let link = "https://example.com/team/playbooks/pull/7";
    let record = [
        "--actor",
        "Max",
        "--approved-by",
        "Eva\u{202e}",
        "--link",
        link,
    ];
    environment
        .run(&[&run[..], &record].concat())
        .expect_code(0);
    let said = format!(
        "; playbook of commit {}; approved by Eva\\u{{202e}}; see {link}\n",
        &commit[..12]
    );
    environment
        .run(&["status"])
        .expect_code(0)
        .expect_out("    by Max (");
    environment
        .run(&["status"])
        .expect_code(0)
        .expect_out(&said);
    let by = |environment: &Environment| {
        let document = json_of(&environment.run(&["status", "--json"]).expect_code(0));
        document["runs"][0]["by"].clone()
    };
    let clean = by(&environment);
    assert_eq!(
        [&clean["actor"], &clean["approver"], &clean["link"]],
        [&json!("Max"), &json!("Eva\u{202e}"), &json!(link)]
    );
    assert_eq!(
        clean["git"],
        json!({"commit": commit.trim(), "dirty": false})
    );
    assert!(
        clean["user"].is_string() && clean["host"].is_string(),
        "{clean}"
    );
    environment.file("books/new.csv", "id\n");
    environment.run(&["sandbox", "reset"]).expect_code(0);
    environment.run(&run).expect_code(0);
    let dirty = by(&environment);
    assert_eq!(dirty["git"]["dirty"], true, "{dirty}");
    for name in ["actor", "approver", "link"] {
        assert_eq!(dirty.get(name), None, "{name}");
    }
}

#[test]
fn where_there_is_nothing_to_check_the_check_fails_unless_there_was_a_run() {
    let environment = environment();
    environment
        .run(&CHECK)
        .expect_code(1)
        .expect_said("nothing was checked");
    run_once(&environment);
    environment.run(&CHECK).expect_code(0);
    // A step too deep.
    environment
        .run(&[&CHECK[..], &["--state-dir", ".wf-bulk/runs"]].concat())
        .expect_code(1)
        .expect_said("nothing was checked");
}
