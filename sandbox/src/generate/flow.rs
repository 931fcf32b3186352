//! A v2 flow: from its number, or of a template that starts.

use jiff::Timestamp;

use super::{
    DataOrigin, ORG, SCHEMA,
    draw::{self, ExecutionDraft},
    ids::{self, entity_id, flow_id},
    random::{Random, Stream},
    task,
    templates::TEMPLATES,
};
use crate::wire::{
    ExecutionStatus, PartStatus,
    v2::{
        Analytics, Assignee, ClosingReason, CurrentTask, Edge, Flow, FlowAnalytics, FlowContext,
        FlowPhase, FlowTrigger, Requirement, RequirementWhen, Task,
    },
};

/// Flows in a hundred that started before their template got its rules.
const WITHOUT_RULES: u32 = 25;

/// How far a flow has come.
#[derive(Clone, Copy, Default)]
pub(super) struct FlowProgress {
    /// The index of its current task; none when it has ended.
    pub(super) current: Option<usize>,
    /// The tasks before this one are over.
    pub(super) reached: usize,
}

/// The flow with this number.
pub(crate) fn flow(origin: DataOrigin, number: u32) -> Flow {
    let random = &mut Random::new(origin.seed, Stream::Flow, number);
    let draft = ExecutionDraft::random(origin, random);
    let drawn = draft.some_tasks(random);
    let (current, reached) = match draft.status {
        ExecutionStatus::Started => (Some(drawn), drawn),
        ExecutionStatus::Done => (None, draft.template.task_count()),
        ExecutionStatus::Closed => (None, drawn),
    };
    let mut flow = build(origin, random, &draft, FlowProgress { current, reached });
    flow.id = flow_id(origin.seed, number);
    flow.contexts = contexts(origin.seed, number);
    // A stream of its own, so that the other data of a seed stay as they are.
    if Random::new(origin.seed, Stream::Sync, number).percent(WITHOUT_RULES) {
        flow.entity_sync.clear();
    }
    flow
}

/// A flow of the template with this id, at its very start; none when there is no such template. `number` gives it ids
/// that no other has.
pub(crate) fn start_flow(
    origin: DataOrigin,
    template_id: &str,
    number: u64,
    now: Timestamp,
) -> Option<Flow> {
    let mut templates = TEMPLATES.iter();
    let template = templates.find(|template| template.flow_template_id == template_id)?;
    let draft = ExecutionDraft::started(template, now);
    let random = &mut Random::for_started(origin.seed, number);
    let mut flow = build(origin, random, &draft, FlowProgress::default());
    flow.id = ids::started(origin.seed, number).to_string();
    flow.name.clone_from(&template.name);
    flow.due_date = None;
    flow.assigned_to = None;
    for task in &mut flow.tasks {
        task.due_date = None;
        task.due_date_config = None;
        task.assigned_to = None;
    }
    for phase in &mut flow.phases {
        phase.due_date = None;
        phase.assigned_to = None;
    }
    Some(flow)
}

/// A flow without its id and its contexts.
fn build(
    origin: DataOrigin,
    random: &mut Random,
    draft: &ExecutionDraft,
    progress: FlowProgress,
) -> Flow {
    let template = draft.template;
    let phase_ids: Vec<String> = template.phases.iter().map(|_| ids::uuid(random)).collect();
    let mut tasks: Vec<Task> = Vec::with_capacity(template.task_count());
    for (phase, phase_id) in template.phases.iter().zip(&phase_ids) {
        for part in &phase.tasks {
            let status = task::status(random, part.task_type, tasks.len(), progress);
            tasks.push(Task {
                phase_id: phase_id.clone(),
                ..task::task(origin, random, draft, part, status)
            });
        }
    }
    require_one_of_them(random, &mut tasks, progress);
    let current = progress.current.map(|index| &tasks[index]);
    let phases = phases(origin, random, draft, &phase_ids, &tasks, current);
    let crt_tasks = current.map(|task| CurrentTask {
        id: task.id.clone(),
        crt_since: draft.updated.clone(),
    });
    Flow {
        id: String::new(),
        flow_template_id: template.flow_template_id.clone(),
        org_id: ORG.to_owned(),
        crt_tasks: crt_tasks.into_iter().collect(),
        edges: edges(random, &tasks),
        name: draft.name(random),
        created_at: draft.created.clone(),
        updated_at: draft.updated.clone(),
        due_date: draw::due(origin, random, false),
        due_date_config: None,
        status: draft.status,
        assigned_to: (!random.percent(10)).then(|| vec![Assignee::User(draft.owner.clone())]),
        analytics: analytics(random, draft),
        contexts: Vec::new(),
        phases,
        closing_reason: Some(closing_reason(random, draft)),
        available_in_ecp: random.percent(20),
        entity_sync: template.entity_sync.clone(),
        taxonomies: Vec::new(),
        trigger: FlowTrigger {
            kind: draw::trigger(random, 40),
        },
        single_closing_reason_selection: template.single_closing_reason,
        tasks,
    }
}

fn contexts(seed: u64, number: u32) -> Vec<FlowContext> {
    let context = |entity, primary| FlowContext {
        entity_id: Some(entity_id(seed, entity)),
        entity_schema: Some(SCHEMA.to_owned()),
        is_primary: Some(primary),
    };
    std::iter::once(context(ids::entity_of(number), true))
        .chain(ids::second_entity_of(number).map(|entity| context(entity, false)))
        .collect()
}

fn analytics(random: &mut Random, draft: &ExecutionDraft) -> FlowAnalytics {
    let ended = |status| (draft.status == status).then(|| draft.updated.clone());
    let closed_by = Some(draw::user(random)).filter(|_| draft.status == ExecutionStatus::Closed);
    FlowAnalytics {
        started_at: Some(draft.created.clone()),
        started_by: Some(draw::user(random)),
        completed_at: ended(ExecutionStatus::Done),
        closed_at: ended(ExecutionStatus::Closed),
        closed_by,
    }
}

fn closing_reason(random: &mut Random, draft: &ExecutionDraft) -> ClosingReason {
    let configured = &draft.template.closing_reasons;
    let chosen = random.pick(configured).clone();
    ClosingReason {
        selected_reasons: (draft.status == ExecutionStatus::Closed).then(|| vec![chosen]),
        configured_reasons: Some(configured.clone()),
        extra_description: None,
    }
}

/// In one flow of four, the task after the next one waits for the current one, and is not enabled before.
fn require_one_of_them(random: &mut Random, tasks: &mut [Task], progress: FlowProgress) {
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
    origin: DataOrigin,
    random: &mut Random,
    draft: &ExecutionDraft,
    phase_ids: &[String],
    tasks: &[Task],
    current: Option<&Task>,
) -> Vec<FlowPhase> {
    let phases = draft.template.phases.iter().zip(phase_ids);
    phases
        .map(|(phase, id)| {
            let mut own_tasks = tasks.iter().filter(|task| task.phase_id == *id);
            let status = if current.is_some_and(|task| task.phase_id == *id) {
                PartStatus::InProgress
            } else if own_tasks.all(|task| task.status.is_over()) {
                PartStatus::Completed
            } else {
                PartStatus::Open
            };
            FlowPhase {
                id: id.clone(),
                template_id: phase.template_id.clone(),
                name: phase.name.clone(),
                status,
                updated_at: draft.updated.clone(),
                due_date: draw::due(origin, random, false),
                due_date_config: None,
                assigned_to: random
                    .percent(40)
                    .then(|| vec![Assignee::User(draw::user(random))]),
                analytics: Analytics {
                    started_at: (status != PartStatus::Open).then(|| draft.created.clone()),
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
        for branch in 0..task.conditions.len().max(1) {
            if let Some(to) = tasks.get(index + 1 + branch) {
                let condition = task.conditions.get(branch);
                edges.push(Edge {
                    id: ids::uuid(random),
                    from_id: task.id.clone(),
                    to_id: to.id.clone(),
                    condition_id: condition.map(|condition| condition.id.clone()),
                    none_met: None,
                });
            }
        }
    }
    edges
}
