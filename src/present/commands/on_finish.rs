//! Runs the command of `--on-finish`: the user's own text, by the shell of the system.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt as _,
    process::Child,
    time::{sleep, timeout},
};

use super::core_dumps;
use crate::{
    platform::{self, ChildEnd, end_group},
    secrets::SECRETS,
};

/// Enough for some attempts at a slow web hook. Then the command ends, so that a job of cron does, too.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long it may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// Why the command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum OnFinishError {
    #[error("it can't be started: {0}")]
    Start(#[from] io::Error),
    #[error("it ended with {0}")]
    Status(ExitStatus),
    #[error("it was stopped: it took longer than {} s", .0.as_secs_f64())]
    TooLong(Duration),
    #[error("it was stopped by a signal to wf-bulk")]
    Interrupted,
}

/// Runs `command` with `input` on its standard input, until it ends, or `patience` or `interrupt` does. What it prints goes to standard
/// error.
pub(super) async fn run_command(
    command: &str,
    environment: &[(&str, String)],
    input: &[u8],
    patience: Duration,
    interrupt: impl Future<Output = ()>,
) -> Result<(), OnFinishError> {
    // Else the command could read the token in the environment of this process. With --sandbox, or before the credentials are read, it is not
    // protected yet.
    core_dumps::forbid();
    let mut command = platform::shell(command);
    for secret in SECRETS {
        command.env_remove(secret);
    }
    command
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(io::stderr())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let mut child = platform::apart(&mut command).spawn()?;
    let group = child.id();
    let stdin = child.stdin.take();
    let ended = async {
        let fed = async {
            if let Some(mut stdin) = stdin {
                // A command that does not read its input is fine.
                drop(stdin.write_all(input).await);
            }
        };
        let (status, ()) = tokio::join!(child.wait(), fed);
        status
    };
    let stopped = tokio::select! {
        status = ended => {
            let status = status?;
            return if status.success() { Ok(()) } else { Err(OnFinishError::Status(status)) };
        }
        () = sleep(patience) => OnFinishError::TooLong(patience),
        () = interrupt => OnFinishError::Interrupted,
    };
    stop(&mut child, group).await;
    Err(stopped)
}

/// Ends a command and its process group.
async fn stop(child: &mut Child, group: Option<u32>) {
    for how in [ChildEnd::Ask, ChildEnd::Kill] {
        if let Some(group) = group {
            end_group(group, how);
        }
        drop(timeout(GRACE, child.wait()).await);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, future::pending, path::Path, time::Instant};

    use super::*;

    const SHORT: Duration = Duration::from_millis(300);

    async fn run(command: &str, input: &[u8]) -> Result<(), OnFinishError> {
        let environment = [("WF_BULK_EXIT_CODE", "3".to_owned())];
        run_command(command, &environment, input, PATIENCE, pending()).await
    }

    fn exists_soon(path: &Path) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1_500) {
            if path.exists() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    #[tokio::test]
    async fn it_gets_the_result_and_its_failure_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("got");
        let long = vec![b'x'; 1_000_000];
        let command = format!(
            "printf %s \"$WF_BULK_EXIT_CODE\" >{0}; cat >>{0}",
            path.display()
        );
        run(&command, &long).await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), [b"3", &long[..]].concat());
        // One that does not read its input.
        run("exit 0", &long).await.unwrap();
        let error = run("exit 7", b"").await.unwrap_err().to_string();
        assert_eq!(error, "it ended with exit status: 7");
    }

    #[tokio::test]
    async fn what_takes_too_long_is_stopped_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let (began, late) = (folder.path().join("began"), folder.path().join("late"));
        // The inner command would go on if only the shell were stopped.
        let command = format!(
            "(touch {}; sleep 1; touch {}) & trap '' TERM; wait; sleep 9",
            began.display(),
            late.display()
        );
        let start = Instant::now();
        let interrupted = async {
            while !began.exists() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let ended = run_command(&command, &[], b"", PATIENCE, interrupted).await;
        assert!(
            matches!(ended, Err(OnFinishError::Interrupted)),
            "{ended:?}"
        );
        assert!(!exists_soon(&late));
        let ended = run_command("sleep 9", &[], b"", SHORT, pending()).await;
        assert!(
            matches!(ended, Err(OnFinishError::TooLong(SHORT))),
            "{ended:?}"
        );
        assert!(start.elapsed() < PATIENCE);
    }
}
