//! Due dates.

use serde_json::{Value, json};

use super::{Outcome, Planned, Reject, Target};
use crate::{
    arguments::{Date, distance},
    data::Api,
    time::{Distance, Stamp},
};

impl Target<'_> {
    pub(super) const fn due(&self) -> &'static str {
        match self.api {
            Api::V1 => "dueDate",
            Api::V2 => "due_date",
        }
    }

    /// The due date becomes what `change` makes of it.
    pub(super) fn changed_due(&self, change: impl FnOnce(Stamp) -> Option<Stamp>) -> Planned {
        let Some(due) = self.text(self.due()) else {
            return Ok(Outcome::Nothing);
        };
        let after = Stamp::parse(due).and_then(change).ok_or(Reject)?;
        Ok(self.set(self.due(), json!(after.text())))
    }

    pub(super) fn set(&self, path: &'static str, after: Value) -> Outcome {
        if self.get(path) == Some(&after) {
            return Outcome::Nothing;
        }
        Outcome::Edit(self.patches(vec![self.write(path, after)]))
    }

    pub(super) fn shift(&self, by: Distance) -> Planned {
        self.changed_due(|due| self.scope.clock.shift(due, by))
    }

    pub(super) fn shift_by_cell(&self) -> Planned {
        if self.text(self.due()).is_none() {
            return Ok(Outcome::Nothing);
        }
        let by = self.row().and_then(|row| distance(row.by)).ok_or(Reject)?;
        self.shift(by)
    }

    pub(super) fn move_off_holidays(&self, direction: i64) -> Planned {
        self.changed_due(|due| Some(self.scope.clock.off_holidays(due, direction)))
    }

    /// An instant in a form of the service.
    pub(super) fn instant(&self, at: i64) -> String {
        let wall = self.scope.clock.wall(at);
        let had = self.text(self.due()).and_then(Stamp::parse);
        match had.filter(|had| had.is_floating()) {
            _ if Stamp::day(wall).is_some() => Stamp::day(wall).unwrap().text(),
            Some(had) => had.with_time(wall).text(),
            None => Stamp::utc(at).text(),
        }
    }

    /// A text that says a date, in a form of the service.
    pub(super) fn stored(&self, text: &str) -> Result<String, Reject> {
        let stamp = Stamp::parse(text).ok_or(Reject)?;
        Ok(match stamp {
            _ if self.text(self.due()) == Some(text) => text.to_owned(),
            stamp if stamp.is_bare_day() => format!("{text}T00:00:00.000"),
            stamp if stamp.has_offset() => self.instant(self.scope.clock.instant_of(stamp)),
            _ => text.to_owned(),
        })
    }

    pub(super) fn in_days(&self, days: i64) -> String {
        self.instant(self.scope.clock.days_after(self.scope.now, days))
    }

    pub(super) fn set_date(&self, date: &Date) -> Planned {
        let after = match date {
            Date::Literal(text) => self.stored(text)?,
            Date::Cell => self.stored(self.row().ok_or(Reject)?.due)?,
            Date::Day(day) => self.instant(self.scope.clock.midnight(day)),
            Date::InDays(days) => self.in_days(*days),
            Date::OfExecution(field) => {
                self.stored(self.scope.execution[*field].as_str().ok_or(Reject)?)?
            }
        };
        Ok(self.set(self.due(), json!(after)))
    }

    pub(super) fn set_rule(&self, rule: &Value) -> Planned {
        let path = match self.api {
            Api::V1 => "dynamicDueDate",
            Api::V2 => "due_date_config",
        };
        // The date goes before a rule, and no request takes it away.
        match self.text(self.due()) {
            Some(_) => Err(Reject),
            None => Ok(self.set(path, rule.clone())),
        }
    }
}
