//! A distance in words: numbers with whole units, `1 day 12 hours`. An ambiguous text is an error.

use jiff::Span;

use super::DateError;

/// A unit of a distance, the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum DistanceUnit {
    Years,
    Months,
    Weeks,
    Days,
    Hours,
    Minutes,
}

/// The meaning of the word after a number.
enum UnitWord {
    Whole(DistanceUnit),
    /// Abbreviated: all units that it may mean.
    Short(&'static [DistanceUnit]),
    /// A second or less, which no due date moves by.
    TooFine,
}

impl UnitWord {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "year" | "years" => Self::Whole(DistanceUnit::Years),
            "month" | "months" => Self::Whole(DistanceUnit::Months),
            "week" | "weeks" => Self::Whole(DistanceUnit::Weeks),
            "day" | "days" => Self::Whole(DistanceUnit::Days),
            "hour" | "hours" => Self::Whole(DistanceUnit::Hours),
            "minute" | "minutes" => Self::Whole(DistanceUnit::Minutes),
            "y" | "yr" | "yrs" => Self::Short(&[DistanceUnit::Years]),
            "m" => Self::Short(&[DistanceUnit::Months, DistanceUnit::Minutes]),
            "mo" | "mos" | "mon" | "mth" | "mths" => Self::Short(&[DistanceUnit::Months]),
            "w" | "wk" | "wks" => Self::Short(&[DistanceUnit::Weeks]),
            "d" => Self::Short(&[DistanceUnit::Days]),
            "h" | "hr" | "hrs" => Self::Short(&[DistanceUnit::Hours]),
            "min" | "mins" => Self::Short(&[DistanceUnit::Minutes]),
            "s" | "sec" | "secs" | "second" | "seconds" | "ms" | "millisecond" | "milliseconds"
            | "microsecond" | "microseconds" | "nanosecond" | "nanoseconds" => Self::TooFine,
            _ => return None,
        })
    }
}

impl DistanceUnit {
    fn written(self, number: i64) -> String {
        let unit = match self {
            Self::Years => "year",
            Self::Months => "month",
            Self::Weeks => "week",
            Self::Days => "day",
            Self::Hours => "hour",
            Self::Minutes => "minute",
        };
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {unit}{plural}")
    }

    fn add(self, span: Span, number: i64) -> Option<Span> {
        match self {
            Self::Years => span.try_years(number),
            Self::Months => span.try_months(number),
            Self::Weeks => span.try_weeks(number),
            Self::Days => span.try_days(number),
            Self::Hours => span.try_hours(number),
            Self::Minutes => span.try_minutes(number),
        }
        .ok()
    }
}

/// A possible meaning of a text: the units in their order, and their sum.
#[derive(Default)]
struct DistanceReading {
    units: Vec<(i64, DistanceUnit)>,
    span: Span,
}

impl DistanceReading {
    /// With one more part. None if the order is wrong or a unit occurs twice, and beyond the range of a span.
    fn and(&self, number: i64, unit: DistanceUnit) -> Option<Self> {
        if self.units.last().is_some_and(|(_, last)| *last >= unit) {
            return None;
        }
        let units = self.units.iter().copied().chain([(number, unit)]).collect();
        let span = unit.add(self.span, number)?;
        Some(Self { units, span })
    }
}

fn written(units: &[(i64, DistanceUnit)]) -> String {
    let units = units.iter().map(|(number, unit)| unit.written(*number));
    units.collect::<Vec<_>>().join(" ")
}

/// Reads numbers with whole units, the largest first. A minus sign may stand before a single number.
pub(super) fn parse(text: &str) -> Result<Span, DateError> {
    let no_distance = || DateError::Distance(text.to_owned());
    let lower = text.to_lowercase();
    let (sign, unsigned) = match lower.strip_prefix(['-', '+']) {
        Some(rest) => (&lower[..1], rest.trim_start()),
        None => ("", lower.as_str()),
    };
    if let Some(distance) = unsigned.strip_suffix("ago").map(str::trim_end) {
        if distance.ends_with("ago") {
            return Err(no_distance());
        }
        let back = format!("-{distance}");
        let back = match parse(&back) {
            Ok(_) => back,
            Err(DateError::Reach { whole, .. }) => whole,
            Err(DateError::Distance(_)) => return Err(no_distance()),
            Err(error) => return Err(error),
        };
        let readings = vec![back, distance.to_owned()];
        return Err(DateError::Ambiguous(text.to_owned(), readings));
    }
    let mut readings = vec![DistanceReading::default()];
    let mut is_short = false;
    for (number, word) in parts(unsigned).ok_or_else(no_distance)? {
        let meanings = match UnitWord::read(word).ok_or_else(no_distance)? {
            UnitWord::Whole(unit) => vec![unit],
            UnitWord::Short(meanings) => {
                is_short = true;
                meanings.to_vec()
            }
            UnitWord::TooFine => return Err(DateError::TooFine(text.to_owned())),
        };
        // Each unit occurs once, so there are few readings for any length of text.
        let longer = readings.iter().flat_map(|reading| {
            meanings
                .iter()
                .filter_map(|unit| reading.and(number, *unit))
        });
        readings = longer.collect();
    }
    if is_short && !readings.is_empty() {
        let readings = readings
            .iter()
            .map(|reading| format!("{sign}{}", written(&reading.units)));
        return Err(DateError::Ambiguous(text.to_owned(), readings.collect()));
    }
    let Some(DistanceReading { units, span }) = readings.pop() else {
        return Err(no_distance());
    };
    if sign == "-"
        && let [(number, unit), rest @ ..] = units.as_slice()
        && !rest.is_empty()
    {
        return Err(DateError::Reach {
            text: text.to_owned(),
            whole: (-span).to_string(),
            first: format!("-{}", unit.written(*number)),
            rest: written(rest),
        });
    }
    Ok(if sign == "-" { -span } else { span })
}

/// The numbers and the words after them; a comma may be between two.
fn parts(text: &str) -> Option<Vec<(i64, &str)>> {
    let mut rest = text;
    let mut parts = Vec::new();
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number = rest[..digits].parse().ok()?;
        let behind = rest[digits..].trim_start();
        let end = behind.find(|c: char| !c.is_alphabetic());
        let (word, next) = behind.split_at(end.unwrap_or(behind.len()));
        parts.push((number, word));
        let next = next.trim_start();
        if next.is_empty() {
            return Some(parts);
        }
        rest = next.strip_prefix(',').unwrap_or(next).trim_start();
    }
}
