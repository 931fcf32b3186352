//! Due dates as the API stores them, and arithmetic on them that keeps their form.

mod calendar;
mod distance;
mod due;
mod holidays;
mod step;
mod words;

pub use calendar::{Calendar, Direction};
pub use distance::Distance;
pub use due::{instant, on_another_day, shift, stored};
pub use holidays::Region;
pub use step::Shift;

use jiff::{Timestamp, tz::TimeZone};

/// `2026-12-01 09:00 Europe/Berlin`: an instant as text, on the wall clock of a zone, with its name.
pub fn on_wall_clock(moment: Timestamp, zone: &str) -> String {
    in_zone(moment, &known(zone))
}

/// As [`on_wall_clock`], with the seconds.
pub fn to_the_second(moment: Timestamp, zone: &str) -> String {
    formatted(moment, &known(zone), "%Y-%m-%d %H:%M:%S%.f")
}

/// As [`on_wall_clock`]; a zone without a name is shown by its offset.
pub fn in_zone(moment: Timestamp, zone: &TimeZone) -> String {
    formatted(moment, zone, "%Y-%m-%d %H:%M")
}

/// A plan from a machine with a newer zone database is still shown.
fn known(zone: &str) -> TimeZone {
    TimeZone::get(zone).unwrap_or(TimeZone::UTC)
}

fn formatted(moment: Timestamp, zone: &TimeZone, format: &str) -> String {
    let moment = moment.to_zoned_datetime(zone.clone());
    let name = match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => moment.strftime("UTC%:z").to_string(),
    };
    format!("{} {name}", moment.strftime(format))
}

/// Why a text is not a distance or a due date, or can't be moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    #[error(
        "`{0}` is no distance: write numbers with minutes, hours, days, weeks, months or years, like `3 days`, `-2 weeks` or `1 day 12 hours`"
    )]
    Distance(String),
    /// A text and all its possible meanings; if there is one, it is only abbreviated.
    #[error("{}", choice(.0, .1))]
    Ambiguous(String, Vec<String>),
    #[error(
        "the sign in `{text}` is ambiguous: write `{whole}` if it is for the whole distance; for `{first}` alone, take two steps: `{first}`, then `{rest}`"
    )]
    Reach {
        text: String,
        whole: String,
        first: String,
        rest: String,
    },
    #[error("business days are not available in `{0}`: use days or weeks")]
    BusinessDays(String),
    #[error("business days stand alone in a distance: write `{0}` like `3 business days`")]
    BusinessDaysAlone(String),
    #[error("`{0}` is too fine for a due date: use minutes, hours, days, weeks, months or years")]
    TooFine(String),
    #[error(
        "`{0}` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z`"
    )]
    Date(String),
    #[error("`{due}` has no time of day, so it can't move by {by}: use days or weeks")]
    NoTimeOfDay { due: String, by: Distance },
    #[error("`{0}` would leave the calendar")]
    Beyond(String),
    #[error("`{due}` can't move by {by}: the result is outside of the years 0 to 9999")]
    Range { due: String, by: Distance },
}

/// A distance that counts back from now, like `90 days`.
///
/// # Errors
///
/// What to write; only distances before the present are suggested.
pub fn counted_back(text: &str) -> Result<Distance, String> {
    match Distance::parse(text) {
        Ok(distance) if distance.is_negative() => Err(is_back(text)),
        Ok(distance) => Ok(distance),
        Err(DateError::Reach { .. }) => Err(is_back(text)),
        Err(DateError::Ambiguous(text, mut readings)) => {
            readings.retain(|reading| !reading.starts_with('-'));
            match readings.as_slice() {
                [] => Err(is_back(&text)),
                [reading] if text.to_ascii_lowercase().ends_with("ago") => Err(format!(
                    "write `{reading}` for `{text}`: the distance counts back from now"
                )),
                _ => Err(DateError::Ambiguous(text, readings).to_string()),
            }
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The error about a negative distance where a distance counts back from now.
pub fn is_back(distance: &str) -> String {
    format!(
        "`{distance}` would lie in the future: leave out the sign, the distance counts back from now"
    )
}

fn choice(text: &str, readings: &[String]) -> String {
    let readings: Vec<_> = readings
        .iter()
        .map(|reading| format!("`{reading}`"))
        .collect();
    match readings.as_slice() {
        [whole] => format!("units are written in full: write {whole} for `{text}`"),
        _ => format!("`{text}` is ambiguous: write {}", readings.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn only_distances_that_count_back_are_offered_where_one_counts_back() {
        for (text, said) in [
            (
                "1 day ago",
                "write `1 day` for `1 day ago`: the distance counts back from now",
            ),
            ("6m", "`6m` is ambiguous: write `6 months` or `6 minutes`"),
        ] {
            assert_eq!(counted_back(text).unwrap_err(), said);
        }
        for text in ["-2 weeks 3 days", "-3 days", "-6m"] {
            assert_eq!(counted_back(text).unwrap_err(), is_back(text));
        }
        assert_eq!(counted_back("90 days"), Ok(Distance::days(90).unwrap()));
    }

    #[test]
    fn a_moment_for_people_names_its_zone() {
        let moment = "2026-12-01T08:00:00Z".parse().unwrap();
        for (zone, told) in [
            ("Europe/Berlin", "2026-12-01 09:00 Europe/Berlin"),
            ("Asia/Tokyo", "2026-12-01 17:00 Asia/Tokyo"),
            ("UTC", "2026-12-01 08:00 UTC"),
            ("Nowhere/Here", "2026-12-01 08:00 UTC"),
        ] {
            assert_eq!(on_wall_clock(moment, zone), told);
        }
        let nameless = TimeZone::fixed(Offset::constant(-3));
        assert_eq!(in_zone(moment, &nameless), "2026-12-01 05:00 UTC-03:00");
    }
}
