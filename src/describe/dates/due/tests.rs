//! Due dates in the API's forms, and what becomes of them.

use super::*;
use crate::dates::{Calendar, Shift};

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn shifted(due: &str, by: &str) -> Result<String, DateError> {
    shift(due, &Distance::parse(by).unwrap(), &berlin())
}

#[test]
fn floating_due_dates_keep_their_form_to_the_digit() {
    for (due, by, after) in [
        (
            "2026-05-28T00:00:00.000",
            "3 days",
            "2026-05-31T00:00:00.000",
        ),
        (
            "2026-05-28T00:00:00.000",
            "-2 weeks",
            "2026-05-14T00:00:00.000",
        ),
        ("2023-01-15T20:00:00", "1 month", "2023-02-15T20:00:00"),
        (
            "2026-01-31T00:00:00.000",
            "1 month",
            "2026-02-28T00:00:00.000",
        ),
        (
            "2024-01-31T00:00:00.000",
            "1 month",
            "2024-02-29T00:00:00.000",
        ),
        (
            "2024-02-29T00:00:00.000",
            "1 year",
            "2025-02-28T00:00:00.000",
        ),
        (
            "2026-12-31T23:59:59.999",
            "1 day",
            "2027-01-01T23:59:59.999",
        ),
        ("2026-05-28", "5 days", "2026-06-02"),
        ("2026-05-28T10:30", "1 day", "2026-05-29T10:30"),
        (
            "2026-05-28T00:00:00.123456789",
            "1 day",
            "2026-05-29T00:00:00.123456789",
        ),
        // 2026-03-29 02:30 does not exist in Berlin; a floating date may stand there.
        (
            "2026-03-28T02:30:00.000",
            "1 day",
            "2026-03-29T02:30:00.000",
        ),
    ] {
        assert_eq!(shifted(due, by).as_deref(), Ok(after), "{due} {by}");
    }
}

#[test]
fn wall_time_of_the_zone_is_kept_when_the_clocks_change() {
    for (due, by, after) in [
        (
            "2021-04-27T12:00:00.000Z",
            "3 days",
            "2021-04-30T12:00:00.000Z",
        ),
        // 09:00 in Berlin before and after the change to summer time on 2026-03-29.
        (
            "2026-03-28T08:00:00.000Z",
            "1 day",
            "2026-03-29T07:00:00.000Z",
        ),
        (
            "2026-10-24T07:00:00.000Z",
            "1 day",
            "2026-10-25T08:00:00.000Z",
        ),
        // Midnight in Berlin at the end of January is the 30th in UTC.
        (
            "2026-01-30T23:00:00.000Z",
            "1 month",
            "2026-02-27T23:00:00.000Z",
        ),
        (
            "2026-03-28T09:00:00+01:00",
            "1 day",
            "2026-03-29T08:00:00+01:00",
        ),
        (
            "2026-03-28T03:00:00.5-05:00",
            "1 day",
            "2026-03-29T02:00:00.5-05:00",
        ),
    ] {
        assert_eq!(shifted(due, by).as_deref(), Ok(after), "{due} {by}");
    }
}

#[test]
fn hours_count_elapsed_time() {
    for (due, by, after) in [
        (
            "2026-03-28T12:00:00.000",
            "24 hours",
            "2026-03-29T13:00:00.000",
        ),
        (
            "2026-03-28T11:00:00.000Z",
            "24 hours",
            "2026-03-29T11:00:00.000Z",
        ),
        (
            "2026-05-28T00:00:00.000",
            "36 hours",
            "2026-05-29T12:00:00.000",
        ),
        (
            "2026-05-28T00:00:00.000",
            "-90 minutes",
            "2026-05-27T22:30:00.000",
        ),
    ] {
        assert_eq!(shifted(due, by).as_deref(), Ok(after), "{due} {by}");
    }
    assert!(matches!(
        shifted("2026-05-28", "36 hours"),
        Err(DateError::NoTimeOfDay { .. })
    ));
}

#[test]
fn what_could_not_be_written_back_the_same_is_refused() {
    for due in [
        "",
        "soon",
        "2026",
        "2026-02-30",
        "2026-05-28T",
        "2026-05-28T25:00:00",
        "2026-05-28 00:00:00",
        "2026-05-28T00:00:00.",
        "2026-05-28T00:00:00,000",
        "2026-05-28T00:00:00z",
        "2026-05-28Z",
        "2026-05-28T00:00:00.0000000000",
        "2026-05-28T00:00:00+0100",
        "2026-05-28T00:00:00+25:99",
        "20260528T000000",
        "2026-W22-4",
        "2026-05-28T23:59:60",
        "2026-05-28T00:00:00[Europe/Berlin]",
        "28.05.2026",
        "٢٠٢٦-05-28",
        "2026-05-28T00:00:00+0é:0",
    ] {
        assert_eq!(
            shifted(due, "1 day"),
            Err(DateError::Date(due.to_owned())),
            "{due}"
        );
        assert!(instant(due, &berlin()).is_err(), "{due}");
    }
}

#[test]
fn a_date_that_leaves_the_calendar_is_an_error() {
    for (due, by) in [
        ("9999-12-31T00:00:00.000", "1 day"),
        ("0000-01-01T00:00:00.000", "-1 day"),
        ("9999-12-30T23:00:00.000Z", "9000 years"),
    ] {
        assert!(
            matches!(shifted(due, by), Err(DateError::Range { .. })),
            "{due} {by}"
        );
    }
}

#[test]
fn a_floating_date_means_wall_time_in_the_zone() {
    for (due, utc) in [
        ("2026-05-28T00:00:00.000", "2026-05-27T22:00:00Z"),
        ("2026-12-24", "2026-12-23T23:00:00Z"),
        ("2021-04-27T12:00:00.000Z", "2021-04-27T12:00:00Z"),
        ("2026-03-28T09:00:00+01:00", "2026-03-28T08:00:00Z"),
    ] {
        assert_eq!(instant(due, &berlin()), Ok(utc.parse().unwrap()), "{due}");
    }
}

#[test]
fn a_clock_that_is_changed_moves_no_date_by_an_hour() {
    let germany = Calendar::default();
    for (due, by, after) in [
        // The second 02:30 of the night in which summer time ends.
        (
            "2026-10-25T01:30:00.000Z",
            "0 business days",
            "2026-10-25T01:30:00.000Z",
        ),
        (
            "2026-10-25T01:30:00.000Z",
            "0 days",
            "2026-10-25T01:30:00.000Z",
        ),
        // 02:30 is skipped in the night in which it begins: one day later it is there.
        (
            "2026-03-29T02:30:00.000",
            "1 day 12 hours",
            "2026-03-30T14:30:00.000",
        ),
        (
            "2026-03-29T02:30:00.000",
            "-P1DT1H",
            "2026-03-28T01:30:00.000",
        ),
        (
            "2026-03-28T02:30:00.000",
            "1 day 12 hours",
            "2026-03-29T15:30:00.000",
        ),
    ] {
        let moved = Shift::parse(by).unwrap().apply(due, &berlin(), &germany);
        assert_eq!(moved.as_deref(), Ok(after), "{due} {by}");
    }
}

#[test]
fn a_date_is_stored_in_a_form_of_the_service_with_the_moment_or_the_day_that_was_meant() {
    let floating = Some("2026-12-01T00:00:00.000");
    for (due, present, stored) in [
        // A day, and an instant that is the beginning of one.
        ("2026-12-24", None, "2026-12-24T00:00:00.000"),
        ("2026-11-29T00:00:00+01:00", None, "2026-11-29T00:00:00.000"),
        (
            "2026-11-28T23:00:00+00:00",
            Some("2026-12-01T08:00:00.000Z"),
            "2026-11-29T00:00:00.000",
        ),
        // For every form of the present date.
        (
            "2026-12-24",
            Some("2026-12-02T00:00:00"),
            "2026-12-24T00:00:00.000",
        ),
        (
            "2026-12-24T00:00:00+01:00",
            Some("2026-12-02T00:00:00"),
            "2026-12-24T00:00:00.000",
        ),
        (
            "2026-12-24T00:00:00+01:00",
            Some("2026-12-02T10:00:00.000000"),
            "2026-12-24T00:00:00.000",
        ),
        (
            "2026-12-24T00:00:00+01:00",
            Some("2026-12-02"),
            "2026-12-24T00:00:00.000",
        ),
        // Other instants: a floating date stays one, in its own digits.
        (
            "2026-11-29T09:00:00+01:00",
            None,
            "2026-11-29T08:00:00.000Z",
        ),
        (
            "2026-11-29T09:00:00.987654321+01:00",
            Some("2026-12-01T08:00:00Z"),
            "2026-11-29T08:00:00.987Z",
        ),
        (
            "2026-11-29T09:00:00.987654321+01:00",
            floating,
            "2026-11-29T09:00:00.987",
        ),
        (
            "2026-11-29T08:00:00+00:00",
            Some("2023-01-15T20:00:00"),
            "2026-11-29T09:00:00",
        ),
        (
            "2026-11-29T08:00:00+00:00",
            Some("2023-01-15"),
            "2026-11-29T09:00:00.000",
        ),
        (
            "2026-11-29T08:00:00+00:00",
            Some("soon"),
            "2026-11-29T08:00:00.000Z",
        ),
        // What is written in a form of the service stays as it is.
        (
            "2026-12-24T10:00:00.000Z",
            floating,
            "2026-12-24T10:00:00.000Z",
        ),
        ("2023-01-15T20:00:00", None, "2023-01-15T20:00:00"),
        ("2026-12-24T10:00:00.000", None, "2026-12-24T10:00:00.000"),
        // What is not takes the nearest one, unless it is there already.
        ("2026-12-24T10:00:00Z", None, "2026-12-24T10:00:00.000Z"),
        (
            "2026-12-24T10:00:00.987654321Z",
            None,
            "2026-12-24T10:00:00.987Z",
        ),
        ("2026-12-24T10:00", None, "2026-12-24T10:00:00.000"),
        ("2026-12-24", Some("2026-12-24"), "2026-12-24"),
    ] {
        let found = super::stored(due, present, &berlin());
        assert_eq!(found.as_deref(), Ok(stored), "{due} {present:?}");
        let again = super::stored(stored, Some(stored), &berlin());
        assert_eq!(again.as_deref(), Ok(stored), "{stored}");
    }
    // In Beirut the day begins at one o'clock when summer time does.
    let beirut = TimeZone::get("Asia/Beirut").unwrap();
    assert_eq!(
        super::stored("2026-03-29T01:00:00+03:00", None, &beirut).as_deref(),
        Ok("2026-03-29T00:00:00.000")
    );
    for due in ["2026-02-30", "soon", "0000-01-01T00:00:00+01:00"] {
        assert!(super::stored(due, None, &berlin()).is_err(), "{due}");
    }
}

#[test]
fn another_day_keeps_the_form_and_the_time_on_the_wall() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let next = |day: jiff::civil::Date| day.checked_add(jiff::ToSpan::days(1)).ok();
    for (due, moved) in [
        ("2026-05-28", "2026-05-29"),
        ("2026-05-28T00:00:00.000", "2026-05-29T00:00:00.000"),
        ("2023-01-15T20:00:00", "2023-01-16T20:00:00"),
        // 23:30 on 27 March in Berlin; on 28 March summer time begins there, the 29th begins in it.
        ("2026-03-28T22:30:00.000Z", "2026-03-29T21:30:00.000Z"),
        ("2026-12-24T08:00:00+01:00", "2026-12-25T08:00:00+01:00"),
    ] {
        assert_eq!(on_another_day(due, &berlin, next).as_deref(), Ok(moved));
    }
    assert!(on_another_day("soon", &berlin, next).is_err());
    assert!(on_another_day("2026-05-28", &berlin, |_| None).is_err());
}
