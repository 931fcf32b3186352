//! Ctrl-C, SIGTERM and SIGHUP.

use std::{fs, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a command.
pub(super) struct UnixSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl UnixSignals {
    pub(super) fn new() -> io::Result<Self> {
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
    pub(super) async fn next(&mut self) -> Option<()> {
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
