//! Applies a plan's patches to the model's world: taken back, it is as it was; planned again, nothing is left to do.

use serde_json::Value;

use crate::{
    data::{Execution, World},
    model::put,
    parts::{self, Level},
};

/// What is wrong with the undo requests of a plan's changes; none when they lead back.
///
/// Executions of which one change has no way back are left out.
pub(crate) fn fault_of_undo(changes: &[Value], world: &World) -> Option<String> {
    world.executions.iter().find_map(|execution| {
        let own: Vec<&Value> = changes
            .iter()
            .filter(|change| change["group"] == execution.id)
            .collect();
        if own.iter().any(|change| change["undo"] == "none") {
            return None;
        }
        let mut state = execution.whole.clone();
        for change in &own {
            send(&change["request"], &change["target"], &mut state);
            let target = target(&mut state, &change["target"]);
            for (path, after) in change["after"].as_object().unwrap() {
                let pointer = format!("/{}", path.replace('.', "/"));
                if target.pointer(&pointer) != Some(after) {
                    return Some(format!("{path} is not {after} after {}", change["request"]));
                }
            }
        }
        for change in own.iter().rev() {
            send(&change["undo"], &change["target"], &mut state);
        }
        let (before, after) = (bare(&execution.whole), bare(&state));
        let [before, after] = [before, after].map(|value| {
            let text = value.to_string();
            text.replace("\"UNASSIGNED\"", "\"PENDING\"")
                .replace("\"ASSIGNED\"", "\"PENDING\"")
        });
        (before != after)
            .then(|| format!("undone, it is not as it was:\n  before {before}\n  after  {after}"))
    })
}

/// The world after a plan of patches.
pub(crate) fn applied(changes: &[Value], world: &World) -> World {
    let mut world = world.clone();
    for change in changes {
        let of = |execution: &&mut Execution| change["group"] == execution.id;
        let execution = world.executions.iter_mut().find(of).unwrap();
        send(&change["request"], &change["target"], &mut execution.whole);
        send(&change["request"], &change["target"], &mut execution.listed);
    }
    world
}

fn target<'a>(execution: &'a mut Value, target: &Value) -> &'a mut Value {
    let level = Level::ALL
        .into_iter()
        .find(|level| target["kind"] == level.word())
        .unwrap();
    let id = target["id"].as_str().unwrap_or_default();
    parts::find_mut(execution, level, id).unwrap()
}

/// What a PATCH does: it sets the fields of its body. The closing reason's are set one by one.
fn send(request: &Value, named: &Value, execution: &mut Value) {
    let object = target(execution, named);
    for (name, value) in request["body"].as_object().unwrap() {
        match (name.as_str(), value) {
            ("closing_reason", Value::Object(fields)) => {
                for (inner, value) in fields {
                    put(object, &format!("closing_reason.{inner}"), value.clone());
                }
            }
            _ => object[name] = value.clone(),
        }
    }
}

/// Without what means nothing: nulls, empty lists and objects that hold nothing else.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let full = fields
                .iter()
                .map(|(name, value)| (name.clone(), bare(value)));
            let is_nothing = |value: &Value| match value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::Object(fields) => fields.is_empty(),
                Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
            };
            Value::Object(full.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}
