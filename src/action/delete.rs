//! `delete`: an execution is gone, or hidden.

use super::{Edit, Nature, Planned, Repeat, Subject};
use crate::api::{Generation, Operation};

/// What becomes of a flow that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    ForGood,
    /// It is hidden and kept.
    Soft,
}

#[derive(Clone, Copy, Debug)]
pub struct Delete {
    /// Of the first generation always for good.
    pub removal: Removal,
}

impl Delete {
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        let execution = subject.execution.clone();
        let operation = match (subject.generation, self.removal) {
            (Generation::V1, _) => Operation::DeleteExecution(execution),
            (Generation::V2, Removal::ForGood) => Operation::DeleteFlow(execution),
            (Generation::V2, Removal::Soft) => Operation::SoftDeleteFlow(execution),
        };
        let irreversible = match self.removal {
            Removal::ForGood => "what was deleted for good does not come back",
            Removal::Soft => "no operation brings back what is hidden",
        };
        Planned::Edit(Edit::bare(
            operation,
            Nature {
                repeat: Repeat::Readable,
                effects: &[],
                irreversible: Some(irreversible),
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fixture::{changes, flow, over_executions, over_flows, row, said};

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
