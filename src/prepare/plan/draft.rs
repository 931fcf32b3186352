//! The request that results from one or several actions, while its target is planned.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{Change, Effect, Fields, PlannedRequest, Repeat, Target, Undo, forecast::forecast};
use crate::{
    action::{ActionEntry, Edit, FieldWrite, replay},
    api::{Level, Method, Operation},
    digest, json,
    target::Execution,
};

const EXECUTION_STATUS: &str = "execution.status";
pub(super) const TARGET_STATUS: &str = "target.status";

/// A request that may still be merged with the next PATCH of its resource.
pub(super) struct ChangeDraft {
    pub(super) operation: Operation,
    labels: Vec<String>,
    pub(super) words: Vec<&'static str>,
    writes: Vec<FieldWrite>,
    sends: BTreeMap<&'static str, Value>,
    /// Fields that the service changes by itself: before and after.
    pub(super) expects: BTreeMap<&'static str, (Value, Value)>,
    pub(super) requires: Fields,
    repeat: Repeat,
    effects: BTreeSet<Effect>,
    why_final: Option<&'static str>,
}

impl ChangeDraft {
    pub(super) fn new(entry: &ActionEntry, edit: Edit, working: &Execution, data: &Value) -> Self {
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
            words: vec![entry.kind.word],
            writes: edit.writes,
            sends: edit.sends.into_iter().collect(),
            expects,
            requires,
            repeat: edit.nature.repeat,
            effects: edit.nature.effects.iter().cloned().collect(),
            why_final: edit.nature.why_final,
        }
    }

    /// Applies it to the working copy, for later actions.
    pub(super) fn play(&self, working: &mut Execution) {
        let written = self.writes.iter().map(|write| (write.path, &write.after));
        let expected = self.expects.iter().map(|(&path, (_, after))| (path, after));
        replay(
            &self.operation,
            written.chain(expected),
            |name| self.sends.get(name).cloned().unwrap_or_default(),
            Arc::make_mut(&mut working.data),
        );
    }

    /// Consecutive patches become one request. But statuses are set one by one, and only while the task is enabled, so `enabled` is set
    /// before or after.
    pub(super) fn takes_up(&self, next: &Self) -> bool {
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

    pub(super) fn merge(&mut self, next: Self) {
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
        self.why_final = self.why_final.or(next.why_final);
    }

    /// Removes the fields that end with their first value; returns whether any field is left.
    pub(super) fn without_what_cancels_out(mut self) -> Option<Self> {
        let changes = self.operation.method() != Method::Patch
            || !self.sends.is_empty()
            || self.writes.iter().any(FieldWrite::changes);
        self.writes
            .retain(|write| write.goes_along || write.changes());
        changes.then_some(self)
    }

    /// The body of the request that undoes it, or why there is none.
    fn undo(&self) -> Result<Option<Fields>, String> {
        if let Some(why) = self.why_final {
            return Err(why.to_owned());
        }
        let writes = self.writes.iter();
        let undone: Vec<(&'static str, Value)> = writes
            .map(|write| Ok((write.path, write.undo()?)))
            .collect::<Result<_, String>>()?;
        Ok(body(undone.into_iter()))
    }

    /// The resulting change; `executions` are the execution before and after all changes of the target.
    pub(super) fn into_change(
        mut self,
        target: Target,
        repetition: usize,
        executions: [&Value; 2],
    ) -> Change {
        // An entity has no status. For an execution both are the same; and a status that the change itself sets is in `before`.
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
            Ok(body) => Undo::Request(PlannedRequest {
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
        let mut change = Change {
            change: change_id(&path, &self.words, repetition),
            group: target.execution.clone(),
            target,
            action: self.labels,
            request: PlannedRequest {
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
        };
        let caused = forecast(&self.operation, &change, executions);
        change.effects.extend(caused);
        change
    }
}

/// A request's body with these fields, named by dotted paths; none without fields.
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

/// 12 hex digits that identify a change: the same in each plan that changes the same resource by the same actions.
fn change_id(path: &str, words: &[&str], repetition: usize) -> String {
    let mut id = digest::sha256(format!("{path}\n{}\n{repetition}", words.join(",")));
    id.truncate(12);
    id
}
