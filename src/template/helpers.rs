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
use crate::{api::Id, dates};

/// The fields that a helper reads, of both generations; steps and sections of v1 have names of their own.
const ASSIGNED: &[&str] = &["assigned_to", "assignedTo", "userIds"];
pub(super) const DUE: &[&str] = &["due_date", "dueDate"];
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
    |_| |x: &Value| assignees(object(x)?);
    "due", "due(task)", [Object(DUE)], Type::Instant,
    "the due date, or none",
    |now| move |x: &Value| Ok::<_, Error>(instant_or_none(moment_of(x, DUE, &now)?));
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
    |now| move |text: &Value| Ok::<_, Error>(instant_or_none(moment(text, &now)?));
];

/// Registers the helpers, and `now` itself; `now` carries the zone.
pub(super) fn register(env: &mut Environment<'static>, now: &ZonedDateTime) {
    env.add_global("now", Instant(now.clone()).into_value());
    let now = Arc::new(now.clone());
    for helper in HELPERS {
        (helper.register)(env, helper.name, now.clone());
    }
}

fn instant_or_none(moment: Option<ZonedDateTime>) -> Value {
    moment.map_or(Value::from(()), |moment| Instant(moment).into_value())
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

/// The first of these fields that has a value.
fn first<'a>(object: Option<&'a RecordObject>, fields: &[&str]) -> Result<Option<&'a Json>, Error> {
    object.map_or(Ok(None), |object| object.first(fields))
}

fn assignees(object: Option<&RecordObject>) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    for field in ASSIGNED {
        let entries = first(object, &[*field])?;
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
    let object = object(x)?;
    if is_none(id) {
        return Ok(false);
    }
    let id = id_of(&to_text(id).map_err(wrong)?).map_err(wrong)?;
    Ok(assignees(object)?.iter().any(|known| known == id.as_str()))
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

fn context(x: &Value, schema: &str) -> Result<Value, Error> {
    let contexts = first(object(x)?, &["contexts"])?;
    let text = |context: &Json, names: [&str; 2]| {
        let found = names.iter().find_map(|name| context.get(name)?.as_str());
        found.map(str::to_owned)
    };
    let mut contexts = contexts.and_then(Json::as_array).into_iter().flatten();
    let found = contexts
        .find(|context| text(context, ["entity_schema", "schema"]).as_deref() == Some(schema));
    let id = found.and_then(|context| text(context, ["entity_id", "id"]));
    Ok(id.map_or(Value::from(()), Value::from))
}

fn moment_of(
    x: &Value,
    fields: &[&str],
    now: &ZonedDateTime,
) -> Result<Option<ZonedDateTime>, Error> {
    first(object(x)?, fields)?
        .map(|date| read(date, now))
        .transpose()
}

fn scheduled(x: &Value, now: &ZonedDateTime) -> Result<Option<ZonedDateTime>, Error> {
    first(object(x)?, &["schedule"])?
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
mod tests {
    use serde_json::json;

    use crate::{
        api::Generation,
        testing::expressions::{failure, test, test_in, value, value_in},
    };

    #[test]
    fn assignees_compare_as_text_and_resolved_variables_count() {
        for (condition, holds) in [
            ("has_assignee(task, '10010')", true),
            ("has_assignee(task, 10010)", true),
            ("has_assignee(task, vars.leaver)", true),
            ("has_assignee(task, vars.number)", true),
            ("has_assignee(task, '10020')", true),
            ("has_assignee(task, '1001')", false),
            ("has_assignee(task, '  10010\\t')", true),
            ("has_assignee(task, ' ' ~ vars.leaver)", true),
            ("' 10010' in assignees(task)", true),
            ("' 10010' not in assignees(task)", false),
            ("' 10010' is in(assignees(task))", true),
            ("' ' ~ vars.leaver ~ ' ' in assignees(task)", true),
            ("vars.none in assignees(task)", false),
            ("has_assignee(task, vars.none)", false),
            ("has_assignee(task.phase, '10030')", true),
            ("has_assignee(task.execution, '10010')", false),
            ("has_assignee(execution.tasks[1], '10010')", false),
            ("has_assignee(execution.tasks[9], '10010')", false),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
        for (condition, holds) in [
            ("has_assignee(execution, '10020')", true),
            ("has_assignee(task, '77')", true),
            ("has_assignee(task, 77)", true),
            ("has_assignee(phase, '10010')", false),
        ] {
            assert_eq!(test_in(Generation::V1, condition), Ok(holds), "{condition}");
        }
        assert_eq!(
            value("{{ assignees(task) }}"),
            Ok(json!(["10010", "10020"]))
        );
        assert_eq!(value("{{ assignees(execution) }}"), Ok(json!([])));
        let v1 = value_in(Generation::V1, "{{ assignees(task) }}");
        assert_eq!(v1, Ok(json!(["10010", "77"])));
    }

    #[test]
    fn the_first_context_of_a_schema_is_found_in_both_generations() {
        for generation in [Generation::V1, Generation::V2] {
            let id = value_in(generation, "{{ context(execution, 'contact') }}");
            assert_eq!(id, Ok(json!("c1")), "{generation:?}");
            let none = value_in(generation, "{{ context(execution, 'order') }}");
            assert_eq!(none, Ok(json!(null)), "{generation:?}");
        }
    }

    #[test]
    fn floating_due_dates_are_wall_time_of_the_zone() {
        for (template, shown) in [
            ("{{ due(task) }}", json!("2026-11-30T00:00:00+01:00")),
            ("{{ due(execution) }}", json!("2021-04-27T14:00:00+02:00")),
            ("{{ due(phase) }}", json!(null)),
            (
                "{{ date('2026-07-01') }}",
                json!("2026-07-01T00:00:00+02:00"),
            ),
            ("{{ now }}", json!("2026-12-01T09:00:00+01:00")),
            ("at {{ now }}", json!("at 2026-12-01T09:00:00+01:00")),
        ] {
            assert_eq!(value(template), Ok(shown), "{template}");
        }
    }

    #[test]
    fn a_due_date_is_before_but_not_at_an_instant() {
        for (condition, holds) in [
            ("due_before(task, now)", true),
            ("due_before(task, '2026-11-30')", false),
            ("due_before(task, '2026-11-30T00:00:00.001')", true),
            ("due_before(task, vars.day)", false),
            ("due_before(task, '2026-11-29T23:00:00.000Z')", false),
            ("due_before(task, '2026-11-29T23:00:01.000Z')", true),
            ("due_before(task, due(execution))", false),
            ("due_before(execution, due(task))", true),
            // No date on either side: false, also the other way round.
            ("due_before(phase, now)", false),
            ("due_before(task, due(phase))", false),
            ("due_before(task, vars.none)", false),
            ("not due_before(phase, now)", true),
            ("due_before(execution.tasks[9], now)", false),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
    }

    #[test]
    fn between_holds_both_ends() {
        for (condition, holds) in [
            ("due_between(task, '2026-11-30', '2026-12-01')", true),
            ("due_between(task, '2026-11-01', '2026-11-30')", true),
            (
                "due_between(task, '2026-11-30T00:00:01', '2026-12-01')",
                false,
            ),
            ("due_between(task, '2026-11-01', '2026-11-29')", false),
            ("due_between(task, start_of('week'), end_of('week'))", true),
            (
                "due_between(task, start_of('month'), end_of('month'))",
                false,
            ),
            ("due_between(phase, '2000-01-01', '2100-01-01')", false),
            ("due_between(task, vars.none, '2100-01-01')", false),
            (
                "scheduled_between(task, start_of('day'), end_of('day'))",
                true,
            ),
            ("scheduled_between(task, now, '2026-12-01T16:00:00')", true),
            ("scheduled_between(task, now, '2026-12-01T15:59:59')", false),
            (
                "scheduled_between(execution.tasks[1], '2000-01-01', '2100-01-01')",
                false,
            ),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
    }

    #[test]
    fn age_counts_from_creation_and_idleness_from_the_last_update() {
        for (condition, holds) in [
            // Created 2026-09-02 10:00 in Berlin; now is 2026-12-01 09:00, an hour short of 90 days on the calendar.
            ("older_than(execution, '90 days')", false),
            ("older_than(execution, '89 days')", true),
            ("older_than(execution, days(89))", true),
            ("older_than(task, '3 months')", true),
            ("idle_for(task, '30 days')", true),
            ("idle_for(task, '31 days')", false),
            ("idle_for(phase, '1 day')", false),
            ("idle_for(phase, '23 hours')", true),
            ("idle_for(execution.tasks[1], '1 day')", false),
            ("older_than(task, vars.none)", false),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
        for (condition, holds) in [
            ("older_than(execution, '90 days')", true),
            ("older_than(task, '300 days')", true),
            ("idle_for(execution, '10 days')", true),
            ("idle_for(task, '2 days')", false),
        ] {
            assert_eq!(test_in(Generation::V1, condition), Ok(holds), "{condition}");
        }
    }

    #[test]
    fn what_could_not_be_kept_fails_where_it_is_used_and_nowhere_else() {
        let task = crate::json::decode(
            br#"{"id": "t", "name": 1e999, "status": "PENDING", "due_date": 1e999, "schedule": {"duration": 1e999},
                "assigned_to": ["1", 1e999], "taxonomies": ["a", 1e999], "requirements": 1e999}"#,
        );
        let task = std::sync::Arc::new(task.unwrap());
        let record = crate::api::types::record(Generation::V2, crate::api::Level::Task);
        let context = crate::template::EvalContext::default().with_record("task", task, record);
        let said = |text: &str| {
            let scope = crate::testing::expressions::scope(Generation::V2);
            let expression = crate::testing::expressions::engine().expression(text, &scope);
            let tested = expression
                .unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
                .test(&context);
            tested.map_err(|error| error.message)
        };
        assert_eq!(
            said("task.status == 'PENDING' and task.id == 't'"),
            Ok(true)
        );
        for text in [
            "task.name == 'x'",
            "task.name == none",
            "'x' in task.name",
            "task.name is startingwith 'x'",
            "task.schedule.duration > 1",
            "'a' in task.taxonomies",
            "'b' in task.taxonomies",
            "task.requirements | length > 0",
            "has_assignee(task, '2')",
            "due_before(task, now)",
            "(task.due_date | default('x')) == 'x'",
        ] {
            let message = said(text).unwrap_err();
            assert!(message.contains("1e999"), "{text}: {message}");
        }
    }

    #[test]
    fn what_should_be_a_date_and_is_none_is_an_error_not_false() {
        for (expression, part) in [
            ("due_before(task, vars.text)", "`x` is no date"),
            ("due_before(task, vars.flag)", "true or false is no instant"),
            ("date(vars.text)", "`x` is no date"),
            ("older_than(task, vars.text)", "`x` is no distance"),
            ("older_than(task, vars.number)", "a number is no distance"),
            ("days(vars.text)", "takes a whole number"),
            ("start_of(vars.text)", "a period is"),
            (
                "now < vars.day",
                "an instant and text have no order: make both instants",
            ),
            ("now == vars.day", "an instant and text can't be equal"),
            ("now + vars.number", "can't move by a number"),
            ("now + days(99999999999)", "takes a whole number"),
            (
                "has_assignee(task, task.name ~ ', 10011')",
                "`Check, 10011` is no id: an id consists of letters",
            ),
            (
                "has_assignee(task, vars.leaver ~ '@x')",
                "`10010@x` is no id: an id consists of letters",
            ),
            (
                "task.name ~ ',' in assignees(task)",
                "`Check,` is no id: an id consists of letters",
            ),
            (
                "has_assignee(vars.deep, '1')",
                "an object is no execution, phase or task",
            ),
            (
                "has_assignee(task, vars.list)",
                "a list can't be part of a text",
            ),
        ] {
            let message = failure(expression);
            assert!(message.contains(part), "{expression}: {message}");
        }
    }
}
