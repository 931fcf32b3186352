//! Whether a change took effect, told from a later reading of its execution.
//!
//! The same comparison decides before a send (is the target still as it was planned on?) and after a doubtful one
//! (did the request take effect?).

use std::collections::BTreeMap;

use serde_json::Value;

use super::run_schedule_now::STARTED_AUTOMATION;
use crate::{api::Operation, json};

/// What a change expects of its target: dotted paths and values, null meaning absent.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub before: &'a BTreeMap<String, Value>,
    pub after: &'a BTreeMap<String, Value>,
    /// Paths below `execution.` or `target.`.
    pub requires: &'a BTreeMap<String, Value>,
}

/// What a reading says about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// All is as the change leaves it.
    Done,
    /// All is as the change found it, or on the way: it may be sent.
    Open,
    /// Somebody else changed what it builds on.
    Drifted(String),
    /// The target is not in its execution any more.
    Gone,
}

/// Compares a change with its execution as it is now.
pub fn read_back(operation: &Operation, expected: Expected<'_>, execution: &Value) -> Reading {
    let Some(target) = operation.find(execution) else {
        return Reading::Gone;
    };
    if is_done(operation, expected, target) {
        return Reading::Done;
    }
    for (path, planned) in expected.requires {
        let now = match path.split_once('.') {
            Some(("execution", rest)) => json::get(execution, rest),
            Some((_, rest)) => json::get(target, rest),
            None => None,
        };
        if !same(now, planned) {
            return Reading::Drifted(drift(path, now, planned));
        }
    }
    for (path, before) in expected.before {
        let now = json::get(target, path);
        let on_the_way = expected
            .after
            .get(path)
            .is_some_and(|after| same(now, after));
        if !same(now, before) && !on_the_way {
            return Reading::Drifted(drift(path, now, before));
        }
    }
    Reading::Open
}

fn is_done(operation: &Operation, expected: Expected<'_>, target: &Value) -> bool {
    match operation {
        // The automation's end is not ours to foresee; that one started since is.
        Operation::RunScheduleNow(..) => {
            let planned = expected
                .requires
                .get(&format!("target.{STARTED_AUTOMATION}"))
                .unwrap_or(&Value::Null);
            let now = json::get(target, STARTED_AUTOMATION);
            now.is_some() && !same(now, planned) && target["status"] != "SCHEDULED"
        }
        Operation::UpdateExecution(_)
        | Operation::PatchFlow(_)
        | Operation::PatchPhase(..)
        | Operation::PatchTask(..)
        | Operation::GetExecutions
        | Operation::GetExecution(_)
        | Operation::GetClosingReasons(_)
        | Operation::SearchFlows
        | Operation::GetFlow(_) => expected
            .after
            .iter()
            .all(|(path, after)| same(json::get(target, path), after)),
    }
}

fn same(now: Option<&Value>, planned: &Value) -> bool {
    now.unwrap_or(&Value::Null) == planned
}

fn drift(path: &str, now: Option<&Value>, planned: &Value) -> String {
    format!(
        "{path} is {} now, it was {planned} when planned",
        now.unwrap_or(&Value::Null)
    )
}
