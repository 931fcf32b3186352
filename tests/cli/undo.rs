//! `undo`: what a run has changed is as before, and what somebody else has changed since is left alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use serde_json::Value;
use wf_bulk::{checkpoint::Checkpoint, outcome::Outcome};

use crate::{
    environment::{Ended, Environment, SandboxProcess},
    faults::{SUBJECTS, Subject, all_cells},
    operations::playbook,
};

/// Times that the service keeps by itself.
const MAINTAINED: [&str; 6] = [
    "lastUpdateTime",
    "lastUpdated",
    "completedTime",
    "updated_at",
    "completed_at",
    "closed_at",
];

/// An execution as the service has it, without the times that it keeps by itself.
fn read(sandbox: &SandboxProcess, api: &str, id: &str) -> Value {
    let path = match api {
        "v1" => format!("/v1/workflows/executions/{id}"),
        _ => format!("/v2/flows/executions/{id}"),
    };
    let mut execution = serde_json::from_str(&sandbox.request("GET", &path, "")).unwrap();
    forget(&mut execution);
    execution
}

/// Removes what the service keeps by itself, and what is empty: absent, null and empty mean the same.
fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(forget);
            let is_empty = |value: &Value| match value {
                Value::Null => true,
                Value::Object(fields) => fields.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::String(text) => text.is_empty(),
                Value::Bool(_) | Value::Number(_) => false,
            };
            fields.retain(|name, value| !MAINTAINED.contains(&name.as_str()) && !is_empty(value));
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The paths at which two values differ, with both values.
fn differences(path: &str, one: &Value, other: &Value) -> Vec<String> {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let names: BTreeSet<&String> = fields.keys().chain(others.keys()).collect();
            let of =
                |name: &String| differences(&format!("{path}.{name}"), &one[name], &other[name]);
            names.into_iter().flat_map(of).collect()
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let pairs = items.iter().zip(others).enumerate();
            let of = |(place, (one, other))| differences(&format!("{path}.{place}"), one, other);
            pairs.flat_map(of).collect()
        }
        (one, other) if one == other => Vec::new(),
        // Of the same meaning; only the second can be sent.
        (Value::String(one), Value::String(other))
            if path.ends_with(".status") && one == "ASSIGNED" && other == "PENDING" =>
        {
            Vec::new()
        }
        (one, other) => vec![format!("{path}: {one} and {other}")],
    }
}

/// The changes of a plan, as its lines have them.
fn changes(environment: &Environment, plan: &str) -> Vec<Value> {
    let text = fs::read_to_string(environment.path().join(plan)).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line.get("change").is_some()).collect()
}

pub(crate) fn undo(environment: &Environment, sandbox: &SandboxProcess, flags: &[&str]) -> Ended {
    environment.run_on(sandbox, &[&["undo", "--last"], flags].concat())
}

#[test]
fn every_action_with_a_way_back_is_undone_field_by_field_and_of_the_others_the_reason_is_said() {
    all_cells(
        SUBJECTS
            .iter()
            .map(|subject| (subject.name(), || there_and_back(subject))),
    );
}

fn there_and_back(subject: &Subject) {
    let still = [
        "--executions",
        subject.executions(),
        "--automations-take",
        "3000000000",
    ];
    let sandbox = SandboxProcess::start(&still);
    let environment = Environment::new();
    let file = subject.prepare(&environment, &sandbox);
    let plan = ["plan", &file, "--limit", "1", "-o", "there.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let changes = changes(&environment, "there.plan");
    let [change] = &changes[..] else {
        panic!("{changes:?}");
    };
    let claims = change["undo"].get("request").is_some();
    let target = &change["target"];
    let id = target["execution"]
        .as_str()
        .or(target["entity"].as_str())
        .unwrap();
    let there_is_one = target.get("entity").is_none();
    let before = if there_is_one {
        read(&sandbox, subject.api, id)
    } else {
        Value::Null
    };
    environment
        .run_on(&sandbox, &["apply", "there.plan", "--yes"])
        .expect_code(0);

    if claims {
        let left = read(&sandbox, subject.api, id);
        assert_ne!(left, before, "the run changed nothing");
        let undone = undo(&environment, &sandbox, &["--yes", "--json"]).expect_code(0);
        assert_eq!(undone.json()["outcomes"]["applied"], 1, "{undone:?}");
        let back = read(&sandbox, subject.api, id);
        assert_eq!(
            differences("", &before, &back),
            [""; 0],
            "before, and after the undo"
        );
        // The undo is a run like any other.
        undo(&environment, &sandbox, &["--yes"]).expect_code(0);
        let again = read(&sandbox, subject.api, id);
        assert_eq!(
            differences("", &left, &again),
            [""; 0],
            "after the run, and after the undo of the undo"
        );
    } else {
        let writes = sandbox.ledger().writes();
        let undone = undo(&environment, &sandbox, &["--yes"]).expect_code(0);
        let out = undone.expect_out("can't be undone: ");
        assert!(out.stderr.contains("nothing to do"), "{out:?}");
        assert_eq!(sandbox.ledger().writes(), writes);
    }
}

/// Changes every task of some flows, two fields each.
pub(crate) const TASKS: &str = "select: { FLOWS, each: task, where_each: due(task) is not none }
actions: [ reassign: { add: [\"7\"] }, shift_due_date: { by: 3 days } ]";

#[test]
fn what_somebody_edited_since_is_left_alone_field_by_field_and_another_field_is_no_obstacle() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    environment
        .run_on(
            &sandbox,
            &["plan", &file, "--limit", "3", "-o", "there.plan"],
        )
        .expect_code(0);
    let changes = changes(&environment, "there.plan");
    let [edited, renamed, untouched] = &changes[..] else {
        panic!("{changes:?}");
    };
    let path = |change: &Value| {
        let target = &change["target"];
        let [execution, task] =
            [&target["execution"], &target["id"]].map(|id| id.as_str().unwrap());
        format!("/v2/flows/executions/{execution}/tasks/{task}")
    };
    let task = |change: &Value| {
        let target = &change["target"];
        let flow = read(&sandbox, "v2", target["execution"].as_str().unwrap());
        let mut tasks = flow["tasks"].as_array().unwrap().iter();
        tasks
            .find(|task| task["id"] == target["id"])
            .cloned()
            .unwrap()
    };
    let before = [edited, renamed, untouched].map(&task);
    environment
        .run_on(&sandbox, &["apply", "there.plan", "--yes"])
        .expect_code(0);
    sandbox.request(
        "PATCH",
        &path(edited),
        r#"{"due_date": "2030-01-01T00:00:00.000"}"#,
    );
    sandbox.request("PATCH", &path(renamed), r#"{"name": "renamed"}"#);
    let left = task(edited);

    let undone = undo(&environment, &sandbox, &["--yes"]).expect_code(0);
    let said = "changed since the run: due_date is \"2030-01-01T00:00:00.000\", the run set";
    undone.expect_out(said).expect_said("2 planned = 2 applied");
    assert_eq!(task(edited), left, "it is left alone, with all its fields");
    let mut expected = before[1].clone();
    expected["name"] = "renamed".into();
    assert_eq!(task(renamed), expected);
    assert_eq!(task(untouched), before[2]);
}

#[test]
fn a_part_of_a_run_is_undone_and_an_id_that_it_did_not_touch_is_told() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    environment
        .run_on(
            &sandbox,
            &["plan", &file, "--limit", "5", "-o", "there.plan"],
        )
        .expect_code(0);
    let changes = changes(&environment, "there.plan");
    environment
        .run_on(&sandbox, &["apply", "there.plan", "--yes"])
        .expect_code(0);
    let id = |place: usize| changes[place]["target"]["id"].as_str().unwrap();
    let plan = |flags: &[&str]| {
        let flags = [&["-o", "back.plan"], flags].concat();
        let ended = undo(&environment, &sandbox, &flags).expect_code(0);
        (self::changes(&environment, "back.plan"), ended)
    };
    let ids = |planned: &[Value]| {
        let ids = planned
            .iter()
            .map(|change| change["target"]["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(plan(&[]).0.len(), 5);
    assert_eq!(ids(&plan(&["--only", id(3)]).0), [id(3)]);
    assert_eq!(plan(&["--exclude", id(0), "--exclude", id(1)]).0.len(), 3);
    assert_eq!(plan(&["--limit", "2"]).0.len(), 2);
    let (none, ended) = plan(&["--only", "nobody"]);
    assert!(none.is_empty());
    ended.expect_out("note: --only: 1 of 1 id name none of the run's changes (nobody)");
}

/// Runs that are killed, and undone from what their checkpoint says; the undo is killed, too, and resumed.
fn undo_after_kills(cycles: u32, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let mut undone = 0;
    for cycle in 0..cycles {
        let environment = Environment::new();
        let slow = ["--yes", "--rate", "200/s"];
        let file = playbook(&environment, "tasks", TASKS);
        environment
            .run_on(&sandbox, &["plan", &file, "-o", "there.plan"])
            .expect_code(0);
        let changes = changes(&environment, "there.plan");
        let flows = || {
            let ids: BTreeSet<&str> = changes
                .iter()
                .map(|change| change["group"].as_str().unwrap())
                .collect();
            ids.into_iter()
                .map(|id| (id.to_owned(), read(&sandbox, "v2", id)))
                .collect::<BTreeMap<_, _>>()
        };
        let before = flows();
        killed(
            &environment,
            &sandbox,
            &[&["apply", "there.plan"], &slow[..]].concat(),
            rng.u64(50..900),
        );
        let Some(run) = runs(&environment).pop() else {
            continue;
        };
        let outcomes = outcomes(&run);
        let number = |wanted: Outcome| {
            outcomes
                .values()
                .filter(|outcome| **outcome == wanted)
                .count()
        };
        undone += number(Outcome::Applied);

        let id = run.file_name().unwrap().to_str().unwrap();
        killed(
            &environment,
            &sandbox,
            &[&["undo", id], &slow[..]].concat(),
            rng.u64(50..900),
        );
        let mut undos = runs(&environment);
        undos.retain(|path| *path != run);
        match undos.pop() {
            Some(undo) => {
                let undo = undo.file_name().unwrap().to_str().unwrap();
                environment
                    .run_on(&sandbox, &["resume", undo])
                    .expect_code(0);
            }
            None => {
                environment
                    .run_on(&sandbox, &["undo", id, "--yes"])
                    .expect_code(0);
            }
        }
        let after = flows();
        let mut wrong = Vec::new();
        for (flow, before) in &before {
            for difference in differences("", before, &after[flow]) {
                let of = |change: &&Value| change["group"] == flow.as_str();
                let may_be = changes.iter().filter(of).any(|change| {
                    let is_its = difference.starts_with(".tasks.");
                    is_its && outcomes[change["change"].as_str().unwrap()] == Outcome::InDoubt
                });
                if !may_be {
                    wrong.push(format!("{flow}{difference}"));
                }
            }
        }
        assert_eq!(wrong, [""; 0], "cycle {cycle} of seed {seed}: {outcomes:?}");
        // What was in doubt would be changed twice in the next cycle, which is no fault.
    }
    let _ = writeln!(
        io::stderr(),
        "{cycles} killed runs, {undone} changes undone"
    );
    assert!(undone > 0);
}

/// The folders of the runs; one that is only being made has another name.
fn runs(environment: &Environment) -> Vec<PathBuf> {
    let mut runs = environment.runs();
    runs.retain(|path| {
        !path
            .file_name()
            .unwrap()
            .as_encoded_bytes()
            .starts_with(b".")
    });
    runs
}

/// Kills a command after so many milliseconds.
fn killed(environment: &Environment, sandbox: &SandboxProcess, arguments: &[&str], after: u64) {
    let mut command = environment.command_on(sandbox, arguments);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(after));
    let _ = child.kill();
    child.wait().unwrap();
}

/// The outcome of each change of a run, as its checkpoint has it.
fn outcomes(run: &Path) -> BTreeMap<String, Outcome> {
    let state = Checkpoint::read(&run.join("checkpoint.jsonl"))
        .unwrap()
        .state;
    let plan = fs::read_to_string(run.join("plan")).unwrap();
    let lines = plan.lines().zip(1..).filter_map(|(line, number)| {
        let line: Value = serde_json::from_str(line).unwrap();
        let id = line.get("change")?.as_str()?.to_owned();
        Some((id, state.outcome_so_far(number)))
    });
    lines.collect()
}

#[test]
fn the_undo_of_killed_runs_brings_back_exactly_what_their_checkpoints_say_was_applied() {
    undo_after_kills(6, 7);
}

#[test]
#[ignore = "takes minutes: `just torture`"]
fn two_hundred_killed_runs_are_undone_exactly() {
    let seed = env::var("WF_BULK_TORTURE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    undo_after_kills(200, seed.unwrap_or_else(|| fastrand::u64(..)));
}
