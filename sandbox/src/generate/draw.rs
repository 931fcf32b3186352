//! What is drawn for executions of both generations: users, names, dates.

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::{
    DataOrigin,
    random::Random,
    templates::{TEMPLATES, WorkflowTemplate},
};
use crate::wire::{DueDate, ExecutionStatus, stamp};

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

/// What an execution of either generation is made from.
pub(super) struct ExecutionDraft {
    pub(super) template: &'static WorkflowTemplate,
    /// When it was created and last updated, as the service writes its stamps.
    pub(super) created: String,
    pub(super) updated: String,
    pub(super) status: ExecutionStatus,
    /// The user who is assigned to it.
    pub(super) owner: String,
}

impl ExecutionDraft {
    /// Three in ten are stale (not updated for 90 to 400 days), the others were updated in the 80 days before the epoch;
    /// created up to 120 days earlier.
    pub(super) fn random(origin: DataOrigin, random: &mut Random) -> Self {
        let template = random.pick(&TEMPLATES);
        let idle = if random.percent(30) {
            random.between(90 * DAY + 1, 400 * DAY)
        } else {
            random.between(60 * 60, 80 * DAY)
        };
        let age = idle + random.between(60, 120 * DAY);
        let milliseconds = random.between(0, 999);
        let status = match random.below(100) {
            0..=7 => ExecutionStatus::Done,
            8..=14 => ExecutionStatus::Closed,
            _ => ExecutionStatus::Started,
        };
        Self {
            template,
            created: text(at(origin, -age, milliseconds)),
            updated: text(at(origin, -idle, milliseconds)),
            status,
            owner: user(random),
        }
    }

    /// Of an execution that starts now.
    pub(super) fn started(template: &'static WorkflowTemplate, now: Timestamp) -> Self {
        Self {
            template,
            created: stamp(now),
            updated: stamp(now),
            status: ExecutionStatus::Started,
            owner: String::new(),
        }
    }

    /// The name of the template and an address. Some hold characters that Markdown, HTML, CSV or a spreadsheet reads as
    /// its own: every output has to keep them.
    pub(super) fn name(&self, random: &mut Random) -> String {
        let street = random.pick(&STREETS);
        let number = random.between(1, 120);
        let name = format!("{} – {street} {number}", self.template.name);
        match random.below(60) {
            0 => format!("{name} | Hinterhaus"),
            1 => format!("{name} <EG>, \"links\""),
            2 => format!("{name} & {}; *Neubau*", number + 2),
            _ => name,
        }
    }

    /// A number of tasks below the template's.
    pub(super) fn some_tasks(&self, random: &mut Random) -> usize {
        let count = self.template.task_count();
        random.below(u32::try_from(count).unwrap_or(1)) as usize
    }
}

/// A user id; a busy one in one of eight draws.
pub(super) fn user(random: &mut Random) -> String {
    if random.percent(12) {
        (*random.pick(&BUSY)).to_owned()
    } else {
        (FIRST_USER + random.below(USERS)).to_string()
    }
}

/// What started an execution: an automation, with this chance in a hundred, or a person.
pub(super) fn trigger(random: &mut Random, automatic: u32) -> String {
    if random.percent(automatic) {
        "AUTOMATIC".to_owned()
    } else {
        "MANUAL".to_owned()
    }
}

/// The moment `seconds` and `milliseconds` after the epoch's midnight in UTC.
pub(super) fn at(origin: DataOrigin, seconds: i64, milliseconds: i64) -> DateTime {
    origin
        .epoch
        .at(0, 0, 0, 0)
        .saturating_add(SignedDuration::from_secs(seconds))
        .saturating_add(SignedDuration::from_millis(milliseconds))
}

/// As the service writes its own stamps.
pub(super) fn text(at: DateTime) -> String {
    DueDate::utc(at).into()
}

/// A due date from 30 days before the epoch to 60 days after it: floating or UTC, sometimes none. v1
/// (`short`) also has the form without milliseconds.
pub(super) fn due(origin: DataOrigin, random: &mut Random, short: bool) -> Option<DueDate> {
    let day = random.between(-30, 60) * DAY;
    let minute = random.between(0, 24 * 60 - 1) * 60;
    match random.below(100) {
        0..=19 => None,
        20..=64 => Some(DueDate::floating(at(origin, day, 0))),
        65..=84 if short => Some(DueDate::short(at(origin, day + 20 * 60 * 60, 0))),
        _ => Some(DueDate::utc(at(origin, day + minute, 0))),
    }
}
