//! The helpers of expressions, for both generations of the API.
//!
//! All are false, or none, where what they look at is missing: a task without a due date is not due before anything.
//! A value of the wrong type, or a text that should be a date and is none, is an error: it is never quietly false.
//!
//! Instants and days are those of the playbook's zone, and so is a date without one ("floating"). Where an instant is
//! asked for, a text that says a date will do: `due_before(task, "2026-12-01")`. So a date is
//! midnight, and `due_between(task, "2026-12-01", "2026-12-31")` holds a due date of the 31st that has no time of day.
//!
//! Instants compare with instants (`date(vars.from) < now`), move by spans, and are shown as ISO 8601 with the zone's
//! offset: `2026-12-01T09:00:00+01:00`, inside of a text in whole seconds. (As a date of a request they take a form of the service: `dates::stored`.) Comparing an instant with a text is an error.

use std::{cmp::Ordering, sync::Arc};

use jiff::ZonedDateTime;
use minijinja::{Environment, Error, value::Value};
use serde_json::Value as Json;

use super::{
    calendar::{bound, days, end_of, moment, read, start_of},
    instant::{CalendarSpan, Instant},
    ops::wrong,
    record::RecordObject,
    scope::Type,
    signature::{
        Helper,
        Param::{Days, Distance, Id as IdText, Moment, Object, Period, Text},
    },
    value::{is_none, to_text, word},
};
use crate::{
    api::{ASSIGNEE_FIELDS, DUE_DATE_FIELDS, Id},
    dates,
};

/// The fields that a helper reads, of both generations; steps and sections of v1 have names of their own.
const ASSIGNED: &[&str] = &ASSIGNEE_FIELDS;
pub(super) const DUE: &[&str] = &DUE_DATE_FIELDS;
const CREATED: &[&str] = &["created_at", "creationTime", "created"];
const UPDATED: &[&str] = &["updated_at", "lastUpdateTime", "lastUpdated"];

/// An entry: name, how it is written, what it takes, its type and what it gives; and its code, made for a moment that is now.
macro_rules! table {
    ($($name:literal, $usage:literal, $params:expr, $of:expr, $doc:literal, $code:expr;)*) => {
        &[$(Helper {
            name: $name,
            usage: $usage,
            params: &$params,
            gives: || $of,
            doc: $doc,
            register: |env, name, now| env.add_function(name, made(now, $code)),
        }),*]
    };
}

/// Lets the compiler know the type of the moment.
fn made<C>(now: Arc<ZonedDateTime>, code: impl FnOnce(Arc<ZonedDateTime>) -> C) -> C {
    code(now)
}

pub(super) const HELPERS: &[Helper] = table![
    "has_assignee", "has_assignee(task, \"10010\")", [Object(ASSIGNED), IdText], Type::Bool,
    "whether the person is assigned; ids are compared as text, and people who are assigned through a resolved variable or `userIds` count",
    |_| has_assignee;
    "assignees", "assignees(task)", [Object(ASSIGNED)], Type::List(Box::new(Type::Id)),
    "the ids of all assigned people",
    |_| assignees;
    "due", "due(task)", [Object(DUE)], Type::Instant,
    "the due date, or none",
    |now| move |x: &Value| moment_of(x, DUE, &now).map(|due| due.map(Instant));
    "context", "context(execution, \"contact\")", [Object(&["contexts"]), Text], Type::Text,
    "the id of the first entity with this schema, or none",
    |_| context;
    "due_before", "due_before(task, now)", [Object(DUE), Moment], Type::Bool,
    "whether the due date is before the instant",
    |now| move |x: &Value, t: &Value| {
        Ok::<_, Error>(order(moment_of(x, DUE, &now)?, moment(t, &now)?).is_some_and(Ordering::is_lt))
    };
    "due_between", "due_between(task, start_of(\"week\"), end_of(\"week\"))", [Object(DUE), Moment, Moment], Type::Bool,
    "whether the due date is from the first instant to the second, both included",
    |now| move |x: &Value, a: &Value, b: &Value| between(moment_of(x, DUE, &now)?, a, b, &now);
    "scheduled_between", "scheduled_between(task, now, end_of(\"day\"))", [Object(&["schedule"]), Moment, Moment], Type::Bool,
    "whether the scheduled start is from the first instant to the second, both included",
    |now| move |x: &Value, a: &Value, b: &Value| between(scheduled(x, &now)?, a, b, &now);
    "older_than", "older_than(execution, \"90 days\")", [Object(CREATED), Distance], Type::Bool,
    "whether it was created longer ago than this",
    |now| move |x: &Value, by: &Value| longer_ago(x, CREATED, by, &now);
    "idle_for", "idle_for(execution, \"90 days\")", [Object(UPDATED), Distance], Type::Bool,
    "whether its last update was longer ago than this",
    |now| move |x: &Value, by: &Value| longer_ago(x, UPDATED, by, &now);
    "start_of", "start_of(\"week\")", [Period], Type::Instant,
    "the first instant of the current day, week (from Monday), month or year",
    |now| move |period: &str| bound(period, &now, start_of);
    "end_of", "end_of(\"month\")", [Period], Type::Instant,
    "the last instant of the current day, week (to Sunday), month or year",
    |now| move |period: &str| bound(period, &now, end_of);
    "days", "days(3)", [Days], Type::Span,
    "a time span, to add to an instant: `now + days(3)`",
    |_| days;
    "date", "date(\"2026-12-24\")", [Moment], Type::Instant,
    "an instant: midnight of that day",
    |now| move |text: &Value| moment(text, &now).map(|date| date.map(Instant));
];

/// Registers the helpers, and `now` itself; `now` carries the zone.
pub(super) fn register(env: &mut Environment<'static>, now: &ZonedDateTime) {
    env.add_global("now", Value::from(Instant(now.clone())));
    let now = Arc::new(now.clone());
    for helper in HELPERS {
        (helper.register)(env, helper.name, now.clone());
    }
}

/// The object of the API that a helper looks at; none when it is absent.
fn object(value: &Value) -> Result<Option<&RecordObject>, Error> {
    match value.downcast_object_ref::<RecordObject>() {
        Some(record) => Ok(Some(record)),
        None if is_none(value) => Ok(None),
        None => Err(wrong(format!(
            "{} is no execution, phase or task",
            word(value)
        ))),
    }
}

/// The first of these fields of an object that has a value.
fn first<'a>(x: &'a Value, fields: &[&str]) -> Result<Option<&'a Json>, Error> {
    object(x)?.map_or(Ok(None), |object| object.first(fields))
}

/// Each once.
fn assignees(x: &Value) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    for field in ASSIGNED {
        let entries = first(x, &[*field])?;
        for entry in entries.and_then(Json::as_array).into_iter().flatten() {
            match entry {
                Json::String(id) => ids.push(id.clone()),
                Json::Number(id) => ids.push(id.to_string()),
                Json::Object(variable) => {
                    let resolved = variable.get("value").and_then(Json::as_array);
                    let resolved = resolved.into_iter().flatten().filter_map(Json::as_str);
                    ids.extend(resolved.map(str::to_owned));
                }
                Json::Null | Json::Bool(_) | Json::Array(_) => {}
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

fn has_assignee(x: &Value, id: &Value) -> Result<bool, Error> {
    object(x)?;
    if is_none(id) {
        return Ok(false);
    }
    let id = id_of(&to_text(id).map_err(wrong)?).map_err(wrong)?;
    Ok(assignees(x)?.iter().any(|known| known == id.as_str()))
}

/// The id that a text says, by the rule of the actions: blanks around it are none of it.
pub(super) fn id_of(text: &str) -> Result<Id, String> {
    let text = text.trim();
    Id::new(text).map_err(|error| format!("`{text}` is no id: {error}"))
}

/// What is looked for among ids; what is no text is left to the comparison.
pub(super) fn id(value: &Value) -> Result<Value, Error> {
    match value.as_str() {
        Some(text) => Ok(Value::from(id_of(text).map_err(wrong)?.as_str())),
        None => Ok(value.clone()),
    }
}

fn context(x: &Value, schema: &str) -> Result<Option<String>, Error> {
    let contexts = first(x, &["contexts"])?;
    let text = |context: &Json, names: [&str; 2]| {
        let found = names.iter().find_map(|name| context.get(name)?.as_str());
        found.map(str::to_owned)
    };
    let mut contexts = contexts.and_then(Json::as_array).into_iter().flatten();
    let found = contexts
        .find(|context| text(context, ["entity_schema", "schema"]).as_deref() == Some(schema));
    Ok(found.and_then(|context| text(context, ["entity_id", "id"])))
}

fn moment_of(
    x: &Value,
    fields: &[&str],
    now: &ZonedDateTime,
) -> Result<Option<ZonedDateTime>, Error> {
    first(x, fields)?.map(|date| read(date, now)).transpose()
}

fn scheduled(x: &Value, now: &ZonedDateTime) -> Result<Option<ZonedDateTime>, Error> {
    first(x, &["schedule"])?
        .and_then(|schedule| schedule.get("scheduled_at"))
        .filter(|date| !date.is_null())
        .map(|date| read(date, now))
        .transpose()
}

fn order(a: Option<ZonedDateTime>, b: Option<ZonedDateTime>) -> Option<Ordering> {
    Some(a?.timestamp().cmp(&b?.timestamp()))
}

fn between(
    date: Option<ZonedDateTime>,
    from: &Value,
    to: &Value,
    now: &ZonedDateTime,
) -> Result<bool, Error> {
    let (from, to) = (moment(from, now)?, moment(to, now)?);
    Ok(order(date.clone(), from).is_some_and(Ordering::is_ge)
        && order(date, to).is_some_and(Ordering::is_le))
}

fn longer_ago(x: &Value, fields: &[&str], by: &Value, now: &ZonedDateTime) -> Result<bool, Error> {
    let date = moment_of(x, fields, now)?;
    let by = match (by.downcast_object_ref::<CalendarSpan>(), by.as_str()) {
        (Some(CalendarSpan(by)), _) => *by,
        (None, Some(text)) => dates::counted_back(text).map_err(wrong)?,
        (None, None) if is_none(by) => return Ok(false),
        (None, None) => {
            let by = word(by);
            return Err(wrong(format!(
                "{by} is no distance: write it like \"90 days\""
            )));
        }
    };
    if by.is_negative() {
        return Err(wrong(dates::is_back(&by.to_string())));
    }
    let limit = by
        .back()
        .after(now)
        .ok_or_else(|| wrong(format!("{by} before now is outside of the calendar")))?;
    Ok(order(date, Some(limit)).is_some_and(Ordering::is_lt))
}

#[cfg(test)]
mod tests;
