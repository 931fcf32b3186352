//! The change of one field as a short text, so that equal changes have the same text.

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
        let delta = moved(field, before, after, zone)
            .or_else(|| relisted(field, before, after))
            .unwrap_or_else(|| {
                let (before, after) = apart(before, after, VALUE_COLUMNS);
                Self::said(format!("{before} → {after}"))
            });
        let cut = cut_of(&delta.text, || format!("{before}\n{after}"));
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

    /// Whether a part of the values is not in the text.
    pub(super) const fn is_cut(&self) -> bool {
        self.cut.is_some()
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

    fn replaced(before: &str, after: &str) -> Self {
        let (before, after) = cut_apart(&escaped(before), &escaped(after), VALUE_COLUMNS);
        Self::said(format!("{before} → {after}"))
    }
}

/// Distinguishes a shown text from others that are equal only because they were cut; none if this one is not cut.
pub(super) fn cut_of(shown: &str, whole: impl FnOnce() -> String) -> Option<String> {
    shown.contains('…').then(|| sha256(whole()))
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

/// The name of a field without the part that it belongs to: `due_date` of `task.due_date`.
fn last_name(field: &str) -> &str {
    field.rsplit_once('.').map_or(field, |(_, name)| name)
}

pub(super) fn is_due_date(field: &str) -> bool {
    DUE_DATE_FIELDS.contains(&last_name(field))
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
    let (kept, gone): (Vec<&Value>, Vec<&Value>) =
        before.iter().partition(|entry| after.contains(entry));
    let (kept_after, come): (Vec<&Value>, Vec<&Value>) =
        after.iter().partition(|entry| before.contains(entry));
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
    ASSIGNEE_FIELDS.contains(&last_name(field))
}

fn joined(entries: &[&Value]) -> String {
    let entries = entries.iter().map(|entry| describe(entry));
    entries.collect::<Vec<_>>().join(", ")
}

/// An entry that stays. A variable may also assign a removed person.
fn staying(entry: &Value, gone: &[&Value]) -> String {
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

/// Whether [`describe`] may leave out a part of it.
pub(super) fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(entries) => entries
            .iter()
            .any(|entry| entry.is_object() || entry.is_array()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
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
mod tests;
