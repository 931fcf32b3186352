//! A folder, an environment and a sandbox of their own for each test.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{hints::expect_commands_to_work, ledger::Ledger};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_wf-bulk");

/// Where a test runs: an empty folder, and nothing of the environment that cargo was started in.
pub(crate) struct Environment {
    folder: TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Environment {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Copies the repository's playbooks into the folder, at a pace for tests: the sandbox has no limit of its own.
    pub(crate) fn with_playbooks(self) -> Self {
        self.with_playbooks_at("rate: 3000/s, burst: 100, concurrency: 8")
    }

    /// As [`Self::with_playbooks`], at a pace of the test's own.
    pub(crate) fn with_playbooks_at(self, pace: &str) -> Self {
        const THEIRS: &str = "rate: 40/s, burst: 8, concurrency: 8";
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
        for entry in fs::read_dir(source).unwrap() {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().into_string().unwrap();
            assert!(
                text.contains(THEIRS) || !name.contains(".yaml"),
                "{name} has another pace"
            );
            self.file(&format!("playbooks/{name}"), &text.replace(THEIRS, pace));
        }
        self
    }

    /// The binary with a cleared environment, in the folder, without a terminal.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap()).expect_commands(arguments)
    }

    /// As [`Self::run`], on a sandbox process.
    pub(crate) fn run_on(&self, sandbox: &SandboxProcess, arguments: &[&str]) -> Ended {
        Ended::from(self.command_on(sandbox, arguments).output().unwrap())
            .expect_commands(arguments)
    }

    pub(crate) fn command_on(&self, sandbox: &SandboxProcess, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command
            .args(["--server", &sandbox.url()])
            .env("EPILOT_TOKEN", "sandbox");
        command
    }

    /// The command with the hangup signal as `nohup` passes it on (`ignore`), or as a shell does (`default`), however the tests were started.
    pub(crate) fn with_hangup(&self, command: &Command, how: &str) -> Command {
        let mut wrapped = Command::new("/usr/bin/env");
        let envs = command.get_envs();
        wrapped
            .arg(format!("--{how}-signal=HUP"))
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(self.path())
            .env_clear()
            .envs(envs.filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null());
        wrapped
    }

    /// All effects of requests that the sandbox inside the process has ever had, from its log.
    pub(crate) fn effects_on_disk(&self) -> usize {
        let log = self.path().join(".wf-bulk/sandbox/effects.jsonl");
        fs::read_to_string(log).map_or(0, |text| {
            text.lines()
                .filter(|line| !line.contains(r#""request":null"#))
                .count()
        })
    }

    /// Removes the history, which would say that a test has edited a run.
    pub(crate) fn forget_history(&self) {
        for name in ["history.jsonl", "history.head"] {
            fs::remove_file(self.path().join(".wf-bulk").join(name)).unwrap();
        }
    }

    /// The folders of the runs.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path().join(".wf-bulk/runs")) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            // A signal's number is told like a shell does.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// Whatever command it tells works as it is printed.
    #[track_caller]
    fn expect_commands(self, arguments: &[&str]) -> Self {
        expect_commands_to_work(arguments, &self.stdout);
        expect_commands_to_work(arguments, &self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_said(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "{text:?} is not in stderr:\n{}",
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_out(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "{text:?} is not in stdout:\n{}",
            self.stdout
        );
        self
    }

    /// The document of `--json`, whose outcomes must add up.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "{error}\nstdout:\n{}\nstderr:\n{}",
                self.stdout, self.stderr
            )
        });
        let outcomes = document["outcomes"].as_object().unwrap();
        assert_eq!(outcomes.len(), 8, "all eight outcomes are named");
        let sum: u64 = outcomes.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(
            document["planned"], sum,
            "planned is the sum of the outcomes: {document}"
        );
        document
    }
}

/// A sandbox in a process of its own, which ends with the test.
pub(crate) struct SandboxProcess {
    child: Child,
    address: String,
    folder: TempDir,
}

impl SandboxProcess {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (child, address) = serve(folder.path(), arguments);
        Self {
            child,
            address,
            folder,
        }
    }

    /// One on a copy of the data of another, at a port of the test's own: the same service as of an earlier moment.
    pub(crate) fn on_copy(data: &Path, port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(data, folder.path());
        let port = port.to_string();
        let (child, address) = serve(folder.path(), &["--port", &port]);
        Self {
            child,
            address,
            folder,
        }
    }

    /// Where it keeps its data.
    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it, as a server dies.
    pub(crate) fn die(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Serves the same data at the same address again.
    pub(crate) fn come_back(&mut self) {
        let port = self.address.rsplit(':').next().unwrap().to_owned();
        (self.child, _) = serve(self.folder.path(), &["--port", &port]);
    }

    /// One whose faults are scripted.
    pub(crate) fn with_faults(faults: &Value) -> Self {
        Self::with_faults_and(faults, &[])
    }

    /// As [`Self::with_faults`], with other arguments beside them.
    pub(crate) fn with_faults_and(faults: &Value, arguments: &[&str]) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), faults.to_string()).unwrap();
        let faults = ["--faults", file.path().to_str().unwrap()];
        Self::start(&[&faults, arguments].concat())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger(serde_json::from_str(&self.request("GET", "/_sandbox/ledger", "")).unwrap())
    }

    /// An answer's body, over HTTP/1.0, which needs no client.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer sandbox\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(" 200 ") || head.contains(" 204 "),
            "{method} {path}: {answer}"
        );
        body.to_owned()
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Starts a sandbox with its data in a folder; gives the process and the address that it serves.
fn serve(folder: &Path, arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(BINARY)
        .arg("sandbox")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    // Read on, so that the sandbox never waits for somebody to listen.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    let address = first
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split([',', ' ', ';']).next())
        .unwrap_or_else(|| panic!("the sandbox did not start: {first}"));
    (child, address.trim().to_owned())
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
