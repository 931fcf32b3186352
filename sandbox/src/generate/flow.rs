//! A v2 flow from its number.

use jiff::civil::DateTime;

use super::{
    ORG, Origin, SCHEMA,
    draw::{self, Life},
    ids::{self, entity_id, flow_id, shared_uuid},
    random::{Random, Stream},
    templates::{self, Part, TEMPLATES, Template},
};
use crate::wire::{
    ExecutionStatus, PartStatus, TaskStatus,
    v2::{
        Analytics, Assignee, AutomationInfo, ClosingReason, Condition, Context, CurrentTask,
        Description, Direction, DueDateConfig, DueDateKind, Edge, Flow, FlowAnalytics, Phase,
        Reference, Requirement, RequirementWhen, Schedule, Task, TaskType, Trigger, TriggerMode,
        Unit, Variable,
    },
};

/// Scheduled automations start within this many days around the epoch.
const SCHEDULED_WITHIN: i64 = 10;

/// How far a flow has come: the number of its current task, none when it has ended.
#[derive(Clone, Copy)]
struct Progress {
    current: Option<usize>,
    /// The tasks before this one are over.
    reached: usize,
}

/// The flow with this number.
pub(crate) fn flow(origin: Origin, number: u32) -> Flow {
    let mut random = Random::new(origin.seed, Stream::Flow, number);
    let random = &mut random;
    let template = random.pick(TEMPLATES);
    let life = draw::life(origin, random);
    let status = draw::status(random);
    let owner = draw::user(random);
    let count = template.phases.iter().map(|phase| phase.1.len()).sum();
    let progress = progress(random, status, count);

    let phase_ids: Vec<String> = template.phases.iter().map(|_| ids::uuid(random)).collect();
    let mut tasks = Vec::with_capacity(count);
    for (phase, id) in template.phases.iter().zip(&phase_ids) {
        for part in phase.1 {
            let place = Place {
                index: tasks.len(),
                progress,
                phase: id,
            };
            let task = task(origin, random, template, part, &place, life, &owner);
            tasks.push(task);
        }
    }
    require_one_of_them(random, &mut tasks, progress);
    let phases = phases(origin, random, template, &phase_ids, &tasks, progress, life);
    let crt_tasks = progress
        .current
        .map(|index| CurrentTask {
            id: tasks[index].id.clone(),
            crt_since: draw::text(life.updated),
        })
        .into_iter()
        .collect();
    let edges = edges(random, &tasks);
    Flow {
        id: flow_id(origin.seed, number),
        flow_template_id: format!("tpl_{}", template.key),
        org_id: ORG.to_owned(),
        name: format!("{} – {}", template.name, draw::address(random)),
        created_at: draw::text(life.created),
        updated_at: draw::text(life.updated),
        due_date: draw::due(origin, random, false),
        due_date_config: None,
        status,
        assigned_to: (!random.percent(10)).then(|| vec![Assignee::User(owner)]),
        analytics: analytics(random, status, life),
        contexts: contexts(origin.seed, number),
        crt_tasks,
        phases,
        edges,
        closing_reason: Some(closing_reason(random, template, status)),
        available_in_ecp: random.percent(20),
        taxonomies: Vec::new(),
        trigger: Trigger {
            kind: if random.percent(40) {
                "AUTOMATIC"
            } else {
                "MANUAL"
            }
            .to_owned(),
        },
        single_closing_reason_selection: template.single,
        tasks,
    }
}

fn progress(random: &mut Random, status: ExecutionStatus, count: usize) -> Progress {
    let drawn = random.below(u32::try_from(count).unwrap_or(1)) as usize;
    match status {
        ExecutionStatus::Started => Progress {
            current: Some(drawn),
            reached: drawn,
        },
        ExecutionStatus::Done => Progress {
            current: None,
            reached: count,
        },
        ExecutionStatus::Closed => Progress {
            current: None,
            reached: drawn,
        },
    }
}

fn contexts(seed: u64, number: u32) -> Vec<Context> {
    let context = |entity, primary| Context {
        entity_id: Some(entity_id(seed, entity)),
        entity_schema: Some(SCHEMA.to_owned()),
        is_primary: Some(primary),
    };
    std::iter::once(context(ids::entity_of(number), true))
        .chain(ids::second_entity_of(number).map(|entity| context(entity, false)))
        .collect()
}

fn analytics(random: &mut Random, status: ExecutionStatus, life: Life) -> FlowAnalytics {
    let ended = draw::text(life.updated);
    let by = draw::user(random);
    let mut analytics = FlowAnalytics {
        started_at: Some(draw::text(life.created)),
        started_by: Some(draw::user(random)),
        ..FlowAnalytics::default()
    };
    match status {
        ExecutionStatus::Started => {}
        ExecutionStatus::Done => analytics.completed_at = Some(ended),
        ExecutionStatus::Closed => {
            analytics.closed_at = Some(ended);
            analytics.closed_by = Some(by);
        }
    }
    analytics
}

fn closing_reason(
    random: &mut Random,
    template: &Template,
    status: ExecutionStatus,
) -> ClosingReason {
    let configured = templates::reasons(template);
    let chosen = random.pick(&configured).clone();
    ClosingReason {
        selected_reasons: (status == ExecutionStatus::Closed).then(|| vec![chosen]),
        configured_reasons: Some(configured),
        extra_description: None,
    }
}

/// Where a task stands in its flow.
struct Place<'a> {
    index: usize,
    progress: Progress,
    phase: &'a str,
}

fn task(
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
    .then(|| ids::uuid(random));
    Task {
        template_id: shared_uuid(&format!("{}/task/{}", template.key, part.name)),
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
    if !waits && !(coming && random.percent(50)) {
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

/// In one flow of four, the task after the next one waits for the current one, and is not enabled before.
fn require_one_of_them(random: &mut Random, tasks: &mut [Task], progress: Progress) {
    let Some(current) = progress.current else {
        return;
    };
    if random.percent(25) && current + 2 < tasks.len() {
        let required = tasks[current].template_id.clone();
        let waiting = &mut tasks[current + 2];
        waiting.enabled = false;
        waiting.requirements = vec![Requirement {
            task_id: Some(required),
            phase_id: None,
            when: RequirementWhen::TaskFinished,
        }];
    }
}

fn phases(
    origin: Origin,
    random: &mut Random,
    template: &Template,
    phase_ids: &[String],
    tasks: &[Task],
    progress: Progress,
    life: Life,
) -> Vec<Phase> {
    let current = progress.current.map(|index| tasks[index].phase_id.as_str());
    template
        .phases
        .iter()
        .zip(phase_ids)
        .map(|((name, _), id)| {
            let over = tasks
                .iter()
                .filter(|task| task.phase_id == *id)
                .all(|task| task.status.is_over());
            let status = if current == Some(id) {
                PartStatus::InProgress
            } else if over {
                PartStatus::Completed
            } else {
                PartStatus::Open
            };
            Phase {
                id: id.clone(),
                template_id: shared_uuid(&format!("{}/phase/{name}", template.key)),
                name: (*name).to_owned(),
                status,
                updated_at: draw::text(life.updated),
                due_date: draw::due(origin, random, false),
                due_date_config: None,
                assigned_to: random
                    .percent(40)
                    .then(|| vec![Assignee::User(draw::user(random))]),
                analytics: Analytics {
                    started_at: (status != PartStatus::Open).then(|| started(life.created)),
                    ..Analytics::default()
                },
                taxonomies: Vec::new(),
            }
        })
        .collect()
}

fn started(created: DateTime) -> String {
    draw::text(created)
}

/// One edge from each task to the next; the second branch of a decision jumps over one task.
fn edges(random: &mut Random, tasks: &[Task]) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(tasks.len());
    for (index, task) in tasks.iter().enumerate() {
        let mut edge = |to: usize, condition: Option<&Condition>| {
            if let Some(to) = tasks.get(to) {
                edges.push(Edge {
                    id: ids::uuid(random),
                    from_id: task.id.clone(),
                    to_id: to.id.clone(),
                    condition_id: condition.map(|condition| condition.id.clone()),
                    none_met: None,
                });
            }
        };
        match task.conditions.as_slice() {
            [] => edge(index + 1, None),
            branches => {
                for (branch, condition) in branches.iter().enumerate() {
                    edge(index + 1 + branch, Some(condition));
                }
            }
        }
    }
    edges
}
