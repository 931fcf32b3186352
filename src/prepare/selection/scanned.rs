//! The executions of a complete scan, in the plan's order.

use std::io;

use super::found::SpilledEntry;
use crate::{api::Generation, sort::Sorted, target::Execution};

/// The executions that were read, sorted by id, each once.
#[derive(Debug)]
pub struct Scanned {
    generation: Generation,
    sorted: Sorted,
    last: Option<String>,
    executions: u64,
    /// The rejected rows of the input: row number and reason, in order.
    pub rejected: Sorted,
    /// The organisation of the executions; none if there are none, or they don't name one.
    pub org: Option<String>,
}

/// One execution of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannedExecution {
    pub execution: Execution,
    /// Why `where` failed on it.
    pub rejected: Option<String>,
}

impl Scanned {
    pub(super) const fn new(
        generation: Generation,
        sorted: Sorted,
        rejected: Sorted,
        org: Option<String>,
    ) -> Self {
        Self {
            generation,
            sorted,
            last: None,
            executions: 0,
            rejected,
            org,
        }
    }

    /// The number of distinct executions, once all have been taken.
    pub const fn executions(&self) -> u64 {
        self.executions
    }

    fn look(&self, entry: SpilledEntry) -> io::Result<Option<ScannedExecution>> {
        let (found, rejected) = match entry {
            SpilledEntry::Left => return Ok(None),
            SpilledEntry::Kept(found) => (found, None),
            SpilledEntry::Rejected { found, reason } => (found, Some(reason)),
        };
        let execution = found.decode(self.generation).map_err(io::Error::other)?;
        Ok(Some(ScannedExecution {
            execution,
            rejected,
        }))
    }
}

impl Iterator for Scanned {
    type Item = io::Result<ScannedExecution>;

    /// The next execution that `where` kept.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (id, payload) = match self.sorted.next()? {
                Ok(pair) => pair,
                Err(error) => return Some(Err(error)),
            };
            // Found through two entities: one target.
            if self.last.as_ref() == Some(&id) {
                continue;
            }
            self.last = Some(id);
            self.executions += 1;
            let entry = serde_json::from_str(&payload).map_err(io::Error::from);
            let look = entry.and_then(|entry| self.look(entry)).transpose();
            if look.is_some() {
                return look;
            }
        }
    }
}
