//! What a person sees of a run on an engine: its commands, from any machine.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    environment::Ended,
    playground::{Playground, Setting},
};

/// A small run at a pace at which it takes some seconds.
pub(crate) const SLOW: &str = r#"
version: 1
name: engine
select:
  flows: { entities: { query: "_schema:opportunity" } }
  where: execution.status == "STARTED"
  each: task
actions:
  - reassign: { set: "77777" }
    when: task.status in ["PENDING", "IN_PROGRESS"]
pace: { rate: 20/s, burst: 10, concurrency: 4 }
"#;

/// Another machine: a folder that knows nothing of the runs.
const ELSEWHERE: [&str; 2] = ["--state-dir", "elsewhere"];

pub(crate) fn small(playbook: &str) -> Playground {
    Playground::new(&Setting {
        executions: 40,
        ..Setting::new(playbook)
    })
}

pub(crate) fn fast() -> String {
    SLOW.replace("rate: 20/s, burst: 10", "rate: 400/s, burst: 100")
}

impl Playground {
    pub(crate) fn run_elsewhere(&self, arguments: &[&str]) -> Ended {
        self.run(&[arguments, &ELSEWHERE].concat())
    }

    /// A command that makes no requests to the service, on another machine.
    pub(crate) fn look(&self, arguments: &[&str]) -> Ended {
        let mut command = self.environment.command(arguments);
        command.args(["--engine", &self.engine.address()]);
        Ended::from(command.args(ELSEWHERE).output().unwrap())
    }

    /// The runs at the engine.
    pub(crate) fn listed(&self) -> Vec<Value> {
        let listed = self.look(&["status", "--json"]).expect_code(0);
        let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
        // Tests share the engine.
        let mut runs = listed["engine"].as_array().unwrap().clone();
        runs.retain(|run| run["server"] == self.sandbox.url());
        runs
    }

    pub(crate) fn standing(&self) -> String {
        let runs = self.listed();
        runs[0]["standing"].as_str().unwrap().to_owned()
    }
}

fn interrupt(child: u32) {
    let sent = Command::new("kill")
        .args(["-INT", &child.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn run_plans_here_and_applies_there_and_undo_does_so_too() {
    let playground = small(&fast());
    let applied = playground.run(&["run", "engine.yaml", "--yes", "--json"]);
    let applied = applied.expect_code(0).json();
    let changes = playground.planned.len() as u64;
    assert_eq!(applied["outcomes"]["applied"], changes);
    let run = applied["run"].as_str().unwrap();

    let shown = playground.look(&["status", run]).expect_code(0);
    let digest = applied["plan_sha256"].as_str().unwrap();
    for said in ["finished", "engine on http://127.0.0.1", digest] {
        assert!(shown.stdout.contains(said), "{said}: {}", shown.stdout);
    }
    let linked = playground.look(&["status", "--engine-ui", "https://ui.example.com"]);
    linked
        .expect_code(0)
        .expect_out("https://ui.example.com/namespaces/default/workflows/wf-bulk%20plan%20");

    let undone = playground.run(&["undo", run, "--yes", "--json"]);
    assert_eq!(undone.expect_code(0).json()["outcomes"]["applied"], changes);
    assert_eq!(playground.listed().len(), 2);
    let environment = &playground.environment;
    environment.run(&["history"]).expect_code(0).expect_out(run);

    let again = [
        "apply",
        "engine.plan",
        "--yes",
        "--again",
        "--detach",
        "--json",
    ];
    let left = playground.run_elsewhere(&again).expect_code(0);
    let left: Value = serde_json::from_str(&left.stdout).unwrap();
    assert_eq!(left["exit_code"], 0);
    let left = left["run"].as_str().unwrap();
    assert_eq!(playground.listed()[0]["run"], left);
    playground.run(&["resume", left]).expect_code(0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn an_abandoned_run_finishes_what_is_in_flight_and_no_machine_resumes_it() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let _worker = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(3);
    assert_eq!(playground.standing(), "running");
    playground
        .look(&["abandon", &run])
        .expect_code(64)
        .expect_said("add --yes to abandon it without a question");
    playground
        .look(&["abandon", &run, "--yes"])
        .expect_code(0)
        .expect_said(&format!("run {run} is abandoned"));
    let writes = playground.writes();
    assert!(writes < playground.planned.len());
    playground
        .look(&["abandon", &run, "--yes"])
        .expect_code(0)
        .expect_said(&format!("run {run} was abandoned already"));
    let resumed = playground.run(&["resume", &run, "--json"]).expect_code(1);
    let resumed = resumed
        .expect_said("was abandoned and can't be resumed")
        .json();
    assert_eq!(resumed["outcomes"]["applied"], writes);
    assert_eq!(resumed["stopped"]["reason"], "abandoned");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(playground.writes(), writes);
    assert_eq!(playground.standing(), "abandoned");
    // The playbook is free again.
    playground
        .run_elsewhere(&["run", "engine.yaml", "--yes"])
        .expect_code(0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn ctrl_c_leaves_the_run_going_and_says_so() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let _worker = playground.worker();
    let apply = playground
        .command(&["apply", "engine.plan", "--yes"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    playground.wait_for_writes(3);
    interrupt(apply.id());
    let ended = Ended::from(apply.wait_with_output().unwrap());
    let ended = ended.expect_code(130).expect_said("goes on at the engine");
    ended.expect_said("wf-bulk resume ");
    let writes = playground.writes();
    playground.wait_for_writes(writes + 3);
    let history = playground.environment.run(&["status"]).expect_code(0);
    assert!(!history.stdout.contains("no run was made"), "{history:?}");
    let run = playground.listed()[0]["run"].as_str().unwrap().to_owned();
    playground.fetch(&run, 0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn an_attached_run_says_how_far_it_is() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let mut apply = playground
        .command(&["apply", "engine.plan", "--yes"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let of = format!("/{}", playground.planned.len());
    let lines = BufReader::new(apply.stderr.take().unwrap()).lines();
    let numbers: Vec<u64> = lines
        .map_while(Result::ok)
        .filter_map(|line| {
            let (done, rest) = line.strip_prefix("applying  ")?.split_once('/')?;
            assert!(format!("/{rest}").starts_with(&of), "{line}");
            done.parse().ok()
        })
        .collect();
    assert!(apply.wait().unwrap().success());
    assert!(numbers.len() >= 2 && numbers.is_sorted(), "{numbers:?}");
    assert!(*numbers.last().unwrap() > numbers[0], "{numbers:?}");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn events_metrics_and_the_command_at_the_end_are_told_of_the_run() {
    let playground = small(&fast());
    playground
        .run(&[
            "apply",
            "engine.plan",
            "--yes",
            "--events",
            "events.jsonl",
            "--metrics",
            "run.prom",
            "--on-finish",
            "cat > told.json",
            "--reason",
            "he leaves",
            "--actor",
            "jane",
        ])
        .expect_code(0);
    let read = |name: &str| {
        let path = playground.environment.path().join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let events: Vec<Value> = read("events.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!(of("session_started"), 1);
    assert_eq!(of("change_ended"), playground.planned.len());
    assert_eq!(events.last().unwrap()["event"], "session_ended");
    let told: Value = serde_json::from_str(&read("told.json")).unwrap();
    assert_eq!(told["outcomes"]["applied"], playground.planned.len());
    let applied = format!("outcome=\"applied\"}} {}", playground.planned.len());
    assert!(read("run.prom").contains(&applied), "{}", read("run.prom"));
    let runs = playground.listed();
    assert_eq!(runs[0]["by"]["actor"], "jane");
    assert_eq!(runs[0]["reason"], "he leaves");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn last_chooses_no_run_of_the_team_and_does_not_say_that_there_is_none() {
    let playground = Playground::new(&Setting {
        executions: 20,
        own_engine: true,
        ..Setting::new(&fast())
    });
    let none = "there is no unfinished run, here or at the engine";
    let said = playground.look(&["resume", "--last"]).expect_code(0);
    assert_eq!(said.stderr.matches("no unfinished run").count(), 1);
    said.expect_said(none);
    let run = playground.submit("engine.plan");
    for (command, name) in [
        (&["resume", "--last"][..], "resume"),
        (&["resume", "--last", "--json"], "resume"),
        (&["abandon", "--last", "--yes"], "abandon"),
    ] {
        playground
            .look(command)
            .expect_code(1)
            .expect_said("1 run at the engine is not finished")
            .expect_said(&format!("wf-bulk {name} {run}"));
    }
    let engine = playground.engine.address();
    for flag in ["--last", "--watch", "--check"] {
        let mut status = playground.environment.command(&["status", flag]);
        status.args(ELSEWHERE).env("WF_BULK_ENGINE", &engine);
        Ended::from(status.output().unwrap()).expect_said("about the runs of the state folder");
    }
}
