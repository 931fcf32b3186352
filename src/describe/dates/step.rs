//! The way a due date is moved: by calendar units, or by business days.

use jiff::tz::TimeZone;

use super::{Calendar, DateError, Distance, on_another_day, shift};

/// A distance of a playbook: `3 days`, `-2 weeks`, `3 business days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    Calendar(Distance),
    /// This number of business days; a negative one goes back.
    Business(i64),
}

impl Shift {
    /// # Errors
    ///
    /// When `text` is neither a [`Distance`] nor a whole number of business days.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let lower = text.trim().to_ascii_lowercase();
        let number = [
            "business days",
            "business day",
            "working days",
            "working day",
        ]
        .iter()
        .find_map(|unit| lower.strip_suffix(unit));
        match number {
            Some(number) => number
                .trim()
                .parse()
                .map(Self::Business)
                .map_err(|_| DateError::Distance(text.to_owned())),
            None => Distance::parse(text)
                .map(Self::Calendar)
                .map_err(|error| match error {
                    DateError::BusinessDays(text) => DateError::BusinessDaysAlone(text),
                    other => other,
                }),
        }
    }

    /// Moves a due date; its form stays.
    ///
    /// # Errors
    ///
    /// If `due` is in none of the API's forms, or the result is outside the calendar.
    pub fn apply(
        self,
        due: &str,
        zone: &TimeZone,
        calendar: &Calendar,
    ) -> Result<String, DateError> {
        match self {
            Self::Calendar(distance) => shift(due, &distance, zone),
            Self::Business(days) => on_another_day(due, zone, |day| calendar.count(day, days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_days_and_calendar_units_are_told_apart() {
        for (text, step) in [
            ("3 business days", Some(Shift::Business(3))),
            ("-1 business day", Some(Shift::Business(-1))),
            ("2 working days", Some(Shift::Business(2))),
            ("3 days", Distance::days(3).ok().map(Shift::Calendar)),
            ("three business days", None),
            ("1.5 business days", None),
            ("business days", None),
            ("2 business weeks", None),
            ("1 business day ago", None),
            ("1 business day 2 hours", None),
        ] {
            assert_eq!(Shift::parse(text).ok(), step, "{text}");
        }
    }
}
