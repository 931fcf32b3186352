//! Chooses the parts of an execution that are targets: pure.

use std::collections::BTreeSet;

use crate::{
    api::{Id, Level},
    playbook::{IdList, Playbook, Select},
    target::{ContextVars, Execution, TargetPart, context},
};

/// Chooses targets, execution after execution, until the limit is reached.
#[derive(Debug)]
pub struct Chooser<'a> {
    select: &'a Select,
    vars: ContextVars,
    left: Option<u64>,
}

/// The targets of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub parts: Vec<TargetPart>,
    /// Parts (or the whole execution) that could not be evaluated, and why.
    pub rejected: Vec<(TargetPart, String)>,
}

impl<'a> Chooser<'a> {
    pub fn new(playbook: &'a Playbook) -> Self {
        Self {
            select: &playbook.select,
            vars: ContextVars::new(&playbook.vars),
            left: playbook.select.limit,
        }
    }

    /// Whether the limit is reached, so that no execution can have a target any more.
    pub fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// The whole execution.
    pub fn root(&self) -> TargetPart {
        match self.select.source.root() {
            Level::Entity => TargetPart::Entity,
            Level::Execution | Level::Step | Level::Phase | Level::Task => TargetPart::Execution,
        }
    }

    /// `exclude` and `only`: whether a part with these ids may be a target: its own id and those of the objects above it.
    fn is_meant(&self, ids: &[&str]) -> bool {
        let Select { exclude, only, .. } = self.select;
        let names_one = |lists: &[IdList]| {
            lists
                .iter()
                .any(|list| ids.iter().any(|id| list.ids.contains(*id)))
        };
        !names_one(exclude) && only.as_deref().is_none_or(names_one)
    }

    /// Whether `only` is given.
    pub fn picks(&self) -> bool {
        self.select.only.is_some()
    }

    /// Whether `exclude` and `only` name this execution itself, with all its parts.
    pub fn names(&self, id: &Id) -> bool {
        self.is_meant(&[id.as_str()])
    }

    /// Whether `exclude` and `only` leave no target in an execution. With `only`: no part of it is named; without `only`: every part is
    /// excluded.
    pub fn leaves_out(&self, execution: &Execution) -> bool {
        let Select { exclude, each, .. } = self.select;
        let is_meant = |ids: &Vec<&str>| self.is_meant(ids);
        is_named(exclude, &execution.id)
            || (self.picks() && !execution.ids_of_parts(*each).iter().any(is_meant))
    }

    /// `where`: whether an execution is kept. It is not evaluated if the ids leave the execution out, as far as they can tell.
    ///
    /// # Errors
    ///
    /// If the expression fails on this execution.
    pub fn keeps(&self, execution: &Execution) -> Result<bool, String> {
        let is_left_out = if self.select.lacks_steps() {
            is_named(&self.select.exclude, &execution.id)
        } else {
            self.leaves_out(execution)
        };
        if is_left_out {
            return Ok(false);
        }
        let root = self.root();
        match &self.select.filter {
            None => Ok(true),
            Some(filter) => filter
                .test(&context(execution, &root, &self.vars))
                .map_err(|error| format!("`where` failed: {error}")),
        }
    }

    /// `each`, `where_each`, `exclude`, `only` and `limit`: the targets of an execution that was kept. Nothing beyond the limit is
    /// evaluated.
    pub fn choose(&mut self, execution: &Execution) -> Chosen {
        let mut chosen = Chosen::default();
        if self.is_full() || self.leaves_out(execution) {
            return chosen;
        }
        let parts = match execution.parts(self.select.each) {
            Ok(parts) => parts,
            Err(reason) => {
                chosen.rejected.push((TargetPart::Execution, reason));
                return chosen;
            }
        };
        let ids = execution.ids_of_parts(self.select.each);
        for (part, ids) in parts.into_iter().zip(ids) {
            if self.is_full() {
                break;
            }
            let is_found = |steps: &BTreeSet<Id>| part.id().is_none_or(|id| steps.contains(id));
            if !self.is_meant(&ids) || !execution.steps.as_ref().is_none_or(is_found) {
                continue;
            }
            let wanted = self.select.filter_each.as_ref().map_or(Ok(true), |filter| {
                filter.test(&context(execution, &part, &self.vars))
            });
            match wanted {
                Err(error) => chosen
                    .rejected
                    .push((part, format!("`where_each` failed: {error}"))),
                Ok(false) => {}
                Ok(true) => {
                    self.left = self.left.map(|left| left - 1);
                    chosen.parts.push(part);
                }
            }
        }
        chosen
    }
}

fn is_named(lists: &[IdList], id: &Id) -> bool {
    lists.iter().any(|list| list.ids.contains(id))
}

#[cfg(test)]
mod tests;
