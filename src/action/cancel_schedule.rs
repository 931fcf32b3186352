//! `cancel_schedule`: a scheduled automation never starts; its task is skipped.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Edit, Effect, Nature, Planned, Repeat, Subject};
use crate::api::Operation;

#[derive(Clone, Copy, Debug)]
pub struct CancelSchedule;

const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[Effect::AutomationsMayFire, Effect::FlowAdvances],
    irreversible: Some("no operation makes a schedule that was deleted"),
};

impl CancelSchedule {
    #[expect(clippy::unused_self, reason = "all actions are called alike")]
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        let Some(task) = subject.id else {
            return Planned::Reject("only a task has a schedule".to_owned());
        };
        match subject.text("status") {
            Some("SCHEDULED") => Planned::Edit(Edit {
                expects: BTreeMap::from([("status", json!("SKIPPED"))]),
                requires: vec!["schedule.schedule_id"],
                ..Edit::bare(
                    Operation::CancelSchedule(subject.execution.clone(), task.clone()),
                    NATURE,
                )
            }),
            Some(status) => Planned::Nothing(format!("is {status}, not SCHEDULED")),
            None => Planned::Reject("has no status".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{changes, flow, over_flows, said, scheduled};

    use super::*;

    const ACTION: &str = "actions: [ cancel_schedule ]\nguards: { allow: [cancel_schedule] }";

    #[test]
    fn only_what_is_scheduled_is_cancelled_and_only_this_schedule() {
        let playbook = over_flows("each: task", ACTION);
        let tasks = json!({"tasks": [scheduled("t", &json!({})), scheduled("u", &json!({"status": "SKIPPED"}))]});
        assert_eq!(
            said(&playbook, &flow("e", &tasks)),
            [
                "DELETE /v2/flows/executions/e/tasks/t/schedule null",
                "skipped u: is SKIPPED, not SCHEDULED"
            ]
        );
        let change = &changes(&playbook, &flow("e", &tasks))[0];
        assert_eq!(json!(change.after), json!({"status": "SKIPPED"}));
        let effects = json!(["automations_may_fire", "flow_advances", "notices_unknown"]);
        assert_eq!(json!(change.effects), effects);
        assert_eq!(
            json!(change.requires),
            json!({"execution.status": "STARTED", "target.schedule.schedule_id": "s"})
        );
    }
}
