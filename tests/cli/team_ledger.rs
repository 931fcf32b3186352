//! A ledger that two machines share (`--ledger`): two state folders, one git repository, one service.

mod crashes;
mod hostile;
mod outages;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    crash::start_until,
    environment::{Ended, Environment, SandboxProcess},
};

const FAST: &str = "rate: 3000/s, burst: 100, concurrency: 8";
/// Slow enough to be killed in between.
const SLOW: &str = "rate: 200/s, burst: 1, concurrency: 2";
/// It is not idempotent: planned once more, it moves the same dates again.
const SHIFT: &str = "playbooks/shift-due-dates.yaml";
const REASSIGN: &str = "playbooks/reassign.yaml";

/// A service, a git repository, and what is done on two machines.
struct Team {
    sandbox: SandboxProcess,
    repository: TempDir,
    here: Environment,
    there: Environment,
}

impl Team {
    fn new(pace: &str) -> Self {
        let team = Self {
            sandbox: SandboxProcess::start(&[]),
            repository: tempfile::tempdir().unwrap(),
            here: Environment::new().with_playbooks_at(pace),
            there: Environment::new().with_playbooks_at(FAST),
        };
        team.git(&["init", "--quiet", "--bare"]);
        team
    }

    fn ledger(&self) -> &str {
        self.repository.path().to_str().unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@localhost"])
            .args(arguments)
            .current_dir(self.repository.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the repository does with each push.
    fn hook(&self, script: &str) -> PathBuf {
        let path = self.repository.path().join("hooks/pre-receive");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A command on one of the machines, with the ledger.
    fn on(&self, machine: &Environment, arguments: &[&str]) -> Ended {
        let with_ledger = [arguments, &["--ledger", self.ledger()]].concat();
        machine.run_on(&self.sandbox, &with_ledger)
    }

    /// As [`Self::on`], for a command that makes no requests.
    fn offline(&self, machine: &Environment, arguments: &[&str]) -> Ended {
        machine.run(&[arguments, &["--ledger", self.ledger()]].concat())
    }

    fn plan(&self, machine: &Environment, playbook: &str) {
        let plan = ["plan", playbook, "-o", "x.plan", "--limit", "60"];
        machine.run_on(&self.sandbox, &plan).expect_code(0);
    }

    /// Applies `x.plan` here, and kills the process in the middle; gives the id of the run.
    fn apply_and_kill(&self) -> String {
        let apply = ["apply", "x.plan", "--yes", "--ledger", self.ledger()];
        let command = self.here.command_on(&self.sandbox, &apply);
        let (mut child, ended) = start_until(&self.here, command, 30);
        assert!(!ended);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(self.effects() < 60);
        run_of(&self.here)
    }

    /// The runs that the ledger has, newest first.
    fn recorded(&self) -> Vec<Value> {
        let status = self.offline(&self.there, &["status", "--json"]);
        let document: Value = serde_json::from_str(&status.expect_code(0).stdout).unwrap();
        document["ledger"].as_array().unwrap().clone()
    }

    /// Changes that requests have made.
    fn effects(&self) -> usize {
        self.sandbox.ledger().effects().len()
    }

    /// The most changes of one target.
    fn most_of_a_target(&self) -> usize {
        let effects = self.sandbox.ledger().effects_by_target();
        effects.into_values().max().unwrap_or_default()
    }
}

fn run_of(machine: &Environment) -> String {
    let runs = machine.runs();
    let [run] = &runs[..] else {
        panic!("{runs:?}");
    };
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

fn lose_folder(machine: &Environment) {
    fs::remove_dir_all(machine.path().join(".wf-bulk")).unwrap();
}

#[test]
fn a_run_whose_folder_is_lost_is_known_on_every_machine_and_is_not_made_again_unasked() {
    let team = Team::new(SLOW);
    team.plan(&team.here, SHIFT);
    let run = team.apply_and_kill();
    lose_folder(&team.here);
    let made = team.sandbox.ledger().writes();
    team.plan(&team.there, SHIFT);
    let said = format!("run {run} of the same playbook and variables is not finished");
    for machine in [&team.there, &team.here] {
        team.on(machine, &["apply", "x.plan", "--yes", "--again"])
            .expect_code(1)
            .expect_said(&said)
            .expect_said("the ledger says: started on ")
            .expect_said(&format!("wf-bulk abandon {run} --ledger {}", team.ledger()));
    }
    // Before anything is planned.
    let reads = team.sandbox.ledger().requests().len();
    team.on(&team.there, &["run", SHIFT, "--yes"])
        .expect_code(1)
        .expect_said(&said);
    assert_eq!(team.sandbox.ledger().requests().len(), reads);

    // Nobody can resume it, and a person gives it up.
    team.offline(&team.there, &["abandon", &run])
        .expect_code(64)
        .expect_said("--yes");
    team.offline(&team.there, &["abandon", &run, "--yes"])
        .expect_code(0)
        .expect_said("60 changes count as in doubt");
    let [entry] = &team.recorded()[..] else {
        panic!("one run");
    };
    assert_eq!(entry["end"]["how"], "abandoned");
    assert_eq!(entry["end"]["outcomes"]["in_doubt"], 60);
    team.offline(&team.there, &["abandon", &run, "--yes"])
        .expect_code(0)
        .expect_said("was abandoned already");
    team.on(&team.there, &["apply", "x.plan", "--yes"])
        .expect_code(1)
        .expect_said("may have done this already (60 in_doubt) before it was abandoned");
    assert_eq!(team.sandbox.ledger().writes(), made);

    // It is meant: made of what is there now.
    team.on(&team.there, &["apply", "x.plan", "--yes", "--again"])
        .expect_code(0);
    let ends: Vec<Value> = team
        .recorded()
        .iter()
        .map(|run| run["end"]["how"].clone())
        .collect();
    assert_eq!(ends, ["finished", "abandoned"]);
}

#[test]
fn a_plan_that_was_applied_on_one_machine_is_not_applied_on_another_one() {
    let team = Team::new(FAST);
    team.plan(&team.here, REASSIGN);
    fs::copy(
        team.here.path().join("x.plan"),
        team.there.path().join("x.plan"),
    )
    .unwrap();
    let apply = [
        "apply",
        "x.plan",
        "--yes",
        "--actor",
        "Eva",
        "--link",
        "https://a.example/7",
    ];
    team.on(&team.here, &apply).expect_code(0);
    let run = run_of(&team.here);
    let made = team.effects();
    let [entry] = &team.recorded()[..] else {
        panic!("one run");
    };
    let settings = fs::read_to_string(team.here.runs()[0].join("run.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(entry["run"], *run);
    for name in [
        "plan_sha256",
        "playbook",
        "server",
        "org",
        "started_at",
        "vars_sha256",
    ] {
        assert_eq!(entry[name], settings[name], "{name}");
    }
    for name in ["host", "user", "actor", "link"] {
        assert_eq!(entry[name], settings["by"][name], "{name}");
    }
    assert_eq!(entry["end"]["outcomes"]["applied"], made);
    assert_eq!(entry["changes"], made);
    assert_eq!(entry["end"]["exit_code"], 0);
    // Neither a name nor a value of a change, nor the token.
    let plan = fs::read_to_string(team.here.path().join("x.plan")).unwrap();
    let change: Value = serde_json::from_str(plan.lines().nth(1).unwrap()).unwrap();
    let text = entry.to_string();
    assert!(!text.contains(change["group"].as_str().unwrap()), "{text}");
    team.offline(&team.there, &["status"])
        .expect_code(0)
        .expect_out(&format!("{run}  finished  reassign-leaver on "))
        .expect_out(&format!("by Eva; {made} applied, "));

    team.on(&team.there, &["apply", "x.plan", "--yes"])
        .expect_code(1)
        .expect_said(&format!(
            "run {run} has already applied this plan (the ledger says: "
        ))
        .expect_said("add --again");
    assert_eq!(team.there.runs(), Vec::<PathBuf>::new());
    assert_eq!(team.effects(), made);
    team.on(&team.there, &["apply", "x.plan", "--yes", "--again"])
        .expect_code(0);
    // Another playbook is another matter, and `retry` and `undo` follow a run whose folder is here.
    team.on(&team.here, &["undo", &run, "--yes"]).expect_code(0);
    assert_eq!(team.recorded().len(), 3);
}

#[test]
fn of_machines_that_apply_one_plan_at_the_same_moment_one_does() {
    let team = Team::new(FAST);
    team.plan(&team.here, SHIFT);
    let machines: Vec<Environment> = (0..4).map(|_| Environment::new()).collect();
    let apply = ["apply", "x.plan", "--yes", "--ledger", team.ledger()];
    let children: Vec<_> = machines
        .iter()
        .map(|machine| {
            fs::copy(
                team.here.path().join("x.plan"),
                machine.path().join("x.plan"),
            )
            .unwrap();
            let mut command = machine.command_on(&team.sandbox, &apply);
            // The locks of a server are those of a machine.
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut codes = Vec::new();
    for (child, machine) in children.into_iter().zip(&machines) {
        let ended = Ended::from(child.wait_with_output().unwrap());
        if ended.code != 0 {
            assert!(
                ended.stderr.contains("the ledger says: "),
                "{}",
                ended.stderr
            );
            // What it had made of its folder is over, and in the way of nothing.
            let status = machine.run(&["status"]).expect_code(0).stdout;
            assert!(!status.contains("unfinished"), "{status}");
        }
        codes.push(ended.code);
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 1, 1, 1]);
    assert_eq!((team.effects(), team.most_of_a_target()), (60, 1));
    assert_eq!(team.recorded().len(), 1);

    // Of different runs, each has its entry, however many push at once.
    let children: Vec<_> = machines
        .iter()
        .enumerate()
        .map(|(number, machine)| {
            let name = format!("p{number}");
            let playbook = format!(
                "version: 1\nname: {name}\npace: {{ {FAST} }}\nselect: {{ executions: {{ list: {{}} }}, limit: 1 }}\n\
                 actions: [ reassign: {{ set: [\"{number}\"] }} ]\n"
            );
            machine.file("p.yaml", &playbook);
            let run = ["run", "p.yaml", "--yes", "--ledger", team.ledger()];
            let mut command = machine.command_on(&team.sandbox, &run);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        let code = child.wait().unwrap().code();
        // They may take the same target from each other.
        assert!(matches!(code, Some(0 | 5)), "{code:?}");
    }
    let recorded = team.recorded();
    assert_eq!(recorded.len(), 5);
    assert!(recorded.iter().all(|run| run["end"]["how"] == "finished"));
}
