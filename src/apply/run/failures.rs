//! Failures in a row: whether they are failures of the changes, or of the run.

use std::collections::BTreeSet;

use super::link::EndedChange;
use crate::{api::Id, event::StopReason};

/// Failures since the last success.
///
/// If the server is down, every request fails. So a failure without an effect is held back at first. A later success shows that the service
/// works, and that the change itself failed. If nothing succeeds, or the failures in a row stop the run, the changes stay open.
#[derive(Debug)]
pub(super) struct Failures {
    stop_after: u32,
    /// The executions with a failure since the last success.
    in_a_row: BTreeSet<Id>,
    held_back: Vec<(EndedChange, FailureCause)>,
}

/// Why a change has failed without an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureCause {
    /// It was not sent: no connection, or its execution could not be read.
    Untried,
    /// The service was reached, and no attempt took effect.
    Own,
}

impl Failures {
    /// Stops the run after this many failures in a row.
    pub(super) const fn new(stop_after: u32) -> Self {
        Self {
            stop_after,
            in_a_row: BTreeSet::new(),
            held_back: Vec::new(),
        }
    }

    /// Holds back a failure without an effect until its cause is known.
    pub(super) fn hold_back(&mut self, ended: EndedChange, cause: FailureCause) {
        self.held_back.push((ended, cause));
    }

    /// A change succeeded: the failures that were held back are failures of the changes.
    pub(super) fn succeeded(&mut self) -> Vec<EndedChange> {
        self.in_a_row.clear();
        let held_back = std::mem::take(&mut self.held_back);
        held_back.into_iter().map(|(ended, _)| ended).collect()
    }

    /// The end of a pass: returns the failures of changes that are certain even without a later success; and those of changes that were not
    /// sent, whose cause may be the server.
    pub(super) fn at_end_of_pass(&mut self) -> (Vec<EndedChange>, Vec<EndedChange>) {
        let held_back = std::mem::take(&mut self.held_back);
        let (own, untried): (Vec<_>, Vec<_>) =
            held_back.into_iter().partition(|(_, cause)| match cause {
                FailureCause::Untried => false,
                FailureCause::Own => true,
            });
        let [own, untried] =
            [own, untried].map(|failures| failures.into_iter().map(|(ended, _)| ended).collect());
        (own, untried)
    }

    /// Counts a failure; returns the reason to stop, if there were too many. An execution counts once, however many of its changes fail,
    /// and however often: one bad record fails alone.
    pub(super) fn failed(&mut self, execution: &Id, detail: &str) -> Option<StopReason> {
        self.in_a_row.insert(execution.clone());
        let failures = u32::try_from(self.in_a_row.len()).unwrap_or(u32::MAX);
        (failures >= self.stop_after).then(|| StopReason::FailuresInARow {
            failures,
            last: detail.to_owned(),
        })
    }
}
