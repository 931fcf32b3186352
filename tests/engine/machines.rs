//! A run on an engine from several machines: what one has begun, another one fetches, checks, answers and refuses.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    commands::{SLOW, fast, small},
    environment::Ended,
    playground::{Playground, Setting},
};

/// A report without what differs from machine to machine: times, requests and paths.
fn facts_of_report(playground: &Playground, state_dir: &str) -> Value {
    let report = ["report", "--last", "--format", "json"];
    let report = [&report[..], &["--state-dir", state_dir]].concat();
    let report = playground.environment.run(&report).expect_code(0);
    // Commands and paths in it name the folder.
    let report = report.stdout.replace(state_dir, "FOLDER");
    let mut report: Value = serde_json::from_str(&report).unwrap();
    forget(&mut report);
    report
}

fn forget(value: &mut Value) {
    const VARIES: [&str; 11] = [
        "folder",
        "results",
        "requests",
        "retries",
        "throttled",
        "elapsed_s",
        "first_started_at",
        "last_started_at",
        "took_at_most_ms",
        "timeline",
        "sessions",
    ];
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !VARIES.contains(&name.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_report_that_another_machine_fetches_is_that_of_the_machine_that_saw_the_run() {
    let playground = small(&fast());
    playground
        .run(&["apply", "engine.plan", "--yes"])
        .expect_code(0);
    let run = playground.listed()[0]["run"].as_str().unwrap().to_owned();
    playground.run_elsewhere(&["resume", &run]).expect_code(0);
    let (here, there) = (
        facts_of_report(&playground, ".wf-bulk"),
        facts_of_report(&playground, "elsewhere"),
    );
    assert_eq!(here, there);
    // A prefix of the id is enough, and a second look changes nothing.
    let prefix = &run[..run.len() - 4];
    playground.run_elsewhere(&["resume", prefix]).expect_code(0);
    playground
        .run(&["resume", prefix, "--state-dir", "third"])
        .expect_code(0);
    assert_eq!(facts_of_report(&playground, "third"), here);
    let unknown = run.replace(&run[..4], "0000");
    playground
        .run_elsewhere(&["resume", &unknown])
        .expect_code(1)
        .expect_said("does not know run");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_resumed_run_is_the_approved_and_signed_one() {
    let playground = small(&fast());
    let environment = &playground.environment;
    let key = environment.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    environment.file("signers", &format!("ci@example.com {public}"));
    environment
        .run_on(
            &playground.sandbox,
            &["plan", "engine.yaml", "-o", "engine.plan", "--sign", "key"],
        )
        .expect_code(0);
    let signers = ["--allowed-signers", "signers"];
    let submit = ["apply", "engine.plan", "--yes", "--detach"];
    playground
        .run(&[&submit[..], &signers].concat())
        .expect_code(0);
    let run = playground.listed()[0]["run"].as_str().unwrap().to_owned();
    let resume = ["resume", run.as_str()];
    playground
        .run_elsewhere(&[&resume[..], &["--approved", &"0".repeat(64)]].concat())
        .expect_code(1)
        .expect_said("is not the one that was approved");
    let resumed = [&resume[..], &signers, &["--json"]].concat();
    let resumed = playground.run_elsewhere(&resumed).expect_code(0).json();
    assert_eq!(resumed["signed_by"], "ci@example.com");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn the_environment_names_the_engine_and_the_sandbox_in_the_process_stays_here() {
    let playground = small(&fast());
    let engine = playground.engine.address();
    let with_default = |arguments: &[&str]| {
        let mut command = playground.environment.command(arguments);
        command
            .env("WF_BULK_ENGINE", &engine)
            .env("EPILOT_TOKEN", "sandbox");
        Ended::from(command.output().unwrap())
    };
    let server = playground.sandbox.url();
    with_default(&["apply", "engine.plan", "--yes", "--server", &server]).expect_code(0);
    with_default(&["status"])
        .expect_code(0)
        .expect_out("finished");
    let playbook = ["run", "engine.yaml", "--sandbox", "--yes", "--limit", "1"];
    with_default(&playbook)
        .expect_code(0)
        .expect_said("runs on the built-in sandbox are made here");
    let here = with_default(&["status", "--engine", ""]).expect_code(0);
    assert!(here.stdout.contains("sandbox"), "{}", here.stdout);
    playground
        .run(&["run", "engine.yaml", "--yes", "--ledger", "x.git"])
        .expect_code(64)
        .expect_said("the engine keeps the runs of the team itself");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn what_is_in_doubt_is_answered_on_any_machine() {
    let once = "version: 1
name: start
pace: { rate: 100/s, burst: 10 }
select: { entities: { list: [ { id: c1, schema: contact }, { id: c2, schema: contact } ] } }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";
    let playground = Playground::new(&Setting {
        executions: 40,
        faults: json!({"rules": [
            {"match": {"effect_only": true, "nth": 2}, "do": "drop_after_effect"}
        ]}),
        ..Setting::new(once)
    });
    playground
        .run(&["apply", "engine.plan", "--yes", "--timeout", "2"])
        .expect_code(6);
    let runs = playground.listed();
    assert_eq!(runs[0]["standing"], "stopped");
    let run = runs[0]["run"].as_str().unwrap();
    let writes = playground.writes();
    let resumed = ["resume", run, "--in-doubt", "skip", "--timeout", "2"];
    playground.run_elsewhere(&resumed).expect_code(6);
    assert_eq!(playground.writes(), writes);
    assert_eq!(playground.standing(), "finished");
    // The machine that saw it stop learns how it ended.
    playground
        .run(&["resume", run])
        .expect_code(6)
        .expect_said("has ended; this is its result");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn of_two_machines_that_submit_at_the_same_time_one_goes_on() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let machines: Vec<_> = ["one", "two", "three"]
        .into_iter()
        .map(|folder| {
            // Each plans for itself, so that the plans differ.
            playground
                .command(&["run", "engine.yaml", "--yes", "--detach"])
                .args(["--state-dir", folder])
                .stderr(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let start = Instant::now();
    let mut begun = 0;
    for machine in machines {
        let ended = Ended::from(machine.wait_with_output().unwrap());
        match ended.code {
            0 => begun += 1,
            // The plans are equal if they were made in the same second.
            1 => assert!(
                ended
                    .stderr
                    .contains("of the same playbook and variables is ")
                    || ended.stderr.contains(" has this plan"),
                "{ended:?}"
            ),
            _ => panic!("{ended:?}"),
        }
    }
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(begun, 1);
    let running = playground.listed();
    assert_eq!(running.len(), 1, "{running:?}");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_plan_and_a_playbook_are_refused_from_any_machine_as_with_a_folder() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let run = playground.submit("engine.plan");
    let unfinished =
        format!("run {run} of the same playbook and variables is not finished (the engine says: ");
    for again in [&[][..], &["--again"]] {
        let apply = [&["apply", "engine.plan", "--yes"], again].concat();
        playground
            .run_elsewhere(&apply)
            .expect_code(1)
            .expect_said(&unfinished)
            .expect_said(&format!("resume it: wf-bulk resume {run} --engine "));
    }
    playground
        .run_elsewhere(&["run", "engine.yaml", "--yes"])
        .expect_code(1)
        .expect_said(&unfinished);
    let _worker = playground.worker();
    playground.run(&["resume", &run]).expect_code(0);
    playground
        .run_elsewhere(&["apply", "engine.plan", "--yes"])
        .expect_code(1)
        .expect_said(&format!(
            "run {run} has already applied this plan (the engine says: "
        ));
    let writes = playground.writes();
    let again = ["apply", "engine.plan", "--yes", "--again", "--json"];
    let again = playground.run_elsewhere(&again).expect_code(0).json();
    assert_eq!(again["outcomes"]["already_done"], playground.planned.len());
    assert_eq!(playground.writes(), writes);
}
