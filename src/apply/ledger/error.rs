//! What can go wrong with a ledger.

use std::{io, process::ExitStatus, time::Duration};

/// Why the ledger can't be read or written. What git has said is the text of others.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("git can't be started")]
    Start(#[source] io::Error),
    #[error("a temporary folder for git can't be made")]
    Folder(#[source] io::Error),
    #[error("`git {command}` took longer than {} s", .patience.as_secs())]
    TooLong { command: String, patience: Duration },
    #[error("`git {command}` can't be followed")]
    Pipe {
        command: String,
        #[source]
        source: io::Error,
    },
    #[error("`git {command}` ended with {status}{}", after_colon(said))]
    Git {
        command: String,
        status: ExitStatus,
        said: String,
    },
    #[error("git answered something else than expected: {0:?}")]
    Answer(String),
    #[error("the file {name:?} of the ledger can't be read: {why}")]
    File { name: String, why: String },
    #[error("the ledger was changed by others {0} times while this was written")]
    Busy(u32),
}

impl LedgerError {
    /// What to do, where it is no matter of the network or of the credentials.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Start(_) => "install git, and make sure that it is in the PATH",
            Self::File { .. } => {
                "correct or remove the file on the ledger's branch; without it, what its run did is not known any more"
            }
            Self::Busy(_) => "try again",
            Self::Folder(_) => "make sure that the folder for temporary files can be written",
            Self::TooLong { .. } | Self::Pipe { .. } | Self::Git { .. } | Self::Answer(_) => {
                "make sure that the repository can be reached, and that git has credentials to read and to push (git never asks for a password here)"
            }
        }
    }
}

fn after_colon(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}
