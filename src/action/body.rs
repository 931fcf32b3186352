//! A value of a playbook with templates at any depth: what goes into a request's body.

use serde_json::{Map, Value};

use super::Subject;
use crate::{api::types::Content, dates};

/// A value with templates in it.
#[derive(Clone, Debug)]
pub enum Body {
    Literal(Value),
    Template(crate::template::Template),
    List(Vec<Body>),
    Map(Vec<(String, Body)>),
}

impl Body {
    /// What it gives for a target, checked to be what the API expects at `path`.
    ///
    /// # Errors
    ///
    /// When a template fails on this target, or gives what doesn't fit.
    pub(super) fn value(
        &self,
        subject: &Subject<'_>,
        content: Content,
        path: &str,
    ) -> Result<Value, String> {
        let value = fitted(self.render(subject)?, content);
        content.check(&value, path)?;
        check_dates(&value, content, subject)?;
        Ok(value)
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

/// A number where a text is due becomes one: ids are often written without quotes. Blanks around an id are none of it.
fn fitted(value: Value, content: Content) -> Value {
    match (content, value) {
        (
            Content::Text | Content::Id | Content::Word(_) | Content::Date | Content::Assignee,
            Value::Number(number),
        ) => Value::String(number.to_string()),
        (Content::Id | Content::Assignee, Value::String(id)) => Value::String(id.trim().to_owned()),
        (Content::List(item), Value::Array(values)) => values
            .into_iter()
            .map(|value| fitted(value, *item))
            .collect(),
        (Content::Object(request) | Content::Partial(request), Value::Object(fields)) => fields
            .into_iter()
            .map(|(name, value)| {
                let fitting = match request.field(&name) {
                    Some(field) => fitted(value, field.content),
                    None => value,
                };
                (name, fitting)
            })
            .collect(),
        (
            Content::Text
            | Content::Id
            | Content::Word(_)
            | Content::Date
            | Content::Number
            | Content::Bool
            | Content::Assignee
            | Content::List(_)
            | Content::Object(_)
            | Content::Partial(_),
            value,
        ) => value,
    }
}

fn check_dates(value: &Value, content: Content, subject: &Subject<'_>) -> Result<(), String> {
    match (content, value) {
        (Content::Date, Value::String(date)) => dates::instant(date, subject.zone)
            .map(drop)
            .map_err(|error| error.to_string()),
        (Content::List(item), Value::Array(values)) => values
            .iter()
            .try_for_each(|value| check_dates(value, *item, subject)),
        (Content::Object(request) | Content::Partial(request), Value::Object(fields)) => fields
            .iter()
            .try_for_each(|(name, value)| match request.field(name) {
                Some(field) => check_dates(value, field.content, subject),
                None => Ok(()),
            }),
        (
            Content::Text
            | Content::Id
            | Content::Word(_)
            | Content::Date
            | Content::Number
            | Content::Bool
            | Content::Assignee
            | Content::List(_)
            | Content::Object(_)
            | Content::Partial(_),
            _,
        ) => Ok(()),
    }
}
