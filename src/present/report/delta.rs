//! The change of one field as a short text, so that equal changes have the same text.

use std::borrow::Borrow;

use jiff::{
    civil::{Date, DateTime, Time},
    fmt::temporal::Pieces,
    tz::TimeZone,
};
use serde_json::{Map, Value};

use crate::{
    api::{ASSIGNEE_FIELDS, DUE_DATE_FIELDS},
    digest::sha256,
    text::Untrusted,
};

use super::{manner::Manner, units::count};

/// Maximum columns of a value; the whole values are in the plan file.
pub(super) const VALUE_COLUMNS: usize = 40;

/// Characters that are shown before the first difference of two long values.
const EQUAL_SHOWN: usize = 10;

/// The old and the new value of a field. The text is escaped and bounded, so it may be kept and printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    pub(super) text: String,
    /// For a due date that moves: `text` is the distance.
    pub(super) moved: Option<MovedDate>,
    /// Distinguishes texts that are only equal because they were cut.
    cut: Option<String>,
}

/// How a due date moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MovedDate {
    pub(super) was: Date,
    /// In seconds of the wall clock; negative if it becomes earlier.
    pub(super) by: i64,
    /// `→ 2026-12-15`: the new date.
    to: String,
}

/// Separates the shown from the hidden part; no escaped text contains it.
const UNSEEN: char = '\u{1f}';

impl Delta {
    /// Compares `before` and `after` of `field`; instants are read on the wall clock of `zone`.
    pub(super) fn of(field: &str, before: &Value, after: &Value, zone: &TimeZone) -> Self {
        let delta = Self::whole_or_cut(field, before, after, zone);
        let cut = delta
            .text
            .contains('…')
            .then(|| sha256(format!("{before}\n{after}")));
        Self { cut, ..delta }
    }

    /// A part of the request that is not a field.
    pub(super) fn beside_fields(manner: Manner) -> Self {
        let Manner { text, cut } = manner;
        Self {
            text,
            moved: None,
            cut,
        }
    }

    /// With the parts of the request that are not fields.
    pub(super) fn with(self, manner: &Manner) -> Self {
        let cut = [&self.cut, &manner.cut].into_iter().flatten();
        let with = |text: &str| format!("{text} ({})", manner.text);
        Self {
            text: with(&self.text),
            moved: self.moved.map(|moved| MovedDate {
                to: with(&moved.to),
                ..moved
            }),
            cut: cut.cloned().reduce(|one, other| one + &other),
        }
    }

    const fn said(text: String) -> Self {
        Self {
            text,
            moved: None,
            cut: None,
        }
    }

    /// A key that equal deltas share, and no others.
    pub(super) fn key(&self) -> String {
        self.keyed(&self.text)
    }

    /// As [`Self::key`]; due dates with the same new date share it.
    pub(super) fn key_by_date(&self) -> String {
        self.keyed(self.moved.as_ref().map_or(&self.text, |moved| &moved.to))
    }

    fn keyed(&self, text: &str) -> String {
        match &self.cut {
            Some(cut) => format!("{text}{UNSEEN}{cut}"),
            None => text.to_owned(),
        }
    }

    /// The text of a key.
    pub(super) fn text_of(key: &str) -> &str {
        key.split_once(UNSEEN).map_or(key, |(text, _)| text)
    }

    fn whole_or_cut(field: &str, before: &Value, after: &Value, zone: &TimeZone) -> Self {
        moved(field, before, after, zone)
            .or_else(|| relisted(field, before, after))
            .unwrap_or_else(|| {
                let (before, after) = apart(before, after, VALUE_COLUMNS);
                Self::said(format!("{before} → {after}"))
            })
    }

    fn replaced(before: &str, after: &str) -> Self {
        let (before, after) = cut_apart(&escaped(before), &escaped(after), VALUE_COLUMNS);
        Self::said(format!("{before} → {after}"))
    }
}

/// Two different values, escaped, each of at most this number of columns. Their texts always differ.
pub(super) fn apart(one: &Value, other: &Value, columns: usize) -> (String, String) {
    let (left, right) = (escaped(&describe(one)), escaped(&describe(other)));
    if left == right {
        // Null and an empty list are both shown as none, but not here.
        let (left, right) = (one.to_string(), other.to_string());
        cut_apart(&escaped(&left), &escaped(&right), columns)
    } else {
        cut_apart(&left, &right, columns)
    }
}

/// Two cut texts; if their starts are equal, the start is cut, too.
fn cut_apart(one: &str, other: &str, columns: usize) -> (String, String) {
    let cut = |text: &str| Untrusted(text).terminal().cut(columns).to_string();
    let (left, right) = (cut(one), cut(other));
    if left != right {
        return (left, right);
    }
    let pairs = one.chars().zip(other.chars());
    let equal = pairs.take_while(|(one, other)| one == other).count();
    let from = equal.saturating_sub(EQUAL_SHOWN);
    let end = |text: &str| cut(&format!("…{}", text.chars().skip(from).collect::<String>()));
    (end(one), end(other))
}

fn escaped(text: &str) -> String {
    Untrusted(text).terminal().to_string()
}

fn short(text: &str) -> String {
    Untrusted(text).terminal().cut(VALUE_COLUMNS).to_string()
}

/// A due date that is set, or moved by a distance.
fn moved(field: &str, before: &Value, after: &Value, zone: &TimeZone) -> Option<Delta> {
    if !is_due_date(field) {
        return None;
    }
    let after = wall_clock(after.as_str()?, zone)?;
    let to = format!("→ {}", on_calendar(after));
    if before.is_null() {
        return Some(Delta::said(format!("none {to}")));
    }
    let before = wall_clock(before.as_str()?, zone)?;
    let distance = before.until(after).ok()?;
    let sign = if distance.is_negative() { '-' } else { '+' };
    let distance = distance.abs();
    let days = distance.get_days();
    let mut parts = Vec::new();
    if days > 0 {
        parts.push(count(days.unsigned_abs().into(), "day", "days"));
    }
    for (number, unit) in [
        (i64::from(distance.get_hours()), "h"),
        (distance.get_minutes(), "min"),
        (distance.get_seconds(), "s"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {unit}"));
        }
    }
    let text = if parts.is_empty() {
        // The same date in another form.
        "+0 days".to_owned()
    } else {
        format!("{sign}{}", parts.join(" "))
    };
    Some(Delta {
        text,
        moved: Some(MovedDate {
            was: before.date(),
            by: before.duration_until(after).as_secs(),
            to,
        }),
        cut: None,
    })
}

pub(super) fn is_due_date(field: &str) -> bool {
    DUE_DATE_FIELDS.contains(&field)
}

/// `2026-12-15`, with the time of day if there is one.
fn on_calendar(due: DateTime) -> String {
    if due.time() == Time::midnight() {
        due.date().to_string()
    } else if due.second() == 0 && due.subsec_nanosecond() == 0 {
        due.strftime("%Y-%m-%d %H:%M").to_string()
    } else {
        due.strftime("%Y-%m-%d %H:%M:%S%.f").to_string()
    }
}

/// The API's dates are floating or UTC; only the latter are converted to a zone.
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

/// A changed list: who is removed, who is added, who stays.
fn relisted(field: &str, before: &Value, after: &Value) -> Option<Delta> {
    let (before, after) = (list(before)?, list(after)?);
    let nothing = if is_of_people(field) {
        "nobody"
    } else {
        "none"
    };
    if before.is_empty() || after.is_empty() {
        // Null and an empty list are distinguished by their JSON.
        let said = |entries: &[&Value]| match entries {
            [] => nothing.to_owned(),
            entries => joined(entries),
        };
        return (before.len() != after.len())
            .then(|| Delta::replaced(&said(&before), &said(&after)));
    }
    let rest = |entries: &[&Value], of: &[&Value]| -> Vec<Value> {
        let rest = entries.iter().filter(|entry| !of.contains(entry));
        rest.map(|entry| (*entry).clone()).collect()
    };
    let (gone, come) = (rest(&before, &after), rest(&after, &before));
    let stays = |entries: &[&Value], others: &[Value]| -> Vec<Value> {
        let stays = entries.iter().filter(|entry| !others.contains(entry));
        stays.map(|entry| (*entry).clone()).collect()
    };
    let (kept, kept_after) = (stays(&before, &gone), stays(&after, &come));
    // A change of order or of duplicates is only visible in the whole lists.
    if kept != kept_after {
        return Some(Delta::replaced(&joined(&before), &joined(&after)));
    }
    let (gone_text, come_text) = (short(&joined(&gone)), short(&joined(&come)));
    if gone_text == come_text {
        return None;
    }
    let mut text = match (gone.is_empty(), come.is_empty()) {
        (false, false) => format!("{gone_text} → {come_text}"),
        (false, true) => format!("{gone_text} removed"),
        (true, false) => format!("{come_text} added"),
        (true, true) => return None,
    };
    if !kept.is_empty() {
        let kept: Vec<String> = kept.iter().map(|entry| staying(entry, &gone)).collect();
        let verb = if kept.len() == 1 { "stays" } else { "stay" };
        text = format!("{text}, {} {verb}", short(&kept.join(", ")));
    }
    Some(Delta::said(text))
}

/// The entries of a list; null is an empty list. None if it is not a list.
fn list(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(entries) => Some(entries.iter().collect()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

pub(super) fn is_of_people(field: &str) -> bool {
    ASSIGNEE_FIELDS.contains(&field)
}

fn joined<'a>(entries: impl IntoIterator<Item = &'a (impl Borrow<Value> + 'a)>) -> String {
    let entries = entries.into_iter().map(|entry| describe(entry.borrow()));
    entries.collect::<Vec<_>>().join(", ")
}

/// An entry that stays. A variable may also assign a removed person.
fn staying(entry: &Value, gone: &[Value]) -> String {
    let users = entry.get("value").and_then(Value::as_array);
    let still: Vec<String> = users
        .into_iter()
        .flatten()
        .filter(|user| gone.contains(user))
        .map(describe)
        .collect();
    match &still[..] {
        [] => describe(entry),
        still => format!("{} (still {})", describe(entry), still.join(", ")),
    }
}

/// A value for display: a reason by its title, a variable by its name.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(entries) if entries.is_empty() => "none".to_owned(),
        Value::Array(entries) => entries.iter().map(describe).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let Some(named) = text("title").or_else(|| text("name")) {
                match besides(fields) {
                    more if more.is_empty() => named.to_owned(),
                    more => format!("{named} ({})", more.join(", ")),
                }
            } else if let Some(variable) = text("variable") {
                let marked = variable.contains("{{");
                let word = if marked { "" } else { "variable " };
                format!("{word}{variable}")
            } else if let Some(reasons) = fields.get("selected_reasons") {
                match text("extra_description") {
                    Some(said) if !said.is_empty() => format!("{} “{said}”", describe(reasons)),
                    Some(_) | None => describe(reasons),
                }
            } else {
                value.to_string()
            }
        }
    }
}

/// The fields of an object besides its name and ids, which differ between executions.
fn besides(fields: &Map<String, Value>) -> Vec<String> {
    let is_of_name = |field: &str| {
        matches!(field, "title" | "name" | "id" | "schema")
            || field.ends_with("_id")
            || field.ends_with("Id")
    };
    fields
        .iter()
        .filter(|(field, _)| !is_of_name(field))
        .map(|(field, value)| format!("{field}: {}", describe(value)))
        .collect()
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
                "closing_reason",
                Value::Null,
                json!({ "selected_reasons": [{ "id": "r", "title": "Lost" }], "extra_description": "" }),
                "none → Lost",
            ),
            (
                "closing_reason",
                Value::Null,
                json!({ "selected_reasons": [{ "id": "r", "title": "Lost" }], "extra_description": "moved" }),
                "none → Lost “moved”",
            ),
            (
                "x",
                json!({"name": "a", "of": 1}),
                json!({"name": "a", "of": 2}),
                "a (of: 1) → a (of: 2)",
            ),
            (
                "task",
                Value::Null,
                json!({"id": "1", "name": "Call", "phase_id": "p", "sectionId": "s", "assigned_to": ["7"]}),
                "none → Call (assigned_to: 7)",
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
                Delta::said(text.to_owned()),
                "{field}"
            );
        }
    }

    #[test]
    fn a_list_says_who_goes_who_comes_and_who_stays() {
        for (field, before, after, text) in [
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
                "10010 → 10020, 7 stays",
            ),
            (
                "assigned_to",
                json!(["10010", "10020"]),
                json!(["10020"]),
                "10010 removed, 10020 stays",
            ),
            (
                "assigned_to",
                json!(["10010", "10030", "10040"]),
                json!(["10020", "10030", "10040"]),
                "10010 → 10020, 10030, 10040 stay",
            ),
            (
                "assigned_to",
                json!(["10030"]),
                json!(["10030", "10020"]),
                "10020 added, 10030 stays",
            ),
            ("assigned_to", json!(["10010"]), json!([]), "10010 → nobody"),
            (
                "assigned_to",
                json!(["10010"]),
                json!(null),
                "10010 → nobody",
            ),
            ("assigned_to", json!(null), json!([]), "null → []"),
            ("userIds", json!([1, 2]), json!([2]), "1 removed, 2 stays"),
            (
                "assigned_to",
                json!(["10010", { "variable": "{{owner}}", "value": ["1"] }]),
                json!(["10020", { "variable": "{{owner}}", "value": ["1"] }]),
                "10010 → 10020, {{owner}} stays",
            ),
            (
                "assigned_to",
                json!(["10010", { "variable": "{{owner}}", "value": ["10010"] }]),
                json!([{ "variable": "{{owner}}", "value": ["10010"] }]),
                "10010 removed, {{owner}} (still 10010) stays",
            ),
            (
                "assigned_to",
                json!([{ "variable": "{{owner}}", "value": ["1"] }]),
                json!([{ "variable": "{{owner}}", "value": ["2"] }]),
                r#"[{"value":["1"],"variable":"{{owner}}"}] → [{"value":["2"],"variable":"{{owner}}"}]"#,
            ),
            (
                "assigned_to",
                json!([{ "variable": "{{owner}}" }]),
                json!([]),
                "{{owner}} → nobody",
            ),
            // How often somebody stands there, and in which order, shows in the lists.
            ("assigned_to", json!(["1", "1"]), json!(["1"]), "1, 1 → 1"),
            (
                "assigned_to",
                json!(["1", "2", "3"]),
                json!(["3", "1"]),
                "1, 2, 3 → 3, 1",
            ),
            (
                "taxonomies",
                json!(["a", "b"]),
                json!(["a", "c"]),
                "b → c, a stays",
            ),
            ("taxonomies", json!(null), json!(["a"]), "none → a"),
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
        ] {
            assert_eq!(
                delta(field, &before, &after),
                Delta::said(text.to_owned()),
                "{field}"
            );
        }
    }

    #[test]
    fn a_list_with_an_entry_twice_or_one_from_outside_is_shown_as_it_is() {
        for (field, before, after, text) in [
            ("userIds", json!([1]), json!([]), "1 → nobody"),
            (
                "taxonomies",
                json!(["a", "\u{1b}[2J"]),
                json!(["b", "\u{1b}[2J"]),
                "a → b, \\u{1b}[2J stays",
            ),
            ("assigned_to", json!(["1"]), json!(["1", "1"]), "1 → 1, 1"),
            (
                "assigned_to",
                json!(["1", "1", "2"]),
                json!(["1", "1", "3"]),
                "2 → 3, 1, 1 stay",
            ),
        ] {
            let delta = delta(field, &before, &after);
            assert_eq!(delta, Delta::said(text.to_owned()), "{field}");
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
            (
                "2023-01-15T20:00:00",
                "2023-01-15T20:00:01",
                "+1 s",
                "2023-01-15",
            ),
            ("2026-01-31", "2026-02-28", "+28 days", "2026-01-31"),
            ("2026-01-31", "2026-01-31T00:00:00", "+0 days", "2026-01-31"),
        ] {
            let delta = delta("due_date", &json!(before), &json!(after));
            let moved = delta.moved.unwrap();
            assert_eq!(
                (&delta.text[..], moved.was),
                (text, was.parse().unwrap()),
                "{before}"
            );
        }
    }

    #[test]
    fn a_due_date_has_where_it_goes_in_common_with_others() {
        for (before, after, text) in [
            (json!("2026-12-01"), "2026-12-15", "→ 2026-12-15"),
            (json!("2026-12-01"), "2026-12-15T00:00:00", "→ 2026-12-15"),
            (
                json!("2026-12-01"),
                "2026-12-14T23:00:00.000Z",
                "→ 2026-12-15",
            ),
            (
                json!("2026-12-01"),
                "2026-12-15T12:30:00.000",
                "→ 2026-12-15 12:30",
            ),
            (
                json!("2026-12-01"),
                "2026-12-15T00:00:07.5",
                "→ 2026-12-15 00:00:07.5",
            ),
            (Value::Null, "2026-12-15T00:00:00.000", "none → 2026-12-15"),
            (json!("soon"), "2026-12-15", "soon → 2026-12-15"),
        ] {
            let delta = delta("due_date", &before, &json!(after));
            assert_eq!(delta.key_by_date(), text);
        }
    }

    #[test]
    fn two_values_are_told_apart() {
        let long = |end| json!(format!("{}{end}", "x".repeat(60)));
        for (one, other, left, right) in [
            (json!(["7"]), json!(["7", "2"]), "7", "7, 2"),
            (Value::Null, json!([]), "null", "[]"),
            (json!("1"), json!(1), "\"1\"", "1"),
            (json!("a\u{1b}"), Value::Null, "a\\u{1b}", "none"),
            (json!("a\n"), json!("a\\n"), "\"a\\n\"", "\"a\\\\n\""),
            (long("a"), long("b"), "…xxxxxxxxxxa", "…xxxxxxxxxxb"),
            (long(""), long("b"), "…xxxxxxxxxx", "…xxxxxxxxxxb"),
        ] {
            let told = apart(&one, &other, VALUE_COLUMNS);
            assert_eq!(told, (left.to_owned(), right.to_owned()));
        }
    }

    #[test]
    fn what_is_cut_is_equal_only_where_the_whole_is() {
        let long = |end| json!(format!("{}{end}", "x".repeat(60)));
        let [one, same, other] = ["a", "a", "b"].map(|end| delta("x", &json!(1), &long(end)));
        assert_eq!(one.text, other.text);
        assert_eq!(one.key(), same.key());
        assert_ne!(one.key(), other.key());
        assert_eq!(Delta::text_of(&one.key()), one.text);
        // Also beside something that is cut itself.
        let manner = |cut: Option<&str>| Manner {
            text: "for good".to_owned(),
            cut: cut.map(str::to_owned),
        };
        let keys = [
            one.clone().with(&manner(None)),
            other.clone().with(&manner(None)),
            one.clone().with(&manner(Some("m"))),
            other.with(&manner(Some("m"))),
            one.with(&manner(Some("n"))),
        ]
        .map(|delta| delta.key());
        let different: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(different.len(), keys.len(), "{keys:?}");
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
