//! The JSON Schema of a playbook, for editors: made from the same tables as the checks.
//!
//! It helps while writing. What a schema can't say (names in expressions, levels, what belongs together) is checked by
//! `validate` alone.

use serde_json::{Map, Value, json};

use crate::{
    action::{self, ActionKind, Allow, Argument, ArgumentsForm, ValueForm},
    api::{
        Generation, Level,
        types::{self, FieldContent, RequestType},
    },
};

/// The name of the file that playbooks refer to.
pub const SCHEMA_FILE: &str = "wf-bulk.schema.json";

/// The schema as a JSON document, draft 7, which editors know best.
pub fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "wf-bulk playbook",
        "description": "Which workflow executions, and what to change. `wf-bulk validate` checks what a schema can't say.",
        "type": "object",
        "required": ["version", "name", "select", "actions"],
        "additionalProperties": false,
        "properties": {
            "version": {"const": 1},
            "name": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": {"type": "string"},
            "timezone": {"type": "string", "description": "A name of the IANA database; Europe/Berlin unless given."},
            "calendar": one_or_more(&json!({
                "type": "string",
                "description": "DE, a state like DE-NW, or a file of dates.",
            })),
            "vars": {"type": "object", "description": "null: required on the command line."},
            "select": select(),
            "actions": {"type": "array", "minItems": 1, "items": {"anyOf": actions()}},
            "guards": guards(),
            "pace": pace(),
            "repeatable": {"type": "boolean"},
        },
    })
}

fn select() -> Value {
    let text = || json!({"type": "string"});
    let id = || json!({"type": ["string", "number"]});
    let entity = json!({
        "type": "object", "required": ["id", "schema"], "additionalProperties": false,
        "properties": {"id": id(), "schema": text()},
    });
    let entities = json!({"type": "array", "minItems": 1, "items": entity});
    let api = json!({"enum": ["v1", "v2"]});
    let sources = ["flows", "executions", "ids", "rows", "entities"]
        .map(|source| json!({"required": [source]}));
    let levels = Level::ALL.map(Level::word);
    json!({
        "type": "object",
        "oneOf": sources,
        "additionalProperties": false,
        "properties": {
            "flows": object(&json!({
                "entities": {"anyOf": [entities.clone(), object(&json!({"file": text()})), object(&json!({"query": text()}))]},
            })),
            "executions": {"anyOf": [
                object(&json!({"list": nothing_or(&object(&json!({"context": text(), "schema": text()})))})),
                object(&json!({"search": nothing_or(&object(&json!({
                    "name": text(), "status": {"enum": ["STARTED", "DONE", "CLOSED"]}, "assigned_to": id(),
                    "include_done": {"type": "boolean"},
                    "sorting": {"enum": ["A_Z", "Z_A", "DUE_DATE_ASC", "DUE_DATE_DESC", "TRIGGER_DATE_ASC", "TRIGGER_DATE_DESC"]},
                })))})),
            ]},
            "ids": {"anyOf": [
                {"type": "array", "minItems": 1, "items": id()},
                object(&json!({"list": {"type": "array", "items": id()}, "file": text(), "api": api.clone()})),
            ]},
            "rows": object(&json!({"file": text(), "id": text(), "api": api.clone()})),
            "entities": {"anyOf": [
                entities.clone(),
                object(&json!({"list": entities, "file": text(), "query": text(), "api": api})),
            ]},
            "where": expression(),
            "each": {"enum": levels},
            "where_each": expression(),
            "exclude": {"type": "array", "items": id()},
            "limit": {"type": "integer", "minimum": 1},
        },
    })
}

/// Each action by its name, and as a map where it has arguments.
fn actions() -> Vec<Value> {
    let bare: Vec<&str> = action::ALL
        .into_iter()
        .filter(|kind| {
            matches!(
                kind.form,
                ArgumentsForm::None | ArgumentsForm::OptionalMap(_)
            )
        })
        .map(|kind| kind.word)
        .collect();
    let maps = action::ALL.into_iter().map(|kind| {
        let mut properties = Map::new();
        properties.insert(kind.word.to_owned(), arguments(kind));
        properties.insert("when".to_owned(), expression());
        let levels: Vec<&str> = kind.levels.iter().map(|level| level.word()).collect();
        properties.insert("on".to_owned(), one_or_more(&json!({"enum": levels})));
        properties.insert("name".to_owned(), json!({"type": "string"}));
        if matches!(kind.form, ArgumentsForm::RequestFields) {
            properties.insert("converges".to_owned(), json!({"type": "boolean"}));
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

/// What an argument holds, with its description.
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
        ValueForm::Field(..) => form.content().map_or_else(template, content),
        ValueForm::Object => json!({"type": "object"}),
        ValueForm::Entities => {
            json!({"type": "array", "items": object(&json!({"id": template(), "schema": template()}))})
        }
    }
}

fn guards() -> Value {
    let allow: Vec<&str> = Allow::words().map(|(word, _)| word).collect();
    object(&json!({
        "max_changes": {"type": "integer", "minimum": 1},
        "max_percent": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
        "expect": object(&json!({"min": {"type": "integer", "minimum": 0}, "max": {"type": "integer", "minimum": 0}})),
        "allow": {"type": "array", "items": {"enum": allow}},
        "rejected": {"enum": ["refuse", "allow"]},
    }))
}

fn pace() -> Value {
    let count = || json!({"type": "integer", "minimum": 1});
    let share =
        || json!({"anyOf": [count(), {"type": "string", "pattern": "^[0-9]+$|^[0-9.]+ *%$"}]});
    object(&json!({
        "rate": {"type": "string", "pattern": "^[0-9.]+ */ *(s|min)$"},
        "burst": count(), "concurrency": count(), "stop_after": count(),
        "max_errors": share(), "stages": {"type": "array", "items": share()},
    }))
}

/// A map with these keys and no others.
fn object(properties: &Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// A key that may stand there without a value.
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

/// A value of this form, or a template that gives one.
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

/// What a field of a request may hold, or a template that gives it.
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
