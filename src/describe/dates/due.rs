//! A due date in one of the API's forms: parsed, moved, written in the same form.
//!
//! A form is recognised only if writing the date returns the original text, so no digit is lost.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    fmt::temporal::DateTimeParser,
    tz::{Offset, TimeZone},
};

use super::{DateError, Distance};

/// The digits of `YYYY-MM-DD`, and those up to minutes and to seconds.
const DATE: usize = 10;
const TO_MINUTES: usize = 16;
const TO_SECONDS: usize = 19;

/// Dates in the two forms in which the service stores what it is given.
const FLOATING: &str = "2026-05-28T00:00:00.000";
const INSTANT: &str = "2021-04-27T12:00:00.000Z";

/// Nanoseconds are the finest that the calendar here counts.
const MAX_FRACTION: usize = 9;

/// The suffix of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix {
    /// Nothing: wall time in the playbook's zone. The service stores day, week and month precision so.
    Floating,
    /// `Z`.
    Utc,
    /// `+01:00`: a fixed distance to UTC, kept as it is.
    Fixed(Offset),
}

/// The precision of the time of day.
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
/// A floating date stays on its wall clock. A date with a zone moves on the wall clock of `zone`: across a change to summer time noon stays
/// noon there, and the UTC digits differ by an hour. The last day of a month stays in the month: 31 January and one month is 28 February.
///
/// # Errors
///
/// If `due` is in none of the API's forms, has no time of day and `by` has hours, or the result is outside the years 0 to 9999.
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
        .and_then(|moved| read.write(moved))
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
    let moved = match read.suffix {
        Suffix::Floating => day(read.local.date()).map(|date| date.to_datetime(read.local.time())),
        Suffix::Utc | Suffix::Fixed(_) => read.timestamp(zone).ok().and_then(|at| {
            let wall = zone.to_datetime(at);
            let date = day(wall.date())?;
            if date == wall.date() {
                // The time may exist twice on this day.
                return Some(read.local);
            }
            let at = zone.to_timestamp(date.to_datetime(wall.time())).ok()?;
            Some(read.digits_of(at, zone))
        }),
    };
    moved
        .and_then(|moved| read.write(moved))
        .ok_or_else(|| DateError::Beyond(due.to_owned()))
}

/// A date in one of the service's forms, for a field whose present value is `present`.
///
/// A day becomes midnight without a zone, and so does an instant (a date with an offset) at the start of a day in `zone`. Another instant
/// is floating if `present` is, and otherwise in UTC with milliseconds. A date without an offset keeps its form.
///
/// # Errors
///
/// If `due` is in none of the API's forms, or is an instant outside the years 0 to 9999.
pub fn stored(due: &str, present: Option<&str>, zone: &TimeZone) -> Result<String, DateError> {
    let read = Due::parse(due)?;
    if present == Some(due) {
        return Ok(due.to_owned());
    }
    let (local, form) = match read.suffix {
        Suffix::Floating => (read.local, read.floating_form()),
        Suffix::Utc => (read.local, INSTANT),
        Suffix::Fixed(_) => {
            let at = read
                .timestamp(zone)
                .map_err(|_| DateError::Date(due.to_owned()))?;
            let wall = at.to_zoned_datetime(zone.clone());
            let present = present.and_then(|present| Due::parse(present).ok());
            if wall.start_of_day().is_ok_and(|start| start == wall) {
                (wall.date().to_datetime(Time::midnight()), FLOATING)
            } else if let Some(present) = present.filter(|due| due.suffix == Suffix::Floating) {
                (wall.datetime(), present.floating_form())
            } else {
                (Offset::UTC.to_datetime(at), INSTANT)
            }
        }
    };
    Due::parse(form)?
        .write(local)
        .ok_or_else(|| DateError::Beyond(due.to_owned()))
}

/// The instant of a due date; a floating one is on the wall clock of `zone`, a date without a time is midnight there.
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
            .filter(|due| due.write(due.local).as_deref() == Some(text))
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
        self.zone(zone).to_timestamp(self.local)
    }

    /// The wall time of this date at an instant.
    fn digits_of(&self, at: Timestamp, zone: &TimeZone) -> DateTime {
        self.zone(zone).to_datetime(at)
    }

    /// The zone of its digits; `zone` is the playbook's.
    fn zone(&self, zone: &TimeZone) -> TimeZone {
        match self.suffix {
            Suffix::Floating => zone.clone(),
            Suffix::Utc => TimeZone::UTC,
            Suffix::Fixed(offset) => TimeZone::fixed(offset),
        }
    }

    fn moved(&self, by: Distance, zone: &TimeZone) -> Result<DateTime, jiff::Error> {
        if self.suffix == Suffix::Floating {
            // A floating date may have a wall time that a clock change skips.
            let day = self.local.checked_add(by.calendar_part())?;
            return if by.has_clock_units() {
                let at = zone.to_timestamp(day)?.checked_add(by.clock_part())?;
                Ok(self.digits_of(at, zone))
            } else {
                Ok(day)
            };
        }
        let moved = self
            .timestamp(zone)?
            .to_zoned_datetime(zone.clone())
            .checked_add(by.span())?;
        Ok(self.digits_of(moved.timestamp(), zone))
    }

    /// The form for a floating date: this one's, but a day and minutes get all digits.
    fn floating_form(&self) -> &'a str {
        match self.precision {
            Precision::Date | Precision::Minutes => FLOATING,
            Precision::Seconds | Precision::Fraction(_) => self.text,
        }
    }

    /// `local` in this date's form, which has four digits for a year.
    fn write(&self, local: DateTime) -> Option<String> {
        if local.year() < 0 {
            return None;
        }
        let suffix = self.suffix_text();
        Some(match self.precision {
            Precision::Date => format!("{}{suffix}", local.date()),
            Precision::Minutes => format!("{}{suffix}", local.strftime("%Y-%m-%dT%H:%M")),
            Precision::Seconds => format!("{local:.0}{suffix}"),
            Precision::Fraction(digits) => format!("{local:.digits$}{suffix}"),
        })
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
    let zone = DateTimeParser::new().parse_time_zone(offset).ok()?;
    Some((local, Suffix::Fixed(zone.to_fixed_offset().ok()?)))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
