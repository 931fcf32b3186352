//! Due dates: text that is kept to the digit.

use jiff::{Span, civil::DateTime};
use serde::{Deserialize, Serialize};

/// A due date in one of the three forms that the service stores, kept as it was written:
/// floating (`2026-05-28T00:00:00.000`), UTC (`2021-04-27T12:00:00.000Z`), floating without
/// milliseconds (`2023-01-15T20:00:00`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct DueDate(String);

impl DueDate {
    /// The floating form of days, weeks and months: no zone, milliseconds.
    pub(crate) fn floating(at: DateTime) -> Self {
        Self(at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string())
    }

    /// The UTC form.
    pub(crate) fn utc(at: DateTime) -> Self {
        Self(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }

    /// The short floating form that occurs in v1.
    pub(crate) fn short(at: DateTime) -> Self {
        Self(at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
    }
}

impl TryFrom<String> for DueDate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // A digit is shown as 0, so that a form is one comparison; the calendar is jiff's to check.
        let form: String = text
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        let known = matches!(
            form.as_str(),
            "0000-00-00T00:00:00.000" | "0000-00-00T00:00:00.000Z" | "0000-00-00T00:00:00"
        );
        let wall = text.strip_suffix('Z').unwrap_or(&text);
        if known && wall.parse::<DateTime>().is_ok() {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is no due date: send 2026-05-28T00:00:00.000, 2026-05-28T00:00:00 or 2026-05-28T00:00:00.000Z"
            ))
        }
    }
}

impl From<DueDate> for String {
    fn from(due: DueDate) -> Self {
        due.0
    }
}

/// The due date that a span after the start of a workflow gives: units of days and longer float,
/// minutes and hours are UTC. None when the start can't be read or the date leaves the calendar.
pub(crate) fn from_start(start: &str, span: Span, floats: bool) -> Option<DueDate> {
    let start: DateTime = start.strip_suffix('Z').unwrap_or(start).parse().ok()?;
    if floats {
        let date = start.date().checked_add(span).ok()?;
        Some(DueDate::floating(date.at(0, 0, 0, 0)))
    } else {
        Some(DueDate::utc(start.checked_add(span).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn the_three_forms_are_kept_to_the_digit_and_anything_else_is_refused() {
        for text in [
            "2026-05-28T00:00:00.000",
            "2021-04-27T12:00:00.000Z",
            "2023-01-15T20:00:00",
            "2024-02-29T23:59:59.999",
        ] {
            assert_eq!(
                DueDate::try_from(text.to_owned()).map(String::from),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "tomorrow",
            "2026-05-28",
            "2026-05-28T00:00",
            "2026-05-28 00:00:00",
            "2026-05-28T00:00:00Z",
            "2026-05-28T00:00:00.000+02:00",
            "2026-05-28T00:00:00.000z",
            "2026-13-01T00:00:00.000",
            "2026-02-29T00:00:00.000",
            "2026-05-28T24:00:00.000",
            "2026-05-28T00:00:00.000Z ",
        ] {
            assert!(DueDate::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn days_float_and_hours_are_utc() {
        let start = "2026-01-31T10:30:00.000Z";
        assert_eq!(
            from_start(start, 1.month(), true).map(String::from),
            Some("2026-02-28T00:00:00.000".to_owned())
        );
        assert_eq!(
            from_start(start, 3.hours(), false).map(String::from),
            Some("2026-01-31T13:30:00.000Z".to_owned())
        );
    }
}
