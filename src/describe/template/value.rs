//! The engine's values as JSON, as text, and by name.

use minijinja::value::{Value, ValueKind};
use serde_json::{Map, Number, Value as Json};

use super::{
    instant::{CalendarSpan, Instant},
    record::{ListObject, RecordObject},
};

/// Whether a value is none, or stands for an absent record or list of the API.
pub(super) fn is_none(value: &Value) -> bool {
    if let Some(record) = value.downcast_object_ref::<RecordObject>() {
        return record.json().is_none();
    }
    if let Some(list) = value.downcast_object_ref::<ListObject>() {
        return list.json().is_none();
    }
    value.is_none()
}

/// What a value is called in a message.
pub(super) fn word(value: &Value) -> &'static str {
    if value.downcast_object_ref::<Instant>().is_some() {
        return "an instant";
    }
    if value.downcast_object_ref::<CalendarSpan>().is_some() {
        return "a span of time";
    }
    if is_none(value) {
        return "none";
    }
    match value.kind() {
        ValueKind::Undefined => "undefined",
        ValueKind::None => "none",
        ValueKind::Bool => "true or false",
        ValueKind::Number => "a number",
        ValueKind::String => "text",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "an object",
        // The kinds of a crate may grow.
        _ => "no value of JSON",
    }
}

/// The value as JSON, of its own type; an absent record or list is null, an instant or span is text.
pub(super) fn to_json(value: &Value) -> Result<Json, String> {
    if let Some(record) = value.downcast_object_ref::<RecordObject>() {
        return Ok(record.json().cloned().unwrap_or_default());
    }
    if let Some(list) = value.downcast_object_ref::<ListObject>() {
        return Ok(list.json().cloned().unwrap_or_default());
    }
    match value.kind() {
        ValueKind::None => Ok(Json::Null),
        ValueKind::Bool => Ok(Json::Bool(value.is_true())),
        ValueKind::Number => number(value).map(Json::Number),
        ValueKind::String => Ok(Json::String(value.as_str().unwrap_or_default().to_owned())),
        ValueKind::Seq | ValueKind::Iterable => items(value)?
            .map(|item| to_json(&item))
            .collect::<Result<_, _>>()
            .map(Json::Array),
        ValueKind::Map => items(value)?
            .map(|key| {
                let name = key.as_str().ok_or("a map's keys must be text")?.to_owned();
                let item = value.get_item(&key).map_err(|error| error.to_string())?;
                Ok((name, to_json(&item)?))
            })
            .collect::<Result<Map<_, _>, String>>()
            .map(Json::Object),
        ValueKind::Undefined => Err("the value is undefined".to_owned()),
        _ if value.downcast_object_ref::<Instant>().is_some()
            || value.downcast_object_ref::<CalendarSpan>().is_some() =>
        {
            Ok(Json::String(value.to_string()))
        }
        _ => Err(format!("{} can't be JSON", word(value))),
    }
}

/// The value inside of a text: booleans and numbers as JSON writes them, instants in whole seconds.
pub(super) fn to_text(value: &Value) -> Result<String, String> {
    if is_none(value) {
        return Err("a value inside of a text is none: add `| default(\"…\")`".to_owned());
    }
    if let Some(instant) = value.downcast_object_ref::<Instant>() {
        return Ok(instant.in_whole_seconds());
    }
    match to_json(value)? {
        Json::String(text) => Ok(text),
        json @ (Json::Bool(_) | Json::Number(_)) => Ok(json.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(format!(
            "{} can't be part of a text: take one value of it, or `| join(\", \")` a list",
            word(value)
        )),
    }
}

/// The whole number that a value is, also as text.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => value.as_i64(),
    }
}

fn number(value: &Value) -> Result<Number, String> {
    let whole = value.is_integer();
    let exact = whole.then(|| value.as_i64().map(Number::from)).flatten();
    exact
        .or_else(|| whole.then(|| u64::try_from(value.clone()).ok().map(Number::from))?)
        .or_else(|| {
            let float = f64::try_from(value.clone()).ok()?;
            Number::from_f64(float)
        })
        .ok_or_else(|| "the number is not one that JSON has".to_owned())
}

fn items(value: &Value) -> Result<impl Iterator<Item = Value>, String> {
    value.try_iter().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_went_in() {
        for json in [
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(-1),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(2.5),
            json!(1.0),
            json!(""),
            json!("a"),
            json!("a longer text than a small string holds"),
            json!([]),
            json!([1, [true, null]]),
            json!({"a": {"b": []}, "c": 1.5}),
        ] {
            assert_eq!(to_json(&Value::from(Serde(&json))), Ok(json));
        }
    }

    #[test]
    fn a_text_shows_booleans_and_numbers_as_json_does() {
        for (json, text) in [
            (json!(true), "true"),
            (json!(false), "false"),
            (json!(7), "7"),
            (json!(2.5), "2.5"),
            (json!("x"), "x"),
        ] {
            assert_eq!(to_text(&Value::from(Serde(&json))).as_deref(), Ok(text));
        }
    }

    #[test]
    fn none_and_lists_do_not_slip_into_a_text() {
        assert!(to_text(&Value::from(())).unwrap_err().contains("default"));
        assert!(to_text(&Value::from(vec![1])).unwrap_err().contains("join"));
        assert!(
            to_text(&Value::UNDEFINED)
                .unwrap_err()
                .contains("undefined")
        );
        assert!(to_json(&Value::from(f64::NAN)).is_err());
    }
}
