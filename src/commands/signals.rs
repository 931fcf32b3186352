//! Ctrl-C and SIGTERM: the first finishes what is in flight, the second ends at once.

use std::future::Future;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task,
};

use super::terminal::say;
use crate::{
    cli::Common,
    error::{Error, ExitCode},
};

/// Does what comes before the first change; the first signal ends it.
///
/// # Errors
///
/// Those of `work`, and the signal.
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

/// Waits for a lock where a signal can still be noticed.
///
/// # Errors
///
/// Those of `wait`.
pub(super) async fn aside<T: Send + 'static>(
    wait: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    task::spawn_blocking(wait)
        .await
        .unwrap_or_else(|error| Err(Error::failed("waiting for a lock failed").caused_by(error)))
}

/// Watches from now on.
pub(super) fn watch(common: &Common) -> Result<mpsc::UnboundedReceiver<()>, Error> {
    let status = common.invocation.command("status", &[]);
    let failed = |error| Error::failed("signals can't be watched").caused_by(error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut first = true;
        loop {
            tokio::select! {
                Some(()) = interrupt.recv() => {}
                Some(()) = terminate.recv() => {}
                else => return,
            }
            if !first {
                // The checkpoint holds every intent, so that nothing is lost by leaving now.
                say(|out| {
                    writeln!(
                        out,
                        "\nended at once: what was in flight is in doubt; what to do next: {status}"
                    )
                });
                std::process::exit(ExitCode::Interrupted.code().into());
            }
            first = false;
            // Nobody listens when the run has just ended.
            let _ = sender.send(());
        }
    });
    Ok(receiver)
}
