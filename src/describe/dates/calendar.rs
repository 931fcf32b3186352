//! Business days and holidays.

use std::collections::BTreeSet;

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

use super::holidays::Region;

/// Monday to Friday without holidays: the nationwide German ones unless others are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Whose holidays count; none for a calendar of `days` alone.
    public: Option<&'static Region>,
    /// Additional holidays.
    days: BTreeSet<Date>,
}

/// The direction in which a date on a holiday moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Next,
    Previous,
}

/// The largest number of business days: forty years. A larger one is a mistake.
const FARTHEST: i64 = 10_000;

impl Calendar {
    pub const fn new(public: Option<&'static Region>, days: BTreeSet<Date>) -> Self {
        Self { public, days }
    }

    pub fn is_business_day(&self, day: Date) -> bool {
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
    use jiff::civil::date;

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
}
