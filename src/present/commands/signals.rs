//! Ctrl-C and what else asks a program to end: the first finishes what is in flight, the second ends at once.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::{
    future::Future,
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tokio::{runtime, sync::mpsc, task};

use super::terminal::say;
use crate::{
    cli::Common,
    error::{Error, ExitCode},
};
#[cfg(unix)]
use unix::UnixSignals as Watched;
#[cfg(windows)]
use windows::ConsoleEvents as Watched;

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
