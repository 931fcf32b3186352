//! What our own requests moved besides what they wrote, as a later reading of the execution shows it. Pure.
//!
//! A task that is completed or skipped lets its flow advance: a task that follows starts, or the whole flow is done. One
//! that is reverted resets those behind it. Whoever saw the requests through does not look at that again. A later pass or
//! session reads the execution anew, and must not take what it finds moved for somebody else's doing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::group::Planned;
use crate::{
    action::{Expected, Reading, read_back},
    api::Level,
    json,
    plan::Effect,
};

/// Compares a change with its execution, none when that is not there; `caused` are the effects of the changes before it
/// that were sent.
pub(super) fn read_back_after(
    planned: &Planned,
    caused: &[Effect],
    execution: Option<&Value>,
) -> Reading {
    let change = &planned.change;
    let read = |before, requires| {
        let expected = Expected {
            before,
            after: &change.after,
            requires,
        };
        read_back(&planned.operation, expected, execution)
    };
    let reading = read(&change.before, &change.requires);
    let Reading::Drifted(_) = reading else {
        return reading;
    };
    let kind = change.target.kind;
    let status_of = |place: Option<&Value>| json::get(place?, "status").cloned();
    let target = status_of(execution.and_then(|execution| planned.operation.find(execution)));
    let whole = status_of(execution);
    let (mut before, mut requires) = (change.before.clone(), change.requires.clone());
    follow(&mut before, "status", caused, kind, target.as_ref());
    follow(
        &mut requires,
        "target.status",
        caused,
        kind,
        target.as_ref(),
    );
    let level = Level::Execution;
    follow(
        &mut requires,
        "execution.status",
        caused,
        level,
        whole.as_ref(),
    );
    read(&before, &requires)
}

/// Expects a status as it is now where our own requests can have moved it there.
fn follow(
    expected: &mut BTreeMap<String, Value>,
    path: &str,
    caused: &[Effect],
    level: Level,
    now: Option<&Value>,
) {
    if let (Some(expected), Some(now)) = (expected.get_mut(path), now)
        && let (Some(from), Some(to)) = (expected.as_str(), now.as_str())
        && caused.iter().any(|effect| moves(*effect, level, from, to))
    {
        *expected = now.clone();
    }
}

/// Whether an effect can move a status of this level so.
fn moves(effect: Effect, level: Level, from: &str, to: &str) -> bool {
    match (effect, level) {
        (Effect::FlowAdvances, Level::Task | Level::Step) => {
            from == "PENDING" && matches!(to, "IN_PROGRESS" | "SCHEDULED")
        }
        (Effect::FlowAdvances, Level::Phase) => to == "IN_PROGRESS" || to == "COMPLETED",
        (Effect::FlowAdvances, Level::Execution) => (from, to) == ("STARTED", "DONE"),
        (Effect::LaterTasksReset, Level::Task | Level::Step) => to == "PENDING",
        (Effect::LaterTasksReset, Level::Phase) => to == "OPEN" || to == "IN_PROGRESS",
        (Effect::LaterTasksReset, Level::Execution) => (from, to) == ("DONE", "STARTED"),
        // The automation's own task is the one that was written to; others move when the flow does.
        (Effect::AutomationFires | Effect::AutomationsMayFire, _) | (_, Level::Entity) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::Change,
        run::sample::{close, execution, reassign},
    };

    fn planned(change: Change) -> Planned {
        Planned {
            line: 2,
            operation: change.operation().unwrap(),
            change,
        }
    }

    /// What is read of a task's change and of the execution's, when the task and the flow have these statuses.
    fn readings(caused: &[Effect], task: &str, flow: &str) -> [&'static str; 2] {
        let mut execution = execution("e");
        execution["status"] = json!(flow);
        execution["tasks"][0]["status"] = json!(task);
        [reassign("e", "t0"), close("e")].map(|change| {
            match read_back_after(&planned(change), caused, Some(&execution)) {
                Reading::Done => "done",
                Reading::Open => "open",
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
                &[AutomationFires, AutomationsMayFire],
                "IN_PROGRESS",
                "DONE",
                ["drifted", "drifted"],
            ),
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
                readings(caused, task, flow),
                expected,
                "{caused:?} {task} {flow}"
            );
        }
    }

    #[test]
    fn what_was_reset_may_be_changed_on() {
        let mut change = reassign("e", "t0");
        change
            .requires
            .insert("target.status".to_owned(), json!("COMPLETED"));
        let read = |caused: &[Effect]| {
            read_back_after(&planned(change.clone()), caused, Some(&execution("e")))
        };
        assert!(matches!(read(&[]), Reading::Drifted(_)));
        assert_eq!(read(&[Effect::LaterTasksReset]), Reading::Open);
    }
}
