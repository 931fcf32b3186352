//! Checks `vars` and the overrides from the command line.

use serde_json::{Map, Number, Value as Json, value::RawValue};

use crate::document::{
    mistake::Mistake,
    node::{MapEntry, Node, Value},
    reader::{DocumentReader, FieldNode, FieldNodes, all},
};
use crate::text::did_you_mean;

/// The values of `--var name=value`, in the given order: of two for one name, the later counts.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Vec<(String, String)>);

impl Overrides {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rfind(|(given, _)| given == name)?;
        Some(&found.1)
    }
}

impl FromIterator<(String, String)> for Overrides {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// All variables with their values. A variable with a wrong value is null, so that its uses are not reported as well.
pub(super) fn check(
    reader: &mut DocumentReader<'_>,
    top: &FieldNodes<'_>,
    overrides: &Overrides,
) -> Map<String, Json> {
    let field = top.get("vars").filter(|field| !field.is_empty());
    let entries = field
        .and_then(|field| reader.free_map(field, "a map of names and values", "leaver"))
        .map_or(&[][..], |fields| fields.entries);
    let mut vars = Map::new();
    for MapEntry { key, value: node } in entries {
        let field = FieldNode::of(key, node);
        if !is_name(&key.text) {
            reader.wrong(
                key.span,
                format!("`{}` is not a valid variable name", key.text),
                "use letters, digits and _, and no digit at the start",
            );
        }
        let value = value(reader, field, overrides.get(&key.text))
            .filter(|value| is_short(reader, field, value));
        vars.insert(key.text.clone(), value.unwrap_or(Json::Null));
    }
    note_unknown(reader, field, &vars, overrides);
    vars
}

fn note_unknown(
    reader: &mut DocumentReader<'_>,
    field: Option<FieldNode<'_>>,
    vars: &Map<String, Json>,
    overrides: &Overrides,
) {
    let known: Vec<&str> = vars.keys().map(String::as_str).collect();
    let mut unknown: Vec<&str> = overrides.0.iter().map(|(name, _)| name.as_str()).collect();
    unknown.retain(|name| !vars.contains_key(*name));
    unknown.dedup();
    for name in unknown {
        let help = if known.is_empty() {
            "this playbook has no vars".to_owned()
        } else {
            did_you_mean(name, &known)
        };
        let message = format!("--var {name}: there is no variable of this name");
        reader.note(Mistake::new(field.map(|field| field.at), message).help(help));
    }
}

/// The maximum bytes of a text in a variable, as of one in an action.
const MAX_TEXT: usize = 16 * 1024;

/// The maximum number of values in a variable: each expression that uses it looks through them.
const MAX_VALUES: usize = 1000;

fn is_short(reader: &mut DocumentReader<'_>, field: FieldNode<'_>, value: &Json) -> bool {
    if values_in(value) > MAX_VALUES {
        reader.wrong(
            field.at,
            format!(
                "the variable `{}` has more than {MAX_VALUES} values",
                field.name
            ),
            "select with a file instead: `ids`, `rows` or --only-file",
        );
        return false;
    }
    let is_short = value.as_str().is_none_or(|text| text.len() <= MAX_TEXT);
    if !is_short {
        reader.wrong(
            field.at,
            format!(
                "the variable `{}` is longer than {} KiB",
                field.name,
                MAX_TEXT / 1024
            ),
            "write a shorter text; a list of ids can stand in a file for `--only-file`",
        );
    }
    is_short
}

/// The values in a list or map, at any depth.
fn values_in(value: &Json) -> usize {
    match value {
        Json::Array(items) => items.iter().map(|item| 1 + values_in(item)).sum(),
        Json::Object(fields) => fields.values().map(|item| 1 + values_in(item)).sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn value(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    given: Option<&str>,
) -> Option<Json> {
    let default = json(reader, field, field.node)?;
    let Some(given) = given else {
        if default.is_null() {
            reader.wrong(
                field.at,
                format!("the variable `{}` has no value", field.name),
                format!("give it one: --var {}=…", field.name),
            );
            return None;
        }
        return Some(default);
    };
    match typed(&default, given) {
        Ok(value) => Some(value),
        Err(Unfit::Kind(expected)) => {
            reader.wrong(
                field.at,
                format!(
                    "--var {}={given}: `{}` must be {expected}, because its default has this type",
                    field.name, field.name
                ),
                format!("write {expected}, or change the default in the playbook"),
            );
            None
        }
        Err(Unfit::Digits) => {
            reader.wrong(
                field.at,
                format!(
                    "--var {}={given}: too many digits for a number",
                    field.name
                ),
                "if it is an id, put quotes around the default in the playbook, and in a list around each entry, like '[\"1.10\"]'",
            );
            None
        }
    }
}

/// Why a value on the command line can't be used.
#[derive(Debug, PartialEq, Eq)]
enum Unfit {
    /// It has another type than the default; the expected type.
    Kind(&'static str),
    Digits,
}

/// The given text as a value of the default's type.
fn typed(default: &Json, given: &str) -> Result<Json, Unfit> {
    let kept = |value: Json| match serde_json::from_str(given) {
        Ok(json) if loses_digits(json) => Err(Unfit::Digits),
        Ok(_) | Err(_) => Ok(value),
    };
    match default {
        Json::Null | Json::String(_) => Ok(given.into()),
        Json::Bool(_) => given
            .parse()
            .map(Json::Bool)
            .map_err(|_| Unfit::Kind("true or false")),
        Json::Number(_) => serde_json::from_str(given)
            .map_err(|_| Unfit::Kind("a number"))
            .and_then(|number| kept(Json::Number(number))),
        Json::Array(_) | Json::Object(_) => serde_json::from_str(given)
            .ok()
            .filter(is_list_of_scalars)
            .ok_or(Unfit::Kind("a JSON list such as [\"a\", \"b\"]"))
            .and_then(kept),
    }
}

/// Whether a number in a JSON text would be written differently afterwards: `1.10`, or one with too many digits.
fn loses_digits(json: &RawValue) -> bool {
    let text = json.get();
    match text.as_bytes().first() {
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
            .is_ok_and(|entries| entries.into_iter().any(loses_digits)),
        Some(b'-' | b'0'..=b'9') => {
            serde_json::from_str::<Number>(text).is_ok_and(|number| number.to_string() != text)
        }
        Some(_) | None => false,
    }
}

fn is_list_of_scalars(value: &Json) -> bool {
    let is_scalar = |item: &Json| item.is_string() || item.is_number() || item.is_boolean();
    value
        .as_array()
        .is_some_and(|items| items.iter().all(is_scalar))
}

fn json(reader: &mut DocumentReader<'_>, field: FieldNode<'_>, node: &Node) -> Option<Json> {
    match &node.value {
        Value::Null => Some(Json::Null),
        Value::Bool(value) => Some(Json::Bool(*value)),
        Value::Number(number) => {
            let written = reader.written(node.span);
            // An alias refers to its anchor, whose text is elsewhere.
            if *written != number.to_string() {
                reader.wrong(
                    node.span,
                    format!("YAML reads {written} as the number {number}"),
                    format!("quote it where it is an id or text: \"{written}\"; as a number, write {number}"),
                );
                return None;
            }
            Some(Json::Number(number.clone()))
        }
        Value::Text(text) if text.contains("{{") => {
            reader.wrong(
                node.span,
                format!("the variable `{}` can't hold a template", field.name),
                "write the value itself: `{{ }}` works in the values of actions",
            );
            None
        }
        Value::Text(text) => Some(Json::String(text.clone())),
        Value::List(items) => {
            all(items.iter().map(|item| item_json(reader, field, item))).map(Json::Array)
        }
        Value::Map(_) | Value::CollectionKey => {
            let field = FieldNode { node, ..field };
            let help = "maps are not for vars: make a variable of each of its values";
            reader.mismatch(field, "text, a number, true, false or a list", help);
            None
        }
    }
}

/// An item of a list: one value of the kinds that `--var` accepts.
fn item_json(reader: &mut DocumentReader<'_>, field: FieldNode<'_>, item: &Node) -> Option<Json> {
    let (what, help) = match &item.value {
        Value::Null => ("empty", "write a value, or leave the item out"),
        Value::List(_) => (
            "a list",
            "write all values in one list, like [\"a\", \"b\"]",
        ),
        Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::CollectionKey => {
            return json(reader, field, item);
        }
    };
    let message = format!(
        "an item of the variable `{}` must be text, a number, true or false, not {what}",
        field.name
    );
    reader.wrong(item.span, message, help);
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_override_gets_the_type_of_the_default() {
        let list = || Err(Unfit::Kind("a JSON list such as [\"a\", \"b\"]"));
        for (default, given, expected) in [
            (json!("x"), "10011", Ok(json!("10011"))),
            (json!("x"), "", Ok(json!(""))),
            (Json::Null, "true", Ok(json!("true"))),
            (json!(1), "2.5", Ok(json!(2.5))),
            (json!(1), "two", Err(Unfit::Kind("a number"))),
            (json!(1), "123456789012345678901234", Err(Unfit::Digits)),
            (json!(1), "1.10", Err(Unfit::Digits)),
            (json!(1), "1e3", Err(Unfit::Digits)),
            (json!(1), "-7", Ok(json!(-7))),
            (
                json!(["a"]),
                "[123456789012345678901234]",
                Err(Unfit::Digits),
            ),
            (
                json!(["a"]),
                "[\"a\\\" 1.10\", 2]",
                Ok(json!(["a\" 1.10", 2])),
            ),
            (json!(1), "NaN", Err(Unfit::Kind("a number"))),
            (json!(true), "false", Ok(json!(false))),
            (json!(true), "no", Err(Unfit::Kind("true or false"))),
            (json!([1]), "[\"a\", [2]]", list()),
            (json!([1]), "[null]", list()),
            (json!([1]), "[\"a\", true, 2]", Ok(json!(["a", true, 2]))),
            (json!([1]), "a,b", list()),
            (json!([1]), "{}", list()),
            (json!([1]), "[{}]", list()),
        ] {
            assert_eq!(typed(&default, given), expected, "{default} {given}");
        }
    }

    #[test]
    fn of_two_values_for_one_name_the_later_counts() {
        let pairs = [("a", "1"), ("b", "2"), ("a", "3=4")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let overrides: Overrides = pairs.into_iter().collect();
        assert_eq!(overrides.get("a"), Some("3=4"));
        assert_eq!(overrides.get("c"), None);
    }

    #[test]
    fn a_name_must_be_usable_after_a_dot() {
        for (name, expected) in [
            ("leaver", true),
            ("_a1", true),
            ("1a", false),
            ("a-b", false),
            ("", false),
            ("ä", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
        }
    }
}
