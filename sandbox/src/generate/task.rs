//! A task of a v2 flow.

use super::{
    DataOrigin, SCHEMA,
    draw::{self, ExecutionDraft},
    flow::FlowProgress,
    ids,
    random::Random,
    templates::TemplateTask,
};
use crate::wire::{
    TaskStatus,
    v2::{
        Analytics, Assignee, AutomationInfo, DecisionCondition, DueDateConfig, DueDateKind,
        Schedule, ScheduleDirection, ScheduleReference, Task, TaskDescription, TaskType, TimeUnit,
        TriggerMode, Variable,
    },
};

/// Scheduled automations start within this many days around the epoch.
const SCHEDULED_WITHIN: i64 = 10;

/// A task in this status, without its phase.
pub(super) fn task(
    origin: DataOrigin,
    random: &mut Random,
    draft: &ExecutionDraft,
    part: &TemplateTask,
    status: TaskStatus,
) -> Task {
    let id = ids::uuid(random);
    let updated = &draft.updated;
    let started = matches!(
        status,
        TaskStatus::InProgress | TaskStatus::Completed | TaskStatus::Scheduled
    );
    let execution = (part.task_type == TaskType::Automation)
        .then(|| automation_execution(random, status))
        .flatten();
    Task {
        template_id: part.template_id.clone(),
        name: part.name.clone(),
        description: random.percent(15).then(|| TaskDescription {
            enabled: Some(true),
            value: Some("Siehe Arbeitsanweisung im Handbuch".to_owned()),
        }),
        status,
        due_date: draw::due(origin, random, false),
        due_date_config: random.percent(8).then_some(DueDateConfig {
            duration: 14,
            unit: TimeUnit::Days,
            kind: DueDateKind::WorkflowStarted,
            task_id: None,
            phase_id: None,
        }),
        assigned_to: assignees(random, &draft.owner),
        analytics: Analytics {
            in_progress_at: started.then(|| updated.clone()),
            completed_at: (status == TaskStatus::Completed).then(|| updated.clone()),
            completed_by: (status == TaskStatus::Completed).then(|| draft.owner.clone()),
            skipped_by: (status == TaskStatus::Skipped).then(|| draft.owner.clone()),
            status_updated_at: Some(updated.clone()),
            ..Analytics::default()
        },
        created_at: draft.created.clone(),
        updated_at: updated.clone(),
        enabled: true,
        task_type: part.task_type,
        automation_config: part.automation_id.clone().map(|flow_id| AutomationInfo {
            flow_id,
            execution_id: execution.clone(),
            execution_status: execution.as_ref().map(|_| {
                if status.is_over() {
                    "success".to_owned()
                } else {
                    "started".to_owned()
                }
            }),
            ..AutomationInfo::default()
        }),
        automation_execution_id: execution,
        trigger_mode: trigger_mode(random, part.task_type),
        schedule: schedule(origin, random, part.task_type, status, &id),
        conditions: conditions(&id, part),
        id,
        ..Task::default()
    }
}

/// The status of the task at `index`.
pub(super) fn status(
    random: &mut Random,
    task_type: TaskType,
    index: usize,
    progress: FlowProgress,
) -> TaskStatus {
    if index < progress.reached {
        return if random.percent(10) {
            TaskStatus::Skipped
        } else {
            TaskStatus::Completed
        };
    }
    if progress.current != Some(index) {
        return TaskStatus::Pending;
    }
    match task_type {
        TaskType::Automation if random.percent(75) => TaskStatus::Scheduled,
        TaskType::Automation => TaskStatus::InProgress,
        TaskType::Manual | TaskType::Decision | TaskType::AiAgent => match random.below(100) {
            0..=39 => TaskStatus::InProgress,
            40..=44 => TaskStatus::OnHold,
            45..=49 => TaskStatus::Assigned,
            _ => TaskStatus::Pending,
        },
    }
}

/// The execution of an automation that has started. One that is in progress when the data begin has run long: it never
/// ends, or its task has missed the end. The last digit of its id says which (`transition::automation`).
fn automation_execution(random: &mut Random, status: TaskStatus) -> Option<String> {
    let in_progress = status == TaskStatus::InProgress;
    if !in_progress && status != TaskStatus::Completed {
        return None;
    }
    let mut execution = ids::uuid(random);
    if in_progress && let Some(last) = execution.pop().and_then(|last| last.to_digit(16)) {
        execution.push(['a', 'a', 'b', 'd', 'e', 'f'][last as usize % 6]);
    }
    Some(execution)
}

fn trigger_mode(random: &mut Random, task_type: TaskType) -> Option<TriggerMode> {
    match task_type {
        TaskType::Automation => Some(TriggerMode::Automatic),
        TaskType::Decision if random.percent(25) => Some(TriggerMode::Automatic),
        TaskType::Decision => Some(TriggerMode::Manual),
        TaskType::Manual | TaskType::AiAgent => None,
    }
}

/// The owner of the flow, someone else, both, nobody, or a variable that was resolved to the owner.
fn assignees(random: &mut Random, owner: &str) -> Option<Vec<Assignee>> {
    let user = |id: &str| Assignee::User(id.to_owned());
    let variable = |name: &str, value: Option<&str>| {
        Assignee::Variable(Variable {
            variable: name.to_owned(),
            value: value.map(|user| vec![user.to_owned()]),
        })
    };
    let resolved = || variable("{{assignee}}", Some(owner));
    match random.below(100) {
        0..=9 => None,
        10..=14 => Some(Vec::new()),
        15..=29 => Some(vec![user(&draw::user(random))]),
        30..=36 => Some(vec![user(owner), user(&draw::user(random))]),
        37..=42 => Some(vec![resolved()]),
        43..=46 => Some(vec![resolved(), user(&draw::user(random))]),
        47 => Some(vec![variable("{{primary_entity.owner}}", None)]),
        _ => Some(vec![user(owner)]),
    }
}

fn conditions(task_id: &str, part: &TemplateTask) -> Vec<DecisionCondition> {
    let branches = part.branches.iter().enumerate();
    branches
        .map(|(index, branch)| DecisionCondition {
            id: format!("cond_{}_{index}", &task_id[..8]),
            branch_name: branch.clone(),
            logical_operator: "AND".to_owned(),
            statements: Vec::new(),
        })
        .collect()
}

/// Automations have a schedule when they wait for it; half of those to come have one without a date yet.
fn schedule(
    origin: DataOrigin,
    random: &mut Random,
    task_type: TaskType,
    status: TaskStatus,
    task_id: &str,
) -> Option<Schedule> {
    let waits = status == TaskStatus::Scheduled;
    let is_to_come = task_type == TaskType::Automation && status == TaskStatus::Pending;
    if !(waits || is_to_come && random.percent(50)) {
        return None;
    }
    let minutes = random.between(-SCHEDULED_WITHIN * 24 * 60, SCHEDULED_WITHIN * 24 * 60);
    let schedule_id = waits.then(|| ids::uuid(random));
    let scheduled_at = waits.then(|| draw::text(draw::at(origin, minutes * 60, 0)));
    Some(if random.percent(65) {
        Schedule::Delayed {
            duration: random.between(1, 14),
            unit: *random.pick(&[
                TimeUnit::Days,
                TimeUnit::Days,
                TimeUnit::Hours,
                TimeUnit::Weeks,
            ]),
            schedule_id,
            scheduled_at,
        }
    } else {
        Schedule::Relative {
            direction: *random.pick(&[ScheduleDirection::Before, ScheduleDirection::After]),
            duration: random.between(1, 10),
            unit: TimeUnit::Days,
            reference: ScheduleReference {
                id: task_id.to_owned(),
                origin: "trigger_entity_attribute".to_owned(),
                schema: Some(SCHEMA.to_owned()),
                attribute: Some("delivery_start".to_owned()),
            },
            schedule_id,
            scheduled_at,
        }
    })
}
