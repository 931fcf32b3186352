//! An execution as it was read.

use std::{collections::BTreeMap, sync::Arc};

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
}

/// A row of a file or list, with what stands beside the id.
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

/// Why a JSON value is no execution.
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
    /// When the object has no id, or one that must not enter a URL.
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
        })
    }

    /// The organisation that it belongs to, when it says so.
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
