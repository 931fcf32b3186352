//! The JSON Schema of a playbook, for editors: made from the tables that the checks use.
//!
//! It helps while writing. Only `validate` checks what a schema can't express: names in expressions, levels, and dependent keys.

use serde_json::{Map, Value, json};

use super::form::{BESIDE, Form, KeyForm, PLAYBOOK};
use crate::{
    action::{self, ActionKind, Allow, Argument, ArgumentsForm, ValueForm},
    api::{
        Generation, Level,
        types::{self, FieldContent, RequestType},
    },
};

/// The file name to which playbooks refer.
pub const SCHEMA_FILE: &str = "wf-bulk.schema.json";

/// The schema as a JSON document of draft 7, which editors support best.
pub fn schema() -> Value {
    let mut schema = keys(&PLAYBOOK);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "wf-bulk playbook".into();
    schema["description"] =
        "Which workflow executions, and what to change. `wf-bulk validate` checks what a schema can't say.".into();
    schema
}

/// A map with these keys and no others.
fn keys(keys: &[KeyForm]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let mut schema = form(&key.form);
            schema["description"] = without_markup(key.doc).into();
            (key.name.to_owned(), schema)
        })
        .collect();
    let mut schema = object(&Value::Object(properties));
    let is_required = |key: &&KeyForm| key.default.is_none();
    let required: Vec<&str> = keys
        .iter()
        .filter(is_required)
        .map(|key| key.name)
        .collect();
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn form(of: &Form) -> Value {
    match of {
        Form::Number(number) => json!({"const": number}),
        Form::Text => json!({"type": "string"}),
        Form::Line(most) => json!({"type": "string", "minLength": 1, "maxLength": most}),
        Form::Id => json!({"type": ["string", "number"]}),
        Form::Bool => json!({"type": "boolean"}),
        Form::Whole(least) => json!({"type": "integer", "minimum": least}),
        Form::Percent => json!({"type": "number", "exclusiveMinimum": 0, "maximum": 100}),
        Form::Share => json!({"anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": "^[0-9]+$|^[0-9.]+ *%$"},
        ]}),
        Form::Rate => json!({"type": "string", "pattern": "^[0-9.]+ */ *(s|min)$"}),
        Form::Word(words) => json!({"enum": words}),
        Form::Level => json!({"enum": Level::ALL.map(Level::word)}),
        Form::Allow => {
            let words: Vec<&str> = Allow::words().map(|(word, _)| word).collect();
            json!({"enum": words})
        }
        Form::Expression => expression(),
        Form::Variables => json!({"type": "object"}),
        Form::Actions => json!({"type": "array", "minItems": 1, "items": {"anyOf": actions()}}),
        Form::List(item) => json!({"type": "array", "items": form(item)}),
        Form::Items(item) => json!({"type": "array", "minItems": 1, "items": form(item)}),
        Form::OneOrMore(item) => one_or_more(&form(item)),
        Form::Map(known) => keys(known),
        Form::MayBeEmpty(known) => nothing_or(&keys(known)),
        Form::OneOf(one, known) => {
            let one: Vec<Value> = one.iter().map(|name| json!({"required": [name]})).collect();
            let mut schema = keys(known);
            schema["oneOf"] = one.into();
            schema
        }
        Form::AnyOf(forms) => {
            let forms: Vec<Value> = forms.iter().map(form).collect();
            json!({"anyOf": forms})
        }
    }
}

/// Markdown as an editor without it shows it: the text of a link, and code as it is.
fn without_markup(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((shown, after)) = link.split_once("](") else {
            break;
        };
        text.push_str(before);
        text.push_str(shown);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

/// Each action by its name, and as a map if it has arguments.
fn actions() -> Vec<Value> {
    let bare: Vec<&str> = action::ALL
        .iter()
        .filter(|kind| {
            matches!(
                kind.form,
                ArgumentsForm::None | ArgumentsForm::OptionalMap(_)
            )
        })
        .map(|kind| kind.word)
        .collect();
    let maps = action::ALL.iter().map(|kind| {
        let mut properties = Map::new();
        properties.insert(kind.word.to_owned(), arguments(kind));
        for key in &BESIDE {
            let mut schema = match key.name {
                "on" => {
                    let levels: Vec<&str> = kind.levels.iter().map(|level| level.word()).collect();
                    one_or_more(&json!({"enum": levels}))
                }
                "converges" if !matches!(kind.form, ArgumentsForm::RequestFields) => continue,
                _ => form(&key.form),
            };
            schema["description"] = without_markup(key.doc).into();
            properties.insert(key.name.to_owned(), schema);
        }
        json!({
            "type": "object", "required": [kind.word], "additionalProperties": false,
            "properties": properties, "description": format!("{} {}", kind.doc, kind.example),
        })
    });
    std::iter::once(json!({"enum": bare})).chain(maps).collect()
}

fn arguments(kind: &ActionKind) -> Value {
    let map = |arguments: &[Argument]| {
        let properties = arguments
            .iter()
            .map(|argument| (argument.name.to_owned(), described(argument)));
        object(&Value::Object(properties.collect()))
    };
    match kind.form {
        ArgumentsForm::None => nothing_or(&object(&json!({}))),
        ArgumentsForm::Map(arguments) => map(arguments),
        ArgumentsForm::OptionalMap(arguments) => nothing_or(&map(arguments)),
        ArgumentsForm::ValueOrMap(arguments) => {
            let first = arguments.first().map(|argument| value(argument.value));
            json!({"anyOf": [first, map(arguments)]})
        }
        ArgumentsForm::RequestFields => {
            let mut bodies = Vec::new();
            for generation in [Generation::V1, Generation::V2] {
                let requests = Level::ALL
                    .into_iter()
                    .filter_map(|level| types::update(generation, level));
                bodies.extend(requests.map(request));
            }
            json!({"anyOf": bodies})
        }
    }
}

/// The type of an argument, with its description.
fn described(argument: &Argument) -> Value {
    let mut schema = value(argument.value);
    schema["description"] = argument.doc.into();
    schema
}

fn value(form: ValueForm) -> Value {
    match form {
        ValueForm::Text => template(),
        ValueForm::Texts => templates(),
        ValueForm::Bool => json!({"type": "boolean"}),
        ValueForm::Word(words) => json!({"enum": words}),
        ValueForm::WordOrTemplate(words) => or_template(&json!({"enum": words})),
        ValueForm::Field(..) => form
            .field()
            .map_or_else(template, |field| content(field.content)),
        ValueForm::Object => json!({"type": "object"}),
        ValueForm::Entities => {
            json!({"type": "array", "items": object(&json!({"id": template(), "schema": template()}))})
        }
    }
}

/// A map with these properties and no others.
fn object(properties: &Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// A key that may have no value.
fn nothing_or(schema: &Value) -> Value {
    json!({"anyOf": [{"type": "null"}, schema]})
}

fn one_or_more(item: &Value) -> Value {
    json!({"anyOf": [item, {"type": "array", "items": item}]})
}

fn expression() -> Value {
    json!({"type": ["string", "boolean"], "description": "An expression, without braces."})
}

/// A value in which `{{ … }}` is replaced; ids may be written without quotes.
fn template() -> Value {
    json!({"type": ["string", "number"]})
}

/// A value of this form, or a template.
fn or_template(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "string", "pattern": "\\{\\{"}]})
}

fn templates() -> Value {
    one_or_more(&template())
}

fn request(request: &'static RequestType) -> Value {
    let properties: Map<String, Value> = request
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), content(field.content)))
        .collect();
    json!({"title": request.name, "type": "object", "additionalProperties": false, "properties": properties})
}

/// The type of a field of a request, or a template.
fn content(of: FieldContent) -> Value {
    match of {
        FieldContent::Text | FieldContent::Id | FieldContent::Date => template(),
        FieldContent::Word(words) => or_template(&json!({"enum": words.words})),
        FieldContent::Number => or_template(&json!({"type": "number"})),
        FieldContent::Bool => or_template(&json!({"type": "boolean"})),
        FieldContent::Assignee => {
            json!({"anyOf": [template(), object(&json!({"variable": {"type": "string"}}))]})
        }
        FieldContent::List(item) => or_template(&json!({"type": "array", "items": content(*item)})),
        FieldContent::Object(inner) | FieldContent::Partial(inner) => or_template(&request(inner)),
    }
}
