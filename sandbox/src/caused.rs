//! What a change of an execution causes elsewhere: attributes of entities that are written by its rules, and notices to
//! people. Told from the execution before and after, whatever request or automation changed it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    execution::AnyExecution,
    wire::{
        ExecutionStatus, PartStatus, TaskStatus,
        sync::{EntitySync, FlowEvent, LegacySource, SyncSource},
        v1::{Execution, PartKind},
        v2::{Assignee, Flow, Phase, Task},
    },
};

/// What one change caused.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Caused {
    pub(crate) entity_writes: Vec<EntityWrite>,
    pub(crate) notices: Vec<Notice>,
}

/// An attribute of an entity that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EntityWrite {
    /// The event of a v2 rule, or the source of a v1 rule.
    pub(crate) on: String,
    pub(crate) entity: String,
    /// With its schema: `opportunity.status_owner`.
    pub(crate) attribute: String,
    pub(crate) value: Value,
}

/// A person who was told of an assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
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
            entity_writes: written(None, before, &[Occurrence::flow(FlowEvent::FlowDeleted)]),
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
struct Occurrence<'a> {
    event: FlowEvent,
    task: Option<&'a Task>,
    phase: Option<&'a Phase>,
}

impl<'a> Occurrence<'a> {
    const fn flow(event: FlowEvent) -> Self {
        Self {
            event,
            task: None,
            phase: None,
        }
    }

    fn is_of(&self, rule: &EntitySync) -> bool {
        let Some(filter) = &rule.trigger.filter else {
            return self.event == rule.trigger.event;
        };
        let fits = |wanted: &Option<String>, found: Option<&'a String>| {
            wanted.is_none() || wanted.as_ref() == found
        };
        self.event == rule.trigger.event
            && fits(
                &filter.task_template_id,
                self.task.map(|task| &task.template_id),
            )
            && fits(
                &filter.phase_template_id,
                self.phase.map(|phase| &phase.template_id),
            )
    }
}

fn events<'a>(before: Option<&Flow>, after: &'a Flow) -> Vec<Occurrence<'a>> {
    let Some(before) = before else {
        let current = (!after.crt_tasks.is_empty()).then_some(FlowEvent::CurrTaskChanged);
        let all = std::iter::once(FlowEvent::FlowStarted).chain(current);
        return all.map(|event| of_current(event, after)).collect();
    };
    let mut events: Vec<Occurrence<'_>> = [
        (
            before.status != after.status,
            match after.status {
                ExecutionStatus::Started => FlowEvent::FlowReopened,
                ExecutionStatus::Done => FlowEvent::FlowCompleted,
                ExecutionStatus::Closed => FlowEvent::FlowCancelled,
            },
        ),
        (
            before.assigned_to != after.assigned_to,
            FlowEvent::FlowAssigned,
        ),
        (
            (&before.due_date, &before.due_date_config)
                != (&after.due_date, &after.due_date_config),
            FlowEvent::FlowDueDateChanged,
        ),
        (
            before.contexts != after.contexts,
            FlowEvent::FlowContextsChanged,
        ),
        (
            before.crt_tasks != after.crt_tasks,
            FlowEvent::CurrTaskChanged,
        ),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, event)| of_current(event, after))
    .collect();
    for task in &after.tasks {
        let was = before.tasks.iter().find(|one| one.id == task.id);
        if was == Some(task) {
            continue;
        }
        let phase = after.phases.iter().find(|phase| phase.id == task.phase_id);
        let moved = was.map(|was| was.status) != Some(task.status);
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
        events.extend(all.map(|event| Occurrence {
            event,
            task: Some(task),
            phase,
        }));
    }
    for phase in &after.phases {
        let was = before.phases.iter().find(|one| one.id == phase.id);
        if was == Some(phase) {
            continue;
        }
        let moved = was.map(|was| was.status) != Some(phase.status);
        let status = match phase.status {
            PartStatus::Open => None,
            PartStatus::InProgress => Some(FlowEvent::PhaseMarkedInProgress),
            PartStatus::Completed => Some(FlowEvent::PhaseCompleted),
        };
        let all = std::iter::once(FlowEvent::PhaseUpdated).chain(status.filter(|_| moved));
        events.extend(all.map(|event| Occurrence {
            event,
            task: None,
            phase: Some(phase),
        }));
    }
    events
}

/// An event of the flow; where the current task changes, of the one that it is now.
fn of_current(event: FlowEvent, flow: &Flow) -> Occurrence<'_> {
    if event != FlowEvent::CurrTaskChanged {
        return Occurrence::flow(event);
    }
    let id = flow.crt_tasks.first().map(|current| &current.id);
    let task = flow.tasks.iter().find(|task| Some(&task.id) == id);
    Occurrence {
        event,
        task,
        phase: task.and_then(|task| flow.phases.iter().find(|phase| phase.id == task.phase_id)),
    }
}

fn written(
    before: Option<&Flow>,
    after: &Flow,
    occurrences: &[Occurrence<'_>],
) -> Vec<EntityWrite> {
    let mut writes: Vec<EntityWrite> = Vec::new();
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
                let write = EntityWrite {
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

fn value(rule: &EntitySync, flow: &Flow, occurrence: &Occurrence<'_>) -> Value {
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

fn written_by_legacy(before: Option<&Execution>, after: &Execution) -> Vec<EntityWrite> {
    let mut writes = Vec::new();
    for rule in after.update_entity_attributes.iter().flatten() {
        let value = |execution: &Execution| match rule.source {
            LegacySource::WorkflowStatus => json!(execution.status),
            LegacySource::CurrentSection => json!(current(execution).0),
            LegacySource::CurrentStep => json!(current(execution).1),
        };
        if before.map(value) == Some(value(after)) {
            continue;
        }
        let schema = &rule.target.entity_schema;
        let entities = after.contexts.iter();
        writes.extend(
            entities
                .filter(|context| context.schema == *schema)
                .map(|context| EntityWrite {
                    on: match rule.source {
                        LegacySource::WorkflowStatus => "workflow_status",
                        LegacySource::CurrentSection => "current_section",
                        LegacySource::CurrentStep => "current_step",
                    }
                    .to_owned(),
                    entity: context.id.clone(),
                    attribute: format!("{schema}.{}", rule.target.entity_attribute),
                    value: value(after),
                }),
        );
    }
    writes
}

/// The names of the section and of the step that are the first ones that are not over.
fn current(execution: &Execution) -> (Option<&str>, Option<&str>) {
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
fn notices(before: Option<People>, after: People) -> Vec<Notice> {
    let before = before.unwrap_or_default();
    let mut notices = Vec::new();
    for (about, people) in after {
        let was = before.iter().find(|(id, _)| *id == about);
        for to in people {
            let is_new = was.is_none_or(|(_, were)| !were.contains(&to));
            let notice = Notice {
                to,
                about: about.clone(),
            };
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

fn people_of_legacy(execution: &Execution) -> People {
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
