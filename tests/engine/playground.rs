//! An engine, a service and a plan for a test, and the processes that work on it.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    environment::{Ended, Environment, SandboxProcess},
    judge::{Planned, judge, planned},
    records::Records,
};

/// No start and no run of a test takes that long, on a slow machine either.
const PATIENCE: Duration = Duration::from_mins(3);

/// Temporal's development server, which ends with the test.
pub(crate) struct DevServer {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl DevServer {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        let child = Self::serve(folder.path(), port);
        let server = Self {
            child,
            port,
            folder,
        };
        server.wait_until_ready();
        server
    }

    fn program() -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = root.join("target/tools/temporal/bin/temporal");
        assert!(
            program.exists(),
            "Temporal's server is not installed: .ci/temporal installs it"
        );
        program
    }

    fn serve(folder: &Path, port: u16) -> Child {
        Command::new(Self::program())
            .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1"])
            .args(["--log-level", "error", "--port", &port.to_string()])
            .arg("--db-filename")
            .arg(folder.join("engine.db"))
            .env_clear()
            .env("HOME", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn wait_until_ready(&self) {
        let start = Instant::now();
        while !self
            .ask(&["operator", "cluster", "health"])
            .contains("SERVING")
        {
            assert!(start.elapsed() < PATIENCE, "the server does not start");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the server's own tool says.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let said = Command::new(Self::program())
            .args(arguments)
            .args(["--address", &format!("127.0.0.1:{}", self.port)])
            .env_clear()
            .env("HOME", self.folder.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    /// Kills it, and starts it again on what it had stored.
    pub(crate) fn die_and_come_back(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::serve(self.folder.path(), self.port);
        self.wait_until_ready();
    }

    pub(crate) fn address(&self) -> String {
        format!("temporal://127.0.0.1:{}/default", self.port)
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A plan on a sandbox, for an engine.
pub(crate) struct Playground {
    pub(crate) engine: DevServer,
    pub(crate) sandbox: SandboxProcess,
    pub(crate) environment: Environment,
    pub(crate) planned: Vec<Planned>,
    org: String,
}

/// A worker process, which ends with the test.
pub(crate) struct WorkerProcess(pub(crate) Child);

impl Playground {
    /// Plans a playbook on a sandbox with these arguments.
    pub(crate) fn new(playbook: &str, sandbox: &[&str]) -> Self {
        let environment = Environment::new();
        environment.file("engine.yaml", playbook);
        let sandbox = SandboxProcess::start(sandbox);
        environment
            .run_on(&sandbox, &["plan", "engine.yaml", "-o", "engine.plan"])
            .expect_code(0);
        let plan = environment.path().join("engine.plan");
        let text = std::fs::read_to_string(&plan).unwrap();
        let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        Self {
            engine: DevServer::start(),
            planned: planned(&plan),
            org: header["org"].as_str().unwrap().to_owned(),
            sandbox,
            environment,
        }
    }

    /// A command on the sandbox and the engine.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.environment.command_on(&self.sandbox, arguments);
        command.args(["--engine", &self.engine.address()]);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap())
    }

    /// Starts a worker that leaves an unanswered request after so many seconds.
    pub(crate) fn worker(&self, timeout: &str) -> WorkerProcess {
        let said = self.environment.path().join("worker.log");
        let said = File::options()
            .create(true)
            .append(true)
            .open(said)
            .unwrap();
        let child = self
            .command(&["worker", "--org", &self.org, "--timeout", timeout])
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .unwrap();
        WorkerProcess(child)
    }

    /// Waits until the service was asked for so many writes.
    pub(crate) fn wait_for_writes(&self, writes: usize) {
        let start = Instant::now();
        while self.sandbox.ledger().writes() < writes {
            assert!(start.elapsed() < PATIENCE, "no progress: {}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the workers said.
    fn said(&self) -> String {
        let log = self.environment.path().join("worker.log");
        std::fs::read_to_string(log).unwrap_or_default()
    }

    /// Waits for the end of the only run, in a folder that knows nothing of it, and fetches it there.
    #[track_caller]
    pub(crate) fn fetch(&self, code: i32) -> Ended {
        let ended = self.run(&[
            "resume",
            &self.run_id(),
            "--yes",
            "--timeout",
            "2",
            "--json",
        ]);
        assert_eq!(
            ended.code,
            code,
            "{}\n{}\n{}",
            ended.stdout,
            ended.stderr,
            self.said()
        );
        ended
    }

    /// The id of the only run that was submitted.
    fn run_id(&self) -> String {
        let listed = self.engine.ask(&["workflow", "list", "--output", "json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let ids = listed.as_array().unwrap().iter();
        let ids = ids.filter_map(|flow| flow["execution"]["workflowId"].as_str());
        let mut runs = ids.filter_map(|id| id.strip_prefix("wf-bulk run ")?.split(' ').next());
        runs.next().unwrap_or_else(|| panic!("{listed}")).to_owned()
    }

    /// No write of a later stage came before the last one of an earlier stage. `ends`: executions before each later stage.
    #[track_caller]
    pub(crate) fn expect_stages(&self, ends: &[usize]) {
        let mut executions: Vec<&str> = self
            .planned
            .iter()
            .map(|planned| planned.execution.as_str())
            .collect();
        executions.dedup();
        let stage_of = |line: u64| {
            let planned = self
                .planned
                .iter()
                .find(|planned| planned.line == line)
                .unwrap();
            let place = executions.iter().position(|of| *of == planned.execution);
            ends.iter().filter(|end| place.unwrap() >= **end).count()
        };
        let ledger = self.sandbox.ledger();
        let stages: Vec<usize> = crate::judge::writes(&self.planned, &ledger)
            .into_iter()
            .map(|(line, _)| stage_of(line.unwrap()))
            .collect();
        assert!(stages.is_sorted(), "{stages:?}");
    }

    /// Compares the ledger with the plan, and with the run's folder.
    #[track_caller]
    pub(crate) fn expect_innocent(&self, settle_ms: i64) -> Records {
        let runs = self.environment.runs();
        let [run] = runs.as_slice() else {
            panic!("{runs:?}");
        };
        let records = Records::read(&run.join("checkpoint.jsonl")).unwrap();
        let open = records.open();
        judge(&self.planned, &self.sandbox.ledger(), settle_ms, &open)
            .expect_innocent("on the engine");
        records
    }
}

impl WorkerProcess {
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
