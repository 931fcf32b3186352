//! The bodies of v2's writing operations.

use super::{
    request::{
        FieldContent::{Assignee, Bool, Date, Id, List, Number, Object, Partial, Text, Word},
        RequestType, may, must, request,
    },
    request_v1::CLOSING_REASON,
    words,
};

/// `PatchFlowReq`.
pub(super) static PATCH_FLOW: RequestType = request(
    "PatchFlowReq",
    &[
        may("status", Word(&words::EXECUTION_STATUS)),
        may("assigned_to", List(&Assignee)),
        may("closing_reason", Partial(&CLOSING)),
        may("due_date", Date),
        may("due_date_config", Object(&DUE_DATE_CONFIG)),
        may("contexts", List(&Object(&CONTEXT))),
    ],
);

/// `PatchPhaseReq`.
pub(super) static PATCH_PHASE: RequestType = request(
    "PatchPhaseReq",
    &[
        may("name", Text),
        may("due_date", Date),
        may("due_date_config", Object(&DUE_DATE_CONFIG)),
        may("assigned_to", List(&Assignee)),
    ],
);

/// `PatchTaskReq`.
pub(super) static PATCH_TASK: RequestType = request(
    "PatchTaskReq",
    &[
        may("name", Text),
        may("status", Word(&words::TASK_STATUS)),
        may("due_date", Date),
        may("due_date_config", Object(&DUE_DATE_CONFIG)),
        may("assigned_to", List(&Assignee)),
        may("enabled", Bool),
        may("automation_config", Object(&AUTOMATION_CONFIG)),
        may("description", Object(&DESCRIPTION)),
        may("ecp", Object(&ECP_DETAILS)),
        may("installer", Object(&ECP_DETAILS)),
        may("partner", Object(&PARTNER_DETAILS)),
        may("next_condition_id", Id),
        may("revert_execution", Bool),
        may("completed_via_journey", Bool),
    ],
);

/// `AddTaskReq.task`.
pub(super) static NEW_TASK: RequestType = request(
    "AddTaskReq.task",
    &[
        may("id", Id),
        must("name", Text),
        may("status", Word(&words::TASK_STATUS)),
        may("due_date", Date),
        may("due_date_config", Object(&DUE_DATE_CONFIG)),
        may("assigned_to", List(&Assignee)),
        may("enabled", Bool),
        may("automation_config", Object(&AUTOMATION_CONFIG)),
        may("phase_id", Id),
        may("task_type", Word(&words::TASK_TYPE)),
    ],
);

static CLOSING: RequestType = request(
    "PatchFlowReq.closing_reason",
    &[
        may("selected_reasons", List(&Object(&CLOSING_REASON))),
        may("configured_reasons", List(&Object(&CLOSING_REASON))),
        may("extra_description", Text),
    ],
);

static DUE_DATE_CONFIG: RequestType = request(
    "DueDateConfig",
    &[
        must("duration", Number),
        must("unit", Word(&words::TIME_UNIT)),
        must("type", Word(&words::DUE_DATE_TYPE)),
        may("task_id", Id),
        may("phase_id", Id),
    ],
);

static CONTEXT: RequestType = request(
    "FlowContext",
    &[
        may("entity_id", Id),
        may("entity_schema", Id),
        may("is_primary", Bool),
    ],
);

static AUTOMATION_CONFIG: RequestType = request(
    "AutomationConfig",
    &[
        must("flow_id", Id),
        may("execution_id", Id),
        may("execution_status", Text),
        may("error_reason", Text),
        may("input_context", Object(&INPUT_CONTEXT)),
        may("heal_attempts", Number),
        may("last_heal_attempted_at", Date),
    ],
);

static INPUT_CONTEXT: RequestType = request(
    "AutomationConfig.input_context",
    &[
        must("source", Word(&words::INPUT_SOURCE)),
        may("task_id", Id),
    ],
);

/// An assignee that the service resolves; `value` is what it has resolved.
pub(super) static VARIABLE_ASSIGNMENT: RequestType = request(
    "VariableAssignment",
    &[must("variable", Text), may("value", List(&Id))],
);

static DESCRIPTION: RequestType = request(
    "StepDescription",
    &[may("enabled", Bool), may("value", Text)],
);

static ECP_DETAILS: RequestType = request(
    "ECPDetails",
    &[
        may("enabled", Bool),
        may("label", Text),
        may("description", Text),
        may("journey", Object(&JOURNEY)),
    ],
);

static PARTNER_DETAILS: RequestType = request(
    "PartnerDetails",
    &[
        may("enabled", Bool),
        may("label", Text),
        may("description", Text),
    ],
);

static JOURNEY: RequestType = request(
    "StepJourney",
    &[
        may("id", Id),
        may("journeyId", Id),
        may("name", Text),
        may("complete_task_automatically", Bool),
    ],
);
