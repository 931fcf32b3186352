//! Whether two values of a field are equal: one comparison for planning and for the read-back.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Fields whose order and duplicates do not matter: the service may return them in another order.
const SETS: [&str; 5] = [
    "assignedTo",
    "userIds",
    "selectedClosingReasons",
    "assigned_to",
    "closing_reason.selected_reasons",
];

/// Whether the field at a dotted path has an equal value in both. Absent, null and empty are equal: the service may return any of them.
pub fn same(path: &str, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) if SETS.contains(&path) => are_same(one, other),
        (one, other) => says_the_same(one, other),
    }
}

/// Whether two lists have the same items.
pub(super) fn are_same(one: &[Value], other: &[Value]) -> bool {
    let set = |items: &[Value]| items.iter().map(Value::to_string).collect::<BTreeSet<_>>();
    one == other || set(one) == set(other)
}

pub(super) fn says_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let mut names = fields.keys().chain(others.keys());
            names.all(|name| says_the_same(at(fields, name), at(others, name)))
        }
        (Value::Null, value) | (value, Value::Null) => is_empty(value),
        (one, other) => one == other,
    }
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(super) fn at<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_repetitions_count_only_where_they_mean_something() {
        for (one, other, as_set) in [
            (json!(["1", "2"]), json!(["2", "1"]), true),
            (json!(["1", "1"]), json!(["1"]), true),
            (json!(["1"]), json!(["1", "2"]), false),
            (json!([]), json!(["1"]), false),
        ] {
            for path in SETS {
                assert_eq!(same(path, &one, &other), as_set, "{path}: {one} {other}");
                assert_eq!(same(path, &other, &one), as_set, "{path}: {other} {one}");
            }
            assert!(!same("edges", &one, &other), "{one} {other}");
        }
    }
    #[test]
    fn absent_null_and_empty_are_one_at_any_depth() {
        let null = Value::Null;
        for empty in [json!(""), json!([]), json!({}), json!(null)] {
            assert!(same("name", &empty, &null) && same("name", &null, &empty));
        }
        for value in [json!(false), json!(0), json!(" "), json!([null])] {
            assert!(!same("name", &value, &null), "{value}");
        }
        let whole = json!({"enabled": false, "value": null, "journey": {"id": null}});
        assert!(same(
            "description",
            &whole,
            &json!({"enabled": false, "journey": {}})
        ));
        assert!(!same("description", &whole, &json!({"enabled": true})));
    }
}
