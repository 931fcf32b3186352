//! A run of all kinds of change that was killed three times in the middle, with the service as it was then.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::{
    crash::{checkpoint, start_until},
    environment::{Environment, SandboxProcess, copy_folder},
};

const PLAYBOOK: &str = r#"
version: 1
name: wreck
select:
  flows: { entities: { query: "*" } }
  where: execution.status == "STARTED"
  each: task
  limit: 120
actions:
  - reassign: { set: "77777" }
    when: task.status in ["PENDING", "SCHEDULED"]
  - run_schedule_now:
    when: task.status == "SCHEDULED"
  - add_task: { name: Rückfrage, after: Netzkapazität prüfen }
    on: execution
    when: execution.flow_template_id == "tpl_hausanschluss_strom"
  - close: { reason: [ Keine Rückmeldung, Kunde zog zurück, Duplikat ] }
    on: execution
    when: not has_assignee(execution, "10010")
  - delete:
    on: execution
    when: has_assignee(execution, "10010")
guards: { allow: [ run_schedule_now, delete ], rejected: allow }
pace: { rate: 150/s, burst: 1, concurrency: 1 }
"#;

/// Lines of the checkpoint at each kill.
const KILLS: [usize; 3] = [40, 70, 120];

/// The ports of Linux' outgoing connections begin above these, so that none takes one between two sandboxes.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

pub(crate) struct Wreck {
    /// The folder that the run was started in.
    pub(crate) environment: Environment,
    /// The sandbox, dead: its data stay.
    sandbox: SandboxProcess,
    port: u16,
}

impl Wreck {
    pub(crate) fn make() -> Self {
        let port = free_port();
        let mut sandbox = faulty(port);
        let environment = Environment::new();
        environment.file("wreck.yaml", PLAYBOOK);
        let run = ["run", "wreck.yaml", "--yes", "--timeout", "1"];
        kill_at(
            &environment,
            environment.command_on(&sandbox, &run),
            KILLS[0],
        );
        // Doubts go first while nothing more may fail, so that what was lost is disproved.
        let resume = [
            "resume",
            "--last",
            "--yes",
            "--max-errors",
            "1",
            "--timeout",
            "1",
        ];
        kill_at(
            &environment,
            environment.command_on(&sandbox, &resume),
            KILLS[1],
        );
        // With several groups at once, so that several changes are in flight.
        let resume = [
            "resume",
            "--last",
            "--yes",
            "--concurrency",
            "4",
            "--max-errors",
            "100%",
            "--timeout",
            "1",
        ];
        kill_at(
            &environment,
            environment.command_on(&sandbox, &resume),
            KILLS[2],
        );
        sandbox.die();
        cut_torn(&checkpoint(&environment).unwrap());
        Self {
            environment,
            sandbox,
            port,
        }
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        checkpoint(&self.environment).unwrap()
    }

    /// The folder of the run and the service once more, as they were left.
    pub(crate) fn copy(&self) -> (Environment, SandboxProcess) {
        let environment = Environment::new();
        copy_folder(self.environment.path(), environment.path());
        let sandbox = SandboxProcess::on_copy(self.sandbox.data(), self.port);
        (environment, sandbox)
    }
}

/// The first write closes a flow and is lost. The first one that may be repeated is lost, too, and its repetition
/// refused. Others are lost in other ways, now and then.
fn faulty(port: u16) -> SandboxProcess {
    let rule = |matching, fault| json!({"match": matching, "do": fault});
    let no = json!({"status": {"code": 400, "message": "nicht jetzt"}});
    let later = json!({"status": {"code": 429, "retry_after": 0}});
    let faults = json!({"rules": [
        rule(json!({"effect_only": true, "nth": 1}), json!("drop_before_effect")),
        rule(json!({"method": "PATCH", "path_contains": "/tasks/", "nth": 1}), json!("drop_before_effect")),
        rule(json!({"method": "PATCH", "path_contains": "/tasks/", "nth": 2}), no),
        rule(json!({"effect_only": true, "from": 5, "every": 9}), json!("drop_after_effect")),
        rule(json!({"effect_only": true, "from": 7, "every": 11}), json!("drop_before_effect")),
        rule(json!({"effect_only": true, "from": 4, "every": 13}), later),
    ]});
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), faults.to_string()).unwrap();
    SandboxProcess::start(&[
        "--executions",
        "120",
        "--automations-take",
        "3000000000",
        "--port",
        &port.to_string(),
        "--faults",
        file.path().to_str().unwrap(),
    ])
}

fn kill_at(environment: &Environment, command: Command, lines: usize) {
    let (mut child, ended) = start_until(environment, command, lines);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!ended, "it came to its end before it was killed");
}

/// A kill may leave a line without its end; what is damaged later is to be whole before.
fn cut_torn(checkpoint: &Path) {
    let bytes = fs::read(checkpoint).unwrap();
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    fs::write(checkpoint, &bytes[..whole]).unwrap();
}

fn free_port() -> u16 {
    // Beginning somewhere else in each process and test.
    let start = tempfile::tempdir().unwrap();
    let spread = start.path().to_str().unwrap().bytes();
    let spread = spread.fold(0_u16, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let ports = PORTS.len();
    PORTS
        .cycle()
        .skip(usize::from(spread) % ports)
        .take(ports)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .unwrap()
}
