//! The people who may get a notice because of a change.

use std::collections::BTreeSet;

use serde_json::Value;

use super::occurrences::goes_on;
use crate::{
    api::{ASSIGNEE_FIELDS, Operation, OperationKind},
    json,
    plan::{Change, Effect},
};

/// The people who are newly assigned by a change.
pub(in crate::prepare::plan) fn notices(
    operation: &Operation,
    change: &Change,
) -> BTreeSet<Effect> {
    let key = |person: &Result<String, Value>| match person {
        Ok(id) => (true, id.clone()),
        Err(variable) => (false, variable.to_string()),
    };
    let mut before = BTreeSet::new();
    let mut effects = BTreeSet::new();
    for field in ASSIGNEE_FIELDS {
        let people = change.before.get(field).into_iter().flat_map(people);
        before.extend(people.map(|person| key(&person)));
    }
    let body = |name: &str| change.request.body.as_ref()?.get(name);
    let task = body("task").unwrap_or(&Value::Null);
    let sent = ASSIGNEE_FIELDS
        .iter()
        .flat_map(|field| [body(field), json::get(task, field)]);
    let assigned = sent.flatten().flat_map(people);
    effects.extend(
        assigned
            .filter(|person| !before.contains(&key(person)))
            .map(|person| person.map_or_else(|_| Effect::NoticesUnknown, Effect::Notice)),
    );
    if operation.kind() == OperationKind::Start || goes_on(change) {
        effects.insert(Effect::NoticesUnknown);
    }
    effects
}

/// The people in a list of assignees; an error is an unresolved variable.
fn people(assignees: &Value) -> Vec<Result<String, Value>> {
    let entries = assignees.as_array().into_iter().flatten();
    entries
        .flat_map(|assignee| match assignee {
            Value::String(id) => vec![Ok(id.clone())],
            Value::Number(id) => vec![Ok(id.to_string())],
            Value::Object(variable) => match variable.get("value") {
                Some(Value::Array(_)) => people(&variable["value"]),
                Some(_) | None => vec![Err(assignee.clone())],
            },
            Value::Null | Value::Bool(_) | Value::Array(_) => Vec::new(),
        })
        .collect()
}
