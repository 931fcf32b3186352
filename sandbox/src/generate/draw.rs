//! What executions of both generations are drawn from: people, names, dates.

use jiff::{SignedDuration, civil::DateTime};

use super::{Origin, random::Random};
use crate::wire::{DueDate, ExecutionStatus};

/// The users are "10001" to "10040".
const FIRST_USER: u32 = 10_001;
const USERS: u32 = 40;
/// Two users have more to do than the others: the examples move work from one to the other.
const BUSY: [&str; 2] = ["10010", "10020"];

/// Streets as every town has them; no people's names.
const STREETS: [&str; 12] = [
    "Hauptstraße",
    "Bahnhofstraße",
    "Gartenweg",
    "Am Mühlbach",
    "Dorfstraße",
    "Ringstraße",
    "Schulgasse",
    "Lindenallee",
    "Feldweg",
    "Kirchplatz",
    "Industriestraße",
    "Birkenweg",
];

const DAY: i64 = 24 * 60 * 60;

/// A user id; a busy one in one of eight draws.
pub(super) fn user(random: &mut Random) -> String {
    if random.percent(12) {
        (*random.pick(&BUSY)).to_owned()
    } else {
        (FIRST_USER + random.below(USERS)).to_string()
    }
}

/// "Hauptstraße 12". Some hold characters that Markdown, HTML, CSV or a spreadsheet reads as its own: names
/// are text, and every output has to keep them so.
pub(super) fn address(random: &mut Random) -> String {
    let street = random.pick(&STREETS);
    let number = random.between(1, 120);
    match random.below(60) {
        0 => format!("{street} {number} | Hinterhaus"),
        1 => format!("{street} {number} <EG>, \"links\""),
        2 => format!("{street} {number} & {}; *Neubau*", number + 2),
        _ => format!("{street} {number}"),
    }
}

pub(super) fn status(random: &mut Random) -> ExecutionStatus {
    match random.below(100) {
        0..=7 => ExecutionStatus::Done,
        8..=14 => ExecutionStatus::Closed,
        _ => ExecutionStatus::Started,
    }
}

/// When an execution was created and last updated, in UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) created: DateTime,
    pub(super) updated: DateTime,
}

/// Three in ten are stale (not updated for 90 to 400 days), the others were updated in the 80 days before
/// the epoch; created up to 120 days earlier.
pub(super) fn life(origin: Origin, random: &mut Random) -> Life {
    let idle = if random.percent(30) {
        random.between(90 * DAY + 1, 400 * DAY)
    } else {
        random.between(60 * 60, 80 * DAY)
    };
    let age = idle + random.between(60, 120 * DAY);
    let part = random.between(0, 999);
    Life {
        created: at(origin, -age, part),
        updated: at(origin, -idle, part),
    }
}

/// The moment `seconds` and `milliseconds` after the epoch's midnight in UTC.
pub(super) fn at(origin: Origin, seconds: i64, milliseconds: i64) -> DateTime {
    origin
        .epoch
        .at(0, 0, 0, 0)
        .saturating_add(SignedDuration::from_secs(seconds))
        .saturating_add(SignedDuration::from_millis(milliseconds))
}

/// As the service writes its own stamps.
pub(super) fn text(at: DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A due date from 30 days before the epoch to 60 days after it: floating or UTC, sometimes none. v1
/// (`short`) also has the form without milliseconds.
pub(super) fn due(origin: Origin, random: &mut Random, short: bool) -> Option<DueDate> {
    let day = random.between(-30, 60) * DAY;
    let minute = random.between(0, 24 * 60 - 1) * 60;
    match random.below(100) {
        0..=19 => None,
        20..=64 => Some(DueDate::floating(at(origin, day, 0))),
        65..=84 if short => Some(DueDate::short(at(origin, day + 20 * 60 * 60, 0))),
        _ => Some(DueDate::utc(at(origin, day + minute, 0))),
    }
}
