//! What the data of an execution say about a change: the rules of the documentation, apart from the code that the run uses.

use serde_json::Value;
use tokio::time::Instant;

use super::STALE;
use crate::{
    api::{Level, Operation},
    plan::Change,
    testing::{
        simulated_service::{ExecutionVersion, Who},
        test_run::TestRun,
    },
};

/// A value of its target or execution that a change builds on.
pub(super) struct BuiltOn {
    of_execution: bool,
    path: String,
    planned: Value,
    /// What it becomes by the change.
    after: Option<Value>,
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, |value, key| &value[key])
}

pub(super) fn target_of<'a>(operation: &Operation, execution: &'a Value) -> Option<&'a Value> {
    operation.find(execution)
}

/// Whether the execution is as the change leaves it.
pub(super) fn shows(change: &Change, operation: &Operation, execution: Option<&Value>) -> bool {
    let target = execution.and_then(|execution| target_of(operation, execution));
    let Some(target) = target else {
        // A schedule is not there, either, when its task is not.
        return operation.removes() || matches!(operation, Operation::CancelSchedule(..));
    };
    match operation {
        Operation::DeleteExecution(_)
        | Operation::DeleteFlow(_)
        | Operation::SoftDeleteFlow(_)
        | Operation::DeleteStep(..) => false,
        Operation::RunScheduleNow(..) => {
            let planned = change.requires.get("target.automation_execution_id");
            let now = &target["automation_execution_id"];
            target["status"] != "SCHEDULED" && !now.is_null() && Some(now) != planned
        }
        Operation::AddTask(_) => {
            let new = &change.after["task"]["id"];
            let tasks = target["tasks"].as_array();
            tasks.is_some_and(|tasks| tasks.iter().any(|task| task["id"] == *new))
        }
        Operation::ReconcileAutomation(..) => matches!(
            target["status"].as_str(),
            Some("COMPLETED" | "SKIPPED" | "FAILED")
        ),
        _ => {
            !change.after.is_empty()
                && change
                    .after
                    .iter()
                    .all(|(path, after)| at(target, path) == after)
        }
    }
}

/// All that a change builds on.
pub(super) fn builds_on(change: &Change) -> Vec<BuiltOn> {
    let before = change.before.iter().map(|(path, planned)| BuiltOn {
        of_execution: false,
        path: path.clone(),
        planned: planned.clone(),
        after: change.after.get(path).cloned(),
    });
    let requires = change.requires.iter().map(|(path, planned)| {
        let (of, path) = path.split_once('.').unwrap();
        BuiltOn {
            of_execution: of == "execution",
            path: path.to_owned(),
            planned: planned.clone(),
            after: None,
        }
    });
    before.chain(requires).collect()
}

impl BuiltOn {
    /// Its value; none when there is no target.
    fn value<'a>(&self, operation: &Operation, version: &'a ExecutionVersion) -> Option<&'a Value> {
        let execution = version.execution.as_ref()?;
        let place = if self.of_execution {
            execution
        } else {
            target_of(operation, execution)?
        };
        Some(at(place, &self.path))
    }
}

/// Whether somebody else has ever changed what a change builds on.
pub(super) fn was_changed_by_somebody(
    change: &Change,
    operation: &Operation,
    versions: &[ExecutionVersion],
) -> bool {
    let bases = builds_on(change);
    versions.windows(2).any(|pair| {
        pair[1].who == Who::Somebody
            && bases
                .iter()
                .any(|base| base.value(operation, &pair[0]) != base.value(operation, &pair[1]))
    })
}

/// Whether the automation that a change would start has started since the plan was made: it is not started a second
/// time.
pub(super) fn had_its_automation_started(
    change: &Change,
    operation: &Operation,
    versions: &[ExecutionVersion],
) -> bool {
    let bases = builds_on(change);
    let mut ids = bases
        .iter()
        .filter(|base| base.path.starts_with("automation"));
    ids.any(|base| {
        let differs = |version: &ExecutionVersion| {
            base.value(operation, version)
                .is_some_and(|value| *value != base.planned)
        };
        versions.iter().any(differs)
    })
}

/// Whether somebody else had changed what a change builds on so long before `sent` that it had to be seen, and it was so
/// until then. What our own requests may have moved is left out: nobody can tell whose doing it is.
pub(super) fn was_stale(
    change: &Change,
    operation: &Operation,
    versions: &[ExecutionVersion],
    sent: Instant,
) -> bool {
    let until = versions.partition_point(|version| version.at < sent);
    let versions = &versions[..until];
    let first_of_ours = versions[1..].iter().any(|version| version.who == Who::We);
    builds_on(change).iter().any(|base| {
        let moves_by_itself = base.path.ends_with("status")
            || base.path.starts_with("automation")
            || base.path.starts_with("schedule");
        if moves_by_itself && first_of_ours {
            return false;
        }
        let Some(last) = versions
            .windows(2)
            .rev()
            .find(|pair| base.value(operation, &pair[0]) != base.value(operation, &pair[1]))
        else {
            return false;
        };
        let is_expected = match base.value(operation, &last[1]) {
            // A request for what is not there changes nothing.
            None => true,
            Some(value) => *value == base.planned || Some(value) == base.after.as_ref(),
        };
        last[1].who == Who::Somebody && !is_expected && last[1].at + STALE < sent
    })
}

/// The places, in the plan's order, of the changes that a change depends on.
pub(super) fn dependencies(test_run: &TestRun, line: u64) -> impl Iterator<Item = usize> + '_ {
    let own = &test_run.planned[&line];
    test_run
        .planned
        .iter()
        .enumerate()
        .take_while(move |(_, (other, _))| **other < line)
        .filter(|(_, (_, earlier))| {
            earlier.group == own.group
                && (own.target.kind == Level::Execution || earlier.target.id == own.target.id)
        })
        .map(|(place, _)| place)
}
