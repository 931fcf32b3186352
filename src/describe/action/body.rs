//! A value of a playbook with templates at any depth, for the body of a request.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::Subject;
use crate::{
    api::types::{FieldContent, RequestField},
    dates,
};

/// A field of the API's request, and the value that a playbook gives it.
pub(super) type RequestFieldValue = (&'static RequestField, ArgumentValue);

/// The values for a target of the fields of something new.
///
/// # Errors
///
/// As [`ArgumentValue::value`].
pub(super) fn values(
    fields: &[RequestFieldValue],
    subject: &Subject<'_>,
) -> Result<Map<String, Value>, String> {
    let values = fields.iter().map(|(field, value)| {
        let value = value.value(subject, field.content, field.name)?;
        Ok((field.name.to_owned(), value))
    });
    values.collect()
}

/// A value with templates in it.
#[derive(Clone, Debug)]
pub(super) enum ArgumentValue {
    Literal(Value),
    Template(crate::template::Template),
    List(Vec<ArgumentValue>),
    Map(Vec<(String, ArgumentValue)>),
}

impl ArgumentValue {
    /// Its value for a target, checked against the API's type at `path` of something new.
    ///
    /// # Errors
    ///
    /// If a template fails on this target, or returns a value that does not fit.
    pub(super) fn value(
        &self,
        subject: &Subject<'_>,
        content: FieldContent,
        path: &str,
    ) -> Result<Value, String> {
        self.value_instead(subject, content, path, &Value::Null)
    }

    /// As [`Self::value`], for a field whose present value is `present`.
    ///
    /// # Errors
    ///
    /// As [`Self::value`].
    pub(super) fn value_instead(
        &self,
        subject: &Subject<'_>,
        content: FieldContent,
        path: &str,
        present: &Value,
    ) -> Result<Value, String> {
        fit(
            self.render(subject)?,
            content,
            path,
            (present, subject.zone),
        )
    }

    fn render(&self, subject: &Subject<'_>) -> Result<Value, String> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Template(template) => template
                .value(subject.context)
                .map_err(|error| error.to_string()),
            Self::List(items) => items.iter().map(|item| item.render(subject)).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, body)| Ok((key.clone(), body.render(subject)?)))
                .collect::<Result<Map<_, _>, String>>()
                .map(Value::Object),
        }
    }
}

/// The value to send for a field whose present value is `present`; `path` names it in errors.
///
/// # Errors
///
/// When it is not what the API expects there.
pub(super) fn fit(
    value: Value,
    content: FieldContent,
    path: &str,
    (present, zone): (&Value, &TimeZone),
) -> Result<Value, String> {
    let value = each_value(value, content, &Value::Null, &|value, content, _| {
        Ok(fitted(value, content))
    })?;
    content.check(&value, path)?;
    each_value(
        value,
        content,
        present,
        &|value, content, present| match (content, value) {
            (FieldContent::Date, Value::String(date)) => {
                dates::stored(&date, present.as_str(), zone)
                    .map(Value::String)
                    .map_err(|error| error.to_string())
            }
            (_, value) => Ok(value),
        },
    )
}

/// A number becomes a text if a text is expected: ids are often written without quotes. Blanks around an id are removed.
fn fitted(value: Value, content: FieldContent) -> Value {
    match (content, value) {
        (content, Value::Number(number)) if content.is_text() => Value::String(number.to_string()),
        (FieldContent::Id | FieldContent::Assignee, Value::String(id)) => {
            Value::String(id.trim().to_owned())
        }
        (_, value) => value,
    }
}

/// The value with `change` applied to all values at its ends, each with its type and the present value in its place.
fn each_value(
    value: Value,
    content: FieldContent,
    present: &Value,
    change: &dyn Fn(Value, FieldContent, &Value) -> Result<Value, String>,
) -> Result<Value, String> {
    match (content, value) {
        // A value in a list has no path of its own.
        (FieldContent::List(item), Value::Array(values)) => values
            .into_iter()
            .map(|value| each_value(value, *item, &Value::Null, change))
            .collect(),
        (FieldContent::Object(request) | FieldContent::Partial(request), Value::Object(fields)) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = match request.field(&name) {
                    Some(field) => each_value(value, field.content, &present[&name], change)?,
                    None => value,
                };
                Ok((name, value))
            });
            fields.collect::<Result<_, _>>().map(Value::Object)
        }
        (content, value) => change(value, content, present),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::samples::{flow, legacy, over_executions, over_flows, said};

    #[test]
    fn dates_of_a_body_are_in_the_forms_that_the_service_stores() {
        let task = json!({"id": "t", "due_date": "2026-12-01T00:00:00.000"});
        let edges = json!([{"from_id": "t", "to_id": "u"}]);
        let data = json!({"tasks": [task, {"id": "u"}], "edges": edges, "due_date": "2026-12-01T00:00:00.000"});
        let flow = flow("e", &data);
        for (each, action, due) in [
            (
                "task",
                "patch: { due_date: \"{{ now + days(3) }}\" }",
                [
                    r#"t {"due_date":"2026-12-04T09:00:00.000"}"#,
                    r#"u {"due_date":"2026-12-04T08:00:00.000Z"}"#,
                ],
            ),
            (
                "task",
                "patch: { due_date: 2026-12-24 }",
                [
                    r#"t {"due_date":"2026-12-24T00:00:00.000"}"#,
                    r#"u {"due_date":"2026-12-24T00:00:00.000"}"#,
                ],
            ),
            // The new task takes nothing from the flow that it stands in.
            (
                "execution",
                "add_task: { name: Call, after: t, due_date: \"{{ now }}\" }",
                [r#""due_date":"2026-12-01T08:00:00.000Z""#, ""],
            ),
        ] {
            let playbook = over_flows(&format!("each: {each}"), &format!("actions: [ {action} ]"));
            let said = said(&playbook, &flow).join("\n");
            assert!(due.iter().all(|due| said.contains(due)), "{action}: {said}");
        }
        let step = legacy(
            "e",
            &[json!({"id": "s", "startedTime": "2023-01-15T20:00:00"})],
        );
        let playbook = over_executions(
            "each: step",
            "actions: [ patch: { startedTime: \"{{ now }}\", completedTime: \"{{ now }}\" } ]",
        );
        assert_eq!(
            said(&playbook, &step),
            [
                r#"PATCH /v1/workflows/executions/e/steps/s {"completedTime":"2026-12-01T08:00:00.000Z","startedTime":"2026-12-01T09:00:00"}"#
            ]
        );
    }
}
