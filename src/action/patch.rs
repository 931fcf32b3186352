//! `patch`: any fields that the API lets a request change.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Body, Edit, Effect, FieldWrite, Nature, Planned, Repeat, Subject};
use crate::{
    api::{
        Level,
        types::{self, Content, Request},
    },
    json,
};

#[derive(Clone, Debug)]
pub struct Patch {
    /// In the playbook's order; never empty.
    pub fields: Vec<(String, Body)>,
    /// Whether a second plan finds the fields as they are wanted.
    pub converges: bool,
}

impl Patch {
    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        self.edit(subject).unwrap_or_else(Planned::Reject)
    }

    fn edit(&self, subject: &Subject<'_>) -> Result<Planned, String> {
        let Some(request) = types::update(subject.generation, subject.level) else {
            return Err(format!("no operation changes a {}", subject.level));
        };
        let shown = types::record(subject.generation, subject.level);
        let mut writes = Vec::new();
        let mut sends = Vec::new();
        for (name, body) in &self.fields {
            let Some(field) = request.field(name) else {
                return Err(unknown(name, request));
            };
            let present = json::get(subject.data, name).unwrap_or(&Value::Null);
            let value = body.value_instead(subject, field.content, name, present)?;
            match (field.content, value) {
                (Content::Partial(_), Value::Object(fields)) => {
                    let inner = |(inner, value): (String, Value)| {
                        Some(write(subject, types::path_in(field, &inner)?, value))
                    };
                    writes.extend(fields.into_iter().filter_map(inner));
                }
                (_, value) if shown.field(name).is_some() => {
                    writes.push(write(subject, field.name, value));
                }
                (_, value) => sends.push((field.name, value)),
            }
        }
        writes.retain(|write| write.after != write.undo);
        if writes.is_empty() && (sends.is_empty() || self.converges) {
            return Ok(Planned::Nothing("is like that already".to_owned()));
        }
        let nature = nature(subject, &writes, &sends);
        Ok(Planned::Edit(Edit {
            operation: subject.patch(),
            writes,
            sends,
            expects: BTreeMap::new(),
            requires: Vec::new(),
            nature,
        }))
    }
}

fn unknown(name: &str, request: &Request) -> String {
    let known = request.names().join(", ");
    format!("{} has no field {name}; it has {known}", request.name)
}

fn write(subject: &Subject<'_>, path: &'static str, after: Value) -> FieldWrite {
    let undo = match (json::get(subject.data, path), &after) {
        (Some(before), _) => before.clone(),
        (None, Value::Array(_)) => json!([]),
        (None, Value::String(_)) => json!(""),
        (None, Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => Value::Null,
    };
    FieldWrite { path, after, undo }
}

fn nature(subject: &Subject<'_>, writes: &[FieldWrite], sends: &[(&str, Value)]) -> Nature {
    if sends.contains(&("revert_execution", json!(true))) {
        return Nature {
            repeat: Repeat::Once,
            effects: &[Effect::LaterTasksReset],
            irreversible: Some("the later tasks that were reset don't come back"),
        };
    }
    let is_status = writes.iter().any(|write| write.path == "status");
    let is_new = |write: &FieldWrite| write.undo.is_null();
    let irreversible = if is_status && subject.level == Level::Task {
        Some("a task's status goes back only by reverting it, which resets every later task")
    } else if !sends.is_empty() {
        Some("the service does not show what it held before")
    } else if writes.iter().any(is_new) {
        Some("a field that had no value can't be emptied again")
    } else {
        None
    };
    if is_status {
        Nature {
            repeat: Repeat::Readable,
            effects: &[Effect::AutomationsMayFire],
            irreversible,
        }
    } else {
        Nature {
            irreversible,
            ..Nature::PLAIN
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{changes, flow, legacy, over_executions, over_flows, said, with},
        plan::Undo,
    };

    /// What is said of one task with these fields.
    fn patched(fields: &str, task: &Value) -> String {
        let rest = format!("actions: [ {{ patch: {fields} }} ]\nguards: {{ allow: [revert] }}");
        let task = with(json!({"id": "t", "name": "T", "status": "PENDING"}), task);
        said(
            &over_flows("each: task", &rest),
            &flow("e", &json!({"tasks": [task]})),
        )
        .join("")
        .replace("PATCH /v2/flows/executions/e/tasks/t ", "")
    }

    #[test]
    fn only_fields_that_differ_are_sent_and_what_is_not_shown_goes_with_them() {
        for (fields, task, line) in [
            (
                "{ name: T, enabled: false }",
                json!({"enabled": true}),
                r#"{"enabled":false}"#,
            ),
            ("{ name: T }", json!({}), "skipped t: is like that already"),
            (
                "{ assigned_to: [10010, { variable: v }], description: { enabled: true, value: \"{{ task.name }}!\" } }",
                json!({}),
                r#"{"assigned_to":["10010",{"variable":"v"}],"description":{"enabled":true,"value":"T!"}}"#,
            ),
            (
                "{ status: COMPLETED, next_condition_id: c }",
                json!({}),
                r#"{"next_condition_id":"c","status":"COMPLETED"}"#,
            ),
            (
                "{ status: COMPLETED, next_condition_id: c }",
                json!({"status": "COMPLETED"}),
                "skipped t: is like that already",
            ),
            (
                "{ due_date: \"{{ task.name }}\" }",
                json!({}),
                "rejected t: `T` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z`",
            ),
            (
                "{ enabled: \"{{ task.name }}\" }",
                json!({}),
                "rejected t: enabled must be true or false, not \"T\"",
            ),
        ] {
            assert_eq!(patched(fields, &task), line, "{fields}");
        }
    }

    #[test]
    fn a_field_that_is_held_in_part_is_written_in_part() {
        let playbook = over_flows(
            "",
            "actions: [ patch: { closing_reason: { extra_description: x } } ]",
        );
        let data = json!({"closing_reason": {"configured_reasons": [{"id": "r", "title": "R"}]}});
        let change = &changes(&playbook, &flow("e", &data))[0];
        assert_eq!(
            json!(change.request.body),
            json!({"closing_reason": {"extra_description": "x"}})
        );
        assert_eq!(
            json!(change.after),
            json!({"closing_reason.extra_description": "x"})
        );
    }

    #[test]
    fn a_patch_of_a_status_can_be_read_back_and_one_that_reverts_is_sent_once() {
        let nature = |fields: &str, status: &str| {
            let rest = format!("actions: [ {{ patch: {fields} }} ]\nguards: {{ allow: [revert] }}");
            let task = json!({"id": "t", "status": status});
            let change = &changes(
                &over_flows("each: task", &rest),
                &flow("e", &json!({"tasks": [task]})),
            )[0];
            (change.repeat, matches!(change.undo, Undo::Request(_)))
        };
        assert_eq!(nature("{ name: x }", "PENDING"), (Repeat::Safe, true));
        assert_eq!(
            nature("{ enabled: true }", "PENDING"),
            (Repeat::Safe, false)
        );
        assert_eq!(
            nature("{ status: SKIPPED }", "PENDING"),
            (Repeat::Readable, false)
        );
        assert_eq!(
            nature("{ status: PENDING, revert_execution: true }", "COMPLETED"),
            (Repeat::Once, false)
        );
    }

    #[test]
    fn what_the_service_does_not_show_is_sent_each_time_when_that_is_said() {
        let playbook = over_executions(
            "each: step",
            "actions: [ { patch: { position: { index: 0 } }, converges: false } ]",
        );
        assert_eq!(
            said(&playbook, &legacy("e", &[json!({"id": "s"})])),
            [r#"PATCH /v1/workflows/executions/e/steps/s {"position":{"index":0}}"#]
        );
    }
}
