//! Public holidays of Germany and its states.
//!
//! Nationwide holidays, and those of a whole state. Holidays of some municipalities (Mariä Himmelfahrt in Bavaria, Fronleichnam in parts of
//! Saxony and Thuringia) must be in a file of the user. The rules are those of the states' laws on Sundays and holidays.

use jiff::{
    ToSpan,
    civil::{Date, Weekday, date},
};

/// Germany, or one of its states.
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// Its code in a playbook, of ISO 3166-2: `DE-NW`.
    pub code: &'static str,
    /// Its holidays besides the nationwide ones, each with its first year.
    own: &'static [(Holiday, i16)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holiday {
    /// A month and a day.
    Each(i8, i8),
    /// Days after Easter Sunday.
    Easter(i32),
    /// The Wednesday before 23 November.
    Repentance,
    /// By a law for a single year.
    Once(Date),
}

const EPIPHANY: Holiday = Holiday::Each(1, 6);
const WOMENS_DAY: Holiday = Holiday::Each(3, 8);
const CORPUS_CHRISTI: Holiday = Holiday::Easter(60);
const ASSUMPTION: Holiday = Holiday::Each(8, 15);
const CHILDRENS_DAY: Holiday = Holiday::Each(9, 20);
const REFORMATION: Holiday = Holiday::Each(10, 31);
const ALL_SAINTS: Holiday = Holiday::Each(11, 1);

const NATIONWIDE: &[Holiday] = &[
    Holiday::Each(1, 1),
    Holiday::Each(5, 1),
    Holiday::Each(10, 3),
    Holiday::Each(12, 25),
    Holiday::Each(12, 26),
    // Good Friday, Easter Monday, Ascension, Whit Monday.
    Holiday::Easter(-2),
    Holiday::Easter(1),
    Holiday::Easter(39),
    Holiday::Easter(50),
    // 500 years of the Reformation.
    Holiday::Once(date(2017, 10, 31)),
];

/// 75 and 80 years after the war.
const LIBERATION: [Holiday; 2] = [
    Holiday::Once(date(2020, 5, 8)),
    Holiday::Once(date(2025, 5, 8)),
];

const fn region(code: &'static str, own: &'static [(Holiday, i16)]) -> Region {
    Region { code, own }
}

/// The whole country first.
const REGIONS: &[Region] = &[
    region("DE", &[]),
    region(
        "DE-BW",
        &[(EPIPHANY, 0), (CORPUS_CHRISTI, 0), (ALL_SAINTS, 0)],
    ),
    region(
        "DE-BY",
        &[(EPIPHANY, 0), (CORPUS_CHRISTI, 0), (ALL_SAINTS, 0)],
    ),
    region(
        "DE-BE",
        &[(WOMENS_DAY, 2019), (LIBERATION[0], 0), (LIBERATION[1], 0)],
    ),
    region("DE-BB", &[(REFORMATION, 0)]),
    region("DE-HB", &[(REFORMATION, 2018)]),
    region("DE-HH", &[(REFORMATION, 2018)]),
    region("DE-HE", &[(CORPUS_CHRISTI, 0)]),
    region("DE-MV", &[(WOMENS_DAY, 2023), (REFORMATION, 0)]),
    region("DE-NI", &[(REFORMATION, 2018)]),
    region("DE-NW", &[(CORPUS_CHRISTI, 0), (ALL_SAINTS, 0)]),
    region("DE-RP", &[(CORPUS_CHRISTI, 0), (ALL_SAINTS, 0)]),
    region(
        "DE-SL",
        &[(CORPUS_CHRISTI, 0), (ASSUMPTION, 0), (ALL_SAINTS, 0)],
    ),
    region("DE-SN", &[(REFORMATION, 0), (Holiday::Repentance, 0)]),
    region("DE-ST", &[(EPIPHANY, 0), (REFORMATION, 0)]),
    region("DE-SH", &[(REFORMATION, 2018)]),
    region("DE-TH", &[(CHILDRENS_DAY, 2019), (REFORMATION, 0)]),
];

impl Region {
    pub const GERMANY: &'static Self = &REGIONS[0];

    pub fn named(code: &str) -> Option<&'static Self> {
        REGIONS.iter().find(|region| region.code == code)
    }

    pub fn codes() -> Vec<&'static str> {
        REGIONS.iter().map(|region| region.code).collect()
    }

    /// Whether a day is a holiday in the whole of the region.
    pub(super) fn has_holiday(&self, day: Date) -> bool {
        let from_easter = days_from_easter(day);
        let own = self.own.iter().filter(|(_, since)| day.year() >= *since);
        let mut all = NATIONWIDE.iter().chain(own.map(|(holiday, _)| holiday));
        all.any(|holiday| holiday.is_on(day, from_easter))
    }
}

impl Holiday {
    fn is_on(self, day: Date, from_easter: Option<i32>) -> bool {
        match self {
            Self::Each(month, number) => (day.month(), day.day()) == (month, number),
            Self::Easter(days) => from_easter == Some(days),
            Self::Repentance => {
                day.weekday() == Weekday::Wednesday
                    && day.month() == 11
                    && (16..=22).contains(&day.day())
            }
            Self::Once(date) => day == date,
        }
    }
}

fn days_from_easter(day: Date) -> Option<i32> {
    Some((day - easter(day.year())?).get_days())
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher); none before it.
fn easter(year: i16) -> Option<Date> {
    if year < 1583 {
        return None;
    }
    let year = i32::from(year);
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let corrected = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - corrected + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * shift;
    let march = i16::try_from(year).ok()?;
    date(march, 3, 22).checked_add(days.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_the_almanacs_have_it() {
        for (year, month, day) in [
            (1818, 3, 22),
            (1943, 4, 25),
            (1999, 4, 4),
            (2000, 4, 23),
            (2008, 3, 23),
            (2011, 4, 24),
            (2016, 3, 27),
            (2019, 4, 21),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2030, 4, 21),
            (2035, 3, 25),
            (2038, 4, 25),
        ] {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    fn days(year: i16, code: &str) -> Vec<Date> {
        let region = Region::named(code).unwrap();
        date(year, 1, 1)
            .series(1.day())
            .take_while(|day| day.year() == year)
            .filter(|day| region.has_holiday(*day))
            .collect()
    }

    #[test]
    fn the_country_has_nine_holidays() {
        let expected = [
            (1, 1),
            (4, 3),
            (4, 6),
            (5, 1),
            (5, 14),
            (5, 25),
            (10, 3),
            (12, 25),
            (12, 26),
        ]
        .map(|(month, day)| date(2026, month, day));
        assert_eq!(days(2026, "DE"), expected);
    }

    #[test]
    fn each_state_has_its_own_number() {
        for (code, count) in [
            ("DE-BW", 12),
            ("DE-BY", 12),
            ("DE-BE", 10),
            ("DE-BB", 10),
            ("DE-HB", 10),
            ("DE-HH", 10),
            ("DE-HE", 10),
            ("DE-MV", 11),
            ("DE-NI", 10),
            ("DE-NW", 11),
            ("DE-RP", 11),
            ("DE-SL", 12),
            ("DE-SN", 11),
            ("DE-ST", 11),
            ("DE-SH", 10),
            ("DE-TH", 11),
        ] {
            assert_eq!(days(2026, code).len(), count, "{code}");
        }
    }

    #[test]
    fn a_holiday_begins_and_ends_with_its_law() {
        for (code, day, is) in [
            ("DE-BE", date(2018, 3, 8), false),
            ("DE-BE", date(2019, 3, 8), true),
            ("DE-MV", date(2022, 3, 8), false),
            ("DE-MV", date(2023, 3, 8), true),
            ("DE-BE", date(2025, 5, 8), true),
            ("DE-BE", date(2026, 5, 8), false),
            ("DE-NW", date(2025, 5, 8), false),
            ("DE-NW", date(2017, 10, 31), true),
            ("DE-NW", date(2018, 10, 31), false),
            ("DE-HH", date(2016, 10, 31), false),
            ("DE-HH", date(2018, 10, 31), true),
            ("DE-SN", date(2026, 11, 18), true),
            ("DE-SN", date(2025, 11, 19), true),
            ("DE-NW", date(2026, 6, 4), true),
            ("DE-HH", date(2026, 6, 4), false),
            ("DE-TH", date(2018, 9, 20), false),
            ("DE-TH", date(2019, 9, 20), true),
        ] {
            let region = Region::named(code).unwrap();
            assert_eq!(region.has_holiday(day), is, "{code} {day}");
        }
    }
}
