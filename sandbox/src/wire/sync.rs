//! The rules by which a change of an execution is written into attributes of its entities.

use serde::{Deserialize, Serialize};

/// A rule of v2, `entity_sync`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntitySync {
    pub(crate) trigger: SyncTrigger,
    pub(crate) value: SyncValue,
    pub(crate) target: SyncTarget,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncTrigger {
    pub(crate) event: FlowEvent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<SyncFilter>,
}

/// Which task or phase the event must be of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_template_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_template_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncValue {
    pub(crate) source: SyncSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SyncTarget {
    pub(crate) entity_schema: String,
    pub(crate) entity_attribute: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum FlowEvent {
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SyncSource {
    WorkflowName,
    WorkflowStatus,
    WorkflowAssignedTo,
    TaskName,
    TaskStatus,
    TaskAssignedTo,
    PhaseName,
    PhaseStatus,
    PhaseAssignedTo,
    CustomValue,
}

/// A rule of v1, `updateEntityAttributes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateEntityAttribute {
    pub(crate) source: LegacySource,
    pub(crate) target: SyncTarget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LegacySource {
    WorkflowStatus,
    CurrentSection,
    CurrentStep,
}
