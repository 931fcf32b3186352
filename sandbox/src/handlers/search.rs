//! The deprecated search for v1 executions.

use std::cmp::Ordering;

use crate::wire::{
    ExecutionStatus,
    v1::{FoundExecutions, LastKey, SearchExecutions, Sorting, WorkflowExecution},
};

/// Rows of a page at least; those of one creation time stay together, as the key names only that.
const PAGE: usize = 100;

/// One page of what is wanted. The pages go by creation time, whatever is asked for within them.
pub(super) fn executions(
    all: impl Iterator<Item = WorkflowExecution>,
    wanted: &SearchExecutions,
) -> FoundExecutions {
    let after = wanted.pagination.as_ref().map(|key| &key.creation_time);
    let mut found: Vec<WorkflowExecution> = all
        .filter(|execution| fits(execution, wanted))
        .filter(|execution| after.is_none_or(|after| execution.creation_time > *after))
        .collect();
    found.sort_by(|one, other| {
        (&one.creation_time, &one.id).cmp(&(&other.creation_time, &other.id))
    });
    let end = found.get(PAGE - 1).map(|last| last.creation_time.clone());
    let last_evaluated_key = end
        .filter(|end| found.iter().any(|one| one.creation_time > *end))
        .map(|creation_time| LastKey {
            org_id: Some(crate::generate::ORG.to_owned()),
            creation_time,
        });
    if let Some(key) = &last_evaluated_key {
        found.retain(|one| one.creation_time <= key.creation_time);
    }
    if let Some(sorting) = wanted.sorting {
        found.sort_by(|one, other| compare(one, other, sorting));
    }
    FoundExecutions {
        executions: found.into_iter().map(WorkflowExecution::slim).collect(),
        last_evaluated_key,
    }
}

fn fits(execution: &WorkflowExecution, wanted: &SearchExecutions) -> bool {
    let name = wanted
        .name
        .as_ref()
        .is_none_or(|name| execution.name.to_lowercase().contains(&name.to_lowercase()));
    let done = wanted.include_done_workflows == Some(true)
        || wanted.status.is_some()
        || execution.status == ExecutionStatus::Started;
    let status = wanted
        .status
        .is_none_or(|status| status == execution.status);
    let assigned = wanted.assigned_to.as_ref().is_none_or(|user| {
        let assigned = execution.assigned_to.as_ref();
        assigned.is_some_and(|assigned| assigned.contains(user))
    });
    name && done && status && assigned
}

fn compare(one: &WorkflowExecution, other: &WorkflowExecution, sorting: Sorting) -> Ordering {
    let due = |execution: &WorkflowExecution| execution.due_date.clone().map(String::from);
    match sorting {
        Sorting::AZ => one.name.cmp(&other.name),
        Sorting::ZA => other.name.cmp(&one.name),
        Sorting::DueDateAsc => due(one).cmp(&due(other)),
        Sorting::DueDateDesc => due(other).cmp(&due(one)),
        Sorting::TriggerDateAsc => one.creation_time.cmp(&other.creation_time),
        Sorting::TriggerDateDesc => other.creation_time.cmp(&one.creation_time),
    }
}
