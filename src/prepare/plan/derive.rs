//! What follows from the parts of a change that nothing else determines. Pure.
//!
//! The planner makes each change here, and [`PlanReader`](super::PlanReader) makes each change of a file here again and compares: a plan
//! that was changed and sealed again can't claim anything of a request that is not so.
//!
//! One file because what is made of the parts and what is compared must be the same parts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Change, Effect, Fields, PlannedRequest, Target, Undo, forecast::notices, readable::unreadable,
};
use crate::{
    action::{self, ActionKind, Nature},
    api::{Generation, Level, Operation, OperationKind},
    digest, json,
};

pub(super) const EXECUTION_STATUS: &str = "execution.status";
pub(super) const TARGET_STATUS: &str = "target.status";

/// The parts of a change that nothing else determines.
pub(super) struct ChangeParts<'a> {
    pub(super) target: Target,
    /// The labels of its actions.
    pub(super) action: Vec<String>,
    pub(super) operation: &'a Operation,
    pub(super) body: Option<Fields>,
    /// The fields that it changes, with their values as read.
    pub(super) before: Fields,
    /// The values that must not have changed, as read.
    pub(super) requires: Fields,
    /// Effects that depend on the execution that was read.
    pub(super) found: BTreeSet<Effect>,
    /// How many changes before it have the same request and actions.
    pub(super) repetition: usize,
    /// Whether an earlier change of the target may have changed its status, so that this one can't require any.
    pub(super) status_is_open: bool,
}

impl ChangeParts<'_> {
    /// The change.
    ///
    /// # Errors
    ///
    /// If the parts don't belong together, or a value can't be kept.
    pub(super) fn change(self) -> Result<Change, String> {
        let Self {
            target,
            action,
            operation,
            body,
            before,
            requires,
            found,
            repetition,
            status_is_open,
        } = self;
        check_target(&target, operation, body.as_ref())?;
        let none = Fields::new();
        let sent = body.as_ref().unwrap_or(&none);
        check_actions(&action, &target, operation, sent, &before)?;
        let after = after(operation, sent, &before)?;
        check_requires(&requires, &target, operation, &before, status_is_open)?;
        let nature = Nature::of(operation, sent);
        let path = operation.address();
        let method = operation.method();
        let undo = match WayBack::of(operation, &nature, &before, &after) {
            Err(why) => Undo::None(why),
            Ok(way) => match way.lost.first() {
                Some((_, why)) => Undo::None(why.clone()),
                None => Undo::Request(PlannedRequest {
                    method,
                    path: path.clone(),
                    body: way.body(),
                }),
            },
        };
        let mut change = Change {
            change: change_id(&path, &words(&action), repetition),
            group: target.execution.clone(),
            target,
            action,
            request: PlannedRequest { method, path, body },
            before,
            after,
            requires,
            repeat: nature.repeat,
            undo,
            effects: Vec::new(),
        };
        if let Some(why) = unreadable(&change) {
            return Err(why);
        }
        change.add_effects(nature.effects.iter().cloned().chain(found));
        let notices = notices(operation, &change);
        change.add_effects(notices);
        Ok(change)
    }
}

/// The names of the values that a change requires, besides those in `before`.
pub(super) fn required_names(
    target: &Target,
    operation: &Operation,
    before: &Fields,
    status_is_open: bool,
) -> BTreeSet<String> {
    // An entity has no status. For an execution both are the same; and a status that the change itself sets is in `before`.
    let own = match target.kind {
        Level::Entity => return BTreeSet::new(),
        Level::Execution => EXECUTION_STATUS,
        Level::Step | Level::Phase | Level::Task => TARGET_STATUS,
    };
    let fields = action::required(operation).into_iter();
    let mut names: BTreeSet<String> = fields.map(|path| format!("target.{path}")).collect();
    names.extend([EXECUTION_STATUS.to_owned(), own.to_owned()]);
    if before.contains_key("status") {
        names.remove(own);
    }
    if status_is_open {
        names.remove(TARGET_STATUS);
    }
    names
}

/// The value that a change requires under this name: `execution` and the target in it, as they were read.
pub(super) fn required_value<'a>(name: &str, execution: &'a Value, target: &'a Value) -> &'a Value {
    let value = match name.split_once('.') {
        Some(("execution", path)) => json::get(execution, path),
        Some((_, path)) => json::get(target, path),
        None => None,
    };
    value.unwrap_or(&Value::Null)
}

/// The names of the actions with these labels.
pub(super) fn words(labels: &[String]) -> Vec<&str> {
    labels
        .iter()
        .map(|label| {
            label
                .split_once(": ")
                .map_or(label.as_str(), |(word, _)| word)
        })
        .collect()
}

/// 12 hex digits that identify a change: the same in each plan that changes the same resource by the same actions.
fn change_id(path: &str, words: &[&str], repetition: usize) -> String {
    let mut id = digest::sha256(format!("{path}\n{}\n{repetition}", words.join(",")));
    id.truncate(12);
    id
}

/// The request works on the target, and on nothing else.
fn check_target(
    target: &Target,
    operation: &Operation,
    body: Option<&Fields>,
) -> Result<(), String> {
    let is_on_it = if let Some((level, execution, part)) = operation.subject() {
        level == target.kind && *execution == target.execution && part == target.id.as_ref()
    } else {
        // Only a start has no execution: its first context is the entity.
        let contexts = body.and_then(|body| body.get("contexts"));
        let first = contexts.map_or(&Value::Null, |contexts| &contexts[0]);
        let id = json::get(first, "entity_id").or_else(|| json::get(first, "id"));
        let trigger = match target.api {
            Generation::V1 => json!("MANUAL"),
            Generation::V2 => json!({"type": "MANUAL"}),
        };
        target.kind == Level::Entity
            && target.id.is_none()
            && id == Some(&json!(target.execution))
            && body.and_then(|body| body.get("trigger")) == Some(&trigger)
    };
    if is_on_it && operation.generation() == target.api {
        Ok(())
    } else {
        Err(format!(
            "the request {} is not on the change's target",
            operation.address()
        ))
    }
}

/// Each action exists on this target, and together they may send this request.
fn check_actions(
    labels: &[String],
    target: &Target,
    operation: &Operation,
    body: &Fields,
    before: &Fields,
) -> Result<(), String> {
    let words = words(labels);
    let mut kinds = Vec::with_capacity(words.len());
    for word in &words {
        let kind =
            ActionKind::in_plans(word).ok_or_else(|| format!("there is no action `{word}`"))?;
        if !kind.levels.contains(&target.kind) || !kind.is_in(target.api) {
            return Err(format!("`{word}` does not work on this target"));
        }
        kinds.push(kind);
    }
    // An undo brings back what was read, and sends nothing else.
    let is_read = |name: &String| {
        let mut paths = before.keys();
        paths.any(|path| path.split('.').next() == Some(name.as_str()))
    };
    if words.contains(&ActionKind::UNDO.word)
        && let Some(name) = body.keys().find(|name| !is_read(name))
    {
        return Err(format!("an undo does not set {name}, which `before` lacks"));
    }
    if operation.kind() == OperationKind::Patch {
        let unexplained = body
            .iter()
            .find(|(name, value)| !kinds.iter().any(|kind| kind.writes(name, value)));
        return match unexplained {
            None if kinds.iter().all(|kind| kind.is_patch()) && !body.is_empty() => Ok(()),
            None => Err(format!(
                "{} does not send this request",
                words.join(" with ")
            )),
            Some((name, value)) => Err(format!(
                "{} does not set {name} to {value}",
                words.join(" with ")
            )),
        };
    }
    match kinds.as_slice() {
        [kind] if kind.sends(operation) => Ok(()),
        _ => Err(format!(
            "{} does not send this request",
            words.join(" with ")
        )),
    }
}

/// The values afterwards of the fields in `before`: those that the request writes, and the one that the service changes because of it.
fn after(operation: &Operation, body: &Fields, before: &Fields) -> Result<Fields, String> {
    let expected = action::expected(operation, body);
    let mut after = Fields::new();
    let mut written = json!({});
    for path in before.keys() {
        let value = match &expected {
            Some((name, value)) if name == path => value.clone(),
            Some(_) | None => {
                let value = value_at(body, path)
                    .ok_or_else(|| {
                        format!("`before` has {path}, which the request does not write")
                    })?
                    .clone();
                // A whole field is what it is in the body.
                if path.contains('.') {
                    json::set(&mut written, path, value.clone());
                }
                value
            }
        };
        after.insert(path.clone(), value);
    }
    if let Some((name, _)) = &expected
        && !before.contains_key(*name)
    {
        return Err(format!("`before` lacks {name}, which the request changes"));
    }
    let is_expected = |name: &str| expected.as_ref().is_some_and(|(path, _)| *path == name);
    let is_whole = |name: &String| before.contains_key(name) && !is_expected(name);
    // Besides these fields a PATCH sends only what no read shows.
    let hidden = body.iter().find(|(name, value)| {
        !(is_whole(name) || written.get(name.as_str()) == Some(value))
            && (written.get(name.as_str()).is_some()
                || operation.kind() == OperationKind::Patch && action::is_shown(operation, name))
    });
    match hidden {
        Some((name, _)) => Err(format!(
            "the request writes {name}, which `before` and `after` don't have like that"
        )),
        None => Ok(after),
    }
}

/// The value at a dotted path of a body; none if it is absent or null.
fn value_at<'a>(body: &'a Fields, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => body.get(path).filter(|value| !value.is_null()),
        Some((name, path)) => json::get(body.get(name)?, path),
    }
}

fn check_requires(
    requires: &Fields,
    target: &Target,
    operation: &Operation,
    before: &Fields,
    status_is_open: bool,
) -> Result<(), String> {
    let names = required_names(target, operation, before, status_is_open);
    if requires.keys().eq(&names) {
        return Ok(());
    }
    let names: Vec<String> = names.into_iter().collect();
    Err(format!("`requires` must have {}", names.join(", ")))
}

/// What brings back the fields that a change writes.
pub(super) struct WayBack {
    /// Their values before, as a request writes them; by path.
    pub(super) values: Fields,
    /// The fields that stay, and why.
    pub(super) lost: Vec<(String, String)>,
}

impl WayBack {
    /// # Errors
    ///
    /// Why nothing undoes a request of this nature.
    pub(super) fn of(
        operation: &Operation,
        nature: &Nature,
        before: &Fields,
        after: &Fields,
    ) -> Result<Self, String> {
        if let Some(why) = nature.why_final {
            return Err(why.to_owned());
        }
        let mut way = Self {
            values: Fields::new(),
            lost: Vec::new(),
        };
        for (path, was) in before {
            let becomes = after.get(path).unwrap_or(&Value::Null);
            let value = match action::no_way_back(operation, path) {
                Some(why) => Err(why.to_owned()),
                None => action::back(path, was, becomes),
            };
            match value {
                Ok(value) if json::holds_replacement(&value) => {
                    let why = format!("{path} held text that can't be decoded");
                    way.lost.push((path.clone(), why));
                }
                Ok(value) => drop(way.values.insert(path.clone(), value)),
                Err(why) => way.lost.push((path.clone(), why)),
            }
        }
        Ok(way)
    }

    /// As [`Self::of`], of a change that was planned.
    pub(super) fn of_change(change: &Change, operation: &Operation) -> Result<Self, String> {
        let none = Fields::new();
        let nature = Nature::of(operation, change.request.body.as_ref().unwrap_or(&none));
        Self::of(operation, &nature, &change.before, &change.after)
    }

    /// The body of the request.
    pub(super) fn body(&self) -> Option<Fields> {
        let mut body = json!({});
        for (path, value) in &self.values {
            json::set(&mut body, path, value.clone());
        }
        fields(body)
    }
}

/// The fields of an object; none if it is empty.
pub(super) fn fields(object: Value) -> Option<Fields> {
    match object {
        Value::Object(fields) if !fields.is_empty() => Some(fields.into_iter().collect()),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

impl Change {
    /// Whether some of its fields can be brought back, and some can't.
    pub fn is_undone_in_part(&self) -> bool {
        let way = self
            .operation()
            .and_then(|operation| WayBack::of_change(self, &operation));
        way.is_ok_and(|way| !way.lost.is_empty() && !way.values.is_empty())
    }

    /// The names of its actions that are not idempotent, whatever their arguments are. (`patch` counts as idempotent unless the playbook denies it.)
    pub fn not_idempotent(&self) -> impl Iterator<Item = &'static str> {
        let kinds = words(&self.action)
            .into_iter()
            .filter_map(ActionKind::in_plans);
        kinds.filter(|kind| !kind.converges).map(|kind| kind.word)
    }

    /// Adds effects.
    pub(super) fn add_effects(&mut self, effects: impl IntoIterator<Item = Effect>) {
        self.effects.extend(effects);
        self.effects.sort();
        self.effects.dedup();
    }
}

/// The change with the target, actions, request, and values read of this one, after `repetition` others like it; the rest is derived.
#[cfg(test)]
pub(crate) fn derived(change: Change, repetition: usize) -> Change {
    try_derived(change, repetition).unwrap()
}

/// As `derived`; the error is why there is no such change.
#[cfg(any(test, fuzzing))]
pub(crate) fn try_derived(change: Change, repetition: usize) -> Result<Change, String> {
    let operation = change.operation()?;
    let mut requires = change.requires;
    let names = required_names(&change.target, &operation, &change.before, false);
    requires.retain(|name, _| names.contains(name));
    for name in names {
        requires.entry(name).or_insert(Value::Null);
    }
    ChangeParts {
        target: change.target,
        action: change.action,
        operation: &operation,
        body: change.request.body,
        before: change.before,
        requires,
        found: BTreeSet::new(),
        repetition,
        status_is_open: false,
    }
    .change()
}
