//! Works on one group: reads its execution, then executes its changes, one after another.

mod checking;
mod reading;
mod sending;

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    decide::{Attempts, ChangeState, NextMove, decide},
    dispatcher::Settings,
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

/// The state that all workers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Arc<Client>,
    pub(super) settings: Settings,
    pub(super) budget: Arc<ErrorBudget>,
}

/// Executes a group's changes, as far as that is possible now. `places` are their states in the checkpoint. Changes that stay in doubt are
/// left for a later pass.
pub(super) async fn work(shared: &Shared, link: &Link, group: ExecutionChanges, places: Places) {
    let mut worker = Worker {
        shared,
        link,
        group: Arc::new(group),
        standings: places.standings,
        last_answer: places.last_answer,
        view: View::Unread,
        fresh_until: None,
    };
    match worker.run().await {
        // What a stop leaves open is already in the checkpoint.
        Ok(()) | Err(LeaveGroup) => {}
    }
}

/// The state of each change of a group, in order.
pub(super) struct Places {
    pub(super) standings: Vec<ChangeState>,
    /// The error or answer of the last attempt, while a change has no outcome.
    pub(super) last_answer: Vec<Option<String>>,
}

struct Worker<'a> {
    shared: &'a Shared,
    link: &'a Link,
    group: Arc<ExecutionChanges>,
    standings: Vec<ChangeState>,
    last_answer: Vec<Option<String>>,
    view: View,
    /// Until when the view is valid for writes; none if the execution may have changed.
    fresh_until: Option<Instant>,
}

/// The result of sending a change.
enum Sent {
    /// Everything that is possible now was done.
    Done,
    /// It was not sent: its execution had to be read again first, so the next move must be decided again.
    Read,
    /// It was not sent: its execution had to be read again, and that failed.
    Unread(String),
}

/// The other changes of the group that may explain a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Causes {
    /// Those that took effect, and those in doubt that no read can decide.
    Known,
    /// Also those in doubt that a read-back may still decide.
    Possible,
}

impl Worker<'_> {
    async fn run(&mut self) -> Result<(), LeaveGroup> {
        let in_doubt = self.has_doubt_to_read();
        let recheck = self.shared.settings.recheck && self.group.can_be_read();
        if (recheck || in_doubt) && !self.read().await? {
            return Ok(());
        }
        self.pass().await?;
        // A new doubt is read back once, so that the changes that wait for it can be made.
        if self.has_doubt_to_read() && !in_doubt && self.read().await? {
            self.pass().await?;
        }
        Ok(())
    }

    /// Whether a read-back may decide a doubt.
    fn has_doubt_to_read(&self) -> bool {
        let changes = self.group.changes.iter().zip(&self.standings);
        changes
            .filter(|(planned, _)| planned.can_be_read_back())
            .any(|(_, standing)| is_doubtful(standing))
    }

    /// Visits the changes once, in order.
    async fn pass(&mut self) -> Result<(), LeaveGroup> {
        for place in 0..self.group.changes.len() {
            while self.advance(place).await? {}
        }
        Ok(())
    }

    /// Makes the next move for a change. True if it has to be decided again.
    async fn advance(&mut self, place: usize) -> Result<bool, LeaveGroup> {
        if self.link.is_stopping() {
            return Err(LeaveGroup);
        }
        let reading = self.read_back(place, Causes::Known);
        let is_drift = matches!(reading, Some(Reading::Drifted(_)));
        let next = self.decide(place, reading);
        let acts = !matches!(next, NextMove::Leave | NextMove::Blocked | NextMove::Later);
        if acts && self.is_out_of_date() {
            return if self.read().await? {
                Ok(true)
            } else {
                Err(LeaveGroup)
            };
        }
        if is_drift && is_waiting(&self.standings[place]) && self.may_be_our_own_doing(place) {
            // The outcome of the doubt is known after a read-back.
            return Ok(false);
        }
        match next {
            NextMove::Leave | NextMove::Blocked | NextMove::Later => {}
            NextMove::End(end, detail) => {
                let slot = self.slot_of_doubt(place);
                let detail =
                    detail.or_else(|| (end == RecordedOutcome::Gone).then(|| self.absence(place)));
                self.end(place, end, detail);
                self.spend_slot(place, slot);
            }
            NextMove::GiveUp { attempts } => {
                let slot = self.slot_of_doubt(place);
                self.disprove(place, attempts);
                let detail = without_effect(attempts, self.last_answer[place].as_deref());
                self.fail(place, FailureCause::Own, detail);
                self.spend_slot(place, slot);
            }
            NextMove::Send {
                attempts,
                disproved,
            } => {
                let slot = match self.slot_of_doubt(place) {
                    Some(slot) => slot,
                    None => match self.slot().await? {
                        Some(slot) => slot,
                        // Later doubts may still be decided.
                        None => return Ok(false),
                    },
                };
                if disproved {
                    self.disprove(place, attempts);
                }
                let sent = self.send(place, attempts, disproved).await;
                self.spend_slot(place, Some(slot));
                match sent? {
                    Sent::Done => {}
                    Sent::Read => return Ok(true),
                    Sent::Unread(reason) => {
                        self.unread(&reason);
                        return Err(LeaveGroup);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Compares a change with the view, none if the execution was not read.
    fn read_back(&self, place: usize, causes: Causes) -> Option<Reading> {
        let causes = self.causes(place, causes);
        self.view.read_back(&self.group.changes[place], &causes)
    }

    /// The message for a target that was not found in the execution.
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

    /// Whether a request in doubt may have caused what looks like drift.
    fn may_be_our_own_doing(&self, place: usize) -> bool {
        let reading = self.read_back(place, Causes::Possible);
        !matches!(reading, Some(Reading::Drifted(_)))
    }

    fn decide(&self, place: usize, reading: Option<Reading>) -> NextMove {
        let (changes, standings) = (&self.group.changes, &self.standings);
        decide(
            changes,
            standings,
            place,
            reading,
            self.shared.settings.limits(),
        )
    }

    /// The other changes of the group that took effect, or may have and no read can decide; or also those in doubt.
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

    fn fail(&mut self, place: usize, cause: FailureCause, detail: String) {
        self.standings[place] = self.link.failed(&self.group.changes[place], cause, detail);
    }

    /// Waits for a slot of the error budget; none if it is used up.
    async fn slot(&self) -> Result<Option<Slot>, LeaveGroup> {
        let slot = self.link.unless_stopped(self.shared.budget.slot()).await?;
        if slot.is_none() {
            self.link.out_of_budget();
        }
        Ok(slot)
    }

    /// The slot of a doubt in the budget.
    fn slot_of_doubt(&self, place: usize) -> Option<Slot> {
        is_doubtful(&self.standings[place]).then(|| self.shared.budget.reclaim())
    }

    /// Spends an error, or a possible one, from the budget.
    fn spend_slot(&self, place: usize, slot: Option<Slot>) {
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

    fn trouble(&self, stop: StopReason) -> LeaveGroup {
        self.link.trouble(stop);
        LeaveGroup
    }
}

/// Why a change has failed none of whose attempts took effect.
fn without_effect(attempts: Attempts, last_answer: Option<&str>) -> String {
    let attempts = match attempts.made {
        1 => "1 attempt".to_owned(),
        made => format!("{made} attempts"),
    };
    match last_answer {
        Some(last_answer) => {
            format!("did not take effect in {attempts}; last answer or error: {last_answer}")
        }
        None => format!("did not take effect in {attempts}"),
    }
}

fn is_doubtful(standing: &ChangeState) -> bool {
    matches!(standing, ChangeState::Doubtful { .. })
}

fn is_waiting(standing: &ChangeState) -> bool {
    matches!(standing, ChangeState::Waiting { .. })
}
