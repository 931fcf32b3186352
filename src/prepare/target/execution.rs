//! An execution as read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{Generation, Id, IdError};

/// An execution of either generation, with its JSON as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    pub generation: Generation,
    pub id: Id,
    pub data: Arc<Value>,
    /// The row of a file that names it.
    pub row: Option<TargetRow>,
    /// The steps that a search has found in it; none where all of its steps may be targets.
    pub steps: Option<BTreeSet<Id>>,
}

/// A row of a file or list, with its other columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRow {
    pub number: u64,
    pub cells: BTreeMap<String, String>,
}

impl TargetRow {
    pub fn numbered(number: u64) -> Self {
        Self {
            number,
            cells: BTreeMap::new(),
        }
    }
}

/// Why a JSON value is not an execution.
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    #[error("an execution without an id")]
    NoId,
    #[error("the execution id {id:?} can't be used: {source}")]
    Id { id: String, source: IdError },
}

impl Execution {
    /// # Errors
    ///
    /// If the object has no id, or one that must not be used in a URL.
    pub fn new(generation: Generation, data: Value) -> Result<Self, ExecutionError> {
        let id = data["id"].as_str().ok_or(ExecutionError::NoId)?;
        let id = Id::new(id).map_err(|source| ExecutionError::Id {
            id: id.to_owned(),
            source,
        })?;
        Ok(Self {
            generation,
            id,
            data: Arc::new(data),
            row: None,
            steps: None,
        })
    }

    /// Its organisation, if the JSON contains it.
    pub fn org(&self) -> Option<&str> {
        org_of(self.generation, &self.data)
    }
}

/// The organisation that an execution's JSON names.
pub fn org_of(generation: Generation, execution: &Value) -> Option<&str> {
    match generation {
        Generation::V1 => execution["orgId"].as_str(),
        Generation::V2 => execution["org_id"].as_str(),
    }
}
