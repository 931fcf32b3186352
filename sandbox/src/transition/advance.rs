//! How a flow goes on: tasks become current, are enabled, start automations; phases and the flow end.

use jiff::Timestamp;

use super::{common::set_status, schedule};
use crate::{
    machine::TaskPlace,
    wire::{
        ExecutionStatus, PartStatus, TaskStatus, stamp,
        v2::{CurrentTask, Flow, RequirementWhen, Schedule, Task, TaskType, TriggerMode},
    },
};

/// Where the task at `index` stands. A flow without a current task is over: all its tasks are earlier.
pub(super) fn place(flow: &Flow, index: usize) -> TaskPlace {
    let is_current = |task: &Task| flow.crt_tasks.iter().any(|current| current.id == task.id);
    match flow.tasks.iter().position(is_current) {
        Some(_) if is_current(&flow.tasks[index]) => TaskPlace::Current,
        Some(current) if index > current => TaskPlace::Later,
        Some(_) | None => TaskPlace::Earlier,
    }
}

/// Goes on after the current task at `index` has ended; `condition` is the branch of a decision.
pub(super) fn after(flow: &mut Flow, index: usize, condition: Option<&str>, now: Timestamp) {
    let ended = flow.tasks[index].id.clone();
    flow.crt_tasks.retain(|current| current.id != ended);
    enable(flow);
    let mut next = successor(flow, &ended, condition);
    // Each step of the walk leaves a task that is over, and no task is visited twice.
    for _ in 0..flow.tasks.len() {
        match next {
            Some(over) if flow.tasks[over].status.is_over() => {
                let id = flow.tasks[over].id.clone();
                next = successor(flow, &id, None);
            }
            Some(_) | None => break,
        }
    }
    match next {
        Some(next) if !flow.tasks[next].status.is_over() => enter(flow, next, now),
        Some(_) | None => {
            if flow.crt_tasks.is_empty() {
                flow.status = ExecutionStatus::Done;
                flow.analytics.completed_at = Some(stamp(now));
            }
        }
    }
    settle_phases(flow, now);
}

/// A flow that has just started is at its first task.
pub(crate) fn begin(flow: &mut Flow, now: Timestamp) {
    if !flow.tasks.is_empty() {
        enter(flow, 0, now);
    }
    settle_phases(flow, now);
}

/// Goes back to the task at `index`, which is `PENDING` again, as every later one.
pub(super) fn back_to(flow: &mut Flow, index: usize, now: Timestamp) {
    for task in &mut flow.tasks[index + 1..] {
        if task.status != TaskStatus::Pending {
            reset(task, now);
        }
    }
    flow.crt_tasks = vec![CurrentTask {
        id: flow.tasks[index].id.clone(),
        crt_since: stamp(now),
    }];
    settle_phases(flow, now);
}

/// Makes a task `PENDING`, with nothing left of how far it had come.
pub(super) fn reset(task: &mut Task, now: Timestamp) {
    set_status(task, TaskStatus::Pending, now);
    task.analytics.in_progress_at = None;
    task.analytics.in_progress_by = None;
    task.analytics.completed_at = None;
    task.analytics.completed_by = None;
    task.analytics.skipped_by = None;
    task.automation_execution_id = None;
    if let Some(config) = &mut task.automation_config {
        config.execution_id = None;
        config.execution_status = None;
    }
    task.updated_at = stamp(now);
}

/// The task that an edge leads to: that of the chosen branch, else the first.
fn successor(flow: &Flow, from: &str, condition: Option<&str>) -> Option<usize> {
    let mut edges = flow.edges.iter().filter(|edge| edge.from_id == from);
    let edge = match condition {
        Some(chosen) => edges.find(|edge| edge.condition_id.as_deref() == Some(chosen)),
        None => edges.next(),
    }?;
    flow.tasks.iter().position(|task| task.id == edge.to_id)
}

/// Makes a task current; an automation starts, or is scheduled.
fn enter(flow: &mut Flow, index: usize, now: Timestamp) {
    let task = &mut flow.tasks[index];
    if !flow.crt_tasks.iter().any(|current| current.id == task.id) {
        flow.crt_tasks.push(CurrentTask {
            id: task.id.clone(),
            crt_since: stamp(now),
        });
    }
    if !task.enabled || task.status != TaskStatus::Pending {
        return;
    }
    match (task.task_type, task.trigger_mode) {
        (TaskType::Automation, Some(TriggerMode::Automatic)) => match &task.schedule {
            None | Some(Schedule::Immediate) => schedule::fire(task, now),
            Some(Schedule::Delayed { .. } | Schedule::Relative { .. }) => {
                schedule::arm(task, now);
            }
        },
        (TaskType::Automation, Some(TriggerMode::Manual) | None)
        | (TaskType::Manual | TaskType::Decision | TaskType::AiAgent, _) => {}
    }
}

/// Enables the tasks whose requirements (which name `template_id`s) are all finished.
fn enable(flow: &mut Flow) {
    let finished_tasks: Vec<String> = flow
        .tasks
        .iter()
        .filter(|task| task.status.is_over())
        .map(|task| task.template_id.clone())
        .collect();
    let finished_phases: Vec<String> = flow
        .phases
        .iter()
        .filter(|phase| phase_is_over(flow, &phase.id))
        .map(|phase| phase.template_id.clone())
        .collect();
    for task in &mut flow.tasks {
        let met = task.requirements.iter().all(|required| {
            let (wanted, finished) = match required.when {
                RequirementWhen::TaskFinished => (&required.task_id, &finished_tasks),
                RequirementWhen::PhaseFinished => (&required.phase_id, &finished_phases),
            };
            wanted.as_ref().is_some_and(|id| finished.contains(id))
        });
        if met && !task.requirements.is_empty() {
            task.enabled = true;
        }
    }
}

fn phase_is_over(flow: &Flow, phase: &str) -> bool {
    flow.tasks
        .iter()
        .filter(|task| task.phase_id == phase)
        .all(|task| task.status.is_over())
}

/// A phase is in progress while it has a current task, and completed when all its tasks are over.
pub(super) fn settle_phases(flow: &mut Flow, now: Timestamp) {
    for index in 0..flow.phases.len() {
        let id = &flow.phases[index].id;
        let has_current = flow
            .tasks
            .iter()
            .filter(|task| task.phase_id == *id)
            .any(|task| flow.crt_tasks.iter().any(|current| current.id == task.id));
        let status = if has_current {
            PartStatus::InProgress
        } else if phase_is_over(flow, id) {
            PartStatus::Completed
        } else {
            PartStatus::Open
        };
        let phase = &mut flow.phases[index];
        if phase.status != status {
            phase.status = status;
            phase.updated_at = stamp(now);
        }
    }
}
