//! `set_due_date`: sets a due date, or the rule from which one is computed.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{
    Action, ActionKind, ArgumentValue, Arguments, ArgumentsForm, FieldWrite, PlannedAction,
    Requests, Subject, ValueForm, argument, edit::DueFields,
};
use crate::{
    api::{
        DUE_DATE_FIELDS, Generation, Level,
        types::{self, RequestField},
    },
    dates,
    template::Template,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "set_due_date",
    doc: "Sets the due date, or the rule that it is computed by.",
    example: "set_due_date: 2026-12-24, or set_due_date: { config: { … } }",
    levels: &[Level::Execution, Level::Step, Level::Phase, Level::Task],
    only_in: None,
    form: ArgumentsForm::ValueOrMap(&[
        argument("to", ValueForm::Text, "A day or a moment."),
        argument(
            "config",
            ValueForm::Object,
            "A rule, by the names of the API: `due_date_config`, or `dynamicDueDate` of v1.",
        ),
    ]),
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "if there was one",
    requests: Requests::Patch(|name, _| {
        DUE_DATE_FIELDS.contains(&name) || ["due_date_config", "dynamicDueDate"].contains(&name)
    }),
    read: |arguments| Some(Arc::new(arguments.set_due_date()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn set_due_date(&mut self) -> Option<SetDueDate> {
        let to = self.bare().or_else(|| self.get("to"));
        match (to, self.get("config")) {
            (Some(field), None) => {
                let date = self.template(field)?;
                self.check_word(field, &date, KIND.example, |text| {
                    dates::stored(text, None, &TimeZone::UTC)
                        .map(drop)
                        .map_err(|error| error.to_string())
                })?;
                Some(SetDueDate::Date(date))
            }
            (None, Some(field)) => {
                let generation = self.setting.compiler.generation()?;
                let rule = rule_field(generation, *self.levels.first()?)?;
                self.body(field, rule.content).map(SetDueDate::Rule)
            }
            (Some(_), Some(field)) => {
                self.reader.wrong(
                    field.at,
                    "`set_due_date` sets a date or a rule, not both: the date would win",
                    "remove one of them",
                );
                None
            }
            (None, None) => {
                if self.fields.is_empty() {
                    self.reader.wrong(
                        self.written.at,
                        "`set_due_date` does not say when",
                        KIND.example,
                    );
                }
                None
            }
        }
    }
}

#[derive(Clone, Debug)]
enum SetDueDate {
    /// A day, or an instant in one of the API's forms.
    Date(Template),
    /// A rule of the generation: v2's `due_date_config`, v1's `dynamicDueDate`.
    Rule(ArgumentValue),
}

impl Action for SetDueDate {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        let planned = match self {
            Self::Date(date) => set(subject, date),
            Self::Rule(rule) => set_rule(subject, rule),
        };
        planned.unwrap_or_else(PlannedAction::Reject)
    }
}

fn set(subject: &Subject<'_>, date: &Template) -> Result<PlannedAction, String> {
    let path = subject.due_fields().due;
    let wanted = subject.word(date)?;
    let after =
        dates::stored(&wanted, subject.due()?, subject.zone).map_err(|error| error.to_string())?;
    let write = FieldWrite::new(subject.data, path, Value::String(after));
    Ok(PlannedAction::field(subject, write, "is due then already"))
}

fn set_rule(subject: &Subject<'_>, rule: &ArgumentValue) -> Result<PlannedAction, String> {
    let fields = subject.due_fields();
    let Some(field) = rule_field(subject.generation, subject.level) else {
        return Err(format!("a {} has no {}", subject.level, fields.rule));
    };
    let after = rule.value(subject, field.content, fields.rule)?;
    // Also if it has the same rule: the date takes precedence.
    if let Some(due) = subject.due()? {
        return Err(format!(
            "is due {due}: a date takes precedence over a rule, and the API can't clear it"
        ));
    }
    let write = FieldWrite::new(subject.data, fields.rule, after);
    Ok(PlannedAction::field(
        subject,
        write,
        "is due by that rule already",
    ))
}

/// The field of the API's request that sets the rule of a due date.
fn rule_field(generation: Generation, level: Level) -> Option<&'static RequestField> {
    types::update(generation, level)?.field(DueFields::of(generation).rule)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::Undo,
        testing::samples::{changes, flow, legacy, over_executions, over_flows, row, said},
    };

    #[test]
    fn a_due_date_is_set_in_both_generations_in_the_form_that_the_service_stores() {
        for (action, due, line) in [
            (
                "set_due_date: 2026-12-24",
                json!(null),
                r#"{"due_date":"2026-12-24T00:00:00.000"}"#,
            ),
            (
                "set_due_date: { to: \"2026-12-24T10:00:00.000Z\" }",
                json!("2026-12-01T00:00:00.000"),
                r#"{"due_date":"2026-12-24T10:00:00.000Z"}"#,
            ),
            (
                "set_due_date: 2026-12-24",
                json!("2026-12-24T00:00:00.000"),
                "skipped e: is due then already",
            ),
        ] {
            let actions = format!("actions: [ {{ {action} }} ]");
            let v2 = said(
                &over_flows("", &actions),
                &flow("e", &json!({"due_date": due})),
            )
            .join("");
            let v1 = said(
                &over_executions("", &actions),
                &row("e", &json!({"dueDate": due})),
            )
            .join("");
            assert_eq!(v2.replace("PATCH /v2/flows/executions/e ", ""), line);
            assert_eq!(
                v1.replace("PATCH /v1/workflows/executions/e ", "")
                    .replace("dueDate", "due_date"),
                line
            );
        }
        let step = legacy("e", &[json!({"id": "s", "dueDate": "2023-01-15T20:00:00"})]);
        let playbook = over_executions(
            "each: step",
            "actions: [ set_due_date: \"{{ step.name }}\" ]",
        );
        assert_eq!(
            said(&playbook, &step),
            [
                "rejected s: `Step` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z`"
            ]
        );
    }

    #[test]
    fn a_due_date_that_is_no_text_is_rejected_and_never_none() {
        for (action, due, why) in [
            (
                "set_due_date: 2026-12-24",
                json!(1_780_000_000),
                "is 1780000000, and should be text",
            ),
            (
                "set_due_date: 2026-12-24",
                json!(["2026-12-01"]),
                "is [\"2026-12-01\"], and should be text",
            ),
            (
                "shift_due_date: { by: 1 day }",
                json!(false),
                "is false, and should be text",
            ),
            (
                "patch: { DUE: \"2026-12-24T00:00:00.000\" }",
                json!(5),
                "is 5, and should be text",
            ),
            (
                "set_due_date: { config: { RULE } }",
                json!({"at": 5}),
                "is {\"at\":5}, and should be text",
            ),
        ] {
            let v2 = action
                .replace("DUE", "due_date")
                .replace("RULE", "duration: 1, unit: days, type: WORKFLOW_STARTED");
            let v2 = over_flows("", &format!("actions: [ {{ {v2} }} ]"));
            let v1 = action.replace("DUE", "dueDate").replace(
                "RULE",
                "numberOfUnits: 1, timePeriod: days, actionTypeCondition: WORKFLOW_STARTED",
            );
            let v1 = over_executions("", &format!("actions: [ {{ {v1} }} ]"));
            assert_eq!(
                said(&v2, &flow("e", &json!({"due_date": due}))),
                [format!("rejected e: due_date {why}")]
            );
            assert_eq!(
                said(&v1, &row("e", &json!({"dueDate": due}))),
                [format!("rejected e: dueDate {why}")]
            );
        }
        let playbook = over_flows("", "actions: [ move_off_holidays ]");
        assert_eq!(
            said(&playbook, &flow("e", &json!({"due_date": 20_261_225}))),
            ["rejected e: due_date is 20261225, and should be text"]
        );
        // Also where a condition needs it.
        let playbook = over_flows(
            "where: 'due_before(execution, now)'",
            "actions: [ set_due_date: 2026-12-24 ]",
        );
        let lines = said(&playbook, &flow("e", &json!({"due_date": 5})));
        assert!(lines[0].starts_with("rejected e: "), "{lines:?}");
    }

    #[test]
    fn an_instant_takes_the_form_that_the_target_has_or_the_service_stores() {
        for (date, due, after) in [
            ("now + days(3)", json!(null), "2026-12-04T08:00:00.000Z"),
            (
                "now + days(3)",
                json!("2026-12-01T10:00:00.000Z"),
                "2026-12-04T08:00:00.000Z",
            ),
            (
                "now + days(3)",
                json!("2026-12-01T00:00:00.000"),
                "2026-12-04T09:00:00.000",
            ),
            (
                "now + days(3)",
                json!("2023-01-15T20:00:00"),
                "2026-12-04T09:00:00",
            ),
            (
                "start_of('day') + days(3)",
                json!("2026-12-01T10:00:00.000Z"),
                "2026-12-04T00:00:00.000",
            ),
            ("date('2026-12-24')", json!(null), "2026-12-24T00:00:00.000"),
            ("end_of('day')", json!(null), "2026-12-01T22:59:59.999Z"),
            (
                "due(execution)",
                json!("2026-12-01T00:00:00.000"),
                "skipped",
            ),
            ("due(execution)", json!("2023-01-15T20:00:00"), "skipped"),
        ] {
            let actions = format!("actions: [ set_due_date: \"{{{{ {date} }}}}\" ]");
            let v2 = said(
                &over_flows("", &actions),
                &flow("e", &json!({"due_date": due})),
            );
            let v1 = said(
                &over_executions("", &actions),
                &row("e", &json!({"dueDate": due})),
            );
            for said in [v2, v1] {
                assert!(said.join("").contains(after), "{date} {due}: {said:?}");
            }
        }
    }

    #[test]
    fn a_rule_is_set_where_no_date_goes_before_it() {
        let v2 = over_flows(
            "",
            "actions: [ set_due_date: { config: { duration: 3, unit: days, type: WORKFLOW_STARTED } } ]",
        );
        let v1 = over_executions(
            "",
            "actions: [ set_due_date: { config: { numberOfUnits: 3, timePeriod: days } } ]",
        );
        assert_eq!(
            said(&v2, &flow("e", &json!({}))),
            [
                r#"PATCH /v2/flows/executions/e {"due_date_config":{"duration":3,"type":"WORKFLOW_STARTED","unit":"days"}}"#
            ]
        );
        assert_eq!(
            said(&v1, &row("e", &json!({}))),
            [
                r#"PATCH /v1/workflows/executions/e {"dynamicDueDate":{"numberOfUnits":3,"timePeriod":"days"}}"#
            ]
        );
        assert_eq!(
            said(&v2, &flow("e", &json!({"due_date": "2026-12-24"}))),
            [
                "rejected e: is due 2026-12-24: a date takes precedence over a rule, and the API can't clear it"
            ]
        );
    }

    #[test]
    fn a_target_with_a_date_is_not_due_by_its_rule() {
        let v2 = json!({"duration": 3, "unit": "days", "type": "WORKFLOW_STARTED"});
        let v1 = json!({"numberOfUnits": 3, "timePeriod": "days"});
        let set = |rule: &Value| format!("actions: [ set_due_date: {{ config: {rule} }} ]");
        let (of_v2, of_v1) = (over_flows("", &set(&v2)), over_executions("", &set(&v1)));
        for (due, line) in [
            (json!(null), "skipped e: is due by that rule already"),
            (
                json!("2026-12-24"),
                "rejected e: is due 2026-12-24: a date takes precedence over a rule, and the API can't clear it",
            ),
        ] {
            let v2 = flow("e", &json!({"due_date": due, "due_date_config": v2}));
            let v1 = row("e", &json!({"dueDate": due, "dynamicDueDate": v1}));
            assert_eq!(said(&of_v2, &v2), [line]);
            assert_eq!(said(&of_v1, &v1), [line]);
        }
    }

    #[test]
    fn only_a_date_that_was_there_can_be_put_back() {
        let playbook = over_flows("", "actions: [ set_due_date: 2026-12-24 ]");
        let undo = |due: Value| {
            changes(&playbook, &flow("e", &json!({"due_date": due})))[0]
                .undo
                .clone()
        };
        assert!(matches!(undo(json!(null)), Undo::None(_)));
        assert!(matches!(
            undo(json!("2026-12-01T00:00:00.000")),
            Undo::Request(_)
        ));
    }
}
