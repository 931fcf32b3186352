//! Dates as the documentation has them, with arithmetic of its own: the model's clock. Only the offsets of zones are
//! taken from a library.

mod holidays;

use jiff::{Timestamp, tz::TimeZone};

use holidays::is_public;

const DAY: i64 = 86_400_000;

/// What stands behind a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix {
    Floating,
    Utc,
    /// An offset, in milliseconds.
    Fixed(i64),
}

/// A date in one of the API's forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// What the digits say, in milliseconds as if they were UTC.
    wall: i64,
    /// Digits of the time of day: 0 for a bare day, 8 for `00:00:00`, 12 with milliseconds.
    time: usize,
    suffix: Suffix,
}

/// A distance: months and days on the calendar, minutes of elapsed time; or business days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distance {
    Calendar {
        months: i64,
        days: i64,
        minutes: i64,
    },
    Business(i64),
}

/// Where the model's dates are: the zone, and the days that are worked on.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) zone: TimeZone,
    /// `DE`, `DE-NW`; none for a calendar of files alone.
    pub(crate) public: Option<&'static str>,
    /// More days off.
    pub(crate) days_off: Vec<&'static str>,
}

/// A day's number, counted from 1 January 1970 (the proleptic Gregorian calendar).
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day's number.
fn date_of(number: i64) -> (i64, i64, i64) {
    let mut year = 1970 + number.div_euclid(366);
    while day_number(year + 1, 1, 1) <= number {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && day_number(year, month + 1, 1) <= number {
        month += 1;
    }
    (year, month, number - day_number(year, month, 1) + 1)
}

/// The number of a day like `2026-12-24`.
fn day(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let number = day_number(year, month, day);
    (date_of(number) == (year, month, day)).then_some(number)
}

impl Stamp {
    /// None for what is no date.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (local, suffix) = match text.strip_suffix('Z') {
            Some(local) => (local, Suffix::Utc),
            None if text.len() > 16 && text[text.len() - 6..].starts_with(['+', '-']) => {
                let (local, offset) = text.split_at(text.len() - 6);
                let (hours, minutes) = offset[1..].split_once(':')?;
                let size = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
                let sign = if offset.starts_with('-') { -1 } else { 1 };
                (local, Suffix::Fixed(sign * size * 60_000))
            }
            None => (text, Suffix::Floating),
        };
        let (date, time) = local.split_at_checked(10)?;
        let mut wall = day(date)? * DAY;
        let time = match time.strip_prefix('T') {
            None if time.is_empty() && suffix == Suffix::Floating => "",
            None => return None,
            Some(time) => {
                let (clock, fraction) = time.split_at_checked(8)?;
                let numbers: Option<Vec<i64>> =
                    clock.split(':').map(|part| part.parse().ok()).collect();
                let [hours, minutes, seconds] = numbers?.try_into().ok()?;
                wall += ((hours * 60 + minutes) * 60 + seconds) * 1000;
                if !fraction.is_empty() {
                    wall += fraction.strip_prefix('.')?.parse::<i64>().ok()?;
                }
                time
            }
        };
        let stamp = Self {
            wall,
            time: time.len(),
            suffix,
        };
        (stamp.text() == text).then_some(stamp)
    }

    /// Another wall time in the same form; a day gets a time of day, with milliseconds.
    pub(crate) const fn with_time(self, wall: i64) -> Self {
        let time = if self.time == 0 { 12 } else { self.time };
        Self { wall, time, ..self }
    }

    /// In UTC with milliseconds.
    pub(crate) const fn utc(instant: i64) -> Self {
        Self {
            wall: instant,
            time: 12,
            suffix: Suffix::Utc,
        }
    }

    /// A day as the service stores days; none where it is not its midnight.
    pub(crate) const fn day(wall: i64) -> Option<Self> {
        if wall.rem_euclid(DAY) == 0 {
            Some(Self {
                wall,
                time: 12,
                suffix: Suffix::Floating,
            })
        } else {
            None
        }
    }

    pub(crate) const fn has_offset(self) -> bool {
        matches!(self.suffix, Suffix::Fixed(_))
    }

    pub(crate) const fn is_bare_day(self) -> bool {
        self.time == 0
    }

    pub(crate) fn is_floating(self) -> bool {
        self.suffix == Suffix::Floating
    }

    pub(crate) fn text(self) -> String {
        let (year, month, day) = date_of(self.wall.div_euclid(DAY));
        let clock = self.wall.rem_euclid(DAY);
        let (seconds, fraction) = (clock / 1000, clock % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let time = format!("T{hours:02}:{minutes:02}:{seconds:02}.{fraction:03}");
        let kept = if self.time == 0 { 0 } else { self.time + 1 };
        let suffix = match self.suffix {
            Suffix::Floating => String::new(),
            Suffix::Utc => "Z".to_owned(),
            Suffix::Fixed(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.abs() / 60_000;
                format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        };
        format!("{year:04}-{month:02}-{day:02}{}{suffix}", &time[..kept])
    }
}

impl Clock {
    fn offset(&self, instant: i64) -> i64 {
        let instant = Timestamp::from_millisecond(instant).unwrap();
        i64::from(self.zone.to_offset(instant).seconds()) * 1000
    }

    /// The wall time of an instant.
    pub(crate) fn wall(&self, instant: i64) -> i64 {
        instant + self.offset(instant)
    }

    /// The instant of a wall time. Of a time that comes twice it is the first; one that is skipped is as late after the
    /// change as the clock would have shown without it.
    pub(crate) fn instant(&self, wall: i64) -> i64 {
        let earlier = wall - self.offset(wall - DAY);
        let later = wall - self.offset(wall + DAY);
        if self.wall(earlier) != wall && self.wall(later) == wall {
            later
        } else {
            earlier
        }
    }

    /// The instant that a date means.
    pub(crate) fn instant_of(&self, stamp: Stamp) -> i64 {
        match stamp.suffix {
            Suffix::Floating => self.instant(stamp.wall),
            Suffix::Utc => stamp.wall,
            Suffix::Fixed(offset) => stamp.wall - offset,
        }
    }

    /// The same form, at another instant.
    fn at(&self, stamp: Stamp, instant: i64) -> Stamp {
        let wall = match stamp.suffix {
            Suffix::Floating => self.wall(instant),
            Suffix::Utc => instant,
            Suffix::Fixed(offset) => instant + offset,
        };
        Stamp { wall, ..stamp }
    }

    /// The same form, with another wall time in the zone; the wall time as it was is the instant as it was.
    fn moved(&self, stamp: Stamp, change: impl FnOnce(i64) -> i64) -> Stamp {
        if stamp.is_floating() {
            return Stamp {
                wall: change(stamp.wall),
                ..stamp
            };
        }
        let before = self.wall(self.instant_of(stamp));
        let after = change(before);
        if after == before {
            stamp
        } else {
            self.at(stamp, self.instant(after))
        }
    }

    /// None when it can't be: hours from a day without a time.
    pub(crate) fn shift(&self, stamp: Stamp, by: Distance) -> Option<Stamp> {
        match by {
            Distance::Business(days) => Some(self.on_day(stamp, |day| self.count(day, days))),
            Distance::Calendar {
                months,
                days,
                minutes,
            } => {
                let moved = self.moved(stamp, |wall| add(wall, months, days));
                match minutes {
                    0 => Some(moved),
                    _ if stamp.is_bare_day() => None,
                    _ => Some(self.at(moved, self.instant_of(moved) + minutes * 60_000)),
                }
            }
        }
    }

    /// Moves a date off a day that is not worked on.
    pub(crate) fn off_holidays(&self, stamp: Stamp, direction: i64) -> Stamp {
        self.on_day(stamp, |day| self.nearest(day, direction))
    }

    fn on_day(&self, stamp: Stamp, change: impl FnOnce(i64) -> i64) -> Stamp {
        self.moved(stamp, |wall| {
            change(wall.div_euclid(DAY)) * DAY + wall.rem_euclid(DAY)
        })
    }

    fn count(&self, day: i64, days: i64) -> i64 {
        let direction = days.signum();
        (0..days.abs()).fold(day, |day, _| self.nearest(day + direction, direction))
    }

    fn nearest(&self, mut day: i64, direction: i64) -> i64 {
        while self.is_off(day) {
            day += direction;
        }
        day
    }

    fn is_off(&self, number: i64) -> bool {
        // 1 January 1970 was a Thursday: 5 and 6 are the weekend.
        let is_weekend = (number + 3).rem_euclid(7) >= 5;
        let is_named = self.days_off.iter().any(|off| day(off) == Some(number));
        is_weekend || is_named || self.public.is_some_and(|code| is_public(code, number))
    }

    /// Midnight of a day like `2026-12-24`, as an instant.
    pub(crate) fn midnight(&self, text: &str) -> i64 {
        self.instant(day(text).unwrap() * DAY)
    }

    /// The first instant of the present day, and that of the next one.
    pub(crate) fn today(&self, now: i64) -> (i64, i64) {
        let today = self.wall(now).div_euclid(DAY);
        (self.instant(today * DAY), self.instant((today + 1) * DAY))
    }

    /// The same wall time some days later.
    pub(crate) fn days_after(&self, instant: i64, days: i64) -> i64 {
        self.instant(self.wall(instant) + days * DAY)
    }
}

/// Calendar units: the last of a month stays in its month.
fn add(wall: i64, months: i64, days: i64) -> i64 {
    let (year, month, day) = date_of(wall.div_euclid(DAY));
    let month = year * 12 + month - 1 + months;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let length = day_number(year + month / 12, month % 12 + 1, 1) - day_number(year, month, 1);
    (day_number(year, month, day.min(length)) + days) * DAY + wall.rem_euclid(DAY)
}

#[test]
fn the_models_clock_is_right_on_days_that_everybody_knows() {
    let clock = |zone, public| Clock {
        zone: TimeZone::get(zone).unwrap(),
        public: Some(public),
        days_off: Vec::new(),
    };
    let berlin = clock("Europe/Berlin", "DE-SN");
    for (before, months, days, minutes, after) in [
        ("2026-01-31", 1, 0, 0, "2026-02-28"),
        ("2027-12-31T10:00:00", 2, 0, 0, "2028-02-29T10:00:00"),
        (
            "2026-03-28T08:00:00.000Z",
            0,
            1,
            0,
            "2026-03-29T07:00:00.000Z",
        ),
        (
            "2026-03-28T08:00:00.000Z",
            0,
            0,
            1440,
            "2026-03-29T08:00:00.000Z",
        ),
        (
            "2026-03-29T02:30:00.000",
            0,
            1,
            720,
            "2026-03-30T14:30:00.000",
        ),
        (
            "2026-10-25T01:30:00.000Z",
            0,
            0,
            0,
            "2026-10-25T01:30:00.000Z",
        ),
        (
            "2026-10-24T02:30:00+02:00",
            0,
            1,
            0,
            "2026-10-25T02:30:00+02:00",
        ),
    ] {
        let by = Distance::Calendar {
            months,
            days,
            minutes,
        };
        let shifted = berlin.shift(Stamp::parse(before).unwrap(), by).unwrap();
        assert_eq!(shifted.text(), after, "{before}");
    }
    for (before, days, after) in [
        ("2026-04-02", 1, "2026-04-07"),
        ("2026-11-17", 1, "2026-11-19"),
        ("2026-05-16", -1, "2026-05-15"),
        ("2026-05-15", -1, "2026-05-13"),
    ] {
        let by = Distance::Business(days);
        let shifted = berlin.shift(Stamp::parse(before).unwrap(), by).unwrap();
        assert_eq!(shifted.text(), after, "{before}");
    }
    for no_date in [
        "soon",
        "2026-02-29",
        "2026-1-1",
        "2026-01-01Z",
        "2026-01-01T25:00:00",
    ] {
        assert_eq!(Stamp::parse(no_date), None, "{no_date}");
    }
}
