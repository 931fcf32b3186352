//! Ctrl-C and SIGTERM: the first finishes what is in flight, the second ends at once.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use crate::error::{Error, ExitCode};

/// Watches from now on.
pub(super) fn watch() -> Result<mpsc::UnboundedReceiver<()>, Error> {
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
                std::process::exit(ExitCode::Interrupted.code().into());
            }
            first = false;
            // Nobody listens when the run has just ended.
            let _ = sender.send(());
        }
    });
    Ok(receiver)
}
