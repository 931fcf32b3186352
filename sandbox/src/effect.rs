//! What a request changed, field by field: written to the log, shown in the ledger, replayed when the data
//! are opened again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::caused::{EntityWrite, Notice};

/// The fields that hold an execution's parts; a part's fields are told under its own id.
const CONTAINERS: [&str; 4] = ["phases", "tasks", "flow", "steps"];

/// One change of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Effect {
    /// Counts from 1 in a data folder's life.
    pub(crate) seq: u64,
    /// The request's sequence number; none for edits that go past the API.
    pub(crate) request: Option<u64>,
    pub(crate) unix_ms: i64,
    pub(crate) kind: Kind,
    pub(crate) execution: String,
    /// The part that the request addresses; an execution's own id when it addresses the whole.
    pub(crate) target: String,
    /// The target's fields that changed.
    pub(crate) fields: Fields,
    /// What else changed, by the id of the execution, phase, task, section or step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) elsewhere: BTreeMap<String, Fields>,
    /// Attributes of entities that were written because of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entity_writes: Vec<EntityWrite>,
    /// Who was told of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notices: Vec<Notice>,
    /// The execution as it is afterwards, where parts of it came, went or moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) whole: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
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

impl Kind {
    /// Whether the execution is not there any more.
    pub(crate) const fn removes(self) -> bool {
        match self {
            Self::DeleteExecution | Self::DeleteFlow | Self::SoftDeleteFlow | Self::Remove => true,
            Self::CreateExecution
            | Self::UpdateExecution
            | Self::CreateStep
            | Self::UpdateStep
            | Self::DeleteStep
            | Self::StartFlow
            | Self::PatchFlow
            | Self::PatchPhase
            | Self::AddTask
            | Self::PatchTask
            | Self::RunAutomation
            | Self::ExecuteTask
            | Self::ReconcileAutomation
            | Self::RunScheduleNow
            | Self::CancelSchedule
            | Self::AutomationEnded
            | Self::Healed
            | Self::Edit => false,
        }
    }

    /// Whether parts come or go, so that the effect holds the whole execution.
    const fn reshapes(self) -> bool {
        match self {
            Self::CreateExecution
            | Self::CreateStep
            | Self::UpdateStep
            | Self::DeleteStep
            | Self::StartFlow
            | Self::AddTask => true,
            Self::UpdateExecution
            | Self::DeleteExecution
            | Self::PatchFlow
            | Self::DeleteFlow
            | Self::SoftDeleteFlow
            | Self::PatchPhase
            | Self::PatchTask
            | Self::RunAutomation
            | Self::ExecuteTask
            | Self::ReconcileAutomation
            | Self::RunScheduleNow
            | Self::CancelSchedule
            | Self::AutomationEnded
            | Self::Healed
            | Self::Edit
            | Self::Remove => false,
        }
    }

    /// What is kept of the execution beside the fields that changed.
    pub(crate) fn whole(self, execution: &Value) -> Option<Value> {
        self.reshapes().then(|| execution.clone())
    }
}

pub(crate) type Fields = BTreeMap<String, Changed>;

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
pub(crate) fn difference(before: &Value, after: &Value) -> BTreeMap<String, Fields> {
    let (before, after) = (parts(before), parts(after));
    let mut all = BTreeMap::new();
    for (id, now) in &after {
        let then = before.get(id);
        let mut fields = Fields::new();
        let names = now.keys().chain(then.into_iter().flat_map(BTreeMap::keys));
        for name in names {
            let changed = Changed {
                before: then
                    .and_then(|then| then.get(name))
                    .map(|value| (*value).clone()),
                after: now.get(name).map(|value| (*value).clone()),
            };
            if changed.before != changed.after {
                fields.insert((*name).to_owned(), changed);
            }
        }
        if !fields.is_empty() {
            all.insert((*id).to_owned(), fields);
        }
    }
    all
}

/// Gives an execution the values after the effect.
pub(crate) fn replay(execution: &mut Value, effect: &Effect) {
    if let Some(whole) = &effect.whole {
        whole.clone_into(execution);
        return;
    }
    let own = std::iter::once((&effect.target, &effect.fields));
    for (id, fields) in own.chain(&effect.elsewhere) {
        let Some(part) = part_mut(execution, id) else {
            continue;
        };
        for (name, changed) in fields {
            match &changed.after {
                Some(after) => part.insert(name.clone(), after.clone()),
                None => part.remove(name),
            };
        }
    }
}

/// The execution or the part of it that has this id.
pub(crate) fn part_mut<'a>(value: &'a mut Value, id: &str) -> Option<&'a mut Map<String, Value>> {
    let object = value.as_object_mut()?;
    if object.get("id").and_then(Value::as_str) == Some(id) {
        return Some(object);
    }
    object
        .iter_mut()
        .filter(|(name, _)| is_container(name))
        .filter_map(|(_, parts)| parts.as_array_mut())
        .flatten()
        .find_map(|part| part_mut(part, id))
}

pub(crate) fn is_container(name: &str) -> bool {
    CONTAINERS.contains(&name)
}

fn parts(value: &Value) -> BTreeMap<&str, BTreeMap<&str, &Value>> {
    let mut found = BTreeMap::new();
    collect(value, &mut found);
    found
}

fn collect<'a>(value: &'a Value, found: &mut BTreeMap<&'a str, BTreeMap<&'a str, &'a Value>>) {
    let Some(object) = value.as_object() else {
        return;
    };
    let Some(id) = object.get("id").and_then(Value::as_str) else {
        return;
    };
    let mut own = BTreeMap::new();
    for (name, field) in object {
        if is_container(name) {
            for part in field.as_array().into_iter().flatten() {
                collect(part, found);
            }
        } else {
            own.insert(name.as_str(), field);
        }
    }
    found.insert(id, own);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn effect(target: &str, mut changes: BTreeMap<String, Fields>) -> Effect {
        Effect {
            seq: 1,
            request: Some(1),
            unix_ms: 0,
            kind: Kind::PatchTask,
            execution: "e".to_owned(),
            target: target.to_owned(),
            fields: changes.remove(target).unwrap_or_default(),
            elsewhere: changes,
            entity_writes: Vec::new(),
            notices: Vec::new(),
            whole: None,
        }
    }

    #[test]
    fn replaying_a_difference_gives_the_state_after_it() {
        let before = json!({"id": "e", "updated_at": "1", "crt_tasks": [{"id": "t1"}], "tasks": [
            {"id": "t1", "status": "IN_PROGRESS", "schedule": {"mode": "delayed"}}, {"id": "t2", "status": "PENDING"}]});
        let after = json!({"id": "e", "updated_at": "2", "crt_tasks": [{"id": "t2"}], "tasks": [
            {"id": "t1", "status": "COMPLETED"}, {"id": "t2", "status": "PENDING", "due_date": "x"}]});
        let effect = effect("t1", difference(&before, &after));
        assert_eq!(effect.fields["status"].before, Some(json!("IN_PROGRESS")));
        assert_eq!(effect.fields["schedule"].after, None);
        assert_eq!(effect.elsewhere.keys().collect::<Vec<_>>(), ["e", "t2"]);
        let line = serde_json::to_string(&effect).unwrap();
        let mut replayed = before;
        replay(&mut replayed, &serde_json::from_str(&line).unwrap());
        assert_eq!(replayed, after);
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
