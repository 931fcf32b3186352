//! A v1 execution: from its number, or of a definition that starts.

use jiff::Timestamp;

use super::{
    DataOrigin, ORG, SCHEMA,
    draw::{self, ExecutionDraft},
    ids::{self, contact_id, entity_id, legacy_id},
    random::{Random, Stream},
    templates::{TEMPLATES, TemplateTask},
};
use crate::wire::{
    ExecutionStatus, PartStatus, TaskStatus,
    v1::{AnyStatus, PartKind, SectionOrStep, WorkflowContext, WorkflowExecution},
    v2::TaskType,
};

/// The execution with this number.
pub(crate) fn execution(origin: DataOrigin, number: u32) -> WorkflowExecution {
    let random = &mut Random::new(origin.seed, Stream::Legacy, number);
    let draft = ExecutionDraft::random(origin, random);
    let mut execution = build(origin, random, &draft);
    execution.id = legacy_id(origin.seed, number);
    execution.contexts = contexts(origin.seed, random, number);
    execution
}

/// An execution of the definition with this id, at its very start; none when there is no such definition. `number`
/// gives it ids that no other has.
pub(crate) fn start_legacy(
    origin: DataOrigin,
    definition_id: &str,
    number: u64,
    now: Timestamp,
) -> Option<WorkflowExecution> {
    let mut templates = TEMPLATES.iter();
    let template = templates.find(|template| template.definition_id == definition_id)?;
    let draft = ExecutionDraft::started(template, now);
    let random = &mut Random::for_started(origin.seed, number);
    let mut execution = build(origin, random, &draft);
    execution.id = ids::started(origin.seed, number).simple().to_string();
    execution.name.clone_from(&template.name);
    execution.due_date = None;
    for part in &mut execution.flow {
        part.steps.iter_mut().flatten().for_each(clear_step);
        if part.kind == PartKind::Step {
            clear_step(part);
        }
    }
    Some(execution)
}

fn clear_step(step: &mut SectionOrStep) {
    step.status = Some(AnyStatus::Step(TaskStatus::Pending));
    step.assigned_to = None;
    step.user_ids = None;
    step.due_date = None;
}

/// An execution without its id and its contexts.
fn build(origin: DataOrigin, random: &mut Random, draft: &ExecutionDraft) -> WorkflowExecution {
    let template = draft.template;
    let reached = match draft.status {
        ExecutionStatus::Done => template.task_count(),
        ExecutionStatus::Started | ExecutionStatus::Closed => draft.some_tasks(random),
    };
    let mut index = 0;
    let mut flow = Vec::new();
    for phase in &template.phases {
        let mut steps = Vec::new();
        for task in &phase.tasks {
            let is_over = index < reached;
            steps.push(step(origin, random, draft, task, is_over));
            index += 1;
        }
        flow.push(section(random, &phase.name, steps));
    }
    // Some end with a step that stands beside the sections.
    if random.percent(40) {
        let last = TemplateTask {
            name: "Vorgang ablegen".to_owned(),
            task_type: TaskType::Manual,
            template_id: String::new(),
            automation_id: None,
            branches: Vec::new(),
        };
        let is_over = draft.status == ExecutionStatus::Done;
        flow.push(step(origin, random, draft, &last, is_over));
    }
    let ended = draft.status != ExecutionStatus::Started;
    let reasons = &template.closing_reasons;
    let selected = random.pick(reasons).clone();
    let owner = draft.owner.clone();
    WorkflowExecution {
        id: String::new(),
        definition_id: template.definition_id.clone(),
        org_id: ORG.to_owned(),
        name: draft.name(random),
        creation_time: draft.created.clone(),
        last_update_time: draft.updated.clone(),
        due_date: draw::due(origin, random, true),
        completed_time: ended.then(|| draft.updated.clone()),
        dynamic_due_date: None,
        status: draft.status,
        trigger: draw::trigger(random, 30),
        assigned_to: match random.below(10) {
            0 => None,
            1 => Some(vec![owner, draw::user(random)]),
            _ => Some(vec![owner]),
        },
        last_modified_by: Some(draw::user(random)),
        contexts: Vec::new(),
        configured_closing_reason_snapshot: random.percent(75).then(|| reasons.clone()),
        selected_closing_reasons: (draft.status == ExecutionStatus::Closed).then(|| vec![selected]),
        closing_reason_description: None,
        single_closing_reason_selection: template.single_closing_reason.then_some(true),
        update_entity_attributes: Some(template.update_entity_attributes.clone()),
        flow,
    }
}

/// An opportunity and its contact; one in five has the contact alone.
fn contexts(seed: u64, random: &mut Random, number: u32) -> Vec<WorkflowContext> {
    let contact = WorkflowContext {
        id: contact_id(seed, number),
        title: format!("Kunde {}", 100_000 + number),
        schema: "contact".to_owned(),
    };
    if random.percent(20) {
        return vec![contact];
    }
    let opportunity = WorkflowContext {
        id: entity_id(seed, number),
        title: format!("Vorgang {}", 100_000 + number),
        schema: SCHEMA.to_owned(),
    };
    vec![opportunity, contact]
}

fn section(random: &mut Random, name: &str, steps: Vec<SectionOrStep>) -> SectionOrStep {
    let status = if steps.iter().all(SectionOrStep::is_over) {
        PartStatus::Completed
    } else if steps.iter().any(SectionOrStep::is_over) {
        PartStatus::InProgress
    } else {
        PartStatus::Open
    };
    SectionOrStep {
        id: ids::short(random),
        definition_id: ids::short(random),
        name: name.to_owned(),
        kind: PartKind::Section,
        status: Some(AnyStatus::Section(status)),
        steps: Some(steps),
        ..SectionOrStep::default()
    }
}

fn step(
    origin: DataOrigin,
    random: &mut Random,
    draft: &ExecutionDraft,
    task: &TemplateTask,
    is_over: bool,
) -> SectionOrStep {
    let status = if is_over {
        TaskStatus::Completed
    } else {
        *random.pick(&[
            TaskStatus::Unassigned,
            TaskStatus::Assigned,
            TaskStatus::Pending,
            TaskStatus::InProgress,
        ])
    };
    let user = (status != TaskStatus::Unassigned).then(|| draw::user(random));
    // Older steps have the users as numbers, too.
    let has_numbers = random.percent(15);
    let execution_type = match task.task_type {
        TaskType::Automation => "AUTOMATION",
        TaskType::Manual | TaskType::Decision | TaskType::AiAgent => "MANUAL",
    };
    SectionOrStep {
        id: ids::short(random),
        definition_id: ids::short(random),
        name: task.name.clone(),
        kind: PartKind::Step,
        status: Some(AnyStatus::Step(status)),
        enabled: Some(true),
        execution_type: Some(execution_type.to_owned()),
        user_ids: user
            .as_ref()
            .filter(|_| has_numbers)
            .and_then(|user| user.parse().ok())
            .map(|user| vec![user]),
        assigned_to: user.map(|user| vec![user]),
        due_date: draw::due(origin, random, true),
        created: Some(draft.created.clone()),
        last_updated: Some(draft.updated.clone()),
        ..SectionOrStep::default()
    }
}
