//! What time and other runs do to a run that waits.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;

use crate::{
    crash::start_until,
    environment::{Ended, Environment, SandboxProcess},
    pty::Terminal,
};

const REASSIGN: &str = "version: 1
name: reassign
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 2 }
actions: [ reassign: { set: [\"7\"] } ]
";

const START: &str = "version: 1
name: start
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { entities: [ { id: c1, schema: contact }, { id: c2, schema: contact } ] }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";

#[test]
fn a_plan_that_becomes_too_old_while_a_lock_is_waited_for_is_not_applied() {
    const MOST: Duration = Duration::from_secs(6);
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file("reassign.yaml", REASSIGN);
    environment.file("start.yaml", START);
    // A first run leaves the locks of this server behind.
    let first = ["run", "start.yaml", "--yes", "--org", "4711"];
    environment.run_on(&sandbox, &first).expect_code(0);
    let writes = sandbox.ledger().writes();
    let folder = environment.path().join(".local/state/wf-bulk/locks");
    let held: Vec<File> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| File::open(entry.unwrap().path()).unwrap())
        .inspect(|file| file.try_lock().unwrap())
        .collect();
    assert!(!held.is_empty());

    let made = Timestamp::now();
    let now = made.to_string();
    let plan = ["plan", "reassign.yaml", "-o", "x.plan", "--now", &now];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let age = format!("PT{}S", MOST.as_secs());
    let apply = ["apply", "x.plan", "--yes", "--wait", "--max-age", &age];
    let mut command = environment.command_on(&sandbox, &apply);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lived = Timestamp::now().duration_since(made);
    thread::sleep(MOST.saturating_sub(lived.unsigned_abs()) + Duration::from_secs(1));
    drop(held);
    Ended::from(child.wait_with_output().unwrap())
        .expect_code(5)
        .expect_said("is too old");
    assert_eq!(sandbox.ledger().writes(), writes);
}

#[test]
fn every_command_that_waits_for_the_lock_of_a_server_says_so() {
    let environment = Environment::new();
    environment.file("reassign.yaml", REASSIGN);
    let sandbox = ["--sandbox", "--yes"];
    let run = [&["run", "reassign.yaml"], &sandbox[..]].concat();
    environment.run(&run).expect_code(0);
    environment.file("reassign.yaml", &REASSIGN.replace("\"7\"", "\"8\""));
    let plan = ["plan", "reassign.yaml", "--sandbox", "-o", "p.plan"];
    environment.run(&plan).expect_code(0);
    let folder = environment.path().join(".local/state/wf-bulk/locks");
    for command in [
        &["run", "reassign.yaml", "--again", "--wait"][..],
        // Two plans of one second are the same bytes, and that plan was applied by the run before.
        &["apply", "p.plan", "--again", "--wait"],
    ] {
        let held: Vec<File> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| File::open(entry.unwrap().path()).unwrap())
            .inspect(|file| file.try_lock().unwrap())
            .collect();
        let command = [command, &sandbox].concat();
        let mut terminal = Terminal::start(environment.command(&command), "");
        terminal.wait_for("another run on this machine writes to sandbox in ");
        terminal.wait_for("waiting for it to end");
        drop(held);
        assert_eq!(terminal.code(), Some(0), "{}", terminal.shown());
    }
}

#[test]
fn two_folders_of_sandbox_data_have_two_locks_and_one_folder_has_one() {
    let environment = Environment::new();
    environment.file("reassign.yaml", REASSIGN);
    let run = |folder: &str| {
        let run = ["run", "reassign.yaml", "--sandbox", "--yes", "--again"];
        environment.run(&[&run[..], &["--state-dir", folder]].concat())
    };
    run("one").expect_code(0);
    let locks = environment.path().join(".local/state/wf-bulk/locks");
    let held: Vec<File> = fs::read_dir(&locks)
        .unwrap()
        .map(|entry| File::open(entry.unwrap().path()).unwrap())
        .inspect(|file| file.try_lock().unwrap())
        .collect();
    run("two").expect_code(0);
    for other_name in ["one", "./one", "two/../one"] {
        run(other_name)
            .expect_code(1)
            .expect_said("another run on this machine writes to sandbox in ");
    }
    drop(held);
    run("one").expect_code(0);
}

#[test]
fn a_signal_ends_the_wait_for_a_lock() {
    let environment = Environment::new();
    environment.file("reassign.yaml", REASSIGN);
    let run = ["run", "reassign.yaml", "--sandbox", "--yes"];
    environment.run(&run).expect_code(0);
    let effects = environment.effects_on_disk();
    let folder = environment.path().join(".local/state/wf-bulk/locks");
    let held: Vec<File> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| File::open(entry.unwrap().path()).unwrap())
        .inspect(|file| file.try_lock().unwrap())
        .collect();
    environment.file("reassign.yaml", &REASSIGN.replace("\"7\"", "\"8\""));
    let wait = [&run[..], &["--wait", "--again"]].concat();
    let mut terminal = Terminal::start(environment.command(&wait), "");
    terminal.wait_for("waiting for it to end");
    terminal.signal("INT");
    assert_eq!(terminal.code(), Some(130), "{}", terminal.shown());
    terminal.wait_for("interrupted: nothing was changed");
    assert_eq!(environment.effects_on_disk(), effects);
    drop(held);
}

/// Starts a run whose writes take a while, and gives it in the middle of the first one.
fn under_way(file: &str) -> (SandboxProcess, Environment, Child) {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "to": 2}, "do": {"latency_ms": 4000}}
    ]}));
    let environment = Environment::new();
    environment.file("reassign.yaml", REASSIGN);
    environment.file("start.yaml", START);
    let command = environment.command_on(&sandbox, &["run", file, "--yes"]);
    let (child, ended) = start_until(&environment, command, 2);
    assert!(!ended);
    (sandbox, environment, child)
}

#[test]
fn a_run_of_the_same_playbook_that_is_running_is_waited_for_or_said_to_be_running() {
    let (sandbox, environment, mut first) = under_way("reassign.yaml");
    let run = ["run", "reassign.yaml", "--yes", "--json"];
    let refused = environment.run_on(&sandbox, &run).expect_code(1);
    let refused = refused.expect_said("is running now").expect_said("--wait");
    assert!(!refused.stderr.contains("abandon") && !refused.stderr.contains("resume"));
    let id = environment.runs()[0].file_name().unwrap().to_owned();
    let one = ["status", id.to_str().unwrap()];
    for status in [&one[..], &one[..1]] {
        let status = environment.run(status).expect_code(0).stdout;
        assert!(status.contains("  running  "), "{status}");
        // What it sends just now is no doubt that a person should look into.
        assert!(
            !status.contains("resume") && !status.contains("look"),
            "{status}"
        );
    }
    let json = environment.run(&["status", "--json"]).expect_code(0).stdout;
    assert!(json.contains(r#""standing":"running""#), "{json}");

    let waiting = [&run[..], &["--wait"]].concat();
    let second = environment.run_on(&sandbox, &waiting).expect_code(0);
    let second = second.expect_said("waiting for it to end");
    // It did not go to work beside the first one.
    assert!(
        first
            .try_wait()
            .unwrap()
            .is_some_and(|status| status.success())
    );
    // What it read, it read after the first one.
    assert_eq!(second.json()["planned"], 0);
    assert_eq!(sandbox.ledger().effects().len(), 2);
}

#[test]
fn after_the_wait_it_is_judged_anew_whether_the_plan_may_be_applied() {
    let (sandbox, environment, mut first) = under_way("start.yaml");
    let run = ["run", "start.yaml", "--yes", "--wait"];
    environment
        .run_on(&sandbox, &run)
        .expect_code(1)
        .expect_said("waiting for it to end")
        .expect_said("did this already (2 applied)");
    assert!(first.wait().unwrap().success());
    assert_eq!(sandbox.ledger().effects().len(), 2);

    // One that was waited for and died is as one that was found dead.
    let (sandbox, environment, mut first) = under_way("start.yaml");
    let mut command = environment.command_on(&sandbox, &run);
    let mut second = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(second.stderr.take().unwrap());
    let mut text = String::new();
    let start = Instant::now();
    while !text.contains("waiting for it to end") {
        assert!(start.elapsed() < Duration::from_secs(60));
        assert!(said.read_line(&mut text).unwrap() > 0, "{text}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(1));
    said.read_line(&mut text).unwrap();
    assert!(text.contains("is not finished"), "{text}");
    let status = environment.run(&["status"]).expect_code(0).stdout;
    assert!(status.contains("unfinished") && status.contains("continue: wf-bulk resume"));
}

#[test]
fn two_runs_on_the_sandbox_wait_for_each_other_only_where_their_data_are_the_same() {
    let environment = Environment::new();
    environment.file("reassign.yaml", REASSIGN);
    let run = |folder: &str, more: &[&str]| {
        fs::create_dir_all(environment.path().join(folder)).unwrap();
        let words = ["run", "../reassign.yaml", "--sandbox", "--yes", "--again"];
        let mut run = environment.command(&[&words[..], more].concat());
        run.current_dir(environment.path().join(folder));
        run
    };
    let ended = |mut run: Command| Ended::from(run.output().unwrap());
    ended(run("a", &[])).expect_code(0);
    let locks = environment.path().join(".local/state/wf-bulk/locks");
    let held: Vec<File> = fs::read_dir(locks)
        .unwrap()
        .map(|entry| File::open(entry.unwrap().path()).unwrap())
        .inspect(|file| file.try_lock().unwrap())
        .collect();
    let refused = ended(run("a", &[])).expect_code(1);
    let data = "/a/.wf-bulk/sandbox";
    let refused = refused.expect_said(data).expect_said("--wait");
    assert!(
        !refused.stderr.contains("reading takes"),
        "{}",
        refused.stderr
    );
    ended(run("b", &[])).expect_code(0);
    let mut waits = run("a", &["--wait"]);
    let mut waits = waits.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(waits.stderr.take().unwrap());
    lines.read_line(&mut said).unwrap();
    assert!(said.contains(data) && said.contains("waiting"), "{said}");
    drop(held);
    lines.read_to_string(&mut said).unwrap();
    assert!(waits.wait().unwrap().success(), "{said}");
}

#[test]
fn data_of_the_sandbox_that_another_process_uses_are_waited_for_with_wait() {
    let environment = Environment::new();
    environment.file("reassign.yaml", REASSIGN);
    let run = ["run", "reassign.yaml", "--sandbox", "--yes"];
    environment.run(&run).expect_code(0);
    let lock = File::open(environment.path().join(".wf-bulk/sandbox/lock")).unwrap();
    lock.try_lock().unwrap();
    let again = [&run[..], &["--again"]].concat();
    environment
        .run(&again)
        .expect_code(1)
        .expect_said("another process uses the sandbox's data")
        .expect_said("--wait")
        .expect_said("--state-dir");
    let waiting = [&again[..], &["--wait"]].concat();
    let mut child = environment
        .command(&waiting)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting for it to end") {
        line.clear();
        assert_ne!(
            said.read_line(&mut line).unwrap(),
            0,
            "it says that it waits"
        );
    }
    drop(lock);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
}
