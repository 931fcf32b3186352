//! The types of v2, "flow executions": `snake_case`, phases and tasks.
//!
//! Stored objects deny unknown fields too, so that an edit of a test can't put a field there that the
//! API does not have.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{DueDate, ExecutionStatus, PartStatus, TaskStatus, objects::objects, sync::EntitySync};

objects! {
    "snake_case";

    #[expect(clippy::struct_field_names, reason = "the API's names")]
    struct Flow {
        id: String,
        flow_template_id: String,
        org_id: String,
        name: String,
        created_at: String,
        updated_at: String,
        due_date?: DueDate,
        due_date_config?: DueDateConfig,
        status: ExecutionStatus,
        assigned_to?: Vec<Assignee>,
        analytics: FlowAnalytics,
        contexts: Vec<FlowContext>,
        crt_tasks: Vec<CurrentTask>,
        phases: Vec<FlowPhase>,
        tasks: Vec<Task>,
        edges: Vec<Edge>,
        closing_reason?: ClosingReason,
        available_in_ecp: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entity_sync: Vec<EntitySync>,
        taxonomies: Vec<String>,
        trigger: FlowTrigger,
        /// The one camelCase field of v2.
        #[serde(rename = "singleClosingReasonSelection")]
        single_closing_reason_selection: bool,
    }

    #[derive(Default)]
    struct FlowAnalytics {
        started_at?: String,
        completed_at?: String,
        closed_at?: String,
        started_by?: String,
        closed_by?: String,
    }

    /// An entity that a flow belongs to.
    struct FlowContext {
        entity_id?: String,
        entity_schema?: String,
        is_primary?: bool,
    }

    struct CurrentTask {
        id: String,
        crt_since: String,
    }

    struct Variable {
        variable: String,
        value?: Vec<String>,
    }

    struct FlowPhase {
        id: String,
        template_id: String,
        name: String,
        status: PartStatus,
        updated_at: String,
        due_date?: DueDate,
        due_date_config?: DueDateConfig,
        assigned_to?: Vec<Assignee>,
        analytics: Analytics,
        taxonomies: Vec<String>,
    }

    /// A task of any type; the fields of the other types are absent.
    #[derive(Default)]
    #[expect(clippy::struct_field_names, reason = "the API's names")]
    struct Task {
        id: String,
        template_id: String,
        name: String,
        description?: TaskDescription,
        status: TaskStatus,
        due_date?: DueDate,
        due_date_config?: DueDateConfig,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        requirements: Vec<Requirement>,
        assigned_to?: Vec<Assignee>,
        analytics: Analytics,
        created_at: String,
        updated_at: String,
        manually_created: bool,
        enabled: bool,
        ecp?: Map<String, Value>,
        installer?: Map<String, Value>,
        partner?: Map<String, Value>,
        phase_id: String,
        task_type: TaskType,
        automation_config?: AutomationInfo,
        automation_execution_id?: String,
        trigger_mode?: TriggerMode,
        schedule?: Schedule,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<DecisionCondition>,
    }

    struct TaskDescription {
        enabled?: bool,
        value?: String,
    }

    /// What must be finished before a task is enabled. The ids are `template_id`s, unlike those of edges.
    struct Requirement {
        task_id?: String,
        phase_id?: String,
        when: RequirementWhen,
    }

    #[derive(Default)]
    struct Analytics {
        started_at?: String,
        in_progress_at?: String,
        completed_at?: String,
        status_updated_at?: String,
        in_progress_by?: String,
        completed_by?: String,
        skipped_by?: String,
        on_hold_by?: String,
    }

    /// An edge between tasks; the ids are `id`s.
    struct Edge {
        id: String,
        from_id: String,
        to_id: String,
        condition_id?: String,
        none_met?: bool,
    }

    /// A branch of a decision.
    struct DecisionCondition {
        id: String,
        branch_name: String,
        logical_operator: String,
        statements: Vec<Value>,
    }

    #[derive(Default)]
    struct AutomationInfo {
        flow_id: String,
        execution_id?: String,
        execution_status?: String,
        error_reason?: String,
        input_context?: Map<String, Value>,
        heal_attempts?: u32,
        last_heal_attempted_at?: String,
    }

    struct ScheduleReference {
        id: String,
        origin: String,
        schema?: String,
        attribute?: String,
    }

    struct DueDateConfig {
        duration: i64,
        unit: TimeUnit,
        #[serde(rename = "type")]
        kind: DueDateKind,
        task_id?: String,
        phase_id?: String,
    }

    #[derive(Default)]
    struct ClosingReason {
        selected_reasons?: Vec<Reason>,
        configured_reasons?: Vec<Reason>,
        extra_description?: String,
    }

    /// A closing reason of either generation.
    struct Reason {
        id: String,
        title: String,
    }

    struct FlowTrigger {
        #[serde(rename = "type")]
        kind: String,
    }
}

/// A user id, or a variable whose resolved users ride along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "an assignee is a user id as text, or an object with a variable and perhaps its value, a list of user ids"
)]
pub(crate) enum Assignee {
    User(String),
    Variable(Variable),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TaskType {
    #[default]
    Manual,
    Automation,
    Decision,
    AiAgent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TriggerMode {
    Manual,
    Automatic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RequirementWhen {
    TaskFinished,
    PhaseFinished,
}

/// When an automation or a decision starts; `schedule_id` and `scheduled_at` (UTC) come with the
/// status `SCHEDULED`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Schedule {
    Immediate,
    Delayed {
        duration: i64,
        unit: TimeUnit,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled_at: Option<String>,
    },
    Relative {
        direction: ScheduleDirection,
        duration: i64,
        unit: TimeUnit,
        reference: ScheduleReference,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled_at: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScheduleDirection {
    Before,
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TimeUnit {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum DueDateKind {
    WorkflowStarted,
    TaskFinished,
    PhaseFinished,
    APrecedingTaskCompleted,
    AllPrecedingTasksCompleted,
}
