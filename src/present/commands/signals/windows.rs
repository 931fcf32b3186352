//! Ctrl-C, Ctrl-Break, the end of the console's window, and the end of the user's or the system's session.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close,
    ctrl_logoff, ctrl_shutdown,
};

/// The events that end a command. After the last three, Windows waits some seconds (five after the window was closed) and ends the process:
/// what is not finished by then is as after a kill.
pub(super) struct ConsoleEvents {
    interrupt: CtrlC,
    terminate: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl ConsoleEvents {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            terminate: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// None if there is no more.
    pub(super) async fn next(&mut self) -> Option<()> {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Some(()),
            Some(()) = self.terminate.recv() => Some(()),
            Some(()) = self.close.recv() => Some(()),
            Some(()) = self.logoff.recv() => Some(()),
            Some(()) = self.shutdown.recv() => Some(()),
            else => None,
        }
    }
}
