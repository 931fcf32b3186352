//! The PATCH operation of v1.

use jiff::Timestamp;

use super::{
    closing,
    common::{due_after_start, set, set_some},
};
use crate::{
    machine,
    refused::Refused,
    wire::{
        ExecutionStatus, moved, stamp,
        v1::{ActionTypeCondition, TimePeriod, UpdateExecution, WorkflowExecution},
        v2::{Reason, TimeUnit},
    },
};

/// `updateExecution`; `configured` are the closing reasons of the execution's definition.
pub(crate) fn update_execution(
    execution: &mut WorkflowExecution,
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
        execution.completed_time = (to != ExecutionStatus::Started).then(|| stamp(now));
    }
    if let Some(selected) = update.selected_closing_reasons {
        let single = execution.single_closing_reason_selection == Some(true);
        closing::check(&selected, configured, single)?;
        execution.selected_closing_reasons = Some(selected);
    }
    set_some(
        &mut execution.closing_reason_description,
        update.closing_reason_description,
    );
    // The type that is read has no `closedBy`.
    set_some(&mut execution.last_modified_by, update.closed_by);
    set_some(&mut execution.completed_time, update.completed_time);
    set(&mut execution.contexts, update.contexts);
    set_some(&mut execution.assigned_to, update.assigned_to);
    if let Some(dynamic) = update.dynamic_due_date {
        if dynamic.action_type_condition == Some(ActionTypeCondition::WorkflowStarted) {
            let unit = unit(dynamic.time_period);
            let number = dynamic.number_of_units;
            execution.due_date = due_after_start(&execution.creation_time, number, unit);
        }
        execution.dynamic_due_date = Some(dynamic);
    }
    set_some(&mut execution.due_date, update.due_date);
    execution.last_update_time = moved(&execution.last_update_time, now);
    Ok(())
}

const fn unit(period: TimePeriod) -> TimeUnit {
    match period {
        TimePeriod::Minutes => TimeUnit::Minutes,
        TimePeriod::Hours => TimeUnit::Hours,
        TimePeriod::Days => TimeUnit::Days,
        TimePeriod::Weeks => TimeUnit::Weeks,
        TimePeriod::Months => TimeUnit::Months,
    }
}
