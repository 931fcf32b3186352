//! The statuses, as the API spells them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Of a workflow execution or flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ExecutionStatus {
    Started,
    Done,
    Closed,
}

/// Of a step (v1) or task (v2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TaskStatus {
    /// Deprecated: the service takes it for `PENDING`.
    Unassigned,
    /// Deprecated: the service takes it for `PENDING`.
    Assigned,
    Completed,
    Skipped,
    InProgress,
    Scheduled,
    #[default]
    Pending,
    ConditionPending,
    WaitingForConfirmation,
    OnHold,
    Failed,
}

impl TaskStatus {
    /// Whether the flow is through with the task.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Skipped)
    }
}

/// Of a section (v1) or phase (v2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PartStatus {
    Open,
    InProgress,
    Completed,
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
