//! The bodies of v1's writing operations.

use super::request::{
    FieldContent::{Bool, Date, Id, List, Number, Object, Text, Word},
    RequestType, may, must, request,
};
use super::words;

/// `WorkflowExecutionUpdateReq`.
pub(super) static UPDATE_EXECUTION: RequestType = request(
    "WorkflowExecutionUpdateReq",
    &[
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
);

/// `UpdateStepReq`.
pub(super) static UPDATE_STEP: RequestType = request(
    "UpdateStepReq",
    &[
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
);

/// `CreateStepReq`.
pub(super) static CREATE_STEP: RequestType = request(
    "CreateStepReq",
    &[
        must("insertionIndex", Number),
        must("name", Text),
        may("description", Object(&DESCRIPTION)),
        may("status", Word(&words::TASK_STATUS)),
        may("sectionId", Id),
        may("executionType", Word(&words::STEP_TYPE)),
        may("automationConfig", Object(&AUTOMATION_CONFIG)),
    ],
);

pub(super) static CLOSING_REASON: RequestType =
    request("ClosingReason", &[must("id", Id), must("title", Text)]);

static DYNAMIC_DUE_DATE: RequestType = request(
    "DynamicDueDate",
    &[
        must("numberOfUnits", Number),
        must("timePeriod", Word(&words::TIME_PERIOD)),
        may("actionTypeCondition", Word(&words::DUE_DATE_CONDITION)),
        may("stepId", Id),
        may("phaseId", Id),
    ],
);

static CONTEXT: RequestType = request(
    "WorkflowContext",
    &[must("id", Id), must("title", Text), must("schema", Id)],
);

/// For new or changed steps; v2's has no required field.
static DESCRIPTION: RequestType = request(
    "StepDescription",
    &[must("enabled", Bool), must("value", Text)],
);

static POSITION: RequestType = request(
    "UpdateStepReq.position",
    &[must("index", Number), may("sectionId", Id)],
);

static AUTOMATION_CONFIG: RequestType = request(
    "AutomationConfig",
    &[
        must("flowId", Id),
        may("executionId", Id),
        may("executionStatus", Text),
    ],
);
