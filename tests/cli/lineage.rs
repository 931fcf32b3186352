//! Runs that undo, retry or correct others know each other.

use std::{fs, path::PathBuf};

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
    // So that a job at night is not stopped by it each time.
    environment
        .run_on(&sandbox, &["resume", "--last"])
        .expect_code(0)
        .expect_said(&format!("run {run} was undone and is passed over"));
    environment.run(&["abandon", &run, "--yes"]).expect_code(0);
    // What was undone is not offered again.
    let told = status(&run);
    assert!(!told.stdout.contains("retry"), "{told:?}");
}

#[test]
fn a_run_whose_undo_was_undone_counts_as_in_force_and_is_resumed() {
    let refuse = json!({"match": {"method": "PATCH", "nth": 4}, "do": {"status": {"code": 400, "message": "no"}}});
    let sandbox =
        SandboxProcess::with_faults_and(&json!({"rules": [refuse]}), &["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    let stopping = ["--max-errors", "1", "--concurrency", "1"];
    on(&[&["run", &file, "--yes"], &stopping[..]].concat()).expect_code(4);
    let run = newest(&environment);
    on(&["undo", &run, "--yes"]).expect_code(0);
    let undo = newest(&environment);
    let report = |words: &[&str]| environment.run(&[&["report", &run], words].concat());
    report(&[]).expect_out(&format!("It was undone by run {undo}."));

    on(&["undo", &undo, "--limit", "1", "--yes"]).expect_code(0);
    let in_part = newest(&environment);
    report(&[]).expect_out(&format!(
        "It was undone in part: 2 of 3 changes, the last time by run {undo}, and run {undo} was undone in part by run {in_part}."
    ));
    environment.run(&["status", &run]).expect_out(&format!(
        "its undo: run {undo}, which run {in_part} has undone in part: 2 changes are still undone"
    ));
    on(&["resume", &run]).expect_code(1).expect_said(&format!(
        "run {run} was undone by run {undo} (of which run {in_part} has undone only a part)"
    ));

    on(&["undo", &undo, "--yes"]).expect_code(0);
    let whole = newest(&environment);
    report(&[])
        .expect_out(&format!(
            "It was undone by run {undo}, and run {undo} was undone by run {whole}: its changes are in force again."
        ))
        .expect_out(&format!("wf-bulk undo {run}"));
    let json: Value = serde_json::from_str(&report(&["--format", "json"]).stdout).unwrap();
    assert_eq!(json["undo"]["undone_by"], Value::Null);
    assert_eq!(json["undo"]["command"], format!("wf-bulk undo {run}"));
    environment
        .run(&["status", &run])
        .expect_out(&format!(
            "its undo: run {undo}, which was undone by run {whole}: the changes are in force again"
        ))
        .expect_out("continue: wf-bulk resume");
    on(&["verify", &run]).expect_out("3 unchanged");
    on(&["resume", &run, "--max-errors", "5"])
        .expect_code(3)
        .expect_said(&format!("continuing run {run}"));
}

#[test]
fn the_undo_of_a_run_names_a_retry_that_stays_and_verify_names_what_was_not_made() {
    let refuse = json!({"match": {"method": "PATCH", "effect_only": true, "to": 2}, "do": {"status": {"code": 400, "message": "no"}}});
    let sandbox =
        SandboxProcess::with_faults_and(&json!({"rules": [refuse]}), &["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    on(&["run", &file, "--limit", "4", "--yes"]).expect_code(3);
    let newest = || {
        let run = environment.runs().into_iter().max().unwrap();
        run.file_name().unwrap().to_str().unwrap().to_owned()
    };
    let run = newest();
    let told = on(&["verify", &run]).expect_code(5);
    told.expect_out("2 unchanged")
        .expect_out("2 changes of this run were not made")
        .expect_out(&format!("wf-bulk retry {run}"));
    let document = on(&["verify", &run, "--json"]).expect_code(5).stdout;
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["not_made"], 2, "{document}");

    on(&["retry", &run, "--yes"]).expect_code(0);
    let retry = newest();
    on(&["verify", &run])
        .expect_code(0)
        .expect_out("2 changes of this run were not made")
        .expect_out(&format!("its retry: run {retry}"));
    on(&["verify", &retry]).expect_code(0);
    let note = format!("this plan does not undo its 2 changes: wf-bulk undo {retry}");
    on(&["undo", &run, "--dry-run"])
        .expect_code(0)
        .expect_out(&note);
    on(&["undo", &retry, "--yes"]).expect_code(0);
    let told = on(&["undo", &run, "--dry-run"]).expect_code(0);
    assert!(!told.stdout.contains("does not undo"), "{told:?}");
}

#[test]
fn the_undo_of_an_undo_and_of_a_retry_say_in_their_titles_what_they_undo() {
    let refuse = json!({"match": {"method": "PATCH", "effect_only": true, "to": 1}, "do": {"status": {"code": 400, "message": "no"}}});
    let sandbox =
        SandboxProcess::with_faults_and(&json!({"rules": [refuse]}), &["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    on(&["run", &file, "--limit", "2", "--yes"]).expect_code(3);
    let run = newest(&environment);
    on(&["retry", "--last", "--yes"]).expect_code(0);
    let plan = ["undo", "--last", "-o", "back.plan"];
    on(&plan).expect_out("undo of the retry of tasks");
    for title in [
        "undo of tasks",
        "undo of the undo of tasks",
        "undo of undo no. 2 in a row of tasks",
        "undo of undo no. 3 in a row of tasks",
    ] {
        let undone = if title == "undo of tasks" {
            run.clone()
        } else {
            newest(&environment)
        };
        on(&["undo", &undone, "-o", "back.plan"])
            .expect_code(0)
            .expect_out(&format!("{title} "));
        environment
            .run(&["show", "back.plan"])
            .expect_out(&format!("{title} "))
            .expect_out(&format!("undoes run {undone}"));
        on(&["apply", "back.plan", "--yes"]).expect_code(0);
        let undo = newest(&environment);
        let said = format!("{title} on ");
        environment.run(&["status", &undo]).expect_out(&said);
        environment.run(&["report", &undo]).expect_out(title);
        fs::remove_file(environment.path().join("back.plan")).unwrap();
    }
    on(&["retry", "--last", "--yes"])
        .expect_code(1)
        .expect_said("is an undo")
        .expect_said("make it again; what it has done already is left out: wf-bulk undo ");
}

#[test]
fn the_rest_of_an_undo_is_not_offered_once_another_undo_of_the_run_has_made_it() {
    // The run makes four changes; then the first undo is refused twice, and the second once.
    let refuse = |from: u32, to: u32| json!({"match": {"method": "PATCH", "effect_only": true, "from": from, "to": to}, "do": {"status": {"code": 400, "message": "no"}}});
    let sandbox = SandboxProcess::with_faults_and(
        &json!({"rules": [refuse(5, 6), refuse(9, 9)]}),
        &["--executions", "30"],
    );
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    on(&["run", &file, "--limit", "4", "--yes"]).expect_code(0);
    let run = newest(&environment);
    let status = |run: &str| environment.run(&["status", run]).expect_code(0);
    let rest = format!("to undo the remaining changes: wf-bulk undo {run} --only-file");
    on(&["undo", &run, "--yes"]).expect_code(3);
    let first = newest(&environment);
    status(&first).expect_out(&rest);

    // Another one restores one of the two.
    on(&["undo", &run, "--yes"]).expect_code(3);
    let second = newest(&environment);
    status(&first).expect_out(&rest);
    status(&second).expect_out(&rest);
    on(&["undo", &run, "--yes"]).expect_code(0);
    for undo in [&first, &second] {
        let told = status(undo);
        assert!(!told.stdout.contains("wf-bulk undo"), "{told:?}");
        let told = on(&["resume", undo]);
        assert!(!told.stderr.contains("wf-bulk undo"), "{told:?}");
    }
    let list = environment.run(&["status"]).expect_code(0);
    assert!(!list.stdout.contains("wf-bulk undo"), "{list:?}");
}

#[test]
fn the_rest_of_an_undo_is_offered_only_while_its_run_is_there_and_no_other_one_is_unfinished() {
    let refuse = json!({"match": {"method": "PATCH", "effect_only": true, "from": 5, "to": 7}, "do": {"status": {"code": 400, "message": "no"}}});
    let sandbox =
        SandboxProcess::with_faults_and(&json!({"rules": [refuse]}), &["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    let on = |words: &[&str]| environment.run_on(&sandbox, words);
    on(&["run", &file, "--limit", "4", "--yes"]).expect_code(0);
    let run = newest(&environment);
    on(&["undo", &run, "--limit", "2", "--yes"]).expect_code(3);
    let undo = newest(&environment);
    let offers = || {
        let told = environment.run(&["status", &undo]).expect_code(0);
        told.stdout.contains("wf-bulk undo")
    };
    assert!(offers());
    on(&[
        "undo",
        &run,
        "--yes",
        "--max-errors",
        "1",
        "--concurrency",
        "1",
    ])
    .expect_code(4);
    let unfinished = newest(&environment);
    assert!(!offers());
    let first = format!(
        "run {unfinished} must end before the remaining changes are planned: wf-bulk status {unfinished}"
    );
    environment.run(&["status", &undo]).expect_out(&first);
    on(&["undo", &run, "--yes"])
        .expect_code(1)
        .expect_said("is not finished");
    environment
        .run(&["abandon", &unfinished, "--yes"])
        .expect_code(0);
    assert!(offers());
    fs::remove_dir_all(environment.path().join(".wf-bulk/runs").join(&run)).unwrap();
    assert!(!offers());
}

/// The id of the newest run.
fn newest(environment: &Environment) -> String {
    let run = environment.runs().into_iter().max().unwrap();
    run.file_name().unwrap().to_str().unwrap().to_owned()
}
