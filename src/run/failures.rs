//! Failures in a row: when they are the changes' own, and when the run's.

use super::link::Ended;
use crate::{api::Id, event::Drain};

/// What failed since the last success.
///
/// A dead server fails whatever is sent to it. So a change that failed, and is known to have had no effect, is only
/// suspected of it: something that succeeds afterwards shows that the service works and the failure was the change's
/// own. When the failures in a row stop the run instead, the changes stay as they were.
#[derive(Debug)]
pub(super) struct Failures {
    stop_after: u32,
    in_a_row: u32,
    /// Where the last one was, and what it was.
    last: Option<(Id, String)>,
    suspected: Vec<Ended>,
}

impl Failures {
    /// Failures of which so many in a row stop the run.
    pub(super) const fn new(stop_after: u32) -> Self {
        Self {
            stop_after,
            in_a_row: 0,
            last: None,
            suspected: Vec::new(),
        }
    }

    /// Keeps a failure without an effect back until it is known whose it was.
    pub(super) fn suspect(&mut self, ended: Ended) {
        self.suspected.push(ended);
    }

    /// The failures that were kept back; they are the changes' own.
    pub(super) fn believe(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.suspected)
    }

    /// Something succeeded.
    pub(super) fn succeeded(&mut self) {
        self.in_a_row = 0;
        self.last = None;
    }

    /// Counts a failure; the reason to stop, when it was one too many. The same trouble with the same execution counts
    /// once: one bad record, however many changes it has, fails alone.
    pub(super) fn failed(&mut self, execution: &Id, detail: &str) -> Option<Drain> {
        let failure = Some((execution.clone(), detail.to_owned()));
        if self.last == failure {
            return None;
        }
        self.last = failure;
        self.in_a_row += 1;
        (self.in_a_row >= self.stop_after).then(|| Drain::FailuresInARow {
            failures: self.in_a_row,
            last: detail.to_owned(),
        })
    }
}
