//! `kill -9`, signals and lost files in the middle of a run: what `resume` makes of it.

mod signals;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use jiff::civil::date;
use serde_json::json;
use wf_bulk_sandbox::{Options, entities};

use crate::environment::{Environment, SandboxProcess};

/// Both kinds of change that there are: such that may be repeated, and a status that a read has to tell.
const PLAYBOOK: &str = r#"
version: 1
name: mixed
select:
  flows: { entities: { file: entities.csv } }
  where: execution.status == "STARTED"
  each: task
  limit: 900
actions:
  - reassign: { set: "77777" }
  - run_schedule_now:
    when: task.status == "SCHEDULED"
  - close: { reason: [ Keine Rückmeldung, Kunde zog zurück, Duplikat ] }
    on: execution
guards: { allow: [ run_schedule_now ], rejected: allow }
pace: { rate: 5000/s, burst: 100, concurrency: 8 }
"#;

fn environment() -> Environment {
    let environment = Environment::new();
    let sandbox = Options::new(date(2026, 1, 1));
    let rows = entities(sandbox.seed, sandbox.executions);
    let rows = rows
        .iter()
        .map(|row| format!("{},{}\n", row.entity_id, row.entity_schema));
    let text = std::iter::once("entity_id,entity_schema\n".to_owned()).chain(rows);
    environment.file("entities.csv", &text.collect::<String>());
    environment.file("mixed.yaml", PLAYBOOK);
    environment
}

/// The checkpoint of the only run.
pub(crate) fn checkpoint(environment: &Environment) -> Option<PathBuf> {
    let runs = environment.runs();
    runs.iter()
        .map(|run| run.join("checkpoint.jsonl"))
        .find(|checkpoint| checkpoint.exists())
}

fn records(environment: &Environment) -> usize {
    checkpoint(environment).map_or(0, |path| {
        fs::read_to_string(path).unwrap_or_default().lines().count()
    })
}

/// Starts a command and waits until the checkpoint has so many lines, or the command has ended.
pub(crate) fn start_until(
    environment: &Environment,
    mut command: Command,
    lines: usize,
) -> (Child, bool) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    loop {
        if child.try_wait().unwrap().is_some() {
            return (child, true);
        }
        if records(environment) >= lines {
            return (child, false);
        }
        assert!(start.elapsed() < Duration::from_secs(120), "no progress");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn after_a_kill_at_many_points_every_change_is_applied_once() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let mut kills = 0;
    // About a hundred records further each time: some 25 kills over the whole run.
    for lines in (2..).step_by(97) {
        let arguments: &[&str] = if kills == 0 {
            &["run", "mixed.yaml", "--yes", "--timeout", "3"]
        } else {
            &["resume", "--last", "--timeout", "3"]
        };
        let command = environment.command_on(&sandbox, arguments);
        let (mut child, ended) =
            start_until(&environment, command, records(&environment).max(lines));
        child.kill().unwrap();
        child.wait().unwrap();
        if ended {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 10, "only {kills} kills");

    // Whatever the last kill left, one more resume brings to its end.
    environment
        .run_on(&sandbox, &["resume", "--last", "--timeout", "3"])
        .expect_code(0);
    let status = environment.run(&["status", "--json"]).expect_code(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let run = &status["runs"][0];
    let planned = usize::try_from(run["planned"].as_u64().unwrap()).unwrap();
    assert!(planned >= 1000, "{planned}");
    assert_eq!(
        (&run["standing"], &run["outcomes"]["applied"]),
        (&"finished".into(), &run["planned"]),
        "{run}"
    );

    let ledger = sandbox.ledger();
    assert_eq!(
        ledger.effects().len(),
        planned,
        "every change has one effect, none has two"
    );
    let plan = fs::read_to_string(environment.runs()[0].join("plan")).unwrap();
    let mut expected = std::collections::BTreeMap::<String, usize>::new();
    for line in plan.lines().filter(|line| line.starts_with("{\"change\"")) {
        let change: serde_json::Value = serde_json::from_str(line).unwrap();
        let target = change["target"]
            .get("id")
            .unwrap_or(&change["group"])
            .clone();
        *expected
            .entry(format!("{}/{target}", change["group"]))
            .or_default() += 1;
    }
    assert_eq!(ledger.effects_by_target(), expected);
}

#[test]
fn a_run_whose_folder_is_deleted_or_moved_meanwhile_stops_and_says_so() {
    type Damage = fn(&Path) -> io::Result<()>;
    let damages: [(Damage, &str); 2] = [
        (|folder| fs::remove_dir_all(folder), "--verbose"),
        (
            |folder| fs::rename(folder, folder.with_extension("moved")),
            "--json",
        ),
    ];
    for (damage, output) in damages {
        let sandbox = SandboxProcess::start(&[]);
        let environment = environment();
        let arguments = [
            "run",
            "mixed.yaml",
            "--yes",
            "--rate",
            "100/s",
            "--limit",
            "300",
            output,
        ];
        let mut command = environment.command_on(&sandbox, &arguments);
        let said = environment.path().join("stderr.txt");
        let printed = environment.path().join("stdout.txt");
        let mut child = command
            .stdout(File::create(&printed).unwrap())
            .stderr(File::create(&said).unwrap())
            .spawn()
            .unwrap();
        while records(&environment) < 20 {
            assert_eq!(child.try_wait().unwrap(), None, "it ended early");
            thread::sleep(Duration::from_millis(1));
        }
        damage(&environment.runs()[0]).unwrap();
        let effects = sandbox.ledger().effects().len();
        assert_eq!(child.wait().unwrap().code(), Some(1));
        // Eight were in flight, and a look at the ledger takes a moment.
        let late = sandbox.ledger().effects().len() - effects;
        assert!(late < 60, "{late} changes were made without a checkpoint");
        let said = fs::read_to_string(said).unwrap();
        for part in [
            "was deleted, moved or replaced",
            "restore the run folder",
            "when its folder is there and can be written",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("results.csv in this folder"), "{said}");
        if output == "--json" {
            let printed = fs::read_to_string(printed).unwrap();
            assert!(
                printed.contains("was deleted, moved or replaced"),
                "{printed}"
            );
        }
    }
}

#[test]
fn a_server_that_dies_fails_no_change_and_resume_goes_on_when_it_is_back() {
    let mut sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let arguments = [
        "run",
        "mixed.yaml",
        "--yes",
        "--rate",
        "200/s",
        "--limit",
        "200",
    ];
    let mut command =
        environment.command_on(&sandbox, &[&arguments[..], &["--timeout", "3"]].concat());
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while records(&environment) < 60 {
        thread::sleep(Duration::from_millis(1));
    }
    sandbox.die();
    let code = child.wait().unwrap().code().unwrap();
    // What was in flight just then is in doubt, if anything was.
    assert!(code == 4 || code == 6, "{code}");

    sandbox.come_back();
    let document = environment
        .run_on(&sandbox, &["resume", "--last", "--json", "--timeout", "3"])
        .expect_code(0)
        .json();
    assert_eq!(document["outcomes"]["applied"], document["planned"]);
    let effects = sandbox.ledger().effects().len() as u64;
    assert_eq!(effects, document["planned"].as_u64().unwrap());
}

#[test]
fn an_unfinished_run_is_resumed_or_abandoned_before_the_same_is_started_again() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let run = ["run", "mixed.yaml", "--yes", "--limit", "50"];
    let (mut child, _) = start_until(&environment, environment.command_on(&sandbox, &run), 3);
    child.kill().unwrap();
    child.wait().unwrap();
    environment
        .run_on(&sandbox, &run)
        .expect_code(1)
        .expect_said("is not finished")
        .expect_said("wf-bulk resume")
        .expect_said("wf-bulk abandon");
    let id = environment.runs()[0]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    environment.run(&["abandon", &id, "--yes"]).expect_code(0);
    environment
        .run_on(&sandbox, &["resume", &id])
        .expect_code(1)
        .expect_said("was abandoned");
    environment.run_on(&sandbox, &run).expect_code(0);
}

#[test]
fn after_a_repair_each_execution_is_read_before_anything_is_sent_even_without_the_re_check() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let run = [
        "run",
        "mixed.yaml",
        "--yes",
        "--limit",
        "200",
        "--rate",
        "200/s",
        "--no-recheck",
    ];
    let (mut child, ended) = start_until(&environment, environment.command_on(&sandbox, &run), 20);
    assert!(!ended);
    child.kill().unwrap();
    child.wait().unwrap();
    let reads = || sandbox.ledger().reads_by_path().values().sum::<usize>();
    assert_eq!(reads(), 0);
    let path = checkpoint(&environment).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{{\"seq\":9")).unwrap();
    environment
        .run_on(
            &sandbox,
            &["resume", "--last", "--rate", "5000/s", "--no-recheck"],
        )
        .expect_code(0)
        .expect_said("last record was incomplete: 8 bytes removed");
    // More than the eight that the kill can have left in doubt.
    assert!(reads() > 12, "{} reads", reads());
}
