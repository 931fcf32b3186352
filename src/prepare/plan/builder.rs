//! Makes the lines of a plan from the executions that were read: pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Item, Rejection, Skip, Target, draft::ChangeDraft};
use crate::{
    action::{PlannedAction, Subject},
    api::Level,
    playbook::Playbook,
    target::{ContextVars, Execution, TargetPart, context},
};

/// The levels in the order in which they are planned.
const LEVELS: [Level; 5] = [
    Level::Task,
    Level::Phase,
    Level::Step,
    Level::Execution,
    Level::Entity,
];

/// A first-generation execution is to be closed, and its row lacks the closing reasons: they must be read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonsUnread;

/// Makes the lines of one execution after the other.
#[derive(Debug)]
pub struct Builder<'a> {
    playbook: &'a Playbook,
    vars: ContextVars,
}

impl<'a> Builder<'a> {
    pub fn new(playbook: &'a Playbook) -> Self {
        Self {
            playbook,
            vars: ContextVars::new(&playbook.vars),
        }
    }

    /// Plans one execution with its `selected` targets: the finer levels first, each level's targets in their order, each target's actions
    /// in the playbook's order.
    ///
    /// # Errors
    ///
    /// If closing reasons are needed that `execution` does not have yet.
    pub fn group(
        &self,
        execution: &Execution,
        selected: &[TargetPart],
    ) -> Result<Vec<Item>, ReasonsUnread> {
        let mut execution = execution.clone();
        let mut items = Vec::new();
        for level in LEVELS {
            if self
                .playbook
                .actions
                .iter()
                .any(|entry| entry.on.contains(&level))
            {
                for part in execution.parts_above(selected, level) {
                    items.extend(self.target(&mut execution, &part, None)?);
                }
            }
        }
        Ok(items)
    }

    /// Plans exactly these parts again, each with the actions of these labels; in the same order.
    ///
    /// # Errors
    ///
    /// As [`Self::group`].
    pub fn again(
        &self,
        execution: &Execution,
        labels: &BTreeMap<&TargetPart, &BTreeSet<String>>,
    ) -> Result<Vec<Item>, ReasonsUnread> {
        let mut execution = execution.clone();
        let mut items = Vec::new();
        for level in LEVELS {
            for part in execution.parts(level).unwrap_or_default() {
                if let Some(labels) = labels.get(&part) {
                    items.extend(self.target(&mut execution, &part, Some(labels))?);
                }
            }
        }
        Ok(items)
    }

    /// The changes of one target by its actions, or only those with these `labels`; or why there are none. They are applied to `execution` only if all of its actions could be planned.
    fn target(
        &self,
        execution: &mut Execution,
        part: &TargetPart,
        labels: Option<&BTreeSet<String>>,
    ) -> Result<Vec<Item>, ReasonsUnread> {
        let Some(target) = target_of(execution, part) else {
            return Ok(Vec::new());
        };
        let mut working = execution.clone();
        let mut drafts: Vec<ChangeDraft> = Vec::new();
        let mut nothing: Vec<String> = Vec::new();
        let mut out_of_reach = false;
        for entry in self
            .playbook
            .actions
            .iter()
            .filter(|entry| entry.on.contains(&part.level()))
            .filter(|entry| labels.is_none_or(|labels| labels.contains(&entry.label())))
        {
            let Some(data) = working.data_of(part) else {
                break;
            };
            let context = context(&working, part, &self.vars);
            let wanted = entry
                .when
                .as_ref()
                .map_or(Ok(true), |when| when.test(&context));
            let planned = match wanted {
                Err(error) => {
                    PlannedAction::Reject(format!("`when` of {} failed: {error}", entry.kind.word))
                }
                Ok(false) => PlannedAction::Nothing("`when` is false".to_owned()),
                Ok(true) => entry.action.plan(&Subject {
                    generation: execution.generation,
                    level: part.level(),
                    execution: &execution.id,
                    id: part.id(),
                    data: &data,
                    context: &context,
                    zone: &self.playbook.zone,
                    calendar: &self.playbook.calendar,
                }),
            };
            out_of_reach |= matches!(planned, PlannedAction::OutOfReach(_));
            match planned {
                PlannedAction::Reject(reason) => {
                    return Ok(vec![rejected(execution, target, reason)]);
                }
                PlannedAction::ReasonsUnread => return Err(ReasonsUnread),
                PlannedAction::OutOfReach(reason) | PlannedAction::Nothing(reason) => {
                    if !nothing.contains(&reason) {
                        nothing.push(reason);
                    }
                }
                PlannedAction::Edit(edit) => {
                    let mut draft = ChangeDraft::new(entry, edit, &working, &data);
                    // What the service does with a status can't be predicted, so no later change may depend on it.
                    draft.status_is_open = drafts.iter().any(ChangeDraft::opens_the_status);
                    draft.play(&mut working);
                    match drafts.last_mut() {
                        Some(last) if last.takes_up(&draft) => last.merge(draft),
                        Some(_) | None => drafts.push(draft),
                    }
                    // Nothing is left for later actions.
                    if drafts.last().is_some_and(|last| last.operation.removes()) {
                        break;
                    }
                }
            }
        }
        let had_some = !drafts.is_empty();
        let drafts: Vec<ChangeDraft> = drafts
            .into_iter()
            .filter_map(ChangeDraft::without_what_cancels_out)
            .collect();
        if drafts.is_empty() {
            if had_some {
                nothing.push("its actions cancel out".to_owned());
            }
            let reason = nothing.join("; ");
            return Ok(vec![Item::Skipped(Skip {
                target,
                reason,
                out_of_reach,
            })]);
        }
        match changes(&target, drafts, [&execution.data, &working.data]) {
            Ok(changes) => {
                *execution = working;
                Ok(changes)
            }
            Err(reason) => Ok(vec![rejected(execution, target, reason)]),
        }
    }
}

fn rejected(execution: &Execution, target: Target, reason: String) -> Item {
    Item::Rejected(Rejection {
        target: Some(target),
        row: execution.row.as_ref().map(|row| row.number),
        reason,
    })
}

/// The changes of one target, in order; or why one of them can't be planned.
///
/// `executions` are the execution before and after all of them.
fn changes(
    target: &Target,
    drafts: Vec<ChangeDraft>,
    executions: [&Value; 2],
) -> Result<Vec<Item>, String> {
    let mut changes: Vec<Item> = Vec::with_capacity(drafts.len());
    let mut seen: Vec<(String, Vec<&'static str>)> = Vec::new();
    for draft in drafts {
        let key = (draft.operation.address(), draft.words.clone());
        let repetition = seen.iter().filter(|earlier| **earlier == key).count();
        seen.push(key);
        let change = draft.into_change(target.clone(), repetition, executions)?;
        changes.push(Item::Change(Box::new(change)));
    }
    Ok(changes)
}

/// The target in the plan: ids and names, and no other personal data.
pub fn target_of(execution: &Execution, part: &TargetPart) -> Option<Target> {
    let data = execution.data_of(part)?;
    Some(Target {
        kind: part.level(),
        api: execution.generation,
        execution: execution.id.clone(),
        id: part.id().cloned(),
        name: data[if part.level() == Level::Entity {
            "title"
        } else {
            "name"
        }]
        .as_str()
        .unwrap_or_default()
        .to_owned(),
        within: execution.names_around(part),
    })
}

#[cfg(test)]
#[path = "builder_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "builder_properties.rs"]
mod properties;
