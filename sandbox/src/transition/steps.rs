//! Steps of v1: new ones, changed ones, deleted ones.

use jiff::Timestamp;

use crate::{
    generate::uuid_of,
    refused::Refused,
    wire::{
        ExecutionStatus, TaskStatus, moved, stamp,
        v1::{
            AnyStatus, CreateStep, PartKind, SectionOrStep, StepPosition, UpdateStep,
            WorkflowExecution,
        },
    },
};

/// `createStep`; gives the new step. Sent twice it makes two: `number` is another one for each request.
pub(crate) fn create_step(
    execution: &mut WorkflowExecution,
    sent: CreateStep,
    number: u64,
    now: Timestamp,
) -> Result<SectionOrStep, Refused> {
    open(execution)?;
    let id = uuid_of(&format!("{}/step/{number}", execution.id))
        .simple()
        .to_string();
    let step = SectionOrStep {
        definition_id: id.clone(),
        id,
        name: sent.name,
        status: Some(AnyStatus::Step(sent.status.unwrap_or(TaskStatus::Pending))),
        enabled: Some(true),
        execution_type: Some(sent.execution_type.unwrap_or_else(|| "MANUAL".to_owned())),
        description: sent.description,
        automation_config: sent.automation_config,
        manually_created: Some(true),
        section_id: sent.section_id.clone(),
        created: Some(stamp(now)),
        last_updated: Some(stamp(now)),
        ..SectionOrStep::default()
    };
    let position = StepPosition {
        index: sent.insertion_index,
        section_id: sent.section_id,
    };
    insert(execution, step.clone(), &position)?;
    execution.last_update_time = moved(&execution.last_update_time, now);
    Ok(step)
}

/// `updateStep`; gives the step as it is then.
pub(crate) fn update_step(
    execution: &mut WorkflowExecution,
    id: &str,
    sent: UpdateStep,
    now: Timestamp,
) -> Result<SectionOrStep, Refused> {
    let step = find(execution, id).ok_or_else(|| missing(id))?.clone();
    if sent.status.is_some() {
        open(execution)?;
        if step.enabled == Some(false) {
            return Err(Refused::invalid("the step is not enabled"));
        }
    }
    let updated = SectionOrStep {
        name: sent.name.unwrap_or(step.name),
        status: sent.status.map(AnyStatus::Step).or(step.status),
        user_ids: sent.user_ids.or(step.user_ids),
        assigned_to: sent.assigned_to.or(step.assigned_to),
        assigned_to_in_progress: sent
            .assigned_to_in_progress
            .or(step.assigned_to_in_progress),
        assigned_to_on_hold: sent.assigned_to_on_hold.or(step.assigned_to_on_hold),
        entity_ref_id: sent.entity_ref_id.or(step.entity_ref_id),
        due_date: sent.due_date.or(step.due_date),
        dynamic_due_date: sent.dynamic_due_date.or(step.dynamic_due_date),
        description: sent.description.or(step.description),
        automation_config: sent.automation_config.or(step.automation_config),
        started_time: sent.started_time.or(step.started_time),
        completed_time: sent.completed_time.or(step.completed_time),
        last_updated: Some(moved(step.last_updated.as_deref().unwrap_or_default(), now)),
        ..step
    };
    if let Some(place) = find(execution, id) {
        place.clone_from(&updated);
    }
    if let Some(position) = &sent.position {
        delete(execution, id);
        insert(execution, updated.clone(), position)?;
    }
    execution.last_update_time = moved(&execution.last_update_time, now);
    Ok(updated)
}

/// `deleteStep`.
pub(crate) fn delete_step(
    execution: &mut WorkflowExecution,
    id: &str,
    now: Timestamp,
) -> Result<(), Refused> {
    if !delete(execution, id) {
        return Err(missing(id));
    }
    execution.last_update_time = moved(&execution.last_update_time, now);
    Ok(())
}

fn open(execution: &WorkflowExecution) -> Result<(), Refused> {
    if execution.status == ExecutionStatus::Started {
        return Ok(());
    }
    Err(Refused::Invalid(format!(
        "the execution is {}",
        execution.status
    )))
}

fn missing(id: &str) -> Refused {
    Refused::Missing(format!("there is no step {id}"))
}

fn find<'a>(execution: &'a mut WorkflowExecution, id: &str) -> Option<&'a mut SectionOrStep> {
    execution.flow.iter_mut().find_map(|part| match part.kind {
        PartKind::Step => (part.id == id).then_some(part),
        PartKind::Section => part.steps.iter_mut().flatten().find(|step| step.id == id),
    })
}

fn delete(execution: &mut WorkflowExecution, id: &str) -> bool {
    let is_it = |part: &SectionOrStep| part.kind == PartKind::Step && part.id == id;
    let mut found = execution.flow.iter().any(is_it);
    execution.flow.retain(|part| !is_it(part));
    for section in &mut execution.flow {
        if let Some(steps) = &mut section.steps {
            found |= steps.iter().any(is_it);
            steps.retain(|step| !is_it(step));
        }
    }
    found
}

/// Behind the last one when the index is beyond it, as the service does.
fn insert(
    execution: &mut WorkflowExecution,
    step: SectionOrStep,
    position: &StepPosition,
) -> Result<(), Refused> {
    let list = match &position.section_id {
        None => &mut execution.flow,
        Some(section) => execution
            .flow
            .iter_mut()
            .find(|part| part.kind == PartKind::Section && part.id == *section)
            .ok_or_else(|| Refused::Invalid(format!("there is no section {section}")))?
            .steps
            .get_or_insert_default(),
    };
    let index = usize::try_from(position.index).unwrap_or(usize::MAX);
    list.insert(index.min(list.len()), step);
    Ok(())
}
