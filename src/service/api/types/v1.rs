//! v1, "workflow executions": camelCase, sections and steps.

use super::{
    model::{
        FieldType, RecordType,
        Shape::{Any, Bool, Date, List, Number, Record as Nested, Text, Word},
        field, parent,
    },
    words,
};
use crate::api::Generation;

/// `WorkflowExecution`; the rows of the list (`WorkflowExecutionSlim`) have the same fields.
pub(super) static EXECUTION: RecordType = of(
    "WorkflowExecution",
    &[
        field("id", Text),
        field("definitionId", Text),
        field("orgId", Text),
        field("name", Text),
        field("creationTime", Date),
        field("lastUpdateTime", Date),
        field("dueDate", Date),
        field("completedTime", Date),
        field("dynamicDueDate", Nested(&DYNAMIC_DUE_DATE)),
        field("status", Word(&words::EXECUTION_STATUS)),
        field("trigger", Word(&words::TRIGGER_TYPE)),
        field("assignedTo", List(&Text)),
        field("lastModifiedBy", Text),
        field("contexts", List(&Nested(&CONTEXT))),
        field("nextOpenStep", Nested(&STEP_ID)),
        field(
            "configuredClosingReasonSnapshot",
            List(&Nested(&CLOSING_REASON)),
        ),
        field("selectedClosingReasons", List(&Nested(&CLOSING_REASON))),
        field("closingReasonDescription", Text),
        field("enableECPWorkflow", Bool),
        field(
            "updateEntityAttributes",
            List(&Nested(&UPDATE_ENTITY_ATTRIBUTES)),
        ),
        field("version", Number),
        field("taxonomies", List(&Text)),
        field("singleClosingReasonSelection", Bool),
        // A mixture of sections and steps, which no single type describes.
        field("flow", List(&Any)),
    ],
);

pub(super) static SECTION: RecordType = of(
    "Section",
    &[
        field("id", Text),
        field("definitionId", Text),
        field("name", Text),
        field("userIds", List(&Number)),
        field("assignedTo", List(&Text)),
        field("dueDate", Date),
        field("dynamicDueDate", Nested(&DYNAMIC_DUE_DATE)),
        field("startedTime", Date),
        field("completedTime", Date),
        field("status", Word(&words::PHASE_STATUS)),
        field("type", Word(&words::ITEM_TYPE)),
        field("steps", List(&Nested(&STEP))),
        field("taxonomies", List(&Text)),
    ],
);

pub(super) static STEP: RecordType = of(
    "Step",
    &[
        field("id", Text),
        field("definitionId", Text),
        field("entityRefId", Text),
        field("name", Text),
        field("description", Nested(&STEP_DESCRIPTION)),
        field("type", Word(&words::ITEM_TYPE)),
        field("ecp", Nested(&ECP_DETAILS)),
        field("installer", Nested(&ECP_DETAILS)),
        field("partner", Nested(&PARTNER_DETAILS)),
        field("enabled", Bool),
        field("requirements", List(&Nested(&STEP_REQUIREMENT))),
        field("executionType", Word(&words::STEP_TYPE)),
        field("sectionId", Text),
        field("executionId", Text),
        field("userIds", List(&Number)),
        field("assignedTo", List(&Text)),
        field("assignedToInProgress", Text),
        field("assignedToOnHold", Text),
        field("status", Word(&words::TASK_STATUS)),
        field("created", Date),
        field("lastUpdated", Date),
        field("statusLastUpdated", Date),
        field("startedTime", Date),
        field("completedTime", Date),
        field("dueDate", Date),
        field("dynamicDueDate", Nested(&DYNAMIC_DUE_DATE)),
        field("manuallyCreated", Bool),
        field("automationConfig", Nested(&AUTOMATION_CONFIG)),
        field("journey", Nested(&STEP_JOURNEY)),
        field("taxonomies", List(&Text)),
    ],
)
.within(&[parent("section", &SECTION), parent("execution", &EXECUTION)]);

/// An entity that an execution is started for, as the entity search and the playbook's files name it.
pub(super) static ENTITY: RecordType = of(
    "Entity",
    &[
        field("id", Text),
        field("schema", Text),
        field("title", Text),
    ],
);

static DYNAMIC_DUE_DATE: RecordType = of(
    "DynamicDueDate",
    &[
        field("numberOfUnits", Number),
        field("timePeriod", Word(&words::TIME_PERIOD)),
        field("actionTypeCondition", Word(&words::DUE_DATE_CONDITION)),
        field("stepId", Text),
        field("phaseId", Text),
    ],
);

static CONTEXT: RecordType = of(
    "WorkflowContext",
    &[
        field("id", Text),
        field("title", Text),
        field("schema", Text),
    ],
);

static STEP_ID: RecordType = of("StepId", &[field("id", Text), field("entityRefId", Text)]);

static CLOSING_REASON: RecordType = of("ClosingReason", &[field("id", Text), field("title", Text)]);

static UPDATE_ENTITY_ATTRIBUTES: RecordType = of(
    "UpdateEntityAttributes",
    &[
        field("source", Word(&words::ATTRIBUTE_SOURCE)),
        field("target", Nested(&ENTITY_ATTRIBUTE)),
    ],
);

static ENTITY_ATTRIBUTE: RecordType = of(
    "UpdateEntityAttributes.target",
    &[field("entitySchema", Text), field("entityAttribute", Text)],
);

static STEP_DESCRIPTION: RecordType = of(
    "StepDescription",
    &[field("enabled", Bool), field("value", Text)],
);

static ECP_DETAILS: RecordType = of(
    "ECPDetails",
    &[
        field("enabled", Bool),
        field("label", Text),
        field("description", Text),
        field("journey", Nested(&STEP_JOURNEY)),
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

static STEP_JOURNEY: RecordType = of(
    "StepJourney",
    &[
        field("id", Text),
        field("journeyId", Text),
        field("name", Text),
        field("complete_task_automatically", Bool),
    ],
);

static STEP_REQUIREMENT: RecordType = of(
    "StepRequirement",
    &[
        field("definitionId", Text),
        field("type", Word(&words::ITEM_TYPE)),
        field("condition", Word(&words::REQUIREMENT_CONDITION)),
    ],
);

static AUTOMATION_CONFIG: RecordType = of(
    "AutomationConfig",
    &[
        field("flowId", Text),
        field("executionId", Text),
        field("executionStatus", Text),
    ],
);

const fn of(name: &'static str, fields: &'static [FieldType]) -> RecordType {
    RecordType {
        name,
        generation: Generation::V1,
        fields,
        parents: &[],
    }
}
