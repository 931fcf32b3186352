//! An execution between its answer and the sorted selection.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    api::{Generation, Id},
    target::{Execution, ExecutionError, TargetRow},
};

/// An execution as it is stored on disk, and what tells whether one search has answered it twice and differently.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SpilledExecution {
    /// The number of the search that has found it.
    pub(super) search: u64,
    /// A hash of its JSON, of which nothing else is kept if `where` leaves it out.
    pub(super) hash: u64,
    pub(super) entry: SpilledEntry,
}

impl SpilledExecution {
    /// Whether these two of one id can't both be what the service has. Between two searches, an execution may change.
    pub(super) const fn contradicts(&self, other: &Self) -> bool {
        self.search == other.search && self.hash != other.hash
    }
}

/// The part of an execution that is stored on disk until all are read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum SpilledEntry {
    Kept(FoundExecution),
    Left,
    Rejected {
        found: FoundExecution,
        reason: String,
    },
}

/// An execution as an answer has it, and how it was found.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FoundExecution {
    pub(super) data: Value,
    pub(super) row: Option<TargetRow>,
    pub(super) steps: Option<BTreeSet<Id>>,
}

impl FoundExecution {
    pub(super) fn new(data: Value, row: Option<TargetRow>) -> Self {
        Self {
            data,
            row,
            steps: None,
        }
    }

    pub(super) fn decode(self, generation: Generation) -> Result<Execution, ExecutionError> {
        let execution = Execution::new(generation, self.data)?;
        Ok(Execution {
            row: self.row,
            steps: self.steps,
            ..execution
        })
    }
}
