//! Runs that undo, retry or correct others know each other.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{
    environment::{Environment, SandboxProcess},
    operations::playbook,
    undo::{TASKS, undo},
};

#[test]
fn a_run_that_was_undone_says_by_which_run_and_is_not_resumed() {
    let refuse = json!({"match": {"method": "PATCH", "nth": 3}, "do": {"status": {"code": 400, "message": "no"}}});
    let sandbox =
        SandboxProcess::with_faults_and(&json!({"rules": [refuse]}), &["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    let stopping = ["--max-errors", "1", "--concurrency", "1"];
    environment
        .run_on(
            &sandbox,
            &[&["run", &file, "--yes"], &stopping[..]].concat(),
        )
        .expect_code(4);
    let id = |run: PathBuf| run.file_name().unwrap().to_str().unwrap().to_owned();
    let run = id(environment.runs().pop().unwrap());
    let status = |run: &str| environment.run(&["status", run]).expect_code(0);
    status(&run).expect_out("continue: wf-bulk resume");

    undo(&environment, &sandbox, &["--yes"]).expect_code(0);
    let mut ids = environment.runs().into_iter().map(id);
    let undone_by = ids.find(|id| *id != run).unwrap();
    let told = status(&run)
        .expect_out(&format!("its undo: run {undone_by}"))
        .expect_out("it was undone, so its remaining changes are not made");
    assert!(!told.stdout.contains("wf-bulk resume"), "{told:?}");
    status(&undone_by).expect_out(&format!("undoes run {run}"));
    let json = environment.run(&["status", "--json"]).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["runs"][0]["follows"],
        json!({"run": run, "by": "undo"})
    );
    assert_eq!(
        json["runs"][1]["followed_by"],
        json!([{"run": undone_by, "by": "undo"}])
    );
    environment
        .run_on(&sandbox, &["resume", &run])
        .expect_code(1)
        .expect_said(&format!("was undone by run {undone_by}"));
    environment.run(&["abandon", &run, "--yes"]).expect_code(0);
    // What was undone is not offered again.
    let told = status(&run);
    assert!(!told.stdout.contains("retry"), "{told:?}");
}
