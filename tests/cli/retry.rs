//! `retry`: what a run has left undone is planned again, on exactly its targets.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    environment::{Ended, Environment, SandboxProcess},
    operations::playbook,
};

/// A sandbox that refuses these requests once.
fn refusing(rules: &[Value]) -> SandboxProcess {
    let rules: Vec<Value> = rules
        .iter()
        .map(
            |matching| json!({"match": matching, "do": {"status": {"code": 400, "message": "no"}}}),
        )
        .collect();
    let still = ["--executions", "60", "--automations-take", "3000000000"];
    SandboxProcess::with_faults_and(&json!({"rules": rules}), &still)
}

/// The id of the newest run.
fn newest(environment: &Environment) -> String {
    let run = environment.runs().into_iter().max().unwrap();
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

fn retry(environment: &Environment, sandbox: &SandboxProcess, flags: &[&str]) -> Ended {
    environment.run_on(sandbox, &[&["retry", "--last", "--json"], flags].concat())
}

#[test]
fn a_flow_that_was_refused_after_its_tasks_were_handed_over_is_found_again_and_nothing_stays_with_the_leaver()
 {
    // The first PATCH of a flow itself: its tasks are done by then, so that the playbook does not select it any more.
    let first = json!({"method": "PATCH", "effect_only": true, "path_contains": "/v2/flows/executions/", "once_per_url": true, "every": 3});
    let sandbox = refusing(&[first]);
    let environment = Environment::new().with_playbooks();
    let run = ["run", "playbooks/reassign.yaml", "--yes", "--json"];
    let first = environment.run_on(&sandbox, &run).expect_code(3).json();
    let refused = first["outcomes"]["refused"].as_u64().unwrap();
    assert!(refused > 3, "{first}");
    let mut left = u64::MAX;
    // What depends on a refused change waits for the next retry.
    for _ in 0..10 {
        let again = retry(&environment, &sandbox, &["--yes"]);
        assert!(matches!(again.code, 0 | 3), "{again:?}");
        let outcomes = &again.json()["outcomes"];
        left = ["refused", "not_attempted"]
            .iter()
            .map(|word| outcomes[word].as_u64().unwrap())
            .sum();
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0);
    let plan = ["plan", "playbooks/hand-over.yaml", "-o", "over.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let targets = |path: PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let changes = lines.filter(|line| line.get("change").is_some());
        changes
            .map(|line| line["target"].to_string())
            .collect::<BTreeSet<_>>()
    };
    let of_the_run = targets(environment.runs().into_iter().min().unwrap().join("plan"));
    let over = targets(environment.path().join("over.plan"));
    let both: Vec<&String> = of_the_run.intersection(&over).collect();
    assert_eq!(both, [""; 0], "what the leaver still has");
}

#[test]
fn an_action_that_is_not_idempotent_is_made_once_on_each_target() {
    let sandbox = refusing(&[
        json!({"method": "PATCH", "nth": 2}),
        json!({"method": "PATCH", "nth": 4}),
    ]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, where_each: due(task) is not none, limit: 6 }
actions: [ shift_due_date: { by: 3 days } ]";
    let file = playbook(&environment, "shift", rest);
    environment
        .run_on(&sandbox, &["run", &file, "--yes"])
        .expect_code(3);
    let first = newest(&environment);
    environment
        .run_on(&sandbox, &["retry", &first, "-o", "a.plan"])
        .expect_code(0)
        .expect_out("2 changes");
    environment
        .run_on(&sandbox, &["retry", &first, "-o", "b.plan"])
        .expect_code(0);
    let again = retry(&environment, &sandbox, &["--yes"])
        .expect_code(0)
        .json();
    assert_eq!(again["outcomes"]["applied"], 2);
    // Neither another retry of the same run nor a plan that was made before makes them a second time.
    let second = newest(&environment);
    let told = environment
        .run_on(&sandbox, &["retry", &first, "--yes"])
        .expect_code(1);
    told.expect_said(&format!("was retried by run {second}"));
    for plan in ["a.plan", "b.plan"] {
        let told = environment.run_on(&sandbox, &["apply", plan, "--yes"]);
        assert_ne!(told.code, 0, "{told:?}");
    }
    let writes: BTreeSet<String> = sandbox.ledger().effects_by_target().into_keys().collect();
    assert_eq!(writes.len(), 6, "each once");
    assert!(
        sandbox
            .ledger()
            .effects_by_target()
            .values()
            .all(|times| *times == 1)
    );
    retry(&environment, &sandbox, &["--yes"])
        .expect_code(0)
        .expect_said("nothing to do");
}

#[test]
fn what_has_drifted_is_planned_again_from_what_is_there_now() {
    let sandbox = refusing(&[]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, where_each: due(task) is not none, limit: 2 }
actions: [ reassign: { add: [\"7\"] } ]";
    let file = playbook(&environment, "add", rest);
    environment
        .run_on(&sandbox, &["plan", &file, "-o", "x.plan"])
        .expect_code(0);
    let text = fs::read_to_string(environment.path().join("x.plan")).unwrap();
    let change: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let path = change["request"]["path"].as_str().unwrap();
    sandbox.request("PATCH", path, r#"{"assigned_to": ["8"]}"#);
    environment
        .run_on(&sandbox, &["apply", "x.plan", "--yes"])
        .expect_code(5);
    environment
        .run_on(&sandbox, &["retry", "--last", "--yes"])
        .expect_code(64)
        .expect_said("--playbook PLAYBOOK");
    let again = retry(&environment, &sandbox, &["--yes", "--playbook", &file]).expect_code(0);
    assert_eq!(again.json()["outcomes"]["applied"], 1);
    let task = sandbox.request("PATCH", path, r#"{"name": "same"}"#);
    let task: Value = serde_json::from_str(&task).unwrap();
    assert_eq!(task["assigned_to"], json!(["8", "7"]), "the edit is kept");
}

#[test]
fn a_retry_keeps_the_rows_and_starts_what_was_not_started() {
    let sandbox = refusing(&[
        json!({"method": "PATCH", "nth": 1}),
        json!({"method": "POST", "path_contains": "/v2/flows/executions", "nth": 5}),
    ]);
    let environment = Environment::new();
    let id = crate::operations::first(&sandbox, "/v2/flows/executions:search");
    environment.file("owners.csv", &format!("id,owner\n{id},7\n"));
    let rest = "select: { rows: { file: owners.csv, id: id } }\nactions: [ reassign: { set: [\"{{ row.owner }}\"] } ]";
    let file = playbook(&environment, "rows", rest);
    environment
        .run_on(&sandbox, &["run", &file, "--yes"])
        .expect_code(3);
    let again = retry(&environment, &sandbox, &["--yes"]).expect_code(0);
    assert_eq!(again.json()["outcomes"]["applied"], 1);
}

#[test]
fn a_run_that_has_not_ended_and_a_playbook_that_has_changed_are_not_retried() {
    let sandbox = refusing(&[json!({"method": "PATCH", "nth": 1})]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, limit: 3 }\nactions: [ reassign: { add: [\"7\"] } ]";
    let file = playbook(&environment, "add", rest);
    environment
        .run_on(&sandbox, &["run", &file, "--yes"])
        .expect_code(3);
    let path = environment.path().join(&file);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n# another\n")).unwrap();
    retry(&environment, &sandbox, &["--yes"])
        .expect_code(1)
        .expect_said("is not the playbook of the run");
    let first = newest(&environment);
    let offered = format!("wf-bulk retry {first}");
    environment
        .run(&["status", &first])
        .expect_out(&format!("{offered} --playbook PLAYBOOK\n"));
    fs::write(&path, text).unwrap();
    environment
        .run(&["status", &first])
        .expect_out(&format!("{offered}\n"));
    let run = environment.runs().pop().unwrap();
    let checkpoint = run.join("checkpoint.jsonl");
    let records = fs::read_to_string(&checkpoint).unwrap();
    let unfinished: Vec<&str> = records.lines().collect();
    let unfinished = unfinished[..unfinished.len() - 1].join("\n") + "\n";
    fs::write(&checkpoint, unfinished).unwrap();
    environment.forget_history();
    let told = retry(&environment, &sandbox, &["--yes"]).expect_code(1);
    told.expect_said("has not ended")
        .expect_said("wf-bulk resume")
        .expect_said("wf-bulk abandon");
    // `resume` refuses a run that was undone.
    let id = newest(&environment);
    environment
        .run_on(&sandbox, &["undo", &id, "--yes"])
        .expect_code(0);
    let told = environment.run_on(&sandbox, &["retry", &id, "--yes"]);
    assert!(!told.stderr.contains("wf-bulk resume"), "{told:?}");
    told.expect_code(1).expect_said("wf-bulk abandon");
}

#[test]
fn a_part_is_retried_and_then_the_others_that_are_named() {
    let sandbox = refusing(&[
        json!({"method": "PATCH", "nth": 1}),
        json!({"method": "PATCH", "nth": 2}),
    ]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, limit: 2 }\nactions: [ reassign: { add: [\"7\"] } ]";
    let file = playbook(&environment, "add", rest);
    environment
        .run_on(&sandbox, &["run", &file, "--yes"])
        .expect_code(3);
    let run = newest(&environment);
    let failed = environment.runs().remove(0).join("failed.csv");
    let failed = fs::read_to_string(failed).unwrap();
    let ids: Vec<&str> = failed
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let retry = |flags: &[&str]| {
        let words = [&["retry", &*run, "--yes"], flags].concat();
        environment.run_on(&sandbox, &words)
    };
    retry(&["--only", ids[0]])
        .expect_code(0)
        .expect_said("1 planned = 1 applied");
    retry(&["--only", ids[1]])
        .expect_code(1)
        .expect_said(&format!("wf-bulk retry {run} --again\n"));
    retry(&["--again", "--only", ids[1]])
        .expect_code(0)
        .expect_said("1 planned = 1 applied");
}

#[test]
fn a_retry_of_a_run_that_was_retried_offers_only_what_has_something_to_do() {
    let refused = json!({"method": "PATCH", "effect_only": true, "to": 3});
    let sandbox = refusing(&[refused]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, where_each: due(task) is not none, limit: 2 }
actions: [ shift_due_date: { by: 3 days } ]";
    let file = playbook(&environment, "shift", rest);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    on(&["run", &file, "--yes"]).expect_code(3);
    let run = newest(&environment);
    // One of the two is refused once more.
    on(&["retry", &run, "--yes"]).expect_code(3);
    let first = newest(&environment);
    on(&["retry", &run]).expect_code(1).expect_said(&format!(
        "for what is left of run {first}: wf-bulk retry {first}\n"
    ));
    on(&["retry", &first, "--yes"]).expect_code(0);
    let last = newest(&environment);
    on(&["retry", &run])
        .expect_code(1)
        .expect_said("its retries have made all of it");
    let told = on(&["retry", &first]).expect_code(1);
    assert!(!told.stderr.contains("wf-bulk retry"), "{told:?}");
    told.expect_said(&format!("its retry {last} has made all of it"));
    on(&["undo", &last, "--yes"]).expect_code(0);
    let undo = newest(&environment);
    on(&["retry", &first])
        .expect_code(1)
        .expect_said(&format!("wf-bulk undo {undo}"));
}

#[test]
fn what_another_retry_of_the_run_has_made_is_not_made_again_and_what_it_left_out_is_told() {
    let refused = json!({"method": "PATCH", "effect_only": true, "to": 4});
    let sandbox = refusing(&[refused]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, where_each: due(task) is not none, limit: 4 }
actions: [ shift_due_date: { by: 3 days } ]";
    let file = playbook(&environment, "shift", rest);
    environment
        .run_on(&sandbox, &["run", &file, "--yes"])
        .expect_code(3);
    let run = newest(&environment);
    let again = format!("2 targets of run {run} are not retried yet: wf-bulk retry {run} --again");
    let retry = |flags: &[&str]| {
        let words = [&["retry", &*run], flags].concat();
        environment.run_on(&sandbox, &words)
    };
    retry(&["--limit", "2", "--yes"])
        .expect_code(0)
        .expect_said("2 planned = 2 applied")
        .expect_said(&again);
    let first_retry = newest(&environment);
    environment
        .run(&["status", &run])
        .expect_code(0)
        .expect_out(&again);
    retry(&["--limit", "2", "--yes"])
        .expect_code(1)
        .expect_said(&format!("wf-bulk retry {run} --again"));
    retry(&["--again", "--dry-run"])
        .expect_code(0)
        .expect_out(&format!("run {first_retry} has made it"));
    retry(&["--again", "--limit", "1", "--yes"])
        .expect_code(0)
        .expect_said("1 planned = 1 applied");
    retry(&["--again", "--yes"])
        .expect_code(0)
        .expect_said("1 planned = 1 applied");
    retry(&["--again", "--yes"])
        .expect_code(0)
        .expect_said("nothing to do");
    let times = sandbox.ledger().effects_by_target();
    assert_eq!(times.len(), 4);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    let told = environment.run(&["status", &run]);
    assert!(!told.stdout.contains("not retried"), "{told:?}");
}

#[test]
fn a_part_of_a_retry_of_a_part_is_made_once_and_the_next_command_names_the_run_with_the_most_left()
{
    let refused = json!({"method": "PATCH", "effect_only": true, "to": 5});
    let sandbox = refusing(&[refused]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, where_each: due(task) is not none, limit: 4 }
actions: [ shift_due_date: { by: 3 days } ]";
    let file = playbook(&environment, "shift", rest);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    on(&["run", &file, "--yes"]).expect_code(3);
    let run = newest(&environment);
    // One of the two is refused once more.
    on(&["retry", &run, "--limit", "2", "--yes"])
        .expect_code(3)
        .expect_said(&format!("wf-bulk retry {run} --again"));
    let part = newest(&environment);
    // It is made by a retry of the first run, so that the retry of the part has nothing left.
    on(&["retry", &run, "--again", "--yes"])
        .expect_code(0)
        .expect_said("3 planned = 3 applied");
    on(&["retry", &part, "--again", "--yes"])
        .expect_code(0)
        .expect_said("nothing to do");
    let times = sandbox.ledger().effects_by_target();
    assert_eq!(times.len(), 4);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[test]
fn the_command_that_applies_a_second_retry_has_the_flag_that_it_needs() {
    let sandbox = refusing(&[json!({"method": "PATCH", "effect_only": true, "to": 2})]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, limit: 2 }\nactions: [ reassign: { add: [\"7\"] } ]";
    let file = playbook(&environment, "add", rest);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    on(&["run", &file, "--yes"]).expect_code(3);
    let run = newest(&environment);
    on(&["retry", &run, "--limit", "1", "--yes"]).expect_code(0);
    on(&["retry", &run, "--again", "--dry-run"])
        .expect_code(0)
        .expect_out(&format!("To apply: wf-bulk retry {run} --again"));
    environment.file("mine.csv", "id\nno-such-id\n");
    on(&["retry", &run, "--only-file", "mine.csv", "--yes"])
        .expect_code(1)
        .expect_said(&format!("wf-bulk retry {run} --again\n"));
}
