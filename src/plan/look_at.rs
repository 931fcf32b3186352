//! What a person looks at to know what became of a change in doubt. Pure.

use super::Change;
use crate::api::OperationKind;

impl Change {
    /// The question that the service's own pages answer, as the end of "look …".
    pub fn look_at(&self) -> String {
        let Ok(operation) = self.operation() else {
            return "at its target".to_owned();
        };
        match operation.kind() {
            OperationKind::Start => format!(
                "whether {} has a new execution from about that moment",
                self.target.execution
            ),
            OperationKind::AddStep => "whether the new step is in its execution, once".to_owned(),
            OperationKind::AddTask => "whether the new task is in its flow".to_owned(),
            OperationKind::RunAutomation => {
                "whether the task's automation ran at about that moment".to_owned()
            }
            OperationKind::RunSchedule => {
                "whether the task's automation has started, and its schedule is gone".to_owned()
            }
            OperationKind::Delete => "whether it is still there".to_owned(),
            OperationKind::Patch
            | OperationKind::CancelSchedule
            | OperationKind::Reconcile
            | OperationKind::Read(_) => self.look_at_fields(),
        }
    }

    fn look_at_fields(&self) -> String {
        let fields: Vec<String> = self
            .after
            .iter()
            .map(|(path, value)| format!("{path} is {value}"))
            .collect();
        if fields.is_empty() {
            "at its target".to_owned()
        } else {
            format!("whether {}", fields.join(" and "))
        }
    }
}
