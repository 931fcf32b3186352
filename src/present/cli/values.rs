//! The values of flags; an error shows an example.

use std::{
    num::{NonZeroU32, NonZeroU64},
    str::FromStr,
};

use jiff::{
    SignedDuration, Span, SpanRelativeTo, Timestamp, ToSpan as _, civil::Date, tz::TimeZone,
};

use super::InDoubt;
use crate::{
    api::{Id, IdError},
    dates::{DateError, Distance},
    pace::{Pace, Rate},
};

/// An id; blanks around it are ignored, as in files.
pub(super) fn id(text: &str) -> Result<Id, IdError> {
    Id::new(text.trim())
}

pub(super) fn moment(text: &str) -> Result<Timestamp, &'static str> {
    text.trim()
        .parse()
        .map_err(|_| "write a moment with its zone, like 2026-12-01T08:00:00Z")
}

/// The beginning of a period.
pub(super) fn since(text: &str) -> Result<Timestamp, &'static str> {
    edge(text, 0, &TimeZone::system())
}

/// The end of a period, which is not in it any more; a day is.
pub(super) fn until(text: &str) -> Result<Timestamp, &'static str> {
    edge(text, 1, &TimeZone::system())
}

/// A moment, or the beginning of the day that is so many days after a day in this zone.
fn edge(text: &str, days: i64, zone: &TimeZone) -> Result<Timestamp, &'static str> {
    const CURE: &str =
        "write a day like 2026-11-01, or a moment with its zone like 2026-11-01T08:00:00Z";
    let text = text.trim();
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let is_day = text.len() == "2026-11-01".len();
    let day: Date = text.parse().ok().filter(|_| is_day).ok_or(CURE)?;
    let day = day.checked_add(days.days()).map_err(|_| CURE)?;
    let beginning = day.to_zoned_datetime(zone.clone()).map_err(|_| CURE)?;
    Ok(beginning.timestamp())
}

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    text.parse().map_err(|error| {
        format!("{error}: write requests per second or minute, like 8/s, 0.5/s or 480/min")
    })
}

/// A number of at least 1.
pub(super) fn from_1<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.trim()
        .parse()
        .map_err(|_| "write a whole number of at least 1, like 4")
}

pub(super) fn concurrency(text: &str) -> Result<NonZeroU32, String> {
    let number = text.trim().parse().ok();
    number
        .filter(|number| *number <= Pace::MAX_CONCURRENCY)
        .ok_or_else(|| {
            format!(
                "write a whole number from 1 to {}, like 4: {}",
                Pace::MAX_CONCURRENCY,
                Pace::WHY_MAX_CONCURRENCY
            )
        })
}

pub(super) fn count(text: &str) -> Result<u64, &'static str> {
    from_1(text).map(NonZeroU64::get)
}

pub(super) fn seconds(text: &str, most: u64) -> Result<u64, String> {
    let seconds = text.trim().parse().ok();
    seconds
        .filter(|seconds| (1..=most).contains(seconds))
        .ok_or_else(|| format!("write whole seconds without a unit, from 1 to {most}, like 30"))
}

/// The id of a run, or its beginning. Nothing is the beginning of every id: with a variable that is not set, a command would take the only
/// run that there is.
pub(super) fn run(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("the id of the run is empty: write it, or use --last"),
        id => Ok(id.to_owned()),
    }
}

/// What to do with changes in doubt. `applied` is an answer about one change: for all of them it would claim effects that nobody has looked
/// for, and nothing would find the mistake later.
pub(super) fn in_doubt(text: &str) -> Result<InDoubt, &'static str> {
    match text {
        "retry" => Ok(InDoubt::Retry),
        "skip" => Ok(InDoubt::Skip),
        "applied" => Err(
            "`applied` is an answer about one change: write it into the column answer of the run's in_doubt.csv, and give that file",
        ),
        "" => Err("write retry or skip, or a file of answers"),
        file => Ok(InDoubt::Answers(file.into())),
    }
}

/// An age like `7 days` or `12 hours`; a day has 24 hours, since it is the distance between two instants.
pub(super) fn age(text: &str) -> Result<SignedDuration, String> {
    const CURE: &str = "write an age in days, hours and minutes, like `7 days` or `12 hours`";
    // ISO 8601 allows seconds, too.
    let is_iso = text.trim_start().starts_with(['P', 'p']);
    let span = match text.trim().parse::<Span>() {
        Ok(span) if is_iso => span,
        Ok(_) | Err(_) => Distance::parse(text)
            .map_err(|error| match error {
                DateError::Ambiguous(_, readings) => accepted(text, &readings, CURE),
                _ => CURE.to_owned(),
            })?
            .span(),
    };
    // Weeks, months and years have no fixed length.
    match span.to_duration(SpanRelativeTo::days_are_24_hours()) {
        Ok(age) if age.is_positive() => Ok(age),
        Ok(_) | Err(_) => Err(CURE.to_owned()),
    }
}

/// The same; `90d`, too, can only mean days.
pub(super) fn days_or_age(text: &str) -> Result<SignedDuration, String> {
    let days = text.trim().strip_suffix('d');
    match days.and_then(|days| days.parse::<u32>().ok()) {
        Some(days) => Ok(SignedDuration::from_hours(i64::from(days) * 24)),
        None => age(text),
    }
}

/// The help for an ambiguous age: the readings that are ages.
fn accepted(text: &str, readings: &[String], cure: &str) -> String {
    let ages: Vec<String> = readings
        .iter()
        .filter(|reading| age(reading).is_ok())
        .map(|reading| format!("`{reading}`"))
        .collect();
    if ages.is_empty() {
        cure.to_owned()
    } else {
        format!("write {} for `{text}`", ages.join(" or "))
    }
}

/// The digest of a plan, in the format of `sha256sum`, with or without the file name.
pub(super) fn plan_sha256(text: &str) -> Result<String, &'static str> {
    sha256(text).ok_or("write the 64 hex digits that `sha256sum PLAN` prints")
}

/// The digest of a record of the history.
pub(super) fn record_sha256(text: &str) -> Result<String, &'static str> {
    sha256(text)
        .ok_or("write the 64 hex digits that `status --check` has printed as the last digest")
}

fn sha256(text: &str) -> Option<String> {
    let digest = text.split_whitespace().next().unwrap_or_default();
    let is_one = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then(|| digest.to_ascii_lowercase())
}

/// The most characters of a name: of several people, and more than any of them has.
const MAX_NAME: usize = 500;

/// The name of a person, or of several. A workflow whose variable is empty must not record that somebody without a name has approved.
pub(super) fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() {
        return Err("write a name, or leave the flag out".to_owned());
    }
    let is_plain = !name.chars().any(char::is_control);
    (is_plain && name.chars().count() <= MAX_NAME)
        .then(|| name.to_owned())
        .ok_or_else(|| {
            format!("write a name in one line of at most {MAX_NAME} characters, like eva")
        })
}

/// The most characters of an address: what browsers and proxies take at least.
const MAX_LINK: usize = 2_000;

/// The address of a page that a person can open. A secret in it would be in the record for ever.
pub(super) fn link(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "https://example.com/team/repository/pull/12";
    let link = text.trim();
    if link.chars().count() > MAX_LINK {
        return Err(format!(
            "write an address of at most {MAX_LINK} characters, like {EXAMPLE}"
        ));
    }
    let is_plain = !link
        .chars()
        .any(|character| character.is_control() || character.is_whitespace());
    let host = link
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()))
        .and_then(|(_, rest)| rest.split(['/', '?', '#', '\\']).next())
        .filter(|host| !host.is_empty() && is_plain);
    let Some(host) = host else {
        return Err(format!(
            "write the address of a page with http or https, like {EXAMPLE}"
        ));
    };
    if host.contains('@') {
        return Err(format!(
            "write the address without a user and a password, like {EXAMPLE}"
        ));
    }
    Ok(link.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_address_of_a_page_without_a_secret_or_a_character_that_a_terminal_obeys() {
        for text in [
            "https://example.com/pull/7?x=1#comment",
            " http://[::1]:80/t ",
        ] {
            assert_eq!(link(text).as_deref(), Ok(text.trim()));
        }
        let long = format!("https://x/{}", "y".repeat(MAX_LINK));
        for (text, said) in [
            ("", "with http or https"),
            ("ticket 4711", "with http or https"),
            ("example.com/pull/7", "with http or https"),
            ("//example.com/pull/7", "with http or https"),
            ("javascript:alert(1)", "with http or https"),
            ("file:///etc/passwd", "with http or https"),
            ("https://", "with http or https"),
            ("https://x/a b", "with http or https"),
            ("https://x/a\nb", "with http or https"),
            ("https://x/\u{1b}[2J", "with http or https"),
            ("https://me@x/", "without a user"),
            ("https://me:secret@x/", "without a user"),
            (&long, "at most 2000 characters"),
        ] {
            let error = link(text).unwrap_err();
            assert!(
                error.contains(said) && !error.contains("secret"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_period_is_of_whole_days_or_of_moments() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for (text, days, expected) in [
            ("2026-11-01", 0, "2026-10-31T23:00:00Z"),
            (" 2026-11-30 ", 1, "2026-11-30T23:00:00Z"),
            // This day has 25 hours.
            ("2026-10-25", 0, "2026-10-24T22:00:00Z"),
            ("2026-10-25", 1, "2026-10-25T23:00:00Z"),
            ("2026-11-01T08:00:00Z", 1, "2026-11-01T08:00:00Z"),
        ] {
            let edge = edge(text, days, &zone);
            assert_eq!(edge, Ok(expected.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-11",
            "2026-02-30",
            "2026-11-01T08:00",
            "30d",
        ] {
            assert!(since(text).unwrap_err().contains("a day like"), "{text}");
        }
    }

    #[test]
    fn a_name_has_a_letter_and_one_line() {
        assert_eq!(name(" Eva, Max ").as_deref(), Ok("Eva, Max"));
        for text in ["", "  ", "a\nb", "Eva\u{1b}[2J", &"x".repeat(501)] {
            name(text).unwrap_err();
        }
    }

    #[test]
    fn only_ages_are_offered_for_an_age() {
        for (text, said) in [
            ("6m", "write `6 minutes` for `6m`"),
            ("7d", "write `7 days` for `7d`"),
            ("1 day ago", "write `1 day` for `1 day ago`"),
            (
                "6 mo",
                "write an age in days, hours and minutes, like `7 days` or `12 hours`",
            ),
            (
                "-2 weeks 3 days",
                "write an age in days, hours and minutes, like `7 days` or `12 hours`",
            ),
            (
                "",
                "write an age in days, hours and minutes, like `7 days` or `12 hours`",
            ),
        ] {
            assert_eq!(age(text).unwrap_err(), said, "{text}");
        }
    }

    #[test]
    fn runs_are_kept_for_days_in_the_short_form_too() {
        for text in ["90d", " 90d ", "90 days", "P90D"] {
            assert_eq!(
                days_or_age(text),
                Ok(SignedDuration::from_hours(90 * 24)),
                "{text}"
            );
        }
        for text in ["", "d", "-1d", "90", "3m"] {
            days_or_age(text).unwrap_err();
        }
    }

    #[test]
    fn a_concurrency_above_the_limit_is_answered_with_the_limit_and_its_reason() {
        assert_eq!(concurrency("1000"), Ok(Pace::MAX_CONCURRENCY));
        for text in ["", "0", "1001", "4294967296", "x"] {
            assert_eq!(
                concurrency(text).unwrap_err(),
                "write a whole number from 1 to 1000, like 4: each execution in work takes a connection",
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_value_is_answered_with_an_example() {
        for text in ["", "0", "-1", "abc", "5%", "1.5"] {
            let error = count(text).unwrap_err();
            assert_eq!(
                error, "write a whole number of at least 1, like 4",
                "{text}"
            );
        }
        for text in ["", "0", "30s", "3601"] {
            let error = seconds(text, 3600).unwrap_err();
            assert!(error.contains("from 1 to 3600, like 30"), "{error}");
        }
        for text in ["", "8", "480/m", "8/h"] {
            let error = rate(text).unwrap_err();
            assert!(error.contains("8/s, 0.5/s or 480/min"), "{error}");
        }
        for text in ["", "yesterday", "2026-12-01", "2026-12-01 08:00"] {
            assert!(moment(text).unwrap_err().contains("2026-12-01T08:00:00Z"));
        }
        assert!(id(" a ").is_ok() && id("a b").is_err());
    }
}
