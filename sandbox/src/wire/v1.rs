//! The types of v1, "workflow executions": camelCase, sections and steps.

use serde::{Deserialize, Serialize};

use super::{
    DueDate, ExecutionStatus, PartStatus, TaskStatus, objects::objects,
    sync::UpdateEntityAttribute, v2::Reason,
};

objects! {
    "camelCase";

    /// A whole execution. The list's rows are the same with [`SectionOrStep`]s that lack most fields.
    struct WorkflowExecution {
        id: String,
        definition_id: String,
        org_id: String,
        name: String,
        creation_time: String,
        last_update_time: String,
        due_date?: DueDate,
        completed_time?: String,
        dynamic_due_date?: DynamicDueDate,
        status: ExecutionStatus,
        trigger: String,
        assigned_to?: Vec<String>,
        last_modified_by?: String,
        contexts: Vec<WorkflowContext>,
        /// The reasons to choose from, as they were when the execution started. Older executions lack
        /// it; `GET …/closing-reasons` knows them all the same.
        configured_closing_reason_snapshot?: Vec<Reason>,
        selected_closing_reasons?: Vec<Reason>,
        closing_reason_description?: String,
        single_closing_reason_selection?: bool,
        /// The rows of the list lack it.
        update_entity_attributes?: Vec<UpdateEntityAttribute>,
        flow: Vec<SectionOrStep>,
    }

    struct WorkflowContext {
        id: String,
        /// Optional in requests: the vendor's own examples leave it out.
        #[serde(default)]
        title: String,
        schema: String,
    }

    /// A section with its steps, or a bare step. One type for both, as the API's `type` field says which.
    #[derive(Default)]
    struct SectionOrStep {
        id: String,
        definition_id: String,
        name: String,
        #[serde(rename = "type")]
        kind: PartKind,
        status?: AnyStatus,
        enabled?: bool,
        execution_type?: String,
        /// Deprecated, the same users as numbers.
        user_ids?: Vec<u64>,
        assigned_to?: Vec<String>,
        due_date?: DueDate,
        created?: String,
        last_updated?: String,
        assigned_to_in_progress?: String,
        assigned_to_on_hold?: String,
        entity_ref_id?: String,
        dynamic_due_date?: DynamicDueDate,
        description?: StepDescription,
        automation_config?: StepAutomation,
        manually_created?: bool,
        section_id?: String,
        started_time?: String,
        completed_time?: String,
        steps?: Vec<SectionOrStep>,
    }

    struct StepDescription {
        enabled: bool,
        value: String,
    }

    struct StepAutomation {
        flow_id: String,
        execution_id?: String,
        execution_status?: String,
    }

    struct DynamicDueDate {
        number_of_units: i64,
        time_period: TimePeriod,
        action_type_condition?: ActionTypeCondition,
        step_id?: String,
        phase_id?: String,
    }

    struct ClosingReasons {
        reasons: Vec<Reason>,
    }

    /// `createExecution`.
    struct CreateExecution {
        workflow_id: String,
        trigger?: String,
        assigned_to?: Vec<String>,
        contexts?: Vec<WorkflowContext>,
        #[serde(rename = "purposes")]
        _purposes?: Vec<String>,
    }

    /// `createStep`.
    struct CreateStep {
        insertion_index: u64,
        name: String,
        description?: StepDescription,
        status?: TaskStatus,
        section_id?: String,
        execution_type?: String,
        automation_config?: StepAutomation,
    }

    /// `updateStep`.
    struct UpdateStep {
        #[serde(rename = "stepId")]
        _step_id?: String,
        entity_ref_id?: String,
        user_ids?: Vec<u64>,
        assigned_to?: Vec<String>,
        assigned_to_in_progress?: String,
        assigned_to_on_hold?: String,
        status?: TaskStatus,
        due_date?: DueDate,
        dynamic_due_date?: DynamicDueDate,
        name?: String,
        description?: StepDescription,
        position?: StepPosition,
        automation_config?: StepAutomation,
        started_time?: String,
        completed_time?: String,
    }

    /// Where a step goes: into a section, or beside them.
    struct StepPosition {
        index: u64,
        section_id?: String,
    }

    /// The deprecated search for executions.
    struct SearchExecutions {
        name?: String,
        status?: ExecutionStatus,
        include_done_workflows?: bool,
        assigned_to?: String,
        sorting?: Sorting,
        pagination?: LastKey,
    }

    struct LastKey {
        org_id?: String,
        creation_time: String,
    }

    struct FoundExecutions {
        executions: Vec<WorkflowExecution>,
        last_evaluated_key?: LastKey,
    }

    /// The deprecated search for steps.
    struct SearchSteps {
        execution_name?: String,
        step_name?: String,
        assigned_to?: u64,
        include_done_workflows?: bool,
        manually_created?: bool,
        status?: WantedSteps,
        sorting?: Sorting,
        pagination?: StepPages,
    }

    struct StepPages {
        from?: usize,
        size?: usize,
    }

    /// `updateExecution`.
    #[derive(Default)]
    struct UpdateExecution {
        status?: ExecutionStatus,
        assigned_to?: Vec<String>,
        selected_closing_reasons?: Vec<Reason>,
        closing_reason_description?: String,
        due_date?: DueDate,
        dynamic_due_date?: DynamicDueDate,
        closed_by?: String,
        contexts?: Vec<WorkflowContext>,
        completed_time?: String,
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TimePeriod {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ActionTypeCondition {
    WorkflowStarted,
    StepClosed,
    PhaseFinished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum WantedSteps {
    Open,
    Complete,
    NextOpenItemInWorkflow,
}

#[derive(Debug, Serialize)]
pub(crate) struct FoundSteps {
    /// On all pages.
    pub(crate) hits: usize,
    pub(crate) results: Vec<FoundStep>,
}

/// A step, with the execution that it is in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundStep {
    #[serde(flatten)]
    pub(crate) step: SectionOrStep,
    pub(crate) execution_id: String,
    pub(crate) execution_name: String,
    pub(crate) execution_status: ExecutionStatus,
    pub(crate) contexts: Vec<WorkflowContext>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl WorkflowExecution {
    /// The row of the list: steps are not loaded with all information.
    pub(crate) fn slim(mut self) -> Self {
        self.update_entity_attributes = None;
        self.flow = self.flow.into_iter().map(SectionOrStep::slim).collect();
        self
    }
}

impl SectionOrStep {
    /// The steps of a section, or the step itself.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Self> {
        let itself = (self.kind == PartKind::Step).then_some(self);
        self.steps.iter().flatten().chain(itself)
    }

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
