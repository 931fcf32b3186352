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
    /// What the service changes by itself: before and after.
    expects: BTreeMap<&'static str, (Value, Value)>,
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
        let had_some = !drafts.is_empty();
        let drafts: Vec<Draft> = drafts
            .into_iter()
            .filter_map(Draft::without_what_cancels_out)
            .collect();
        if drafts.is_empty() {
            if had_some {
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
        let expects = edit.expects.into_iter();
        let expects = expects
            .map(|(path, after)| (path, (read(path), after)))
            .collect();
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
            expects,
            requires,
            repeat: edit.nature.repeat,
            effects: edit.nature.effects.iter().copied().collect(),
            irreversible: edit.nature.irreversible,
        }
    }

    /// Puts what it changes into the working copy, for the actions that follow.
    fn play(&self, working: &mut Execution) {
        let written = self.writes.iter().map(|write| (write.path, &write.after));
        let expected = self.expects.iter().map(|(&path, (_, after))| (path, after));
        replay(
            &self.operation,
            written.chain(expected),
            |name| self.sends.get(name).cloned().unwrap_or_default(),
            Arc::make_mut(&mut working.data),
        );
    }

    /// Neighbouring patches are one request; but a status is reached step by step, and it moves while its task is
    /// enabled: that has its turn before or after it.
    fn takes_up(&self, next: &Self) -> bool {
        let in_turn = |one: &Self, other: &Self| {
            one.writes("status") && (other.writes("status") || other.writes("enabled"))
        };
        self.operation.method() == Method::Patch
            && self.operation == next.operation
            && !in_turn(self, next)
            && !in_turn(next, self)
    }

    fn writes(&self, path: &str) -> bool {
        self.writes.iter().any(|write| write.path == path)
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
                Some(earlier) => earlier.merge(write),
                None => self.writes.push(write),
            }
        }
        self.sends.extend(next.sends);
        for (path, (before, after)) in next.expects {
            let expected = self.expects.entry(path).or_insert((before, Value::Null));
            expected.1 = after;
        }
        for (path, value) in next.requires {
            self.requires.entry(path).or_insert(value);
        }
        self.repeat = self.repeat.max(next.repeat);
        self.effects.extend(next.effects);
        self.irreversible = self.irreversible.or(next.irreversible);
    }

    /// Leaves out the fields that end where they began; whether anything is left.
    fn without_what_cancels_out(mut self) -> Option<Self> {
        let changes = self.operation.method() != Method::Patch
            || !self.sends.is_empty()
            || self.writes.iter().any(FieldWrite::changes);
        self.writes
            .retain(|write| write.goes_along || write.changes());
        changes.then_some(self)
    }

    /// The body of the request that takes it back, or why there is none.
    fn undo(&self) -> Result<Option<Fields>, String> {
        if let Some(why) = self.irreversible {
            return Err(why.to_owned());
        }
        let writes = self.writes.iter();
        let undone: Vec<(&'static str, Value)> = writes
            .map(|write| Ok((write.path, write.undo()?)))
            .collect::<Result<_, String>>()?;
        Ok(body(undone.into_iter()))
    }

    fn into_change(mut self, target: Target, repetition: usize) -> Change {
        // An entity has no status. For an execution both name the same; and a status that the change itself moves is in `before`.
        if target.kind == Level::Entity {
            self.requires.clear();
        }
        if target.kind == Level::Execution {
            self.requires.remove(TARGET_STATUS);
        }
        if self.writes("status") || self.expects.contains_key("status") {
            self.requires.remove(if target.kind == Level::Execution {
                EXECUTION_STATUS
            } else {
                TARGET_STATUS
            });
        }
        let path = self.operation.address();
        let method = self.operation.method();
        let undo = match self.undo() {
            Err(why) => Undo::None(why),
            Ok(body) => Undo::Request(Request {
                method,
                path: path.clone(),
                body,
            }),
        };
        let mut request_body = body(
            self.writes
                .iter()
                .map(|write| (write.path, write.after.clone())),
        );
        if !self.sends.is_empty() {
            let fields = request_body.get_or_insert_default();
            let sends = std::mem::take(&mut self.sends).into_iter();
            fields.extend(sends.map(|(name, value)| (name.to_owned(), value)));
        }
        let (mut before, mut after) = (Fields::new(), Fields::new());
        let writes = self.writes.into_iter();
        let expects = self.expects.into_iter();
        for (path, was, becomes) in writes
            .map(|write| (write.path, write.before, write.after))
            .chain(expects.map(|(path, (was, becomes))| (path, was, becomes)))
        {
            before.insert(path.to_owned(), was);
            after.insert(path.to_owned(), becomes);
        }
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
            before,
            after,
            requires: self.requires,
            repeat: self.repeat,
            undo,
            effects: self.effects.into_iter().collect(),
        }
    }
}

/// A request's body of these fields, which are named by dotted paths; none of no fields.
fn body(fields: impl Iterator<Item = (&'static str, Value)>) -> Option<Fields> {
    let mut body = Value::Object(serde_json::Map::new());
    for (path, value) in fields {
        json::set(&mut body, path, value);
    }
    match body {
        Value::Object(fields) if !fields.is_empty() => Some(fields.into_iter().collect()),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
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
