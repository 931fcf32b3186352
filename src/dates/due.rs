//! A due date in one of the API's forms: read, moved, written back in the same form.
//!
//! A form is known when writing a date back gives the very text it was read from, so no digit can get lost.

use std::fmt::Write as _;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

use super::{DateError, Distance};

/// The digits of `YYYY-MM-DD`, and those up to minutes and to seconds.
const DATE: usize = 10;
const TO_MINUTES: usize = 16;
const TO_SECONDS: usize = 19;

/// Nanoseconds are the finest that the calendar here counts.
const MAX_FRACTION: usize = 9;

/// What a date ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix {
    /// Nothing: wall time in the playbook's zone. The service stores day, week and month precision so.
    Floating,
    /// `Z`.
    Utc,
    /// `+01:00`: a fixed distance to UTC, kept as it is.
    Fixed(Offset),
}

/// How exactly the time of day is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    Date,
    Minutes,
    Seconds,
    /// This many digits after the point.
    Fraction(usize),
}

#[derive(Clone, Copy, Debug)]
struct Due<'a> {
    text: &'a str,
    local: DateTime,
    precision: Precision,
    suffix: Suffix,
}

/// Moves a due date by a distance, on the wall clock of `zone`; the form (zone suffix, digits) stays.
///
/// A floating date stays on its wall clock. A date with a zone moves as a clock on a wall in `zone` shows it:
/// across a change to summer time noon stays noon there, and the UTC digits differ by an hour. The last of a
/// month stays in the month: 31 January and one month is 28 February.
///
/// # Errors
///
/// When `due` is none of the API's forms, has no time of day and `by` has hours, or leaves the years 0 to 9999.
pub fn shift(due: &str, by: &Distance, zone: &TimeZone) -> Result<String, DateError> {
    let read = Due::parse(due)?;
    if read.precision == Precision::Date && by.has_clock_units() {
        return Err(DateError::NoTimeOfDay {
            due: due.to_owned(),
            by: *by,
        });
    }
    let moved = read.moved(*by, zone).ok();
    moved
        // Four digits are all that the forms have for a year.
        .filter(|moved| (0..=9999).contains(&moved.year()))
        .map(|moved| read.write(moved))
        .ok_or_else(|| DateError::Range {
            due: due.to_owned(),
            by: *by,
        })
}

/// Moves a due date to another day, on the calendar of `zone`; the time of day and the form stay.
///
/// # Errors
///
/// When `due` is none of the API's forms, or `day` gives none.
pub fn on_another_day(
    due: &str,
    zone: &TimeZone,
    day: impl Fn(Date) -> Option<Date>,
) -> Result<String, DateError> {
    let read = Due::parse(due)?;
    let beyond = || DateError::Beyond {
        due: due.to_owned(),
    };
    let moved = match read.suffix {
        Suffix::Floating => day(read.local.date()).map(|date| date.to_datetime(read.local.time())),
        Suffix::Utc | Suffix::Fixed(_) => read.timestamp(zone).ok().and_then(|at| {
            let wall = zone.to_datetime(at);
            let moved = day(wall.date())?.to_datetime(wall.time());
            let at = zone.to_timestamp(moved).ok()?;
            Some(match read.suffix {
                Suffix::Floating => moved,
                Suffix::Utc => Offset::UTC.to_datetime(at),
                Suffix::Fixed(offset) => offset.to_datetime(at),
            })
        }),
    };
    moved
        .filter(|moved| (0..=9999).contains(&moved.year()))
        .map(|moved| read.write(moved))
        .ok_or_else(beyond)
}

/// A date as the service stores it: a bare day as midnight without a zone, anything else as it is.
///
/// # Errors
///
/// When `due` is none of the API's forms.
pub fn stored(due: &str) -> Result<String, DateError> {
    let read = Due::parse(due)?;
    Ok(match read.precision {
        Precision::Date => format!("{due}T00:00:00.000"),
        Precision::Minutes | Precision::Seconds | Precision::Fraction(_) => due.to_owned(),
    })
}

/// The moment that a due date means; a floating one is wall time in `zone`, a bare date its midnight there.
///
/// # Errors
///
/// When `due` is none of the API's forms or leaves the calendar's range.
pub fn instant(due: &str, zone: &TimeZone) -> Result<Timestamp, DateError> {
    Due::parse(due)?
        .timestamp(zone)
        .map_err(|_| DateError::Date(due.to_owned()))
}

impl<'a> Due<'a> {
    fn parse(text: &'a str) -> Result<Self, DateError> {
        Self::read(text)
            .filter(|due| due.write(due.local) == text)
            .ok_or_else(|| DateError::Date(text.to_owned()))
    }

    fn read(text: &'a str) -> Option<Self> {
        let (local, suffix) = split_suffix(text)?;
        let precision = match local.len() {
            DATE => Precision::Date,
            TO_MINUTES => Precision::Minutes,
            TO_SECONDS => Precision::Seconds,
            longer => Precision::Fraction(
                longer
                    .checked_sub(TO_SECONDS + 1)
                    .filter(|digits| *digits <= MAX_FRACTION)?,
            ),
        };
        let date = local.get(..DATE)?.parse().ok()?;
        let time = match local.get(DATE + 1..) {
            Some(time) => time.parse().ok()?,
            None => Time::midnight(),
        };
        Some(Self {
            text,
            local: DateTime::from_parts(date, time),
            precision,
            suffix,
        })
    }

    fn timestamp(&self, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
        match self.suffix {
            Suffix::Floating => zone.to_timestamp(self.local),
            Suffix::Utc => Offset::UTC.to_timestamp(self.local),
            Suffix::Fixed(offset) => offset.to_timestamp(self.local),
        }
    }

    fn moved(&self, by: Distance, zone: &TimeZone) -> Result<DateTime, jiff::Error> {
        if self.suffix == Suffix::Floating && !by.has_clock_units() {
            // No zone: a wall time that a change of the clocks skips is still a floating date.
            return self.local.checked_add(by.span());
        }
        let moved = self
            .timestamp(zone)?
            .to_zoned_datetime(zone.clone())
            .checked_add(by.span())?;
        Ok(match self.suffix {
            Suffix::Floating => moved.datetime(),
            Suffix::Utc => Offset::UTC.to_datetime(moved.timestamp()),
            Suffix::Fixed(offset) => offset.to_datetime(moved.timestamp()),
        })
    }

    /// `local` in this date's form.
    fn write(&self, local: DateTime) -> String {
        let mut text = String::with_capacity(self.text.len());
        // Writing to a string can't fail.
        let _ = write!(text, "{}", local.date());
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        let _ = match self.precision {
            Precision::Date => Ok(()),
            Precision::Minutes => write!(text, "T{hour:02}:{minute:02}"),
            Precision::Seconds => write!(text, "T{hour:02}:{minute:02}:{second:02}"),
            Precision::Fraction(digits) => {
                let fraction = format!("{:09}", local.subsec_nanosecond());
                let digits = &fraction[..digits];
                write!(text, "T{hour:02}:{minute:02}:{second:02}.{digits}")
            }
        };
        text.push_str(self.suffix_text());
        text
    }

    fn suffix_text(&self) -> &'a str {
        let len = match self.suffix {
            Suffix::Floating => 0,
            Suffix::Utc => UTC.len(),
            Suffix::Fixed(_) => FIXED,
        };
        &self.text[self.text.len() - len..]
    }
}

const UTC: &str = "Z";
/// The length of `+01:00`.
const FIXED: usize = 6;

fn split_suffix(text: &str) -> Option<(&str, Suffix)> {
    if let Some(local) = text.strip_suffix(UTC) {
        // `Z` after a bare date says nothing.
        return (local.len() > DATE).then_some((local, Suffix::Utc));
    }
    let Some((local, offset)) = text
        .len()
        .checked_sub(FIXED)
        .filter(|at| *at > DATE)
        .and_then(|at| text.split_at_checked(at))
        .filter(|(_, offset)| offset.starts_with(['+', '-']))
    else {
        return Some((text, Suffix::Floating));
    };
    let (hours, minutes) = offset[1..].split_once(':')?;
    let two_digits = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i32>().ok())
            .flatten()
    };
    let minutes = two_digits(minutes).filter(|minutes| *minutes < 60)?;
    let seconds = two_digits(hours)? * 3600 + minutes * 60;
    let seconds = if offset.starts_with('-') {
        -seconds
    } else {
        seconds
    };
    Some((local, Suffix::Fixed(Offset::from_seconds(seconds).ok()?)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

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

    /// A due date in any of the forms; years far from the ends, so that no shift below leaves the calendar.
    fn any_due() -> impl Strategy<Value = String> {
        let forms = prop_oneof![Just(None), (0..=9_usize).prop_map(Some)];
        let suffixes = prop_oneof![Just(""), Just("Z"), Just("+01:00"), Just("-03:30")];
        (
            0..70_000_i32,
            0..86_400_i32,
            0..1_000_000_000_u32,
            forms,
            suffixes,
        )
            .prop_map(|(days, seconds, nanos, digits, suffix)| {
                let day = date(1950, 1, 1)
                    .checked_add(jiff::Span::new().days(days))
                    .unwrap();
                let time = format!(
                    "{:02}:{:02}:{:02}",
                    seconds / 3600,
                    seconds / 60 % 60,
                    seconds % 60
                );
                match digits {
                    None | Some(0) => format!("{day}T{time}{suffix}"),
                    Some(digits) => {
                        let fraction = format!("{nanos:09}");
                        format!("{day}T{time}.{}{suffix}", &fraction[..digits])
                    }
                }
            })
    }

    fn any_distance() -> impl Strategy<Value = String> {
        let units = prop_oneof![
            Just("minutes"),
            Just("hours"),
            Just("days"),
            Just("weeks"),
            Just("months"),
            Just("years")
        ];
        (-500..500_i32, units).prop_map(|(number, unit)| format!("{number} {unit}"))
    }

    /// The text with each digit made 0.
    fn form(text: &str) -> String {
        text.replace(|c: char| c.is_ascii_digit(), "0")
    }

    proptest! {
        #[test]
        fn any_shift_keeps_the_form(due in any_due(), by in any_distance()) {
            let after = shifted(&due, &by).unwrap();
            prop_assert_eq!(form(&after), form(&due));
            let suffix = |text: &str| text[TO_SECONDS..].to_owned();
            // What is below a second never changes.
            prop_assert_eq!(suffix(&after), suffix(&due));
        }

        #[test]
        fn days_and_weeks_lead_back(due in any_due(), number in -400..400_i32, weeks in any::<bool>()) {
            let by = Distance::parse(&format!("{number} {}", if weeks { "weeks" } else { "days" })).unwrap();
            let there = shift(&due, &by, &berlin()).unwrap();
            let back = shift(&there, &by.back(), &berlin()).unwrap();
            let floating = !due.contains(['Z', '+']) && !due.ends_with("-03:30");
            // A clock that skips an hour, or shows one twice, can't lead back to it; floating dates have no clock.
            let zoned = |text: &str| instant(text, &berlin()).unwrap().to_zoned_datetime(berlin());
            let moved_clock = zoned(&there).time() != zoned(&due).time();
            let twice = berlin().to_ambiguous_timestamp(zoned(&due).datetime()).is_ambiguous();
            if floating || !(moved_clock || twice) {
                prop_assert_eq!(back, due);
            }
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
        assert_eq!(
            stored("2026-12-24").as_deref(),
            Ok("2026-12-24T00:00:00.000")
        );
        assert_eq!(
            stored("2026-12-24T10:00:00.000Z").as_deref(),
            Ok("2026-12-24T10:00:00.000Z")
        );
        assert!(stored("2026-02-30").is_err());
    }
}
