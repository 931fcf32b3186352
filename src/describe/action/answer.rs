//! Whether the answer to an accepted write shows what was sent.

use serde_json::{Value, json};

use super::{Expected, readback::is_done, same::says_the_same};
use crate::{
    api::{Level, Operation, OperationKind, part},
    dates, json,
    text::cut,
};

/// The longest value that a message quotes, in characters: enough for a few names.
const QUOTED: usize = 80;

/// How the answer of a write differs from what was sent; none if it shows what was sent, or has nothing to compare. Then a read-back
/// decides.
///
/// Only the sent fields are compared; the service may return others.
pub fn contradiction(
    operation: &Operation,
    expected: Expected<'_>,
    answer: &Value,
) -> Option<String> {
    let shown = target(operation, answer);
    match operation.kind() {
        OperationKind::Patch => match shown {
            Some(target) => difference(expected, target),
            None => Some(another(answer)),
        },
        // No body is documented, so a body of another kind proves nothing.
        OperationKind::CancelSchedule => difference(expected, shown?),
        OperationKind::RunSchedule => match shown {
            Some(target) if is_done(operation, expected, target) => None,
            // It is not documented which field names the automation, nor when.
            Some(target) => match target["status"].as_str() {
                Some("IN_PROGRESS" | "COMPLETED" | "FAILED") => None,
                Some(_) | None => Some(format!("status is {}", quoted(&target["status"]))),
            },
            None => Some(another(answer)),
        },
        // They return the task, the last one the whole flow. It is not documented whether these show the effect already.
        OperationKind::RunAutomation | OperationKind::Reconcile => {
            shown.is_none().then(|| another(answer))
        }
        OperationKind::AddTask => {
            let id = &expected.after.get("task")?["id"];
            let is_new = |task: &Value| task["id"] == *id;
            let tasks = answer["tasks"].as_array();
            let is_shown = is_new(answer) || tasks.is_some_and(|tasks| tasks.iter().any(is_new));
            (!is_shown).then(|| "the answer does not show the new task".to_owned())
        }
        OperationKind::AddStep => {
            let name = &expected.after.get("step")?["name"];
            let (_, execution, _) = operation.subject()?;
            if answer["id"] == execution.as_str() {
                let steps = part::parts(answer, Level::Step);
                let is_shown = steps.iter().any(|step| step["name"] == *name);
                (!is_shown).then(|| "the answer does not show the new step".to_owned())
            } else {
                made(answer, Some(("name", name)))
            }
        }
        // It is not documented where the first generation names the template.
        OperationKind::Start if *operation == Operation::CreateExecution => made(answer, None),
        OperationKind::Start => {
            let template = expected.after.get("started")?;
            made(answer, Some(("flow_template_id", template)))
        }
        // Nothing is left to show.
        OperationKind::Delete | OperationKind::Read(_) => None,
    }
}

/// Whether success without a body proves nothing, so that a read-back decides: if an object is documented, or if the documentation is
/// silent and a read can tell. Otherwise it counts as success.
pub const fn needs_body(operation: &Operation) -> bool {
    match operation.kind() {
        // The first generation answers a patch of an execution with 204.
        OperationKind::Patch => !matches!(operation, Operation::UpdateExecution(_)),
        OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::AddTask
        | OperationKind::Reconcile
        | OperationKind::RunSchedule => true,
        // A deleted object leaves nothing to show. The answers of the others are not documented, and no read shows their effect.
        OperationKind::Delete
        | OperationKind::CancelSchedule
        | OperationKind::RunAutomation
        | OperationKind::Read(_) => false,
    }
}

/// The field of the target that is not as it was sent, and its value; none if all are as sent.
pub fn difference(expected: Expected<'_>, target: &Value) -> Option<String> {
    expected.after.iter().find_map(|(path, sent)| {
        let now = json::get(target, path).unwrap_or(&Value::Null);
        let set = super::same(path, now, sent);
        if set || shows(now, sent) || begins(path, sent, now) {
            return None;
        }
        let before = expected.before.get(path).unwrap_or(&Value::Null);
        let still = if super::same(path, now, before) {
            " still"
        } else {
            ""
        };
        Some(format!("{path} is{still} {}", quoted(now)))
    })
}

/// The object that the operation works on, in the answer: by itself, or within its execution.
fn target<'a>(operation: &Operation, answer: &'a Value) -> Option<&'a Value> {
    let (_, execution, part) = operation.subject()?;
    let id = answer["id"].as_str()?;
    if part.is_some_and(|part| part.as_str() == id) {
        Some(answer)
    } else if execution.as_str() == id {
        operation.find(answer)
    } else {
        None
    }
}

/// What is missing in an answer that should be a new object: an id, or a field with the expected value, if the answer has it.
fn made(answer: &Value, field: Option<(&str, &Value)>) -> Option<String> {
    if answer["id"].as_str().is_none_or(str::is_empty) {
        return Some("the answer has no id".to_owned());
    }
    let (name, sent) = field?;
    let now = answer.get(name).filter(|now| !now.is_null())?;
    (now != sent).then(|| format!("{name} is {}", quoted(now)))
}

fn another(answer: &Value) -> String {
    match &answer["id"] {
        Value::Null => "the answer does not say what it is".to_owned(),
        id => format!("the answer is something else: {}", quoted(id)),
    }
}

/// Whether a value contains everything that was sent. The service may add fields to an object, and write a date in another form.
fn shows(now: &Value, sent: &Value) -> bool {
    match (now, sent) {
        (Value::Object(now), Value::Object(sent)) => sent.iter().all(|(name, value)| {
            let now = now.get(name).unwrap_or(&Value::Null);
            shows(now, value)
        }),
        (Value::Array(now), Value::Array(sent)) => {
            let is_there = |item: &Value| now.iter().any(|now| shows(now, item));
            now.len() == sent.len() && sent.iter().all(is_there)
        }
        (Value::String(now), Value::String(sent)) => now == sent || is_same_date(now, sent),
        (now, sent) => says_the_same(now, sent),
    }
}

fn is_same_date(one: &str, other: &str) -> bool {
    let instant = |text| dates::instant(text, &jiff::tz::TimeZone::UTC).ok();
    instant(one).is_some_and(|one| instant(other) == Some(one))
}

/// Whether a task that was set to wait is current already: a reverted task becomes the current one.
fn begins(path: &str, sent: &Value, now: &Value) -> bool {
    let now = now.as_str();
    path == "status"
        && *sent == json!("PENDING")
        && matches!(now, Some("IN_PROGRESS" | "SCHEDULED"))
}

fn quoted(value: &Value) -> String {
    cut(&value.to_string(), QUOTED)
}

#[cfg(test)]
mod tests;
