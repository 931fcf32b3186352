//! What a request changed: written to the log with the execution as it is afterwards, shown in the ledger without it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    caused::{AssignmentNotice, AttributeWrite},
    execution::AnyExecution,
};

/// The fields that hold an execution's parts; a part's fields are told under its own id.
const CONTAINERS: [&str; 4] = ["phases", "tasks", "flow", "steps"];

/// One change of the data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoggedEffect {
    /// Counts from 1 in a data folder's life.
    pub(crate) seq: u64,
    /// The request's sequence number; none for edits that go past the API.
    pub(crate) request: Option<u64>,
    pub(crate) unix_ms: i64,
    pub(crate) kind: EffectKind,
    pub(crate) execution: String,
    /// The part that the request addresses; an execution's own id when it addresses the whole.
    pub(crate) target: String,
    /// The target's fields that changed.
    pub(crate) fields: ChangedFields,
    /// What else changed, by the id of the execution, phase, task, section or step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) elsewhere: BTreeMap<String, ChangedFields>,
    /// Attributes of entities that were written because of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entity_writes: Vec<AttributeWrite>,
    /// Who was told of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notices: Vec<AssignmentNotice>,
    /// The execution as it is afterwards; none when it is deleted. The ledger does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<AnyExecution>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EffectKind {
    CreateExecution,
    UpdateExecution,
    DeleteExecution,
    CreateStep,
    UpdateStep,
    DeleteStep,
    StartFlow,
    PatchFlow,
    DeleteFlow,
    /// Hidden and kept.
    SoftDeleteFlow,
    PatchPhase,
    AddTask,
    PatchTask,
    RunAutomation,
    ExecuteTask,
    ReconcileAutomation,
    RunScheduleNow,
    CancelSchedule,
    /// An automation has ended, and its task with it. No request asked for it.
    AutomationEnded,
    /// A read has found an automation whose end its task had missed. No request asked for it.
    Healed,
    /// `POST /_sandbox/edit/…`
    Edit,
    /// `DELETE /_sandbox/execution/…`
    Remove,
}

pub(crate) type ChangedFields = BTreeMap<String, Changed>;

/// A field's value before and after; absent values are absent here too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Changed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Value>,
}

/// The fields that differ between two states of one execution, by the id of the part that has them. Parts that went
/// are not told.
pub(crate) fn difference(before: &Value, after: &Value) -> BTreeMap<String, ChangedFields> {
    let (before, none) = (parts(before), Map::new());
    let mut all = BTreeMap::new();
    for (id, after) in parts(after) {
        let before = before.get(id).copied().unwrap_or(&none);
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let fields: ChangedFields = names
            .into_iter()
            .filter(|name| !is_container(name) && before.get(*name) != after.get(*name))
            .map(|name| {
                let changed = Changed {
                    before: before.get(name).cloned(),
                    after: after.get(name).cloned(),
                };
                (name.clone(), changed)
            })
            .collect();
        if !fields.is_empty() {
            all.insert(id.to_owned(), fields);
        }
    }
    all
}

/// The execution or the part of it that has this id.
pub(crate) fn part_mut<'a>(execution: &'a mut Value, id: &str) -> Option<&'a mut Value> {
    if execution["id"] == id {
        return Some(execution);
    }
    let fields = execution.as_object_mut()?.iter_mut();
    let containers = fields.filter(|(name, _)| is_container(name));
    containers
        .filter_map(|(_, parts)| parts.as_array_mut())
        .flatten()
        .find_map(|part| part_mut(part, id))
}

pub(crate) fn is_container(name: &str) -> bool {
    CONTAINERS.contains(&name)
}

/// An execution and all parts of it, by id.
fn parts(execution: &Value) -> BTreeMap<&str, &Map<String, Value>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![execution];
    while let Some(part) = waiting.pop() {
        if let (Some(object), Some(id)) = (part.as_object(), part["id"].as_str()) {
            let containers = CONTAINERS.iter().filter_map(|name| object.get(*name));
            waiting.extend(containers.filter_map(Value::as_array).flatten());
            found.insert(id, object);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_names_each_part_and_field_before_and_after() {
        let before = json!({"id": "e", "updated_at": "1", "crt_tasks": [{"id": "t1"}], "tasks": [
            {"id": "t1", "status": "IN_PROGRESS", "schedule": {"mode": "delayed"}}, {"id": "t2", "status": "PENDING"}]});
        let after = json!({"id": "e", "updated_at": "2", "crt_tasks": [{"id": "t2"}], "tasks": [
            {"id": "t1", "status": "COMPLETED"}, {"id": "t2", "status": "PENDING", "due_date": "x"}]});
        let found = difference(&before, &after);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["e", "t1", "t2"]);
        assert_eq!(
            found["e"].keys().collect::<Vec<_>>(),
            ["crt_tasks", "updated_at"]
        );
        assert_eq!(found["t1"]["status"].before, Some(json!("IN_PROGRESS")));
        assert_eq!(found["t1"]["status"].after, Some(json!("COMPLETED")));
        assert_eq!(found["t1"]["schedule"].after, None);
        assert_eq!(found["t2"].keys().collect::<Vec<_>>(), ["due_date"]);
    }

    #[test]
    fn steps_inside_sections_are_parts_too() {
        let before =
            json!({"id": "e", "flow": [{"id": "s", "steps": [{"id": "st", "name": "a"}]}]});
        let after = json!({"id": "e", "flow": [{"id": "s", "steps": [{"id": "st", "name": "b"}]}]});
        let found = difference(&before, &after);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["st"]);
        assert!(difference(&after, &after).is_empty());
    }
}
