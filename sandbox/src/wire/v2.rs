//! The types of v2, "flow executions": `snake_case`, phases and tasks.
//!
//! Stored objects deny unknown fields too, so that an edit of a test can't put a field there that the
//! API does not have.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{DueDate, ExecutionStatus, PartStatus, TaskStatus, sync::EntitySync};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the API's names")]
pub(crate) struct Flow {
    pub(crate) id: String,
    pub(crate) flow_template_id: String,
    pub(crate) org_id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<DueDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    pub(crate) status: ExecutionStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    pub(crate) analytics: FlowAnalytics,
    pub(crate) contexts: Vec<Context>,
    pub(crate) crt_tasks: Vec<CurrentTask>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) edges: Vec<Edge>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closing_reason: Option<ClosingReason>,
    pub(crate) available_in_ecp: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entity_sync: Vec<EntitySync>,
    pub(crate) taxonomies: Vec<String>,
    pub(crate) trigger: Trigger,
    /// The one camelCase field of v2.
    #[serde(rename = "singleClosingReasonSelection")]
    pub(crate) single_closing_reason_selection: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlowAnalytics {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed_by: Option<String>,
}

/// An entity that a flow belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) is_primary: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurrentTask {
    pub(crate) id: String,
    pub(crate) crt_since: String,
}

/// A user id, or a variable whose resolved users ride along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "an assignee is a user id as text, or an object with a variable and perhaps its value, a list of user ids"
)]
pub(crate) enum Assignee {
    User(String),
    Variable(Variable),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    pub(crate) variable: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phase {
    pub(crate) id: String,
    pub(crate) template_id: String,
    pub(crate) name: String,
    pub(crate) status: PartStatus,
    pub(crate) updated_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<DueDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    pub(crate) analytics: Analytics,
    pub(crate) taxonomies: Vec<String>,
}

/// A task of any type; the fields of the other types are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the API's names")]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) template_id: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Description>,
    pub(crate) status: TaskStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<DueDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requirements: Vec<Requirement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    pub(crate) analytics: Analytics,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) manually_created: bool,
    pub(crate) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ecp: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) installer: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partner: Option<Map<String, Value>>,
    pub(crate) phase_id: String,
    pub(crate) task_type: TaskType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) automation_config: Option<AutomationInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) automation_execution_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trigger_mode: Option<TriggerMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<Schedule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<Condition>,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// What must be finished before a task is enabled. The ids are `template_id`s, unlike those of edges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requirement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
    pub(crate) when: RequirementWhen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RequirementWhen {
    TaskFinished,
    PhaseFinished,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Analytics {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) in_progress_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status_updated_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) in_progress_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on_hold_by: Option<String>,
}

/// An edge between tasks; the ids are `id`s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edge {
    pub(crate) id: String,
    pub(crate) from_id: String,
    pub(crate) to_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) none_met: Option<bool>,
}

/// A branch of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) id: String,
    pub(crate) branch_name: String,
    pub(crate) logical_operator: String,
    pub(crate) statements: Vec<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationInfo {
    pub(crate) flow_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_context: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) heal_attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_heal_attempted_at: Option<String>,
}

/// When an automation or a decision starts; `schedule_id` and `scheduled_at` (UTC) come with the
/// status `SCHEDULED`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Schedule {
    Immediate,
    Delayed {
        duration: i64,
        unit: Unit,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled_at: Option<String>,
    },
    Relative {
        direction: Direction,
        duration: i64,
        unit: Unit,
        reference: Reference,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled_at: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Before,
    After,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reference {
    pub(crate) id: String,
    pub(crate) origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attribute: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DueDateConfig {
    pub(crate) duration: i64,
    pub(crate) unit: Unit,
    #[serde(rename = "type")]
    pub(crate) kind: DueDateKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
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

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClosingReason {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) selected_reasons: Option<Vec<Reason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) configured_reasons: Option<Vec<Reason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra_description: Option<String>,
}

/// A closing reason of either generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) id: String,
    pub(crate) title: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trigger {
    #[serde(rename = "type")]
    pub(crate) kind: String,
}
