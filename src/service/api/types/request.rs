//! The types of request bodies, and the check of a value.

use serde_json::Value;

use super::{Words, request_v1 as v1, request_v2 as v2};
use crate::api::{Generation, Id, Level};

/// An object in a request: its name in the API's documentation and its fields.
#[derive(Debug)]
pub struct RequestType {
    pub name: &'static str,
    pub fields: &'static [RequestField],
}

#[derive(Debug)]
pub struct RequestField {
    pub name: &'static str,
    pub content: FieldContent,
    pub required: bool,
}

/// The type of a field of a request.
#[derive(Clone, Copy, Debug)]
pub enum FieldContent {
    Text,
    /// An id of a user, an entity or a part.
    Id,
    /// One of these.
    Word(&'static Words),
    /// A date, with or without a time, in one of the API's forms.
    Date,
    Number,
    Bool,
    /// The id of a user, or a variable that the service resolves: `{variable, value}`.
    Assignee,
    List(&'static FieldContent),
    Object(&'static RequestType),
    /// As [`FieldContent::Object`], but a request contains only the fields that change.
    Partial(&'static RequestType),
}

impl RequestType {
    pub fn field(&self, name: &str) -> Option<&'static RequestField> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|field| field.name).collect()
    }
}

/// The body of the operation that changes a target; none if there is no such operation.
pub fn update(generation: Generation, level: Level) -> Option<&'static RequestType> {
    match (generation, level) {
        (Generation::V1, Level::Execution) => Some(&v1::UPDATE_EXECUTION),
        (Generation::V1, Level::Step) => Some(&v1::UPDATE_STEP),
        (Generation::V2, Level::Execution) => Some(&v2::PATCH_FLOW),
        (Generation::V2, Level::Phase) => Some(&v2::PATCH_PHASE),
        (Generation::V2, Level::Task) => Some(&v2::PATCH_TASK),
        (Generation::V1, Level::Entity | Level::Phase | Level::Task)
        | (Generation::V2, Level::Entity | Level::Step) => None,
    }
}

/// The dotted path of a field in an object of which a request may contain a part.
pub fn path_in(object: &RequestField, field: &str) -> Option<&'static str> {
    match (object.name, field) {
        ("closing_reason", "selected_reasons") => Some("closing_reason.selected_reasons"),
        ("closing_reason", "configured_reasons") => Some("closing_reason.configured_reasons"),
        ("closing_reason", "extra_description") => Some("closing_reason.extra_description"),
        (_, _) => None,
    }
}

/// The body of `createStep`.
pub fn new_step() -> &'static RequestType {
    &v1::CREATE_STEP
}

/// The task in the body of `addTask`.
pub fn new_task() -> &'static RequestType {
    &v2::NEW_TASK
}

/// Short names for the tables.
pub(super) const fn request(name: &'static str, fields: &'static [RequestField]) -> RequestType {
    RequestType { name, fields }
}

pub(super) const fn may(name: &'static str, content: FieldContent) -> RequestField {
    RequestField {
        name,
        content,
        required: false,
    }
}

pub(super) const fn must(name: &'static str, content: FieldContent) -> RequestField {
    RequestField {
        name,
        content,
        required: true,
    }
}

impl FieldContent {
    /// Whether its JSON is a text; an assignee may be an object instead.
    pub const fn is_text(self) -> bool {
        match self {
            Self::Text | Self::Id | Self::Word(_) | Self::Date | Self::Assignee => true,
            Self::Number | Self::Bool | Self::List(_) | Self::Object(_) | Self::Partial(_) => false,
        }
    }

    /// Checks a value; the error names the place in it, beginning with `path`. Whether a text is a valid date is checked elsewhere.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence without a full stop.
    pub fn check(self, value: &Value, path: &str) -> Result<(), String> {
        let wrong = |expected: &str| Err(format!("{path} must be {expected}, not {value}"));
        match (self, value) {
            (Self::Id | Self::Assignee, Value::String(id)) => match Id::new(id) {
                Ok(_) => Ok(()),
                Err(error) => wrong("an id").map_err(|wrong| format!("{wrong}: {error}")),
            },
            (Self::Text | Self::Date, Value::String(_))
            | (Self::Number, Value::Number(_))
            | (Self::Bool, Value::Bool(_)) => Ok(()),
            (Self::Word(words), Value::String(word)) if words.words.contains(&word.as_str()) => {
                Ok(())
            }
            (Self::List(item), Value::Array(values)) => values
                .iter()
                .enumerate()
                .try_for_each(|(place, value)| item.check(value, &format!("{path}[{place}]"))),
            (Self::Object(request) | Self::Partial(request), Value::Object(fields)) => {
                for (name, value) in fields {
                    let path = format!("{path}.{name}");
                    let Some(field) = request.field(name) else {
                        let known = request.names().join(", ");
                        return Err(format!("there is no {path}; allowed: {known}"));
                    };
                    field.content.check(value, &path)?;
                }
                let missing =
                    |field: &&RequestField| field.required && !fields.contains_key(field.name);
                match request.fields.iter().find(missing) {
                    Some(field) => Err(format!("{path} lacks its {}", field.name)),
                    None => Ok(()),
                }
            }
            (Self::Assignee, Value::Object(fields)) if fields.contains_key("variable") => {
                Self::Object(&v2::VARIABLE_ASSIGNMENT).check(value, path)
            }
            (Self::Id, _) => wrong("an id"),
            (Self::Text, _) => wrong("text"),
            (Self::Word(words), _) => wrong(&format!("one of {}", words.words.join(", "))),
            (Self::Date, _) => wrong("a date like 2026-05-28"),
            (Self::Number, _) => wrong("a number"),
            (Self::Bool, _) => wrong("true or false"),
            (Self::Assignee, _) => wrong("the id of a user or { variable: … }"),
            (Self::List(_), _) => wrong("a list"),
            (Self::Object(_) | Self::Partial(_), _) => wrong("a map"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_checked_to_its_depth() {
        let task = FieldContent::Object(&v2::PATCH_TASK);
        for fits in [
            json!({}),
            json!({"name": "x", "enabled": true, "status": "PENDING", "assigned_to": ["1", {"variable": "v"}]}),
            json!({"due_date_config": {"duration": 3, "unit": "days", "type": "WORKFLOW_STARTED"}}),
            json!({"next_condition_id": "c", "revert_execution": true}),
            json!({"assigned_to": [{"variable": "v", "value": ["1"]}]}),
            json!({"description": {"enabled": false}}),
            json!({"description": {"value": "x"}, "ecp": {"journey": {"name": "n"}}}),
        ] {
            assert_eq!(task.check(&fits, "patch"), Ok(()));
        }
        for (value, said) in [
            (json!(1), "patch must be a map, not 1"),
            (json!({"name": null}), "patch.name must be text, not null"),
            (
                json!({"enabled": "yes"}),
                "patch.enabled must be true or false, not \"yes\"",
            ),
            (
                json!({"due_date_config": {"duration": "3", "unit": "days", "type": "WORKFLOW_STARTED"}}),
                "patch.due_date_config.duration must be a number, not \"3\"",
            ),
            (
                json!({"due_date_config": {"duration": 3, "unit": "days"}}),
                "patch.due_date_config lacks its type",
            ),
            (
                json!({"assigned_to": ["1", 2]}),
                "patch.assigned_to[1] must be the id of a user or { variable: … }, not 2",
            ),
            (
                json!({"assigned_to": ["5\n6"]}),
                "patch.assigned_to[0] must be an id, not \"5\\n6\": an id consists of letters, digits, _ and -, after the first character also . ~ :; found '\\n'",
            ),
            (
                json!({"assigned_to": [{"variable": 1}]}),
                "patch.assigned_to[0].variable must be text, not 1",
            ),
            (
                json!({"automation_config": {"flow_id": "f", "input_context": {"source": "else"}}}),
                "patch.automation_config.input_context.source must be one of trigger, task, not \"else\"",
            ),
        ] {
            assert_eq!(task.check(&value, "patch").unwrap_err(), said);
        }
        for (value, said) in [
            (
                json!({"status": "DONE"}),
                "patch.status must be one of UNASSIGNED, ",
            ),
            (
                json!({"assignedTo": []}),
                "there is no patch.assignedTo; allowed: name, ",
            ),
        ] {
            let error = task.check(&value, "patch").unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn each_field_of_an_object_in_part_has_its_path() {
        for field in v2::PATCH_FLOW.fields {
            if let FieldContent::Partial(request) = field.content {
                for inner in request.fields {
                    let path = format!("{}.{}", field.name, inner.name);
                    assert_eq!(path_in(field, inner.name), Some(path.as_str()));
                }
            }
        }
    }

    #[test]
    fn each_target_that_can_be_changed_has_its_body() {
        for generation in [Generation::V1, Generation::V2] {
            for level in Level::ALL {
                let is_patched = level != Level::Entity && level.is_in(generation);
                assert_eq!(update(generation, level).is_some(), is_patched);
            }
        }
    }
}
