//! The rules by which a change of an execution is written into attributes of its entities.

use serde::{Deserialize, Serialize};

use super::objects::objects;

objects! {
    "snake_case";

    /// A rule of v2, `entity_sync`.
    struct EntitySync {
        trigger: EntitySyncTrigger,
        value: SyncValue,
        target: SyncTarget,
    }

    struct EntitySyncTrigger {
        event: FlowEvent,
        filter?: SyncFilter,
    }

    /// Which task or phase the event must be of.
    #[derive(Default)]
    struct SyncFilter {
        task_template_id?: String,
        phase_template_id?: String,
    }

    struct SyncValue {
        source: SyncSource,
        value?: String,
    }

    struct SyncTarget {
        #[serde(rename = "entitySchema")]
        entity_schema: String,
        #[serde(rename = "entityAttribute")]
        entity_attribute: String,
    }

    /// A rule of v1, `updateEntityAttributes`.
    struct UpdateEntityAttribute {
        source: LegacySource,
        target: SyncTarget,
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LegacySource {
    WorkflowStatus,
    CurrentSection,
    CurrentStep,
}
