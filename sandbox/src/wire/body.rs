//! A request's body: JSON, an object, without nulls, without fields that the type lacks.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::refused::Refused;

/// Reads a request's body as `T`, which denies unknown fields.
///
/// A null is refused wherever it stands: the API's types have optional fields, no nullable ones, and serde
/// would take it for an absent field.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refused::Invalid(format!("the body is not JSON: {error}")))?;
    if !value.is_object() {
        return Err(Refused::invalid("the body must be an object"));
    }
    if let Some(place) = null_in(&value) {
        return Err(Refused::Invalid(format!("{place} must not be null")));
    }
    serde_json::from_value(value)
        .map_err(|error| Refused::Invalid(format!("the body is not valid: {error}")))
}

/// The place of the first null, as a dotted path.
fn null_in(value: &Value) -> Option<String> {
    let join = |key: &str, rest: String| match rest.as_str() {
        "" => key.to_owned(),
        _ => format!("{key}.{rest}"),
    };
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        Value::Array(items) => (0..)
            .zip(items)
            .find_map(|(index, item): (usize, _)| Some(join(&index.to_string(), null_in(item)?))),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(key, item)| Some(join(key, null_in(item)?))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::v2_requests::PatchTask;

    #[test]
    fn what_the_type_does_not_allow_is_refused_with_a_reason() {
        for (body, reason) in [
            ("", "not JSON"),
            ("{", "not JSON"),
            ("[]", "must be an object"),
            ("\"x\"", "must be an object"),
            (r#"{"due_date":null}"#, "due_date must not be null"),
            (
                r#"{"assigned_to":["1",null]}"#,
                "assigned_to.1 must not be null",
            ),
            (r#"{"assignedTo":["1"]}"#, "unknown field `assignedTo`"),
            (r#"{"assigned_to":"1"}"#, "invalid type: string"),
            (r#"{"assigned_to":[1]}"#, "an assignee is"),
            (r#"{"assigned_to":[{"value":["1"]}]}"#, "an assignee is"),
            (
                r#"{"assigned_to":[{"variable":"x","values":[]}]}"#,
                "an assignee is",
            ),
            (r#"{"status":"OPEN"}"#, "unknown variant `OPEN`"),
            (r#"{"due_date":"2026-02-30T00:00:00.000"}"#, "due date"),
        ] {
            match parse::<PatchTask>(body.as_bytes()) {
                Err(Refused::Invalid(message)) => {
                    assert!(message.contains(reason), "{body}: {message}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_variable_assignee_is_kept_as_it_was_sent() {
        let sent = json!({"assigned_to": ["10010", {"variable": "{{a}}"}, {"variable": "{{b}}", "value": ["1"]}]});
        let patch: PatchTask = parse(sent.to_string().as_bytes()).unwrap();
        assert_eq!(
            serde_json::to_value(patch.assigned_to).unwrap(),
            sent["assigned_to"]
        );
    }
}
