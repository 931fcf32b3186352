//! An execution of either generation.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::{v1, v2};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnyExecution {
    Flow(Box<v2::Flow>),
    Legacy(Box<v1::WorkflowExecution>),
}

impl AnyExecution {
    pub(crate) fn as_flow(&self) -> Option<&v2::Flow> {
        match self {
            Self::Flow(flow) => Some(flow),
            Self::Legacy(_) => None,
        }
    }

    pub(crate) fn into_flow(self) -> Option<v2::Flow> {
        match self {
            Self::Flow(flow) => Some(*flow),
            Self::Legacy(_) => None,
        }
    }

    pub(crate) fn as_legacy(&self) -> Option<&v1::WorkflowExecution> {
        match self {
            Self::Flow(_) => None,
            Self::Legacy(execution) => Some(execution),
        }
    }

    pub(crate) fn into_legacy(self) -> Option<v1::WorkflowExecution> {
        match self {
            Self::Flow(_) => None,
            Self::Legacy(execution) => Some(*execution),
        }
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Flow(flow) => &flow.id,
            Self::Legacy(execution) => &execution.id,
        }
    }

    /// As the API answers with it.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Flow(flow) => serde_json::to_value(flow),
            Self::Legacy(execution) => serde_json::to_value(execution),
        }
        .unwrap_or_default()
    }

    /// Reads JSON as an execution of the same generation as this one.
    ///
    /// # Errors
    ///
    /// When a field is unknown, missing or of another type.
    pub(crate) fn read(&self, json: Value) -> serde_json::Result<Self> {
        Ok(match self {
            Self::Flow(_) => Self::Flow(serde_json::from_value(json)?),
            Self::Legacy(_) => Self::Legacy(serde_json::from_value(json)?),
        })
    }
}

impl From<v2::Flow> for AnyExecution {
    fn from(flow: v2::Flow) -> Self {
        Self::Flow(Box::new(flow))
    }
}

impl From<v1::WorkflowExecution> for AnyExecution {
    fn from(execution: v1::WorkflowExecution) -> Self {
        Self::Legacy(Box::new(execution))
    }
}
