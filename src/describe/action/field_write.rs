//! One field of a request's body: what it changes, and which value undoes that.

use serde_json::{Map, Value, json};

use super::{
    same::{at, is_empty, same},
    status::current_name,
};
use crate::json;

/// One field of a request's body. Paths are dotted: `closing_reason.selected_reasons`.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldWrite {
    pub path: &'static str,
    /// The target's present value; null if absent.
    pub before: Value,
    pub after: Value,
    /// Whether it is sent even if it changes nothing: the service requires it with another field.
    pub goes_along: bool,
}

impl FieldWrite {
    /// Writes `after` into a field of the target `data`.
    pub fn new(data: &Value, path: &'static str, after: Value) -> Self {
        Self {
            path,
            before: json::get(data, path).cloned().unwrap_or_default(),
            after,
            goes_along: false,
        }
    }

    /// Whether the field has another value afterwards.
    pub fn changes(&self) -> bool {
        !same(self.path, &self.before, &self.after)
    }

    /// Merges a later write of the same field.
    pub fn merge(&mut self, later: Self) {
        self.after = later.after;
        self.goes_along |= later.goes_along;
    }
}

/// The value that changes `after` back to `before`. Requests contain no nulls: an empty list clears a list, but nothing clears a text,
/// number or object.
///
/// # Errors
///
/// Why no value does.
pub fn back(path: &str, before: &Value, after: &Value) -> Result<Value, String> {
    match (before, after) {
        (Value::Null, Value::Array(_)) => Ok(json!([])),
        (Value::Null, empty) if is_empty(empty) => Ok(empty.clone()),
        (Value::Null, _) => Err(format!("{path} had no value, and the API can't clear it")),
        (Value::Object(fields), Value::Object(written)) => {
            let mut whole = without_nulls(fields);
            for (name, after) in written {
                let value = back(&format!("{path}.{name}"), at(fields, name), after)?;
                whole.insert(name.clone(), value);
            }
            Ok(Value::Object(whole))
        }
        (Value::Object(fields), _) => Ok(Value::Object(without_nulls(fields))),
        // Two deprecated statuses mean the same as PENDING.
        (Value::String(status), _) if path == "status" => Ok(json!(current_name(status))),
        (before, _) => Ok(before.clone()),
    }
}

fn without_nulls(fields: &Map<String, Value>) -> Map<String, Value> {
    let fields = fields.iter().filter(|(_, value)| !value.is_null());
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &'static str, before: &Value, after: &Value) -> FieldWrite {
        FieldWrite::new(&json!({path: before}), path, after.clone())
    }

    #[test]
    fn what_was_there_comes_back_and_what_was_not_does_not_but_for_lists() {
        for (before, after, undo) in [
            (json!("a"), json!("b"), Ok(json!("a"))),
            (json!(""), json!("b"), Ok(json!(""))),
            (json!(null), json!("b"), Err("f")),
            (json!(null), json!(true), Err("f")),
            (json!(null), json!({"a": 1}), Err("f")),
            (json!(null), json!(["1"]), Ok(json!([]))),
            (json!(["2"]), json!(["1"]), Ok(json!(["2"]))),
            // Of an object each field that is written has to come back.
            (
                json!({"a": 1, "b": null}),
                json!({"a": 2}),
                Ok(json!({"a": 1})),
            ),
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 2}),
                Ok(json!({"a": 1, "b": 2})),
            ),
            (
                json!({"a": 1, "b": null}),
                json!({"a": 1, "b": 2}),
                Err("f.b"),
            ),
            (json!({"a": {}}), json!({"a": {"b": "x"}}), Err("f.a.b")),
        ] {
            let undo =
                undo.map_err(|path| format!("{path} had no value, and the API can't clear it"));
            assert_eq!(back("f", &before, &after), undo, "{before} to {after}");
        }
    }

    #[test]
    fn what_nobody_can_tell_apart_is_no_change() {
        for (path, before, after, changes) in [
            ("f", json!("a"), json!("b"), true),
            ("f", json!("a"), json!("a"), false),
            ("f", json!(null), json!(""), false),
            ("f", json!(null), json!([]), false),
            ("f", json!(null), json!(false), true),
            ("f", json!({"a": 1, "b": null}), json!({"a": 1}), false),
            ("f", json!({"a": 1, "b": 2}), json!({"a": 1}), true),
            ("f", json!(["1", "2"]), json!(["2", "1"]), true),
            (
                "assigned_to",
                json!(["1", "2"]),
                json!(["2", "1", "2"]),
                false,
            ),
            ("assignedTo", json!(null), json!([]), false),
            ("userIds", json!([1]), json!([2]), true),
        ] {
            assert_eq!(
                write(path, &before, &after).changes(),
                changes,
                "{path}: {before} to {after}"
            );
        }
    }

    #[test]
    fn a_write_that_takes_up_another_goes_back_all_the_way() {
        let mut first = write("f", &json!({"a": 1}), &json!({"a": 2}));
        first.merge(write("f", &json!({"a": 2}), &json!({"a": 2, "b": 3})));
        assert!(back("f", &first.before, &first.after).is_err());
        first.merge(write("f", &json!({"a": 2, "b": 3}), &json!({"a": 1})));
        assert!(!first.changes());
    }
}
