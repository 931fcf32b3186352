//! `complete` and `reopen`: set the status of an execution to `DONE` or `STARTED`.

use serde_json::json;

use super::{
    ActionKind, ArgumentsForm, Edit, Effect, FieldWrite, Nature, PlannedAction, Repeat, Requests,
    Subject, bare,
};
use crate::api::Level;

pub(super) static COMPLETE: ActionKind = ActionKind {
    word: "complete",
    doc: "Completes a started execution.",
    example: "complete",
    levels: &[Level::Execution],
    only_in: None,
    form: ArgumentsForm::None,
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "yes",
    requests: Requests::Patch(|name, value| name == "status" && value == "DONE"),
    read: |_| {
        Some(bare(|subject| {
            set_execution_status(subject, &["STARTED"], "DONE")
        }))
    },
};

pub(super) static REOPEN: ActionKind = ActionKind {
    word: "reopen",
    doc: "Starts an execution again that is done or closed.",
    example: "reopen",
    requests: Requests::Patch(|name, value| name == "status" && value == "STARTED"),
    read: |_| {
        Some(bare(|subject| {
            set_execution_status(subject, &["DONE", "CLOSED"], "STARTED")
        }))
    },
    ..COMPLETE
};

/// A read shows the status. Automations may be triggered when a flow ends or is reopened.
pub(super) const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[Effect::AutomationsMayFire],
    why_final: None,
};

fn set_execution_status(subject: &Subject<'_>, from: &[&str], to: &str) -> PlannedAction {
    match subject.text("status") {
        Some(status) if from.contains(&status) => {
            let write = FieldWrite::new(subject.data, "status", json!(to));
            PlannedAction::Edit(Edit::fields(subject, vec![write]))
        }
        Some(status) => PlannedAction::Nothing(format!("is {status} already")),
        // The first generation has executions without a status; these are not in progress.
        None => PlannedAction::Nothing("has no status".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::samples::{flow, over_executions, over_flows, row, said};

    #[test]
    fn an_execution_ends_or_goes_on_in_both_generations() {
        for (action, status, line) in [
            ("complete", "STARTED", r#"{"status":"DONE"}"#),
            ("complete", "DONE", "skipped e: is DONE already"),
            ("complete", "CLOSED", "skipped e: is CLOSED already"),
            ("reopen", "STARTED", "skipped e: is STARTED already"),
            ("reopen", "DONE", r#"{"status":"STARTED"}"#),
            ("reopen", "CLOSED", r#"{"status":"STARTED"}"#),
            ("complete", "", "skipped e: has no status"),
            ("reopen", "", "skipped e: has no status"),
        ] {
            let actions = format!("actions: [ {action} ]");
            let fields = match status {
                "" => json!({"status": null}),
                status => json!({"status": status}),
            };
            let v2 = said(&over_flows("", &actions), &flow("e", &fields)).join("");
            let v1 = said(&over_executions("", &actions), &row("e", &fields)).join("");
            assert_eq!(v2.replace("PATCH /v2/flows/executions/e ", ""), line);
            assert_eq!(v1.replace("PATCH /v1/workflows/executions/e ", ""), line);
        }
    }
}
