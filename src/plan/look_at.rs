//! What a person looks at to know what became of a change in doubt. Pure.

use super::Change;
use crate::api::Operation;

impl Change {
    /// The question that the service's own pages answer, as the end of "look …".
    pub fn look_at(&self) -> String {
        let Ok(operation) = self.operation() else {
            return "at its target".to_owned();
        };
        match operation {
            Operation::CreateExecution | Operation::StartFlow => format!(
                "whether {} has a new execution from about that moment",
                self.target.execution
            ),
            Operation::CreateStep(_) => "whether the new step is in its execution, once".to_owned(),
            Operation::AddTask(_) => "whether the new task is in its flow".to_owned(),
            Operation::RunAutomation(..) | Operation::ExecuteTask(..) => {
                "whether the task's automation ran at about that moment".to_owned()
            }
            Operation::RunScheduleNow(..) => {
                "whether the task's automation has started, and its schedule is gone".to_owned()
            }
            Operation::DeleteExecution(_)
            | Operation::DeleteStep(..)
            | Operation::DeleteFlow(..) => "whether it is still there".to_owned(),
            Operation::UpdateExecution(_)
            | Operation::UpdateStep(..)
            | Operation::PatchFlow(_)
            | Operation::PatchPhase(..)
            | Operation::PatchTask(..)
            | Operation::CancelSchedule(..)
            | Operation::ReconcileAutomation(..)
            | Operation::GetExecutions
            | Operation::SearchExecutions
            | Operation::GetExecution(_)
            | Operation::GetClosingReasons(_)
            | Operation::SearchFlows
            | Operation::GetFlow(_)
            | Operation::SearchEntities => self.look_at_fields(),
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
