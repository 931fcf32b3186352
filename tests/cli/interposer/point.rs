//! A fail point: one call of the client, and what happens there.

use std::fmt;

/// Which calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Of the checkpoint.
    Write,
    Sync,
    /// Of any other file or folder: the history, the report.
    FileSync,
    /// On a connection.
    Send,
    Receive,
}

/// What happens at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    KillBefore,
    KillAfter,
    /// As a kill behind it, and what was not synced is lost: the machine has no power any more.
    PowerCut,
    /// It fails with EIO, and it alone.
    EioOnce,
    /// It and all later ones fail with EIO.
    EioOn,
    /// It and all later ones fail with ENOSPC.
    EnospcOn,
    /// It writes half, and all later ones fail with ENOSPC.
    Short,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) call: Call,
    /// From 1.
    pub(super) nth: usize,
    pub(super) what: What,
}

/// What is tried at each of its calls.
pub(super) const KILLS: [(Call, What); 10] = [
    (Call::Write, What::KillBefore),
    (Call::Write, What::KillAfter),
    (Call::Sync, What::KillBefore),
    (Call::Sync, What::KillAfter),
    (Call::Send, What::KillBefore),
    (Call::Send, What::KillAfter),
    (Call::Receive, What::KillAfter),
    (Call::Write, What::PowerCut),
    (Call::Send, What::PowerCut),
    (Call::Receive, What::PowerCut),
];

pub(super) const BROKEN_DISKS: [(Call, What); 6] = [
    (Call::Write, What::EioOnce),
    (Call::Write, What::EioOn),
    (Call::Write, What::EnospcOn),
    (Call::Write, What::Short),
    (Call::Sync, What::EioOnce),
    (Call::Sync, What::EioOn),
];

pub(super) const BROKEN_CONNECTIONS: [(Call, What); 2] =
    [(Call::Send, What::EioOnce), (Call::Receive, What::EioOnce)];

impl What {
    pub(super) const fn kills(self) -> bool {
        match self {
            Self::KillBefore | Self::KillAfter | Self::PowerCut => true,
            Self::EioOnce | Self::EioOn | Self::EnospcOn | Self::Short => false,
        }
    }
}

impl Call {
    pub(super) const fn is_of_checkpoint(self) -> bool {
        match self {
            Self::Write | Self::Sync => true,
            Self::FileSync | Self::Send | Self::Receive => false,
        }
    }
}

/// As the interposer reads it.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = match self.call {
            Call::Write => "write",
            Call::Sync => "sync",
            Call::FileSync => "file_sync",
            Call::Send => "send",
            Call::Receive => "receive",
        };
        let what = match self.what {
            What::KillBefore => "kill_before",
            What::KillAfter | What::PowerCut => "kill_after",
            What::EioOnce => "eio_once",
            What::EioOn => "eio_on",
            What::EnospcOn => "enospc_on",
            What::Short => "short",
        };
        write!(f, "{call} {} {what}", self.nth)
    }
}
