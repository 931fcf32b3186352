//! The PATCH operation of v1.

use jiff::Timestamp;

use super::{closing, schedule};
use crate::{
    machine,
    refused::Refused,
    wire::{
        DueDate, ExecutionStatus, from_start, moved, stamp,
        v1::{Condition, DynamicDueDate, Execution, Period, UpdateExecution},
        v2::{Reason, Unit},
    },
};

/// `updateExecution`; `configured` are the closing reasons of the execution's definition.
pub(crate) fn update_execution(
    execution: &mut Execution,
    update: UpdateExecution,
    configured: &[Reason],
    now: Timestamp,
) -> Result<(), Refused> {
    if let Some(to) = update.status {
        if !machine::execution_may(execution.status, to) {
            return Err(Refused::Invalid(format!(
                "an execution can't go from {} to {to}",
                execution.status
            )));
        }
        execution.status = to;
        match to {
            ExecutionStatus::Started => execution.completed_time = None,
            ExecutionStatus::Done | ExecutionStatus::Closed => {
                execution.completed_time = Some(stamp(now));
            }
        }
    }
    if let Some(selected) = update.selected_closing_reasons {
        let single = execution.single_closing_reason_selection == Some(true);
        closing::check(&selected, configured, single)?;
        execution.selected_closing_reasons = Some(selected);
    }
    if let Some(description) = update.closing_reason_description {
        execution.closing_reason_description = Some(description);
    }
    if let Some(by) = update.closed_by {
        // The type that is read has no `closedBy`.
        execution.last_modified_by = Some(by);
    }
    if let Some(completed) = update.completed_time {
        execution.completed_time = Some(completed);
    }
    if let Some(contexts) = update.contexts {
        execution.contexts = contexts;
    }
    if let Some(assigned) = update.assigned_to {
        execution.assigned_to = Some(assigned);
    }
    if let Some(dynamic) = update.dynamic_due_date {
        if dynamic.action_type_condition == Some(Condition::WorkflowStarted) {
            execution.due_date = computed(&dynamic, &execution.creation_time);
        }
        execution.dynamic_due_date = Some(dynamic);
    }
    if let Some(due) = update.due_date {
        execution.due_date = Some(due);
    }
    execution.last_update_time = moved(&execution.last_update_time, now);
    Ok(())
}

fn computed(dynamic: &DynamicDueDate, started: &str) -> Option<DueDate> {
    let (unit, floats) = match dynamic.time_period {
        Period::Minutes => (Unit::Minutes, false),
        Period::Hours => (Unit::Hours, false),
        Period::Days => (Unit::Days, true),
        Period::Weeks => (Unit::Weeks, true),
        Period::Months => (Unit::Months, true),
    };
    from_start(
        started,
        schedule::span(dynamic.number_of_units, unit)?,
        floats,
    )
}
