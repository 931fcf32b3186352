//! What can go wrong with a data folder or a faults file.

use std::{io, path::PathBuf};

/// Why a sandbox can't be opened or reset.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("can't {action} {}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(
        "another process uses the sandbox's data in {}: wait until it has ended, or use another folder",
        path.display()
    )]
    Locked { path: PathBuf },
    #[error(
        "the sandbox's data in {} were made with {what} {kept}, not {wanted}: leave that out, or start over with `wf-bulk sandbox reset`",
        path.display()
    )]
    Differs {
        path: PathBuf,
        what: &'static str,
        kept: String,
        wanted: String,
    },
    #[error(
        "the sandbox's data in {} were made by another version of wf-bulk: start over with `wf-bulk sandbox reset`",
        path.display()
    )]
    OtherVersion { path: PathBuf },
    #[error(
        "line {line} of {} can't be used ({reason}): start over with `wf-bulk sandbox reset`",
        path.display()
    )]
    Damaged {
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        reason: String,
    },
}
