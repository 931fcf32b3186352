//! What a change of an execution causes elsewhere: attributes of entities that are written by its rules, and notices to
//! people. Told from the execution before and after, whatever request or automation changed it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    execution::AnyExecution,
    wire::{
        ExecutionStatus, PartStatus, TaskStatus,
        sync::{EntitySync, FlowEvent, LegacySource, SyncSource},
        v1::{PartKind, WorkflowExecution},
        v2::{Assignee, Flow, FlowPhase, Task},
    },
};

/// What one change caused.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Caused {
    pub(crate) entity_writes: Vec<AttributeWrite>,
    pub(crate) notices: Vec<AssignmentNotice>,
}

/// An attribute of an entity that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AttributeWrite {
    /// The event of a v2 rule, or the source of a v1 rule.
    pub(crate) on: String,
    pub(crate) entity: String,
    /// With its schema: `opportunity.status_owner`.
    pub(crate) attribute: String,
    pub(crate) value: Value,
}

/// A person who was told of an assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssignmentNotice {
    pub(crate) to: String,
    /// The id of the execution, phase, task or step.
    pub(crate) about: String,
}

/// Compares two states of one execution; none is before its start or after its end.
pub(crate) fn caused(before: Option<&AnyExecution>, after: Option<&AnyExecution>) -> Caused {
    match (before, after) {
        (None | Some(AnyExecution::Flow(_)), Some(AnyExecution::Flow(after))) => {
            let before = before.and_then(AnyExecution::as_flow);
            Caused {
                entity_writes: written(before, after, &events(before, after)),
                notices: notices(before.map(people_of_flow), people_of_flow(after)),
            }
        }
        (Some(AnyExecution::Flow(before)), None) => Caused {
            entity_writes: written(
                None,
                before,
                &[FlowOccurrence::flow(FlowEvent::FlowDeleted)],
            ),
            notices: Vec::new(),
        },
        (None | Some(AnyExecution::Legacy(_)), Some(AnyExecution::Legacy(after))) => {
            let before = before.and_then(AnyExecution::as_legacy);
            Caused {
                entity_writes: written_by_legacy(before, after),
                notices: notices(before.map(people_of_legacy), people_of_legacy(after)),
            }
        }
        // No rule of the first generation knows that an execution is deleted.
        (Some(AnyExecution::Legacy(_)) | None, None)
        | (Some(AnyExecution::Flow(_)), Some(AnyExecution::Legacy(_)))
        | (Some(AnyExecution::Legacy(_)), Some(AnyExecution::Flow(_))) => Caused::default(),
    }
}

/// An event, and the task or phase that it is of.
struct FlowOccurrence<'a> {
    event: FlowEvent,
    task: Option<&'a Task>,
    phase: Option<&'a FlowPhase>,
}

impl<'a> FlowOccurrence<'a> {
    const fn flow(event: FlowEvent) -> Self {
        Self {
            event,
            task: None,
            phase: None,
        }
    }

    fn task(event: FlowEvent, flow: &'a Flow, task: &'a Task) -> Self {
        Self {
            event,
            task: Some(task),
            phase: flow.phases.iter().find(|phase| phase.id == task.phase_id),
        }
    }

    fn phase(event: FlowEvent, phase: &'a FlowPhase) -> Self {
        Self {
            event,
            task: None,
            phase: Some(phase),
        }
    }

    fn is_of(&self, rule: &EntitySync) -> bool {
        let fits =
            |wanted: Option<&String>, found: Option<&String>| wanted.is_none() || wanted == found;
        let filter = rule.trigger.filter.as_ref();
        let task = filter.and_then(|filter| filter.task_template_id.as_ref());
        let phase = filter.and_then(|filter| filter.phase_template_id.as_ref());
        self.event == rule.trigger.event
            && fits(task, self.task.map(|task| &task.template_id))
            && fits(phase, self.phase.map(|phase| &phase.template_id))
    }
}

fn events<'a>(before: Option<&Flow>, after: &'a Flow) -> Vec<FlowOccurrence<'a>> {
    let Some(before) = before else {
        let started = std::iter::once(FlowOccurrence::flow(FlowEvent::FlowStarted));
        let current = (!after.crt_tasks.is_empty()).then(|| current_task_changed(after));
        return started.chain(current).collect();
    };
    let end = match after.status {
        ExecutionStatus::Started => FlowEvent::FlowReopened,
        ExecutionStatus::Done => FlowEvent::FlowCompleted,
        ExecutionStatus::Closed => FlowEvent::FlowCancelled,
    };
    let was_due = (&before.due_date, &before.due_date_config);
    let is_due = (&after.due_date, &after.due_date_config);
    let of_flow = [
        (before.status != after.status, end),
        (
            before.assigned_to != after.assigned_to,
            FlowEvent::FlowAssigned,
        ),
        (was_due != is_due, FlowEvent::FlowDueDateChanged),
        (
            before.contexts != after.contexts,
            FlowEvent::FlowContextsChanged,
        ),
    ];
    let happened = of_flow.into_iter().filter(|(happened, _)| *happened);
    let mut events: Vec<_> = happened
        .map(|(_, event)| FlowOccurrence::flow(event))
        .collect();
    if before.crt_tasks != after.crt_tasks {
        events.push(current_task_changed(after));
    }
    for task in after
        .tasks
        .iter()
        .filter(|task| !before.tasks.contains(task))
    {
        let was = before.tasks.iter().find(|one| one.id == task.id);
        let moved = was.is_none_or(|was| was.status != task.status);
        let status = match task.status {
            TaskStatus::Completed => Some(FlowEvent::TaskCompleted),
            TaskStatus::Skipped => Some(FlowEvent::TaskSkipped),
            TaskStatus::InProgress => Some(FlowEvent::TaskMarkedInProgress),
            TaskStatus::OnHold => Some(FlowEvent::TaskMarkedOnHold),
            TaskStatus::Unassigned
            | TaskStatus::Assigned
            | TaskStatus::Scheduled
            | TaskStatus::Pending
            | TaskStatus::ConditionPending
            | TaskStatus::WaitingForConfirmation
            | TaskStatus::Failed => None,
        };
        let all = std::iter::once(FlowEvent::TaskUpdated).chain(status.filter(|_| moved));
        events.extend(all.map(|event| FlowOccurrence::task(event, after, task)));
    }
    for phase in after
        .phases
        .iter()
        .filter(|phase| !before.phases.contains(phase))
    {
        let was = before.phases.iter().find(|one| one.id == phase.id);
        let moved = was.is_none_or(|was| was.status != phase.status);
        let status = match phase.status {
            PartStatus::Open => None,
            PartStatus::InProgress => Some(FlowEvent::PhaseMarkedInProgress),
            PartStatus::Completed => Some(FlowEvent::PhaseCompleted),
        };
        let all = std::iter::once(FlowEvent::PhaseUpdated).chain(status.filter(|_| moved));
        events.extend(all.map(|event| FlowOccurrence::phase(event, phase)));
    }
    events
}

/// With the task that is the current one now.
fn current_task_changed(flow: &Flow) -> FlowOccurrence<'_> {
    let event = FlowEvent::CurrTaskChanged;
    let id = flow.crt_tasks.first().map(|current| &current.id);
    let task = flow.tasks.iter().find(|task| Some(&task.id) == id);
    task.map_or_else(
        || FlowOccurrence::flow(event),
        |task| FlowOccurrence::task(event, flow, task),
    )
}

fn written(
    before: Option<&Flow>,
    after: &Flow,
    occurrences: &[FlowOccurrence<'_>],
) -> Vec<AttributeWrite> {
    let mut writes: Vec<AttributeWrite> = Vec::new();
    for occurrence in occurrences {
        for rule in &after.entity_sync {
            if !occurrence.is_of(rule) {
                continue;
            }
            let schema = &rule.target.entity_schema;
            let contexts = before.into_iter().chain([after]);
            for context in contexts.flat_map(|flow| &flow.contexts) {
                let Some(entity) = &context.entity_id else {
                    continue;
                };
                let write = AttributeWrite {
                    on: format!("{:?}", occurrence.event),
                    entity: entity.clone(),
                    attribute: format!("{schema}.{}", rule.target.entity_attribute),
                    value: value(rule, after, occurrence),
                };
                if context.entity_schema.as_ref() == Some(schema) && !writes.contains(&write) {
                    writes.push(write);
                }
            }
        }
    }
    writes
}

fn value(rule: &EntitySync, flow: &Flow, occurrence: &FlowOccurrence<'_>) -> Value {
    let (task, phase) = (occurrence.task, occurrence.phase);
    match rule.value.source {
        SyncSource::WorkflowName => json!(flow.name),
        SyncSource::WorkflowStatus => json!(flow.status),
        SyncSource::WorkflowAssignedTo => json!(flow.assigned_to),
        SyncSource::TaskName => json!(task.map(|task| &task.name)),
        SyncSource::TaskStatus => json!(task.map(|task| task.status)),
        SyncSource::TaskAssignedTo => json!(task.and_then(|task| task.assigned_to.as_ref())),
        SyncSource::PhaseName => json!(phase.map(|phase| &phase.name)),
        SyncSource::PhaseStatus => json!(phase.map(|phase| phase.status)),
        SyncSource::PhaseAssignedTo => json!(phase.and_then(|phase| phase.assigned_to.as_ref())),
        SyncSource::CustomValue => json!(rule.value.value),
    }
}

fn written_by_legacy(
    before: Option<&WorkflowExecution>,
    after: &WorkflowExecution,
) -> Vec<AttributeWrite> {
    let mut writes = Vec::new();
    for rule in after.update_entity_attributes.iter().flatten() {
        let (on, value): (&str, fn(&WorkflowExecution) -> Value) = match rule.source {
            LegacySource::WorkflowStatus => {
                ("workflow_status", |execution| json!(execution.status))
            }
            LegacySource::CurrentSection => {
                ("current_section", |execution| json!(current(execution).0))
            }
            LegacySource::CurrentStep => ("current_step", |execution| json!(current(execution).1)),
        };
        if before.map(value) == Some(value(after)) {
            continue;
        }
        let schema = &rule.target.entity_schema;
        let entities = after.contexts.iter();
        let entities = entities.filter(|context| context.schema == *schema);
        writes.extend(entities.map(|context| AttributeWrite {
            on: on.to_owned(),
            entity: context.id.clone(),
            attribute: format!("{schema}.{}", rule.target.entity_attribute),
            value: value(after),
        }));
    }
    writes
}

/// The names of the section and of the step that are the first ones that are not over.
fn current(execution: &WorkflowExecution) -> (Option<&str>, Option<&str>) {
    for part in &execution.flow {
        match part.kind {
            PartKind::Step if !part.is_over() => return (None, Some(&part.name)),
            PartKind::Step => {}
            PartKind::Section => {
                let mut steps = part.steps.iter().flatten();
                if let Some(step) = steps.find(|step| !step.is_over()) {
                    return (Some(&part.name), Some(&step.name));
                }
            }
        }
    }
    (None, None)
}

/// Who is assigned to what, by the id of the part.
type People = Vec<(String, Vec<String>)>;

/// One notice for each assignment that was not there before.
fn notices(before: Option<People>, after: People) -> Vec<AssignmentNotice> {
    let before = before.unwrap_or_default();
    let mut notices = Vec::new();
    for (about, people) in after {
        let was = before.iter().find(|(id, _)| *id == about);
        for to in people {
            let about = about.clone();
            let notice = AssignmentNotice { to, about };
            let is_new = was.is_none_or(|(_, were)| !were.contains(&notice.to));
            if is_new && !notices.contains(&notice) {
                notices.push(notice);
            }
        }
    }
    notices
}

fn people_of_flow(flow: &Flow) -> People {
    let users = |assigned: &Option<Vec<Assignee>>| {
        let all = assigned.iter().flatten();
        all.flat_map(|assignee| match assignee {
            Assignee::User(user) => vec![user.clone()],
            Assignee::Variable(variable) => variable.value.clone().unwrap_or_default(),
        })
        .collect()
    };
    let own = std::iter::once((flow.id.clone(), users(&flow.assigned_to)));
    let phases = flow.phases.iter();
    let tasks = flow.tasks.iter();
    own.chain(phases.map(|phase| (phase.id.clone(), users(&phase.assigned_to))))
        .chain(tasks.map(|task| (task.id.clone(), users(&task.assigned_to))))
        .collect()
}

fn people_of_legacy(execution: &WorkflowExecution) -> People {
    let own = execution.assigned_to.clone().unwrap_or_default();
    let mut people = vec![(execution.id.clone(), own)];
    let steps = execution
        .flow
        .iter()
        .flat_map(|part| part.steps.iter().flatten().chain([part]));
    people.extend(steps.map(|step| {
        let numbered = step.user_ids.iter().flatten().map(ToString::to_string);
        let listed = step.assigned_to.iter().flatten().cloned();
        (step.id.clone(), listed.chain(numbered).collect())
    }));
    people
}
