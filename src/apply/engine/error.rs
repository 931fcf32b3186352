//! Why something can't be done with the engine.

use crate::{checkpoint::CheckpointError, plan::PlanError, run_id::RunId};

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// `doing` is an infinitive: what was tried.
    #[error("the engine can't {doing}: {reason}")]
    Refused { doing: &'static str, reason: String },
    /// Another run has the plan.
    #[error("run {run} has this plan")]
    Submitted { run: RunId },
    /// The session that was found is not the last one any more.
    #[error("another process has begun a session of the run")]
    Resumed,
    /// A person has ended the command before the run began.
    #[error("it was interrupted")]
    Interrupted,
    /// The engine has not answered the request to begin.
    #[error("it is not known whether the run has begun: {reason}")]
    PerhapsBegun { reason: String },
    /// Another run of the playbook was submitted at the same time, or has begun.
    #[error("run {run} of the same playbook and variables is not finished")]
    Rival { run: RunId },
    #[error(
        "the execution of line {line} has {bytes} bytes of changes, more than the engine takes"
    )]
    TooLarge { line: u64, bytes: usize },
    /// The workflow has ended without one.
    #[error("the run was ended at the engine: {reason}")]
    NoResult { reason: String },
    #[error(
        "a part of the plan of the run is missing; the engine keeps a part for a while after its end"
    )]
    NoShard,
    #[error("what the engine keeps of the run can't be used: {0}")]
    Unusable(String),
    /// It may be one of the same playbook.
    #[error("a run at the engine is under way, and what it changes can't be read: {0}")]
    UnreadRun(String),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// An error with all its causes: those of the engine's client say nothing alone. Some of them say their cause themselves.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.ends_with(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}

impl EngineError {
    /// The error of an operation of the engine's client.
    pub(super) fn of(doing: &'static str, reason: &dyn std::fmt::Display) -> Self {
        Self::Refused {
            doing,
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use temporalio_common::data_converters::PayloadConversionError;

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let other = PayloadConversionError::EncodingError("no key".into());
        assert_eq!(with_causes(&other), "Encoding error: no key");
        let nested = PayloadConversionError::EncodingError(Box::new(other));
        assert_eq!(
            with_causes(&nested),
            "Encoding error: Encoding error: no key"
        );
    }
}
