//! The part of a run's changes that a command works on.

use std::collections::BTreeSet;

use super::files::part_lists;
use crate::{
    api::Id,
    cli::Part,
    error::Error,
    outcome::Outcome,
    plan::Change,
    playbook::IdList,
    results::ChangeResult,
    text::{count, thousands},
};

/// The part of a run that is meant: `--only`, `--exclude`, `--limit`.
#[derive(Clone, Debug)]
pub(super) struct PartFilter {
    exclude: Vec<IdList>,
    /// None if all changes are meant.
    only: Option<Vec<IdList>>,
    /// How many more targets.
    left: u64,
    /// The named ids that changes so far have.
    seen: BTreeSet<Id>,
}

impl PartFilter {
    pub(super) fn of(part: &Part) -> Result<Self, Error> {
        let (exclude, only) = part_lists(part)?;
        Ok(Self {
            exclude,
            only: (!only.is_empty()).then_some(only),
            left: part.limit.unwrap_or(u64::MAX),
            seen: BTreeSet::new(),
        })
    }

    /// Those of the changes of one execution that are in the part.
    pub(super) fn keep(&mut self, changes: impl IntoIterator<Item = Change>) -> Vec<Change> {
        let mut kept: Vec<Change> = Vec::new();
        for change in changes {
            if !self.has(&change) {
                continue;
            }
            if kept.last().is_none_or(|last| last.target != change.target) {
                if self.left == 0 {
                    break;
                }
                self.left -= 1;
            }
            kept.push(change);
        }
        kept
    }

    /// Those that were applied.
    pub(super) fn applied(&mut self, group: Vec<ChangeResult>) -> Vec<Change> {
        let applied = group.into_iter();
        self.keep(
            applied
                .filter(|result| result.outcome == Outcome::Applied)
                .map(|result| result.change),
        )
    }

    fn has(&mut self, change: &Change) -> bool {
        self.names(&change.group, change.target.id.as_ref())
    }

    /// Whether a target is in the part, without its limit. `id`: its own id, below its execution.
    pub(super) fn names(&mut self, execution: &Id, id: Option<&Id>) -> bool {
        let ids = [Some(execution), id];
        let ids = || ids.into_iter().flatten();
        let names = |list: &IdList| ids().any(|id| list.ids.contains(id));
        let lists = || self.exclude.iter().chain(self.only.iter().flatten());
        let met = ids().filter(|id| lists().any(|list| list.ids.contains(*id)));
        self.seen.extend(met.cloned());
        self.only.as_ref().is_none_or(|only| only.iter().any(names))
            && !self.exclude.iter().any(names)
    }

    /// What a reader should know of the ids of `--only` that name none of the changes.
    ///
    /// # Errors
    ///
    /// If an id of `--exclude` names none: what it was meant to exclude would be done.
    pub(super) fn misses(&self) -> Result<Vec<String>, Error> {
        if let Some(miss) = self.exclude.iter().find_map(|list| self.miss(list)) {
            return Err(Error::usage(miss)
                .hint("name executions, or the tasks, steps and phases that the run has changed"));
        }
        let only = self.only.iter().flatten();
        Ok(only.filter_map(|list| self.miss(list)).collect())
    }

    fn miss(&self, list: &IdList) -> Option<String> {
        let missed: Vec<&str> = list.ids.difference(&self.seen).map(Id::as_str).collect();
        let first = missed.first()?;
        Some(format!(
            "{}: {} of {} name none of the run's changes ({first}{})",
            list.origin,
            thousands(missed.len() as u64),
            count(list.ids.len() as u64, "id", "ids"),
            if missed.len() > 1 { ", …" } else { "" }
        ))
    }
}
