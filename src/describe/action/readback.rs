//! Whether a change took effect, from a later read of its execution.
//!
//! The same comparison is used before sending (is the target still as planned?) and after an unknown attempt (did the request take
//! effect?).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{same::same, status::has_ended, task_automation::STARTED_AUTOMATION};
use crate::{
    api::{Operation, OperationKind},
    json,
};

/// The fields that a change expects of its target: dotted paths and values, null meaning absent.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub before: &'a BTreeMap<String, Value>,
    pub after: &'a BTreeMap<String, Value>,
    /// Paths below `execution.` or `target.`.
    pub requires: &'a BTreeMap<String, Value>,
}

/// The result of comparing a change with a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The target is as the change leaves it.
    Done,
    /// The target is as planned: the change may be sent.
    AsPlanned,
    /// A field that the change depends on was changed by someone else.
    Drifted(String),
    /// The target is not in its execution any more.
    Gone,
}

/// Compares a change with its execution as read; none if the execution does not exist.
pub fn read_back(
    operation: &Operation,
    expected: Expected<'_>,
    execution: Option<&Value>,
) -> Reading {
    let found = execution.and_then(|execution| Some((execution, operation.find(execution)?)));
    let Some((execution, target)) = found else {
        return if operation.removes() {
            Reading::Done
        } else {
            Reading::Gone
        };
    };
    if is_done(operation, expected, target) {
        return Reading::Done;
    }
    for (path, planned) in expected.requires {
        let now = match path.split_once('.') {
            Some(("execution", rest)) => json::get(execution, rest),
            Some((_, rest)) => json::get(target, rest),
            None => None,
        };
        let field = path.split_once('.').map_or("", |(_, rest)| rest);
        if !is(field, now, planned) {
            return Reading::Drifted(drift(path, now, planned));
        }
    }
    for (path, before) in expected.before {
        let now = json::get(target, path);
        let on_the_way = expected
            .after
            .get(path)
            .is_some_and(|after| is(path, now, after));
        if !is(path, now, before) && !on_the_way {
            return Reading::Drifted(drift(path, now, before));
        }
    }
    Reading::AsPlanned
}

/// What a read can prove about a change's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing, for example because no read returns the written field.
    None,
    /// That it took effect, but not that it did not.
    OfEffect,
    /// Both.
    Full,
}

/// What a read can prove about a change's effect. If a read can't show an effect, it can't disprove it either.
pub fn evidence(operation: &Operation, expected: Expected<'_>) -> Evidence {
    match operation.kind() {
        OperationKind::Patch | OperationKind::CancelSchedule => {
            let changes = |(path, after): (&String, &Value)| {
                let before = expected.before.get(path).unwrap_or(&Value::Null);
                !same(path, before, after)
            };
            if expected.after.iter().any(changes) {
                Evidence::Full
            } else {
                Evidence::None
            }
        }
        OperationKind::RunSchedule | OperationKind::AddTask | OperationKind::Delete => {
            Evidence::Full
        }
        // While the automation runs, the service does nothing.
        OperationKind::Reconcile => Evidence::OfEffect,
        OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::RunAutomation
        | OperationKind::Read(_) => Evidence::None,
    }
}

pub(super) fn is_done(operation: &Operation, expected: Expected<'_>, target: &Value) -> bool {
    match operation.kind() {
        // When the automation ends can't be predicted; that one has started since can be seen.
        OperationKind::RunSchedule => {
            let is_new = |path: &str| {
                let planned = expected.requires.get(&format!("target.{path}"));
                let now = json::get(target, path);
                now.is_some() && !is(path, now, planned.unwrap_or(&Value::Null))
            };
            target["status"] != "SCHEDULED" && STARTED_AUTOMATION.into_iter().any(is_new)
        }
        // The client has chosen the task's id.
        OperationKind::AddTask => expected
            .after
            .get("task")
            .and_then(|task| task["id"].as_str())
            .is_some_and(|id| json::item(target, "tasks", id).is_some()),
        // A task that has ended needs no correction.
        OperationKind::Reconcile => target["status"].as_str().is_some_and(has_ended),
        OperationKind::Patch | OperationKind::CancelSchedule => {
            !expected.after.is_empty()
                && expected
                    .after
                    .iter()
                    .all(|(path, after)| is(path, json::get(target, path), after))
        }
        // An object that exists was not deleted. A start leaves no trace that is certainly its own.
        OperationKind::Delete
        | OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::RunAutomation
        | OperationKind::Read(_) => false,
    }
}

fn is(path: &str, now: Option<&Value>, planned: &Value) -> bool {
    same(path, now.unwrap_or(&Value::Null), planned)
}

fn drift(path: &str, now: Option<&Value>, planned: &Value) -> String {
    format!(
        "{path} is {} now, it was {planned} when planned",
        now.unwrap_or(&Value::Null)
    )
}

#[cfg(test)]
mod tests;
