//! Automations of tasks: how they end, and how their tasks learn of it.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    advance,
    common::{require_running, set_status, touch},
    schedule,
};
use crate::{
    effect::EffectKind,
    machine::TaskPlace,
    refused::Refused,
    wire::{
        TaskStatus,
        v2::{Flow, Task, TaskType},
    },
};

/// How an automation ends, as its execution's id says: the same in each replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AutomationCourse {
    Success,
    Failure,
    Never,
    /// It has ended, and its task has missed that until a read heals it.
    LostUntilRead,
    /// It has ended, and its task has missed that until it is reconciled.
    Lost(AutomationEnding),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AutomationEnding {
    Success,
    Failure,
}

impl AutomationCourse {
    pub(crate) fn of(execution: &str) -> Self {
        match execution.chars().last().and_then(|last| last.to_digit(16)) {
            Some(0..=7) => Self::Success,
            Some(8 | 9) => Self::Failure,
            Some(10) | None => Self::Never,
            Some(11 | 12) => Self::LostUntilRead,
            Some(13 | 14) => Self::Lost(AutomationEnding::Success),
            Some(_) => Self::Lost(AutomationEnding::Failure),
        }
    }
}

/// Lets one automation end that has run its time; gives what happened, and the task's id.
pub(crate) fn settle(
    flow: &mut Flow,
    now: Timestamp,
    take: Duration,
) -> Option<(EffectKind, String)> {
    for index in 0..flow.tasks.len() {
        if !has_run(&flow.tasks[index], now, take) {
            continue;
        }
        let (kind, ending) = match course(&flow.tasks[index])? {
            AutomationCourse::Success => (EffectKind::AutomationEnded, AutomationEnding::Success),
            AutomationCourse::Failure => (EffectKind::AutomationEnded, AutomationEnding::Failure),
            AutomationCourse::LostUntilRead => (EffectKind::Healed, AutomationEnding::Success),
            AutomationCourse::Never | AutomationCourse::Lost(_) => continue,
        };
        end(flow, index, ending, now);
        return Some((kind, flow.tasks[index].id.clone()));
    }
    None
}

/// `reconcileAutomationTask`: corrects the task at `index` from its automation's outcome. Nothing happens to a task
/// that is over and to an automation that runs.
pub(crate) fn reconcile(flow: &mut Flow, index: usize, now: Timestamp, take: Duration) {
    let task = &flow.tasks[index];
    if !has_run(task, now, take) {
        return;
    }
    match course(task) {
        Some(
            AutomationCourse::Success
            | AutomationCourse::LostUntilRead
            | AutomationCourse::Lost(AutomationEnding::Success),
        ) => {
            end(flow, index, AutomationEnding::Success, now);
        }
        Some(AutomationCourse::Failure | AutomationCourse::Lost(AutomationEnding::Failure)) => {
            end(flow, index, AutomationEnding::Failure, now);
        }
        Some(AutomationCourse::Never) | None => {}
    }
}

/// `runTaskAutomation`, of the task at `index`.
pub(crate) fn run(flow: &mut Flow, index: usize, now: Timestamp) -> Result<(), Refused> {
    check(flow, index)?;
    let task = &mut flow.tasks[index];
    if task.automation_config.is_none() {
        return Err(Refused::invalid("the task has no automation"));
    }
    start(flow, index, now);
    Ok(())
}

/// `executeTask`, of the task at `index`: an automation starts, anything else is in progress.
pub(crate) fn execute(flow: &mut Flow, index: usize, now: Timestamp) -> Result<(), Refused> {
    check(flow, index)?;
    let task = &mut flow.tasks[index];
    if task.automation_config.is_some() {
        start(flow, index, now);
        return Ok(());
    }
    set_status(task, TaskStatus::InProgress, now);
    touch(flow, index, now);
    Ok(())
}

fn check(flow: &Flow, index: usize) -> Result<(), Refused> {
    let task = &flow.tasks[index];
    require_running(flow)?;
    if !task.enabled {
        return Err(Refused::invalid("the task is not enabled"));
    }
    if task.status.is_over() {
        return Err(Refused::Invalid(format!("the task is {}", task.status)));
    }
    Ok(())
}

fn start(flow: &mut Flow, index: usize, now: Timestamp) {
    schedule::fire(&mut flow.tasks[index], now);
    touch(flow, index, now);
}

fn course(task: &Task) -> Option<AutomationCourse> {
    task.automation_execution_id
        .as_deref()
        .map(AutomationCourse::of)
}

/// Whether the task waits for an automation that has had its time.
fn has_run(task: &Task, now: Timestamp, take: Duration) -> bool {
    let began = task
        .analytics
        .in_progress_at
        .as_deref()
        .and_then(|at| at.parse::<Timestamp>().ok());
    task.task_type == TaskType::Automation
        && task.status == TaskStatus::InProgress
        && began.is_none_or(|began| began + take <= now)
}

fn end(flow: &mut Flow, index: usize, ending: AutomationEnding, now: Timestamp) {
    let was_current = advance::place(flow, index) == TaskPlace::Current;
    let task = &mut flow.tasks[index];
    let (status, word, reason) = match ending {
        AutomationEnding::Success => (TaskStatus::Completed, "success", None),
        AutomationEnding::Failure => (
            TaskStatus::Failed,
            "failed",
            Some("the other system did not answer"),
        ),
    };
    set_status(task, status, now);
    if let Some(config) = &mut task.automation_config {
        config.execution_status = Some(word.to_owned());
        config.error_reason = reason.map(ToOwned::to_owned);
    }
    touch(flow, index, now);
    if was_current && status.is_over() {
        advance::after(flow, index, None, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_automations_end_well_some_badly_some_unseen_and_some_never() {
        let count = |wanted: fn(AutomationCourse) -> bool| {
            (0..16)
                .filter(|digit| wanted(AutomationCourse::of(&format!("x{digit:x}"))))
                .count()
        };
        assert_eq!(count(|course| course == AutomationCourse::Success), 8);
        assert_eq!(count(|course| course == AutomationCourse::Failure), 2);
        assert_eq!(count(|course| course == AutomationCourse::Never), 1);
        assert_eq!(count(|course| course == AutomationCourse::LostUntilRead), 2);
        assert_eq!(
            count(|course| matches!(course, AutomationCourse::Lost(_))),
            3
        );
    }
}
