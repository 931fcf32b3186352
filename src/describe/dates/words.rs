//! A distance in words: numbers with whole units, `1 day 12 hours`. An ambiguous text is an error.

use jiff::Span;

use super::DateError;

/// A unit of a distance.
struct DistanceUnit {
    name: &'static str,
    /// What it is abbreviated to; `m` may mean two units.
    short: &'static [&'static str],
    add: fn(Span, i64) -> Result<Span, jiff::Error>,
}

const fn unit(
    name: &'static str,
    short: &'static [&'static str],
    add: fn(Span, i64) -> Result<Span, jiff::Error>,
) -> DistanceUnit {
    DistanceUnit { name, short, add }
}

/// The largest first.
const UNITS: &[DistanceUnit] = &[
    unit("year", &["y", "yr", "yrs"], Span::try_years),
    unit(
        "month",
        &["m", "mo", "mos", "mon", "mth", "mths"],
        Span::try_months,
    ),
    unit("week", &["w", "wk", "wks"], Span::try_weeks),
    unit("day", &["d"], Span::try_days),
    unit("hour", &["h", "hr", "hrs"], Span::try_hours),
    unit("minute", &["m", "min", "mins"], Span::try_minutes),
];

/// A second or less, which no due date moves by.
const TOO_FINE: &[&str] = &[
    "s",
    "sec",
    "second",
    "ms",
    "millisecond",
    "microsecond",
    "nanosecond",
];

fn is_one_or_more(word: &str, name: &str) -> bool {
    word == name || word.strip_suffix('s') == Some(name)
}

/// A possible meaning of a text: numbers with places in [`UNITS`], and their sum.
#[derive(Default)]
struct DistanceReading {
    units: Vec<(i64, usize)>,
    span: Span,
}

impl DistanceReading {
    /// With one more part. None if the order is wrong or a unit occurs twice, and beyond the range of a span.
    fn and(&self, number: i64, unit: usize) -> Option<Self> {
        if self.units.last().is_some_and(|(_, last)| *last >= unit) {
            return None;
        }
        let units = self.units.iter().copied().chain([(number, unit)]).collect();
        let span = (UNITS[unit].add)(self.span, number).ok()?;
        Some(Self { units, span })
    }
}

fn written(units: &[(i64, usize)]) -> String {
    let units = units.iter().map(|(number, unit)| {
        let plural = if *number == 1 { "" } else { "s" };
        format!("{number} {}{plural}", UNITS[*unit].name)
    });
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
        let named = UNITS
            .iter()
            .position(|unit| is_one_or_more(word, unit.name));
        is_short |= named.is_none();
        let shortened = (0..UNITS.len()).filter(|unit| UNITS[*unit].short.contains(&word));
        let meanings: Vec<usize> = match named {
            Some(unit) => vec![unit],
            None => shortened.collect(),
        };
        if meanings.is_empty() {
            let is_too_fine = TOO_FINE.iter().any(|fine| is_one_or_more(word, fine));
            return Err(if is_too_fine {
                DateError::TooFine(text.to_owned())
            } else {
                no_distance()
            });
        }
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
        && let Some((first, rest)) = units.split_first()
        && !rest.is_empty()
    {
        return Err(DateError::Reach {
            text: text.to_owned(),
            whole: (-span).to_string(),
            first: format!("-{}", written(&[*first])),
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
