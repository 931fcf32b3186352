//! The executions of a complete scan, in the plan's order.

use std::io;

use super::{
    found::{SpilledEntry, SpilledExecution},
    scan_error::ScanError,
};
use crate::{api::Generation, sort::Sorted, target::Execution};

/// The executions that were read, sorted by id, each once.
#[derive(Debug)]
pub struct Scanned {
    generation: Generation,
    sorted: Sorted,
    /// The id of the last execution, and what was stored of it but for its JSON.
    last: Option<(String, SpilledExecution)>,
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

    /// The next execution, unless it is the last one again, found through two entities: one target.
    fn distinct(&mut self, id: String, payload: &str) -> Result<Option<SpilledEntry>, ScanError> {
        let found: SpilledExecution = serde_json::from_str(payload).map_err(io::Error::from)?;
        let marks = SpilledExecution {
            entry: SpilledEntry::Left,
            ..found
        };
        match &self.last {
            Some((last, earlier)) if *last == id => {
                if marks.contradicts(earlier) {
                    return Err(ScanError::Contradiction { id });
                }
                Ok(None)
            }
            Some(_) | None => {
                self.last = Some((id, marks));
                self.executions += 1;
                Ok(Some(found.entry))
            }
        }
    }
}

impl Iterator for Scanned {
    type Item = Result<ScannedExecution, ScanError>;

    /// The next execution that `where` kept.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let pair = self.sorted.next()?.map_err(ScanError::from);
            let entry = pair.and_then(|(id, payload)| self.distinct(id, &payload));
            let look = entry.and_then(|entry| match entry {
                Some(entry) => Ok(self.look(entry)?),
                None => Ok(None),
            });
            if let Some(item) = look.transpose() {
                return Some(item);
            }
        }
    }
}
