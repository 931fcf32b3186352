//! The request that results from one or several actions, while its target is planned.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::{
    Change, Effect, Fields, Target,
    derive::{ChangeParts, EXECUTION_STATUS, fields, required_names},
    forecast::entity_writes,
};
use crate::{
    action::{self, ActionEntry, Edit, FieldWrite, replay},
    api::{Method, Operation},
    json,
    target::Execution,
};

/// A request that may still be merged with the next PATCH of its resource.
pub(super) struct ChangeDraft {
    pub(super) operation: Operation,
    labels: Vec<String>,
    pub(super) words: Vec<&'static str>,
    writes: Vec<FieldWrite>,
    sends: Fields,
    /// The field that the service changes by itself: before and after.
    expects: Option<(&'static str, Value, Value)>,
    /// The values that it may require.
    read: Fields,
    /// Whether an earlier change of the target may have changed its status.
    pub(super) status_is_open: bool,
    causes: BTreeSet<Effect>,
}

impl ChangeDraft {
    pub(super) fn new(entry: &ActionEntry, edit: Edit, working: &Execution, data: &Value) -> Self {
        let read = |path: &str| json::get(data, path).cloned().unwrap_or(Value::Null);
        let sends: Fields = edit
            .sends
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let required = action::required(&edit.operation).into_iter();
        let mut values: Fields = required
            .chain(["status"])
            .map(|path| (format!("target.{path}"), read(path)))
            .collect();
        let status = json::get(&working.data, "status").cloned();
        values.insert(EXECUTION_STATUS.to_owned(), status.unwrap_or(Value::Null));
        Self {
            expects: action::expected(&edit.operation, &sends)
                .map(|(path, after)| (path, read(path), after)),
            operation: edit.operation,
            labels: vec![entry.label()],
            words: vec![entry.kind.word],
            writes: edit.writes,
            sends,
            read: values,
            status_is_open: false,
            causes: edit.causes.into_iter().collect(),
        }
    }

    /// Whether the service changes the status by itself, to a value that can't be predicted.
    pub(super) fn opens_the_status(&self) -> bool {
        matches!(self.expects, Some(("status", ..)))
    }

    /// Applies it to the working copy, for later actions.
    pub(super) fn play(&self, working: &mut Execution) {
        let written = self.writes.iter().map(|write| (write.path, &write.after));
        let expected = self.expects.iter().map(|(path, _, after)| (*path, after));
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
        for (path, value) in next.read {
            self.read.entry(path).or_insert(value);
        }
        self.status_is_open |= next.status_is_open;
        self.causes.extend(next.causes);
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

    /// The resulting change; `executions` are the execution before and after all changes of the target.
    ///
    /// # Errors
    ///
    /// If it holds a value that can't be kept.
    pub(super) fn into_change(
        self,
        target: Target,
        repetition: usize,
        executions: [&Value; 2],
    ) -> Result<Change, String> {
        let mut body = json!(self.sends);
        let mut before = Fields::new();
        for write in self.writes {
            json::set(&mut body, write.path, write.after);
            before.insert(write.path.to_owned(), write.before);
        }
        if let Some((path, was, _)) = self.expects {
            before.insert(path.to_owned(), was);
        }
        let names = required_names(&target, &self.operation, &before, self.status_is_open);
        let read = self.read.into_iter();
        let mut change = ChangeParts {
            target,
            action: self.labels,
            operation: &self.operation,
            body: fields(body),
            before,
            requires: read.filter(|(name, _)| names.contains(name)).collect(),
            found: self.causes,
            repetition,
            status_is_open: self.status_is_open,
        }
        .change()?;
        change.add_effects(entity_writes(&self.operation, &change, executions));
        Ok(change)
    }
}
