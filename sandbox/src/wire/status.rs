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
        match self {
            Self::Completed | Self::Skipped => true,
            Self::Unassigned
            | Self::Assigned
            | Self::InProgress
            | Self::Scheduled
            | Self::Pending
            | Self::ConditionPending
            | Self::WaitingForConfirmation
            | Self::OnHold
            | Self::Failed => false,
        }
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
        f.write_str(match self {
            Self::Started => "STARTED",
            Self::Done => "DONE",
            Self::Closed => "CLOSED",
        })
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unassigned => "UNASSIGNED",
            Self::Assigned => "ASSIGNED",
            Self::Completed => "COMPLETED",
            Self::Skipped => "SKIPPED",
            Self::InProgress => "IN_PROGRESS",
            Self::Scheduled => "SCHEDULED",
            Self::Pending => "PENDING",
            Self::ConditionPending => "CONDITION_PENDING",
            Self::WaitingForConfirmation => "WAITING_FOR_CONFIRMATION",
            Self::OnHold => "ON_HOLD",
            Self::Failed => "FAILED",
        })
    }
}
