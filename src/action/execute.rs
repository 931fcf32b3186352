//! `execute`: a task of any kind is carried out at once.

use super::{Edit, Effect, Nature, Planned, Repeat, Subject, status::has_ended};
use crate::{api::Operation, json};

#[derive(Clone, Copy, Debug)]
pub struct Execute;

const NATURE: Nature = Nature {
    repeat: Repeat::Once,
    effects: &[Effect::AutomationsMayFire, Effect::FlowAdvances],
    irreversible: Some("what a task has done can't be called back"),
};

/// Of a task with an automation: that is what is carried out.
const OF_AUTOMATION: Nature = Nature {
    effects: &[
        Effect::AutomationFires,
        Effect::AutomationsMayFire,
        Effect::FlowAdvances,
    ],
    ..NATURE
};

impl Execute {
    #[expect(clippy::unused_self, reason = "all actions are called alike")]
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        let Some(task) = subject.id else {
            return Planned::Reject("only a task can be executed".to_owned());
        };
        match subject.text("status") {
            None => Planned::Reject("has no status".to_owned()),
            // A task that failed may be tried again.
            Some(status) if has_ended(status) && status != "FAILED" => {
                Planned::Nothing(format!("is {status} already"))
            }
            Some(_) => Planned::Edit(Edit::bare(
                Operation::ExecuteTask(subject.execution.clone(), task.clone()),
                match json::get(subject.data, "automation_config") {
                    Some(_) => OF_AUTOMATION,
                    None => NATURE,
                },
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fixture::{changes, flow, over_flows, said};

    #[test]
    fn what_has_ended_well_is_not_executed_again() {
        let playbook = over_flows(
            "each: task",
            "actions: [ execute ]\nguards: { allow: [execute] }",
        );
        for (status, line) in [
            (
                json!("PENDING"),
                "POST /v2/flows/executions/e/tasks/t/execute null",
            ),
            (
                json!("FAILED"),
                "POST /v2/flows/executions/e/tasks/t/execute null",
            ),
            (json!("COMPLETED"), "skipped t: is COMPLETED already"),
            (json!("SKIPPED"), "skipped t: is SKIPPED already"),
            (json!(null), "rejected t: has no status"),
        ] {
            let task = json!({"id": "t", "status": status});
            assert_eq!(
                said(&playbook, &flow("e", &json!({"tasks": [task]}))),
                [line]
            );
        }
    }

    #[test]
    fn an_automation_that_is_executed_is_announced() {
        let playbook = over_flows(
            "each: task",
            "actions: [ execute ]\nguards: { allow: [execute] }",
        );
        let all = [
            "automation_fires",
            "automations_may_fire",
            "flow_advances",
            "notices_unknown",
        ];
        for (automation, effects) in [
            (json!({"flow_id": "f"}), &all[..]),
            (json!(null), &all[1..]),
        ] {
            let task = json!({"id": "t", "status": "PENDING", "automation_config": automation});
            let change = &changes(&playbook, &flow("e", &json!({"tasks": [task]})))[0];
            assert_eq!(json!(change.effects), json!(effects), "{automation}");
        }
    }
}
