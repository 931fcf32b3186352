//! The events that a change may cause, by their names in rules.

use serde_json::Value;

use crate::{
    api::{Level, Operation, SyncTrigger, part::parts},
    plan::{Change, Effect},
};

/// Fields of a step that do not affect the status of its execution.
const ASIDE: [&str; 9] = [
    "assignedTo",
    "userIds",
    "assignedToInProgress",
    "assignedToOnHold",
    "dueDate",
    "dynamicDueDate",
    "description",
    "automationConfig",
    "entityRefId",
];

/// The values of a first-generation execution that rules can write.
const STANDING: [SyncTrigger; 3] = [
    SyncTrigger::WorkflowStatus,
    SyncTrigger::CurrentSection,
    SyncTrigger::CurrentStep,
];

/// All possible events of a flow that advances: the next task begins, and an automation may end it at once.
const GOING_ON: [SyncTrigger; 12] = [
    SyncTrigger::FlowCompleted,
    SyncTrigger::FlowReopened,
    SyncTrigger::FlowDueDateChanged,
    SyncTrigger::TaskUpdated,
    SyncTrigger::CurrTaskChanged,
    SyncTrigger::TaskCompleted,
    SyncTrigger::TaskSkipped,
    SyncTrigger::TaskMarkedInProgress,
    SyncTrigger::PhaseUpdated,
    SyncTrigger::PhaseCompleted,
    SyncTrigger::PhaseSkipped,
    SyncTrigger::PhaseMarkedInProgress,
];

/// An event, and the templates of its task and phase; none if any is possible.
pub(super) struct Occurrence<'a> {
    pub(super) event: SyncTrigger,
    pub(super) task: Option<&'a str>,
    pub(super) phase: Option<&'a str>,
}

impl Occurrence<'_> {
    const fn anywhere(event: SyncTrigger) -> Self {
        Self {
            event,
            task: None,
            phase: None,
        }
    }
}

/// All of them. `execution` is as it was before.
pub(super) fn occurrences<'a>(
    operation: &Operation,
    change: &Change,
    execution: &'a Value,
) -> Vec<Occurrence<'a>> {
    use SyncTrigger as On;
    let sent = |names: &[&str]| {
        let body = change.request.body.iter().flatten();
        let mut names = names.iter();
        let fields: Vec<&String> = body.map(|(field, _)| field).collect();
        names.any(|name| fields.iter().any(|field| field == name))
    };
    let status = change.after.get("status").and_then(Value::as_str);
    let anywhere = |events: &[On]| events.iter().copied().map(Occurrence::anywhere).collect();
    let mut occurrences: Vec<Occurrence<'a>> = match operation {
        Operation::GetExecutions
        | Operation::SearchExecutions
        | Operation::SearchSteps
        | Operation::CreateExecution
        | Operation::GetExecution(_)
        | Operation::GetClosingReasons(_)
        | Operation::SearchFlows
        | Operation::StartFlow
        | Operation::GetFlow(_)
        | Operation::SearchEntities
        // No rule of the first generation is about that.
        | Operation::DeleteExecution(_) => Vec::new(),
        Operation::UpdateExecution(_) => {
            if sent(&["status", "completedTime"]) {
                anywhere(&STANDING)
            } else {
                Vec::new()
            }
        }
        Operation::CreateStep(_) | Operation::DeleteStep(..) => anywhere(&STANDING),
        Operation::UpdateStep(..) => {
            let mut fields = change.request.body.iter().flatten();
            if fields.all(|(field, _)| ASIDE.contains(&field.as_str())) {
                Vec::new()
            } else {
                anywhere(&STANDING)
            }
        }
        Operation::PatchFlow(_) => [
            (sent(&["assigned_to"]), On::FlowAssigned),
            (sent(&["due_date", "due_date_config"]), On::FlowDueDateChanged),
            (sent(&["contexts"]), On::FlowContextsChanged),
            (sent(&["status"]), On::CurrTaskChanged),
            (status == Some("DONE"), On::FlowCompleted),
            (status == Some("CLOSED"), On::FlowCancelled),
            (status == Some("STARTED"), On::FlowReopened),
        ]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, event)| Occurrence::anywhere(event))
        .collect(),
        Operation::DeleteFlow(_) | Operation::SoftDeleteFlow(_) => anywhere(&[On::FlowDeleted]),
        Operation::PatchPhase(..) => {
            let phase = operation.find(execution);
            vec![Occurrence {
                event: On::PhaseUpdated,
                task: None,
                phase: phase.and_then(template_of),
            }]
        }
        Operation::AddTask(_) => {
            let task = change.request.body.as_ref().and_then(|body| body.get("task"));
            let status = task.and_then(|task| task["status"].as_str());
            let phase = task.and_then(|task| phase_of(execution, task));
            of_task(status, None, phase)
        }
        Operation::PatchTask(..)
        | Operation::RunAutomation(..)
        | Operation::ExecuteTask(..)
        | Operation::ReconcileAutomation(..)
        | Operation::RunScheduleNow(..)
        | Operation::CancelSchedule(..) => {
            let task = operation.find(execution);
            let phase = task.and_then(|task| phase_of(execution, task));
            of_task(status, task.and_then(template_of), phase)
        }
    };
    if goes_on(change) {
        occurrences.extend(GOING_ON.map(Occurrence::anywhere));
    }
    occurrences
}

/// The events of a task that is written or added, with its new status if any.
fn of_task<'a>(
    status: Option<&str>,
    task: Option<&'a str>,
    phase: Option<&'a str>,
) -> Vec<Occurrence<'a>> {
    use SyncTrigger as On;
    let moves: &[On] = match status {
        Some("COMPLETED") => &[On::TaskCompleted],
        Some("SKIPPED") => &[On::TaskSkipped],
        Some("ON_HOLD") => &[On::TaskMarkedOnHold],
        // Its phase begins, too.
        Some("IN_PROGRESS") => &[
            On::TaskMarkedInProgress,
            On::PhaseMarkedInProgress,
            On::PhaseUpdated,
        ],
        Some(_) | None => &[],
    };
    let events = std::iter::once(&On::TaskUpdated).chain(moves);
    events
        .map(|&event| Occurrence { event, task, phase })
        .collect()
}

/// Whether the status of other tasks in its flow may change because of it.
pub(super) fn goes_on(change: &Change) -> bool {
    change.effects.iter().any(|effect| match effect {
        Effect::AutomationFires | Effect::FlowAdvances | Effect::LaterTasksReset => true,
        Effect::AutomationsMayFire
        | Effect::EntityWrite(_)
        | Effect::EntityWritesUnknown
        | Effect::Notice(_)
        | Effect::NoticesUnknown => false,
    })
}

fn template_of(part: &Value) -> Option<&str> {
    part["template_id"].as_str()
}

/// The template of a task's phase.
fn phase_of<'a>(execution: &'a Value, task: &Value) -> Option<&'a str> {
    let phases = parts(execution, Level::Phase);
    let phase = phases
        .into_iter()
        .find(|phase| phase["id"] == task["phase_id"])?;
    template_of(phase)
}
