//! The API's JSON as lazy objects: nothing is converted until it is asked for.
//!
//! A field of the type that is absent or null reads as none: a scalar as none itself, a record as an object that
//! is false and whose fields are none again, a list as an empty one that counts as none. So a chain like
//! `task.schedule.reference.id` never fails. Where the JSON is not of its declared shape, it is shown as it is. A
//! name that is not in the type can't be reached.

use std::sync::Arc;

use minijinja::{
    Error,
    value::{Enumerator, Object, ObjectRepr, Serde, Value},
};
use serde_json::Value as Json;

use super::ops::wrong;
use crate::{
    api::types::{RecordType, Shape},
    json,
};

/// A place in a shared JSON document.
#[derive(Clone, Debug)]
enum DocumentPlace {
    Root(Arc<Json>),
    Field(Arc<DocumentPlace>, &'static str),
    Item(Arc<DocumentPlace>, usize),
}

impl DocumentPlace {
    /// The JSON there; none when it is absent or null.
    fn json(&self) -> Option<&Json> {
        match self {
            Self::Root(json) => Some(&**json),
            Self::Field(parent, name) => parent.json()?.get(name),
            Self::Item(parent, index) => parent.json()?.get(index),
        }
        .filter(|json| !json.is_null())
    }
}

/// An object of the API.
#[derive(Debug)]
pub(super) struct RecordObject {
    place: Arc<DocumentPlace>,
    record: &'static RecordType,
    parents: Vec<(&'static str, Value)>,
}

/// A list of the API.
#[derive(Debug)]
pub(super) struct ListObject {
    place: Arc<DocumentPlace>,
    item: Shape,
}

/// The enclosing objects of a target, by the names that the target's type gives them.
pub(super) type Parents = Vec<(&'static str, Arc<Json>, &'static RecordType)>;

/// `data` as an object of `record`; its parents can be reached by the names that the type knows.
pub(super) fn target(data: Arc<Json>, record: &'static RecordType, parents: &Parents) -> Value {
    let parents = parents
        .iter()
        .filter(|(name, _, _)| record.parent(name).is_some())
        // A type's parents get fewer on the way up, so this ends.
        .map(|(name, data, record)| (*name, target(data.clone(), record, parents)))
        .collect();
    Value::from_object(RecordObject {
        place: Arc::new(DocumentPlace::Root(data)),
        record,
        parents,
    })
}

fn read(place: DocumentPlace, shape: Shape) -> Value {
    if let Some(why) = place.json().and_then(json::unreadable) {
        return Value::from(wrong(format!("a value can't be read: {why}")));
    }
    match (shape, place.json()) {
        (Shape::Record(record), None | Some(Json::Object(_))) => Value::from_object(RecordObject {
            place: Arc::new(place),
            record,
            parents: Vec::new(),
        }),
        (Shape::List(item), None | Some(Json::Array(_))) => {
            // What is looked for among values must not be missed because one of them could not be kept.
            match (item, place.json().map(readable)) {
                (Shape::Record(_), _) | (_, None | Some(Ok(_))) => {}
                (_, Some(Err(error))) => return Value::from(error),
            }
            Value::from_object(ListObject {
                place: Arc::new(place),
                item: *item,
            })
        }
        (
            Shape::Text
            | Shape::Word(_)
            | Shape::Date
            | Shape::Number
            | Shape::Bool
            | Shape::Any
            | Shape::Record(_)
            | Shape::List(_),
            json,
        ) => json.map_or(Value::from(()), native),
    }
}

/// JSON as a value of the engine's own; for small or open parts. One of which a part could not be kept fails where it is
/// used.
pub(super) fn native(json: &Json) -> Value {
    if let Err(error) = readable(json) {
        return Value::from(error);
    }
    match json {
        Json::String(text) => Value::from(text.as_str()),
        json => Value::from(Serde(json)),
    }
}

/// # Errors
///
/// When a part of it could not be kept.
fn readable(json: &Json) -> Result<&Json, Error> {
    match json::find_unreadable(json) {
        None => Ok(json),
        Some((_, why)) => Err(wrong(format!("a value can't be read: {why}"))),
    }
}

impl RecordObject {
    /// The JSON behind it; none when it is absent.
    pub(super) fn json(&self) -> Option<&Json> {
        self.place.json()
    }

    /// The first of `names` that is in the type and has a value.
    ///
    /// # Errors
    ///
    /// When a part of the value could not be kept.
    pub(super) fn first(&self, names: &[&str]) -> Result<Option<&Json>, Error> {
        let names = names
            .iter()
            .filter(|name| self.record.field(name).is_some());
        let mut values = names.filter_map(|name| self.json()?.get(name));
        values
            .find(|json| !json.is_null())
            .map(readable)
            .transpose()
    }
}

impl Object for RecordObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if let Some(parent) = self.record.parent(key) {
            let known = self.parents.iter().find(|(name, _)| *name == key);
            return Some(known.map_or_else(
                || target(Arc::new(Json::Null), parent.record, &Vec::new()),
                |(_, value)| value.clone(),
            ));
        }
        let field = self.record.field(key)?;
        Some(read(
            DocumentPlace::Field(self.place.clone(), field.name),
            field.shape,
        ))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let json = self.json();
        let present = self
            .record
            .fields
            .iter()
            .map(|field| field.name)
            .filter(|name| json.is_some_and(|json| json.get(name).is_some()));
        Enumerator::Values(present.map(Value::from).collect())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.json().is_some()
    }
}

impl ListObject {
    /// The JSON behind it; none when it is absent.
    pub(super) fn json(&self) -> Option<&Json> {
        self.place.json()
    }

    fn len(&self) -> usize {
        self.json().and_then(Json::as_array).map_or(0, Vec::len)
    }
}

impl Object for ListObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    /// Beyond the end there is an absent item, as there is an absent field.
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let index = key.as_usize()?;
        Some(read(
            DocumentPlace::Item(self.place.clone(), index),
            self.item,
        ))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        api::{Generation, Level, types::record},
        template::value::{is_none, to_json},
    };

    fn task(json: Json) -> Value {
        target(
            Arc::new(json),
            record(Generation::V2, Level::Task),
            &Vec::new(),
        )
    }

    fn at(value: &Value, path: &str) -> Value {
        path.split('.')
            .fold(value.clone(), |value, name| match name.parse::<usize>() {
                Ok(index) => value.get_item_by_index(index).unwrap(),
                Err(_) => value.get_attr(name).unwrap(),
            })
    }

    #[test]
    fn what_is_absent_or_null_reads_as_none_all_the_way_down() {
        let task = task(json!({"name": null, "schedule": null, "taxonomies": null}));
        for path in [
            "name",
            "status",
            "schedule",
            "schedule.reference",
            "schedule.reference.id",
            "taxonomies",
            "taxonomies.7",
            "conditions.0.statements.0.source.date_offset.amount",
            "phase",
            "phase.name",
            "execution.contexts.0.entity_id",
        ] {
            let value = at(&task, path);
            assert!(is_none(&value), "{path} is {value:?}");
            assert!(!value.is_true(), "{path}");
            assert_eq!(to_json(&value), Ok(Json::Null), "{path}");
        }
    }

    #[test]
    fn values_keep_their_json_type() {
        let task = task(json!({
            "name": "a", "enabled": false, "taxonomies": ["x"],
            "assigned_to": ["10010", {"variable": "v", "value": ["1"]}],
            "schedule": {"duration": 2.5},
        }));
        for (path, json) in [
            ("name", json!("a")),
            ("enabled", json!(false)),
            ("taxonomies", json!(["x"])),
            ("taxonomies.0", json!("x")),
            ("assigned_to.1.value.0", json!("1")),
            ("schedule", json!({"duration": 2.5})),
            ("schedule.duration", json!(2.5)),
        ] {
            assert_eq!(to_json(&at(&task, path)), Ok(json), "{path}");
        }
    }

    #[test]
    fn a_name_outside_of_the_type_is_not_reachable() {
        let task = task(json!({"secret": 1, "schedule": {"more": 2}}));
        assert!(at(&task, "secret").is_undefined());
        assert!(at(&task, "schedule.more").is_undefined());
        assert!(
            !task
                .try_iter()
                .unwrap()
                .any(|key| key.as_str() == Some("secret"))
        );
    }

    #[test]
    fn json_of_another_shape_is_shown_as_it_is() {
        let task = task(json!({"schedule": "soon", "name": 7, "taxonomies": {"a": 1}}));
        assert_eq!(at(&task, "schedule").as_str(), Some("soon"));
        assert_eq!(at(&task, "name").as_i64(), Some(7));
        assert_eq!(at(&task, "taxonomies.a").as_i64(), Some(1));
    }

    #[test]
    fn a_task_reaches_its_phase_and_both_their_execution() {
        let of = |level| record(Generation::V2, level);
        let parents = vec![
            ("phase", Arc::new(json!({"name": "P"})), of(Level::Phase)),
            (
                "execution",
                Arc::new(json!({"name": "E"})),
                of(Level::Execution),
            ),
        ];
        let task = target(Arc::new(json!({"name": "T"})), of(Level::Task), &parents);
        for (path, name) in [
            ("name", "T"),
            ("phase.name", "P"),
            ("execution.name", "E"),
            ("phase.execution.name", "E"),
        ] {
            assert_eq!(at(&task, path).as_str(), Some(name), "{path}");
        }
    }
}
