//! Actions on the automation or the schedule of a task: `run_schedule_now`, `cancel_schedule`, `run_automation`, `execute`,
//! `reconcile_automation`.
//!
//! One file because the five actions share the rules of one automation.

use super::{
    ActionKind, ArgumentsForm, Edit, Effect, Nature, PlannedAction, Repeat, Requests, Subject,
    bare, status::has_ended,
};
use crate::{
    api::{Id, Level, Operation},
    json,
};

pub(super) static RUN_SCHEDULE_NOW: ActionKind = ActionKind {
    word: "run_schedule_now",
    doc: "Starts a scheduled automation at once.",
    example: "run_schedule_now",
    levels: &[Level::Task],
    only_in: None,
    form: ArgumentsForm::None,
    converges: true,
    needs_allow: true,
    again: "no change",
    undo: "no",
    requests: Requests::Other(|operation| matches!(operation, Operation::RunScheduleNow(..))),
    read: |_| Some(bare(run_schedule_now)),
};

pub(super) static CANCEL_SCHEDULE: ActionKind = ActionKind {
    word: "cancel_schedule",
    doc: "Cancels a scheduled automation; its task is skipped.",
    example: "cancel_schedule",
    requests: Requests::Other(|operation| matches!(operation, Operation::CancelSchedule(..))),
    read: |_| Some(bare(cancel_schedule)),
    ..RUN_SCHEDULE_NOW
};

pub(super) static RUN_AUTOMATION: ActionKind = ActionKind {
    word: "run_automation",
    doc: "Starts the automation of a task, again if it has run before.",
    example: "run_automation",
    converges: false,
    again: "runs again",
    requests: Requests::Other(|operation| matches!(operation, Operation::RunAutomation(..))),
    read: |_| Some(bare(run_automation)),
    ..RUN_SCHEDULE_NOW
};

pub(super) static EXECUTE: ActionKind = ActionKind {
    word: "execute",
    doc: "Carries out a task of any kind.",
    example: "execute",
    converges: false,
    again: "runs again",
    requests: Requests::Other(|operation| matches!(operation, Operation::ExecuteTask(..))),
    read: |_| Some(bare(execute)),
    ..RUN_SCHEDULE_NOW
};

pub(super) static RECONCILE_AUTOMATION: ActionKind = ActionKind {
    word: "reconcile_automation",
    doc: "Corrects the status of a task whose automation has ended.",
    example: "reconcile_automation",
    needs_allow: false,
    again: "asks again if the automation still runs",
    requests: Requests::Other(|operation| matches!(operation, Operation::ReconcileAutomation(..))),
    read: |_| Some(bare(reconcile_automation)),
    ..RUN_SCHEDULE_NOW
};

/// Fields that may name the automation that a task started; it is not documented which one the service fills.
pub const STARTED_AUTOMATION: [&str; 2] =
    ["automation_execution_id", "automation_config.execution_id"];

/// The effects of a task's end: other automations, and the next task.
const ENDS_A_TASK: [Effect; 2] = [Effect::AutomationsMayFire, Effect::FlowAdvances];

pub(super) const STARTED: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[Effect::AutomationFires],
    why_final: Some("an automation that has started can't be called back"),
};

pub(super) const CANCELLED: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &ENDS_A_TASK,
    why_final: Some("no operation makes a schedule that was deleted"),
};

pub(super) const RUN: Nature = Nature {
    repeat: Repeat::Once,
    ..STARTED
};

pub(super) const EXECUTED: Nature = Nature {
    repeat: Repeat::Once,
    effects: &ENDS_A_TASK,
    why_final: Some("what a task has done can't be called back"),
};

pub(super) const RECONCILED: Nature = Nature {
    // The service does nothing if there is nothing to correct, so the request is safe to repeat.
    repeat: Repeat::Safe,
    effects: &ENDS_A_TASK,
    why_final: Some("it takes in what the automation did; there is nothing to take back"),
};

fn run_schedule_now(subject: &Subject<'_>) -> PlannedAction {
    scheduled(subject, Operation::RunScheduleNow)
}

fn cancel_schedule(subject: &Subject<'_>) -> PlannedAction {
    scheduled(subject, Operation::CancelSchedule)
}

/// An operation on a task that waits for its schedule.
fn scheduled(subject: &Subject<'_>, operation: fn(Id, Id) -> Operation) -> PlannedAction {
    match subject.text("status") {
        Some("SCHEDULED") => on_task(subject, operation),
        Some(status) => PlannedAction::Nothing(format!("is {status}, not SCHEDULED")),
        None => PlannedAction::Reject("has no status".to_owned()),
    }
}

/// An operation on a task, by the ids of its flow and its own.
fn on_task(subject: &Subject<'_>, operation: fn(Id, Id) -> Operation) -> PlannedAction {
    match subject.id {
        Some(task) => PlannedAction::Edit(Edit::bare(operation(
            subject.execution.clone(),
            task.clone(),
        ))),
        None => PlannedAction::Reject("only a task has an automation".to_owned()),
    }
}

fn run_automation(subject: &Subject<'_>) -> PlannedAction {
    if !has_automation(subject) {
        return PlannedAction::Nothing("has no automation".to_owned());
    }
    on_task(subject, Operation::RunAutomation)
}

fn execute(subject: &Subject<'_>) -> PlannedAction {
    match subject.text("status") {
        None => PlannedAction::Reject("has no status".to_owned()),
        // A failed task may be run again.
        Some(status) if has_ended(status) && status != "FAILED" => {
            PlannedAction::Nothing(format!("is {status} already"))
        }
        Some(_) => match on_task(subject, Operation::ExecuteTask) {
            // If the task has an automation, `execute` starts it.
            PlannedAction::Edit(edit) if has_automation(subject) => PlannedAction::Edit(Edit {
                causes: Some(Effect::AutomationFires),
                ..edit
            }),
            other => other,
        },
    }
}

fn reconcile_automation(subject: &Subject<'_>) -> PlannedAction {
    if !has_automation(subject) {
        return PlannedAction::Nothing("has no automation".to_owned());
    }
    match subject.text("status") {
        None => PlannedAction::Reject("has no status".to_owned()),
        Some(status) if has_ended(status) => PlannedAction::Nothing(format!("is {status} already")),
        Some("SCHEDULED") => {
            PlannedAction::Nothing("is SCHEDULED: its automation has not started".to_owned())
        }
        Some(_) => on_task(subject, Operation::ReconcileAutomation),
    }
}

fn has_automation(subject: &Subject<'_>) -> bool {
    json::get(subject.data, "automation_config").is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::samples::{changes, flow, over_flows, said, scheduled, with};

    const RUN_SCHEDULE_NOW_ONLY: &str =
        "actions: [ run_schedule_now ]\nguards: { allow: [run_schedule_now] }";

    #[test]
    fn only_a_scheduled_task_is_started() {
        let playbook = over_flows("each: task", RUN_SCHEDULE_NOW_ONLY);
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
        let playbook = over_flows("each: task", RUN_SCHEDULE_NOW_ONLY);
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

    const CANCEL_SCHEDULE_ONLY: &str =
        "actions: [ cancel_schedule ]\nguards: { allow: [cancel_schedule] }";

    #[test]
    fn only_what_is_scheduled_is_cancelled_and_only_this_schedule() {
        let playbook = over_flows("each: task", CANCEL_SCHEDULE_ONLY);
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
