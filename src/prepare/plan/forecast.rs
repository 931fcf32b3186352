//! The effects of a change elsewhere, as far as they follow from the execution that was read. Pure.
//!
//! The rules of an execution say which of its events write which attributes of its entities; people who are newly assigned may get a
//! notice. All of it is an upper bound: every possible event counts. Automations and webhooks that these events trigger are unknown here.

mod notices;
mod occurrences;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

pub(super) use self::notices::notices;
use self::occurrences::{Occurrence, occurrences};
use super::{Change, Effect};
use crate::{
    action::EntityWrite,
    api::{Generation, Operation, OperationKind, SyncTrigger},
    json,
};

/// Whether an event may match a rule.
fn takes_up(rule: &Rule, occurrence: &Occurrence<'_>) -> bool {
    let fits = |wanted: &Option<String>, found: Option<&str>| match (wanted, found) {
        (Some(wanted), Some(found)) => wanted == found,
        (None, _) | (_, None) => true,
    };
    let filter = rule.filter.as_ref();
    occurrence.event == rule.on
        && filter.is_none_or(|filter| {
            fits(&filter.task_template_id, occurrence.task)
                && fits(&filter.phase_template_id, occurrence.phase)
        })
}

/// A rule of an execution.
struct Rule {
    on: SyncTrigger,
    filter: Option<RuleFilter>,
    target: RuleTarget,
}

#[derive(Deserialize)]
struct FlowRule {
    trigger: Trigger,
    target: RuleTarget,
}

#[derive(Deserialize)]
struct Trigger {
    event: SyncTrigger,
    filter: Option<RuleFilter>,
}

#[derive(Deserialize)]
struct RuleFilter {
    task_template_id: Option<String>,
    phase_template_id: Option<String>,
}

#[derive(Deserialize)]
struct LegacyRule {
    source: SyncTrigger,
    target: RuleTarget,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleTarget {
    entity_schema: String,
    entity_attribute: String,
}

/// The attributes of entities that rules of the execution may write because of a change. `executions` are the execution before and after
/// the changes of its target.
pub(super) fn entity_writes(
    operation: &Operation,
    change: &Change,
    executions: [&Value; 2],
) -> BTreeSet<Effect> {
    let unknown = || BTreeSet::from([Effect::EntityWritesUnknown]);
    let [execution, _] = executions;
    let occurrences = match operation.kind() {
        // The rules are those of its template, which is not read.
        OperationKind::Start => return unknown(),
        OperationKind::Read(_)
        | OperationKind::Patch
        | OperationKind::Delete
        | OperationKind::AddStep
        | OperationKind::AddTask
        | OperationKind::RunAutomation
        | OperationKind::Reconcile
        | OperationKind::RunSchedule
        | OperationKind::CancelSchedule => occurrences(operation, change, execution),
    };
    if occurrences.is_empty() {
        return BTreeSet::new();
    }
    let Some(rules) = rules(change, execution) else {
        return unknown();
    };
    let mut writes: BTreeMap<(String, SyncTrigger), BTreeSet<&str>> = BTreeMap::new();
    let mut effects = BTreeSet::new();
    // Later effects of other changes may write to the new entities, too.
    if !rules.is_empty() && change.after.contains_key("contexts") {
        effects.extend(unknown());
    }
    for rule in &rules {
        let mut events = occurrences.iter();
        if events.any(|occurrence| takes_up(rule, occurrence)) {
            let RuleTarget {
                entity_schema,
                entity_attribute,
            } = &rule.target;
            let attribute = format!("{entity_schema}.{entity_attribute}");
            for context in executions.into_iter().flat_map(contexts) {
                match context {
                    Some((id, schema)) if schema.is_none_or(|schema| schema == entity_schema) => {
                        let write = writes.entry((attribute.clone(), rule.on));
                        write.or_default().insert(id);
                    }
                    Some(_) => {}
                    None => effects.extend(unknown()),
                }
            }
        }
    }
    effects.extend(writes.into_iter().map(|((attribute, on), entities)| {
        Effect::EntityWrite(EntityWrite {
            attribute,
            on,
            entities: entities.into_iter().map(str::to_owned).collect(),
        })
    }));
    effects
}

/// The rules of an execution; none if they were not read, or one is not understood.
fn rules(change: &Change, execution: &Value) -> Option<Vec<Rule>> {
    match change.target.api {
        // A flow is always read completely: without the field it has no rules.
        Generation::V2 => list(execution, "entity_sync")?
            .into_iter()
            .map(|rule| {
                let rule = FlowRule::deserialize(rule).ok()?;
                Some(Rule {
                    on: rule.trigger.event,
                    filter: rule.trigger.filter,
                    target: rule.target,
                })
            })
            .collect(),
        // A row of a list may lack rules that the execution has.
        Generation::V1 => {
            json::get(execution, "updateEntityAttributes")?;
            list(execution, "updateEntityAttributes")?
                .into_iter()
                .map(|rule| {
                    let rule = LegacyRule::deserialize(rule).ok()?;
                    Some(Rule {
                        on: rule.source,
                        filter: None,
                        target: rule.target,
                    })
                })
                .collect()
        }
    }
}

/// The entries of a list; an empty list if it is absent, None if it is something else.
fn list<'a>(of: &'a Value, name: &str) -> Option<Vec<&'a Value>> {
    match json::get(of, name) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(entries)) => Some(entries.iter().collect()),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => None,
    }
}

/// The entities of an execution of either generation, each with its schema if known; None for an entry, or the whole list, that can't be
/// read.
fn contexts(execution: &Value) -> Vec<Option<(&str, Option<&str>)>> {
    let Some(contexts) = execution["contexts"].as_array() else {
        return vec![None];
    };
    let contexts = contexts.iter().map(|context| {
        let id = context["entity_id"].as_str().or(context["id"].as_str())?;
        let schema = context["entity_schema"]
            .as_str()
            .or(context["schema"].as_str());
        Some((id, schema))
    });
    contexts.collect()
}

#[cfg(test)]
mod tests;
