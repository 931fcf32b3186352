//! What a command tells a person to do next is true, and works as it is written.

mod left_undone;

use std::{fs, process::Stdio, thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    crash::start_until,
    environment::{Ended, Environment, SandboxProcess},
    hints::{Hint, hints},
};

/// Two changes, of which one may be made.
const TOO_MANY: &str = "version: 1
name: too-many
pace: { rate: 3000/s, burst: 100 }
select: { executions: { list: {} }, limit: 2 }
actions: [ reassign: { set: [\"7\"] } ]
guards: { max_changes: 1 }
";

/// What is selected is not there.
const REJECTED: &str = "version: 1
name: rejected
select: { ids: { list: [nobody-knows-this-id], api: v2 } }
actions: [ complete ]
";

const NOTHING: &str = "version: 1
name: nothing
pace: { rate: 3000/s, burst: 100 }
select: { executions: { list: {} }, where: 'has_assignee(execution, \"nobody-at-all\")' }
actions: [ reassign: { set: [\"7\"] } ]
";

const TWO: &str = "version: 1
name: two
pace: { rate: 3000/s, burst: 100, concurrency: 1, max_errors: 1 }
select: { executions: { list: {} }, limit: 2 }
actions: [ reassign: { set: [\"7\"] } ]
guards: { max_changes: 5 }
";

/// The command that a text, a page or a document tells to apply a plan with.
fn offers(text: &str) -> bool {
    text.contains("wf-bulk apply") || text.contains("wf-bulk run") || text.contains("To apply")
}

#[test]
fn a_plan_that_would_be_refused_says_why_and_offers_no_command() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    for (name, text, code, why, cure) in [
        (
            "too-many",
            TOO_MANY,
            4,
            "a guard does not hold: 2 changes are planned, max_changes is 1",
            "change the guard in the playbook",
        ),
        (
            "rejected",
            REJECTED,
            3,
            "1 item could not be planned",
            "rejected: allow",
        ),
        ("nothing", NOTHING, 0, "nothing to do", ""),
    ] {
        environment.file(&format!("{name}.yaml"), text);
        let playbook = format!("{name}.yaml");
        let plan = ["plan", &playbook, "-o", "x.plan"];
        let planned = environment.run_on(&sandbox, &plan).expect_code(code).stdout;
        let dry_run = ["run", &playbook, "--dry-run"];
        let dry_run = environment
            .run_on(&sandbox, &dry_run)
            .expect_code(code)
            .stdout;
        let show = |format| {
            let show = ["show", "x.plan", "--format", format];
            environment.run(&show).expect_code(0).stdout
        };
        let document: Value = serde_json::from_str(&show("json")).unwrap();
        assert_eq!(document["apply"], Value::Null, "{name}");
        let html = show("html");
        assert!(!html.contains("id=\"copy\""), "{name}: {html}");
        for text in [planned, dry_run, show("text"), show("markdown"), html] {
            let text = text.replace("&#39;", "'").replace(['`', '’'], "");
            let cure = cure.replace('`', "");
            assert!(!offers(&text), "{name}: {text}");
            assert!(text.contains(why) && text.contains(&cure), "{name}: {text}");
        }
    }
}

#[test]
fn a_flag_tightens_a_guard_and_never_loosens_it() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    let plan = ["plan", "two.yaml", "-o", "x.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let reads = sandbox.ledger().requests().len();
    for command in [["apply", "x.plan"], ["run", "two.yaml"]] {
        for (flag, looser, said) in [
            (
                "--max-changes",
                "1000",
                "--max-changes 1000 is looser than max_changes: 5",
            ),
            (
                "--max-errors",
                "9",
                "--max-errors 9 is looser than max_errors: 1",
            ),
        ] {
            let looser = [&command[..], &["--yes", flag, looser]].concat();
            environment
                .run_on(&sandbox, &looser)
                .expect_code(4)
                .expect_said(said)
                .expect_said("edit the playbook and plan again");
        }
    }
    assert_eq!(sandbox.ledger().requests().len(), reads, "not even a read");
    assert!(environment.runs().is_empty());
    // What refused is what the hint is about: the flag, and not the playbook that allows more.
    for command in [
        &["apply", "x.plan", "--yes"][..],
        &["run", "two.yaml", "--yes"],
        &["run", "two.yaml", "--dry-run"],
    ] {
        let tighter = [command, &["--max-changes", "1"]].concat();
        let refused = environment.run_on(&sandbox, &tighter).expect_code(4);
        let said = refused.stdout + &refused.stderr;
        assert!(
            said.contains("2 changes are planned, --max-changes is 1"),
            "{said}"
        );
        assert!(said.contains("a larger --max-changes"), "{said}");
        assert!(!said.contains("guard in the playbook"), "{said}");
    }
    let same = ["--yes", "--max-changes", "5", "--max-errors", "1"];
    environment
        .run_on(&sandbox, &[&["apply", "x.plan"], &same[..]].concat())
        .expect_code(0);
}

#[test]
fn the_age_of_a_plan_counts_from_when_it_was_made() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    for now in ["2024-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let plan = ["plan", "two.yaml", "-o", "x.plan", "--now", now];
        environment.run_on(&sandbox, &plan).expect_code(0);
        environment
            .run_on(
                &sandbox,
                &["apply", "x.plan", "--yes", "--max-age", "PT0.001S"],
            )
            .expect_code(5)
            .expect_said("is too old");
        environment
            .run_on(&sandbox, &["apply", "x.plan", "--yes", "--again"])
            .expect_code(0);
    }
}

#[test]
fn two_spellings_of_a_server_are_one() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    let plan = ["plan", "two.yaml", "-o", "x.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let port = sandbox.url().rsplit(':').next().unwrap().to_owned();
    let server = format!("http://LocalHost.:{port}/");
    let mut apply = environment.command(&["apply", "x.plan", "--yes", "--server", &server]);
    let output = apply.env("EPILOT_TOKEN", "sandbox").output().unwrap();
    Ended::from(output).expect_code(0);
}

#[test]
fn what_is_in_the_way_of_a_run_is_found_before_the_first_read() {
    let slow =
        json!({"rules": [{"match": {"effect_only": true, "to": 1}, "do": {"latency_ms": 60_000}}]});
    let sandbox = SandboxProcess::with_faults_and(&slow, &["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    environment.file("other.yaml", &TWO.replace("name: two", "name: other"));
    let command = environment.command_on(&sandbox, &["run", "two.yaml", "--yes"]);
    let (mut first, ended) = start_until(&environment, command, 2);
    assert!(!ended);
    let reads_now = || {
        let ledger = sandbox.ledger();
        ledger.requests().len() - ledger.writes()
    };
    let reads = reads_now();
    environment
        .run_on(&sandbox, &["run", "two.yaml", "--yes"])
        .expect_code(1)
        .expect_said("is running now");
    environment
        .run_on(&sandbox, &["run", "other.yaml", "--yes"])
        .expect_code(1)
        .expect_said("another run on this machine writes to");
    assert_eq!(reads_now(), reads, "not even a read");
    // Who waits scans afterwards.
    let mut waits = environment
        .command_on(&sandbox, &["run", "other.yaml", "--yes", "--wait"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(first.try_wait().unwrap().is_none(), "the first still runs");
    assert_eq!(reads_now(), reads, "it waits");
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(waits.wait().unwrap().success());
    let reads = reads_now();
    environment
        .run_on(&sandbox, &["run", "two.yaml", "--yes"])
        .expect_code(1)
        .expect_said("is not finished");
    assert_eq!(reads_now(), reads, "not even a read");
}

/// The one command of this name that a text tells.
#[track_caller]
fn told(text: &str, name: &str) -> Hint {
    let mut found: Vec<Hint> = hints(text)
        .into_iter()
        .filter(|hint| hint.words.get(1).is_some_and(|word| word == name))
        .collect();
    assert_eq!(found.len(), 1, "{name} in {text}");
    found.remove(0)
}

#[test]
fn what_a_command_tells_to_run_next_works_as_it_is_written() {
    let doubtful = json!({"rules": [
        {"match": {"effect_only": true, "nth": 3}, "do": "drop_after_effect"},
        {"match": {"effect_only": true, "nth": 6}, "do": "drop_after_effect"}
    ]});
    let sandbox = SandboxProcess::with_faults_and(&doubtful, &["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two words.yaml", TWO);
    environment.file("the token", "sandbox\n");
    let url = sandbox.url();
    let service = ["--server", &url, "--token-file", "the token"];
    let state = ["--state-dir", "our runs"];
    let run = |words: &[&str], code| environment.run(words).expect_code(code);
    let again = |hint: &Hint, more: &[&str], code| {
        let words: Vec<&str> = hint.words[1..].iter().map(String::as_str).collect();
        run(&[&words[..], more].concat(), code)
    };

    // Apply after plan, and after show.
    let plan = [
        &["plan", "two words.yaml", "-o", "a plan"],
        &service[..],
        &state,
    ]
    .concat();
    let apply = told(&run(&plan, 0).stdout, "apply");
    for kept in [&service[..], &state].concat() {
        assert!(apply.words.contains(&kept.to_owned()), "{apply:?}");
    }
    told(&run(&["show", "a plan"], 0).stdout, "apply");
    again(&apply, &["--yes"], 0);

    // Run after a dry run, with all that decides what it does.
    environment.file(
        "start.yaml",
        "version: 1\nname: start\npace: { rate: 3000/s, burst: 100, concurrency: 1 }\nselect: { entities: [ { id: c1, schema: contact }, { id: c2, schema: contact } ] }\nactions: [ start: { template: tpl_hausanschluss_strom } ]\nguards: { allow: [start] }\n",
    );
    let flags = [
        "--rate",
        "2000/s",
        "--concurrency",
        "1",
        "--stop-after",
        "3",
        "--max-changes",
        "9",
        "--reason",
        "it's due",
        "--timeout",
        "9",
        "--settle",
        "1",
        "--limit",
        "2",
        "--org",
        "4711",
    ];
    let dry_run = [
        &["run", "start.yaml", "--dry-run"],
        &service[..],
        &state,
        &flags,
    ]
    .concat();
    let start = told(&run(&dry_run, 0).stdout, "run");
    for kept in [&service[..], &state, &flags].concat() {
        assert!(start.words.contains(&kept.to_owned()), "{start:?}");
    }
    // One is in doubt, and no read can tell: a person answers.
    let doubt = again(&start, &["--yes"], 6).stderr;
    let retry = hints(&doubt)
        .into_iter()
        .find(|hint| hint.words.contains(&"retry".to_owned()));
    again(&retry.unwrap(), &[], 0);

    // What is in the way of the same is looked at, and given up.
    again(&start, &["--yes", "--again"], 6);
    let status = [&["status"], &state[..]].concat();
    // A resume alone would leave the doubt, so only the answers to it are told: about each, and about all.
    let resumes = hints(&run(&status, 0).stdout);
    for (hint, answer) in resumes.iter().zip(["in_doubt.csv", "retry", "skip"]) {
        let is_answer = |word: &String| word.ends_with(answer);
        assert!(hint.words.iter().any(is_answer), "{resumes:?}");
    }
    assert_eq!(resumes.len(), 3, "{resumes:?}");
    let blocked = again(&start, &["--yes", "--again"], 1).stderr;
    told(&blocked, "resume");
    // A plan that would be refused for it says so, too.
    let plan = run(
        &[
            &["plan", "start.yaml", "-o", "b plan"],
            &service[..],
            &state,
            &["--org", "4711"],
        ]
        .concat(),
        0,
    );
    assert!(
        plan.stdout.contains("This plan can't be applied: run "),
        "{}",
        plan.stdout
    );
    again(&told(&blocked, "abandon"), &["--yes"], 0);
    let done = again(&start, &["--yes"], 1).stderr;
    again(&told(&done, "status"), &[], 0);
}

#[test]
fn without_a_terminal_the_way_out_is_one_that_the_command_takes() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    let plan = ["plan", "two.yaml", "-o", "x.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let apply = ["apply", "x.plan"];
    let apply = environment.run_on(&sandbox, &apply).expect_code(64).stderr;
    assert!(apply.contains("wf-bulk show x.plan"), "{apply}");
    assert!(!apply.contains("--dry-run"), "{apply}");
}
