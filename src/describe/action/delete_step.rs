//! `delete_step`: deletes a step of an execution.

use super::{
    ActionKind, ArgumentsForm, Edit, Nature, PlannedAction, Repeat, Requests, Subject, bare,
};
use crate::api::{Level, Operation};

pub(super) static KIND: ActionKind = ActionKind {
    word: "delete_step",
    doc: "Takes a step out of its execution.",
    example: "delete_step",
    levels: &[Level::Step],
    only_in: None,
    form: ArgumentsForm::None,
    converges: true,
    needs_allow: true,
    again: "no change",
    undo: "no",
    requests: Requests::Other(Operation::removes),
    read: |_| Some(bare(plan)),
};

pub(super) const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[],
    why_final: Some("a step that was deleted does not come back"),
};

fn plan(subject: &Subject<'_>) -> PlannedAction {
    let Some(step) = subject.id else {
        return PlannedAction::Reject("only a step can be taken out".to_owned());
    };
    let operation = Operation::DeleteStep(subject.execution.clone(), step.clone());
    PlannedAction::Edit(Edit::bare(operation))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::samples::{legacy, over_executions, said};

    #[test]
    fn a_step_is_deleted_and_nothing_is_done_to_it_afterwards() {
        let playbook = over_executions(
            "each: step",
            "actions: [ reassign: { set: [\"7\"] }, delete_step, set_status: SKIPPED ]\nguards: { allow: [delete_step] }",
        );
        assert_eq!(
            said(
                &playbook,
                &legacy("e", &[json!({"id": "s", "status": "PENDING"})])
            ),
            [
                r#"PATCH /v1/workflows/executions/e/steps/s {"assignedTo":["7"]}"#,
                "DELETE /v1/workflows/executions/e/steps/s null"
            ]
        );
    }
}
