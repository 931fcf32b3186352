//! Business days and holidays.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use jiff::{
    ToSpan,
    civil::{Date, Weekday, date},
};

use super::holidays::Region;

/// Monday to Friday without holidays: the nationwide German ones unless others are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Whose holidays count; none for a calendar of `days` alone.
    public: Option<&'static Region>,
    /// Additional holidays.
    days: BTreeSet<Date>,
    uncovered: UncoveredYears,
}

/// The years that were asked for and in which a calendar has no day of its own: its file may be last year's. They are no part of what a
/// calendar is, so two calendars are equal whatever was asked.
#[derive(Debug, Default)]
struct UncoveredYears(Mutex<BTreeSet<i16>>);

impl Clone for UncoveredYears {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for UncoveredYears {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for UncoveredYears {}

/// The direction in which a date on a holiday moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Next,
    Previous,
}

/// The largest number of business days: forty years. A larger one is a mistake.
const FARTHEST: i64 = 10_000;

/// Years that a note names.
const MAX_YEARS: usize = 5;

impl Calendar {
    pub fn new(public: Option<&'static Region>, days: BTreeSet<Date>) -> Self {
        Self {
            public,
            days,
            uncovered: UncoveredYears::default(),
        }
    }

    /// What a plan says of the years that it needed and in which the files have no day; none if there is no such year.
    pub fn note(&self) -> Option<String> {
        let years = self
            .uncovered
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let more = if years.len() > MAX_YEARS {
            " and later"
        } else {
            ""
        };
        let years: Vec<String> = (years.iter().take(MAX_YEARS))
            .map(ToString::to_string)
            .collect();
        let rest = match self.public {
            Some(_) => "weekends and public holidays",
            None => "weekends",
        };
        (!years.is_empty()).then(|| {
            format!(
                "no file in `calendar` has a day in {}{more}, so only {rest} count there",
                years.join(", ")
            )
        })
    }

    fn look_for_days_of(&self, year: i16) {
        let days = date(year, 1, 1)..=date(year, 12, 31);
        if !self.days.is_empty() && self.days.range(days).next().is_none() {
            let years = self.uncovered.0.lock();
            years.unwrap_or_else(PoisonError::into_inner).insert(year);
        }
    }

    pub fn is_business_day(&self, day: Date) -> bool {
        self.look_for_days_of(day.year());
        let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let is_public = self.public.is_some_and(|region| region.has_holiday(day));
        !is_weekend && !is_public && !self.days.contains(&day)
    }

    /// The day this number of business days later (earlier if negative). Only business days after the first day count, so one business day
    /// after a Saturday is the Monday. None if that is too far away.
    pub fn count(&self, from: Date, days: i64) -> Option<Date> {
        if days.abs() > FARTHEST {
            return None;
        }
        let direction = if days < 0 {
            Direction::Previous
        } else {
            Direction::Next
        };
        (0..days.abs()).try_fold(from, |day, _| {
            self.business_day(step(day, direction)?, direction)
        })
    }

    /// The day itself if it is a business day, else the nearest one in a direction.
    pub fn business_day(&self, from: Date, direction: Direction) -> Option<Date> {
        let mut day = from;
        // A file may name every day of some years as a holiday.
        for _ in 0..FARTHEST {
            if self.is_business_day(day) {
                return Some(day);
            }
            day = step(day, direction)?;
        }
        None
    }
}

fn step(day: Date, direction: Direction) -> Option<Date> {
    match direction {
        Direction::Next => day.checked_add(1.day()).ok(),
        Direction::Previous => day.checked_sub(1.day()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_days_leave_out_weekends_and_holidays() {
        let germany = Calendar::new(Some(Region::GERMANY), BTreeSet::new());
        let closed = Calendar::new(None, BTreeSet::from([date(2026, 12, 28)]));
        for (calendar, from, days, to) in [
            // Thursday before Christmas: 25 and 26 December, a weekend.
            (&germany, date(2026, 12, 24), 1, date(2026, 12, 28)),
            (&germany, date(2026, 12, 24), 3, date(2026, 12, 30)),
            (&germany, date(2026, 12, 31), 1, date(2027, 1, 4)),
            (&germany, date(2027, 1, 4), -1, date(2026, 12, 31)),
            (&germany, date(2026, 12, 26), 1, date(2026, 12, 28)),
            (&germany, date(2026, 12, 27), -1, date(2026, 12, 24)),
            (&germany, date(2026, 12, 26), 0, date(2026, 12, 26)),
            // Only the day of the file is off; 25 December is a Friday like any other.
            (&closed, date(2026, 12, 24), 1, date(2026, 12, 25)),
            (&closed, date(2026, 12, 25), 1, date(2026, 12, 29)),
        ] {
            assert_eq!(calendar.count(from, days), Some(to), "{from} {days}");
        }
        assert_eq!(germany.count(date(2026, 1, 1), 10_001), None);
    }

    #[test]
    fn a_day_off_moves_to_the_nearest_business_day() {
        let saxony = Calendar::new(Region::named("DE-SN"), BTreeSet::new());
        for (from, next, previous) in [
            (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 17)),
            (date(2026, 11, 17), date(2026, 11, 17), date(2026, 11, 17)),
            (date(2026, 4, 4), date(2026, 4, 7), date(2026, 4, 2)),
        ] {
            assert_eq!(saxony.business_day(from, Direction::Next), Some(next));
            assert_eq!(
                saxony.business_day(from, Direction::Previous),
                Some(previous)
            );
        }
        assert_eq!(Region::named("DE-XX"), None);
    }

    #[test]
    fn the_years_that_are_needed_and_in_which_no_file_has_a_day_are_noted() {
        let with_file = || Calendar::new(None, BTreeSet::from([date(2026, 12, 24)]));
        let calendar = with_file();
        assert_eq!(calendar.note(), None, "nothing was asked");
        calendar.count(date(2026, 12, 1), 3);
        assert_eq!(calendar.note(), None);
        calendar.count(date(2026, 12, 31), 1);
        let note = "no file in `calendar` has a day in 2027, so only weekends count there";
        assert_eq!(calendar.note().unwrap(), note);
        assert_eq!(calendar, with_file());
        // The rules of a region hold in every year.
        let region = Calendar::new(Some(Region::GERMANY), BTreeSet::new());
        region.count(date(2026, 12, 31), 1);
        assert_eq!(region.note(), None);
    }
}
