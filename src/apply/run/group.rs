//! The changes of one execution, read from the plan as a stream.

use std::{io::BufRead, ops::Range};

use crate::{
    action::{Evidence, evidence},
    api::{Generation, Id, Level, Operation},
    plan::{Change, Item, PlanError, PlanReader, Repeat},
};

/// A change with its line in the plan and its operation.
#[derive(Clone, Debug)]
pub struct PlannedChange {
    pub line: u64,
    pub change: Change,
    pub operation: Operation,
}

impl PlannedChange {
    /// What a read can prove about an attempt in doubt.
    pub fn evidence(&self) -> Evidence {
        match self.change.repeat {
            // An effect that a read shows may come from another user.
            Repeat::Once => Evidence::None,
            Repeat::Safe | Repeat::Readable => evidence(&self.operation, self.change.expected()),
        }
    }

    /// Whether a read may prove the effect of an attempt.
    pub fn can_be_read_back(&self) -> bool {
        self.evidence() != Evidence::None
    }
}

/// All changes of one execution, in the plan's order; never empty.
#[derive(Clone, Debug)]
pub struct ExecutionChanges {
    pub execution: Id,
    pub generation: Generation,
    pub changes: Vec<PlannedChange>,
}

impl ExecutionChanges {
    /// Whether there is an execution to read yet.
    pub fn can_be_read(&self) -> bool {
        let starts = |planned: &PlannedChange| planned.change.target.kind == Level::Entity;
        !self.changes.iter().any(starts)
    }
}

/// The groups of a plan, one after the other.
#[derive(Debug)]
pub struct GroupStream<R> {
    reader: PlanReader<R>,
    next: Option<PlannedChange>,
    /// Groups that were read, or left out before the first.
    read: u64,
    /// The selected groups, counted from 0.
    range: Range<u64>,
}

impl<R: BufRead> GroupStream<R> {
    /// All of them.
    pub const fn new(reader: PlanReader<R>) -> Self {
        Self::within(reader, 0..u64::MAX)
    }

    /// Some of them, counted from 0.
    pub const fn within(reader: PlanReader<R>, range: Range<u64>) -> Self {
        Self {
            read: reader.groups_before(),
            reader,
            next: None,
            range,
        }
    }

    /// The next group; none at the end.
    ///
    /// # Errors
    ///
    /// If the plan can't be read, or has changed since it was checked.
    pub fn next_group(&mut self) -> Result<Option<ExecutionChanges>, PlanError> {
        while self.read < self.range.end {
            let group = self.read_group()?;
            self.read += 1;
            if group.is_none() || self.read > self.range.start {
                return Ok(group);
            }
        }
        Ok(None)
    }

    fn read_group(&mut self) -> Result<Option<ExecutionChanges>, PlanError> {
        let first = match self.next.take() {
            Some(first) => first,
            None => match self.next_change()? {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        let mut group = ExecutionChanges {
            execution: first.change.group.clone(),
            generation: first.change.target.api,
            changes: vec![first],
        };
        while let Some(planned) = self.next_change()? {
            if planned.change.group != group.execution {
                self.next = Some(planned);
                break;
            }
            group.changes.push(planned);
        }
        Ok(Some(group))
    }

    fn next_change(&mut self) -> Result<Option<PlannedChange>, PlanError> {
        while let Some(line) = self.reader.next_line()? {
            match line.item {
                Item::Skipped(_) | Item::Rejected(_) => {}
                Item::Change(change) => {
                    let operation = change.operation().map_err(|message| PlanError::Line {
                        line: line.number,
                        message,
                    })?;
                    return Ok(Some(PlannedChange {
                        line: line.number,
                        change: *change,
                        operation,
                    }));
                }
            }
        }
        Ok(None)
    }
}
