//! One session of a run: it is started, and killed at some moment unless it ends before.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::environment::{Environment, SandboxProcess};

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// By itself, with an exit code.
    Ended(i32),
    /// By the kill.
    Killed,
}

/// When to kill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kill {
    from: From,
    after: Duration,
}

/// What the time until a kill is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// The start of the process: it plans, or reads what the last one has left.
    Start,
    /// Its first record, however long the machine takes to come there.
    Work,
}

impl Kill {
    /// Most kills come in the middle of the work; some before it has begun, also before there is a run; some late, while
    /// what is in doubt is waited for.
    pub(super) fn any(rng: &mut fastrand::Rng, there_is_a_run: bool) -> Self {
        let (from, range) = match (rng.u8(..100), there_is_a_run) {
            (0..70, false) => (From::Start, 0..400),
            (0..20, true) => (From::Start, 0..50),
            (0..40, _) => (From::Work, 0..20),
            (40..75, _) => (From::Work, 0..250),
            (75..95, _) => (From::Work, 250..700),
            _ => (From::Work, 700..2500),
        };
        Self {
            from,
            after: Duration::from_millis(rng.u64(range)),
        }
    }
}

/// The folder of the run. A folder that is only being made has another name.
pub(crate) fn run_folder(environment: &Environment) -> Option<PathBuf> {
    let is_draft = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .as_encoded_bytes()
            .starts_with(b".")
    };
    let mut runs = environment.runs();
    runs.retain(|path| !is_draft(path));
    assert!(runs.len() <= 1, "{runs:?}");
    runs.pop()
}

/// Goes on with the run, or starts it when there is none.
pub(super) fn session(
    environment: &Environment,
    sandbox: &SandboxProcess,
    timeout: Duration,
    kill: Option<Kill>,
) -> Session {
    let timeout = timeout.as_secs().to_string();
    let arguments: &[&str] = match run_folder(environment) {
        None => &["run", "torture.yaml", "--yes", "--timeout", &timeout],
        Some(_) => &["resume", "--last", "--timeout", &timeout],
    };
    let said = File::create(said(environment)).unwrap();
    let mut child = environment
        .command_on(sandbox, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::from(said))
        .spawn()
        .unwrap();
    if let Some(kill) = kill {
        wait(&mut child, environment, kill);
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    match (status.code(), status.signal()) {
        (Some(code), _) => Session::Ended(code),
        (None, Some(9)) => Session::Killed,
        (None, signal) => panic!("the session was ended by {signal:?}"),
    }
}

/// Waits for the moment of a kill, or until the session ends by itself.
fn wait(child: &mut Child, environment: &Environment, kill: Kill) {
    // Only the length is looked at: a checkpoint grows with each record.
    let length = || run_folder(environment).map_or(0, |folder| checkpoint_length(&folder));
    let before = length();
    let mut since = (kill.from == From::Start).then(Instant::now);
    while child.try_wait().unwrap().is_none() {
        match since {
            None if length() > before => since = Some(Instant::now()),
            Some(since) if since.elapsed() >= kill.after => return,
            None | Some(_) => {}
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn checkpoint_length(folder: &Path) -> u64 {
    let checkpoint = folder.join("checkpoint.jsonl");
    fs::metadata(checkpoint).map_or(0, |checkpoint| checkpoint.len())
}

/// Where the last session's words are kept, for a test that fails.
pub(super) fn said(environment: &Environment) -> PathBuf {
    environment.path().join("said")
}

pub(super) fn words(environment: &Environment) -> String {
    fs::read_to_string(said(environment)).unwrap_or_default()
}
