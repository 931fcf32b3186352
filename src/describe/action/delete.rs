//! `delete`: deletes an execution, or hides it.

use std::sync::Arc;

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, Edit, Nature, PlannedAction, Repeat, Requests,
    Subject, ValueForm, argument,
};
use crate::api::{Generation, Level, Operation};

pub(super) static KIND: ActionKind = ActionKind {
    word: "delete",
    doc: "Deletes an execution.",
    example: "delete, or delete: { soft: true }",
    levels: &[Level::Execution],
    only_in: None,
    form: ArgumentsForm::OptionalMap(&[argument(
        "soft",
        ValueForm::Bool,
        "Hide the flow and keep it; v2 only.",
    )]),
    converges: true,
    needs_allow: true,
    again: "no change",
    undo: "no",
    requests: Requests::Other(Operation::removes),
    read: |arguments| Some(Arc::new(arguments.delete()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn delete(&mut self) -> Option<Delete> {
        let Some(field) = self.get("soft") else {
            return Some(Delete { is_soft: false });
        };
        let is_soft = self.reader.boolean(field)?;
        if is_soft && self.setting.compiler.generation() == Some(Generation::V1) {
            self.reader.wrong(
                field.at,
                "executions of the first generation are deleted for good",
                "leave out `soft` to delete it permanently",
            );
            return None;
        }
        Some(Delete { is_soft })
    }
}

#[derive(Clone, Copy, Debug)]
struct Delete {
    /// Whether it is hidden and kept; never in the first generation.
    is_soft: bool,
}

pub(super) const DELETED: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[],
    why_final: Some("what was deleted for good does not come back"),
};

pub(super) const HIDDEN: Nature = Nature {
    why_final: Some("no operation brings back what is hidden"),
    ..DELETED
};

impl Action for Delete {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        let execution = subject.execution.clone();
        let operation = match (subject.generation, self.is_soft) {
            (Generation::V1, _) => Operation::DeleteExecution(execution),
            (Generation::V2, false) => Operation::DeleteFlow(execution),
            (Generation::V2, true) => Operation::SoftDeleteFlow(execution),
        };
        PlannedAction::Edit(Edit::bare(operation))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::samples::{changes, flow, over_executions, over_flows, row, said};

    #[test]
    fn an_execution_is_deleted_whatever_its_status_as_long_as_that_has_not_changed() {
        let guards = "\nguards: { allow: [delete] }";
        for (action, line) in [
            ("delete", "DELETE /v2/flows/executions/e null"),
            (
                "delete: { soft: false }",
                "DELETE /v2/flows/executions/e null",
            ),
            (
                "delete: { soft: true }",
                "DELETE /v2/flows/executions/e?soft=true null",
            ),
        ] {
            let playbook = over_flows("", &format!("actions: [ {action} ]{guards}"));
            let flow = flow("e", &json!({"status": "CLOSED"}));
            assert_eq!(said(&playbook, &flow), [line]);
            let change = &changes(&playbook, &flow)[0];
            assert_eq!(
                json!(change.requires),
                json!({"execution.status": "CLOSED"})
            );
        }
        let playbook = over_executions("", &format!("actions: [ delete ]{guards}"));
        assert_eq!(
            said(&playbook, &row("e", &json!({}))),
            ["DELETE /v1/workflows/executions/e null"]
        );
    }
}
