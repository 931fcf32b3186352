//! The enumerations of the API: the texts that a field may hold.

use crate::api::SyncTrigger;

/// An enumeration: its name in the API's documentation, or that of the field, and its words.
#[derive(Debug)]
pub struct Words {
    pub name: &'static str,
    pub words: &'static [&'static str],
}

/// The values of a field that a source can return, if not all.
#[derive(Debug)]
pub struct SourceLimits {
    /// The name of the type and of its field.
    pub field: (&'static str, &'static str),
    pub words: &'static [&'static str],
    /// Why, and what to do for the other values.
    pub why: &'static str,
}

/// `searchFlowExecutions` finds running flows only.
pub static RUNNING_FLOWS: SourceLimits = SourceLimits {
    field: ("FlowExecution", "status"),
    words: &["STARTED"],
    why: "the source `flows` finds running flows only: select flows that have ended by their id, with `ids` or `rows`",
};

macro_rules! enumerations {
    ($($constant:ident $name:literal $words:expr;)*) => {
        $(pub(super) static $constant: Words = Words { name: $name, words: &$words };)*

        /// All of them, for the documentation.
        pub static ENUMERATIONS: &[&Words] = &[$(&$constant),*];
    };
}

enumerations! {
    EXECUTION_STATUS "WorkflowStatus" ["STARTED", "DONE", "CLOSED"];
    PHASE_STATUS "SectionStatus" ["OPEN", "IN_PROGRESS", "COMPLETED"];
    TASK_STATUS "StepStatus" [
        "UNASSIGNED", "ASSIGNED", "COMPLETED", "SKIPPED", "IN_PROGRESS", "SCHEDULED", "PENDING",
        "CONDITION_PENDING", "WAITING_FOR_CONFIRMATION", "ON_HOLD", "FAILED",
    ];
    TASK_TYPE "TaskType" ["MANUAL", "AUTOMATION", "DECISION", "AI_AGENT"];
    STEP_TYPE "StepType" ["MANUAL", "AUTOMATION"];
    ITEM_TYPE "ItemType" ["STEP", "SECTION"];
    TRIGGER_TYPE "TriggerType" ["MANUAL", "AUTOMATIC"];
    TRIGGER_MODE "TriggerMode" ["manual", "automatic"];
    TIME_UNIT "TimeUnit" ["minutes", "hours", "days", "weeks", "months", "years"];
    TIME_PERIOD "DynamicDueDate.timePeriod" ["minutes", "hours", "days", "weeks", "months"];
    DUE_DATE_TYPE "DueDateConfig.type" [
        "WORKFLOW_STARTED", "TASK_FINISHED", "PHASE_FINISHED", "A_PRECEDING_TASK_COMPLETED",
        "ALL_PRECEDING_TASKS_COMPLETED",
    ];
    DUE_DATE_CONDITION "DynamicDueDate.actionTypeCondition" ["WORKFLOW_STARTED", "STEP_CLOSED", "PHASE_FINISHED"];
    REQUIREMENT_WHEN "EnableRequirement.when" ["TASK_FINISHED", "PHASE_FINISHED"];
    REQUIREMENT_CONDITION "StepRequirement.condition" ["CLOSED"];
    SCHEDULE_MODE "ActionSchedule.mode" ["immediate", "delayed", "relative"];
    SCHEDULE_DIRECTION "RelativeSchedule.direction" ["before", "after"];
    SCHEDULE_ORIGIN "RelativeSchedule.reference.origin" [
        "flow_started", "task_completed", "trigger_entity_attribute", "all_preceding_tasks_completed",
    ];
    INPUT_SOURCE "AutomationInputContext.source" ["trigger", "task"];
    LOGICAL_OPERATOR "Condition.logical_operator" ["AND", "OR"];
    OPERATOR "Operator" [
        "equals", "not_equals", "any_of", "none_of", "contains", "not_contains", "starts_with", "ends_with",
        "greater_than", "less_than", "greater_than_or_equals", "less_than_or_equals", "is_empty", "is_not_empty",
    ];
    VALUE_TYPE "Statement.value_type" ["static", "relative_date"];
    SOURCE_ORIGIN "EvaluationSource.origin" ["trigger", "action"];
    SOURCE_ORIGIN_TYPE "EvaluationSource.origin_type" ["entity", "workflow", "journey_block"];
    ATTRIBUTE_TYPE "EvaluationSource.attribute_type" [
        "string", "text", "number", "boolean", "date", "datetime", "tags", "country", "email", "phone", "product",
        "price", "status", "relation", "multiselect", "select", "radio", "relation_user", "purpose", "label",
        "message_email_address",
    ];
    ATTRIBUTE_OPERATION "EvaluationSource.attribute_operation" ["all", "updated", "added", "deleted"];
    ATTRIBUTES_MATCH "EvaluationSource.attributes_match" ["any", "all"];
    OFFSET_UNIT "EvaluationSource.date_offset.unit" ["days", "months", "years"];
    ATTRIBUTE_SOURCE "UpdateEntityAttributes.source" *SyncTrigger::OF_V1;
    SYNC_EVENT "EntitySync.trigger.event" *SyncTrigger::EVENTS;
    SYNC_SOURCE "EntitySync.value.source" [
        "workflow_name", "workflow_status", "workflow_assigned_to", "task_name", "task_status", "task_assigned_to",
        "phase_name", "phase_status", "phase_assigned_to", "custom_value",
    ];
}
