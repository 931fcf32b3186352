//! `move_off_holidays`: moves a due date on a day off to a business day.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, FieldWrite, PlannedAction, Requests, Subject,
    ValueForm, argument,
};
use crate::{
    api::{DUE_DATE_FIELDS, Level},
    dates::{self, Direction},
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "move_off_holidays",
    doc: "Moves a due date that falls on a day off to a business day.",
    example: "move_off_holidays, or move_off_holidays: { direction: previous }",
    levels: &[Level::Execution, Level::Step, Level::Phase, Level::Task],
    only_in: None,
    form: ArgumentsForm::OptionalMap(&[argument(
        "direction",
        ValueForm::Word(&["next", "previous"]),
        "To which business day; `next` unless given.",
    )]),
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "yes",
    requests: Requests::Patch(|name, _| DUE_DATE_FIELDS.contains(&name)),
    read: |arguments| Some(Arc::new(arguments.move_off_holidays()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn move_off_holidays(&mut self) -> Option<MoveOffHolidays> {
        let words = [("next", Direction::Next), ("previous", Direction::Previous)];
        let direction = match self.get("direction") {
            None => Direction::Next,
            Some(field) => self.reader.word(field, &words)?,
        };
        Some(MoveOffHolidays { direction })
    }
}

#[derive(Clone, Copy, Debug)]
struct MoveOffHolidays {
    direction: Direction,
}

impl Action for MoveOffHolidays {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        let path = subject.due_fields().due;
        let due = match subject.due() {
            Ok(Some(due)) => due,
            Ok(None) => return PlannedAction::Nothing("has no due date".to_owned()),
            Err(reason) => return PlannedAction::Reject(reason),
        };
        let moved = dates::on_another_day(due, subject.zone, |day| {
            subject.calendar.business_day(day, self.direction)
        });
        match moved {
            Err(error) => PlannedAction::Reject(error.to_string()),
            Ok(after) => {
                let write = FieldWrite::new(subject.data, path, Value::String(after));
                PlannedAction::field(subject, write, "is due on a business day")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::samples::{flow, over_flows, said};

    #[test]
    fn only_a_day_off_is_left_in_the_direction_that_is_asked_for() {
        for (action, due, line) in [
            (
                "move_off_holidays",
                "2026-12-25T00:00:00.000",
                r#"{"due_date":"2026-12-28T00:00:00.000"}"#,
            ),
            (
                "move_off_holidays: { direction: previous }",
                "2026-12-25T00:00:00.000",
                r#"{"due_date":"2026-12-24T00:00:00.000"}"#,
            ),
            (
                "move_off_holidays",
                "2026-12-24T00:00:00.000",
                "skipped e: is due on a business day",
            ),
            // 23:30 UTC on Friday is Saturday in Berlin.
            (
                "move_off_holidays",
                "2026-12-04T23:30:00.000Z",
                r#"{"due_date":"2026-12-06T23:30:00.000Z"}"#,
            ),
        ] {
            let playbook = over_flows("", &format!("actions: [ {action} ]"));
            let said = said(&playbook, &flow("e", &json!({"due_date": due}))).join("");
            assert_eq!(said.replace("PATCH /v2/flows/executions/e ", ""), line);
        }
    }

    #[test]
    fn the_calendar_is_the_one_of_the_playbook() {
        let due = json!({"due_date": "2026-06-04T00:00:00.000"});
        for (calendar, count) in [("DE", 0), ("DE-NW", 1), ("DE-HH", 0)] {
            let rest = format!("calendar: {calendar}\nactions: [ move_off_holidays ]");
            let said = said(&over_flows("", &rest), &flow("e", &due)).join("");
            assert_eq!(said.matches("2026-06-05").count(), count, "{calendar}");
        }
    }
}
