//! What a change does to one field, in so few words that equal changes read the same.

use jiff::{
    civil::{Date, DateTime},
    fmt::temporal::Pieces,
    tz::TimeZone,
};
use serde_json::Value;

use crate::text::Untrusted;

use super::units::count;

/// Columns that a value may take; the whole values are in the plan file.
const VALUE_COLUMNS: usize = 40;

/// A field's way from before to after. Its text is escaped and bounded, so it may be kept and printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    pub(super) text: String,
    /// The date that was moved, when `text` is a distance.
    pub(super) was: Option<Date>,
}

impl Delta {
    /// Compares `before` and `after` of `field`; instants are read on the wall clock of `zone`.
    pub(super) fn of(field: &str, before: &Value, after: &Value, zone: &TimeZone) -> Self {
        moved(field, before, after, zone)
            .or_else(|| reassigned(field, before, after))
            .unwrap_or_else(|| Self::replaced(&describe(before), &describe(after)))
    }

    fn replaced(before: &str, after: &str) -> Self {
        Self {
            text: format!("{} → {}", short(before), short(after)),
            was: None,
        }
    }
}

/// Two whole values beside each other, escaped and bounded. They read the same only where they differ behind the cut.
pub(super) fn apart(one: &Value, other: &Value) -> (String, String) {
    let (left, right) = (describe(one), describe(other));
    if left == right {
        // Nothing and an empty list are both none to a reader, but not here.
        (short(&one.to_string()), short(&other.to_string()))
    } else {
        (short(&left), short(&right))
    }
}

fn short(text: &str) -> String {
    Untrusted(text).terminal().cut(VALUE_COLUMNS).to_string()
}

/// A due date that moves: the distance is what many changes have in common, not the dates.
fn moved(field: &str, before: &Value, after: &Value, zone: &TimeZone) -> Option<Delta> {
    if !matches!(field, "due_date" | "dueDate") {
        return None;
    }
    let before = wall_clock(before.as_str()?, zone)?;
    let after = wall_clock(after.as_str()?, zone)?;
    let distance = before.until(after).ok()?;
    let sign = if distance.is_negative() { '-' } else { '+' };
    let distance = distance.abs();
    let days = distance.get_days();
    let mut parts = vec![count(days.unsigned_abs().into(), "day", "days")];
    for (number, unit) in [
        (i64::from(distance.get_hours()), "h"),
        (distance.get_minutes(), "min"),
        (distance.get_seconds(), "s"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {unit}"));
        }
    }
    let text = format!("{sign}{}", parts.join(" "));
    Some(Delta {
        text,
        was: Some(before.date()),
    })
}

/// The API's dates are floating or UTC; only the latter have a place in a zone.
pub(super) fn wall_clock(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let pieces = Pieces::parse(text).ok()?;
    let stored = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    match pieces.to_numeric_offset() {
        Some(offset) => {
            let instant = offset.to_timestamp(stored).ok()?;
            Some(zone.to_datetime(instant))
        }
        None => Some(stored),
    }
}

/// Who leaves and who comes; those who stay are no news.
fn reassigned(field: &str, before: &Value, after: &Value) -> Option<Delta> {
    if !matches!(field, "assigned_to" | "assignedTo") {
        return None;
    }
    let list = |value: &Value| match value {
        Value::Null => Some(Vec::new()),
        Value::Array(entries) => Some(entries.iter().map(describe).collect::<Vec<_>>()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    };
    let before = list(before)?;
    let after = list(after)?;
    let without = |list: &[String], other: &[String]| {
        let rest: Vec<&str> = list
            .iter()
            .filter(|entry| !other.contains(entry))
            .map(String::as_str)
            .collect();
        if rest.is_empty() {
            "nobody".to_owned()
        } else {
            rest.join(", ")
        }
    };
    let leaves = without(&before, &after);
    let comes = without(&after, &before);
    // Only the order or the number of equal entries differs: then the lists are the news.
    (leaves != comes).then(|| Delta::replaced(&leaves, &comes))
}

/// A value as a reader knows it: a reason by its title, a variable by its name.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(entries) if entries.is_empty() => "none".to_owned(),
        Value::Array(entries) => entries.iter().map(describe).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let Some(title) = text("title") {
                title.to_owned()
            } else if let Some(name) = text("name") {
                name.to_owned()
            } else if let Some(variable) = text("variable") {
                format!("variable {variable}")
            } else if let Some(reasons) = fields.get("selected_reasons") {
                describe(reasons)
            } else {
                value.to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delta(field: &str, before: &Value, after: &Value) -> Delta {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        Delta::of(field, before, after, &zone)
    }

    #[test]
    fn equal_changes_read_the_same() {
        for (field, before, after, text) in [
            (
                "status",
                json!("STARTED"),
                json!("CLOSED"),
                "STARTED → CLOSED",
            ),
            ("name", Value::Null, json!("x"), "none → x"),
            (
                "assigned_to",
                json!(["10010"]),
                json!(["10020"]),
                "10010 → 10020",
            ),
            (
                "assigned_to",
                json!(["7", "10010"]),
                json!(["7", "10020"]),
                "10010 → 10020",
            ),
            (
                "assigned_to",
                json!(["10010", { "variable": "owner", "value": ["1"] }]),
                json!(["10020", { "variable": "owner", "value": ["1"] }]),
                "10010 → 10020",
            ),
            (
                "assigned_to",
                json!([{ "variable": "owner" }]),
                json!([]),
                "variable owner → nobody",
            ),
            (
                "assignedTo",
                Value::Null,
                json!(["1", "2"]),
                "nobody → 1, 2",
            ),
            (
                "assignedTo",
                json!(["1", "2"]),
                json!(["2", "1"]),
                "1, 2 → 2, 1",
            ),
            (
                "closing_reason",
                Value::Null,
                json!({ "selected_reasons": [{ "id": "r", "title": "Lost" }], "extra_description": "" }),
                "none → Lost",
            ),
            (
                "due_date",
                Value::Null,
                json!("2026-12-01"),
                "none → 2026-12-01",
            ),
            (
                "due_date",
                json!("soon"),
                json!("2026-12-01"),
                "soon → 2026-12-01",
            ),
            (
                "other",
                json!({ "a": 1 }),
                json!([true, 2]),
                "{\"a\":1} → true, 2",
            ),
        ] {
            assert_eq!(
                delta(field, &before, &after),
                Delta {
                    text: text.to_owned(),
                    was: None
                },
                "{field}"
            );
        }
    }

    #[test]
    fn a_due_date_shows_how_far_it_moves_on_the_wall_clock() {
        for (before, after, text, was) in [
            (
                "2026-12-01T00:00:00.000",
                "2026-12-04T00:00:00.000",
                "+3 days",
                "2026-12-01",
            ),
            (
                "2026-12-02T12:00:00.000Z",
                "2026-12-01T12:00:00.000Z",
                "-1 day",
                "2026-12-02",
            ),
            // Over the end of summer time the same wall time is an hour later in UTC.
            (
                "2026-10-24T10:00:00Z",
                "2026-10-27T11:00:00Z",
                "+3 days",
                "2026-10-24",
            ),
            // 23:30 UTC is the next day in Berlin.
            (
                "2026-12-01T23:30:00Z",
                "2026-12-02T23:30:00Z",
                "+1 day",
                "2026-12-02",
            ),
            (
                "2023-01-15T20:00:00",
                "2023-01-16T22:30:00",
                "+1 day 2 h 30 min",
                "2023-01-15",
            ),
            ("2026-01-31", "2026-02-28", "+28 days", "2026-01-31"),
        ] {
            assert_eq!(
                delta("due_date", &json!(before), &json!(after)),
                Delta {
                    text: text.to_owned(),
                    was: Some(was.parse().unwrap())
                },
                "{before}"
            );
        }
    }

    #[test]
    fn two_values_are_told_apart_where_they_can_be() {
        let long = |end| json!(format!("{}{end}", "x".repeat(60)));
        for (one, other, left, right) in [
            (json!(["7"]), json!(["7", "2"]), "7", "7, 2"),
            (Value::Null, json!([]), "null", "[]"),
            (json!("1"), json!(1), "\"1\"", "1"),
            (json!("a\u{1b}"), Value::Null, "a\\u{1b}", "none"),
        ] {
            let told = apart(&one, &other);
            assert_eq!(told, (left.to_owned(), right.to_owned()));
        }
        let (left, right) = apart(&long("a"), &long("b"));
        assert_eq!(left, right);
    }

    #[test]
    fn a_value_from_outside_is_escaped_and_cut() {
        let long = "x".repeat(100);
        assert_eq!(
            delta("name", &json!("a\u{1b}[2J"), &json!(long)).text,
            format!("a\\u{{1b}}[2J → {}…", "x".repeat(39))
        );
    }
}
