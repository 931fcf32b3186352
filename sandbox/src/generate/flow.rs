//! A v2 flow from its number.

use super::{
    ORG, Origin, SCHEMA,
    draw::{self, Life},
    ids::{self, entity_id, flow_id},
    random::{Random, Stream},
    sync,
    task::{self, Place},
    templates::{self, TEMPLATES, Template},
};
use crate::wire::{
    ExecutionStatus, PartStatus,
    v2::{
        Analytics, Assignee, ClosingReason, Condition, Context, CurrentTask, Edge, Flow,
        FlowAnalytics, Phase, Requirement, RequirementWhen, Task, Trigger,
    },
};
/// How far a flow has come: the number of its current task, none when it has ended.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    pub(super) current: Option<usize>,
    /// The tasks before this one are over.
    pub(super) reached: usize,
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
    let made = Made {
        template,
        life,
        status,
        progress,
        owner,
    };
    Flow {
        id: flow_id(origin.seed, number),
        entity_sync: sync::of_flow(origin.seed, number, template),
        contexts: contexts(origin.seed, number),
        ..build(origin, random, made)
    }
}

/// What a flow is built from.
pub(super) struct Made {
    pub(super) template: &'static Template,
    pub(super) life: Life,
    pub(super) status: ExecutionStatus,
    pub(super) progress: Progress,
    /// Who has the flow.
    pub(super) owner: String,
}

/// A flow without its id and its contexts.
pub(super) fn build(origin: Origin, random: &mut Random, made: Made) -> Flow {
    let Made {
        template,
        life,
        status,
        progress,
        owner,
    } = made;
    let count = template.phases.iter().map(|phase| phase.1.len()).sum();
    let phase_ids: Vec<String> = template.phases.iter().map(|_| ids::uuid(random)).collect();
    let mut tasks = Vec::with_capacity(count);
    for (phase, id) in template.phases.iter().zip(&phase_ids) {
        for part in phase.1 {
            let place = Place {
                index: tasks.len(),
                progress,
                phase: id,
            };
            tasks.push(task::task(
                origin, random, template, part, &place, life, &owner,
            ));
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
        id: String::new(),
        flow_template_id: templates::flow_template_id(template),
        org_id: ORG.to_owned(),
        name: format!("{} – {}", template.name, draw::address(random)),
        created_at: draw::text(life.created),
        updated_at: draw::text(life.updated),
        due_date: draw::due(origin, random, false),
        due_date_config: None,
        status,
        assigned_to: (!random.percent(10)).then(|| vec![Assignee::User(owner)]),
        analytics: analytics(random, status, life),
        contexts: Vec::new(),
        crt_tasks,
        phases,
        edges,
        closing_reason: Some(closing_reason(random, template, status)),
        available_in_ecp: random.percent(20),
        entity_sync: sync::of_template(template),
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
                template_id: templates::phase_template_id(template, name),
                name: (*name).to_owned(),
                status,
                updated_at: draw::text(life.updated),
                due_date: draw::due(origin, random, false),
                due_date_config: None,
                assigned_to: random
                    .percent(40)
                    .then(|| vec![Assignee::User(draw::user(random))]),
                analytics: Analytics {
                    started_at: (status != PartStatus::Open).then(|| draw::text(life.created)),
                    ..Analytics::default()
                },
                taxonomies: Vec::new(),
            }
        })
        .collect()
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
