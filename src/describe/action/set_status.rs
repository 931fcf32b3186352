//! `set_status`: changes the status of a task or step.

use std::sync::Arc;

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, Edit, PlannedAction, Requests, Subject,
    ValueForm, argument,
    status::SETTABLE,
    status_move::{Keys, Wish},
};
use crate::{api::Level, document::reader::present, template::Template};

pub(super) static KIND: ActionKind = ActionKind {
    word: "set_status",
    doc: "Sets the status of a task or step.",
    example: "set_status: IN_PROGRESS, or { to: COMPLETED, branch: \"…\" }",
    levels: &[Level::Step, Level::Task],
    only_in: None,
    form: ArgumentsForm::ValueOrMap(&[
        argument("to", ValueForm::WordOrTemplate(&SETTABLE), "The status."),
        argument(
            "revert",
            ValueForm::Bool,
            "Take a task back that is over; every later task is reset with it.",
        ),
        argument(
            "branch",
            ValueForm::Text,
            "The branch that a decision takes, by id or name.",
        ),
    ]),
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "of steps",
    requests: Requests::Patch(|name, _| {
        ["status", "revert_execution", "next_condition_id"].contains(&name)
    }),
    read: |arguments| Some(Arc::new(arguments.set_status()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn set_status(&mut self) -> Option<SetStatus> {
        let field = match self.bare() {
            Some(bare) => bare,
            None => self.required("to")?,
        };
        let to = self.template(field);
        if let Some(to) = &to {
            let span = field.node.span;
            let words = self.known_words(field, to)?;
            for word in words {
                self.status_to_set(&word, span, to.known())?;
            }
            self.check_word(field, to, "", |_| Ok(()))?;
        }
        let revert = self
            .get("revert")
            .map(|field| (field, self.reader.boolean(field)));
        if let Some((field, Some(true))) = revert {
            self.need_revert(field.at);
        }
        let branch = self.get("branch").map(|field| self.template(field));
        Some(SetStatus {
            to: to?,
            revert: present(revert.map(|(_, revert)| revert))?.unwrap_or_default(),
            branch: present(branch)?,
        })
    }
}

#[derive(Clone, Debug)]
struct SetStatus {
    /// One of [`SETTABLE`].
    to: Template,
    /// Whether to revert: every later task is reset.
    revert: bool,
    /// The branch that a completed decision takes: the id of a condition.
    branch: Option<Template>,
}

const KEYS: Keys = Keys {
    revert: "revert",
    branch: "branch",
};

impl Action for SetStatus {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        self.edit(subject).unwrap_or_else(PlannedAction::Reject)
    }
}

impl SetStatus {
    fn edit(&self, subject: &Subject<'_>) -> Result<PlannedAction, String> {
        let to = subject.word(&self.to)?;
        let branch = || {
            self.branch
                .as_ref()
                .map(|branch| subject.word(branch))
                .transpose()
        };
        let wish = Wish {
            to: &to,
            revert: self.revert,
            branch: &branch,
            keys: KEYS,
        };
        Ok(match wish.moved(subject)? {
            None => PlannedAction::Nothing(format!(
                "is {} already",
                subject.text("status").unwrap_or(&to)
            )),
            Some(moved) => PlannedAction::Edit(Edit {
                sends: moved.sends,
                ..Edit::fields(subject, vec![moved.write])
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        action::Repeat,
        testing::samples::{changes, flow, legacy, over_executions, over_flows, said},
    };

    /// What is said of one task with these fields.
    fn set(action: &str, task: &Value) -> String {
        let rest = format!("actions: [ {action} ]\nguards: {{ allow: [revert] }}");
        let task = crate::testing::samples::with(json!({"id": "t", "name": "T"}), task);
        said(
            &over_flows("each: task", &rest),
            &flow("e", &json!({"tasks": [task]})),
        )
        .join("")
        .replace("PATCH /v2/flows/executions/e/tasks/t ", "")
    }

    #[test]
    fn a_task_moves_on_or_back_or_it_is_said_why_not() {
        let decision = json!({"status": "IN_PROGRESS", "task_type": "DECISION", "trigger_mode": "manual",
            "conditions": [{"id": "c1", "branch_name": "Yes"}, {"id": "c2", "branch_name": "No"}]});
        for (action, task, line) in [
            (
                "set_status: IN_PROGRESS",
                json!({"status": "PENDING"}),
                r#"{"status":"IN_PROGRESS"}"#,
            ),
            (
                "set_status: PENDING",
                json!({"status": "ASSIGNED"}),
                "skipped t: is ASSIGNED already",
            ),
            (
                "set_status: { to: PENDING, revert: true }",
                json!({"status": "COMPLETED"}),
                r#"{"revert_execution":true,"status":"PENDING"}"#,
            ),
            (
                "set_status: { to: PENDING, revert: true }",
                json!({"status": "IN_PROGRESS"}),
                "rejected t: is IN_PROGRESS, which does not become PENDING",
            ),
            (
                "set_status: SKIPPED",
                json!({"status": "PENDING", "enabled": false}),
                "rejected t: is not enabled, so its status can't change",
            ),
            (
                "set_status: SKIPPED",
                json!({}),
                "rejected t: has no status",
            ),
            (
                "set_status: COMPLETED",
                decision.clone(),
                "rejected t: is a decision: say which branch it takes with `branch`, one of c1, c2",
            ),
            (
                "set_status: { to: COMPLETED, branch: c2 }",
                decision.clone(),
                r#"{"next_condition_id":"c2","status":"COMPLETED"}"#,
            ),
            (
                "set_status: { to: COMPLETED, branch: Yes }",
                decision.clone(),
                r#"{"next_condition_id":"c1","status":"COMPLETED"}"#,
            ),
            (
                "set_status: { to: COMPLETED, branch: c3 }",
                decision,
                "rejected t: has no branch `c3`; it has c1, c2",
            ),
            (
                "set_status: \"{{ task.name }}\"",
                json!({"status": "PENDING"}),
                "rejected t: `T` can't be set as a status: use PENDING, IN_PROGRESS, COMPLETED, SKIPPED",
            ),
        ] {
            assert_eq!(set(action, &task), line, "{action} {task}");
        }
    }

    #[test]
    fn each_status_on_the_way_is_a_request_of_its_own() {
        let actions = "actions: [ set_status: IN_PROGRESS, reassign: { set: [\"7\"] }, set_status: COMPLETED ]";
        let task = json!({"id": "t", "status": "PENDING"});
        assert_eq!(
            said(
                &over_flows("each: task", actions),
                &flow("e", &json!({"tasks": [task]}))
            ),
            [
                r#"PATCH /v2/flows/executions/e/tasks/t {"assigned_to":["7"],"status":"IN_PROGRESS"}"#,
                r#"PATCH /v2/flows/executions/e/tasks/t {"status":"COMPLETED"}"#,
            ]
        );
    }

    #[test]
    fn a_step_without_a_status_gets_one_for_good() {
        for status in SETTABLE {
            let playbook =
                over_executions("each: step", &format!("actions: [ set_status: {status} ]"));
            let [change] = &changes(&playbook, &legacy("e", &[json!({"id": "s"})]))[..] else {
                panic!("one change to {status}")
            };
            assert_eq!(json!(change.before), json!({"status": null}));
            assert_eq!(json!(change.after), json!({"status": status}));
            let why = "status had no value, and the API can't clear it";
            assert_eq!(json!(change.undo), json!({"none": why}));
        }
    }

    #[test]
    fn a_revert_is_sent_once_and_a_step_has_a_way_back() {
        let rest =
            "actions: [ set_status: { to: PENDING, revert: true } ]\nguards: { allow: [revert] }";
        let task = json!({"id": "t", "status": "SKIPPED"});
        let change = &changes(
            &over_flows("each: task", rest),
            &flow("e", &json!({"tasks": [task]})),
        )[0];
        assert_eq!(change.repeat, Repeat::Once);
        assert_eq!(
            json!(change.effects),
            json!(["later_tasks_reset", "notices_unknown"])
        );
        let step = &changes(
            &over_executions("each: step", "actions: [ set_status: COMPLETED ]"),
            &legacy("e", &[json!({"id": "s", "status": "ASSIGNED"})]),
        )[0];
        assert_eq!(
            json!(step.undo),
            json!({"request": {"method": "PATCH", "path": "/v1/workflows/executions/e/steps/s", "body": {"status": "PENDING"}}})
        );
    }
}
