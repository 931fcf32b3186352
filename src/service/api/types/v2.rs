//! v2, "flow executions": `snake_case`, phases and tasks.
//!
//! One file because it is one table.

use super::{
    model::{
        FieldType, RecordType,
        Shape::{Any, Bool, Date, List, Number, Record as Nested, Text, Word},
        field, parent,
    },
    words,
};
use crate::api::Generation;

/// `FlowExecution`.
pub(super) static EXECUTION: RecordType = of(
    "FlowExecution",
    &[
        field("id", Text),
        field("flow_template_id", Text),
        field("org_id", Text),
        field("name", Text),
        field("created_at", Date),
        field("updated_at", Date),
        field("due_date", Date),
        field("due_date_config", Nested(&DUE_DATE_CONFIG)),
        field("status", Word(&words::EXECUTION_STATUS)),
        field("assigned_to", ASSIGNEES),
        field("analytics", Nested(&FLOW_ANALYTICS)),
        field("contexts", List(&Nested(&CONTEXT))),
        field("crt_tasks", List(&Nested(&CURRENT_TASK))),
        field("phases", List(&Nested(&PHASE))),
        field("tasks", List(&Nested(&TASK))),
        field("edges", List(&Nested(&EDGE))),
        field("_execution_chain", Nested(&EXECUTION_CHAIN)),
        field("closing_reason", Nested(&FLOW_CLOSING_REASON)),
        field("available_in_ecp", Bool),
        field("entity_sync", List(&Nested(&ENTITY_SYNC))),
        field("taxonomies", List(&Text)),
        field("trigger", Nested(&FLOW_TRIGGER)),
        field("singleClosingReasonSelection", Bool),
    ],
);

pub(super) static PHASE: RecordType = of(
    "Phase",
    &[
        field("id", Text),
        field("template_id", Text),
        field("name", Text),
        field("status", Word(&words::PHASE_STATUS)),
        field("updated_at", Date),
        field("due_date", Date),
        field("due_date_config", Nested(&DUE_DATE_CONFIG)),
        field("assigned_to", ASSIGNEES),
        field("analytics", Nested(&ANALYTICS)),
        field("taxonomies", List(&Text)),
        field("loop_config", Nested(&LOOP_INFO)),
    ],
)
.within(&[parent("execution", &EXECUTION)]);

/// `Task`: the union of manual, automation, decision and AI agent tasks, with the fields of all.
pub(super) static TASK: RecordType = of(
    "Task",
    &[
        field("id", Text),
        field("template_id", Text),
        field("name", Text),
        field("description", Nested(&DESCRIPTION)),
        field("status", Word(&words::TASK_STATUS)),
        field("journey", Nested(&JOURNEY)),
        field("due_date", Date),
        field("due_date_config", Nested(&DUE_DATE_CONFIG)),
        field("requirements", List(&Nested(&ENABLE_REQUIREMENT))),
        field("assigned_to", ASSIGNEES),
        field("analytics", Nested(&ANALYTICS)),
        field("created_at", Date),
        field("updated_at", Date),
        field("manually_created", Bool),
        field("enabled", Bool),
        field("ecp", Nested(&ECP_DETAILS)),
        field("installer", Nested(&ECP_DETAILS)),
        field("partner", Nested(&PARTNER_DETAILS)),
        field("taxonomies", List(&Text)),
        field("phase_id", Text),
        field("task_type", Word(&words::TASK_TYPE)),
        // Manual, decision (with branches that lead to it and away) and AI agent tasks.
        field("loop_config", Nested(&LOOP_CONFIG)),
        // Automation tasks.
        field("automation_config", Nested(&AUTOMATION_INFO)),
        field("automation_execution_id", Text),
        // Automation and decision tasks.
        field("trigger_mode", Word(&words::TRIGGER_MODE)),
        field("schedule", Nested(&SCHEDULE)),
        // Decision tasks.
        field("conditions", List(&Nested(&CONDITION))),
        field("allow_parallel_execution", Bool),
        // AI agent tasks.
        field("agent_config", Nested(&AGENT_CONFIG)),
        field("agent_execution", Nested(&AGENT_EXECUTION)),
        field("agent_execution_id", Text),
    ],
)
.within(&[parent("phase", &PHASE), parent("execution", &EXECUTION)]);

/// Ids of users, or variables (`{variable, value}`) that the service resolves.
const ASSIGNEES: crate::api::types::Shape = List(&Any);

static DUE_DATE_CONFIG: RecordType = of(
    "DueDateConfig",
    &[
        field("duration", Number),
        field("unit", Word(&words::TIME_UNIT)),
        field("type", Word(&words::DUE_DATE_TYPE)),
        field("task_id", Text),
        field("phase_id", Text),
    ],
);

static FLOW_ANALYTICS: RecordType = of(
    "FlowExecution.analytics",
    &[
        field("started_at", Date),
        field("completed_at", Date),
        field("closed_at", Date),
        field("started_by", Text),
        field("closed_by", Text),
    ],
);

static CONTEXT: RecordType = of(
    "FlowContext",
    &[
        field("entity_id", Text),
        field("entity_schema", Text),
        field("is_primary", Bool),
    ],
);

static CURRENT_TASK: RecordType = of(
    "FlowExecution.crt_tasks",
    &[field("id", Text), field("crt_since", Date)],
);

static EDGE: RecordType = of(
    "Edge",
    &[
        field("id", Text),
        field("from_id", Text),
        field("to_id", Text),
        field("condition_id", Text),
        field("none_met", Bool),
    ],
);

static EXECUTION_CHAIN: RecordType = of(
    "FlowExecution._execution_chain",
    &[
        field("parent_execution_id", Text),
        field("parent_task_id", Text),
        field("depth", Number),
    ],
);

static FLOW_CLOSING_REASON: RecordType = of(
    "FlowExecution.closing_reason",
    &[
        field("selected_reasons", List(&Nested(&CLOSING_REASON))),
        field("configured_reasons", List(&Nested(&CLOSING_REASON))),
        field("extra_description", Text),
    ],
);

static CLOSING_REASON: RecordType = of("ClosingReason", &[field("id", Text), field("title", Text)]);

static ENTITY_SYNC: RecordType = of(
    "EntitySync",
    &[
        field("trigger", Nested(&SYNC_TRIGGER)),
        field("value", Nested(&SYNC_VALUE)),
        field("target", Nested(&SYNC_TARGET)),
    ],
);

static SYNC_TRIGGER: RecordType = of(
    "EntitySync.trigger",
    &[
        field("event", Word(&words::SYNC_EVENT)),
        field("filter", Nested(&SYNC_FILTER)),
    ],
);

static SYNC_FILTER: RecordType = of(
    "EntitySync.trigger.filter",
    &[
        field("task_template_id", Any),
        field("phase_template_id", Any),
    ],
);

static SYNC_VALUE: RecordType = of(
    "EntitySync.value",
    &[
        field("source", Word(&words::SYNC_SOURCE)),
        field("value", Text),
    ],
);

static SYNC_TARGET: RecordType = of(
    "EntitySync.target",
    &[field("entitySchema", Text), field("entityAttribute", Text)],
);

static FLOW_TRIGGER: RecordType = of(
    "FlowTrigger",
    &[
        field("type", Word(&words::TRIGGER_TYPE)),
        field("automation_config", Nested(&AUTOMATION_INFO)),
    ],
);

static DESCRIPTION: RecordType = of(
    "StepDescription",
    &[field("enabled", Bool), field("value", Text)],
);

static JOURNEY: RecordType = of(
    "StepJourney",
    &[
        field("id", Text),
        field("journeyId", Text),
        field("name", Text),
        field("complete_task_automatically", Bool),
    ],
);

static ENABLE_REQUIREMENT: RecordType = of(
    "EnableRequirement",
    &[
        field("task_id", Text),
        field("phase_id", Text),
        field("when", Word(&words::REQUIREMENT_WHEN)),
    ],
);

static ANALYTICS: RecordType = of(
    "AnalyticsInfo",
    &[
        field("started_at", Date),
        field("in_progress_at", Date),
        field("completed_at", Date),
        field("status_updated_at", Date),
        field("in_progress_by", Text),
        field("completed_by", Text),
        field("skipped_by", Text),
        field("on_hold_by", Text),
    ],
);

static ECP_DETAILS: RecordType = of(
    "ECPDetails",
    &[
        field("enabled", Bool),
        field("label", Text),
        field("description", Text),
        field("journey", Nested(&JOURNEY)),
    ],
);

static PARTNER_DETAILS: RecordType = of(
    "PartnerDetails",
    &[
        field("enabled", Bool),
        field("label", Text),
        field("description", Text),
    ],
);

static LOOP_INFO: RecordType = of(
    "LoopInfo",
    &[
        field("max_iterations", Number),
        field("crt_iterations", Number),
    ],
);

static LOOP_CONFIG: RecordType = of(
    "LoopConfig",
    &[
        field("loop_branch_id", Text),
        field("exit_branch_id", Text),
        field("max_iterations", Number),
        field("crt_iterations", Number),
    ],
);

static AUTOMATION_INFO: RecordType = of(
    "AutomationInfo",
    &[
        field("flow_id", Text),
        field("execution_id", Text),
        field("execution_status", Text),
        field("error_reason", Text),
        field("input_context", Nested(&INPUT_CONTEXT)),
        field("heal_attempts", Number),
        field("last_heal_attempted_at", Date),
    ],
);

static INPUT_CONTEXT: RecordType = of(
    "AutomationInputContext",
    &[
        field("source", Word(&words::INPUT_SOURCE)),
        field("task_id", Text),
    ],
);

/// `ActionSchedule`: immediate, delayed or relative, with the fields of all.
static SCHEDULE: RecordType = of(
    "ActionSchedule",
    &[
        field("mode", Word(&words::SCHEDULE_MODE)),
        field("direction", Word(&words::SCHEDULE_DIRECTION)),
        field("duration", Number),
        field("unit", Word(&words::TIME_UNIT)),
        field("reference", Nested(&SCHEDULE_REFERENCE)),
        field("schedule_id", Text),
        field("scheduled_at", Date),
    ],
);

static SCHEDULE_REFERENCE: RecordType = of(
    "RelativeSchedule.reference",
    &[
        field("id", Text),
        field("origin", Word(&words::SCHEDULE_ORIGIN)),
        field("schema", Text),
        field("attribute", Text),
    ],
);

static CONDITION: RecordType = of(
    "Condition",
    &[
        field("id", Text),
        field("branch_name", Text),
        field("logical_operator", Word(&words::LOGICAL_OPERATOR)),
        field("statements", List(&Nested(&STATEMENT))),
        field("evaluated_at", Date),
        field("is_met", Bool),
    ],
);

static STATEMENT: RecordType = of(
    "Statement",
    &[
        field("id", Text),
        field("source", Nested(&EVALUATION_SOURCE)),
        field("operator", Word(&words::OPERATOR)),
        field("values", List(&Text)),
        field("value_type", Word(&words::VALUE_TYPE)),
    ],
);

static EVALUATION_SOURCE: RecordType = of(
    "EvaluationSource",
    &[
        field("id", Text),
        field("origin", Word(&words::SOURCE_ORIGIN)),
        field("origin_type", Word(&words::SOURCE_ORIGIN_TYPE)),
        field("schema", Text),
        field("attribute", Text),
        field("attribute_type", Word(&words::ATTRIBUTE_TYPE)),
        field("attribute_repeatable", Bool),
        field("attribute_operation", Word(&words::ATTRIBUTE_OPERATION)),
        field("attributes", List(&Text)),
        field("attributes_match", Word(&words::ATTRIBUTES_MATCH)),
        field("attribute_sub_field", Text),
        field("date_offset", Nested(&DATE_OFFSET)),
    ],
);

static DATE_OFFSET: RecordType = of(
    "EvaluationSource.date_offset",
    &[
        field("amount", Number),
        field("unit", Word(&words::OFFSET_UNIT)),
    ],
);

static AGENT_CONFIG: RecordType = of(
    "AgentConfig",
    &[field("agent_id", Text), field("parameters", Any)],
);

static AGENT_EXECUTION: RecordType = of(
    "AgentExecutionInfo",
    &[
        field("execution_id", Text),
        field("execution_status", Text),
        field("error_reason", Text),
        field("outcome", Text),
    ],
);

/// As v1's.
pub(super) static ENTITY: RecordType = of(
    "Entity",
    &[
        field("id", Text),
        field("schema", Text),
        field("title", Text),
    ],
);

const fn of(name: &'static str, fields: &'static [FieldType]) -> RecordType {
    RecordType {
        name,
        generation: Generation::V2,
        fields,
        parents: &[],
    }
}
