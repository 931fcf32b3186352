//! Why a selection is incomplete.

use std::io;

use super::ListedError;
use crate::{client::ReadError, target::ExecutionError};

/// Why a selection is incomplete, so that nothing may be planned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error(transparent)]
    Listed(#[from] ListedError),
    #[error(transparent)]
    Read(Box<ReadError>),
    #[error("{what} answered something that can't be understood: {source}")]
    Undecodable {
        what: String,
        source: serde_json::Error,
    },
    #[error("{what} answered {source}")]
    Execution {
        what: String,
        source: ExecutionError,
    },
    #[error(
        "{what} answered executions of the organisations {first} and {second}: a plan is for one, say which with --org"
    )]
    TwoOrganisations {
        what: String,
        first: String,
        second: String,
    },
    #[error(
        "one search answered the execution {id} twice, and with different contents: plan again, or select it by its id"
    )]
    Contradiction { id: String },
    #[error("{what} answered {message}")]
    Pages { what: String, message: String },
    #[error("what was read can't be put aside on disk: {0}")]
    Disk(#[from] io::Error),
}

impl From<ReadError> for ScanError {
    fn from(error: ReadError) -> Self {
        Self::Read(Box::new(error))
    }
}

/// The error for a list that is not understood.
pub(super) fn undecodable(what: &str) -> impl FnOnce(serde_json::Error) -> ScanError {
    let what = what.to_owned();
    move |source| ScanError::Undecodable { what, source }
}
