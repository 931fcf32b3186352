//! The bodies of v1's writing operations.

use super::request::{
    FieldContent::{Bool, Date, Id, List, Number, Object, Text, Word},
    RequestType, may, must,
};
use super::words;

/// `WorkflowExecutionUpdateReq`.
pub(super) static UPDATE_EXECUTION: RequestType = RequestType {
    name: "WorkflowExecutionUpdateReq",
    fields: &[
        may("status", Word(&words::EXECUTION_STATUS)),
        may("assignedTo", List(&Id)),
        may("selectedClosingReasons", List(&Object(&CLOSING_REASON))),
        may("closingReasonDescription", Text),
        may("dueDate", Date),
        may("dynamicDueDate", Object(&DYNAMIC_DUE_DATE)),
        may("closedBy", Id),
        may("contexts", List(&Object(&CONTEXT))),
        may("completedTime", Date),
    ],
};

/// `UpdateStepReq`.
pub(super) static UPDATE_STEP: RequestType = RequestType {
    name: "UpdateStepReq",
    fields: &[
        may("stepId", Id),
        may("entityRefId", Id),
        may("userIds", List(&Number)),
        may("assignedTo", List(&Id)),
        may("assignedToInProgress", Id),
        may("assignedToOnHold", Id),
        may("status", Word(&words::TASK_STATUS)),
        may("dueDate", Date),
        may("dynamicDueDate", Object(&DYNAMIC_DUE_DATE)),
        may("name", Text),
        may("description", Object(&DESCRIPTION)),
        may("position", Object(&POSITION)),
        may("automationConfig", Object(&AUTOMATION_CONFIG)),
        may("startedTime", Date),
        may("completedTime", Date),
    ],
};

/// `CreateStepReq`.
pub(super) static CREATE_STEP: RequestType = RequestType {
    name: "CreateStepReq",
    fields: &[
        must("insertionIndex", Number),
        must("name", Text),
        may("description", Object(&DESCRIPTION)),
        may("status", Word(&words::TASK_STATUS)),
        may("sectionId", Id),
        may("executionType", Word(&words::STEP_TYPE)),
        may("automationConfig", Object(&AUTOMATION_CONFIG)),
    ],
};

pub(super) static CLOSING_REASON: RequestType = RequestType {
    name: "ClosingReason",
    fields: &[must("id", Id), must("title", Text)],
};

static DYNAMIC_DUE_DATE: RequestType = RequestType {
    name: "DynamicDueDate",
    fields: &[
        must("numberOfUnits", Number),
        must("timePeriod", Word(&words::TIME_PERIOD)),
        may("actionTypeCondition", Word(&words::DUE_DATE_CONDITION)),
        may("stepId", Id),
        may("phaseId", Id),
    ],
};

static CONTEXT: RequestType = RequestType {
    name: "WorkflowContext",
    fields: &[must("id", Id), must("title", Text), must("schema", Id)],
};

/// For new or changed steps; v2's has no required field.
static DESCRIPTION: RequestType = RequestType {
    name: "StepDescription",
    fields: &[must("enabled", Bool), must("value", Text)],
};

static POSITION: RequestType = RequestType {
    name: "UpdateStepReq.position",
    fields: &[must("index", Number), may("sectionId", Id)],
};

static AUTOMATION_CONFIG: RequestType = RequestType {
    name: "AutomationConfig",
    fields: &[
        must("flowId", Id),
        may("executionId", Id),
        may("executionStatus", Text),
    ],
};
