//! `run_schedule_now`: a scheduled automation starts at once.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Edit, Effect, Nature, Planned, Repeat, Subject};
use crate::api::Operation;

#[derive(Clone, Copy, Debug)]
pub struct RunScheduleNow;

/// Where a task names the automation that it started; which of them the service fills is not documented.
pub const STARTED_AUTOMATION: [&str; 2] =
    ["automation_execution_id", "automation_config.execution_id"];

const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[Effect::AutomationFires],
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
                expects: BTreeMap::from([("status", json!("IN_PROGRESS"))]),
                requires: [&["schedule.schedule_id"], STARTED_AUTOMATION.as_slice()].concat(),
                ..Edit::bare(
                    Operation::RunScheduleNow(subject.execution.clone(), task.clone()),
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

    const ACTION: &str = "actions: [ run_schedule_now ]\nguards: { allow: [run_schedule_now] }";

    #[test]
    fn only_a_scheduled_task_is_started() {
        let playbook = over_flows("each: task", ACTION);
        for status in ["PENDING", "IN_PROGRESS", "COMPLETED", "SKIPPED", "FAILED"] {
            let task = scheduled("t", &json!({"status": status}));
            assert_eq!(
                said(&playbook, &flow("e", &json!({"tasks": [task]}))),
                [format!("skipped t: is {status}, not SCHEDULED")]
            );
        }
        let none = scheduled("t", &json!({"status": null}));
        assert_eq!(
            said(&playbook, &flow("e", &json!({"tasks": [none]}))),
            ["rejected t: has no status"]
        );
    }

    #[test]
    fn starting_requires_the_same_schedule_and_no_automation_since_and_there_is_no_way_back() {
        let playbook = over_flows("each: task", ACTION);
        let task = scheduled("t", &json!({"automation_execution_id": "earlier"}));
        let [change] = &changes(&playbook, &flow("e", &json!({"tasks": [task]})))[..] else {
            panic!("one change")
        };
        insta::assert_snapshot!(serde_json::to_string_pretty(change).unwrap(), @r#"
{
  "change": "329886a1bbb9",
  "group": "e",
  "target": {
    "kind": "task",
    "api": "v2",
    "execution": "e",
    "id": "t",
    "name": "Send",
    "within": [
      "Flow e"
    ]
  },
  "action": [
    "run_schedule_now"
  ],
  "request": {
    "method": "POST",
    "path": "/v2/flows/executions/e/tasks/t/schedule/run-now"
  },
  "before": {
    "status": "SCHEDULED"
  },
  "after": {
    "status": "IN_PROGRESS"
  },
  "requires": {
    "execution.status": "STARTED",
    "target.automation_config.execution_id": null,
    "target.automation_execution_id": "earlier",
    "target.schedule.schedule_id": "s"
  },
  "repeat": "readable",
  "undo": {
    "none": "an automation that has started can't be called back"
  },
  "effects": [
    "automation_fires",
    "notices_unknown"
  ]
}
"#);
    }
}
