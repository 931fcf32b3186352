//! A task of a v2 flow.

use super::{
    Origin, SCHEMA,
    draw::{self, Life},
    flow::Progress,
    ids::{self, shared_uuid},
    random::Random,
    templates::{self, Part, Template},
};
use crate::wire::{
    TaskStatus,
    v2::{
        Analytics, Assignee, AutomationInfo, Condition, Description, Direction, DueDateConfig,
        DueDateKind, Reference, Schedule, Task, TaskType, TriggerMode, Unit, Variable,
    },
};

/// Scheduled automations start within this many days around the epoch.
const SCHEDULED_WITHIN: i64 = 10;

/// Where a task stands in its flow.
pub(super) struct Place<'a> {
    pub(super) index: usize,
    pub(super) progress: Progress,
    pub(super) phase: &'a str,
}

/// A task whose flow has come so far; `owner` is who has the flow.
pub(super) fn task(
    origin: Origin,
    random: &mut Random,
    template: &Template,
    part: &Part,
    place: &Place<'_>,
    life: Life,
    owner: &str,
) -> Task {
    let status = task_status(random, part.kind, place);
    let id = ids::uuid(random);
    let updated = draw::text(life.updated);
    let started = matches!(
        status,
        TaskStatus::InProgress | TaskStatus::Completed | TaskStatus::Scheduled
    );
    let execution = (part.kind == TaskType::Automation
        && matches!(status, TaskStatus::InProgress | TaskStatus::Completed))
    .then(|| ids::uuid(random))
    .map(|execution| {
        if status == TaskStatus::InProgress {
            unfinished(&execution)
        } else {
            execution
        }
    });
    Task {
        template_id: templates::task_template_id(template, part.name),
        name: part.name.to_owned(),
        description: random.percent(15).then(|| Description {
            enabled: Some(true),
            value: Some("Siehe Arbeitsanweisung im Handbuch".to_owned()),
        }),
        status,
        due_date: draw::due(origin, random, false),
        due_date_config: random.percent(8).then_some(DueDateConfig {
            duration: 14,
            unit: Unit::Days,
            kind: DueDateKind::WorkflowStarted,
            task_id: None,
            phase_id: None,
        }),
        requirements: Vec::new(),
        assigned_to: assignees(random, owner),
        analytics: Analytics {
            in_progress_at: started.then(|| updated.clone()),
            completed_at: (status == TaskStatus::Completed).then(|| updated.clone()),
            completed_by: (status == TaskStatus::Completed).then(|| owner.to_owned()),
            skipped_by: (status == TaskStatus::Skipped).then(|| owner.to_owned()),
            status_updated_at: Some(updated.clone()),
            ..Analytics::default()
        },
        created_at: draw::text(life.created),
        updated_at: updated,
        manually_created: false,
        enabled: true,
        ecp: None,
        installer: None,
        partner: None,
        phase_id: place.phase.to_owned(),
        task_type: part.kind,
        automation_config: (part.kind == TaskType::Automation).then(|| AutomationInfo {
            flow_id: shared_uuid(&format!("{}/automation/{}", template.key, part.name)),
            execution_id: execution.clone(),
            execution_status: execution
                .as_ref()
                .map(|_| automation_status(status).to_owned()),
            error_reason: None,
            input_context: None,
            heal_attempts: None,
            last_heal_attempted_at: None,
        }),
        automation_execution_id: execution,
        trigger_mode: trigger_mode(random, part.kind),
        schedule: schedule(origin, random, part.kind, status, &id),
        conditions: conditions(&id, part),
        id,
    }
}

fn task_status(random: &mut Random, kind: TaskType, place: &Place<'_>) -> TaskStatus {
    if place.index < place.progress.reached {
        return if random.percent(10) {
            TaskStatus::Skipped
        } else {
            TaskStatus::Completed
        };
    }
    if place.progress.current != Some(place.index) {
        return TaskStatus::Pending;
    }
    match kind {
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

/// What runs when the data begin has run long: it never ends, or its task has missed the end. The last digit of its
/// id says which (`transition::automation`).
fn unfinished(execution: &str) -> String {
    let last = execution.chars().last().and_then(|last| last.to_digit(16));
    let course = match last {
        Some(digit) => ["a", "a", "b", "d", "e", "f"][digit as usize % 6],
        None => "a",
    };
    let kept = execution.len().saturating_sub(1);
    format!("{}{course}", &execution[..kept])
}

const fn automation_status(status: TaskStatus) -> &'static str {
    if status.is_over() {
        "success"
    } else {
        "started"
    }
}

fn trigger_mode(random: &mut Random, kind: TaskType) -> Option<TriggerMode> {
    match kind {
        TaskType::Automation => Some(TriggerMode::Automatic),
        TaskType::Decision if random.percent(25) => Some(TriggerMode::Automatic),
        TaskType::Decision => Some(TriggerMode::Manual),
        TaskType::Manual | TaskType::AiAgent => None,
    }
}

/// The owner of the flow, someone else, both, nobody, or a variable that was resolved to the owner.
fn assignees(random: &mut Random, owner: &str) -> Option<Vec<Assignee>> {
    let owner = || Assignee::User(owner.to_owned());
    let variable = |value: &Assignee| match value {
        Assignee::User(user) => Assignee::Variable(Variable {
            variable: "{{assignee}}".to_owned(),
            value: Some(vec![user.clone()]),
        }),
        Assignee::Variable(_) => value.clone(),
    };
    match random.below(100) {
        0..=9 => None,
        10..=14 => Some(Vec::new()),
        15..=29 => Some(vec![Assignee::User(draw::user(random))]),
        30..=36 => Some(vec![owner(), Assignee::User(draw::user(random))]),
        37..=42 => Some(vec![variable(&owner())]),
        43..=46 => Some(vec![variable(&owner()), Assignee::User(draw::user(random))]),
        47 => Some(vec![Assignee::Variable(Variable {
            variable: "{{primary_entity.owner}}".to_owned(),
            value: None,
        })]),
        _ => Some(vec![owner()]),
    }
}

fn conditions(task: &str, part: &Part) -> Vec<Condition> {
    part.branches
        .iter()
        .enumerate()
        .map(|(index, branch)| Condition {
            id: format!("cond_{}_{index}", &task[..8]),
            branch_name: (*branch).to_owned(),
            logical_operator: "AND".to_owned(),
            statements: Vec::new(),
        })
        .collect()
}

/// Automations have a schedule when they wait for it; half of those to come have one without a date yet.
fn schedule(
    origin: Origin,
    random: &mut Random,
    kind: TaskType,
    status: TaskStatus,
    task: &str,
) -> Option<Schedule> {
    let waits = status == TaskStatus::Scheduled;
    let coming = kind == TaskType::Automation && status == TaskStatus::Pending;
    let has_one = waits || (coming && random.percent(50));
    if !has_one {
        return None;
    }
    let minutes = random.between(-SCHEDULED_WITHIN * 24 * 60, SCHEDULED_WITHIN * 24 * 60);
    let schedule_id = waits.then(|| ids::uuid(random));
    let scheduled_at = waits.then(|| draw::text(draw::at(origin, minutes * 60, 0)));
    Some(if random.percent(65) {
        Schedule::Delayed {
            duration: random.between(1, 14),
            unit: *random.pick(&[Unit::Days, Unit::Days, Unit::Hours, Unit::Weeks]),
            schedule_id,
            scheduled_at,
        }
    } else {
        Schedule::Relative {
            direction: *random.pick(&[Direction::Before, Direction::After]),
            duration: random.between(1, 10),
            unit: Unit::Days,
            reference: Reference {
                id: task.to_owned(),
                origin: "trigger_entity_attribute".to_owned(),
                schema: Some(SCHEMA.to_owned()),
                attribute: Some("delivery_start".to_owned()),
            },
            schedule_id,
            scheduled_at,
        }
    })
}
