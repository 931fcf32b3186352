//! The PATCH operations of v2.

use jiff::Timestamp;

use super::{
    advance, closing,
    common::{due_after_start, require_running, set, set_some, set_status, touch},
};
use crate::{
    machine::{self, TaskMove},
    refused::Refused,
    wire::{
        DueDate, ExecutionStatus, TaskStatus, moved, stamp,
        v2::{DueDateConfig, DueDateKind, Flow, Task, TaskType, TriggerMode},
        v2_requests::{PatchFlow, PatchPhase, PatchTask},
    },
};

/// The user behind every token; the sandbox knows no others.
const TOKEN_USER: &str = "10001";

/// `patchFlowExecution`.
pub(crate) fn patch_flow(flow: &mut Flow, patch: PatchFlow, now: Timestamp) -> Result<(), Refused> {
    if let Some(to) = patch.status {
        if !machine::execution_may(flow.status, to) {
            return Err(Refused::Invalid(format!(
                "a flow can't go from {} to {to}",
                flow.status
            )));
        }
        flow.status = to;
        match to {
            ExecutionStatus::Started => {
                flow.analytics.closed_at = None;
                flow.analytics.closed_by = None;
                flow.analytics.completed_at = None;
            }
            ExecutionStatus::Done => flow.analytics.completed_at = Some(stamp(now)),
            ExecutionStatus::Closed => {
                flow.analytics.closed_at = Some(stamp(now));
                flow.analytics.closed_by = Some(TOKEN_USER.to_owned());
            }
        }
    }
    if let Some(sent) = patch.closing_reason {
        let reason = flow.closing_reason.get_or_insert_default();
        if let Some(configured) = sent.configured_reasons {
            reason.configured_reasons = Some(configured);
        }
        if let Some(selected) = sent.selected_reasons {
            let configured = reason.configured_reasons.as_deref().unwrap_or_default();
            closing::check(&selected, configured, flow.single_closing_reason_selection)?;
            reason.selected_reasons = Some(selected);
        }
        if let Some(description) = sent.extra_description {
            reason.extra_description = Some(description);
        }
    }
    set(&mut flow.contexts, patch.contexts);
    set_some(&mut flow.assigned_to, patch.assigned_to);
    set_due(
        (&mut flow.due_date, &mut flow.due_date_config),
        (patch.due_date, patch.due_date_config),
        &flow.created_at,
    );
    flow.updated_at = moved(&flow.updated_at, now);
    Ok(())
}

/// `patchPhase`, of the phase at `index`.
pub(crate) fn patch_phase(flow: &mut Flow, index: usize, patch: PatchPhase, now: Timestamp) {
    let phase = &mut flow.phases[index];
    set(&mut phase.name, patch.name);
    set_some(&mut phase.assigned_to, patch.assigned_to);
    set_due(
        (&mut phase.due_date, &mut phase.due_date_config),
        (patch.due_date, patch.due_date_config),
        &flow.created_at,
    );
    phase.updated_at = moved(&phase.updated_at, now);
    flow.updated_at = moved(&flow.updated_at, now);
}

/// `patchTask`, of the task at `index`.
pub(crate) fn patch_task(
    flow: &mut Flow,
    index: usize,
    patch: PatchTask,
    now: Timestamp,
) -> Result<(), Refused> {
    let task = &mut flow.tasks[index];
    set(&mut task.name, patch.name);
    set(&mut task.enabled, patch.enabled);
    set_some(&mut task.assigned_to, patch.assigned_to);
    set_some(&mut task.automation_config, patch.automation_config);
    set_some(&mut task.description, patch.description);
    set_some(&mut task.ecp, patch.ecp);
    set_some(&mut task.installer, patch.installer);
    set_some(&mut task.partner, patch.partner);
    set_due(
        (&mut task.due_date, &mut task.due_date_config),
        (patch.due_date, patch.due_date_config),
        &flow.created_at,
    );
    touch(flow, index, now);
    if let Some(to) = patch.status {
        let place = advance::place(flow, index);
        let task = &flow.tasks[index];
        require_running(flow)?;
        if !task.enabled {
            return Err(Refused::invalid(
                "the task is not enabled, so its status can't be changed",
            ));
        }
        let revert = patch.revert_execution == Some(true);
        let Some(step) = machine::task_move(task.status, to, place, revert) else {
            return Err(Refused::Invalid(format!(
                "a task can't go from {} to {to}",
                task.status
            )));
        };
        let condition = patch.next_condition_id.as_deref();
        check_branch(task, step, condition)?;
        go(flow, index, step, condition, now);
    }
    Ok(())
}

/// A decision that people make needs a branch when it is completed; a branch must be one of its own.
fn check_branch(task: &Task, step: TaskMove, condition: Option<&str>) -> Result<(), Refused> {
    if task.task_type != TaskType::Decision || step != TaskMove::Complete {
        return Ok(());
    }
    match condition {
        Some(chosen) if task.conditions.iter().any(|known| known.id == chosen) => Ok(()),
        Some(chosen) => Err(Refused::Invalid(format!(
            "next_condition_id {chosen} is no branch of this decision"
        ))),
        None if task.trigger_mode == Some(TriggerMode::Manual) => Err(Refused::invalid(
            "next_condition_id is needed to complete a manual decision",
        )),
        None => Ok(()),
    }
}

fn go(flow: &mut Flow, index: usize, step: TaskMove, condition: Option<&str>, now: Timestamp) {
    let was_current = advance::place(flow, index) == machine::TaskPlace::Current;
    let task = &mut flow.tasks[index];
    let user = Some(TOKEN_USER.to_owned());
    match step {
        TaskMove::Start => {
            set_status(task, TaskStatus::InProgress, now);
            task.analytics.in_progress_by = user;
            return;
        }
        TaskMove::Complete => {
            set_status(task, TaskStatus::Completed, now);
            task.analytics.completed_by = user;
        }
        TaskMove::Skip => {
            set_status(task, TaskStatus::Skipped, now);
            task.analytics.skipped_by = user;
        }
        TaskMove::Revert => {
            advance::reset(task, now);
            return advance::back_to(flow, index, now);
        }
    }
    if was_current {
        advance::after(flow, index, condition, now);
    } else {
        advance::settle_phases(flow, now);
    }
}

/// An explicit date wins over a config; a config that counts from the start of the workflow gives a
/// date at once, the others when what they wait for happens.
fn set_due(
    (due, config): (&mut Option<DueDate>, &mut Option<DueDateConfig>),
    (sent_due, sent_config): (Option<DueDate>, Option<DueDateConfig>),
    started: &str,
) {
    if let Some(sent) = &sent_config {
        match sent.kind {
            DueDateKind::WorkflowStarted => {
                *due = due_after_start(started, sent.duration, sent.unit);
            }
            DueDateKind::TaskFinished
            | DueDateKind::PhaseFinished
            | DueDateKind::APrecedingTaskCompleted
            | DueDateKind::AllPrecedingTasksCompleted => {}
        }
    }
    set_some(config, sent_config);
    set_some(due, sent_due);
}
