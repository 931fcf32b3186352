//! A distance in words: numbers with whole units, `1 day 12 hours`. What can be read in two ways is refused.

use jiff::Span;

use super::DateError;

/// A unit of a distance, the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Years,
    Months,
    Weeks,
    Days,
    Hours,
    Minutes,
}

/// What the word behind a number says.
enum Word {
    Whole(Unit),
    /// Written for short: all the units that it could stand for.
    Short(&'static [Unit]),
    /// A second or less, which no due date moves by.
    TooFine,
}

impl Word {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "year" | "years" => Self::Whole(Unit::Years),
            "month" | "months" => Self::Whole(Unit::Months),
            "week" | "weeks" => Self::Whole(Unit::Weeks),
            "day" | "days" => Self::Whole(Unit::Days),
            "hour" | "hours" => Self::Whole(Unit::Hours),
            "minute" | "minutes" => Self::Whole(Unit::Minutes),
            "y" | "yr" | "yrs" => Self::Short(&[Unit::Years]),
            "m" => Self::Short(&[Unit::Months, Unit::Minutes]),
            "mo" | "mos" | "mon" | "mth" | "mths" => Self::Short(&[Unit::Months]),
            "w" | "wk" | "wks" => Self::Short(&[Unit::Weeks]),
            "d" => Self::Short(&[Unit::Days]),
            "h" | "hr" | "hrs" => Self::Short(&[Unit::Hours]),
            "min" | "mins" => Self::Short(&[Unit::Minutes]),
            "s" | "sec" | "secs" | "second" | "seconds" | "ms" | "millisecond" | "milliseconds"
            | "microsecond" | "microseconds" | "nanosecond" | "nanoseconds" => Self::TooFine,
            _ => return None,
        })
    }
}

impl Unit {
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

/// Reads numbers with whole units, the largest first. A minus sign may stand before a single number.
pub(super) fn parse(text: &str) -> Result<Span, DateError> {
    let no_distance = || DateError::Distance(text.to_owned());
    let lower = text.to_lowercase();
    let (sign, unsigned) = match lower.strip_prefix(['-', '+']) {
        Some(rest) => (&lower[..1], rest.trim_start()),
        None => ("", lower.as_str()),
    };
    if let Some(distance) = unsigned.strip_suffix("ago").map(str::trim_end) {
        parts(distance).ok_or_else(no_distance)?;
        let readings = vec![format!("-{distance}"), distance.to_owned()];
        return Err(DateError::Ambiguous(text.to_owned(), readings));
    }
    let mut readings = vec![String::new()];
    let mut is_short = false;
    let mut units = Vec::new();
    for (number, word) in parts(unsigned).ok_or_else(no_distance)? {
        let meanings = match Word::read(word).ok_or_else(no_distance)? {
            Word::Whole(unit) => {
                units.push((number, unit));
                vec![unit]
            }
            Word::Short(meanings) => {
                is_short = true;
                meanings.to_vec()
            }
            Word::TooFine => return Err(DateError::TooFine(text.to_owned())),
        };
        readings = readings
            .iter()
            .flat_map(|before| {
                let written = |unit: &Unit| format!("{before} {}", unit.written(number));
                meanings.iter().map(written).collect::<Vec<_>>()
            })
            .collect();
    }
    if is_short {
        let readings = readings
            .iter()
            .map(|reading| format!("{sign}{}", reading.trim_start()));
        return Err(DateError::Ambiguous(text.to_owned(), readings.collect()));
    }
    // In another order, or with one unit twice, it is a slip.
    if !units.is_sorted_by(|(_, a), (_, b)| a < b) {
        return Err(no_distance());
    }
    let span = units
        .iter()
        .try_fold(Span::new(), |span, (number, unit)| unit.add(span, *number))
        .ok_or_else(no_distance)?;
    if sign == "-"
        && let [(number, unit), rest @ ..] = units.as_slice()
        && !rest.is_empty()
    {
        let rest = rest.iter().map(|(number, unit)| unit.written(*number));
        return Err(DateError::Reach {
            text: text.to_owned(),
            whole: (-span).to_string(),
            first: format!("-{}", unit.written(*number)),
            rest: rest.collect::<Vec<_>>().join(" "),
        });
    }
    Ok(if sign == "-" { -span } else { span })
}

/// The numbers and the words behind them; a comma may stand between two.
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
