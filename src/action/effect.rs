//! What else may happen when a change is applied.

use serde::{Deserialize, Serialize};

use crate::api::SyncTrigger;

/// What else may happen when a change is applied. The first four follow from the action, the others from the execution
/// as it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// An automation starts.
    AutomationFires,
    /// Automations that listen to what happens may start.
    AutomationsMayFire,
    /// What follows in the flow becomes current.
    FlowAdvances,
    /// All later tasks go back to the start.
    LaterTasksReset,
    /// A rule of the execution writes an attribute of its entities.
    EntityWrite(EntityWrite),
    /// The rules were not read, or not understood.
    EntityWritesUnknown,
    /// This person is newly assigned, and may be told.
    Notice(String),
    /// Whom else the service tells depends on what was not read.
    NoticesUnknown,
}

/// An attribute of entities that a rule writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntityWrite {
    /// With its schema: `opportunity.status_owner`.
    pub attribute: String,
    pub on: SyncTrigger,
    /// Ids. Not empty.
    pub entities: Vec<String>,
}
