//! The status changes that our own requests cause besides the fields they write, as a read of the execution shows them. Pure.
//!
//! If a task is completed or skipped, its flow advances: a following task starts, or the whole flow is done. If a task is reverted, later
//! tasks are reset. An automation that was started ends its task later, and then the flow advances. None of that counts as drift, whichever
//! of the group's changes caused it: sessions do not always process the changes in the plan's order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::group::PlannedChange;
use crate::{
    action::{Expected, Reading, STARTED_AUTOMATION, read_back},
    api::Level,
    json,
    plan::{Effect, Target},
};

/// A change of the group that was sent and may have taken effect: its possible further effects, and where they start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause<'a> {
    pub(super) effects: &'a [Effect],
    pub(super) target: &'a Target,
}

/// Compares a change with its execution, none if it does not exist; `causes` are the other changes of its group that may have taken effect.
pub(super) fn read_back_after(
    planned: &PlannedChange,
    causes: &[Cause<'_>],
    execution: Option<&Value>,
) -> Reading {
    let change = &planned.change;
    let reading = read_back(&planned.operation, change.expected(), execution);
    let (Reading::Drifted(_), Some(whole)) = (&reading, execution) else {
        return reading;
    };
    let Some(target) = planned.operation.find(whole) else {
        return reading;
    };
    let (mut before, mut requires) = (change.before.clone(), change.requires.clone());
    let own = |effect: &Effect, cause: &Target, from: &str, to: &str| {
        if is_same(cause, &change.target) {
            moves_itself(effect, from, to)
        } else {
            moves(effect, change.target.kind, runs_by_itself(target), from, to)
        }
    };
    follow_status(&mut before, "status", target, causes, own);
    follow_status(&mut requires, "target.status", target, causes, own);
    follow_status(
        &mut requires,
        "execution.status",
        whole,
        causes,
        |effect, _, from, to| moves(effect, Level::Execution, false, from, to),
    );
    for path in [&STARTED_AUTOMATION[..], &["schedule.schedule_id"]].concat() {
        let now = json::get(target, path).cloned().unwrap_or(Value::Null);
        let is_ours = |effect: &Effect, cause: &Target| {
            if is_same(cause, &change.target) {
                starts_its_automation(effect)
            } else {
                *effect == Effect::LaterTasksReset && now.is_null()
            }
        };
        if let Some(expected) = requires.get_mut(&format!("target.{path}"))
            && any(causes, is_ours)
        {
            *expected = now;
        }
    }
    let expected = Expected {
        before: &before,
        after: &change.after,
        requires: &requires,
    };
    read_back(&planned.operation, expected, execution)
}

/// Expects the current status of `object`, if our own requests can have set it.
fn follow_status(
    expected: &mut BTreeMap<String, Value>,
    path: &str,
    object: &Value,
    causes: &[Cause<'_>],
    moves: impl Fn(&Effect, &Target, &str, &str) -> bool,
) {
    let now = &object["status"];
    let explains =
        |from: &str, to: &str| any(causes, |effect, cause| moves(effect, cause, from, to));
    if let Some(expected) = expected.get_mut(path)
        && let (Some(from), Some(to)) = (expected.as_str(), now.as_str())
        // A task that was reset may have started again.
        && (explains(from, to) || (explains(from, "PENDING") && explains("PENDING", to)))
    {
        *expected = now.clone();
    }
}

fn any(causes: &[Cause<'_>], is_it: impl Fn(&Effect, &Target) -> bool) -> bool {
    let mut causes = causes.iter();
    causes.any(|cause| {
        let mut effects = cause.effects.iter();
        effects.any(|effect| is_it(effect, cause.target))
    })
}

fn is_same(one: &Target, other: &Target) -> bool {
    (one.kind, &one.id) == (other.kind, &other.id)
}

/// Whether a task ends without a person once it is current.
fn runs_by_itself(task: &Value) -> bool {
    let kind = task.get("task_type").or_else(|| task.get("executionType"));
    match kind.and_then(Value::as_str) {
        Some("AUTOMATION" | "AI_AGENT") => true,
        Some("DECISION") => task["trigger_mode"] != "manual",
        Some(_) | None => false,
    }
}

/// Whether an effect can cause this status change on this level, outside of its own target.
fn moves(effect: &Effect, level: Level, runs_by_itself: bool, from: &str, to: &str) -> bool {
    let has_not_begun = matches!(from, "PENDING" | "UNASSIGNED" | "ASSIGNED");
    match (effect, level) {
        // An automation ends its task at some time, and then its flow advances.
        (Effect::FlowAdvances | Effect::AutomationFires, Level::Task | Level::Step) => {
            has_not_begun
                && (matches!(to, "IN_PROGRESS" | "SCHEDULED")
                    || (runs_by_itself && matches!(to, "COMPLETED" | "FAILED")))
        }
        // The status of a phase follows from those of its tasks.
        (Effect::FlowAdvances | Effect::AutomationFires, Level::Phase) => true,
        (Effect::FlowAdvances | Effect::AutomationFires, Level::Execution) => {
            (from, to) == ("STARTED", "DONE")
        }
        (Effect::LaterTasksReset, Level::Task | Level::Step) => to == "PENDING",
        (Effect::LaterTasksReset, Level::Phase) => to == "OPEN" || to == "IN_PROGRESS",
        (Effect::LaterTasksReset, Level::Execution) => (from, to) == ("DONE", "STARTED"),
        (
            Effect::AutomationsMayFire
            | Effect::EntityWrite(_)
            | Effect::EntityWritesUnknown
            | Effect::Notice(_)
            | Effect::NoticesUnknown,
            _,
        )
        | (_, Level::Entity) => false,
    }
}

/// Whether an effect can cause this status change of its own target: a task that is executed, or whose automation was started, is in
/// progress until it ends.
fn moves_itself(effect: &Effect, from: &str, to: &str) -> bool {
    let goes_on = matches!(to, "IN_PROGRESS" | "COMPLETED" | "FAILED");
    match effect {
        Effect::AutomationFires => goes_on,
        Effect::FlowAdvances => goes_on && !matches!(from, "COMPLETED" | "SKIPPED"),
        Effect::AutomationsMayFire
        | Effect::LaterTasksReset
        | Effect::EntityWrite(_)
        | Effect::EntityWritesUnknown
        | Effect::Notice(_)
        | Effect::NoticesUnknown => false,
    }
}

/// Whether the effect's own target names another automation afterwards, and no schedule any more. `FlowAdvances` counts, since it is what
/// the action `execute` declares.
fn starts_its_automation(effect: &Effect) -> bool {
    match effect {
        Effect::AutomationFires | Effect::FlowAdvances => true,
        Effect::AutomationsMayFire
        | Effect::LaterTasksReset
        | Effect::EntityWrite(_)
        | Effect::EntityWritesUnknown
        | Effect::Notice(_)
        | Effect::NoticesUnknown => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::Change,
        testing::changes::{close, execution, reassign, run_automation, run_now},
    };

    fn planned(change: Change) -> PlannedChange {
        PlannedChange {
            line: 2,
            operation: change.operation().unwrap(),
            change,
        }
    }

    fn target(id: &str) -> Target {
        reassign("e", id).target
    }

    /// What is read of a change of `t0` and of the execution's, when the task and the flow have these statuses and
    /// something had these effects on a task.
    fn readings(on: &str, caused: &[Effect], task: &str, flow: &str) -> [&'static str; 2] {
        let cause = Cause {
            effects: caused,
            target: &target(on),
        };
        let mut execution = execution("e");
        execution["status"] = json!(flow);
        execution["tasks"][0]["status"] = json!(task);
        [reassign("e", "t0"), close("e")].map(|change| {
            match read_back_after(&planned(change), &[cause], Some(&execution)) {
                Reading::Done => "done",
                Reading::AsPlanned => "open",
                Reading::Drifted(_) => "drifted",
                Reading::Gone => "gone",
            }
        })
    }

    #[test]
    fn what_our_own_requests_moved_is_no_drift_and_everything_else_is() {
        use Effect::{AutomationFires, AutomationsMayFire, FlowAdvances, LaterTasksReset};
        for (caused, task, flow, expected) in [
            (&[][..], "PENDING", "STARTED", ["open", "open"]),
            (&[], "IN_PROGRESS", "STARTED", ["drifted", "open"]),
            (&[], "PENDING", "DONE", ["drifted", "drifted"]),
            (&[FlowAdvances], "IN_PROGRESS", "STARTED", ["open", "open"]),
            (&[FlowAdvances], "SCHEDULED", "STARTED", ["open", "open"]),
            (&[FlowAdvances], "IN_PROGRESS", "DONE", ["open", "open"]),
            // A task does not end by that, and a flow is not closed.
            (&[FlowAdvances], "COMPLETED", "STARTED", ["drifted", "open"]),
            (&[FlowAdvances], "PENDING", "CLOSED", ["drifted", "done"]),
            (
                &[AutomationsMayFire],
                "IN_PROGRESS",
                "DONE",
                ["drifted", "drifted"],
            ),
            // The automation has ended its task, and the flow has gone on.
            (&[AutomationFires], "IN_PROGRESS", "DONE", ["open", "open"]),
            (&[AutomationFires], "COMPLETED", "DONE", ["drifted", "open"]),
            (
                &[LaterTasksReset],
                "IN_PROGRESS",
                "DONE",
                ["drifted", "drifted"],
            ),
            (
                &[AutomationsMayFire, FlowAdvances],
                "IN_PROGRESS",
                "DONE",
                ["open", "open"],
            ),
        ] {
            assert_eq!(
                readings("t1", caused, task, flow),
                expected,
                "{caused:?} {task} {flow}"
            );
        }
    }

    #[test]
    fn what_was_started_or_executed_moves_until_it_ends() {
        use Effect::{AutomationFires, AutomationsMayFire, FlowAdvances, LaterTasksReset};
        for (caused, task, expected) in [
            (&[AutomationFires][..], "IN_PROGRESS", "open"),
            (&[AutomationFires], "COMPLETED", "open"),
            (&[AutomationFires], "FAILED", "open"),
            (&[AutomationFires], "SKIPPED", "drifted"),
            (&[AutomationsMayFire, FlowAdvances], "IN_PROGRESS", "open"),
            (&[AutomationsMayFire, FlowAdvances], "COMPLETED", "open"),
            (&[AutomationsMayFire], "IN_PROGRESS", "drifted"),
            (&[LaterTasksReset], "IN_PROGRESS", "drifted"),
            (&[], "IN_PROGRESS", "drifted"),
        ] {
            assert_eq!(
                readings("t0", caused, task, "STARTED")[0],
                expected,
                "{caused:?} {task}"
            );
        }
    }

    #[test]
    fn an_automation_that_comes_after_another_one_of_its_task_knows_that_ones_id() {
        let mut change = run_automation("e", "t0");
        let path = "target.automation_execution_id";
        change.requires.insert(path.to_owned(), Value::Null);
        let mut execution = execution("e");
        execution["tasks"][0]["automation_execution_id"] = json!("a");
        let read = |on: &str| {
            let cause = Cause {
                effects: &[Effect::AutomationFires],
                target: &target(on),
            };
            read_back_after(&planned(change.clone()), &[cause], Some(&execution))
        };
        assert_eq!(read("t0"), Reading::AsPlanned);
        assert!(matches!(read("t1"), Reading::Drifted(_)));
    }

    #[test]
    fn a_task_whose_automation_was_started_has_no_schedule_any_more() {
        let change = planned(run_now("e", "s0"));
        let mut execution = execution("e");
        let task = &mut execution["tasks"][4];
        assert_eq!(task["id"], "s0");
        task["status"] = json!("IN_PROGRESS");
        task["schedule"] = Value::Null;
        let read = |on: &str| {
            let cause = Cause {
                effects: &[Effect::AutomationFires],
                target: &target(on),
            };
            read_back_after(&change, &[cause], Some(&execution))
        };
        assert_eq!(read("s0"), Reading::AsPlanned);
        assert!(matches!(read("s1"), Reading::Drifted(_)));
    }

    #[test]
    fn a_task_that_runs_by_itself_may_have_ended_once_it_was_its_turn() {
        let change = planned(reassign("e", "t0"));
        for (kind, trigger, expected) in [
            ("AUTOMATION", "automatic", true),
            ("AI_AGENT", "automatic", true),
            ("DECISION", "automatic", true),
            ("DECISION", "manual", false),
            ("MANUAL", "manual", false),
        ] {
            let mut execution = execution("e");
            let task = &mut execution["tasks"][0];
            task["task_type"] = json!(kind);
            task["trigger_mode"] = json!(trigger);
            task["status"] = json!("COMPLETED");
            let cause = Cause {
                effects: &[Effect::FlowAdvances],
                target: &target("t1"),
            };
            let reading = read_back_after(&change, &[cause], Some(&execution));
            assert_eq!(reading == Reading::AsPlanned, expected, "{kind} {trigger}");
        }
    }

    #[test]
    fn what_was_reset_may_have_begun_again() {
        use Effect::{FlowAdvances, LaterTasksReset};
        let mut change = reassign("e", "t0");
        change
            .requires
            .insert("target.status".to_owned(), json!("COMPLETED"));
        let mut execution = execution("e");
        execution["tasks"][0]["status"] = json!("IN_PROGRESS");
        let read = |effects: &[Effect]| {
            let target = target("t1");
            let causes = effects.chunks(1).map(|effects| Cause {
                effects,
                target: &target,
            });
            let causes: Vec<Cause<'_>> = causes.collect();
            read_back_after(&planned(change.clone()), &causes, Some(&execution))
        };
        assert_eq!(read(&[LaterTasksReset, FlowAdvances]), Reading::AsPlanned);
        assert!(matches!(read(&[LaterTasksReset]), Reading::Drifted(_)));
        assert!(matches!(read(&[FlowAdvances]), Reading::Drifted(_)));
    }

    #[test]
    fn what_was_reset_may_be_changed_on() {
        let mut change = reassign("e", "t0");
        change
            .requires
            .insert("target.status".to_owned(), json!("COMPLETED"));
        let read = |caused: &[Effect]| {
            let cause = Cause {
                effects: caused,
                target: &target("t1"),
            };
            read_back_after(&planned(change.clone()), &[cause], Some(&execution("e")))
        };
        assert!(matches!(read(&[]), Reading::Drifted(_)));
        assert_eq!(read(&[Effect::LaterTasksReset]), Reading::AsPlanned);
    }
}
