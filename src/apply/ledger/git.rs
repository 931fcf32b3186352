//! Runs `git` as a child process: in a repository of its own, with plumbing commands alone, and without a question.

use std::{
    env, io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};

use super::LedgerError;
use crate::{
    platform::{ChildEnd, apart, end_group},
    secrets::SECRETS,
};

/// Enough for a slow connection. A ledger is small.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than a hundred thousand runs.
const MOST_OUTPUT: u64 = 64 * 1024 * 1024;

/// What git says of a failure fits into it.
const MOST_SAID: u64 = 16 * 1024;

/// Variables that lead git to another repository than the one on its command line, as inside of a hook.
const OF_A_REPOSITORY: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_QUARANTINE_PATH",
];

/// No hook of the user's own, and no work in the background.
const CONFIGURATION: [&str; 6] = [
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
];

/// Who writes the commits. Who started a run stands in its file.
const IDENTITY: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "wf-bulk"),
    ("GIT_AUTHOR_EMAIL", "wf-bulk@localhost"),
    ("GIT_COMMITTER_NAME", "wf-bulk"),
    ("GIT_COMMITTER_EMAIL", "wf-bulk@localhost"),
];

/// What a git process has left.
#[derive(Debug)]
pub(super) struct GitEnded {
    command: String,
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl GitEnded {
    /// The output of a process that succeeded.
    pub(super) fn output(self) -> Result<Vec<u8>, LedgerError> {
        if self.status.success() {
            Ok(self.stdout)
        } else {
            Err(self.into_error())
        }
    }

    /// The first word of the output: the id of an object.
    pub(super) fn object(self) -> Result<String, LedgerError> {
        let output = String::from_utf8_lossy(&self.output()?).into_owned();
        match output.split_ascii_whitespace().next() {
            Some(id) if is_object(id) => Ok(id.to_owned()),
            Some(_) | None => Err(LedgerError::Answer(output)),
        }
    }

    pub(super) fn into_error(self) -> LedgerError {
        let said = String::from_utf8_lossy(&self.stderr);
        let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        LedgerError::Git {
            said: lines.collect::<Vec<_>>().join(" / "),
            command: self.command,
            status: self.status,
        }
    }
}

/// The id of an object, which is no flag.
pub(super) fn is_object(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Runs a command in the bare repository in `folder`, with `input` on its standard input. `protocols`: the transports that it may use.
pub(super) async fn git(
    folder: &Path,
    protocols: &str,
    arguments: &[&str],
    input: &[u8],
) -> Result<GitEnded, LedgerError> {
    let name = arguments.first().copied().unwrap_or_default().to_owned();
    let mut command = Command::new("git");
    command
        .arg("--git-dir")
        .arg(folder)
        .args(CONFIGURATION)
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", protocols)
        .env("LC_ALL", "C")
        .envs(IDENTITY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // So that Ctrl-C does not cut off a push, and what git has started ends with it.
    apart(&mut command);
    // Git starts helpers and hooks.
    for secret in SECRETS {
        command.env_remove(secret);
    }
    for variable in OF_A_REPOSITORY {
        command.env_remove(variable);
    }
    // A trace would be mixed with what git says.
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("GIT_TRACE") {
            command.env_remove(variable);
        }
    }
    let mut child = command.spawn().map_err(LedgerError::Start)?;
    let group = ChildGroup(child.id());
    let stdin = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let fed = async {
        if let Some(mut stdin) = stdin {
            // What ends without reading it says why.
            drop(stdin.write_all(input).await);
        }
    };
    let ended = async {
        let ((), stdout, stderr) =
            tokio::join!(fed, read(stdout, MOST_OUTPUT), read(stderr, MOST_SAID));
        let (stdout, stderr) = (stdout?, stderr?);
        Ok::<_, io::Error>((child.wait().await?, stdout, stderr))
    };
    let ended = timeout(PATIENCE, ended).await;
    let (status, stdout, stderr) = match ended {
        Ok(Ok(ended)) => ended,
        Ok(Err(source)) => {
            return Err(LedgerError::Pipe {
                command: name,
                source,
            });
        }
        Err(_) => {
            return Err(LedgerError::TooLong {
                command: name,
                patience: PATIENCE,
            });
        }
    };
    group.has_ended();
    Ok(GitEnded {
        command: name,
        status,
        stdout,
        stderr,
    })
}

/// Reads a pipe to its end, and keeps the first bytes.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut pipe) = pipe {
        (&mut pipe).take(most).read_to_end(&mut kept).await?;
        tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    }
    Ok(kept)
}

/// A child, which is ended on drop with all that it has started.
struct ChildGroup(Option<u32>);

impl ChildGroup {
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for ChildGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            end_group(group, ChildEnd::Kill);
        }
    }
}
