//! `reconcile_automation`: a task learns how its automation ended.

use super::{Edit, Effect, Nature, Planned, Repeat, Subject, status::has_ended};
use crate::{api::Operation, json};

#[derive(Clone, Copy, Debug)]
pub struct ReconcileAutomation;

/// The service does nothing where there is nothing to correct, so it may be asked again.
const NATURE: Nature = Nature {
    repeat: Repeat::Safe,
    effects: &[Effect::AutomationsMayFire, Effect::FlowAdvances],
    irreversible: Some("it takes in what the automation did; there is nothing to take back"),
};

impl ReconcileAutomation {
    #[expect(clippy::unused_self, reason = "all actions are called alike")]
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        let Some(task) = subject.id else {
            return Planned::Reject("only a task has an automation".to_owned());
        };
        if json::get(subject.data, "automation_config").is_none() {
            return Planned::Nothing("has no automation".to_owned());
        }
        match subject.text("status") {
            None => Planned::Reject("has no status".to_owned()),
            Some(status) if has_ended(status) => Planned::Nothing(format!("is {status} already")),
            Some("SCHEDULED") => {
                Planned::Nothing("is SCHEDULED: its automation has not started".to_owned())
            }
            Some(_) => Planned::Edit(Edit::bare(
                Operation::ReconcileAutomation(subject.execution.clone(), task.clone()),
                NATURE,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fixture::{changes, flow, over_flows, said, with};

    #[test]
    fn only_a_task_whose_automation_may_have_ended_unseen_is_reconciled() {
        let playbook = over_flows("each: task", "actions: [ reconcile_automation ]");
        let automation =
            json!({"id": "t", "status": "IN_PROGRESS", "automation_config": {"flow_id": "f"}});
        for (fields, line) in [
            (
                json!({}),
                "POST /v2/flows/executions/e/tasks/t/reconcile-automation null",
            ),
            (
                json!({"status": "COMPLETED"}),
                "skipped t: is COMPLETED already",
            ),
            (json!({"status": "FAILED"}), "skipped t: is FAILED already"),
            (
                json!({"status": "SCHEDULED"}),
                "skipped t: is SCHEDULED: its automation has not started",
            ),
            (json!({"status": null}), "rejected t: has no status"),
            (
                json!({"automation_config": null}),
                "skipped t: has no automation",
            ),
        ] {
            let task = with(automation.clone(), &fields);
            assert_eq!(
                said(&playbook, &flow("e", &json!({"tasks": [task]}))),
                [line]
            );
        }
        let change = &changes(&playbook, &flow("e", &json!({"tasks": [automation]})))[0];
        let effects = json!(["automations_may_fire", "flow_advances", "notices_unknown"]);
        assert_eq!(json!(change.effects), effects);
    }
}
