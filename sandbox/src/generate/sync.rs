//! Which changes of a workflow are written into attributes of its entities.

use super::{
    SCHEMA,
    random::{Random, Stream},
    templates::{TEMPLATES, Template, phase_template_id, task_template_id},
};
use crate::wire::sync::{
    EntitySync, FlowEvent, LegacySource, SyncFilter, SyncSource, SyncTarget, SyncTrigger,
    SyncValue, UpdateEntityAttribute,
};

/// Flows in a hundred that started before their template got its rules.
const OLDER: u32 = 25;

/// The rules of a flow; drawn from a stream of their own, so that the other data of a seed stay as they are.
pub(super) fn of_flow(seed: u64, number: u32, template: &Template) -> Vec<EntitySync> {
    if Random::new(seed, Stream::Sync, number).percent(OLDER) {
        Vec::new()
    } else {
        of_template(template)
    }
}

/// Every other template tells who has the flow and how it ended, every third one where it stands, and two of them
/// what becomes of one task and one phase. One rule is for a schema that no flow of the sandbox has.
pub(super) fn of_template(template: &Template) -> Vec<EntitySync> {
    let place = place_of(template);
    let mut rules = Vec::new();
    if place.is_multiple_of(2) {
        rules.push(rule(
            FlowEvent::FlowAssigned,
            None,
            "status_owner",
            SyncSource::WorkflowAssignedTo,
        ));
        for event in [
            FlowEvent::FlowStarted,
            FlowEvent::FlowCompleted,
            FlowEvent::FlowCancelled,
            FlowEvent::FlowReopened,
        ] {
            rules.push(rule(
                event,
                None,
                "workflow_status",
                SyncSource::WorkflowStatus,
            ));
        }
        rules.push(EntitySync {
            target: target("meter", "flow"),
            ..rule(
                FlowEvent::FlowAssigned,
                None,
                "",
                SyncSource::WorkflowAssignedTo,
            )
        });
    }
    if place.is_multiple_of(3) {
        rules.push(rule(
            FlowEvent::CurrTaskChanged,
            None,
            "current_task",
            SyncSource::TaskName,
        ));
        rules.push(rule(
            FlowEvent::FlowDueDateChanged,
            None,
            "due_date_moved",
            SyncSource::CustomValue,
        ));
    }
    if place.is_multiple_of(4)
        && let Some((phase, tasks)) = template.phases.first()
        && let Some(task) = tasks.first()
    {
        let of_task = SyncFilter {
            task_template_id: Some(task_template_id(template, task.name)),
            phase_template_id: None,
        };
        let of_phase = SyncFilter {
            task_template_id: None,
            phase_template_id: Some(phase_template_id(template, phase)),
        };
        rules.push(rule(
            FlowEvent::TaskUpdated,
            Some(of_task.clone()),
            "first_task_owner",
            SyncSource::TaskAssignedTo,
        ));
        rules.push(rule(
            FlowEvent::TaskCompleted,
            Some(of_task),
            "first_task_status",
            SyncSource::TaskStatus,
        ));
        rules.push(rule(
            FlowEvent::PhaseUpdated,
            Some(of_phase),
            "first_phase_owner",
            SyncSource::PhaseAssignedTo,
        ));
    }
    rules
}

/// As [`of_template`], of the first generation.
pub(super) fn of_definition(template: &Template) -> Vec<UpdateEntityAttribute> {
    let attribute = |source, attribute| UpdateEntityAttribute {
        source,
        target: target(SCHEMA, attribute),
    };
    let place = place_of(template);
    let mut rules = Vec::new();
    if place.is_multiple_of(2) {
        rules.push(attribute(LegacySource::WorkflowStatus, "workflow_status"));
    }
    if place.is_multiple_of(3) {
        rules.push(attribute(LegacySource::CurrentSection, "current_phase"));
        rules.push(attribute(LegacySource::CurrentStep, "current_task"));
    }
    rules
}

fn place_of(template: &Template) -> usize {
    let place = TEMPLATES.iter().position(|one| one.key == template.key);
    place.unwrap_or_default()
}

fn rule(
    event: FlowEvent,
    filter: Option<SyncFilter>,
    attribute: &str,
    source: SyncSource,
) -> EntitySync {
    EntitySync {
        trigger: SyncTrigger { event, filter },
        value: SyncValue {
            source,
            value: (source == SyncSource::CustomValue).then(|| "yes".to_owned()),
        },
        target: target(SCHEMA, attribute),
    }
}

fn target(schema: &str, attribute: &str) -> SyncTarget {
    SyncTarget {
        entity_schema: schema.to_owned(),
        entity_attribute: attribute.to_owned(),
    }
}
