//! The errors of a checkpoint.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    phase::{Phase, Transition},
    record::VERSION,
};
use crate::text::shown_path;

/// A record that contradicts the earlier ones: a bug if it is about to be written, damage if it is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    #[error("plan line {line}: \"{step}\" can't follow while the change is {phase}")]
    Step {
        line: u64,
        phase: Phase,
        step: Transition,
    },
    #[error("plan line {line}: \"{step}\" is for attempt {found} instead of attempt {expected}")]
    Attempt {
        line: u64,
        step: Transition,
        expected: u32,
        found: u32,
    },
    #[error("line {line} can't be a change in a plan of {lines} lines")]
    NoChange { line: u64, lines: u64 },
    #[error(
        "plan line {line}: the plan has {changes} changes, and all of them have records already"
    )]
    MoreThanPlanned { line: u64, changes: u64 },
    #[error("a plan of {lines} lines with {changes} changes is not possible")]
    Lines { lines: u64, changes: u64 },
    #[error("\"finished\" is not allowed while the change on plan line {line} is {phase}")]
    StillOpen { line: u64, phase: Phase },
    #[error("\"{record}\" is not allowed: the run is already {ending}")]
    Over {
        ending: &'static str,
        record: &'static str,
    },
}

/// What is wrong with one line of a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    #[error("its checksum does not fit")]
    Checksum,
    #[error("it has number {found} instead of {expected}")]
    Sequence { expected: u64, found: u64 },
    #[error("its checksum fits, its content is not understood; was it written by a newer wf-bulk?")]
    Unreadable(#[source] serde_json::Error),
    #[error(
        "it is of format version {found}, this wf-bulk reads version {VERSION}; use a newer one"
    )]
    Version { found: u32 },
    #[error("it contradicts the lines before it: {0}")]
    Illegal(#[from] Illegal),
}

/// Why a checkpoint can't be made, read or resumed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("can't {doing} the checkpoint {}", shown_path(path))]
    Io {
        doing: CheckpointStep,
        path: PathBuf,
        source: io::Error,
    },
    #[error(
        "the checkpoint {} is damaged in line {line}, so what was sent is not known; \
         restore the file, or look at its changes by hand and plan again",
        shown_path(path)
    )]
    Damaged {
        path: PathBuf,
        /// 1-based.
        line: u64,
        source: Damage,
    },
    #[error(
        "the checkpoint {} belongs to the plan {found}, not to {expected}; \
         restore the run folder's own plan",
        shown_path(path)
    )]
    OtherPlan {
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error(
        "the checkpoint {} belongs to another run ({found:?}, not {expected:?}); \
         restore the run folder's own checkpoint",
        shown_path(path)
    )]
    OtherRun {
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error(
        "the checkpoint {} is for a plan of {lines} lines with {changes} changes, its plan has others; \
         restore the run folder's own checkpoint",
        shown_path(path)
    )]
    OtherSize {
        path: PathBuf,
        lines: u64,
        changes: u64,
    },
    #[error(
        "the run of the checkpoint {} is {ending}, nothing is left to resume",
        shown_path(path)
    )]
    Over { path: PathBuf, ending: &'static str },
}

/// The operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointStep {
    Create,
    Open,
    Read,
    /// Cutting a torn record off.
    Repair,
    Write,
    Sync,
    /// Looking whether the open file still is the one at its path.
    Find,
}

impl CheckpointStep {
    /// What to do when it fails.
    const fn cure(self) -> &'static str {
        match self {
            Self::Create | Self::Open | Self::Read | Self::Repair | Self::Write | Self::Sync => {
                "make room or repair the disk"
            }
            Self::Find => "restore the run folder",
        }
    }
}

impl fmt::Display for CheckpointStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Open => "open",
            Self::Read => "read",
            Self::Repair => "repair",
            Self::Write => "write to",
            Self::Sync => "sync",
            Self::Find => "find",
        })
    }
}

/// The checkpoint can't be written any more, so nothing may be sent. All later records get the first error, because after a failed sync the
/// content of the disk is unknown.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "can't {doing} the checkpoint {}: {cause}; {}, then resume the run",
    shown_path(path),
    doing.cure()
)]
pub struct WriteFailed {
    pub doing: CheckpointStep,
    pub path: Arc<Path>,
    pub cause: Arc<io::Error>,
}
