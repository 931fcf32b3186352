//! Runs on a sandbox whose faults are scripted, and the pages that `report` makes of them.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::plans::{Names, write_plan};

/// Two sessions with answers of 429, a pause and two stages. The first one was stopped with this reason.
fn timeline(reason: &str) -> String {
    let began = |at: u64| json!({"began": {"wf_bulk_timeline": 1, "at": at, "rate": 8.0, "concurrency": 4}});
    let second = |at: u64, requests: u64, throttled: u64| {
        json!({"second": {"at": at, "ms": 1000, "requests": requests, "retries": 0, "throttled": throttled, "in_flight": 2,
            "rate": 8.0, "outcomes": {"applied": requests / 2, "refused": requests / 4}}})
    };
    let lines = [
        began(0),
        second(1_000, 8, 1),
        json!({"pause": {"at": 1_000, "ms": 2_000}}),
        second(4_000, 5, 0),
        json!({"stop": {"at": 4_500, "reason": reason}}),
        json!({"end": {"at": 4_500}}),
        began(100_000),
        json!({"stage": {"at": 101_000, "number": 2, "of": 2, "executions": 9}}),
        second(102_000, 8, 0),
        json!({"end": {"at": 102_500}}),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// A page that `report` has made, in a folder of its own.
pub(crate) struct RunPage {
    folder: TempDir,
}

impl RunPage {
    /// Of a run of 120 changes whose targets do not exist, and of which the service refuses some with messages like these names.
    pub(crate) fn of(names: Names) -> Self {
        let rules: Vec<Value> = (0..10)
            .map(|number| {
                let (from, to) = (number * 5 + 1, number * 5 + 5);
                let message = names.with(number, &format!("reason {number}"));
                json!({"match": {"method": "PATCH", "from": from, "to": to}, "do": {"status": {"code": 400, "message": message}}})
            })
            .collect();
        let page = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let sandbox = Sandbox::start(page.folder.path(), &json!({ "rules": rules }));
        let header = json!({
            "wf_bulk_plan": 1,
            "playbook": {"name": names.with(0, "hand-over"), "sha256": "5e".repeat(32), "converges": true, "repeatable": false},
            "vars": {"leaver": names.with(1, "10010")}, "server": sandbox.url, "org": "4711", "now": Timestamp::now(),
            "timezone": "Europe/Berlin",
            "pace": {"rate": "2000/s", "burst": 100, "concurrency": 4, "stop_after": 10_000},
            "guards": {"allow": ["run_schedule_now"], "rejected": "allow"},
            "tool": names.with(4, "wf-bulk 0.1.0"),
        });
        write_plan(&page.folder.path().join("x.plan"), &header, 120, names);
        let reason = names.with(5, "ticket 7");
        let approver = names.with(0, "somebody");
        let apply = [
            "apply",
            "x.plan",
            "--yes",
            "--no-recheck",
            "--server",
            &sandbox.url,
            "--reason",
            &reason,
            "--approved-by",
            &approver,
        ];
        page.command(&apply, 3);
        let run = fs::read_dir(page.folder.path().join(".wf-bulk/runs"))
            .unwrap()
            .next()
            .unwrap();
        let file = run.unwrap().path().join("timeline.jsonl");
        fs::write(file, timeline(&names.with(7, "interrupted"))).unwrap();
        page.report();
        page
    }

    /// Of a run of a playbook, with answers of 429 and refusals, that was stopped by its limit of errors and resumed.
    pub(crate) fn of_a_playbook() -> Self {
        let page = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let faults = json!({"rules": [
            {"match": {"method": "PATCH", "nth": 20}, "do": {"status": {"code": 429, "message": "slow down", "retry_after": 2}}},
            {"match": {"effect_only": true, "from": 30, "to": 34}, "do": {"status": {"code": 400, "message": "10020 is not in the organisation"}}},
            {"match": {"method": "PATCH", "nth": 90}, "do": {"status": {"code": 429, "message": "slow down", "retry_after": 1}}},
        ]});
        let sandbox = Sandbox::start(page.folder.path(), &faults);
        let playbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/reassign.yaml");
        let run = [
            "run",
            playbook.to_str().unwrap(),
            "--yes",
            "--server",
            &sandbox.url,
            "--max-errors",
            "5",
            "--rate",
            "20/s",
            "--reason",
            "ticket 4711",
        ];
        page.command(&run, 4);
        page.command(
            &[
                "resume",
                "--last",
                "--server",
                &sandbox.url,
                "--max-errors",
                "20",
            ],
            3,
        );
        page.report();
        page
    }

    fn report(&self) {
        self.command(&["report", "--last", "-o", "run.html"], 0);
    }

    fn command(&self, arguments: &[&str], code: i32) {
        let output = Command::new(env!("CARGO_BIN_EXE_wf-bulk"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("EPILOT_TOKEN", "sandbox")
            .env("XDG_STATE_HOME", self.folder.path())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("run.html")
    }
}

/// A sandbox in a process of its own.
struct Sandbox {
    child: Child,
    url: String,
}

impl Sandbox {
    fn start(folder: &Path, faults: &Value) -> Self {
        fs::write(folder.join("faults.json"), faults.to_string()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wf-bulk"))
            .args(["sandbox", "--dir", "data", "--faults", "faults.json"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        // Read on, so that the sandbox never waits for somebody to listen.
        thread::spawn(move || io::copy(&mut said, &mut io::sink()));
        let url = line
            .split([' ', ','])
            .find(|word| word.starts_with("http://"));
        let url = url.unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
