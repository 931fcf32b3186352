//! What several operations do to a flow and its tasks.

use jiff::Timestamp;

use super::schedule::span;
use crate::{
    refused::Refused,
    wire::{
        DueDate, ExecutionStatus, TaskStatus, from_start, moved, stamp,
        v2::{Flow, Task, TimeUnit},
    },
};

/// # Errors
///
/// When the flow has ended.
pub(super) fn require_running(flow: &Flow) -> Result<(), Refused> {
    if flow.status == ExecutionStatus::Started {
        return Ok(());
    }
    Err(Refused::Invalid(format!("the flow is {}", flow.status)))
}

pub(super) fn set_status(task: &mut Task, status: TaskStatus, now: Timestamp) {
    task.status = status;
    task.analytics.status_updated_at = Some(stamp(now));
    if status == TaskStatus::InProgress {
        task.analytics.in_progress_at = Some(stamp(now));
    }
    if status == TaskStatus::Completed {
        task.analytics.completed_at = Some(stamp(now));
    }
}

/// Moves the stamps of a task that is changed, and of its flow.
pub(super) fn touch(flow: &mut Flow, index: usize, now: Timestamp) {
    let task = &mut flow.tasks[index];
    task.updated_at = moved(&task.updated_at, now);
    flow.updated_at = moved(&flow.updated_at, now);
}

/// Sets a field that a request names.
pub(super) fn set<T>(field: &mut T, sent: Option<T>) {
    if let Some(sent) = sent {
        *field = sent;
    }
}

/// As [`set`], of a field that may be absent.
pub(super) fn set_some<T>(field: &mut Option<T>, sent: Option<T>) {
    if sent.is_some() {
        *field = sent;
    }
}

/// The due date that a number of units after the start of a workflow gives.
pub(super) fn due_after_start(started: &str, number: i64, unit: TimeUnit) -> Option<DueDate> {
    let floats = match unit {
        TimeUnit::Minutes | TimeUnit::Hours => false,
        TimeUnit::Days | TimeUnit::Weeks | TimeUnit::Months | TimeUnit::Years => true,
    };
    from_start(started, span(number, unit)?, floats)
}
