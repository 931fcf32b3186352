//! The types of v1, "workflow executions": camelCase, sections and steps.

use serde::{Deserialize, Serialize};

use super::{
    DueDate, ExecutionStatus, PartStatus, TaskStatus, sync::UpdateEntityAttribute, v2::Reason,
};

/// A whole execution. The list's rows are the same with [`Part`]s that lack most fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Execution {
    pub(crate) id: String,
    pub(crate) definition_id: String,
    pub(crate) org_id: String,
    pub(crate) name: String,
    pub(crate) creation_time: String,
    pub(crate) last_update_time: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<DueDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    pub(crate) status: ExecutionStatus,
    pub(crate) trigger: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_modified_by: Option<String>,
    pub(crate) contexts: Vec<Context>,
    /// The reasons to choose from, as they were when the execution started. Older executions lack
    /// it; `GET …/closing-reasons` knows them all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) configured_closing_reason_snapshot: Option<Vec<Reason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) selected_closing_reasons: Option<Vec<Reason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closing_reason_description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) single_closing_reason_selection: Option<bool>,
    /// The rows of the list lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) update_entity_attributes: Option<Vec<UpdateEntityAttribute>>,
    pub(crate) flow: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    pub(crate) id: String,
    /// Optional in requests: the vendor's own examples leave it out.
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) schema: String,
}

/// A section with its steps, or a bare step. One type for both, as the API's `type` field says which.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) id: String,
    pub(crate) definition_id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: PartKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<AnyStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_type: Option<String>,
    /// Deprecated, the same users as numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_ids: Option<Vec<u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<DueDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_updated: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to_in_progress: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to_on_hold: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_ref_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Description>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) automation_config: Option<StepAutomation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) manually_created: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) section_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) steps: Option<Vec<Part>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    pub(crate) enabled: bool,
    pub(crate) value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StepAutomation {
    pub(crate) flow_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_status: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum PartKind {
    Section,
    #[default]
    Step,
}

/// A section's or a step's status. `IN_PROGRESS` and `COMPLETED` are words of both, so a section's is
/// tried first; both spell them alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum AnyStatus {
    Section(PartStatus),
    Step(TaskStatus),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DynamicDueDate {
    pub(crate) number_of_units: i64,
    pub(crate) time_period: Period,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action_type_condition: Option<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Period {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Condition {
    WorkflowStarted,
    StepClosed,
    PhaseFinished,
}

#[derive(Debug, Serialize)]
pub(crate) struct ClosingReasons {
    pub(crate) reasons: Vec<Reason>,
}

/// `createExecution`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateExecution {
    pub(crate) workflow_id: String,
    pub(crate) trigger: Option<String>,
    pub(crate) assigned_to: Option<Vec<String>>,
    pub(crate) contexts: Option<Vec<Context>>,
    #[serde(rename = "purposes")]
    pub(crate) _purposes: Option<Vec<String>>,
}

/// `createStep`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateStep {
    pub(crate) insertion_index: u64,
    pub(crate) name: String,
    pub(crate) description: Option<Description>,
    pub(crate) status: Option<TaskStatus>,
    pub(crate) section_id: Option<String>,
    pub(crate) execution_type: Option<String>,
    pub(crate) automation_config: Option<StepAutomation>,
}

/// `updateStep`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateStep {
    #[serde(rename = "stepId")]
    pub(crate) _step_id: Option<String>,
    pub(crate) entity_ref_id: Option<String>,
    pub(crate) user_ids: Option<Vec<u64>>,
    pub(crate) assigned_to: Option<Vec<String>>,
    pub(crate) assigned_to_in_progress: Option<String>,
    pub(crate) assigned_to_on_hold: Option<String>,
    pub(crate) status: Option<TaskStatus>,
    pub(crate) due_date: Option<DueDate>,
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<Description>,
    pub(crate) position: Option<Position>,
    pub(crate) automation_config: Option<StepAutomation>,
    pub(crate) started_time: Option<String>,
    pub(crate) completed_time: Option<String>,
}

/// Where a step goes: into a section, or beside them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Position {
    pub(crate) index: u64,
    pub(crate) section_id: Option<String>,
}

/// The deprecated search for executions.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SearchExecutions {
    pub(crate) name: Option<String>,
    pub(crate) status: Option<ExecutionStatus>,
    pub(crate) include_done_workflows: Option<bool>,
    pub(crate) assigned_to: Option<String>,
    pub(crate) sorting: Option<Sorting>,
    pub(crate) pagination: Option<LastKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Sorting {
    #[serde(rename = "A_Z")]
    AZ,
    #[serde(rename = "Z_A")]
    ZA,
    DueDateAsc,
    DueDateDesc,
    TriggerDateAsc,
    TriggerDateDesc,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LastKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) org_id: Option<String>,
    pub(crate) creation_time: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundExecutions {
    pub(crate) executions: Vec<Execution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_evaluated_key: Option<LastKey>,
}

/// `updateExecution`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateExecution {
    pub(crate) status: Option<ExecutionStatus>,
    pub(crate) assigned_to: Option<Vec<String>>,
    pub(crate) selected_closing_reasons: Option<Vec<Reason>>,
    pub(crate) closing_reason_description: Option<String>,
    pub(crate) due_date: Option<DueDate>,
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    pub(crate) closed_by: Option<String>,
    pub(crate) contexts: Option<Vec<Context>>,
    pub(crate) completed_time: Option<String>,
}

impl Execution {
    /// The row of the list: steps are not loaded with all information.
    pub(crate) fn slim(mut self) -> Self {
        self.update_entity_attributes = None;
        self.flow = self.flow.into_iter().map(Part::slim).collect();
        self
    }
}

impl Part {
    /// Whether the step or the section is over.
    pub(crate) fn is_over(&self) -> bool {
        match self.status {
            Some(AnyStatus::Step(status)) => status.is_over(),
            Some(AnyStatus::Section(status)) => status == PartStatus::Completed,
            None => false,
        }
    }

    fn slim(self) -> Self {
        Self {
            id: self.id,
            definition_id: self.definition_id,
            name: self.name,
            enabled: self.enabled,
            execution_type: self.execution_type,
            steps: self
                .steps
                .map(|steps| steps.into_iter().map(Self::slim).collect()),
            kind: self.kind,
            ..Self::default()
        }
    }
}
