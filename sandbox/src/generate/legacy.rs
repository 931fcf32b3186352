//! A v1 execution from its number.

use super::{
    ORG, Origin, SCHEMA,
    draw::{self, Life},
    ids::{self, contact_id, entity_id, legacy_id},
    random::{Random, Stream},
    sync,
    templates::{self, Part as Definition, TEMPLATES, Template},
};
use crate::wire::{
    ExecutionStatus, PartStatus, TaskStatus,
    v1::{AnyStatus, Context, Execution, Part, PartKind},
    v2::TaskType,
};

/// The execution with this number.
pub(crate) fn execution(origin: Origin, number: u32) -> Execution {
    let mut random = Random::new(origin.seed, Stream::Legacy, number);
    let random = &mut random;
    let template = random.pick(TEMPLATES);
    let life = draw::life(origin, random);
    let status = draw::status(random);
    let owner = draw::user(random);
    let made = Made {
        template,
        life,
        status,
        owner,
    };
    let execution = build(origin, random, made);
    Execution {
        id: legacy_id(origin.seed, number),
        contexts: contexts(origin.seed, random, number),
        ..execution
    }
}

/// What an execution is built from.
pub(super) struct Made {
    pub(super) template: &'static Template,
    pub(super) life: Life,
    pub(super) status: ExecutionStatus,
    pub(super) owner: String,
}

/// An execution without its id and its contexts.
pub(super) fn build(origin: Origin, random: &mut Random, made: Made) -> Execution {
    let Made {
        template,
        life,
        status,
        owner,
    } = made;
    let reasons = templates::reasons(template);
    let count: usize = template.phases.iter().map(|phase| phase.1.len()).sum();
    let reached = match status {
        ExecutionStatus::Done => count,
        ExecutionStatus::Started | ExecutionStatus::Closed => {
            random.below(u32::try_from(count).unwrap_or(1)) as usize
        }
    };
    let mut before = 0;
    let mut flow = Vec::new();
    for (name, definitions) in template.phases {
        let steps: Vec<Part> = definitions
            .iter()
            .enumerate()
            .map(|(index, definition)| {
                step(origin, random, definition, before + index < reached, life)
            })
            .collect();
        before += steps.len();
        flow.push(section(random, name, steps));
    }
    // Some end with a step that stands beside the sections.
    if random.percent(40) {
        let last = Definition {
            name: "Vorgang ablegen",
            kind: TaskType::Manual,
            branches: &[],
        };
        let over = status == ExecutionStatus::Done;
        flow.push(step(origin, random, &last, over, life));
    }
    let selected = random.pick(&reasons).clone();
    Execution {
        id: String::new(),
        definition_id: templates::definition_id(template),
        org_id: ORG.to_owned(),
        name: format!("{} – {}", template.name, draw::address(random)),
        creation_time: draw::text(life.created),
        last_update_time: draw::text(life.updated),
        due_date: draw::due(origin, random, true),
        completed_time: (status != ExecutionStatus::Started).then(|| draw::text(life.updated)),
        dynamic_due_date: None,
        status,
        trigger: if random.percent(30) {
            "AUTOMATIC"
        } else {
            "MANUAL"
        }
        .to_owned(),
        assigned_to: match random.below(10) {
            0 => None,
            1 => Some(vec![owner, draw::user(random)]),
            _ => Some(vec![owner]),
        },
        last_modified_by: Some(draw::user(random)),
        contexts: Vec::new(),
        configured_closing_reason_snapshot: random.percent(75).then_some(reasons),
        selected_closing_reasons: (status == ExecutionStatus::Closed).then(|| vec![selected]),
        closing_reason_description: None,
        single_closing_reason_selection: template.single.then_some(true),
        update_entity_attributes: Some(sync::of_definition(template)),
        flow,
    }
}

/// An opportunity and its contact; one in five has the contact alone.
fn contexts(seed: u64, random: &mut Random, number: u32) -> Vec<Context> {
    let contact = Context {
        id: contact_id(seed, number),
        title: format!("Kunde {}", 100_000 + number),
        schema: "contact".to_owned(),
    };
    if random.percent(20) {
        return vec![contact];
    }
    let opportunity = Context {
        id: entity_id(seed, number),
        title: format!("Vorgang {}", 100_000 + number),
        schema: SCHEMA.to_owned(),
    };
    vec![opportunity, contact]
}

fn section(random: &mut Random, name: &str, steps: Vec<Part>) -> Part {
    let over = |step: &Part| match step.status {
        Some(AnyStatus::Step(status)) => status.is_over(),
        Some(AnyStatus::Section(status)) => status == PartStatus::Completed,
        None => false,
    };
    let status = if steps.iter().all(over) {
        PartStatus::Completed
    } else if steps.iter().any(over) {
        PartStatus::InProgress
    } else {
        PartStatus::Open
    };
    Part {
        id: ids::short(random),
        definition_id: ids::short(random),
        name: name.to_owned(),
        status: Some(AnyStatus::Section(status)),
        steps: Some(steps),
        ..Part::empty(PartKind::Section)
    }
}

fn step(
    origin: Origin,
    random: &mut Random,
    definition: &Definition,
    over: bool,
    life: Life,
) -> Part {
    let status = if over {
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
    // Older steps say it in numbers.
    let in_numbers = random.percent(15);
    Part {
        id: ids::short(random),
        definition_id: ids::short(random),
        name: definition.name.to_owned(),
        status: Some(AnyStatus::Step(status)),
        enabled: Some(true),
        execution_type: Some(
            match definition.kind {
                TaskType::Automation => "AUTOMATION",
                TaskType::Manual | TaskType::Decision | TaskType::AiAgent => "MANUAL",
            }
            .to_owned(),
        ),
        user_ids: user
            .as_ref()
            .filter(|_| in_numbers)
            .and_then(|user| user.parse().ok())
            .map(|user| vec![user]),
        assigned_to: user.map(|user| vec![user]),
        due_date: draw::due(origin, random, true),
        created: Some(draw::text(life.created)),
        last_updated: Some(draw::text(life.updated)),
        ..Part::empty(PartKind::Step)
    }
}
