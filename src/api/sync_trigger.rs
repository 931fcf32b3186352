//! What a rule that writes attributes of entities waits for.

use serde::{Deserialize, Serialize};

/// An event of a flow (`entity_sync`), or what an execution of the first generation tells of itself
/// (`updateEntityAttributes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SyncTrigger {
    FlowStarted,
    FlowCompleted,
    FlowCancelled,
    FlowReopened,
    FlowDeleted,
    FlowAssigned,
    FlowDueDateChanged,
    FlowContextsChanged,
    TaskUpdated,
    CurrTaskChanged,
    TaskCompleted,
    TaskSkipped,
    TaskMarkedInProgress,
    TaskMarkedOnHold,
    PhaseUpdated,
    PhaseCompleted,
    PhaseSkipped,
    PhaseMarkedInProgress,
    #[serde(rename = "workflow_status")]
    WorkflowStatus,
    #[serde(rename = "current_section")]
    CurrentSection,
    #[serde(rename = "current_step")]
    CurrentStep,
}

impl SyncTrigger {
    /// The API's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FlowStarted => "FlowStarted",
            Self::FlowCompleted => "FlowCompleted",
            Self::FlowCancelled => "FlowCancelled",
            Self::FlowReopened => "FlowReopened",
            Self::FlowDeleted => "FlowDeleted",
            Self::FlowAssigned => "FlowAssigned",
            Self::FlowDueDateChanged => "FlowDueDateChanged",
            Self::FlowContextsChanged => "FlowContextsChanged",
            Self::TaskUpdated => "TaskUpdated",
            Self::CurrTaskChanged => "CurrTaskChanged",
            Self::TaskCompleted => "TaskCompleted",
            Self::TaskSkipped => "TaskSkipped",
            Self::TaskMarkedInProgress => "TaskMarkedInProgress",
            Self::TaskMarkedOnHold => "TaskMarkedOnHold",
            Self::PhaseUpdated => "PhaseUpdated",
            Self::PhaseCompleted => "PhaseCompleted",
            Self::PhaseSkipped => "PhaseSkipped",
            Self::PhaseMarkedInProgress => "PhaseMarkedInProgress",
            Self::WorkflowStatus => "workflow_status",
            Self::CurrentSection => "current_section",
            Self::CurrentStep => "current_step",
        }
    }
}
