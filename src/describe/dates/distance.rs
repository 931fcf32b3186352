//! The distance by which a date moves.

use std::fmt;

use jiff::{
    Span, SpanFieldwise, ZonedDateTime,
    fmt::friendly::{Designator, Direction, Spacing, SpanPrinter},
};

use super::{DateError, words};

/// A distance in calendar units, like `3 days`, `-2 weeks` or `1 month`.
///
/// Years to days are calendar units, so the time of day stays; hours and minutes count elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance(SpanFieldwise);

/// Writes a distance in one direction: `3 days`, `1 month 2 days`.
const PRINTER: SpanPrinter = SpanPrinter::new()
    .designator(Designator::Verbose)
    .spacing(Spacing::BetweenUnitsAndDesignators)
    .direction(Direction::Sign);

impl Distance {
    /// Reads numbers with whole units (`1 day 12 hours`), or an ISO 8601 duration (`P1DT12H`).
    ///
    /// # Errors
    ///
    /// When `text` is neither, can be read in two ways, counts business days, or has a unit below a minute.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if lower.contains("business") || lower.contains("work") {
            return Err(DateError::BusinessDays(text.to_owned()));
        }
        let span = if lower.trim_start_matches(['-', '+']).starts_with('p') {
            text.parse()
                .map_err(|_| DateError::Distance(text.to_owned()))?
        } else {
            words::parse(text)?
        };
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

    /// The same distance in the other direction.
    pub fn back(self) -> Self {
        Self(-self.0)
    }

    pub fn is_negative(self) -> bool {
        self.span().is_negative()
    }

    /// The instant this far after `from`, on the calendar of its zone; none if it is outside the calendar.
    pub fn after(self, from: &ZonedDateTime) -> Option<ZonedDateTime> {
        from.checked_add(self.span()).ok()
    }

    pub fn span(self) -> Span {
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

/// As [`Distance::parse`] reads it: in words, or as ISO 8601 where a sign stands before several units.
impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = PRINTER.span_to_string(&self.0.0);
        if self.is_negative() && words.split(' ').count() > 2 {
            write!(f, "{}", self.0.0)
        } else {
            f.write_str(&words)
        }
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
            ("-P1Y2M", "-P1Y2M"),
            ("P6M", "6 months"),
            ("PT6M", "6 minutes"),
            ("3days", "3 days"),
            ("3 Days", "3 days"),
            ("- 3 days", "-3 days"),
            ("+1 day 2 hours", "1 day 2 hours"),
            ("1 month, 2 days", "1 month 2 days"),
            ("36 hours", "36 hours"),
            ("90 minutes", "90 minutes"),
            ("1 month 2 days", "1 month 2 days"),
            ("  3 days ", "3 days"),
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
            "3 days,",
            ", 3 days",
            "2026-05-28",
            "2 hours 1 day",
            "1 day 1 day",
            "2 weeks -3 days",
            "--3 days",
            "1 day 12:00",
            "99999999999999999999 days",
            "99999999 years",
            "P",
            "P3",
            "P0.5D",
            "ago",
            "3 ago",
            // No reading of it would be taken.
            "1m 2m 3m",
            "12h 1d",
            "1 day 1d",
            "99999999y",
            &"1m".repeat(12),
        ] {
            assert_eq!(
                Distance::parse(text),
                Err(DateError::Distance(text.to_owned())),
                "{text}"
            );
        }
        for text in ["30 seconds", "1 day 1 second", "PT0.5S", "1 ms", "30s"] {
            assert_eq!(
                Distance::parse(text),
                Err(DateError::TooFine(text.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_is_written_for_short_is_refused_with_what_to_write() {
        for (text, said) in [
            ("6m", "`6m` is ambiguous: write `6 months` or `6 minutes`"),
            (
                "-6 m",
                "`-6 m` is ambiguous: write `-6 months` or `-6 minutes`",
            ),
            (
                "1y 6M",
                "`1y 6M` is ambiguous: write `1 year 6 months` or `1 year 6 minutes`",
            ),
            (
                "1m 30m",
                "units are written in full: write `1 month 30 minutes` for `1m 30m`",
            ),
            (
                "1h 30m",
                "units are written in full: write `1 hour 30 minutes` for `1h 30m`",
            ),
            ("3d", "units are written in full: write `3 days` for `3d`"),
            (
                "1 day 12h",
                "units are written in full: write `1 day 12 hours` for `1 day 12h`",
            ),
            (
                "1 day ago",
                "`1 day ago` is ambiguous: write `-1 day` or `1 day`",
            ),
            (
                "1 day 2 hours ago",
                "`1 day 2 hours ago` is ambiguous: write `-P1DT2H` or `1 day 2 hours`",
            ),
            (
                "6m ago",
                "`-6m` is ambiguous: write `-6 months` or `-6 minutes`",
            ),
            (
                "-2 weeks 3 days",
                "the sign in `-2 weeks 3 days` is ambiguous: write `-P2W3D` if it is for the whole distance; for `-2 weeks` alone, take two steps: `-2 weeks`, then `3 days`",
            ),
        ] {
            assert_eq!(Distance::parse(text).unwrap_err().to_string(), said);
        }
        let whole = Distance::parse("-P2W3D").unwrap();
        assert_eq!(whole, Distance::parse("2 weeks 3 days").unwrap().back());
    }

    #[test]
    fn a_text_of_many_parts_has_no_more_readings_than_could_be_taken() {
        for text in [
            "1m".repeat(18),
            "1m,".repeat(18) + "1m ago",
            "1".to_owned() + &"ago".repeat(100_000),
        ] {
            assert_eq!(
                Distance::parse(&text),
                Err(DateError::Distance(text.clone())),
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
        assert_eq!(distance.back().to_string(), "-P1M2D");
        assert_eq!(distance.back().back(), distance);
        assert_eq!(Distance::days(3), Distance::parse("3 days"));
        assert!(Distance::days(i64::MAX).is_err());
    }
}
