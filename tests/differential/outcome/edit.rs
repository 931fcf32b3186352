//! A request in the making.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// How a change may be sent again; of two that become one the stricter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Repeat {
    Safe,
    Readable,
    Once,
}

/// One field of a target. The path is dotted.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) path: &'static str,
    pub(crate) before: Value,
    pub(crate) after: Value,
    /// None where no request brings back what was there.
    pub(crate) undo: Option<Value>,
    /// Whether it is sent although it is so already: the reason of a closing.
    pub(crate) goes_along: bool,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) writes: Vec<Write>,
    /// What the body holds beside the fields.
    pub(crate) sends: Map<String, Value>,
    /// The status that the service gives by itself.
    pub(crate) becomes: Option<&'static str>,
    pub(crate) repeat: Repeat,
    pub(crate) effects: BTreeSet<&'static str>,
    pub(crate) is_final: bool,
    pub(crate) removes: bool,
}

impl Write {
    /// Whether there is something to send. Of lists of people the order and repetitions mean nothing, and an empty list
    /// is what a field that is not there means.
    pub(crate) fn is_change(&self) -> bool {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let is_same = if matches!(self.path, "assigned_to" | "assignedTo" | "userIds") {
            let (before, after) = (list(&self.before), list(&self.after));
            before.iter().all(|entry| after.contains(entry))
                && after.iter().all(|entry| before.contains(entry))
        } else {
            self.before == self.after
        };
        self.goes_along || !is_same
    }
}

impl Edit {
    /// One that writes a status, which a read can tell.
    pub(crate) fn with_status(self, effects: &[&'static str]) -> Self {
        Self {
            repeat: Repeat::Readable,
            effects: effects.iter().copied().collect(),
            ..self
        }
    }

    pub(crate) fn writes(&self, path: &str) -> bool {
        self.writes.iter().any(|write| write.path == path)
    }

    /// Takes up a later patch of the same object.
    pub(crate) fn join(&mut self, next: Self) {
        for write in next.writes {
            match self
                .writes
                .iter_mut()
                .find(|earlier| earlier.path == write.path)
            {
                Some(earlier) => {
                    earlier.after = write.after;
                    earlier.goes_along |= write.goes_along;
                }
                None => self.writes.push(write),
            }
        }
        self.sends.extend(next.sends);
        self.repeat = self.repeat.max(next.repeat);
        self.effects.extend(next.effects);
        self.is_final |= next.is_final;
    }
}
