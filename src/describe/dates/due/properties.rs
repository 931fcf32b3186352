//! Properties of due dates in any form, in zones with all kinds of clocks.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::dates::{Calendar, Direction, Region, Shift};

/// A due date in any of the forms; years far from the ends, so that no shift below leaves the calendar.
fn any_due() -> impl Strategy<Value = String> {
    let forms = prop_oneof![Just(None), (0..=9_usize).prop_map(Some)];
    let suffixes = prop_oneof![Just(""), Just("Z"), Just("+01:00"), Just("-03:30")];
    (
        0..70_000_i32,
        0..86_400_i32,
        0..1_000_000_000_u32,
        forms,
        suffixes,
    )
        .prop_map(|(days, seconds, nanos, digits, suffix)| {
            let day = date(1950, 1, 1)
                .checked_add(jiff::Span::new().days(days))
                .unwrap();
            let time = format!(
                "{:02}:{:02}:{:02}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            );
            match digits {
                None | Some(0) => format!("{day}T{time}{suffix}"),
                Some(digits) => {
                    let fraction = format!("{nanos:09}");
                    format!("{day}T{time}.{}{suffix}", &fraction[..digits])
                }
            }
        })
}

fn any_distance() -> impl Strategy<Value = String> {
    let units = prop_oneof![
        Just("minutes"),
        Just("hours"),
        Just("days"),
        Just("weeks"),
        Just("months"),
        Just("years")
    ];
    (-500..500_i32, units).prop_map(|(number, unit)| format!("{number} {unit}"))
}

/// Zones with clocks that change by an hour, by half an hour, at midnight, by a day, and not at all.
const ZONES: [&str; 7] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
];

fn any_zone() -> impl Strategy<Value = TimeZone> {
    proptest::sample::select(ZONES.to_vec()).prop_map(|name| TimeZone::get(name).unwrap())
}

/// A zone and a due date in one of the forms, often within hours of a change of that zone's clocks.
fn any_due_and_zone() -> impl Strategy<Value = (String, TimeZone)> {
    let near = (
        any_zone(),
        0..2_000_000_000_i64,
        -10_000..10_000_i64,
        0..6_usize,
    );
    let near = near.prop_map(|(zone, from, seconds, form)| {
        let from = Timestamp::from_second(from).unwrap();
        let change = zone.following(from).next();
        let change = change.map_or(from, |change| change.timestamp());
        let by = jiff::SignedDuration::from_secs(seconds);
        let at = change + by;
        // A floating date may also stand where the clock skips an hour.
        let wall = zone.to_datetime(change - jiff::SignedDuration::from_secs(1)) + by;
        let utc = Offset::UTC.to_datetime(at);
        let due = match form {
            0 => format!("{}", wall.date()),
            1 => format!("{wall:.0}")[..TO_MINUTES].to_owned(),
            2 => format!("{wall:.0}"),
            3 => format!("{wall:.3}"),
            4 => format!("{utc:.3}Z"),
            _ => format!("{:.0}+01:00", Offset::constant(1).to_datetime(at)),
        };
        (due, zone)
    });
    prop_oneof![3 => near, 1 => (any_due(), any_zone())]
}

/// The text with each digit made 0.
fn form(text: &str) -> String {
    text.replace(|c: char| c.is_ascii_digit(), "0")
}

proptest! {
    #[test]
    fn a_step_of_nothing_leaves_every_digit_as_it_is(
        (due, zone) in any_due_and_zone(),
        unit in proptest::sample::select(vec!["minutes", "hours", "days", "weeks", "months", "years", "business days"]),
    ) {
        let step = Shift::parse(&format!("0 {unit}")).unwrap();
        prop_assert_eq!(step.apply(&due, &zone, &Calendar::default()), Ok(due.clone()));
        prop_assert_eq!(on_another_day(&due, &zone, Some), Ok(due));
    }

    #[test]
    fn hours_count_elapsed_time_from_the_day_that_the_calendar_units_lead_to(
        (due, zone) in any_due_and_zone(), days in -40..40_i64, hours in 1..100_i64, is_back in any::<bool>(),
    ) {
        if due.len() == DATE {
            return Ok(());
        }
        let sign = if is_back { -1 } else { 1 };
        let (days, hours) = (days.abs() * sign, hours * sign);
        let by = match days {
            0 => format!("{hours} hours"),
            days => format!("{}P{}DT{}H", if days < 0 { "-" } else { "" }, days.abs(), hours.abs()),
        };
        let found = shift(&due, &Distance::parse(&by).unwrap(), &zone).unwrap();
        // Written down once more, with the two parts one after another.
        let read = Due::parse(&due).unwrap();
        let day = |wall: DateTime| wall.checked_add(jiff::Span::new().days(days)).unwrap();
        let start = match read.suffix {
            Suffix::Floating => zone.to_timestamp(day(read.local)).unwrap(),
            Suffix::Utc | Suffix::Fixed(_) if days == 0 => read.timestamp(&zone).unwrap(),
            Suffix::Utc | Suffix::Fixed(_) => {
                zone.to_timestamp(day(zone.to_datetime(read.timestamp(&zone).unwrap()))).unwrap()
            }
        };
        let end = start + jiff::SignedDuration::from_hours(hours);
        match read.suffix {
            // Text, since a clock that goes back shows two moments as one.
            Suffix::Floating => prop_assert_eq!(Some(found), read.write(zone.to_datetime(end))),
            Suffix::Utc | Suffix::Fixed(_) => prop_assert_eq!(instant(&found, &zone), Ok(end)),
        }
    }

    #[test]
    fn business_days_lead_back_to_a_business_day(
        (due, zone) in any_due_and_zone(), days in -300..300_i64, saxony in any::<bool>(),
    ) {
        let calendar = if saxony {
            Calendar::new(Region::named("DE-SN"), std::collections::BTreeSet::new())
        } else {
            Calendar::default()
        };
        let apply = |due: &str, days| Shift::Business(days).apply(due, &zone, &calendar).unwrap();
        let wall = |due: &str| zone.to_datetime(instant(due, &zone).unwrap());
        let is_floating = Due::parse(&due).unwrap().suffix == Suffix::Floating;
        let off = |day| calendar.business_day(day, Direction::Next);
        let due = on_another_day(&due, &zone, off).unwrap();
        prop_assert_eq!(on_another_day(&due, &zone, off), Ok(due.clone()), "it is off the holidays");
        let there = apply(&due, days);
        prop_assert_eq!(form(&there), form(&due));
        // A clock that skips an hour, or shows one twice, can't lead back to it; floating dates have no clock.
        let is_moved = wall(&there).time() != wall(&due).time();
        let is_twice = zone.to_ambiguous_timestamp(wall(&due)).is_ambiguous();
        if is_floating || !(is_moved || is_twice) {
            prop_assert_eq!(apply(&there, -days), due);
        }
    }

    #[test]
    fn any_shift_keeps_the_form(due in any_due(), zone in any_zone(), by in any_distance()) {
        let after = shift(&due, &Distance::parse(&by).unwrap(), &zone).unwrap();
        prop_assert_eq!(form(&after), form(&due));
        let suffix = |text: &str| text[TO_SECONDS..].to_owned();
        // What is below a second never changes.
        prop_assert_eq!(suffix(&after), suffix(&due));
    }

    #[test]
    fn days_and_weeks_lead_back(
        (due, zone) in any_due_and_zone(), number in -400..400_i32, weeks in any::<bool>(),
    ) {
        let by = Distance::parse(&format!("{number} {}", if weeks { "weeks" } else { "days" })).unwrap();
        let there = shift(&due, &by, &zone).unwrap();
        let back = shift(&there, &by.back(), &zone).unwrap();
        let floating = Due::parse(&due).unwrap().suffix == Suffix::Floating;
        // A clock that skips an hour, or shows one twice, can't lead back to it; floating dates have no clock.
        let wall = |text: &str| zone.to_datetime(instant(text, &zone).unwrap());
        let moved_clock = wall(&there).time() != wall(&due).time();
        let twice = zone.to_ambiguous_timestamp(wall(&due)).is_ambiguous();
        if floating || !(moved_clock || twice) {
            prop_assert_eq!(back, due);
        }
    }
}
