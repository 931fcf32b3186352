//! Whether a field holds the same: one comparison for planning and for reading back.

use serde_json::Value;

/// The fields whose order and repetitions mean nothing: the service may give them back in another order.
const SETS: [&str; 5] = [
    "assignedTo",
    "userIds",
    "selectedClosingReasons",
    "assigned_to",
    "closing_reason.selected_reasons",
];

/// Whether the field at a dotted path holds the same in both; null means absent.
pub fn same(path: &str, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) if SETS.contains(&path) => {
            one.iter().all(|item| other.contains(item))
                && other.iter().all(|item| one.contains(item))
        }
        (one, other) => one == other,
    }
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
            (json!([]), Value::Null, false),
        ] {
            for path in SETS {
                assert_eq!(same(path, &one, &other), as_set, "{path}: {one} {other}");
                assert_eq!(same(path, &other, &one), as_set, "{path}: {other} {one}");
            }
            assert!(!same("edges", &one, &other), "{one} {other}");
        }
        assert!(same("name", &Value::Null, &Value::Null));
    }
}
