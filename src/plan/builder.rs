//! From the executions that were read to the lines of a plan: pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{Change, Effect, Fields, Item, Rejection, Repeat, Request, Skip, Target, Undo};
use crate::{
    action::{Edit, Entry, FieldWrite, Planned, Subject, replay},
    api::{Level, Method, Operation},
    digest, json,
    playbook::Playbook,
    selection::{Execution, Part, context},
};

/// An execution of the first generation is to be closed, and its row lacks the closing reasons: they must be read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonsUnread;

/// Makes the lines of one execution after the other.
#[derive(Debug)]
pub struct Builder<'a> {
    playbook: &'a Playbook,
    vars: Value,
}

const EXECUTION_STATUS: &str = "execution.status";
const TARGET_STATUS: &str = "target.status";

/// A request that still may take up the next PATCH of its resource.
struct Draft {
    operation: Operation,
    labels: Vec<String>,
    words: Vec<&'static str>,
    writes: Vec<FieldWrite>,
    sends: BTreeMap<&'static str, Value>,
    before: BTreeMap<&'static str, Value>,
    expects: BTreeMap<&'static str, Value>,
    requires: Fields,
    repeat: Repeat,
    effects: BTreeSet<Effect>,
    irreversible: Option<&'static str>,
}

impl<'a> Builder<'a> {
    pub fn new(playbook: &'a Playbook) -> Self {
        Self {
            playbook,
            vars: Value::Object(playbook.vars.clone()),
        }
    }

    /// Plans one execution of which `selected` was selected: the finer levels first, each level's targets in their
    /// order, each target's actions in the playbook's order.
    ///
    /// # Errors
    ///
    /// When closing reasons are needed that `execution` has not got yet.
    pub fn group(
        &self,
        execution: &Execution,
        selected: &[Part],
    ) -> Result<Vec<Item>, ReasonsUnread> {
        let mut execution = execution.clone();
        let mut items = Vec::new();
        for level in [
            Level::Task,
            Level::Phase,
            Level::Step,
            Level::Execution,
            Level::Entity,
        ] {
            if self
                .playbook
                .actions
                .iter()
                .any(|entry| entry.on.contains(&level))
            {
                for part in execution.parts_above(selected, level) {
                    items.extend(self.target(&mut execution, &part)?);
                }
            }
        }
        Ok(items)
    }

    /// The changes of one target, or why there are none. What it changes is put into `execution` only when all of
    /// its actions could be planned.
    fn target(&self, execution: &mut Execution, part: &Part) -> Result<Vec<Item>, ReasonsUnread> {
        let Some(target) = target_of(execution, part) else {
            return Ok(Vec::new());
        };
        let mut working = execution.clone();
        let mut drafts: Vec<Draft> = Vec::new();
        let mut nothing: Vec<String> = Vec::new();
        for entry in self
            .playbook
            .actions
            .iter()
            .filter(|entry| entry.on.contains(&part.level()))
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
                    Planned::Reject(format!("`when` of {} failed: {error}", entry.action.word()))
                }
                Ok(false) => Planned::Nothing("`when` is false".to_owned()),
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
            match planned {
                Planned::Reject(reason) => {
                    return Ok(vec![Item::Rejected(Rejection {
                        target: Some(target),
                        row: execution.row.as_ref().map(|row| row.number),
                        reason,
                    })]);
                }
                Planned::ReasonsUnread => return Err(ReasonsUnread),
                Planned::Nothing(reason) => {
                    if !nothing.contains(&reason) {
                        nothing.push(reason);
                    }
                }
                Planned::Edit(edit) => {
                    let mut draft = Draft::new(entry, edit, &working, &data);
                    // What the service makes of a status can't be foreseen, so nothing is built on it.
                    if drafts
                        .iter()
                        .any(|earlier| earlier.expects.contains_key("status"))
                    {
                        draft.requires.remove(TARGET_STATUS);
                    }
                    draft.play(&mut working);
                    match drafts.last_mut() {
                        Some(last) if last.takes_up(&draft) => last.merge(draft),
                        Some(_) | None => drafts.push(draft),
                    }
                    // Nothing is left for the actions behind it.
                    if drafts.last().is_some_and(|last| last.operation.removes()) {
                        break;
                    }
                }
            }
        }
        let planned = drafts.len();
        drafts.retain(Draft::changes_something);
        if drafts.is_empty() {
            if planned > 0 {
                nothing.push("its actions cancel out".to_owned());
            }
            let reason = nothing.join("; ");
            return Ok(vec![Item::Skipped(Skip { target, reason })]);
        }
        *execution = working;
        let mut changes: Vec<Item> = Vec::with_capacity(drafts.len());
        let mut seen: Vec<(String, Vec<&'static str>)> = Vec::new();
        for draft in drafts {
            let key = (draft.operation.address(), draft.words.clone());
            let repetition = seen.iter().filter(|earlier| **earlier == key).count();
            seen.push(key);
            changes.push(Item::Change(Box::new(
                draft.into_change(target.clone(), repetition),
            )));
        }
        Ok(changes)
    }
}

/// What the plan says of a target: ids and a name, no more personal data than that.
pub fn target_of(execution: &Execution, part: &Part) -> Option<Target> {
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
    })
}

impl Draft {
    fn new(entry: &Entry, edit: Edit, working: &Execution, data: &Value) -> Self {
        let read = |path: &str| json::get(data, path).cloned().unwrap_or(Value::Null);
        let mut before: BTreeMap<&'static str, Value> = edit
            .writes
            .iter()
            .map(|write| (write.path, read(write.path)))
            .collect();
        before.extend(edit.expects.keys().map(|&path| (path, read(path))));

        let mut requires: Fields = edit
            .requires
            .iter()
            .map(|path| (format!("target.{path}"), read(path)))
            .collect();
        requires.insert(
            EXECUTION_STATUS.to_owned(),
            json::get(&working.data, "status")
                .cloned()
                .unwrap_or(Value::Null),
        );
        requires.insert(TARGET_STATUS.to_owned(), read("status"));
        Self {
            operation: edit.operation,
            labels: vec![entry.label()],
            words: vec![entry.action.word()],
            writes: edit.writes,
            sends: edit.sends.into_iter().collect(),
            before,
            expects: edit.expects,
            requires,
            repeat: edit.nature.repeat,
            effects: edit.nature.effects.iter().copied().collect(),
            irreversible: edit.nature.irreversible,
        }
    }

    /// Puts what it changes into the working copy, for the actions that follow.
    fn play(&self, working: &mut Execution) {
        let written = self.writes.iter().map(|write| (write.path, &write.after));
        let expected = self.expects.iter().map(|(&path, after)| (path, after));
        replay(
            &self.operation,
            written.chain(expected),
            |name| self.sends.get(name).cloned().unwrap_or_default(),
            Arc::make_mut(&mut working.data),
        );
    }

    /// Neighbouring patches are one request; but a status is reached step by step.
    fn takes_up(&self, next: &Self) -> bool {
        self.operation.method() == Method::Patch
            && self.operation == next.operation
            && !(self.writes_status() && next.writes_status())
    }

    fn writes_status(&self) -> bool {
        self.writes.iter().any(|write| write.path == "status")
    }

    fn merge(&mut self, next: Self) {
        self.labels.extend(next.labels);
        self.words.extend(next.words);
        for write in next.writes {
            match self
                .writes
                .iter_mut()
                .find(|earlier| earlier.path == write.path)
            {
                Some(earlier) => earlier.after = write.after,
                None => self.writes.push(write),
            }
        }
        self.sends.extend(next.sends);
        self.expects.extend(next.expects);
        for (path, before) in next.before {
            self.before.entry(path).or_insert(before);
        }
        for (path, value) in next.requires {
            self.requires.entry(path).or_insert(value);
        }
        self.repeat = self.repeat.max(next.repeat);
        self.effects.extend(next.effects);
        self.irreversible = self.irreversible.or(next.irreversible);
    }

    /// Merged writes may end where they began.
    fn changes_something(&self) -> bool {
        self.writes.is_empty()
            || !self.sends.is_empty()
            || self.writes.iter().any(|write| write.after != write.undo)
    }

    fn into_change(mut self, target: Target, repetition: usize) -> Change {
        // An entity has no status. For an execution both name the same; and a status that the change itself moves is in `before`.
        if target.kind == Level::Entity {
            self.requires.clear();
        }
        if target.kind == Level::Execution {
            self.requires.remove(TARGET_STATUS);
        }
        if self.before.contains_key("status") {
            self.requires.remove(if target.kind == Level::Execution {
                EXECUTION_STATUS
            } else {
                TARGET_STATUS
            });
        }
        let path = self.operation.address();
        let method = self.operation.method();
        let body = |value: fn(&FieldWrite) -> &Value| {
            let mut body = Value::Object(serde_json::Map::new());
            for write in &self.writes {
                json::set(&mut body, write.path, value(write).clone());
            }
            match body {
                Value::Object(fields) if !fields.is_empty() => {
                    Some(fields.into_iter().collect::<Fields>())
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => None,
            }
        };
        let undo = match self.irreversible {
            Some(why) => Undo::None(why.to_owned()),
            None => Undo::Request(Request {
                method,
                path: path.clone(),
                body: body(|write| &write.undo),
            }),
        };
        let sends = std::mem::take(&mut self.sends);
        let mut request_body = body(|write| &write.after);
        if !sends.is_empty() {
            let fields = request_body.get_or_insert_default();
            fields.extend(
                sends
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value)),
            );
        }
        let mut after: Fields = self
            .writes
            .into_iter()
            .map(|write| (write.path.to_owned(), write.after))
            .collect();
        after.extend(
            self.expects
                .into_iter()
                .map(|(path, value)| (path.to_owned(), value)),
        );
        Change {
            change: change_id(&path, &self.words, repetition),
            group: target.execution.clone(),
            target,
            action: self.labels,
            request: Request {
                method,
                path,
                body: request_body,
            },
            before: self
                .before
                .into_iter()
                .map(|(path, value)| (path.to_owned(), value))
                .collect(),
            after,
            requires: self.requires,
            repeat: self.repeat,
            undo,
            effects: self.effects.into_iter().collect(),
        }
    }
}

/// 12 hex digits that name a change: the same in each plan that changes the same resource by the same actions.
fn change_id(path: &str, words: &[&str], repetition: usize) -> String {
    let mut id = digest::sha256(format!("{path}\n{}\n{repetition}", words.join(",")));
    id.truncate(12);
    id
}

#[cfg(test)]
#[path = "builder_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "builder_properties.rs"]
mod properties;
