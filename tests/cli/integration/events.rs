//! The events of a session, over kills and sessions, and who reads them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
};

use serde_json::{Value, json};

use super::{MANY, RUN};
use crate::{
    crash::start_until,
    environment::{Ended, Environment, SandboxProcess},
};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn each_event_has_its_own_number_over_kills_and_sessions_and_says_what_the_results_say() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file("many.yaml", MANY);
    let mut files = Vec::new();
    for (session, records) in [60, 200, 350].into_iter().enumerate() {
        // Each session writes to another file: the numbers come from the run.
        let file = format!("{session}.jsonl");
        let start = match session {
            0 => ["run", "many.yaml", "--yes"],
            _ => ["resume", "--last", "--wait"],
        };
        let arguments = [&start[..], &["--events", &file, "--timeout", "3"]].concat();
        let command = environment.command_on(&sandbox, &arguments);
        let (mut child, ended) = start_until(&environment, command, records);
        assert!(!ended);
        child.kill().unwrap();
        child.wait().unwrap();
        files.push(file);
    }
    // The last file is that of the session before, which a kill has cut in a line.
    let last = environment.path().join(files.last().unwrap());
    let text = fs::read_to_string(&last).unwrap();
    fs::write(&last, &text[..text.len() - 5]).unwrap();
    let whole = text.lines().count() - 1;
    let name = files.last().unwrap().clone();
    let resume = ["resume", "--last", "--events", &name, "--timeout", "3"];
    environment.run_on(&sandbox, &resume).expect_code(0);
    let text = fs::read_to_string(&last).unwrap();
    let mut kept: Vec<&str> = text.lines().collect();
    let cut = kept.remove(whole);
    assert!(serde_json::from_str::<Value>(cut).is_err());
    fs::write(&last, kept.join("\n") + "\n").unwrap();

    let events: Vec<Value> = files
        .iter()
        .flat_map(|file| lines(&environment.path().join(file)))
        .collect();
    let numbers: Vec<u64> = events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers[0], 1);
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    let runs: BTreeSet<String> = events
        .iter()
        .map(|event| event["run"].to_string())
        .collect();
    assert_eq!(runs.len(), 1);
    assert!(events.iter().all(|event| event["v"] == 1));
    let started = events
        .iter()
        .filter(|event| event["event"] == "session_started");
    assert_eq!(started.count(), 4);
    let end = events.last().unwrap();
    assert_eq!(
        (&end["event"], &end["exit_code"]),
        (&json!("session_ended"), &json!(0))
    );

    let run = environment.runs().remove(0);
    let results: BTreeMap<String, Value> = lines(&run.join("results.jsonl"))
        .into_iter()
        .map(|row| (row["change"].to_string(), row))
        .collect();
    let mut compared = 0;
    for event in events
        .iter()
        .filter(|event| event["event"] == "change_ended")
    {
        let row = &results[&event["change"].to_string()];
        for key in ["outcome", "attempts", "target", "action", "detail"] {
            assert_eq!(event[key], row[key], "{event}");
        }
        compared += 1;
    }
    assert!(compared > 200, "{compared}");
    let mode = fs::metadata(&last).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_run_goes_on_when_the_reader_of_its_events_has_gone() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let arguments = [&RUN[..], &["--events", "-"]].concat();
    let mut child = environment
        .command_on(&sandbox, &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = Ended::from(child.wait_with_output().unwrap()).expect_code(0);
    let told = ended.stderr.matches("the events are incomplete").count();
    assert_eq!(told, 1, "{}", ended.stderr);
    assert!(sandbox.ledger().writes() > 0);
}

#[test]
fn events_on_standard_output_have_it_to_themselves() {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "nth": 1}, "do": {"status": {"code": 400, "message": "no \u{1b}[31m \"$(touch pwned)\"\n{} way"}}},
        {"match": {"method": "PATCH", "nth": 3}, "do": {"status": {"code": 429, "message": "slow", "retry_after": 1}}},
    ]}));
    let environment = Environment::new().with_playbooks();
    let arguments = [&RUN[..], &["--events", "-", "--on-finish", "echo \"end\""]].concat();
    let ended = environment.run_on(&sandbox, &arguments).expect_code(3);
    assert!(!ended.stdout.contains('\u{1b}'));
    let events: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    let changes = events[0]["planned"].as_u64().unwrap();
    assert_eq!((of("session_started"), of("session_ended")), (1, 1));
    let end = events.last().unwrap();
    let not_attempted = end["result"]["outcomes"]["not_attempted"].as_u64().unwrap();
    assert_eq!(of("change_ended") as u64 + not_attempted, changes);
    assert!(of("retried") > 0 && of("throttled") > 0, "{events:?}");
    let refused = events
        .iter()
        .find(|event| event["outcome"] == "refused")
        .unwrap();
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("$(touch pwned)")
    );
    // The plan and what the command prints go to people.
    ended
        .expect_said("reassign-leaver  on ")
        .expect_said("end\n");
    assert!(!environment.path().join("pwned").exists());

    let with_json = [&arguments[..], &["--json"]].concat();
    environment
        .run_on(&sandbox, &with_json)
        .expect_code(64)
        .expect_said("write the events to a file: --events FILE");
}

#[test]
fn every_command_that_applies_a_plan_tells_of_its_own_run() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file("few.yaml", &MANY.replace("250", "3"));
    let plan = ["plan", "few.yaml", "-o", "x.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let mut runs = BTreeSet::new();
    for command in [
        &["apply", "x.plan"][..],
        &["undo", "--last"],
        &["run", "few.yaml", "--again"],
    ] {
        let tell = "printf %s \"$WF_BULK_RUN\" >run.txt";
        let flags = ["--yes", "--on-finish", tell, "--events", "-"];
        let ended = environment.run_on(&sandbox, &[command, &flags].concat());
        let ended = ended.expect_code(0);
        let run = fs::read_to_string(environment.path().join("run.txt")).unwrap();
        let mut of = Vec::new();
        for line in ended.stdout.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["run"], run, "{event}");
            of.push(event["event"].as_str().unwrap().to_owned());
        }
        let ended = "change_ended";
        assert_eq!(
            of,
            ["session_started", ended, ended, ended, "session_ended"],
            "{command:?}"
        );
        runs.insert(run);
    }
    assert_eq!(runs.len(), 3);
    // A run that has ended has no other session; it is told again.
    let again = [
        "resume",
        runs.first().unwrap(),
        "--events",
        "-",
        "--on-finish",
        "cat",
    ];
    let ended = environment.run_on(&sandbox, &again).expect_code(0);
    assert_eq!(ended.stdout, "");
    ended.expect_said("\"planned\":3");
}
