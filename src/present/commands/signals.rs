//! Ctrl-C, SIGTERM and SIGHUP: the first finishes what is in flight, the second ends at once.

use std::{fs, future::Future};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task,
};

use super::terminal::say;
use crate::{
    cli::Common,
    error::{Error, ExitCode},
};

/// Runs the work before the first change; the first signal ends it.
///
/// # Errors
///
/// The errors of `work`, and the signal.
pub(super) async fn unless_interrupted<T>(
    interrupts: &mut mpsc::UnboundedReceiver<()>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        Some(()) = interrupts.recv() => Err(Error::interrupted()),
        done = work => done,
    }
}

/// Waits for a lock or for the other end of a pipe; a signal ends the wait.
///
/// # Errors
///
/// The errors of `wait`.
pub(super) async fn aside<T: Send + 'static>(
    wait: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    task::spawn_blocking(wait).await.unwrap_or_else(|error| {
        Err(Error::failed("a thread has ended without a result").caused_by(error))
    })
}

/// Starts watching.
pub(super) fn watch(common: &Common) -> Result<mpsc::UnboundedReceiver<()>, Error> {
    let status = common.invocation.command("status", &[]);
    let failed = |error| Error::failed("signals can't be watched").caused_by(error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangup = if is_hangup_ignored() {
        None
    } else {
        Some(signal(SignalKind::hangup()).map_err(failed)?)
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut first = true;
        loop {
            tokio::select! {
                Some(()) = interrupt.recv() => {}
                Some(()) = terminate.recv() => {}
                Some(()) = next(hangup.as_mut()) => {}
                else => return,
            }
            if !first {
                // The checkpoint has every intent, so nothing is lost by exiting now.
                say(|out| {
                    writeln!(
                        out,
                        "\nended at once; to see how to continue a run: {status}"
                    )
                });
                std::process::exit(ExitCode::Interrupted.code().into());
            }
            first = false;
            // The receiver is gone if the run has just ended.
            let _ = sender.send(());
        }
    });
    Ok(receiver)
}

/// The next signal; none if it is not watched.
async fn next(signal: Option<&mut Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => None,
    }
}

/// Whether the command was started to outlive its terminal, as with `nohup`: watching the signal would end that. If the system does not
/// tell, the signal is not watched.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores_hangup(&status).unwrap_or(true)
}

/// Linux: the ignored signals of a process are a mask in hexadecimal digits (`man 5 proc_pid_status`).
fn ignores_hangup(status: &str) -> Option<bool> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    let number = SignalKind::hangup().as_raw_value();
    Some((mask >> (number - 1)) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_to_outlive_its_terminal_ignores_the_hangup() {
        for (status, expected) in [
            ("Name:\tx\nSigIgn:\t0000000000000001\n", Some(true)),
            ("SigIgn:\t0000000000001001\nSigCgt:\t0\n", Some(true)),
            ("SigIgn:\t0000000000001000\n", Some(false)),
            ("SigIgn:\tx\n", None),
            ("", None),
        ] {
            assert_eq!(ignores_hangup(status), expected, "{status}");
        }
    }
}
