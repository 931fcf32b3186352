//! Reads values with templates at any depth, and checks them against the types of the API's requests.

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::{ArgumentValue, fit};
use crate::api::{
    Level,
    types::{FieldContent, RequestType},
};

use crate::document::{
    compiler::Compiler,
    node::{Node, Value},
    reader::{DocumentReader, FieldNode, all},
};

/// Reads values for one action.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bodies<'c> {
    pub compiler: &'c Compiler,
    pub levels: &'c [Level],
}

impl Bodies<'_> {
    /// A value for a field of a request. The results of templates are checked when planning.
    pub(super) fn body(
        self,
        reader: &mut DocumentReader<'_>,
        field: FieldNode<'_>,
        content: FieldContent,
    ) -> Option<ArgumentValue> {
        match (&field.node.value, content) {
            (Value::Text(text), _) if text.contains("{{") => self.template(reader, field, content),
            (Value::List(items), FieldContent::List(item)) => {
                let items = items.iter();
                all(items.map(|node| self.body(reader, field.item(node), *item)))
                    .map(ArgumentValue::List)
            }
            (Value::Map(_), FieldContent::Object(request) | FieldContent::Partial(request)) => {
                self.object(reader, field, request)
            }
            (Value::Map(entries), FieldContent::Assignee) if !entries.is_empty() => {
                let fields = reader.map(field, &["variable"])?;
                let variable = fields.get("variable")?;
                let name = reader.plain_text(variable, "the name of a variable")?;
                let name = ArgumentValue::Literal(Json::String(name.to_owned()));
                Some(ArgumentValue::Map(vec![("variable".to_owned(), name)]))
            }
            (
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Text(_)
                | Value::List(_)
                | Value::Map(_)
                | Value::CollectionKey,
                _,
            ) => literal(reader, field, content),
        }
    }

    fn template(
        self,
        reader: &mut DocumentReader<'_>,
        field: FieldNode<'_>,
        content: FieldContent,
    ) -> Option<ArgumentValue> {
        let template = self.compiler.template(reader, field, "text", self.levels)?;
        if let Some(known) = template.known()
            && let Err(error) = fits(known.value.clone(), field, content)
        {
            let span = field.node.span;
            self.compiler.wrong_value(reader, span, known, error, "");
            return None;
        }
        Some(ArgumentValue::Template(template))
    }

    fn object(
        self,
        reader: &mut DocumentReader<'_>,
        field: FieldNode<'_>,
        request: &'static RequestType,
    ) -> Option<ArgumentValue> {
        let fields = reader.map(field, &request.names())?;
        let mut entries = Vec::with_capacity(fields.entries.len());
        for entry in fields.entries {
            let known = request.field(&entry.key.text)?;
            let inner = FieldNode::of(&entry.key, &entry.value);
            let body = self.body(reader, inner, known.content);
            entries.push(body.map(|body| (entry.key.text.clone(), body)));
        }
        for known in request.fields {
            if known.required && fields.get(known.name).is_none() {
                reader.wrong(
                    field.at,
                    format!("`{}` lacks its `{}`", field.name, known.name),
                    format!("{} needs it", request.name),
                );
                entries.push(None);
            }
        }
        all(entries).map(ArgumentValue::Map)
    }
}

/// Whether a value has the API's type. The zone determines which instant a date is, not whether it is one.
fn fits(value: Json, field: FieldNode<'_>, content: FieldContent) -> Result<(), String> {
    let path = format!("`{}`", field.name);
    fit(value, content, &path, (&Json::Null, &TimeZone::UTC)).map(drop)
}

fn literal(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    content: FieldContent,
) -> Option<ArgumentValue> {
    let json = match (json(field.node), content) {
        // As written: 007 must not become 7.
        (Some(Json::Number(_)), content) if content.is_text() => {
            Json::String(reader.written(field.node.span).to_owned())
        }
        (Some(json), _) => json,
        (None, _) => {
            reader.mismatch(field, "a value", "quote it: \"{{ … }}\"");
            return None;
        }
    };
    match fits(json.clone(), field, content) {
        Ok(()) => Some(ArgumentValue::Literal(json)),
        Err(error) => {
            let help = if matches!(content, FieldContent::Word(_)) {
                "write one of them"
            } else {
                "write such a value, or a \"{{ template }}\" that returns one"
            };
            reader.wrong(field.node.span, error, help);
            None
        }
    }
}

/// The node as JSON; none if it has a map with a collection as a key.
fn json(node: &Node) -> Option<Json> {
    Some(match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(json).collect::<Option<_>>()?),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|entry| Some((entry.key.text.clone(), json(&entry.value)?)))
                .collect::<Option<_>>()?,
        ),
        Value::CollectionKey => return None,
    })
}
