//! Dates, spans and periods in the playbook's zone, which `now` carries.

use jiff::{ToSpan, ZonedDateTime};
use minijinja::{Error, value::Value};
use serde_json::Value as Json;

use super::{
    instant::{CalendarSpan, Instant},
    ops::wrong,
    signature::Period,
    value::{is_none, whole, word},
};
use crate::dates::{self, Distance};

/// The moment that a text of the API says, in the zone of `now`.
pub(super) fn read(date: &Json, now: &ZonedDateTime) -> Result<ZonedDateTime, Error> {
    let text = date
        .as_str()
        .ok_or_else(|| wrong(format!("`{date}` is no date: dates are texts")))?;
    parse(text, now)
}

fn parse(text: &str, now: &ZonedDateTime) -> Result<ZonedDateTime, Error> {
    dates::instant(text, now.time_zone())
        .map(|instant| instant.to_zoned_datetime(now.time_zone().clone()))
        .map_err(|error| wrong(error.to_string()))
}

/// An argument that is an instant, or a text that says one.
pub(super) fn moment(value: &Value, now: &ZonedDateTime) -> Result<Option<ZonedDateTime>, Error> {
    if let Some(Instant(instant)) = value.downcast_object_ref() {
        return Ok(Some(instant.clone()));
    }
    match value.as_str() {
        Some(text) => parse(text, now).map(Some),
        None if is_none(value) => Ok(None),
        None => Err(wrong(format!(
            "{} is no instant: use `date(…)`",
            word(value)
        ))),
    }
}

pub(super) fn days(number: &Value) -> Result<Option<CalendarSpan>, Error> {
    if is_none(number) {
        return Ok(None);
    }
    let span = whole(number).and_then(|days| Distance::days(days).ok());
    span.map(|span| Some(CalendarSpan(span)))
        .ok_or_else(|| wrong("days() takes a whole number, like `days(3)`"))
}

pub(super) fn bound(
    period: &str,
    now: &ZonedDateTime,
    find: fn(Period, &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error>,
) -> Result<Instant, Error> {
    let period = Period::parse(period).ok_or_else(|| wrong(Period::HELP))?;
    let found = find(period, now).map_err(|error| wrong(error.to_string()))?;
    Ok(Instant(found))
}

pub(super) fn start_of(period: Period, now: &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error> {
    let first = match period {
        Period::Day => now.clone(),
        // ISO 8601 and German calendars start the week on Monday.
        Period::Week => now.checked_sub(i64::from(now.weekday().to_monday_zero_offset()).days())?,
        Period::Month => now.first_of_month()?,
        Period::Year => now.first_of_year()?,
    };
    first.start_of_day()
}

pub(super) fn end_of(period: Period, now: &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error> {
    let last = match period {
        Period::Day => now.clone(),
        Period::Week => start_of(period, now)?.checked_add(6.days())?,
        Period::Month => now.last_of_month()?,
        Period::Year => now.last_of_year()?,
    };
    last.end_of_day()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::expressions::value;

    #[test]
    fn periods_start_and_end_in_the_zone() {
        for (template, shown) in [
            ("{{ start_of('day') }}", "2026-12-01T00:00:00+01:00"),
            ("{{ start_of('week') }}", "2026-11-30T00:00:00+01:00"),
            ("{{ start_of('month') }}", "2026-12-01T00:00:00+01:00"),
            ("{{ start_of('year') }}", "2026-01-01T00:00:00+01:00"),
            ("{{ end_of('day') }}", "2026-12-01T23:59:59.999999999+01:00"),
            (
                "{{ end_of('week') }}",
                "2026-12-06T23:59:59.999999999+01:00",
            ),
            (
                "{{ end_of('month') }}",
                "2026-12-31T23:59:59.999999999+01:00",
            ),
            (
                "{{ end_of('year') }}",
                "2026-12-31T23:59:59.999999999+01:00",
            ),
        ] {
            assert_eq!(value(template), Ok(json!(shown)), "{template}");
        }
    }

    #[test]
    fn inside_of_a_text_an_instant_has_whole_seconds() {
        for template in [
            "by {{ end_of('day') }}",
            "{{ 'by ' ~ end_of('day') }}",
            "by {{ end_of('day') | string }}",
            "by {{ [end_of('day')] | join }}",
        ] {
            assert_eq!(
                value(template),
                Ok(json!("by 2026-12-01T23:59:59+01:00")),
                "{template}"
            );
        }
    }

    #[test]
    fn instants_move_by_days_of_the_calendar_and_compare_with_instants() {
        for (template, shown) in [
            ("{{ now + days(3) }}", json!("2026-12-04T09:00:00+01:00")),
            ("{{ now - days('3') }}", json!("2026-11-28T09:00:00+01:00")),
            ("{{ days(3) + now }}", json!("2026-12-04T09:00:00+01:00")),
            // The clocks change on 25 October: the wall time stays.
            ("{{ now - days(60) }}", json!("2026-10-02T09:00:00+02:00")),
            ("{{ due(phase) + days(1) }}", json!(null)),
            ("{{ days(3) }}", json!("3 days")),
            ("{{ now < now + days(1) }}", json!(true)),
            ("{{ now == date('2026-12-01T08:00:00Z') }}", json!(true)),
            ("{{ now != date('2026-12-01T08:00:00Z') }}", json!(false)),
            ("{{ date(task.due_date) >= start_of('week') }}", json!(true)),
            ("{{ due(task) < now }}", json!(true)),
            // none is neither before nor after.
            ("{{ due(phase) < now }}", json!(false)),
            ("{{ due(phase) > now }}", json!(false)),
            ("{{ due(phase) == none }}", json!(true)),
            (
                "{{ date(vars.day) < now and due(task) == date(vars.day) }}",
                json!(true),
            ),
        ] {
            assert_eq!(value(template), Ok(shown), "{template}");
        }
    }
}
