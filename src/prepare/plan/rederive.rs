//! Compares the changes of a file with what follows from their parts. Pure.

use std::collections::BTreeSet;

use super::{
    Change, Fields,
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
    /// Checks that a change of the file says what is so, and returns it.
    ///
    /// # Errors
    ///
    /// What is not so.
    pub(super) fn check(&mut self, change: Change) -> Result<Change, String> {
        let operation = change.operation()?;
        if self.group.as_ref() != Some(&change.group) {
            *self = Self {
                group: Some(change.group.clone()),
                ..Self::default()
            };
        }
        let target = (change.target.kind, change.target.id.as_ref());
        let last = self.target.as_ref();
        if last.map(|(level, id)| (*level, id.as_ref())) != Some(target) {
            self.target = Some((change.target.kind, change.target.id.clone()));
            self.status_is_open = false;
            self.seen.clear();
        }
        let Change {
            change: id,
            group,
            target,
            action,
            request,
            before,
            after,
            requires,
            repeat,
            undo,
            effects,
        } = change;
        let words: Vec<String> = words(&action).into_iter().map(str::to_owned).collect();
        let is_repeated = |seen: &&(String, Vec<String>)| seen.0 == request.path && seen.1 == words;
        let found = effects.iter();
        let derived = ChangeParts {
            target,
            action,
            operation: &operation,
            body: request.body,
            before,
            found: found
                .filter(|effect| action::depends_on_the_read(&operation, effect))
                .cloned()
                .collect(),
            repetition: self.seen.iter().filter(is_repeated).count(),
            status_is_open: self.status_is_open && !requires.contains_key(TARGET_STATUS),
            requires,
        }
        .change()?;
        // The parts themselves were moved.
        let first_difference = [
            ("change", id == derived.change),
            ("group", group == derived.group),
            (
                "request",
                (request.method, &request.path) == (derived.request.method, &derived.request.path),
            ),
            ("after", after == derived.after),
            ("repeat", repeat == derived.repeat),
            ("undo", undo == derived.undo),
            ("effects", effects == derived.effects),
        ]
        .into_iter()
        .find(|(_, is_same)| !is_same);
        if let Some((field, _)) = first_difference {
            return Err(format!(
                "`{field}` and `request` do not match: the line was changed or damaged"
            ));
        }
        if !self.ids.insert(id) {
            return Err(format!("change {} was there before", derived.change));
        }
        self.seen.push((request.path, words));
        let none = Fields::new();
        let body = derived.request.body.as_ref().unwrap_or(&none);
        self.status_is_open |= matches!(action::expected(&operation, body), Some(("status", _)));
        Ok(derived)
    }
}
