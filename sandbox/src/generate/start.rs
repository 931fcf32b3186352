//! Executions that start from a template while the sandbox runs.

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{
    Origin,
    draw::Life,
    flow::{self, Progress},
    legacy,
    random::{Random, Stream},
    templates::{self, TEMPLATES},
};
use crate::wire::{
    ExecutionStatus, TaskStatus,
    v1::{AnyStatus, Execution, Part, PartKind},
    v2::Flow,
};

/// A flow of the template with this id, at its very start; none when there is no such template. `number` gives it ids
/// that no other has.
pub(crate) fn start_flow(
    origin: Origin,
    template: &str,
    number: u64,
    now: Timestamp,
) -> Option<Flow> {
    let template = TEMPLATES
        .iter()
        .find(|one| templates::flow_template_id(one) == template)?;
    let made = flow::Made {
        template,
        life: life(now),
        status: ExecutionStatus::Started,
        progress: Progress {
            current: None,
            reached: 0,
        },
        owner: String::new(),
    };
    let mut flow = flow::build(origin, &mut random(origin, number), made);
    flow.id = id(origin, number).to_string();
    template.name.clone_into(&mut flow.name);
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

/// As [`start_flow`], of the first generation.
pub(crate) fn start_legacy(
    origin: Origin,
    definition: &str,
    number: u64,
    now: Timestamp,
) -> Option<Execution> {
    let template = TEMPLATES
        .iter()
        .find(|one| templates::definition_id(one) == definition)?;
    let made = legacy::Made {
        template,
        life: life(now),
        status: ExecutionStatus::Started,
        owner: String::new(),
    };
    let mut execution = legacy::build(origin, &mut random(origin, number), made);
    execution.id = id(origin, number).simple().to_string();
    template.name.clone_into(&mut execution.name);
    execution.due_date = None;
    execution.flow.iter_mut().for_each(fresh);
    Some(execution)
}

fn fresh(part: &mut Part) {
    match part.kind {
        PartKind::Section => part.steps.iter_mut().flatten().for_each(fresh),
        PartKind::Step => {
            part.status = Some(AnyStatus::Step(TaskStatus::Pending));
            part.assigned_to = None;
            part.user_ids = None;
            part.due_date = None;
        }
    }
}

fn life(now: Timestamp) -> Life {
    let now = TimeZone::UTC.to_datetime(now);
    Life {
        created: now,
        updated: now,
    }
}

fn random(origin: Origin, number: u64) -> Random {
    // Beyond four thousand million starts the parts of two would have the same ids.
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Random::new(origin.seed, Stream::Started, number)
}

fn id(origin: Origin, number: u64) -> Uuid {
    let name = format!("{}/started/{number}", origin.seed);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}
