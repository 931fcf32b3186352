//! `run_automation`: a task's automation starts, again if it has run before.

use super::{Edit, Effect, Nature, Planned, Repeat, Subject, run_schedule_now::STARTED_AUTOMATION};
use crate::{api::Operation, json};

#[derive(Clone, Copy, Debug)]
pub struct RunAutomation;

const NATURE: Nature = Nature {
    repeat: Repeat::Once,
    effects: &[Effect::AutomationFires],
    irreversible: Some("an automation that has started can't be called back"),
};

impl RunAutomation {
    #[expect(clippy::unused_self, reason = "all actions are called alike")]
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        let Some(task) = subject.id else {
            return Planned::Reject("only a task has an automation".to_owned());
        };
        if json::get(subject.data, "automation_config").is_none() {
            return Planned::Nothing("has no automation".to_owned());
        }
        Planned::Edit(Edit {
            // One that somebody else has started since is not started again.
            requires: STARTED_AUTOMATION.to_vec(),
            ..Edit::bare(
                Operation::RunAutomation(subject.execution.clone(), task.clone()),
                NATURE,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fixture::{changes, flow, over_flows, said};

    use super::*;

    #[test]
    fn only_a_task_with_an_automation_runs_it_and_only_once() {
        let playbook = over_flows(
            "each: task",
            "actions: [ run_automation ]\nguards: { allow: [run_automation] }",
        );
        let tasks = json!({"tasks": [
            {"id": "t", "status": "FAILED", "automation_config": {"flow_id": "f", "execution_id": "x"}},
            {"id": "u", "status": "PENDING"},
        ]});
        assert_eq!(
            said(&playbook, &flow("e", &tasks)),
            [
                "POST /v2/flows/executions/e/tasks/t/automation:run null",
                "skipped u: has no automation"
            ]
        );
        let change = &changes(&playbook, &flow("e", &tasks))[0];
        assert_eq!(change.repeat, Repeat::Once);
        assert_eq!(
            json!(change.requires),
            json!({"execution.status": "STARTED", "target.status": "FAILED",
                   "target.automation_config.execution_id": "x", "target.automation_execution_id": null})
        );
    }
}
