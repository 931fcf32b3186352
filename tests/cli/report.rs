//! The report of a run, in each format.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

const PLAYBOOK: &str = "version: 1
name: hand-over
pace: { rate: 50/s, burst: 1, concurrency: 2 }
select: { executions: { list: {} }, limit: 60 }
actions: [ reassign: { set: [\"7\"] } ]
";

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn document(environment: &Environment, arguments: &[&str]) -> Value {
    let report = environment
        .run(&[&["report"], arguments, &["--json"]].concat())
        .expect_code(0);
    serde_json::from_str(&report.stdout).unwrap()
}

/// Waits until a file has a line with this text.
fn wait_for(file: &Path, line: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(file).is_ok_and(|text| text.contains(line)) {
        assert!(Instant::now() < until, "never there: {line}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A run with refusals and an answer of 429 that was interrupted, and continues now.
fn interrupted() -> (SandboxProcess, Environment, String) {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "nth": 3}, "do": {"status": {"code": 429, "retry_after": 1}}},
        {"match": {"effect_only": true, "from": 5, "to": 6}, "do": {"status": {"code": 400, "message": "no <b>such</b> user"}}},
    ]}));
    let arguments = ["run", "p.yaml", "--yes", "--reason", "ticket | 7"];
    let mut command = environment.command_on(&sandbox, &arguments);
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    // Before it is complete, its folder has another name.
    let is_run = |folder: &Path| folder.file_name().is_some_and(|name| name.len() == 36);
    let folder = loop {
        if let Some(folder) = environment.runs().into_iter().find(|run| is_run(run)) {
            break folder;
        }
        assert!(Instant::now() < until);
        thread::sleep(Duration::from_millis(10));
    };
    wait_for(&folder.join("checkpoint.jsonl"), "\"refused\"");
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();

    let running = document(&environment, &["--last"]);
    assert_eq!(running["standing"], "running", "{running}");
    assert!(running["next_steps"].as_array().unwrap().is_empty());
    let outcomes: Vec<&Value> = (running["problems"].as_array().unwrap().iter())
        .map(|problem| &problem["outcome"])
        .collect();
    assert!(
        !outcomes.contains(&&json!("not_attempted")),
        "what is still to do is no problem: {outcomes:?}"
    );

    let stopped = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
    assert_eq!(run.wait().unwrap().code(), Some(130));
    (sandbox, environment, id)
}

#[test]
fn a_run_that_was_stopped_and_resumed_is_reported_with_its_sessions_its_429s_and_its_refusals() {
    let (sandbox, environment, id) = interrupted();
    let stopped = document(&environment, &[&id]);
    assert_eq!(
        (&stopped["standing"], &stopped["stopped"]),
        (&json!("unfinished"), &json!("interrupted"))
    );
    let command = &stopped["next_steps"][0]["command"];
    assert_eq!(command, &json!(format!("wf-bulk resume {id}")));

    environment
        .run_on(&sandbox, &["resume", &id, "--rate", "3000/s"])
        .expect_code(3);
    let ended = document(&environment, &["--last"]);
    assert_eq!(ended["standing"], "finished");
    assert_eq!(ended["reason"], "ticket | 7");
    assert_eq!(ended["problems"].as_array().unwrap().len(), 2);
    assert_eq!(ended["groups"][0]["message"], "400: no <b>such</b> user");
    let timeline = &ended["timeline"];
    let sessions = timeline["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{timeline}");
    assert_eq!(
        (&sessions[0]["stopped"], &sessions[0]["rate"]),
        (&json!("interrupted"), &json!(50.0))
    );
    assert_eq!(
        (
            &sessions[1]["stopped"],
            &sessions[1]["rate"],
            &sessions[1]["ended"]
        ),
        (&Value::Null, &json!(3000.0), &json!(true))
    );
    assert_eq!(timeline["throttled"], 1);
    assert!(timeline["paused_ms"].as_u64().unwrap() > 500, "{timeline}");
    // Every change with an outcome is in a second of the timeline.
    let points = timeline["points"].as_array().unwrap();
    let sum = |key: &str| -> u64 {
        points
            .iter()
            .map(|point| point[key].as_u64().unwrap())
            .sum()
    };
    assert_eq!((sum("done"), sum("not_done")), (58, 2));
    assert_eq!(json!(sum("requests")), timeline["requests"]);

    let page = environment
        .run(&["report", &id, "-o", "run.html"])
        .expect_code(0);
    assert_eq!(page.stdout, "");
    let file = environment.path().join("run.html");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let page = text(&file);
    for part in [
        "The run has ended, and 2 changes need a look",
        "58 of 60 changes made",
        "400: no &lt;b&gt;such&lt;/b&gt; user",
        &format!("wf-bulk retry {id}"),
        &format!("wf-bulk undo {id}"),
        "session 2",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<b>such"), "{page}");
    environment
        .run(&["report", &id, "--format", "markdown"])
        .expect_code(0)
        .expect_out("- 2: `400: no <b>such</b> user`\n")
        .expect_out("reason `ticket | 7`");
    let folder = environment.runs().remove(0);
    let mode = fs::metadata(folder.join("timeline.jsonl")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_report_replaces_a_report_and_no_other_file() {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    environment
        .run(&["run", "p.yaml", "--sandbox", "--yes", "--rate", "3000/s"])
        .expect_code(0);
    for format in ["html", "markdown", "json"] {
        let arguments = ["report", "--last", "--format", format, "-o", "run.html"];
        environment.run(&arguments).expect_code(0);
    }
    let run = environment.runs().remove(0);
    let plan = run.join("plan");
    for (file, said) in [
        ("p.yaml", "exists already and is not a report of wf-bulk"),
        (plan.to_str().unwrap(), "is not a report of wf-bulk"),
        ("none/run.html", "there is no folder"),
    ] {
        let refused = environment.run(&["report", "--last", "-o", file]);
        assert_ne!(refused.code, 0);
        refused.expect_said(said);
    }
    assert_eq!(text(&environment.path().join("p.yaml")), PLAYBOOK);
}

#[test]
fn a_run_of_an_earlier_version_or_with_a_damaged_timeline_is_reported_as_well() {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    environment
        .run(&["run", "p.yaml", "--sandbox", "--yes", "--rate", "3000/s"])
        .expect_code(0);
    let timeline = environment.runs().remove(0).join("timeline.jsonl");
    let whole = text(&timeline);
    let cut = whole.len() - 5;
    fs::write(&timeline, &whole[..cut]).unwrap();
    let report = document(&environment, &["--last"]);
    assert_eq!(report["timeline"]["unreadable_lines"], 1);
    assert_eq!(report["timeline"]["sessions"][0]["ended"], false);
    fs::remove_file(&timeline).unwrap();
    assert_eq!(document(&environment, &["--last"])["timeline"], Value::Null);
    environment
        .run(&["report", "--last"])
        .expect_code(0)
        .expect_out("This run has no timeline");
    // It is for people only: the history and the next commands do without it.
    environment.run(&["status", "--check"]).expect_code(0);
    let run = environment.runs().remove(0);
    let first = run.file_name().unwrap().to_str().unwrap();
    // A run that was undone in part says how much is left, and how it is undone.
    environment
        .run(&["undo", first, "--limit", "2", "--yes"])
        .expect_code(0);
    let in_part = document(&environment, &[first]);
    assert_eq!(in_part["undo"]["command"], format!("wf-bulk undo {first}"));
    environment
        .run(&["report", first])
        .expect_out("It was undone in part: 2 of 60 changes, the last time by run ");
    environment.run(&["undo", first, "--yes"]).expect_code(0);
    let undone = document(&environment, &[first]);
    assert!(undone["undo"]["undone_by"].is_string(), "{undone}");
    assert_eq!(undone["undo"]["command"], Value::Null);
}
