//! Ctrl-C, SIGTERM and SIGHUP: the first finishes what is in flight, the second ends at once.

use std::{
    fs,
    future::Future,
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tokio::{
    runtime,
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

/// Whether [`next_of_process`] takes the signals.
static IS_TAKEN_OVER: AtomicBool = AtomicBool::new(false);

/// Starts watching, in a thread of its own: so a second signal ends the process also while a long plan is read.
pub(super) fn watch(common: &Common) -> Result<mpsc::UnboundedReceiver<()>, Error> {
    let status = common.invocation.command("status", &[]);
    let (sender, receiver) = mpsc::unbounded_channel();
    start(status, sender)
        .map_err(|error| Error::failed("signals can't be watched").caused_by(error))?;
    Ok(receiver)
}

fn start(status: String, sender: mpsc::UnboundedSender<()>) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let watched = {
        let _entered = runtime.enter();
        Watched::new()?
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || runtime.block_on(pass_on(watched, status, sender)))?;
    Ok(())
}

/// The first signal is passed on, the second ends the process.
async fn pass_on(mut watched: Watched, status: String, sender: mpsc::UnboundedSender<()>) {
    let mut first = true;
    while watched.next().await.is_some() {
        if IS_TAKEN_OVER.load(Ordering::Relaxed) {
            continue;
        }
        if !first {
            // The checkpoint has every intent, so nothing is lost by exiting now.
            say(|out| writeln!(out, "\nstopped at once; to see how to continue: {status}"));
            std::process::exit(ExitCode::Interrupted.code().into());
        }
        first = false;
        // The receiver is gone if the run has just ended.
        let _ = sender.send(());
    }
}

/// Waits for a signal while the work after a command is done: it ends this work. The signals before do not count.
pub(super) async fn next_of_process() {
    IS_TAKEN_OVER.store(true, Ordering::Relaxed);
    // If they can't be watched, the work ends by itself.
    if let Ok(mut watched) = Watched::new()
        && watched.next().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// The signals that end a command.
struct Watched {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Watched {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: if is_hangup_ignored() {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
        })
    }

    /// None if there is no more.
    async fn next(&mut self) -> Option<()> {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Some(()),
            Some(()) = self.terminate.recv() => Some(()),
            Some(()) = next(self.hangup.as_mut()) => Some(()),
            else => None,
        }
    }
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
