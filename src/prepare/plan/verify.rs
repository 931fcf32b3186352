//! What a read says of the changes that a run has applied to an execution. Pure.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{
    Change, Fields,
    derive::{ChangeParts, required_names, required_value},
    forecast::entity_writes,
};
use crate::{
    action::{ActionKind, has_ended, same},
    api::{Operation, OperationKind},
    json,
};

/// What a read says of an applied change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Finding {
    /// Everything is as the run left it.
    Unchanged,
    /// Fields that the change wrote have other values now.
    Changed { fields: Vec<ChangedField> },
    /// The target does not exist any more.
    Gone,
    /// The run deleted it, and it exists.
    Back,
    /// The automation that the change started has not ended.
    AutomationRunning,
    /// The automation that the change started has failed.
    AutomationFailed {
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// No read shows it.
    NotShown,
}

/// A field with another value than the run has left.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedField {
    pub field: String,
    pub left: Value,
    pub now: Value,
}

/// Compares changes that were `applied` to one execution, in the order of the plan, with the execution as it is now; none if it does not
/// exist any more. One finding for each change.
///
/// # Errors
///
/// If a change has no operation; impossible in a plan that was read completely.
pub fn verify(execution: Option<&Value>, applied: &[Change]) -> Result<Vec<Finding>, String> {
    let operations: Vec<Operation> = applied
        .iter()
        .map(Change::operation)
        .collect::<Result<_, _>>()?;
    let findings = applied.iter().enumerate().map(|(place, change)| {
        let later = || applied[place + 1..].iter().zip(&operations[place + 1..]);
        let is_removed = later().any(|(other, operation)| {
            operation.removes()
                && (operation.part().is_none() || other.target.id == change.target.id)
        });
        let is_overwritten = |field: &str| {
            later().any(|(other, _)| {
                other.target.id == change.target.id && other.after.contains_key(field)
            })
        };
        if is_removed {
            return Finding::Unchanged;
        }
        finding(change, &operations[place], execution, is_overwritten)
    });
    Ok(findings.collect())
}

/// `is_overwritten`: whether the run itself has written a field of the target later.
fn finding(
    change: &Change,
    operation: &Operation,
    execution: Option<&Value>,
    is_overwritten: impl Fn(&str) -> bool,
) -> Finding {
    if operation.kind() == OperationKind::Start {
        return Finding::NotShown;
    }
    let target = execution.and_then(|execution| operation.find(execution));
    match (target, operation.removes()) {
        (None, true) => return Finding::Unchanged,
        (Some(_), true) => return Finding::Back,
        (None, false) => return Finding::Gone,
        (Some(_), false) => {}
    }
    let target = target.unwrap_or(&Value::Null);
    match operation.kind() {
        OperationKind::Patch | OperationKind::CancelSchedule => {
            let fields = change.after.iter().filter_map(|(field, left)| {
                let now = json::get(target, field).unwrap_or(&Value::Null);
                let is_as_left = same(field, now, left) || is_overwritten(field);
                (!is_as_left).then(|| ChangedField {
                    field: field.clone(),
                    left: left.clone(),
                    now: now.clone(),
                })
            });
            match fields.collect::<Vec<_>>() {
                none if none.is_empty() => Finding::Unchanged,
                fields => Finding::Changed { fields },
            }
        }
        OperationKind::AddTask => {
            let id = change
                .after
                .get("task")
                .and_then(|task| task["id"].as_str());
            match id.and_then(|id| json::item(target, "tasks", id)) {
                Some(_) => Finding::Unchanged,
                None => Finding::Gone,
            }
        }
        OperationKind::RunAutomation | OperationKind::RunSchedule | OperationKind::Reconcile => {
            automation(target)
        }
        // Its id is unknown.
        OperationKind::AddStep
        | OperationKind::Start
        | OperationKind::Delete
        | OperationKind::Read(_) => Finding::NotShown,
    }
}

/// The state of the automation of a task.
fn automation(task: &Value) -> Finding {
    let text = |path: &str| json::get(task, path).and_then(Value::as_str);
    let status = text("status").unwrap_or_default();
    let automation = text("automation_config.execution_status").unwrap_or_default();
    if status == "FAILED" || automation.eq_ignore_ascii_case("failed") {
        let reason = text("automation_config.error_reason");
        let reason = reason.filter(|reason| !reason.is_empty());
        Finding::AutomationFailed {
            reason: reason.map(str::to_owned),
        }
    } else if !has_ended(status) && task.get("automation_config").is_some() {
        Finding::AutomationRunning
    } else {
        Finding::Unchanged
    }
}

/// The changes that correct the tasks of applied changes from their automations, where a task has not ended. `findings` are those of the
/// changes, `execution` is as it is now.
///
/// # Errors
///
/// If one can't be planned.
pub fn reconciling(
    applied: &[Change],
    findings: &[Finding],
    execution: &Value,
) -> Result<Vec<Change>, String> {
    let mut planned: Vec<Change> = Vec::new();
    for (change, finding) in applied.iter().zip(findings) {
        let started = matches!(
            finding,
            Finding::AutomationRunning | Finding::AutomationFailed { .. }
        );
        let Some(task) = change.target.id.clone().filter(|_| started) else {
            continue;
        };
        let operation = Operation::ReconcileAutomation(change.group.clone(), task);
        let Some(target) = operation.find(execution) else {
            continue;
        };
        let is_over = target["status"].as_str().is_none_or(has_ended);
        if is_over
            || planned
                .iter()
                .any(|other| other.target.id == change.target.id)
        {
            continue;
        }
        let before = Fields::new();
        let requires = required_names(&change.target, &operation, &before, false);
        let requires = requires.into_iter().map(|name| {
            let value = required_value(&name, execution, target).clone();
            (name, value)
        });
        let parts = ChangeParts {
            target: change.target.clone(),
            action: vec![ActionKind::RECONCILE.word.to_owned()],
            operation: &operation,
            body: None,
            before,
            requires: requires.collect(),
            found: BTreeSet::new(),
            repetition: 0,
            status_is_open: false,
        };
        let mut change = parts.change()?;
        let writes = entity_writes(&operation, &change, [execution, execution]);
        change.add_effects(writes);
        planned.push(change);
    }
    Ok(planned)
}
