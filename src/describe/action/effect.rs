//! The effects of a change besides its fields.

use serde::{Deserialize, Serialize};

use crate::api::SyncTrigger;

/// An effect of a change besides its fields. The first four follow from the action, the others from the execution that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// An automation starts.
    AutomationFires,
    /// Automations that the change triggers may start.
    AutomationsMayFire,
    /// The next task of the flow becomes current.
    FlowAdvances,
    /// All later tasks are reset.
    LaterTasksReset,
    /// A rule of the execution writes an attribute of its entities.
    EntityWrite(EntityWrite),
    /// The rules were not read, or not understood.
    EntityWritesUnknown,
    /// This person is newly assigned, and may get a notice.
    Notice(String),
    /// Who else gets a notice depends on data that was not read.
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
