//! An execution as read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    api::{Generation, Id, IdError},
    text::cut,
};

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
    #[error("the execution {id}, of which {source}")]
    Org { id: Id, source: OrgError },
}

/// Why the organisation of an execution can't be told.
#[derive(Debug, thiserror::Error)]
#[error("{field} is {value} and should be text")]
pub struct OrgError {
    field: &'static str,
    value: String,
}

/// The longest value that a message quotes, in characters.
const QUOTED: usize = 60;

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
    ///
    /// # Errors
    ///
    /// As [`org_of`].
    pub fn org(&self) -> Result<Option<&str>, ExecutionError> {
        org_of(self.generation, &self.data).map_err(|source| ExecutionError::Org {
            id: self.id.clone(),
            source,
        })
    }
}

/// The organisation that an execution's JSON names.
///
/// # Errors
///
/// If its field holds something other than text: then it is not known to be the organisation of a plan.
pub fn org_of(generation: Generation, execution: &Value) -> Result<Option<&str>, OrgError> {
    let field = match generation {
        Generation::V1 => "orgId",
        Generation::V2 => "org_id",
    };
    match &execution[field] {
        Value::Null => Ok(None),
        Value::String(org) if !org.is_empty() => Ok(Some(org)),
        other @ (Value::String(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => Err(OrgError {
            field,
            value: cut(&other.to_string(), QUOTED),
        }),
    }
}
