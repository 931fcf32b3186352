//! The deprecated searches for v1 executions and their steps.

use std::cmp::Ordering;

use crate::wire::{
    ExecutionStatus,
    v1::{
        FoundExecutions, FoundStep, FoundSteps, LastKey, SearchExecutions, SearchSteps,
        SectionOrStep, Sorting, WantedSteps, WorkflowExecution,
    },
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

/// Steps of a page, unless another size is asked for, and at most.
const STEPS_PAGE: usize = 10;
const STEPS_PAGE_MAX: usize = 500;

/// One page of the steps that are wanted.
pub(super) fn steps(
    all: impl Iterator<Item = WorkflowExecution>,
    wanted: &SearchSteps,
) -> FoundSteps {
    let mut executions: Vec<WorkflowExecution> = all
        .filter(|execution| {
            let is_running = execution.status == ExecutionStatus::Started;
            (is_running || wanted.include_done_workflows == Some(true))
                && contains(&execution.name, wanted.execution_name.as_ref())
        })
        .collect();
    executions.sort_by(|one, other| one.id.cmp(&other.id));
    let mut found: Vec<FoundStep> = executions
        .iter()
        .flat_map(|execution| steps_of(execution, wanted))
        .collect();
    if let Some(sorting) = wanted.sorting {
        found.sort_by(|one, other| compare_steps(one, other, sorting));
    }
    let (from, size) = match &wanted.pagination {
        None => (0, STEPS_PAGE),
        Some(pages) => (
            pages.from.unwrap_or_default(),
            pages.size.unwrap_or(STEPS_PAGE).min(STEPS_PAGE_MAX),
        ),
    };
    FoundSteps {
        hits: found.len(),
        results: found.into_iter().skip(from).take(size).collect(),
    }
}

fn steps_of(execution: &WorkflowExecution, wanted: &SearchSteps) -> Vec<FoundStep> {
    let all = || execution.flow.iter().flat_map(SectionOrStep::steps);
    let next = all().find(|step| !step.is_over()).map(|step| &step.id);
    let wanted_steps = all().filter(|step| {
        let status = match wanted.status {
            None => true,
            Some(WantedSteps::Open) => !step.is_over(),
            Some(WantedSteps::Complete) => step.is_over(),
            Some(WantedSteps::NextOpenItemInWorkflow) => next == Some(&step.id),
        };
        let assigned = wanted.assigned_to.is_none_or(|user| {
            let assigned = step.assigned_to.iter().flatten();
            assigned.into_iter().any(|id| *id == user.to_string())
        });
        let by_hand = wanted
            .manually_created
            .is_none_or(|wanted| step.manually_created.unwrap_or_default() == wanted);
        status && assigned && by_hand && contains(&step.name, wanted.step_name.as_ref())
    });
    wanted_steps
        .map(|step| FoundStep {
            step: step.clone(),
            execution_id: execution.id.clone(),
            execution_name: execution.name.clone(),
            execution_status: execution.status,
            contexts: execution.contexts.clone(),
        })
        .collect()
}

fn contains(name: &str, part: Option<&String>) -> bool {
    part.is_none_or(|part| name.to_lowercase().contains(&part.to_lowercase()))
}

fn fits(execution: &WorkflowExecution, wanted: &SearchExecutions) -> bool {
    let name = contains(&execution.name, wanted.name.as_ref());
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

fn compare_steps(one: &FoundStep, other: &FoundStep, sorting: Sorting) -> Ordering {
    let due = |found: &FoundStep| found.step.due_date.clone().map(String::from);
    let created = |found: &FoundStep| found.step.created.clone();
    match sorting {
        Sorting::AZ => one.step.name.cmp(&other.step.name),
        Sorting::ZA => other.step.name.cmp(&one.step.name),
        Sorting::DueDateAsc => due(one).cmp(&due(other)),
        Sorting::DueDateDesc => due(other).cmp(&due(one)),
        Sorting::TriggerDateAsc => created(one).cmp(&created(other)),
        Sorting::TriggerDateDesc => created(other).cmp(&created(one)),
    }
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
