//! `patch`: sets any fields of the API's request.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Action, ActionKind, ArgumentValue, Arguments, ArgumentsForm, Edit, FieldWrite, PlannedAction,
    Requests, Subject,
    status_move::{Keys, Moved, Wish},
};
use crate::{
    api::{
        Level,
        types::{self, FieldContent, RequestField, RequestType},
    },
    document::{node::Value as NodeValue, reader::FieldNode},
    json,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "patch",
    doc: "Changes any fields that the API lets a request change.",
    example: "patch: { name: \"…\" }",
    levels: &[Level::Execution, Level::Step, Level::Phase, Level::Task],
    only_in: None,
    form: ArgumentsForm::RequestFields,
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "if possible",
    requests: Requests::Patch(|_, _| true),
    read: |arguments| Some(Arc::new(arguments.patch()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn patch(&mut self) -> Option<Patch> {
        if self.fields.is_empty() {
            self.reader
                .wrong(self.written.at, "`patch` has no fields", KIND.example);
            return None;
        }
        let generation = self.setting.compiler.generation()?;
        let mut fields = Vec::new();
        // At each level: where nothing is shown, the change would be taken for made.
        let mut is_shown = true;
        for &level in self.levels {
            let Some(request) = types::update(generation, level) else {
                continue;
            };
            fields = self.patch_fields(request, level)?;
            let shown = types::record(generation, level);
            is_shown &= fields.iter().any(|(name, _)| shown.field(name).is_some());
        }
        if !is_shown && self.written.converges != Some(false) {
            self.reader.wrong(
                self.written.at,
                "no read shows whether this `patch` has been made, so each plan makes it again",
                "if this is intended, write `converges: false` beside `patch`",
            );
            return None;
        }
        Some(Patch {
            fields,
            converges: self.written.converges.unwrap_or(true),
        })
    }

    fn patch_fields(
        &mut self,
        request: &'static RequestType,
        level: Level,
    ) -> Option<Vec<(String, ArgumentValue)>> {
        let mut fields = Vec::new();
        for entry in self.fields.entries {
            let field = FieldNode::of(&entry.key, &entry.value);
            let Some(known) = request.field(field.name) else {
                self.reader.unknown_key(&entry.key, &request.names());
                fields.push(None);
                continue;
            };
            if known.name == "revert_execution" && field.node.value != NodeValue::Bool(false) {
                self.need_revert(field.at);
            }
            let is_status = known.name == "status" && matches!(level, Level::Step | Level::Task);
            if is_status
                && let NodeValue::Text(word) = &field.node.value
                && !word.contains("{{")
                && self.status_to_set(word, field.node.span, None).is_none()
            {
                fields.push(None);
                continue;
            }
            let body = self.body(field, known.content);
            if is_status
                && let Some(ArgumentValue::Template(template)) = &body
                && let Some(known) = template.known()
                && let Some(word) = known.value.as_str()
                && self
                    .status_to_set(word, field.node.span, Some(known))
                    .is_none()
            {
                fields.push(None);
                continue;
            }
            fields.push(body.map(|body| (field.name.to_owned(), body)));
        }
        fields.into_iter().collect()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Patch {
    /// In the playbook's order; never empty.
    fields: Vec<(String, ArgumentValue)>,
    /// Whether a second plan has no change.
    converges: bool,
}

impl Action for Patch {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        self.edit(subject).unwrap_or_else(PlannedAction::Reject)
    }
}

impl Patch {
    fn edit(&self, subject: &Subject<'_>) -> Result<PlannedAction, String> {
        let Some(request) = types::update(subject.generation, subject.level) else {
            return Err(format!("no operation changes a {}", subject.level));
        };
        let mut fields = Vec::new();
        for (name, body) in &self.fields {
            let Some(field) = request.field(name) else {
                return Err(unknown(name, request));
            };
            let present = json::get(subject.data, name).unwrap_or(&Value::Null);
            if name == subject.due_fields().due {
                subject.due()?;
            }
            let value = body.value_instead(subject, field.content, name, present)?;
            fields.push((field, value));
        }
        let moved = moved(subject, &mut fields)?;
        let mut edit = plain(subject, fields);
        if let Some(moved) = moved {
            edit.writes.push(moved.write);
            edit.sends.extend(moved.sends);
        }
        if edit.writes.is_empty() && (edit.sends.is_empty() || self.converges) {
            return Ok(PlannedAction::Nothing("is like that already".to_owned()));
        }
        Ok(PlannedAction::Edit(edit))
    }
}

/// The fields that differ, and those that no read shows.
fn plain(subject: &Subject<'_>, fields: Vec<(&'static RequestField, Value)>) -> Edit {
    let shown = types::record(subject.generation, subject.level);
    let write = |path, value| FieldWrite::new(subject.data, path, value);
    let mut writes = Vec::new();
    let mut sends = Vec::new();
    for (field, value) in fields {
        match (field.content, value) {
            (FieldContent::Partial(_), Value::Object(fields)) => {
                let inner = |(inner, value): (String, Value)| {
                    Some(write(types::path_in(field, &inner)?, value))
                };
                writes.extend(fields.into_iter().filter_map(inner));
            }
            (content, value) if shown.field(field.name).is_some() => {
                let before = json::get(subject.data, field.name);
                writes.push(write(field.name, whole(before, value, content)));
            }
            (_, value) => sends.push((field.name, value)),
        }
    }
    writes.retain(FieldWrite::changes);
    Edit {
        sends,
        ..Edit::fields(subject, writes)
    }
}

/// Takes the status of a task or step, and the arguments for it, out of the fields: it follows the rules of `set_status`. None if the
/// target has this status, or none is given.
fn moved(
    subject: &Subject<'_>,
    fields: &mut Vec<(&'static RequestField, Value)>,
) -> Result<Option<Moved>, String> {
    let is_task = matches!(subject.level, Level::Step | Level::Task);
    let mut take = |name: &str| {
        let place = fields.iter().position(|(field, _)| field.name == name)?;
        Some(fields.remove(place).1)
    };
    let Some(Value::String(to)) = is_task.then(|| take("status")).flatten() else {
        return Ok(None);
    };
    let revert = take("revert_execution") == Some(json!(true));
    let branch = take("next_condition_id").and_then(|id| id.as_str().map(str::to_owned));
    let wish = Wish {
        to: &to,
        revert,
        branch: &|| Ok(branch.clone()),
        keys: Keys {
            revert: "revert_execution",
            branch: "next_condition_id",
        },
    };
    let moved = wish.moved(subject)?;
    let disables =
        |(field, value): &(&RequestField, Value)| field.name == "enabled" && *value == json!(false);
    if moved.is_some() && fields.iter().any(disables) {
        return Err(
            "can't change its status in the request that disables it: make it two actions"
                .to_owned(),
        );
    }
    Ok(moved)
}

fn unknown(name: &str, request: &RequestType) -> String {
    let known = request.names().join(", ");
    format!("{} has no field {name}; it has {known}", request.name)
}

/// An object with some new fields, and the others as read: it is not documented whether the service keeps the others by itself.
fn whole(before: Option<&Value>, value: Value, content: FieldContent) -> Value {
    match (content, before, value) {
        (FieldContent::Object(request), Some(Value::Object(before)), Value::Object(fields))
            if request.fields.iter().all(|field| !field.required) =>
        {
            let known = |name: &str| request.field(name);
            let mut whole: Map<String, Value> = before
                .iter()
                .filter(|(name, value)| known(name).is_some() && !value.is_null())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            for (name, value) in fields {
                let value = match known(&name) {
                    Some(field) => self::whole(before.get(&name), value, field.content),
                    None => value,
                };
                whole.insert(name, value);
            }
            Value::Object(whole)
        }
        (_, _, value) => value,
    }
}

#[cfg(test)]
mod tests;
