//! What the lines of a plan must be besides well formed. Pure.

use super::{
    Change, Effect, FollowUp, Follows, Item, PlanHeader, Trailer, derive::words,
    rederive::Rederiver,
};
use crate::{
    action::{ActionKind, Allow},
    api::Id,
};

/// Checks the lines of a file one after the other, and counts them.
#[derive(Debug, Default)]
pub(super) struct LineRules {
    counts: Trailer,
    last_group: Option<Id>,
    rederiver: Rederiver,
}

impl LineRules {
    /// Checks the next line, and returns it.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn check(&mut self, header: &PlanHeader, item: Item) -> Result<Item, String> {
        match item {
            Item::Change(change) => {
                let change = self.rederiver.check(*change)?;
                check_allowed(header, &change)?;
                check_follows(header, &change)?;
                self.counts.changes += 1;
                match &self.last_group {
                    Some(last) if *last == change.group => {}
                    Some(last) if *last > change.group => {
                        return Err(format!(
                            "group {} stands after {last}: groups must be in order",
                            change.group
                        ));
                    }
                    Some(_) | None => {
                        self.counts.groups += 1;
                        self.last_group = Some(change.group.clone());
                    }
                }
                return Ok(Item::Change(Box::new(change)));
            }
            Item::Skipped(_) => self.counts.skipped += 1,
            Item::Rejected(_) => self.counts.rejected += 1,
        }
        Ok(item)
    }

    /// Whether the lines were those that the last one counts.
    pub(super) fn counted(&self, end: &Trailer) -> bool {
        let counted = Trailer {
            scanned: end.scanned,
            notes: end.notes.clone(),
            sha256: end.sha256.clone(),
            ..self.counts.clone()
        };
        counted == *end
    }
}

/// Only the plan that undoes a run has undone changes.
fn check_follows(header: &PlanHeader, change: &Change) -> Result<(), String> {
    let undo = ActionKind::UNDO.word;
    let undoes = |follows: Follows| follows.by == FollowUp::Undo;
    if words(&change.action).contains(&undo) && !header.follows.is_some_and(undoes) {
        return Err(format!(
            "the plan follows no run, and has the action `{undo}`"
        ));
    }
    Ok(())
}

/// What the playbook must allow by name is allowed.
fn check_allowed(header: &PlanHeader, change: &Change) -> Result<(), String> {
    let named = words(&change.action)
        .into_iter()
        .filter_map(ActionKind::in_plans);
    let reverts = change.effects.contains(&Effect::LaterTasksReset);
    let needed = named
        .filter(|kind| kind.needs_allow)
        .map(Allow::Action)
        .chain(reverts.then_some(Allow::Revert));
    let allow = &header.guards.allow;
    match needed.into_iter().find(|needed| !allow.contains(needed)) {
        Some(missing) => Err(format!(
            "the plan's guards do not allow `{}`",
            missing.word()
        )),
        None => Ok(()),
    }
}
