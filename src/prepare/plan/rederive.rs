//! Compares the changes of a file with what follows from their parts. Pure.

use std::collections::BTreeSet;

use super::{
    Change,
    derive::{ChangeParts, TARGET_STATUS, words},
};
use crate::{
    action,
    api::{Id, Level},
};

/// Makes the changes of a file again, one after the other.
#[derive(Debug, Default)]
pub(super) struct Rederiver {
    group: Option<Id>,
    /// The changes of the group.
    ids: BTreeSet<String>,
    target: Option<(Level, Option<Id>)>,
    /// The requests and actions of the target's changes.
    seen: Vec<(String, Vec<String>)>,
    status_is_open: bool,
}

impl Rederiver {
    /// Checks that a change of the file says what is so.
    ///
    /// # Errors
    ///
    /// What is not so.
    pub(super) fn check(&mut self, change: &Change) -> Result<(), String> {
        let operation = change.operation()?;
        let target = Some((change.target.kind, change.target.id.clone()));
        if self.group.as_ref() != Some(&change.group) {
            *self = Self {
                group: Some(change.group.clone()),
                ..Self::default()
            };
        }
        if self.target != target {
            (self.target, self.status_is_open) = (target, false);
            self.seen.clear();
        }
        let words = words(&change.action).into_iter().map(str::to_owned);
        let key = (change.request.path.clone(), words.collect());
        let found = change.effects.iter();
        let derived = ChangeParts {
            target: change.target.clone(),
            action: change.action.clone(),
            operation: &operation,
            body: change.request.body.clone(),
            before: change.before.clone(),
            requires: change.requires.clone(),
            found: found
                .filter(|effect| action::depends_on_the_read(&operation, effect))
                .cloned()
                .collect(),
            repetition: self.seen.iter().filter(|seen| **seen == key).count(),
            status_is_open: self.status_is_open && !change.requires.contains_key(TARGET_STATUS),
        }
        .change()?;
        if let Some(field) = difference(change, &derived) {
            return Err(format!(
                "`{field}` and `request` do not match: the line was changed or damaged"
            ));
        }
        if !self.ids.insert(change.change.clone()) {
            return Err(format!("change {} was there before", change.change));
        }
        self.seen.push(key);
        let body = change.request.body.clone().unwrap_or_default();
        self.status_is_open |= matches!(action::expected(&operation, &body), Some(("status", _)));
        Ok(())
    }
}

/// The first field that two changes of the same origin don't share.
fn difference(one: &Change, other: &Change) -> Option<&'static str> {
    [
        ("change", one.change == other.change),
        ("group", one.group == other.group),
        ("request", one.request == other.request),
        ("after", one.after == other.after),
        ("repeat", one.repeat == other.repeat),
        ("undo", one.undo == other.undo),
        ("effects", one.effects == other.effects),
    ]
    .into_iter()
    .find_map(|(field, is_same)| (!is_same).then_some(field))
}
