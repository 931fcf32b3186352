//! The bodies of v2's requests. An absent field is left as it is.

use serde_json::{Map, Value};

use super::{
    DueDate, ExecutionStatus, TaskStatus,
    objects::objects,
    v2::{
        Assignee, AutomationInfo, ClosingReason, DueDateConfig, Flow, FlowContext, TaskDescription,
        TaskType,
    },
};

objects! {
    "snake_case";

    /// `searchFlowExecutions`: both fields are required.
    struct SearchFlows {
        entity_id: String,
        entity_schema: String,
    }

    struct FoundFlows {
        results: Vec<Flow>,
    }

    /// `startFlowExecution`.
    struct StartFlow {
        flow_template_id: String,
        trigger?: StartTrigger,
        contexts: Vec<FlowContext>,
        #[serde(rename = "purposes")]
        _purposes?: Vec<String>,
    }

    struct StartTrigger {
        #[serde(rename = "type")]
        kind?: String,
        #[serde(rename = "automation_config")]
        _automation_config?: AutomationInfo,
    }

    /// `addTask`.
    struct AddTaskRequest {
        previous_task_id: String,
        next_task_id: String,
        task: NewTask,
    }

    struct NewTask {
        id?: String,
        name: String,
        status?: TaskStatus,
        due_date?: DueDate,
        due_date_config?: DueDateConfig,
        assigned_to?: Vec<Assignee>,
        enabled?: bool,
        automation_config?: AutomationInfo,
        phase_id?: String,
        task_type?: TaskType,
    }

    /// `patchFlowExecution`.
    #[derive(Default)]
    struct PatchFlow {
        status?: ExecutionStatus,
        assigned_to?: Vec<Assignee>,
        closing_reason?: ClosingReason,
        due_date?: DueDate,
        due_date_config?: DueDateConfig,
        contexts?: Vec<FlowContext>,
    }

    /// `patchPhase`.
    #[derive(Default)]
    struct PatchPhase {
        name?: String,
        due_date?: DueDate,
        due_date_config?: DueDateConfig,
        assigned_to?: Vec<Assignee>,
    }

    /// `patchTask`.
    #[derive(Default)]
    struct PatchTask {
        name?: String,
        status?: TaskStatus,
        due_date?: DueDate,
        due_date_config?: DueDateConfig,
        assigned_to?: Vec<Assignee>,
        enabled?: bool,
        automation_config?: AutomationInfo,
        description?: TaskDescription,
        ecp?: Map<String, Value>,
        installer?: Map<String, Value>,
        partner?: Map<String, Value>,
        next_condition_id?: String,
        revert_execution?: bool,
        /// Says how the task was completed; the sandbox has no journeys, so it only has to be a boolean.
        #[serde(rename = "completed_via_journey")]
        _completed_via_journey?: bool,
    }
}
