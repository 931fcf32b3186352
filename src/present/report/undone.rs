//! What the undos of a run have left of their effect: an undo counts only as far as it was not undone itself.

use super::units::{count, thousands};
use crate::store::RunId;

/// A run that undoes another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndoRun {
    pub run: RunId,
    /// How many of the changes that it made are in force, as far as it is known.
    pub changes: u64,
    /// How many of its changes are in doubt: they may be in force, too.
    pub in_doubt: u64,
    /// The newest run that undoes it, and is in force itself.
    pub undone_by: Option<RunId>,
}

impl UndoRun {
    /// Whether it still counts. One that was undone counts only if something is left of it.
    pub const fn is_in_force(&self) -> bool {
        self.undone_by.is_none() || self.changes > 0 || self.in_doubt > 0
    }
}

/// The runs that undo a run, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone(pub Vec<UndoRun>);

impl Undone {
    /// The newest one that is in force: the run is undone by it, at least in part.
    pub fn in_force(&self) -> Option<UndoRun> {
        self.0.iter().copied().find(UndoRun::is_in_force)
    }

    /// How many of the run's changes are undone now.
    pub fn changes(&self) -> u64 {
        (self.0.iter()).fold(0, |sum, undo| sum.saturating_add(undo.changes))
    }

    /// The sentence on a run of which `can_be_undone` changes could be undone; none if no run undoes it.
    pub(super) fn sentence(&self, can_be_undone: u64) -> Option<String> {
        let Some(UndoRun { run, undone_by, .. }) = self.in_force() else {
            let UndoRun { run, undone_by, .. } = self.0.first()?;
            return Some(format!(
                "It was undone by run {run}, and run {run} was undone by run {}: its changes are in force again.",
                (*undone_by)?
            ));
        };
        let undone = self.changes();
        if undone >= can_be_undone {
            return Some(format!("It was undone by run {run}."));
        }
        let changes = count(can_be_undone, "change", "changes");
        let undone = thousands(undone);
        let since = undone_by.map_or_else(String::new, |by| {
            format!(", and run {run} was undone in part by run {by}")
        });
        Some(format!(
            "It was undone in part: {undone} of {changes}, the last time by run {run}{since}."
        ))
    }

    /// What is said of an undo beside its id: whether it was undone itself.
    pub(super) fn aside(&self, undo: RunId) -> String {
        let told = (self.0.iter())
            .find_map(|one| Some((one, one.undone_by?)).filter(|(one, _)| one.run == undo));
        let Some((undo, by)) = told else {
            return String::new();
        };
        if undo.is_in_force() {
            let changes = count(undo.changes, "change is", "changes are");
            let in_doubt = match undo.in_doubt {
                0 => String::new(),
                some => format!(", {} in doubt", count(some, "change is", "changes are")),
            };
            format!(", which run {by} has undone in part: {changes} still undone{in_doubt}")
        } else {
            format!(", which was undone by run {by}: the changes are in force again")
        }
    }
}

#[cfg(test)]
mod tests;
