//! Which parts of an execution are targets: pure.

use serde_json::Value;

use super::{Execution, Part, context};
use crate::playbook::{Playbook, Select};

/// Chooses targets, execution after execution, until the limit is reached.
#[derive(Debug)]
pub struct Chooser<'a> {
    select: &'a Select,
    vars: Value,
    left: Option<u64>,
}

/// What was chosen of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub parts: Vec<Part>,
    /// Parts (or all of the execution) that could not be looked at, and why.
    pub rejected: Vec<(Part, String)>,
}

impl<'a> Chooser<'a> {
    pub fn new(playbook: &'a Playbook) -> Self {
        Self {
            select: &playbook.select,
            vars: Value::Object(playbook.vars.clone()),
            left: playbook.select.limit,
        }
    }

    /// Whether the limit is reached, so that no execution can hold a target any more.
    pub fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// `where`: whether an execution is kept.
    ///
    /// # Errors
    ///
    /// When the expression fails on this execution.
    pub fn keeps(&self, execution: &Execution) -> Result<bool, String> {
        if self.select.exclude.contains(&execution.id) {
            return Ok(false);
        }
        match &self.select.filter {
            None => Ok(true),
            Some(filter) => filter
                .test(&context(execution, &Part::Execution, &self.vars))
                .map_err(|error| format!("`where` failed: {error}")),
        }
    }

    /// `each`, `where_each`, `exclude` and `limit`: the targets of an execution that was kept. Nothing is looked at
    /// beyond the limit.
    pub fn choose(&mut self, execution: &Execution) -> Chosen {
        let mut chosen = Chosen::default();
        if self.is_full() {
            return chosen;
        }
        let parts = match execution.parts(self.select.each) {
            Ok(parts) => parts,
            Err(reason) => {
                chosen.rejected.push((Part::Execution, reason));
                return chosen;
            }
        };
        for part in parts {
            if self.is_full() {
                break;
            }
            if part.id().is_some_and(|id| self.select.exclude.contains(id)) {
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
