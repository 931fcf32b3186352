//! An engine, a service and a plan for a test, and the processes that work on it.

use std::{
    fmt::Write as _,
    fs::{self, File},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    dev_server::{DevServer, send_signal},
    environment::{Ended, Environment, SandboxProcess},
    evidence::{Seen, seen},
    judge::{Planned, judge, planned},
    ledger::Ledger,
    records::Records,
};

/// Seconds after which a request is given up.
pub(crate) const TIMEOUT: &str = "2";

/// Milliseconds after which a read tells that a request had no effect.
pub(crate) const SETTLE_MS: i64 = 2_000;

/// No run of a test takes that long, on a slow machine either.
const PATIENCE: Duration = Duration::from_secs(600);

/// The organisation of the sandbox.
pub(crate) const ORG: &str = "4711";

/// The same data each time, and no automation that ends by itself.
const SANDBOX: [&str; 6] = [
    "--seed",
    "7",
    "--epoch",
    "2026-01-01",
    "--automations-take",
    "3000000000",
];

/// Tests of moments want the machine for themselves.
static MACHINE: RwLock<()> = RwLock::new(());

/// How many writes the run had sent up to a request.
struct CountedWrites {
    until: u64,
    writes: usize,
}

/// A plan on a sandbox, for an engine.
pub(crate) struct Playground {
    pub(crate) engine: Arc<DevServer>,
    pub(crate) sandbox: SandboxProcess,
    pub(crate) environment: Environment,
    pub(crate) planned: Vec<Planned>,
    /// What commands and workers have in their environment besides.
    variables: Vec<(&'static str, String)>,
    /// The number of the last request of the planning.
    planning: u64,
    /// The writes of the run up to a request: a long ledger is read once.
    counted: Mutex<CountedWrites>,
    workers: AtomicU32,
    _room: Room,
}

/// What a test has of the machine.
#[expect(dead_code, reason = "they are held until the test ends")]
enum Room {
    Part(RwLockReadGuard<'static, ()>),
    All(RwLockWriteGuard<'static, ()>),
}

/// What a test wants.
pub(crate) struct Setting<'a> {
    pub(crate) playbook: &'a str,
    /// Of the sandbox; about half of them have something to change.
    pub(crate) executions: usize,
    /// The faults of the sandbox.
    pub(crate) faults: Value,
    /// The test kills or stops the engine.
    pub(crate) own_engine: bool,
    /// No other test works meanwhile.
    pub(crate) alone: bool,
}

/// A worker process, which ends with the test.
pub(crate) struct WorkerProcess(Child);

impl<'a> Setting<'a> {
    pub(crate) fn new(playbook: &'a str) -> Self {
        Self {
            playbook,
            executions: 150,
            faults: json!({}),
            own_engine: false,
            alone: false,
        }
    }
}

impl Playground {
    /// Plans a playbook on a sandbox.
    pub(crate) fn new(setting: &Setting<'_>) -> Self {
        let room = if setting.alone {
            Room::All(MACHINE.write().unwrap_or_else(PoisonError::into_inner))
        } else {
            Room::Part(MACHINE.read().unwrap_or_else(PoisonError::into_inner))
        };
        let engine = if setting.own_engine {
            DevServer::mortal()
        } else {
            DevServer::shared()
        };
        let environment = Environment::new();
        let executions = setting.executions.to_string();
        let data = [&SANDBOX[..], &["--executions", &executions]].concat();
        let sandbox = SandboxProcess::with_faults_and(&setting.faults, &data);
        let planned = plan(&environment, &sandbox, "engine", setting.playbook);
        let ledger = sandbox.ledger();
        Self {
            engine,
            planned,
            variables: Vec::new(),
            planning: last_number(&ledger),
            counted: Mutex::new(CountedWrites {
                until: last_number(&ledger),
                writes: 0,
            }),
            sandbox,
            environment,
            workers: AtomicU32::new(0),
            _room: room,
        }
    }

    /// Plans another playbook on the same sandbox.
    pub(crate) fn plan(&mut self, name: &str, playbook: &str) {
        plan(&self.environment, &self.sandbox, name, playbook);
        self.planning = last_number(&self.sandbox.ledger());
        let counted = self.counted.get_mut().unwrap();
        (counted.until, counted.writes) = (self.planning, 0);
    }

    /// A command on the sandbox and the engine.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.environment.command_on(&self.sandbox, arguments);
        command.args(["--engine", &self.engine.address()]);
        let variables = self.variables.iter();
        command.envs(variables.map(|(name, value)| (name, value)));
        command
    }

    /// Sets a variable of the environment of all commands and workers from now on.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.variables.push((name, value.to_owned()));
    }

    /// The name of the workflow of a plan.
    pub(crate) fn flow(&self, plan: &str) -> String {
        let bytes = fs::read(self.environment.path().join(plan)).unwrap();
        let mut flow = "wf-bulk plan ".to_owned();
        for byte in Sha256::digest(bytes) {
            write!(flow, "{byte:02x}").unwrap();
        }
        flow
    }

    /// The history of a workflow, as JSON.
    pub(crate) fn history(&self, workflow: &str) -> String {
        let show = ["workflow", "show", "--output", "json"];
        let id = ["--workflow-id", workflow];
        self.engine.ask(&[&show[..], &id].concat())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap())
    }

    /// Submits a plan, and leaves it to the workers; returns the run's id.
    pub(crate) fn submit(&self, plan: &str) -> String {
        let apply = ["apply", plan, "--yes", "--timeout", TIMEOUT, "--detach"];
        let ended = self.run(&apply).expect_code(0);
        let said = ended.stderr.lines().find_map(|line| {
            let (id, _) = line.strip_prefix("run ")?.split_once(" is at the engine")?;
            Some(id.to_owned())
        });
        said.unwrap_or_else(|| panic!("{}", ended.stderr))
    }

    /// Starts a worker in an empty folder of its own.
    pub(crate) fn worker(&self) -> WorkerProcess {
        let number = self.workers.fetch_add(1, Relaxed);
        let folder = self.environment.path().join(format!("worker-{number}"));
        fs::create_dir(&folder).unwrap();
        let said = File::create(folder.join("log")).unwrap();
        let worker = ["worker", "--org", ORG, "--timeout", TIMEOUT];
        let child = self
            .command(&worker)
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .unwrap();
        WorkerProcess(child)
    }

    /// Several of them.
    pub(crate) fn workers(&self, count: usize) -> Vec<WorkerProcess> {
        (0..count).map(|_| self.worker()).collect()
    }

    /// Waits until the service was asked for so many writes.
    #[track_caller]
    pub(crate) fn wait_for_writes(&self, writes: usize) {
        let start = Instant::now();
        let mut counted = self.counted.lock().unwrap();
        while counted.writes < writes {
            assert!(start.elapsed() < PATIENCE, "no progress: {}", self.said());
            thread::sleep(Duration::from_millis(20));
            let ledger = self.ledger_since(counted.until);
            counted.writes += ledger.writes();
            counted.until = last_number(&ledger).max(counted.until);
        }
    }

    /// The requests for writes so far.
    pub(crate) fn writes(&self) -> usize {
        self.ledger_since(self.planning).writes()
    }

    fn ledger_since(&self, since: u64) -> Ledger {
        let path = format!("/_sandbox/ledger?since={since}");
        Ledger(serde_json::from_str(&self.sandbox.request("GET", &path, "")).unwrap())
    }

    /// The requests after the planning.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        seen(&self.planned, &self.sandbox.ledger(), self.planning)
    }

    /// What the workers said.
    pub(crate) fn said(&self) -> String {
        let logs = (0..self.workers.load(Relaxed))
            .map(|number| format!("worker-{number}/log"))
            .map(|log| fs::read_to_string(self.environment.path().join(log)));
        logs.map(Result::unwrap_or_default).collect()
    }

    /// Waits for the end of a run, in a folder that knows nothing of it, and fetches it there.
    #[track_caller]
    pub(crate) fn fetch(&self, run: &str, code: i32) -> Ended {
        self.resume(run, &[], code)
    }

    /// The same, with other arguments.
    #[track_caller]
    pub(crate) fn resume(&self, run: &str, arguments: &[&str], code: i32) -> Ended {
        let resume = ["resume", run, "--yes", "--timeout", TIMEOUT, "--json"];
        let ended = self.run(&[&resume, arguments].concat());
        let (stdout, stderr) = (&ended.stdout, &ended.stderr);
        assert_eq!(ended.code, code, "{stdout}\n{stderr}\n{}", self.said());
        ended
    }

    /// Compares the ledger with the plan, and with the folder of the only run here.
    #[track_caller]
    pub(crate) fn expect_innocent(&self) -> Records {
        let runs = self.environment.runs();
        let [run] = runs.as_slice() else {
            panic!("{runs:?}");
        };
        let records = Records::read(&run.join("checkpoint.jsonl")).unwrap();
        let (open, ledger) = (records.open(), self.sandbox.ledger());
        judge(&self.planned, &ledger, SETTLE_MS, &open).expect_innocent("on the engine");
        records
    }
}

/// Plans a playbook into a file.
fn plan(
    environment: &Environment,
    sandbox: &SandboxProcess,
    name: &str,
    playbook: &str,
) -> Vec<Planned> {
    let (playbook_file, plan_file) = (format!("{name}.yaml"), format!("{name}.plan"));
    environment.file(&playbook_file, playbook);
    environment
        .run_on(
            sandbox,
            &["plan", &playbook_file, "-o", &plan_file, "--org", ORG],
        )
        .expect_code(0);
    planned(&environment.path().join(plan_file))
}

/// The number of the last request.
fn last_number(ledger: &Ledger) -> u64 {
    let last = ledger.requests().last();
    last.map_or(0, |request| request["seq"].as_u64().unwrap())
}

impl WorkerProcess {
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits for its end, and returns its exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(&self.0, name);
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
