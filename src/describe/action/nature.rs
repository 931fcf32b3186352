//! What follows from a request, besides the fields that it names: derived from the operation and the body alone, both when a change is
//! planned and when a plan is read. So a plan can't claim anything else of its requests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Effect, add_step, add_task, complete, delete, delete_step, start, status_move,
    task_automation as automation,
};
use crate::{
    api::{Generation, Level, Operation, OperationKind, types},
    retry::Repeat,
};

/// How a request may be repeated, what it may cause, and whether it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    pub repeat: Repeat,
    pub effects: &'static [Effect],
    /// Why it can't be undone; none if the opposite request undoes it.
    pub why_final: Option<&'static str>,
}

/// A body, by the names of its fields.
type Body = BTreeMap<String, Value>;

impl Nature {
    /// A PATCH of absolute values without a status.
    pub(super) const PLAIN: Self = Self {
        repeat: Repeat::Safe,
        effects: &[],
        why_final: None,
    };

    /// The nature of a request.
    pub fn of(operation: &Operation, body: &Body) -> Self {
        match operation.kind() {
            OperationKind::Patch => Self::of_patch(operation, body),
            OperationKind::Start => start::NATURE,
            OperationKind::AddStep => add_step::NATURE,
            OperationKind::AddTask => add_task::NATURE,
            OperationKind::Delete if operation.level() == Level::Step => delete_step::NATURE,
            OperationKind::Delete if matches!(operation, Operation::SoftDeleteFlow(_)) => {
                delete::HIDDEN
            }
            OperationKind::Delete => delete::DELETED,
            OperationKind::RunAutomation if matches!(operation, Operation::ExecuteTask(..)) => {
                automation::EXECUTED
            }
            OperationKind::RunAutomation => automation::RUN,
            OperationKind::Reconcile => automation::RECONCILED,
            OperationKind::RunSchedule => automation::STARTED,
            OperationKind::CancelSchedule => automation::CANCELLED,
            OperationKind::Read(_) => Self::PLAIN,
        }
    }

    fn of_patch(operation: &Operation, body: &Body) -> Self {
        let is_unseen = |name: &str| {
            let is_of_the_status = name == "next_condition_id" && body.contains_key("status");
            !is_of_the_status && !is_shown(operation, name)
        };
        let unseen = body
            .keys()
            .any(|name| is_unseen(name))
            .then_some("the service does not show what it held before");
        let nature = if body.get("revert_execution") == Some(&json!(true)) {
            status_move::REVERT
        } else {
            match (operation.level(), body.get("status")) {
                (_, None) => Self::PLAIN,
                (Level::Step | Level::Task, Some(to)) => {
                    status_move::nature(to.as_str().unwrap_or_default())
                }
                (Level::Execution | Level::Phase | Level::Entity, Some(_)) => complete::NATURE,
            }
        };
        Self {
            why_final: nature.why_final.or(unseen),
            ..nature
        }
    }
}

/// Whether a read of the operation's target shows a field of its body.
pub fn is_shown(operation: &Operation, name: &str) -> bool {
    types::record(operation.generation(), operation.level())
        .field(name)
        .is_some()
}

/// Why no request brings back the value of a field that a request writes; none if its old value does, where there was one.
pub fn no_way_back(operation: &Operation, path: &str) -> Option<&'static str> {
    (path == "status" && matches!(operation, Operation::PatchTask(..)))
        .then_some("a task's status goes back only by reverting it, which resets every later task")
}

/// The field that the service changes by itself because of a request, with its expected value.
pub fn expected(operation: &Operation, body: &Body) -> Option<(&'static str, Value)> {
    let of_body = |name: &str| body.get(name).cloned().unwrap_or_default();
    match operation.kind() {
        OperationKind::RunSchedule => Some(("status", json!("IN_PROGRESS"))),
        OperationKind::CancelSchedule => Some(("status", json!("SKIPPED"))),
        OperationKind::AddStep => Some(("step", json!(body))),
        OperationKind::AddTask => Some(("task", of_body("task"))),
        OperationKind::Start => Some((
            "started",
            of_body(match operation.generation() {
                Generation::V1 => "workflowId",
                Generation::V2 => "flow_template_id",
            }),
        )),
        OperationKind::Read(_)
        | OperationKind::Patch
        | OperationKind::Delete
        | OperationKind::RunAutomation
        | OperationKind::Reconcile => None,
    }
}

/// Fields of the target, beyond its status, that must still be as they were read when the request is sent.
pub fn required(operation: &Operation) -> Vec<&'static str> {
    let started = automation::STARTED_AUTOMATION;
    match operation.kind() {
        OperationKind::RunSchedule => [["schedule.schedule_id"].as_slice(), &started].concat(),
        OperationKind::CancelSchedule => vec!["schedule.schedule_id"],
        // An automation that someone else has started since is not started again.
        OperationKind::RunAutomation if matches!(operation, Operation::RunAutomation(..)) => {
            started.to_vec()
        }
        OperationKind::RunAutomation
        | OperationKind::Read(_)
        | OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::AddTask
        | OperationKind::Patch
        | OperationKind::Delete
        | OperationKind::Reconcile => Vec::new(),
    }
}

/// Whether an effect can't be derived from the request, because it depends on the execution that was read.
pub fn depends_on_the_read(operation: &Operation, effect: &Effect) -> bool {
    match effect {
        Effect::EntityWrite(_) | Effect::EntityWritesUnknown => true,
        // If the task has an automation, `execute` starts it.
        Effect::AutomationFires => matches!(operation, Operation::ExecuteTask(..)),
        Effect::AutomationsMayFire
        | Effect::FlowAdvances
        | Effect::LaterTasksReset
        | Effect::Notice(_)
        | Effect::NoticesUnknown => false,
    }
}
