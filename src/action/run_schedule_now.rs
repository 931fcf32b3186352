//! `run_schedule_now`: a scheduled automation starts at once.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Edit, Effect, Nature, Planned, Repeat, Subject};
use crate::api::Operation;

#[derive(Clone, Copy, Debug)]
pub struct RunScheduleNow;

/// Where a task names the automation that it started; which of them the service fills is not documented.
pub(super) const STARTED_AUTOMATION: [&str; 2] =
    ["automation_execution_id", "automation_config.execution_id"];

const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effect: Some(Effect::AutomationFires),
    irreversible: Some("an automation that has started can't be called back"),
};

impl RunScheduleNow {
    #[expect(clippy::unused_self, reason = "all actions are called alike")]
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        let Some(task) = subject.id else {
            return Planned::Reject("only a task has a schedule".to_owned());
        };
        match subject.text("status") {
            Some("SCHEDULED") => Planned::Edit(Edit {
                operation: Operation::RunScheduleNow(subject.execution.clone(), task.clone()),
                writes: Vec::new(),
                expects: BTreeMap::from([("status", json!("IN_PROGRESS"))]),
                requires: [&["schedule.schedule_id"], STARTED_AUTOMATION.as_slice()].concat(),
                nature: NATURE,
            }),
            Some(status) => Planned::Nothing(format!("is {status}, not SCHEDULED")),
            None => Planned::Reject("has no status".to_owned()),
        }
    }
}
