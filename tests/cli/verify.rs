//! `verify`: what is not as a run has left it is found, and nothing else.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{
    environment::{Ended, Environment, SandboxProcess},
    faults::{SUBJECTS, all_cells},
    operations::playbook,
};

/// The document on standard output.
fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The findings of `verify --json`, by the id of the target.
fn findings(document: &Value) -> BTreeMap<String, String> {
    let findings = document["findings"].as_array().unwrap().iter();
    let of = |finding: &Value| {
        let target = &finding["target"];
        let id = target["id"].as_str().or(target["execution"].as_str());
        let word = finding["finding"].as_str().unwrap().to_owned();
        (id.unwrap().to_owned(), word)
    };
    findings.map(of).collect()
}

#[test]
fn nothing_is_found_right_after_any_action_and_what_no_read_shows_is_counted() {
    all_cells(SUBJECTS.iter().map(|subject| {
        let check = || {
            let still = [
                "--executions",
                subject.executions(),
                "--automations-take",
                "3000000000",
            ];
            let sandbox = SandboxProcess::start(&still);
            let environment = Environment::new();
            let file = subject.prepare(&environment, &sandbox);
            environment
                .run_on(&sandbox, &["run", &file, "--limit", "1", "--yes"])
                .expect_code(0);
            let starts = ["run_schedule_now", "run_automation", "reconcile_automation"];
            // Without an automation, `execute` only moves the task.
            let runs = starts.contains(&subject.action);
            let hidden = ["start", "add_step"].contains(&subject.action);
            let ended = environment.run_on(&sandbox, &["verify", "--last", "--json"]);
            let code = if runs { 5 } else { 0 };
            let document = document(&ended.expect_code(code));
            let word = match (runs, hidden) {
                (true, _) => "automation_running",
                (_, true) => "not_shown",
                (false, false) => "unchanged",
            };
            assert_eq!(document[word], 1, "{document}");
            assert_eq!(document["exit_code"], code);
        };
        (subject.name(), check)
    }));
}

#[test]
fn an_edit_a_delete_and_a_moved_status_are_found_and_nothing_else() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, where_each: 'task.status == \"PENDING\"' }
actions: [ reassign: { set: [\"7\"] }, set_status: IN_PROGRESS ]";
    let file = playbook(&environment, "tasks", rest);
    let plan = ["plan", &file, "--limit", "5", "-o", "there.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let text = fs::read_to_string(environment.path().join("there.plan")).unwrap();
    let mut targets = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line.get("change").is_some() && !targets.contains(&line["target"]) {
            targets.push(line["target"].clone());
        }
    }
    let id = |place: usize, key: &str| targets[place][key].as_str().unwrap();
    let path = |place| {
        let [execution, task] = [id(place, "execution"), id(place, "id")];
        format!("/v2/flows/executions/{execution}/tasks/{task}")
    };
    environment
        .run_on(&sandbox, &["apply", "there.plan", "--yes"])
        .expect_code(0);
    environment
        .run_on(&sandbox, &["verify", "--last"])
        .expect_code(0)
        .expect_out("unchanged");

    sandbox.request("PATCH", &path(0), r#"{"assigned_to": ["8"]}"#);
    sandbox.request("PATCH", &path(1), r#"{"status": "COMPLETED"}"#);
    sandbox.request("PATCH", &path(2), r#"{"name": "of no concern"}"#);
    let last = targets.len() - 1;
    let gone = id(last, "execution").to_owned();
    sandbox.request("DELETE", &format!("/v2/flows/executions/{gone}"), "");
    let ended = environment
        .run_on(&sandbox, &["verify", "--last", "--json"])
        .expect_code(5);
    let document = document(&ended);
    let mut expected = BTreeMap::new();
    for place in 0..targets.len() {
        if id(place, "execution") == gone {
            expected.insert(id(place, "id").to_owned(), "gone".to_owned());
        } else if place < 2 {
            expected.insert(id(place, "id").to_owned(), "changed".to_owned());
        }
    }
    assert_eq!(findings(&document), expected, "{document}");
    let text = environment
        .run_on(&sandbox, &["verify", "--last"])
        .expect_code(5);
    text.expect_out("assigned_to is [\"8\"], the run set [\"7\"]")
        .expect_out("status is \"COMPLETED\", the run set \"IN_PROGRESS\"")
        .expect_out("gone");
}

#[test]
fn an_automation_that_failed_is_found_with_its_reason_and_a_task_that_missed_its_end_is_corrected_by_a_plan()
 {
    let sandbox = SandboxProcess::start(&["--executions", "200", "--automations-take", "0"]);
    let environment = Environment::new();
    let rest = "select: { FLOWS, each: task, where_each: 'task.status == \"SCHEDULED\"' }
actions: [ run_schedule_now ]
guards: { allow: [run_schedule_now] }";
    let file = playbook(&environment, "now", rest);
    environment
        .run_on(&sandbox, &["run", &file, "--yes"])
        .expect_code(0);
    let verified = |flags: &[&str]| {
        let arguments = [&["verify", "--json"], flags].concat();
        let ended = environment.run_on(&sandbox, &arguments);
        document(&ended.expect_code(5))
    };
    let first = verified(&["--last", "--reconcile", "fix.plan"]);
    let failed = first["findings"].as_array().unwrap().iter();
    let mut failed = failed.filter(|finding| finding["finding"] == "automation_failed");
    assert_eq!(
        failed.next().unwrap()["reason"],
        "the other system did not answer"
    );
    let number = |document: &Value, word: &str| document[word].as_u64().unwrap();
    let running = number(&first, "automation_running");
    assert!(running > 0 && number(&first, "unchanged") > 0, "{first}");

    environment
        .run_on(&sandbox, &["apply", "fix.plan", "--yes"])
        .expect_code(0);
    let run = environment.runs().into_iter().min().unwrap();
    let second = verified(&[run.file_name().unwrap().to_str().unwrap()]);
    let still = number(&second, "automation_running");
    assert!(still < running, "{still} of {running} still run");
}
