//! How far a date moves.

use std::fmt;

use jiff::{
    Span, SpanFieldwise, ZonedDateTime,
    fmt::friendly::{Designator, Direction, Spacing, SpanPrinter},
};

use super::DateError;

/// A distance in calendar units, like `3 days`, `-2 weeks` or `1 month`.
///
/// Years to days count on the calendar, so the time of day stays; hours and minutes count elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance(SpanFieldwise);

/// Writes what [`Distance::parse`] reads: `3 days`, `-1 month 2 days`.
const PRINTER: SpanPrinter = SpanPrinter::new()
    .designator(Designator::Verbose)
    .spacing(Spacing::BetweenUnitsAndDesignators)
    .direction(Direction::Sign);

impl Distance {
    /// Reads a number and a unit, or several of them, or an ISO 8601 duration (`P1M`).
    ///
    /// # Errors
    ///
    /// When `text` is neither, counts business days, or has a unit below a minute.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if lower.contains("business") || lower.contains("work") {
            return Err(DateError::BusinessDays(text.to_owned()));
        }
        let span: Span = text
            .parse()
            .map_err(|_| DateError::Distance(text.to_owned()))?;
        if span.get_seconds() != 0
            || span.get_milliseconds() != 0
            || span.get_microseconds() != 0
            || span.get_nanoseconds() != 0
        {
            return Err(DateError::TooFine(text.to_owned()));
        }
        Ok(Self(span.fieldwise()))
    }

    /// # Errors
    ///
    /// When there are more days than the calendar has.
    pub fn days(days: i64) -> Result<Self, DateError> {
        Span::new()
            .try_days(days)
            .map(|span| Self(span.fieldwise()))
            .map_err(|_| DateError::Distance(format!("{days} days")))
    }

    /// The same distance the other way.
    pub fn back(self) -> Self {
        Self(-self.0)
    }

    /// The moment this far after `from`, on the calendar of its zone; none when the calendar ends before.
    pub fn after(self, from: &ZonedDateTime) -> Option<ZonedDateTime> {
        from.checked_add(self.span()).ok()
    }

    pub(super) fn span(self) -> Span {
        self.0.0
    }

    /// Its years, months, weeks and days.
    pub(super) fn calendar_part(self) -> Span {
        self.span().hours(0).minutes(0)
    }

    /// Its hours and minutes.
    pub(super) fn clock_part(self) -> Span {
        self.span().years(0).months(0).weeks(0).days(0)
    }

    /// Whether elapsed time is part of it, which needs a zone even on a wall clock.
    pub(super) fn has_clock_units(self) -> bool {
        self.0.0.get_hours() != 0 || self.0.0.get_minutes() != 0
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&PRINTER.span_to_string(&self.0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_distance_and_are_written_as_words() {
        for (text, written) in [
            ("3 days", "3 days"),
            ("1 day", "1 day"),
            ("-2 weeks", "-2 weeks"),
            ("+5 days", "5 days"),
            ("1 month", "1 month"),
            ("P1M", "1 month"),
            ("-P1Y2M", "-1 year 2 months"),
            ("36 hours", "36 hours"),
            ("90 minutes", "90 minutes"),
            ("1 month 2 days", "1 month 2 days"),
            ("  3 days ", "3 days"),
            ("3d", "3 days"),
            ("2 weeks ago", "-2 weeks"),
        ] {
            let distance = Distance::parse(text).unwrap();
            assert_eq!(distance.to_string(), written, "{text}");
            assert_eq!(Distance::parse(written), Ok(distance), "{text}");
        }
    }

    #[test]
    fn what_is_no_distance_is_refused_with_a_cure() {
        for text in [
            "",
            "3",
            "days",
            "three days",
            "3 moons",
            "1.5 days",
            "3 days, or so",
            "2026-05-28",
        ] {
            assert_eq!(
                Distance::parse(text),
                Err(DateError::Distance(text.to_owned())),
                "{text}"
            );
        }
        for text in ["30 seconds", "1 day 1 second", "PT0.5S", "1 ms"] {
            assert_eq!(
                Distance::parse(text),
                Err(DateError::TooFine(text.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn business_days_are_refused_by_name() {
        for text in [
            "3 business days",
            "3 Business Days",
            "2 working days",
            "1 workday",
        ] {
            let error = Distance::parse(text).unwrap_err();
            assert_eq!(error, DateError::BusinessDays(text.to_owned()));
            assert!(error.to_string().ends_with("use days or weeks"));
        }
    }

    #[test]
    fn back_is_the_same_way_home() {
        let distance = Distance::parse("1 month 2 days").unwrap();
        assert_eq!(distance.back().to_string(), "-1 month 2 days");
        assert_eq!(distance.back().back(), distance);
        assert_eq!(Distance::days(3), Distance::parse("3 days"));
        assert!(Distance::days(i64::MAX).is_err());
    }
}
