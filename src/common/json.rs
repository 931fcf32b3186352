//! Dotted paths into JSON objects, objects in lists by their id, and the decoded form of answers.

mod decode;
mod items;
mod list_ahead;
mod lossy_reader;

pub use decode::{decode, find_unreadable, holds_replacement, is_plain, unreadable};
pub use items::{ItemsError, each_item};
pub use lossy_reader::LossyReader;

use serde_json::{Map, Value};

/// The value at a dotted path; absent and null are the same, as they are for the API.
pub fn get<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(object, |value, key| value.get(key))
        .filter(|value| !value.is_null())
}

/// Sets a value at a dotted path; missing objects on the way are created.
pub fn set(object: &mut Value, path: &str, value: Value) {
    let mut place = object;
    for key in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(map) => map.entry(key).or_insert(Value::Null),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => return,
        };
    }
    *place = value;
}

/// The object with this `id` in a list of the object.
pub fn item<'a>(object: &'a Value, list: &str, id: &str) -> Option<&'a Value> {
    object
        .get(list)?
        .as_array()?
        .iter()
        .find(|item| item["id"] == id)
}

/// As [`item`], to change it.
pub fn item_mut<'a>(object: &'a mut Value, list: &str, id: &str) -> Option<&'a mut Value> {
    object
        .get_mut(list)?
        .as_array_mut()?
        .iter_mut()
        .find(|item| item["id"] == id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_reads_what_it_wrote() {
        let mut object = json!({"closing_reason": {"configured_reasons": [1]}, "status": null});
        set(&mut object, "closing_reason.selected_reasons", json!([2]));
        set(&mut object, "new.deep", json!("x"));
        assert_eq!(
            object,
            json!({"closing_reason": {"configured_reasons": [1], "selected_reasons": [2]}, "status": null, "new": {"deep": "x"}})
        );
        assert_eq!(
            get(&object, "closing_reason.selected_reasons"),
            Some(&json!([2]))
        );
        assert_eq!(get(&object, "status"), None);
        assert_eq!(get(&object, "status.none"), None);
    }
}
