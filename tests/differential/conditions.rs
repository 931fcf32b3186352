//! Random conditions, as text and with what they mean.

use std::fmt;

use serde_json::Value;

use crate::{
    data::{Api, DAYS, USERS},
    parts::{self, Level},
    playbooks::Row,
    tape::Tape,
    time::{Clock, Stamp},
};

/// A moment that a condition compares with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    Now,
    InDays(i64),
    Day(&'static str),
    StartOfDay,
    EndOfDay,
}

/// The names of objects are those that a playbook writes: `task`, `task.phase`, `execution`.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Is(String, &'static str),
    IsNot(String, &'static str),
    IsOneOf(String, Vec<&'static str>),
    IsNone(String),
    HasAssignee(String, &'static str),
    IsAmongAssignees(&'static str, String),
    HasSeveralAssignees(String),
    DueBefore(String, Moment),
    DueBetween(String, Moment, Moment),
    HasNoDue(String),
    ScheduledBetween(Moment, Moment),
    OlderThan(String, i64),
    IdleFor(String, i64),
    HasContext(&'static str),
    CellIs(&'static str),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

fn is_execution_status(path: &str) -> bool {
    path.ends_with("execution.status")
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) execution: &'a Value,
    pub(crate) part: Option<(Level, &'a Value)>,
    pub(crate) clock: &'a Clock,
    /// In milliseconds.
    pub(crate) now: i64,
    /// The line of the CSV that names the execution.
    pub(crate) row: Option<&'a Row>,
}

/// An expression that fails on its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::InDays(days) => write!(f, "now + days({days})"),
            Self::Day(day) => write!(f, "\"{day}\""),
            Self::StartOfDay => f.write_str("start_of(\"day\")"),
            Self::EndOfDay => f.write_str("end_of(\"day\")"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(path, value) => write!(f, "{path} == \"{value}\""),
            Self::IsNot(path, value) => write!(f, "{path} != \"{value}\""),
            Self::IsOneOf(path, values) => write!(f, "{path} in {values:?}"),
            Self::IsNone(path) => write!(f, "{path} is none"),
            Self::HasAssignee(x, "1") => write!(f, "has_assignee({x}, vars.leaver)"),
            Self::HasAssignee(x, id) => write!(f, "has_assignee({x}, {id})"),
            Self::IsAmongAssignees(id, x) => write!(f, "\"{id}\" in assignees({x})"),
            Self::HasSeveralAssignees(x) => write!(f, "assignees({x}) | length > 1"),
            Self::DueBefore(x, moment) => write!(f, "due_before({x}, {moment})"),
            Self::DueBetween(x, from, to) => write!(f, "due_between({x}, {from}, {to})"),
            Self::HasNoDue(x) => write!(f, "due({x}) is none"),
            Self::ScheduledBetween(from, to) => write!(f, "scheduled_between(task, {from}, {to})"),
            Self::OlderThan(x, days) => write!(f, "older_than({x}, \"{days} days\")"),
            Self::IdleFor(x, days) => write!(f, "idle_for({x}, \"{days} days\")"),
            Self::HasContext(schema) => write!(f, "context(execution, \"{schema}\") is not none"),
            Self::CellIs(text) => write!(f, "row['new owners'] == \"{text}\""),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::And(one, other) => write!(f, "({one}) and ({other})"),
            Self::Or(one, other) => write!(f, "({one}) or ({other})"),
        }
    }
}

impl Condition {
    /// A condition that can be asked on all of these levels.
    pub(crate) fn random(tape: &mut Tape<'_>, levels: &[Level], api: Api, is_rows: bool) -> Self {
        if levels == [Level::Entity] {
            return Self::Is(
                "entity.schema".to_owned(),
                tape.pick(&["contact", "opportunity"]),
            );
        }
        let simple = |tape: &mut Tape<'_>| {
            if is_rows && tape.chance(20) {
                Self::CellIs(tape.pick(&["2", "2,3"]))
            } else {
                Self::simple(tape, levels, api)
            }
        };
        match tape.below(10) {
            0..6 => simple(tape),
            6 => Self::Not(Box::new(simple(tape))),
            7 | 8 => Self::And(Box::new(simple(tape)), Box::new(simple(tape))),
            _ => Self::Or(Box::new(simple(tape)), Box::new(simple(tape))),
        }
    }

    /// Whether it can never hold, which is a mistake of the playbook; `flows` finds running executions only.
    pub(crate) fn is_never(&self, is_flows: bool) -> bool {
        match self {
            Self::And(one, other) => {
                one.is_never(is_flows) || other.is_never(is_flows) || one.excludes(other)
            }
            Self::Or(one, other) => one.is_never(is_flows) && other.is_never(is_flows),
            Self::Is(path, word) => is_flows && is_execution_status(path) && *word != "STARTED",
            Self::IsNot(path, word) => is_flows && is_execution_status(path) && *word == "STARTED",
            _ => false,
        }
    }

    /// Whether two comparisons of one text can't both hold.
    fn excludes(&self, other: &Self) -> bool {
        let is_one_of = |condition: &Self, words: &[&str]| match condition {
            Self::Is(_, word) | Self::CellIs(word) => words.contains(word),
            Self::IsNot(_, word) => words.iter().any(|other| other != word),
            Self::IsOneOf(_, own) => words.iter().any(|word| own.contains(word)),
            _ => true,
        };
        let path = |condition: &Self| match condition {
            Self::Is(path, _) | Self::IsNot(path, _) | Self::IsOneOf(path, _) => Some(path.clone()),
            Self::CellIs(_) => Some("row".to_owned()),
            _ => None,
        };
        if path(self).is_none() || path(self) != path(other) {
            return false;
        }
        match (self, other) {
            (Self::Is(_, word) | Self::CellIs(word), other)
            | (other, Self::Is(_, word) | Self::CellIs(word)) => !is_one_of(other, &[*word]),
            (Self::IsOneOf(_, words), other) | (other, Self::IsOneOf(_, words)) => {
                !is_one_of(other, words)
            }
            (_, _) => false,
        }
    }

    fn simple(tape: &mut Tape<'_>, levels: &[Level], api: Api) -> Self {
        let own: &[&str] = match levels {
            [Level::Task] => &["task", "task", "execution", "task.phase", "task.execution"],
            [Level::Phase] => &["phase", "phase", "execution"],
            [Level::Step] => &["step", "step", "execution", "step.section"],
            _ => &["execution"],
        };
        let x = tape.pick(own).to_owned();
        let is_parent = x.ends_with("phase") || x.ends_with("section") || x == "phase";
        let is_execution = x.ends_with("execution");
        let statuses: &[&str] = if is_execution {
            &["STARTED", "DONE", "CLOSED"]
        } else if is_parent {
            &["OPEN", "IN_PROGRESS", "COMPLETED"]
        } else {
            &["PENDING", "IN_PROGRESS", "COMPLETED", "SCHEDULED"]
        };
        let names = ["Call", "Antrag", "Wechsel"];
        match tape.below(15) {
            0 | 1 => Self::Is(format!("{x}.status"), tape.pick(statuses)),
            2 => Self::IsNot(format!("{x}.status"), tape.pick(statuses)),
            3 => Self::IsOneOf(format!("{x}.status"), statuses[..2].to_vec()),
            4 => Self::Is(format!("{x}.name"), tape.pick(&names)),
            5 => Self::HasAssignee(x, tape.pick(&USERS)),
            6 => Self::IsAmongAssignees(tape.pick(&USERS), x),
            7 => Self::HasSeveralAssignees(x),
            8 => Self::DueBefore(x, moment(tape)),
            9 => {
                let from = moment(tape);
                Self::DueBetween(x, from, moment(tape))
            }
            10 => Self::HasNoDue(x),
            11 if levels == [Level::Task] => Self::ScheduledBetween(Moment::Now, moment(tape)),
            12 if !is_parent => Self::OlderThan(x, tape.pick(&[90, 1, 364])),
            13 if !(api == Api::V1 && is_parent) => Self::IdleFor(x, tape.pick(&[90, 2])),
            14 => Self::HasContext(tape.pick(&["contact", "opportunity"])),
            _ => Self::IsNone(match api {
                Api::V1 => format!("{x}.dynamicDueDate"),
                Api::V2 => format!("{x}.due_date_config"),
            }),
        }
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, scope: &Scope<'_>) -> Result<bool, Failed> {
        Ok(match self {
            Self::Is(path, value) => scope.text(path) == Some(value),
            Self::IsNot(path, value) => scope.text(path) != Some(value),
            Self::IsOneOf(path, values) => {
                scope.text(path).is_some_and(|text| values.contains(&text))
            }
            Self::IsNone(path) => scope.at(path).is_none(),
            Self::HasAssignee(x, id) | Self::IsAmongAssignees(id, x) => {
                scope.assignees(x).iter().any(|assignee| assignee == id)
            }
            Self::HasSeveralAssignees(x) => scope.assignees(x).len() > 1,
            Self::DueBefore(x, moment) => match scope.due(x)? {
                Some(due) => due < scope.moment(*moment),
                None => false,
            },
            Self::DueBetween(x, from, to) => is_between(scope.due(x)?, scope, *from, *to),
            Self::HasNoDue(x) => scope.due(x)?.is_none(),
            Self::ScheduledBetween(from, to) => {
                let at = scope
                    .at("task.schedule.scheduled_at")
                    .and_then(Value::as_str);
                let at = at
                    .and_then(Stamp::parse)
                    .map(|at| scope.clock.instant_of(at));
                is_between(at, scope, *from, *to)
            }
            Self::OlderThan(x, days) => {
                scope.is_past(x, &["created_at", "creationTime", "created"], *days)
            }
            Self::IdleFor(x, days) => {
                scope.is_past(x, &["updated_at", "lastUpdateTime", "lastUpdated"], *days)
            }
            Self::HasContext(schema) => {
                let contexts = scope.execution["contexts"].as_array();
                contexts.into_iter().flatten().any(|context| {
                    context["schema"] == *schema || context["entity_schema"] == *schema
                })
            }
            Self::CellIs(text) => scope.row.is_some_and(|row| row.to == *text),
            Self::Not(inner) => !inner.holds(scope)?,
            Self::And(one, other) => one.holds(scope)? && other.holds(scope)?,
            Self::Or(one, other) => one.holds(scope)? || other.holds(scope)?,
        })
    }
}

fn moment(tape: &mut Tape<'_>) -> Moment {
    match tape.below(6) {
        0 | 1 => Moment::Now,
        2 => Moment::InDays(tape.pick(&[30, -1, 1])),
        3 => Moment::StartOfDay,
        4 => Moment::EndOfDay,
        _ => Moment::Day(tape.pick(&DAYS[..6])),
    }
}

fn is_between(at: Option<i64>, scope: &Scope<'_>, from: Moment, to: Moment) -> bool {
    at.is_some_and(|at| scope.moment(from) <= at && at <= scope.moment(to))
}

impl<'a> Scope<'a> {
    /// What stands at `task.phase.name`; nulls and what is absent are none.
    fn at(&self, path: &str) -> Option<&'a Value> {
        let mut names = path.split('.');
        let mut place = match names.next()? {
            "execution" | "entity" => self.execution,
            _ => self.part?.1,
        };
        for name in names {
            place = match (name, self.part) {
                ("execution", _) => self.execution,
                ("phase" | "section", Some((level, part))) => {
                    parts::parent(self.execution, level, part)?
                }
                _ => place.get(name)?,
            };
        }
        Some(place).filter(|value| !value.is_null())
    }

    fn text(&self, path: &str) -> Option<&'a str> {
        self.at(path)?.as_str()
    }

    /// Each id once: users, the users that variables resolve to, and the old field of the first generation.
    pub(crate) fn assignees(&self, x: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let lists = ["assigned_to", "assignedTo", "userIds"];
        for entry in lists
            .iter()
            .filter_map(|name| self.at(x)?.get(name)?.as_array())
            .flatten()
        {
            match entry {
                Value::String(id) => ids.push(id.clone()),
                Value::Number(id) => ids.push(id.to_string()),
                variable => {
                    let resolved = variable["value"].as_array().into_iter().flatten();
                    ids.extend(resolved.map(|id| id.as_str().unwrap().to_owned()));
                }
            }
        }
        let mut once = Vec::new();
        for id in ids {
            if !once.contains(&id) {
                once.push(id);
            }
        }
        once
    }

    fn due(&self, x: &str) -> Result<Option<i64>, Failed> {
        let due = ["due_date", "dueDate"]
            .iter()
            .find_map(|name| self.text(&format!("{x}.{name}")));
        match due.map(Stamp::parse) {
            None => Ok(None),
            Some(None) => Err(Failed),
            Some(Some(stamp)) => Ok(Some(self.clock.instant_of(stamp))),
        }
    }

    fn moment(&self, moment: Moment) -> i64 {
        match moment {
            Moment::Now => self.now,
            Moment::InDays(days) => self.clock.days_after(self.now, days),
            Moment::Day(day) => self.clock.midnight(day),
            Moment::StartOfDay => self.clock.today(self.now).0,
            Moment::EndOfDay => self.clock.today(self.now).1 - 1,
        }
    }

    fn is_past(&self, x: &str, names: &[&str], days: i64) -> bool {
        let at = names
            .iter()
            .find_map(|name| self.text(&format!("{x}.{name}")));
        let at = at
            .and_then(Stamp::parse)
            .map(|at| self.clock.instant_of(at));
        at.is_some_and(|at| at < self.clock.days_after(self.now, -days))
    }
}
