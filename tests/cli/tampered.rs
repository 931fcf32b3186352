//! A run's folder that somebody has edited, that others can edit, or that can't be read.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    crash::start_until,
    environment::{Ended, Environment, SandboxProcess},
};

pub(crate) const REASSIGN: &str = "version: 1
name: reassign
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 4 }
actions: [ reassign: { set: [\"7\"] } ]
";

const START: &str = "version: 1
name: start
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { entities: [ { id: c1, schema: contact }, { id: c2, schema: contact } ] }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";

/// A service whose second write takes long.
fn slow() -> SandboxProcess {
    SandboxProcess::with_faults(
        &json!({"rules": [{"match": {"effect_only": true, "to": 2}, "do": {"latency_ms": 3000}}]}),
    )
}

/// The folder of a run that was killed at its second write, and the service that it was on.
pub(crate) fn killed(playbook: &str) -> (SandboxProcess, Environment, PathBuf) {
    let sandbox = slow();
    let environment = Environment::new();
    environment.file("p.yaml", playbook);
    let command = environment.command_on(&sandbox, &["run", "p.yaml", "--yes"]);
    let folder = kill(&environment, command);
    (sandbox, environment, folder)
}

/// Starts a run with `command`, kills it at its second write, and returns its folder.
fn kill(environment: &Environment, command: Command) -> PathBuf {
    let (mut child, ended) = start_until(environment, command, 4);
    assert!(!ended);
    child.kill().unwrap();
    child.wait().unwrap();
    environment.forget_history();
    environment.runs().remove(0)
}

fn edit(folder: &Path, key: &str, value: Value) {
    let path = folder.join("run.json");
    let mut settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    settings[key] = value;
    fs::write(&path, settings.to_string()).unwrap();
}

fn resume(environment: &Environment, flags: &[&str]) -> Ended {
    let mut command = environment.command(&[&["resume", "--last"], flags].concat());
    Ended::from(command.env("EPILOT_TOKEN", "sandbox").output().unwrap())
}

#[test]
fn the_token_goes_to_the_server_of_the_plan_whatever_run_json_says() {
    let (sandbox, environment, folder) = killed(REASSIGN);
    let other = SandboxProcess::start(&[]);
    let whole = fs::read(folder.join("run.json")).unwrap();
    edit(&folder, "server", json!(other.url()));
    for flags in [&[][..], &["--server", &other.url()]] {
        resume(&environment, flags)
            .expect_code(1)
            .expect_said(&other.url())
            .expect_said(&sandbox.url())
            .expect_said("run.json")
            .expect_said("move");
    }
    // Another spelling of this machine may be another process.
    let port = sandbox.url().rsplit(':').next().unwrap().to_owned();
    edit(&folder, "server", json!(format!("http://[::1]:{port}")));
    resume(&environment, &["--server", &sandbox.url()])
        .expect_code(1)
        .expect_said("[::1]");
    assert_eq!(other.ledger().requests().len(), 0);

    fs::write(folder.join("run.json"), whole).unwrap();
    resume(&environment, &["--server", &other.url()])
        .expect_code(64)
        .expect_said(&other.url());
    assert_eq!(other.ledger().requests().len(), 0);
    resume(&environment, &["--settle", "1"]).expect_code(0);
}

#[test]
fn an_organisation_that_only_run_json_names_is_said_again_or_the_run_does_not_go_on() {
    let sandbox = slow();
    let environment = Environment::new();
    environment.file("p.yaml", START);
    environment
        .run_on(&sandbox, &["plan", "p.yaml", "-o", "x.plan"])
        .expect_code(0);
    let apply = ["apply", "x.plan", "--yes", "--org", "4711"];
    let folder = kill(&environment, environment.command_on(&sandbox, &apply));
    environment
        .run(&["status"])
        .expect_code(0)
        .expect_out("--in-doubt retry --org 4711");
    let reads = ["--in-doubt", "skip"];
    resume(&environment, &reads)
        .expect_code(64)
        .expect_said("4711")
        .expect_said("--org 4711");
    edit(&folder, "org", json!("9999"));
    for org in [&[][..], &["--org", "4711"]] {
        let ended = resume(&environment, &[&reads[..], org].concat());
        assert!(ended.code == 64, "{ended:?}");
        ended.expect_said("9999");
    }
    edit(&folder, "org", json!("4711"));
    resume(&environment, &[&reads[..], &["--org", "4711"]].concat()).expect_code(6);
}

#[test]
fn each_execution_is_checked_again_although_run_json_says_otherwise() {
    let (sandbox, environment, folder) = killed(REASSIGN);
    edit(&folder, "recheck", json!(false));
    edit(&folder, "settle_ms", json!(0));
    edit(&folder, "timeout_ms", json!(1));
    let plan = fs::read_to_string(folder.join("plan")).unwrap();
    let changes: Vec<Value> = plan
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["change"].is_string())
        .collect();
    let last = changes.last().unwrap()["target"]["execution"]
        .as_str()
        .unwrap();
    sandbox.request(
        "POST",
        &format!("/_sandbox/edit/{last}"),
        r#"{"assignedTo": ["99"]}"#,
    );
    let ended = resume(&environment, &["--json"]).expect_code(5);
    let ended = ended.expect_said("--no-recheck");
    assert_eq!(ended.json()["outcomes"]["drifted"], 1);
}

#[test]
fn a_run_that_others_could_have_written_is_refused_with_the_way_out() {
    let (_sandbox, environment, folder) = killed(REASSIGN);
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let state = environment.path().join(".wf-bulk");
    for (path, wrong, right) in [
        (folder.clone(), 0o770, 0o700),
        (folder.join("run.json"), 0o620, 0o600),
        (folder.join("plan"), 0o602, 0o600),
        (folder.join("checkpoint.jsonl"), 0o666, 0o600),
        (state.join("runs"), 0o777, 0o700),
        (state, 0o775, 0o700),
    ] {
        set(&path, wrong);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        for command in [
            &["resume", "--last"][..],
            &["resume", &id],
            &["status", "--last"],
            &["status", &id],
            &["abandon", &id, "--yes"],
            &["run", "p.yaml", "--yes", "--again", "--sandbox"],
        ] {
            environment
                .run(command)
                .expect_code(1)
                .expect_said(&name)
                .expect_said(&format!("{wrong:04o}"))
                .expect_said("chmod");
        }
        set(&path, right);
    }
    // Reading is another matter: a copy that git or a CI has made is read.
    set(&folder.join("run.json"), 0o644);
    environment.run(&["status", "--last"]).expect_code(0);
    // Only root can give a file away.
    if chown(folder.join("plan"), Some(65_534), None).is_ok() {
        for command in [&["resume", &id][..], &["status", "--last"]] {
            environment
                .run(command)
                .expect_code(1)
                .expect_said("65534")
                .expect_said("plan")
                .expect_said("chown");
        }
    }
}

#[test]
fn a_link_or_a_fifo_in_the_folder_of_a_run_is_refused_and_blocks_no_command() {
    let (_sandbox, environment, folder) = killed(REASSIGN);
    let run = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let elsewhere = environment.path().join("elsewhere");
    fs::write(&elsewhere, "mine\n").unwrap();
    for name in ["checkpoint.jsonl", "run.json", "timeline.jsonl", "lock"] {
        let path = folder.join(name);
        let kept = environment.path().join("kept");
        let was_there = path.exists();
        if was_there {
            fs::rename(&path, &kept).unwrap();
        }
        for kind in ["a FIFO", "a link"] {
            if kind == "a link" {
                symlink(&elsewhere, &path).unwrap();
            } else {
                let made = Command::new("mkfifo").arg(&path).status();
                assert!(made.unwrap().success());
            }
            for command in [
                &["resume", &run, "--sandbox"][..],
                &["run", "p.yaml", "--yes", "--sandbox"],
                &["status", &run],
            ] {
                environment
                    .run(command)
                    .expect_code(1)
                    .expect_said(&format!("it is {kind}, and must be a regular file"));
            }
            fs::remove_file(&path).unwrap();
        }
        if was_there {
            fs::rename(&kept, &path).unwrap();
        }
    }
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "mine\n");
}

#[test]
fn a_link_in_the_place_of_the_folder_of_a_run_is_refused_by_every_command() {
    let environment = Environment::new();
    environment.file("p.yaml", REASSIGN);
    environment
        .run(&["run", "p.yaml", "--yes", "--sandbox"])
        .expect_code(0);
    let folder = environment.runs().remove(0);
    let run = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let elsewhere = environment.path().join("elsewhere");
    fs::rename(&folder, &elsewhere).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    for command in [
        &["status", &run][..],
        &["resume", &run],
        &["undo", &run, "--yes"],
        &["retry", &run, "--yes"],
        &["verify", &run],
        &["report", &run],
        &["abandon", &run, "--yes"],
        &["run", "p.yaml", "--yes", "--sandbox"],
    ] {
        environment
            .run(command)
            .expect_code(1)
            .expect_said("it is a link, and must be the folder of the run itself");
    }
    environment
        .run(&["prune", "--keep", "0d", "--yes"])
        .expect_code(0)
        .expect_said("it is a link, and must be the folder of the run itself");
    assert!(elsewhere.join("plan").exists());
    // The state folder may be on another disk.
    fs::remove_file(&folder).unwrap();
    fs::rename(&elsewhere, &folder).unwrap();
    fs::rename(environment.path().join(".wf-bulk"), &elsewhere).unwrap();
    symlink(&elsewhere, environment.path().join(".wf-bulk")).unwrap();
    environment.run(&["status", &run]).expect_code(0);
}

#[test]
fn a_run_that_can_not_be_read_stops_every_command_that_asks_what_ran_before() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file("p.yaml", REASSIGN);
    environment
        .run_on(&sandbox, &["run", "p.yaml", "--yes"])
        .expect_code(0);
    environment
        .run_on(&sandbox, &["plan", "p.yaml", "-o", "x.plan"])
        .expect_code(0);
    let writes = sandbox.ledger().writes();
    let folder = environment.runs().remove(0);
    let expect_refused = |name: &str| {
        for command in [
            &["run", "p.yaml", "--yes"][..],
            &["run", "p.yaml", "--yes", "--again"],
            &["apply", "x.plan", "--yes", "--again"],
            &["resume", "--last"],
        ] {
            environment
                .run_on(&sandbox, command)
                .expect_code(1)
                .expect_said(name)
                .expect_said("can't be read")
                .expect_said("move");
        }
        for command in [&["status", "--last"][..], &["abandon", "--last", "--yes"]] {
            environment.run(command).expect_code(1).expect_said(name);
        }
        let status = environment.run(&["status"]).expect_code(0);
        let status = status.expect_said(name);
        assert!(!status.stdout.contains("no runs"), "{}", status.stdout);
        assert_eq!(sandbox.ledger().writes(), writes);
    };
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    for broken in ["run.json", "plan", "checkpoint.jsonl"] {
        let path = folder.join(broken);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, "{").unwrap();
        expect_refused(&name);
        fs::remove_file(&path).unwrap();
        expect_refused(&name);
        fs::write(&path, whole).unwrap();
    }
    for (key, value) in [
        ("playbook", json!("other")),
        ("vars_sha256", json!("00")),
        ("plan_sha256", json!("00")),
        ("org", json!("9999")),
        ("server", json!("sandbox")),
    ] {
        let whole = fs::read(folder.join("run.json")).unwrap();
        edit(&folder, key, value);
        expect_refused(&name);
        fs::write(folder.join("run.json"), whole).unwrap();
    }
    // Under another name, it is still a run that may have done the same.
    let renamed = folder.with_file_name("kept");
    fs::rename(&folder, &renamed).unwrap();
    expect_refused("kept");
    // A file of the user's is no run.
    fs::rename(&renamed, environment.path().join("away")).unwrap();
    environment.file(".wf-bulk/runs/notes.txt", "mine");
    environment
        .run_on(&sandbox, &["run", "p.yaml", "--yes"])
        .expect_code(0);
}

#[test]
fn the_damaged_plan_of_a_run_is_to_be_restored_and_no_other_plan_is_asked_for() {
    let environment = Environment::new();
    environment.file("p.yaml", REASSIGN);
    let once = ["run", "p.yaml", "--yes", "--sandbox"];
    environment.run(&once).expect_code(0);
    let plan = environment.runs().remove(0).join("plan");
    let damaged = fs::read_to_string(&plan).unwrap() + "x\n";
    fs::write(&plan, damaged).unwrap();
    let run = plan.parent().unwrap().file_name().unwrap();
    for command in ["undo", "retry", "verify", "report", "resume"] {
        let ended = environment
            .run(&[command, run.to_str().unwrap()])
            .expect_code(1)
            .expect_said("restore the file as it was")
            .expect_said("status --check");
        assert!(!ended.stderr.contains("PLAYBOOK"), "{ended:?}");
    }
}
