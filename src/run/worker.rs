//! Works on one group: reads its execution, then brings its changes to an end, one after another.

mod checking;
mod reading;
mod sending;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    decide::{Attempts, ChangeState, Limits, NextMove, decide},
    error_budget::{ErrorBudget, Slot},
    failures::FailureCause,
    group::ExecutionChanges,
    link::{LeaveGroup, Link},
    own_effects::Cause,
    view::View,
};
use crate::{
    action::Reading,
    api::Level,
    checkpoint::{Record, RecordedOutcome},
    client::Client,
    event::StopReason,
    outcome::Outcome,
};

/// What all workers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Arc<Client>,
    /// Whether each execution is read once more before its changes are sent.
    pub(super) recheck: bool,
    /// The organisation that was planned on.
    pub(super) org: Option<String>,
    pub(super) limits: Limits,
    /// For how long what was read may be written on.
    pub(super) view_lasts: Duration,
    pub(super) budget: Arc<ErrorBudget>,
    /// The present, in Unix milliseconds.
    pub(super) now: fn() -> i64,
}

/// Brings a group's changes to an end, as far as that is possible now. `places` says where each of them stood in
/// the checkpoint. What stays in doubt is left for a later pass.
pub(super) async fn work(shared: &Shared, link: &Link, group: ExecutionChanges, places: Places) {
    let mut worker = Worker {
        shared,
        link,
        group,
        standings: places.standings,
        met: places.met,
        view: View::Unread,
        fresh_until: None,
    };
    match worker.run().await {
        // What a stop leaves open is in the checkpoint as it is.
        Ok(()) | Err(LeaveGroup) => {}
    }
}

/// What is known of each change of a group, in its order.
pub(super) struct Places {
    pub(super) standings: Vec<ChangeState>,
    /// What the last attempt met, while a change has no end.
    pub(super) met: Vec<Option<String>>,
}

struct Worker<'a> {
    shared: &'a Shared,
    link: &'a Link,
    group: ExecutionChanges,
    standings: Vec<ChangeState>,
    met: Vec<Option<String>>,
    view: View,
    /// Until when the view may be written on; none when what is there may be something else by now.
    fresh_until: Option<Instant>,
}

/// What became of an attempt to send a change.
enum Sent {
    /// All that can be done with it now was done.
    Settled,
    /// It was not sent: its execution had to be read again first. What follows from that is to be decided anew.
    Read,
    /// It was not sent: its execution had to be read again, and that failed.
    Unread(FailureCause, String),
}

/// Which other changes of the group explain what is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Causes {
    /// Those that took effect, and those of which no read will ever tell.
    Known,
    /// Also those in doubt that a read may still settle.
    Possible,
}

impl Worker<'_> {
    async fn run(&mut self) -> Result<(), LeaveGroup> {
        let in_doubt = self.has_doubt_to_read();
        let recheck = self.shared.recheck && self.group.can_be_read();
        if (recheck || in_doubt) && !self.read().await? {
            return Ok(());
        }
        self.pass().await?;
        // What became doubtful just now is looked up once, so that what waits for it can go on.
        if self.has_doubt_to_read() && !in_doubt && self.read().await? {
            self.pass().await?;
        }
        Ok(())
    }

    /// Whether a read may end a doubt.
    fn has_doubt_to_read(&self) -> bool {
        let changes = self.group.changes.iter().zip(&self.standings);
        changes
            .filter(|(planned, _)| planned.can_be_read_back())
            .any(|(_, standing)| is_doubtful(standing))
    }

    /// Goes through the changes once, in order.
    async fn pass(&mut self) -> Result<(), LeaveGroup> {
        for place in 0..self.group.changes.len() {
            while self.advance(place).await? {}
        }
        Ok(())
    }

    /// Does with a change what is to be done now. True when it has to be looked at again.
    async fn advance(&mut self, place: usize) -> Result<bool, LeaveGroup> {
        if self.link.is_stopping() {
            return Err(LeaveGroup);
        }
        let reading = self.read_back(place, Causes::Known);
        let is_drift = matches!(reading, Some(Reading::Drifted(_)));
        let step = self.decide(place, reading);
        let acts = !matches!(step, NextMove::Leave | NextMove::Blocked | NextMove::Later);
        if acts && self.is_out_of_date() {
            return if self.read().await? {
                Ok(true)
            } else {
                Err(LeaveGroup)
            };
        }
        if is_drift && is_waiting(&self.standings[place]) && self.may_be_our_own_doing(place) {
            // The doubt tells, once a read has settled it.
            return Ok(false);
        }
        match step {
            NextMove::Leave | NextMove::Blocked | NextMove::Later => {}
            NextMove::End(end, detail) => {
                let slot = self.slot_of_doubt(place);
                let detail =
                    detail.or_else(|| (end == RecordedOutcome::Gone).then(|| self.absence(place)));
                self.end(place, end, detail);
                self.settle(place, slot);
            }
            NextMove::GiveUp { attempts } => {
                let slot = self.slot_of_doubt(place);
                self.disprove(place, attempts);
                let detail = without_effect(attempts, self.met[place].as_deref());
                self.fail(place, FailureCause::Own, detail);
                self.settle(place, slot);
            }
            NextMove::Send {
                attempts,
                disproved,
            } => {
                let slot = match self.slot_of_doubt(place) {
                    Some(slot) => slot,
                    None => match self.slot().await? {
                        Some(slot) => slot,
                        // The doubts behind it may still be settled.
                        None => return Ok(false),
                    },
                };
                if disproved {
                    self.disprove(place, attempts);
                }
                let sent = self.send(place, attempts, disproved).await;
                self.settle(place, Some(slot));
                match sent? {
                    Sent::Settled => {}
                    Sent::Read => return Ok(true),
                    Sent::Unread(fault, reason) => {
                        self.unread(fault, &reason);
                        return Err(LeaveGroup);
                    }
                }
            }
        }
        Ok(false)
    }

    /// What the view says about a change, none when the execution was not read.
    fn read_back(&self, place: usize, causes: Causes) -> Option<Reading> {
        let causes = self.causes(place, causes);
        self.view.read_back(&self.group.changes[place], &causes)
    }

    /// What was not found when the execution was read.
    fn absence(&self, place: usize) -> String {
        let what = match self.view {
            View::Unread | View::Missing => Level::Execution,
            View::Known(_) => self.group.changes[place].change.target.kind,
        };
        let when = if is_doubtful(&self.standings[place]) {
            "after the attempt"
        } else {
            "before the change"
        };
        format!("the {} was not found when it was read {when}", what.word())
    }

    /// Whether what looks like somebody else's doing may have been caused by a request in doubt.
    fn may_be_our_own_doing(&self, place: usize) -> bool {
        let reading = self.read_back(place, Causes::Possible);
        !matches!(reading, Some(Reading::Drifted(_)))
    }

    fn decide(&self, place: usize, reading: Option<Reading>) -> NextMove {
        let (changes, standings) = (&self.group.changes, &self.standings);
        decide(changes, standings, place, reading, self.shared.limits)
    }

    /// The other changes of the group that took effect, or may have and no read will tell; or also those in doubt.
    fn causes(&self, place: usize, causes: Causes) -> Vec<Cause<'_>> {
        let others = self.group.changes.iter().zip(&self.standings).enumerate();
        others
            .filter(|(other, (planned, standing))| {
                *other != place
                    && match standing {
                        ChangeState::Doubtful { .. } => {
                            causes == Causes::Possible || !planned.can_be_read_back()
                        }
                        ChangeState::Ended(
                            Outcome::Applied | Outcome::AlreadyDone | Outcome::InDoubt,
                        ) => true,
                        ChangeState::Waiting { .. }
                        | ChangeState::Ended(
                            Outcome::Drifted
                            | Outcome::Gone
                            | Outcome::Refused
                            | Outcome::Failed
                            | Outcome::NotAttempted,
                        ) => false,
                    }
            })
            .map(|(_, (planned, _))| Cause {
                effects: &planned.change.effects,
                target: &planned.change.target,
            })
            .collect()
    }

    fn end(&mut self, place: usize, end: RecordedOutcome, detail: Option<String>) {
        self.standings[place] = self.link.ended(&self.group.changes[place], end, detail);
    }

    fn fail(&mut self, place: usize, fault: FailureCause, detail: String) {
        self.standings[place] = self.link.failed(&self.group.changes[place], fault, detail);
    }

    /// Waits for the right to fail; none when there is none any more.
    async fn slot(&self) -> Result<Option<Slot>, LeaveGroup> {
        let slot = self.link.unless_stopped(self.shared.budget.slot()).await?;
        if slot.is_none() {
            self.link.held_back();
        }
        Ok(slot)
    }

    /// The slot that a doubt has taken from the budget.
    fn slot_of_doubt(&self, place: usize) -> Option<Slot> {
        is_doubtful(&self.standings[place]).then(|| self.shared.budget.reclaim())
    }

    /// Takes an error, or what may be one, from the budget.
    fn settle(&self, place: usize, slot: Option<Slot>) {
        let is_error = match &self.standings[place] {
            ChangeState::Waiting { .. } => false,
            ChangeState::Doubtful { .. } => true,
            ChangeState::Ended(outcome) => outcome.is_error(),
        };
        if let (true, Some(slot)) = (is_error, slot) {
            slot.spend();
        }
    }

    fn disprove(&mut self, place: usize, attempts: Attempts) {
        if is_doubtful(&self.standings[place]) {
            self.link.record(Record::NotApplied {
                line: self.group.changes[place].line,
                attempt: attempts.made,
            });
            self.standings[place] = ChangeState::Waiting {
                attempts,
                disproved: true,
            };
        }
    }

    fn trouble(&self, drain: StopReason) -> LeaveGroup {
        self.link.trouble(drain);
        LeaveGroup
    }
}

/// Why a change has failed that no attempt has made.
fn without_effect(attempts: Attempts, met: Option<&str>) -> String {
    let attempts = match attempts.made {
        1 => "1 attempt".to_owned(),
        made => format!("{made} attempts"),
    };
    match met {
        Some(met) => format!("did not take effect in {attempts}; last answer or error: {met}"),
        None => format!("did not take effect in {attempts}"),
    }
}

fn is_doubtful(standing: &ChangeState) -> bool {
    matches!(standing, ChangeState::Doubtful { .. })
}

fn is_waiting(standing: &ChangeState) -> bool {
    matches!(standing, ChangeState::Waiting { .. })
}
