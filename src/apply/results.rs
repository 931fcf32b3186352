//! What became of each change of a run: its plan and its checkpoint, read side by side.

use std::io::BufRead;

use crate::{
    checkpoint::CheckpointState,
    outcome::Outcome,
    plan::{Change, Item, PlanError, PlanReader},
};

/// A change and its outcome so far.
#[derive(Clone, Debug)]
pub struct ChangeResult {
    pub change: Change,
    pub outcome: Outcome,
}

/// The results of a run, together for each execution, in the order of the plan.
#[derive(Debug)]
pub struct Results<R> {
    plan: PlanReader<R>,
    state: CheckpointState,
    /// The first one of the next execution.
    next: Option<ChangeResult>,
}

impl<R: BufRead> Results<R> {
    pub const fn new(plan: PlanReader<R>, state: CheckpointState) -> Self {
        Self {
            plan,
            state,
            next: None,
        }
    }

    fn next_result(&mut self) -> Result<Option<ChangeResult>, PlanError> {
        while let Some(line) = self.plan.next_line()? {
            if let Item::Change(change) = line.item {
                return Ok(Some(ChangeResult {
                    change: *change,
                    outcome: self.state.outcome_so_far(line.number),
                }));
            }
        }
        Ok(None)
    }

    fn next_group(&mut self) -> Result<Option<Vec<ChangeResult>>, PlanError> {
        let first = match self.next.take() {
            Some(first) => first,
            None => match self.next_result()? {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        let mut group = vec![first];
        while let Some(result) = self.next_result()? {
            if result.change.group != group[0].change.group {
                self.next = Some(result);
                break;
            }
            group.push(result);
        }
        Ok(Some(group))
    }
}

impl<R: BufRead> Iterator for Results<R> {
    type Item = Result<Vec<ChangeResult>, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_group().transpose()
    }
}
