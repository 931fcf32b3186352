//! What the engine keeps of a run: never the token, and with a key nothing that says what the run is about.

use std::{fs, thread, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    commands::fast,
    environment::Ended,
    playground::{ORG, Playground, Setting, TIMEOUT},
    runs::{MIXED, at},
};

const KEY: &str = "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSAzMiE=";
const OTHER_KEY: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
const API_KEY: &str = "api-k3y-of-the-engine";

/// The token of the sandbox, which all commands of these tests have. No plan has the word.
const TOKEN: &str = "sandbox";

/// All that the engine shows of all workflows, with its payloads as they are.
fn kept(playground: &Playground) -> String {
    let ask = |arguments: &[&str]| -> Value {
        let said = playground.engine.ask(arguments);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    };
    let listed = ask(&["workflow", "list", "--limit", "1000", "--output", "json"]);
    let mut kept = String::new();
    for flow in listed.as_array().unwrap() {
        let of = |name: &str| flow["execution"][name].as_str().unwrap().to_owned();
        let (workflow, run) = (of("workflowId"), of("runId"));
        let of = [
            "--workflow-id",
            &workflow,
            "--run-id",
            &run,
            "--output",
            "json",
        ];
        for what in ["show", "describe"] {
            let shown = ask(&[&["workflow", what], &of[..]].concat());
            kept.push_str(&shown.to_string());
            decode(&shown, &mut kept);
        }
    }
    assert!(kept.contains("ShardFlow") && kept.contains("WORKFLOW_EXECUTION_STARTED"));
    kept
}

/// Adds what is Base64 in a document.
fn decode(value: &Value, kept: &mut String) {
    match value {
        Value::String(text) => {
            if let Ok(bytes) = STANDARD.decode(text) {
                kept.push_str(&String::from_utf8_lossy(&bytes));
                kept.push('\n');
            }
        }
        Value::Array(values) => values.iter().for_each(|value| decode(value, kept)),
        // Its search attributes are the engine's own: which build of the client worked.
        Value::Object(values) => values
            .iter()
            .filter(|(name, _)| *name != "searchAttributes")
            .for_each(|(_, value)| decode(value, kept)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A run in which a worker dies, so that heartbeats are kept, too.
fn run_with_a_death(playground: &Playground) {
    let mut dies = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(10);
    dies.kill();
    let pending = kept(playground);
    expect_no_secret(&pending);
    let _worker = playground.worker();
    playground.fetch(&run, 0);
    assert!(playground.expect_innocent().finished);
}

#[track_caller]
fn expect_no_secret(kept: &str) {
    for secret in [TOKEN, API_KEY, KEY] {
        assert!(!kept.contains(secret), "{secret}");
    }
}

fn playground() -> Playground {
    let mut playground = Playground::new(&Setting {
        own_engine: true,
        ..Setting::new(&at("rate: 40/s, burst: 20, concurrency: 8"))
    });
    playground.set("WF_BULK_ENGINE_API_KEY", API_KEY);
    playground
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn the_token_and_the_api_key_are_in_nothing_that_the_engine_keeps() {
    let playground = playground();
    run_with_a_death(&playground);
    let kept = kept(&playground);
    expect_no_secret(&kept);
    // It would be found: the plan is there.
    let execution = &playground.planned[0].execution;
    assert!(kept.contains(execution), "{execution}");
    assert!(kept.contains("reassign"));
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn with_a_key_the_engine_keeps_nothing_that_says_what_a_run_is_about() {
    let mut playground = playground();
    playground.set("WF_BULK_ENGINE_KEY", KEY);
    run_with_a_death(&playground);
    let kept = kept(&playground);
    expect_no_secret(&kept);
    assert!(kept.contains("encryption-key-id"));
    for word in ["reassign", "77777", "run_schedule_now", "json/plain"] {
        assert!(!kept.contains(word), "{word}");
    }
    for planned in &playground.planned {
        assert!(!kept.contains(&planned.execution), "{}", planned.execution);
    }
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn who_has_not_the_key_is_told_so_and_breaks_no_run() {
    let mut playground = playground();
    // It began before there was a key.
    let _without = playground.worker();
    thread::sleep(Duration::from_secs(3));
    end_pace(&playground);
    let keys = playground.environment.path().join("keys");
    fs::write(&keys, KEY).unwrap();
    make_private(&keys);
    playground.set("WF_BULK_ENGINE_KEY_FILE", keys.to_str().unwrap());
    let _with = playground.worker();
    let run = playground.submit("engine.plan");
    playground.fetch(&run, 0);
    assert!(playground.expect_innocent().finished);
    let said = playground.said();
    assert!(
        said.contains("warning: what the engine has is encrypted with the key "),
        "{said}"
    );

    let refused = |name: &str, key: &str| {
        let apply = [
            "apply",
            "engine.plan",
            "--yes",
            "--again",
            "--timeout",
            TIMEOUT,
        ];
        let mut command = playground.command(&apply);
        command.env_remove("WF_BULK_ENGINE_KEY_FILE").env(name, key);
        Ended::from(command.output().unwrap()).expect_code(1)
    };
    refused("WF_BULK_ENGINE_KEY", "").expect_said("which this process does not have");
    refused("WF_BULK_ENGINE_KEY", OTHER_KEY).expect_said("which this process does not have");

    // A new key encrypts, and the old one still decrypts.
    fs::write(&keys, format!("{OTHER_KEY}\n{KEY}\n")).unwrap();
    playground
        .run(&[
            "apply",
            "engine.plan",
            "--yes",
            "--again",
            "--timeout",
            TIMEOUT,
        ])
        .expect_code(0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn with_a_key_a_plan_that_was_submitted_without_it_is_not_made() {
    let mut playground = Playground::new(&Setting {
        own_engine: true,
        ..Setting::new(MIXED)
    });
    playground.submit("engine.plan");
    end_pace(&playground);
    playground.set("WF_BULK_ENGINE_KEY", KEY);
    let _worker = playground.worker();
    while !playground
        .said()
        .contains("it takes only what is encrypted")
    {
        thread::sleep(Duration::from_millis(100));
    }
    thread::sleep(Duration::from_secs(1));
    assert_eq!(playground.seen().len(), 0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_from_before_the_key_hides_no_other_run_and_forbids_one_only_while_it_is_under_way() {
    let mut playground = Playground::new(&Setting {
        own_engine: true,
        executions: 20,
        ..Setting::new(&fast())
    });
    let worker = playground.worker();
    let before = playground.submit("engine.plan");
    playground.fetch(&before, 0);
    drop(worker);
    playground.plan("waits", &fast().replace("77777", "77778"));
    playground.submit("waits.plan");

    end_pace(&playground);
    playground.set("WF_BULK_ENGINE_KEY", KEY);
    let _worker = playground.worker();
    let other = fast().replace("77777", "77779");
    playground.environment.file("other.yaml", &other);
    let run = ["run", "other.yaml", "--yes", "--timeout", TIMEOUT];
    playground
        .run(&run)
        .expect_code(1)
        .expect_said("is under way, and what it changes can't be read")
        .expect_said("WF_BULK_ENGINE_KEY_FILE");
    let digest = playground.flow("waits.plan");
    let end = ["workflow", "terminate", "--workflow-id", &digest];
    playground.engine.ask(&end);

    playground
        .run(&run)
        .expect_code(0)
        .expect_said("2 runs at the engine can't be read, so it is not known");
    let look = |arguments: &[&str]| {
        let mut status = playground.environment.command(arguments);
        status.args(["--engine", &playground.engine.address()]);
        Ended::from(status.env("WF_BULK_ENGINE_KEY", KEY).output().unwrap())
    };
    let shown = look(&["status"]).expect_code(0);
    let shown = shown
        .expect_said("warning: 2 runs at the engine can't be read: ")
        .expect_out("a run that can't be read  ended");
    assert_eq!(shown.stdout.matches("  finished  ").count(), 1);
    let said = look(&["status", &before]).expect_code(1);
    let why = "what the engine has is not encrypted, and this process has a key";
    assert_eq!(said.stderr.matches(why).count(), 1, "{}", said.stderr);
}

/// What was begun without the key is ended, as the guide says.
fn end_pace(playground: &Playground) {
    let pace = format!("wf-bulk {} {ORG} pace", playground.sandbox.url());
    let end = ["workflow", "terminate", "--workflow-id", &pace];
    playground.engine.ask(&end);
}

fn make_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
