//! The bodies of v2's requests. An absent field is left as it is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    DueDate, ExecutionStatus, TaskStatus,
    v2::{
        Assignee, AutomationInfo, ClosingReason, Context, Description, DueDateConfig, Flow,
        TaskType,
    },
};

/// `searchFlowExecutions`: both fields are required.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchFlows {
    pub(crate) entity_id: String,
    pub(crate) entity_schema: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct FoundFlows {
    pub(crate) results: Vec<Flow>,
}

/// `startFlowExecution`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartFlow {
    pub(crate) flow_template_id: String,
    pub(crate) trigger: Option<StartTrigger>,
    pub(crate) contexts: Vec<Context>,
    #[serde(rename = "purposes")]
    pub(crate) _purposes: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartTrigger {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(rename = "automation_config")]
    pub(crate) _automation_config: Option<AutomationInfo>,
}

/// `addTask`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddTask {
    pub(crate) previous_task_id: String,
    pub(crate) next_task_id: String,
    pub(crate) task: NewTask,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTask {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) status: Option<TaskStatus>,
    pub(crate) due_date: Option<DueDate>,
    pub(crate) due_date_config: Option<DueDateConfig>,
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) automation_config: Option<AutomationInfo>,
    pub(crate) phase_id: Option<String>,
    pub(crate) task_type: Option<TaskType>,
}

/// `patchFlowExecution`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchFlow {
    pub(crate) status: Option<ExecutionStatus>,
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    pub(crate) closing_reason: Option<ClosingReason>,
    pub(crate) due_date: Option<DueDate>,
    pub(crate) due_date_config: Option<DueDateConfig>,
    pub(crate) contexts: Option<Vec<Context>>,
}

/// `patchPhase`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchPhase {
    pub(crate) name: Option<String>,
    pub(crate) due_date: Option<DueDate>,
    pub(crate) due_date_config: Option<DueDateConfig>,
    pub(crate) assigned_to: Option<Vec<Assignee>>,
}

/// `patchTask`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchTask {
    pub(crate) name: Option<String>,
    pub(crate) status: Option<TaskStatus>,
    pub(crate) due_date: Option<DueDate>,
    pub(crate) due_date_config: Option<DueDateConfig>,
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) automation_config: Option<AutomationInfo>,
    pub(crate) description: Option<Description>,
    pub(crate) ecp: Option<Map<String, Value>>,
    pub(crate) installer: Option<Map<String, Value>>,
    pub(crate) partner: Option<Map<String, Value>>,
    pub(crate) next_condition_id: Option<String>,
    pub(crate) revert_execution: Option<bool>,
    /// Says how the task was completed; the sandbox has no journeys, so it only has to be a boolean.
    #[serde(rename = "completed_via_journey")]
    pub(crate) _completed_via_journey: Option<bool>,
}
