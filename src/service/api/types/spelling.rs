//! The two generations' names for the same thing, for people who use a name of the other one.

use super::RecordType;
use crate::api::Generation;

/// The counterpart of a name of the other generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The generation that has this name.
    pub generation: Generation,
    /// A field, or a path of fields if it is nested.
    pub path: &'static str,
}

/// v1's name, v2's name or path. A name with several counterparts occurs several times.
const PAIRS: &[(&str, &str)] = &[
    ("assignedTo", "assigned_to"),
    ("userIds", "assigned_to"),
    ("dueDate", "due_date"),
    ("dynamicDueDate", "due_date_config"),
    ("creationTime", "created_at"),
    ("created", "created_at"),
    ("lastUpdateTime", "updated_at"),
    ("lastUpdated", "updated_at"),
    ("completedTime", "analytics.completed_at"),
    ("startedTime", "analytics.started_at"),
    ("statusLastUpdated", "analytics.status_updated_at"),
    ("completedTime", "completed_at"),
    ("startedTime", "started_at"),
    ("statusLastUpdated", "status_updated_at"),
    ("definitionId", "flow_template_id"),
    ("definitionId", "template_id"),
    ("orgId", "org_id"),
    ("nextOpenStep", "crt_tasks"),
    ("flow", "phases"),
    ("flow", "tasks"),
    ("steps", "tasks"),
    (
        "configuredClosingReasonSnapshot",
        "closing_reason.configured_reasons",
    ),
    ("selectedClosingReasons", "closing_reason.selected_reasons"),
    (
        "closingReasonDescription",
        "closing_reason.extra_description",
    ),
    ("enableECPWorkflow", "available_in_ecp"),
    ("updateEntityAttributes", "entity_sync"),
    ("sectionId", "phase_id"),
    ("executionType", "task_type"),
    ("manuallyCreated", "manually_created"),
    ("automationConfig", "automation_config"),
    ("flowId", "flow_id"),
    ("executionId", "execution_id"),
    ("executionStatus", "execution_status"),
    ("numberOfUnits", "duration"),
    ("timePeriod", "unit"),
    ("actionTypeCondition", "type"),
    ("stepId", "task_id"),
    ("phaseId", "phase_id"),
    ("id", "entity_id"),
    ("schema", "entity_schema"),
];

/// The name in `record` for what the other generation calls `name`; none if it has none.
pub fn other_spelling(record: &RecordType, name: &str) -> Option<Spelling> {
    PAIRS
        .iter()
        .filter_map(|&(v1, v2)| match record.generation {
            Generation::V1 => (head(v2) == name || v2 == name).then_some(v1),
            Generation::V2 => (v1 == name).then_some(v2),
        })
        .find(|path| record.field(head(path)).is_some())
        .map(|path| Spelling {
            generation: record.generation,
            path,
        })
}

fn head(path: &str) -> &str {
    path.split_once('.').map_or(path, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Level, types::record};

    #[test]
    fn the_other_generations_name_is_translated() {
        for (generation, level, name, path) in [
            (Generation::V2, Level::Task, "dueDate", Some("due_date")),
            (
                Generation::V2,
                Level::Task,
                "assignedTo",
                Some("assigned_to"),
            ),
            (
                Generation::V2,
                Level::Execution,
                "creationTime",
                Some("created_at"),
            ),
            (
                Generation::V2,
                Level::Execution,
                "lastUpdateTime",
                Some("updated_at"),
            ),
            (
                Generation::V2,
                Level::Execution,
                "definitionId",
                Some("flow_template_id"),
            ),
            (
                Generation::V2,
                Level::Task,
                "definitionId",
                Some("template_id"),
            ),
            (
                Generation::V2,
                Level::Task,
                "completedTime",
                Some("analytics.completed_at"),
            ),
            (
                Generation::V2,
                Level::Execution,
                "selectedClosingReasons",
                Some("closing_reason.selected_reasons"),
            ),
            (
                Generation::V1,
                Level::Execution,
                "due_date",
                Some("dueDate"),
            ),
            (
                Generation::V1,
                Level::Execution,
                "updated_at",
                Some("lastUpdateTime"),
            ),
            (
                Generation::V1,
                Level::Task,
                "updated_at",
                Some("lastUpdated"),
            ),
            (Generation::V1, Level::Execution, "phases", Some("flow")),
            (
                Generation::V1,
                Level::Execution,
                "closing_reason",
                Some("configuredClosingReasonSnapshot"),
            ),
            (Generation::V2, Level::Task, "colour", None),
            // A phase has no date of creation in either generation.
            (Generation::V2, Level::Phase, "creationTime", None),
        ] {
            let spelling = other_spelling(record(generation, level), name);
            assert_eq!(
                spelling.map(|spelling| spelling.path),
                path,
                "{generation:?} {level} {name}"
            );
        }
    }

    #[test]
    fn what_is_translated_is_a_field_that_exists() {
        let v1 = record(Generation::V1, Level::Execution);
        assert!(other_spelling(v1, "task_type").is_none());
    }
}
