//! `shift_due_date`: moves the due date by a distance in calendar units or business days.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, FieldWrite, PlannedAction, Requests, Subject,
    ValueForm, argument, edit::DueFields,
};
use crate::{
    api::{DUE_DATE_FIELDS, Level},
    dates::Shift,
    json,
    template::Template,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "shift_due_date",
    doc: "Moves the due date by a distance in calendar units or business days.",
    example: "shift_due_date: { by: 3 days }, or { by: 3 business days }",
    levels: &[Level::Execution, Level::Step, Level::Phase, Level::Task],
    only_in: None,
    form: ArgumentsForm::Map(&[argument(
        "by",
        ValueForm::Text,
        "A distance: `3 days`, `-2 weeks`, `3 business days` or ISO 8601.",
    )]),
    converges: false,
    needs_allow: false,
    again: "moves the date again",
    undo: "yes",
    requests: Requests::Patch(|name, _| DUE_DATE_FIELDS.contains(&name)),
    read: |arguments| Some(Arc::new(arguments.shift_due_date()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn shift_due_date(&mut self) -> Option<ShiftDueDate> {
        let by = self.required_template("by")?;
        let field = self.get("by")?;
        let help = "the units are minutes, hours, days, weeks, months, years and business days; or ISO 8601, like `P6M`";
        self.check_word(field, &by, help, |text| {
            Shift::parse(text)
                .map(drop)
                .map_err(|error| error.to_string())
        })?;
        Some(ShiftDueDate { by })
    }
}

#[derive(Clone, Debug)]
struct ShiftDueDate {
    /// A distance: `3 days`, `-2 weeks`, `3 business days`.
    by: Template,
}

impl Action for ShiftDueDate {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        let DueFields {
            due: path,
            rule: dynamic,
        } = subject.due_fields();
        let due = match subject.due() {
            Ok(Some(due)) => due,
            Ok(None) => {
                return PlannedAction::Nothing(match json::get(subject.data, dynamic) {
                    Some(_) => format!("has a {dynamic} and no {path} yet"),
                    None => "has no due date".to_owned(),
                });
            }
            Err(reason) => return PlannedAction::Reject(reason),
        };
        match self.shifted(subject, due) {
            Err(reason) => PlannedAction::Reject(reason),
            Ok(after) => {
                let write = FieldWrite::new(subject.data, path, Value::String(after));
                PlannedAction::field(subject, write, "is due then already")
            }
        }
    }
}

impl ShiftDueDate {
    fn shifted(&self, subject: &Subject<'_>, due: &str) -> Result<String, String> {
        let by = Shift::parse(&subject.word(&self.by)?).map_err(|error| error.to_string())?;
        by.apply(due, subject.zone, subject.calendar)
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::samples::{changes, flow, over_executions, over_flows, row, said};

    /// What both generations say of an execution with this due date.
    fn shifted(by: &str, due: &serde_json::Value) -> String {
        let actions = format!("actions: [ shift_due_date: {{ by: {by} }} ]");
        let v2 = said(
            &over_flows("", &actions),
            &flow("e", &json!({"due_date": due})),
        );
        let v1 = said(
            &over_executions("", &actions),
            &row("e", &json!({"dueDate": due})),
        );
        assert_eq!(
            v1.join("")
                .replace("dueDate", "due_date")
                .replace("v1/workflows", "v2/flows"),
            v2.join("")
        );
        v2.join("").replace("PATCH /v2/flows/executions/e ", "")
    }

    #[test]
    fn a_due_date_moves_in_its_form_or_nothing_is_planned() {
        for (by, due, said) in [
            (
                "3 days",
                json!("2026-05-28T00:00:00.000"),
                r#"{"due_date":"2026-05-31T00:00:00.000"}"#,
            ),
            (
                "-2 weeks",
                json!("2021-04-27T12:00:00.000Z"),
                r#"{"due_date":"2021-04-13T12:00:00.000Z"}"#,
            ),
            // The sign in front holds for all of it.
            (
                "-P1DT12H",
                json!("2021-04-27T12:00:00.000Z"),
                r#"{"due_date":"2021-04-26T00:00:00.000Z"}"#,
            ),
            // Christmas falls on a Friday and a Saturday.
            (
                "3 business days",
                json!("2026-12-24T00:00:00.000"),
                r#"{"due_date":"2026-12-30T00:00:00.000"}"#,
            ),
            (
                "0 days",
                json!("2026-05-28"),
                "skipped e: is due then already",
            ),
            ("3 days", json!(null), "skipped e: has no due date"),
        ] {
            assert_eq!(shifted(by, &due), said, "{due} by {by}");
        }
        for (by, due, why) in [
            ("3 days", "soon", "rejected e: `soon` is no date"),
            ("3 days", "", "rejected e: `` is no date"),
            (
                "2 hours",
                "2026-05-28",
                "rejected e: `2026-05-28` has no time of day",
            ),
            (
                "\"{{ execution.status }}\"",
                "2026-05-28",
                "rejected e: `STARTED` is no distance",
            ),
        ] {
            let said = shifted(by, &json!(due));
            assert!(said.starts_with(why), "{said}");
        }
    }

    #[test]
    fn a_date_that_the_service_works_out_itself_is_left_alone_and_named() {
        let playbook = over_flows("", "actions: [ shift_due_date: { by: 3 days } ]");
        let config = json!({"duration": 3, "unit": "days", "type": "WORKFLOW_STARTED"});
        assert_eq!(
            said(&playbook, &flow("e", &json!({"due_date_config": config}))),
            ["skipped e: has a due_date_config and no due_date yet"]
        );
        // An explicit date wins over the rule.
        let both = flow(
            "e",
            &json!({"due_date": "2026-05-28", "due_date_config": config}),
        );
        assert_eq!(changes(&playbook, &both)[0].after["due_date"], "2026-05-31");
    }
}
