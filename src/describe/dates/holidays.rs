//! Public holidays of Germany and its states.
//!
//! Nationwide holidays, and those of a whole state. Holidays of some municipalities (Mariä Himmelfahrt in Bavaria, Fronleichnam in parts of
//! Saxony and Thuringia) must be in a file of the user. The rules are those of the states' laws on Sundays and holidays.

use jiff::{
    ToSpan,
    civil::{Date, Weekday, date},
};

/// A German state, by its code in ISO 3166-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FederalState {
    Bw,
    By,
    Be,
    Bb,
    Hb,
    Hh,
    He,
    Mv,
    Ni,
    Nw,
    Rp,
    Sl,
    Sn,
    St,
    Sh,
    Th,
}

/// A holiday that some states have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Regional {
    Epiphany,
    WomensDay,
    CorpusChristi,
    Assumption,
    ChildrensDay,
    Reformation,
    AllSaints,
    Repentance,
}

impl FederalState {
    pub const ALL: [Self; 16] = [
        Self::Bw,
        Self::By,
        Self::Be,
        Self::Bb,
        Self::Hb,
        Self::Hh,
        Self::He,
        Self::Mv,
        Self::Ni,
        Self::Nw,
        Self::Rp,
        Self::Sl,
        Self::Sn,
        Self::St,
        Self::Sh,
        Self::Th,
    ];

    /// Its code in a playbook: `DE-NW`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bw => "DE-BW",
            Self::By => "DE-BY",
            Self::Be => "DE-BE",
            Self::Bb => "DE-BB",
            Self::Hb => "DE-HB",
            Self::Hh => "DE-HH",
            Self::He => "DE-HE",
            Self::Mv => "DE-MV",
            Self::Ni => "DE-NI",
            Self::Nw => "DE-NW",
            Self::Rp => "DE-RP",
            Self::Sl => "DE-SL",
            Self::Sn => "DE-SN",
            Self::St => "DE-ST",
            Self::Sh => "DE-SH",
            Self::Th => "DE-TH",
        }
    }

    /// The state's holidays besides the nationwide ones, each with its first year.
    const fn own(self) -> &'static [(Regional, i16)] {
        use Regional::{
            AllSaints, Assumption, ChildrensDay, CorpusChristi, Epiphany, Reformation, Repentance,
            WomensDay,
        };
        match self {
            Self::Bw | Self::By => &[(Epiphany, 0), (CorpusChristi, 0), (AllSaints, 0)],
            Self::Be => &[(WomensDay, 2019)],
            Self::Bb => &[(Reformation, 0)],
            Self::Hb | Self::Hh | Self::Ni | Self::Sh => &[(Reformation, 2018)],
            Self::He => &[(CorpusChristi, 0)],
            Self::Mv => &[(WomensDay, 2023), (Reformation, 0)],
            Self::Nw | Self::Rp => &[(CorpusChristi, 0), (AllSaints, 0)],
            Self::Sl => &[(CorpusChristi, 0), (Assumption, 0), (AllSaints, 0)],
            Self::Sn => &[(Reformation, 0), (Repentance, 0)],
            Self::St => &[(Epiphany, 0), (Reformation, 0)],
            Self::Th => &[(ChildrensDay, 2019), (Reformation, 0)],
        }
    }
}

/// Holidays of a single year, by a law for that year; none for the whole country.
const SINGLE: [(Option<FederalState>, Date); 3] = [
    (None, date(2017, 10, 31)),
    (Some(FederalState::Be), date(2020, 5, 8)),
    (Some(FederalState::Be), date(2025, 5, 8)),
];

/// Whether a day is a holiday in the whole country, or in the whole of `state`.
pub(super) fn is_holiday(day: Date, state: Option<FederalState>) -> bool {
    let nationwide = matches!(
        (day.month(), day.day()),
        (1 | 5, 1) | (10, 3) | (12, 25 | 26)
    );
    let from_easter = days_from_easter(day);
    // Good Friday, Easter Monday, Ascension, Whit Monday.
    let moveable = matches!(from_easter, Some(-2 | 1 | 39 | 50));
    let single = SINGLE
        .iter()
        .any(|(of, on)| *on == day && (of.is_none() || *of == state));
    let regional = state.is_some_and(|state| {
        state
            .own()
            .iter()
            .any(|(holiday, since)| day.year() >= *since && holiday.is_on(day, from_easter))
    });
    nationwide || moveable || single || regional
}

impl Regional {
    fn is_on(self, day: Date, from_easter: Option<i32>) -> bool {
        let on = |month, number| (day.month(), day.day()) == (month, number);
        match self {
            Self::Epiphany => on(1, 6),
            Self::WomensDay => on(3, 8),
            Self::CorpusChristi => from_easter == Some(60),
            Self::Assumption => on(8, 15),
            Self::ChildrensDay => on(9, 20),
            Self::Reformation => on(10, 31),
            Self::AllSaints => on(11, 1),
            // The Wednesday before 23 November.
            Self::Repentance => {
                day.weekday() == Weekday::Wednesday
                    && day.month() == 11
                    && (16..=22).contains(&day.day())
            }
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

    fn days(year: i16, state: Option<FederalState>) -> Vec<Date> {
        date(year, 1, 1)
            .series(1.day())
            .take_while(|day| day.year() == year)
            .filter(|day| is_holiday(*day, state))
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
        assert_eq!(days(2026, None), expected);
    }

    #[test]
    fn each_state_has_its_own_number() {
        for (state, count) in [
            (FederalState::Bw, 12),
            (FederalState::By, 12),
            (FederalState::Be, 10),
            (FederalState::Bb, 10),
            (FederalState::Hb, 10),
            (FederalState::Hh, 10),
            (FederalState::He, 10),
            (FederalState::Mv, 11),
            (FederalState::Ni, 10),
            (FederalState::Nw, 11),
            (FederalState::Rp, 11),
            (FederalState::Sl, 12),
            (FederalState::Sn, 11),
            (FederalState::St, 11),
            (FederalState::Sh, 10),
            (FederalState::Th, 11),
        ] {
            assert_eq!(days(2026, Some(state)).len(), count, "{}", state.code());
        }
    }

    #[test]
    fn a_holiday_begins_and_ends_with_its_law() {
        for (state, day, is) in [
            (FederalState::Be, date(2018, 3, 8), false),
            (FederalState::Be, date(2019, 3, 8), true),
            (FederalState::Mv, date(2022, 3, 8), false),
            (FederalState::Mv, date(2023, 3, 8), true),
            (FederalState::Be, date(2025, 5, 8), true),
            (FederalState::Be, date(2026, 5, 8), false),
            (FederalState::Nw, date(2025, 5, 8), false),
            (FederalState::Nw, date(2017, 10, 31), true),
            (FederalState::Nw, date(2018, 10, 31), false),
            (FederalState::Hh, date(2016, 10, 31), false),
            (FederalState::Hh, date(2018, 10, 31), true),
            (FederalState::Sn, date(2026, 11, 18), true),
            (FederalState::Sn, date(2025, 11, 19), true),
            (FederalState::Nw, date(2026, 6, 4), true),
            (FederalState::Hh, date(2026, 6, 4), false),
            (FederalState::Th, date(2018, 9, 20), false),
            (FederalState::Th, date(2019, 9, 20), true),
        ] {
            assert_eq!(is_holiday(day, Some(state)), is, "{} {day}", state.code());
        }
    }
}
