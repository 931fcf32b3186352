//! Reads a group's execution: once before its writes, once more if that may decide a doubt, and again if the last read is too old for a
//! write.

use std::time::Duration;

use tokio::time::Instant;

use super::{Sent, Worker, is_doubtful};
use crate::{
    api::{Operation, ReadFinding, ReadTrouble},
    client::{LongPause, ReadErrorKind, TimedRead},
    event::{Event, StopReason},
    plan::Effect,
    run::{
        decide::{ChangeState, NextMove},
        failures::FailureCause,
        link::LeaveGroup,
        view::View,
    },
    target::org_of,
};

/// At a slow pace a view is valid for the time of this number of requests: otherwise each write would follow a read that is too old.
const VIEW_LASTS_REQUESTS: u32 = 3;

/// With a service that takes long to answer, a view lasts for its answer and this: enough to write the intent down.
const VIEW_LASTS_AFTER: Duration = Duration::from_secs(1);

/// An execution as it was at some time between the request and the answer.
pub(super) struct Seen {
    view: View,
    sent: Instant,
    took: Duration,
}

/// Why an answer is not the requested execution.
enum Mismatch {
    Undecodable(String),
    OtherOrganisation(StopReason),
}

impl Worker<'_> {
    /// Reads the execution. False if that failed: then the unsent changes have failed, and doubts stay.
    pub(super) async fn read(&mut self) -> Result<bool, LeaveGroup> {
        match self.fetch().await? {
            Ok(seen) => {
                self.see(seen);
                Ok(true)
            }
            Err(reason) => {
                self.unread(&reason);
                Ok(false)
            }
        }
    }

    /// The current execution, or why it can't be read.
    pub(super) async fn fetch(&self) -> Result<Result<Seen, String>, LeaveGroup> {
        let operation = Operation::read(self.group.generation, &self.group.execution);
        let read = self
            .link
            .unless_stopped(self.shared.client.read_at(&operation, &[], None))
            .await?;
        let looked = read.map(|TimedRead { found, sent, took }| {
            let view = self.look(found)?;
            Ok(Seen { view, sent, took })
        });
        let failure = match looked {
            Ok(Ok(seen)) => {
                self.link.read(operation);
                return Ok(Ok(seen));
            }
            Ok(Err(Mismatch::Undecodable(reason))) => reason,
            Ok(Err(Mismatch::OtherOrganisation(stop))) => return Err(self.trouble(stop)),
            Err(error) => match &error.kind {
                ReadErrorKind::Answer(ReadTrouble::Unauthorized { message }) => {
                    return Err(self.trouble(StopReason::Unauthorized {
                        message: message.clone(),
                    }));
                }
                ReadErrorKind::LongPause(LongPause { pause }) => {
                    return Err(self.trouble(StopReason::LongPause { pause: *pause }));
                }
                ReadErrorKind::Answer(
                    ReadTrouble::Refused { .. }
                    | ReadTrouble::Throttled { .. }
                    | ReadTrouble::Unreachable { .. }
                    | ReadTrouble::Failing { .. }
                    | ReadTrouble::NotJson { .. }
                    | ReadTrouble::TooLarge { .. },
                )
                | ReadErrorKind::UnsafePayload
                | ReadErrorKind::Disk(_) => error.to_string(),
            },
        };
        Ok(Err(failure))
    }

    /// The consequence for the changes if their execution could not be read.
    pub(super) fn unread(&mut self, reason: &str) {
        for place in 0..self.group.changes.len() {
            let planned = &self.group.changes[place];
            if is_doubtful(&self.standings[place]) {
                self.link.event(Event::Doubted {
                    target: planned.change.target.clone(),
                    reason: reason.to_owned(),
                });
                continue;
            }
            match self.decide(place, None) {
                NextMove::Send { .. } => {
                    let Some(slot) = self.shared.budget.try_slot() else {
                        self.link.out_of_budget();
                        continue;
                    };
                    let detail = format!("its execution could not be read: {reason}");
                    self.fail(place, FailureCause::Untried, detail);
                    self.spend_slot(place, Some(slot));
                }
                // A change that waits for an earlier one depends on that one's outcome.
                NextMove::Leave
                | NextMove::Blocked
                | NextMove::Later
                | NextMove::End(..)
                | NextMove::GiveUp { .. } => {}
            }
        }
    }

    fn look(&self, found: ReadFinding) -> Result<View, Mismatch> {
        let execution = match found {
            ReadFinding::Missing => return Ok(View::Missing),
            ReadFinding::Json(execution) => execution,
        };
        if execution["id"] != self.group.execution.as_str() {
            return Err(Mismatch::Undecodable(
                "the answer is another execution".to_owned(),
            ));
        }
        let org = org_of(self.group.generation, &execution)
            .map_err(|error| Mismatch::Undecodable(format!("the answer can't be used: {error}")))?;
        match (&self.shared.settings.org, org) {
            (Some(planned), Some(found)) if planned != found => {
                Err(Mismatch::OtherOrganisation(StopReason::OtherOrganisation {
                    planned: planned.clone(),
                    found: found.to_owned(),
                }))
            }
            (Some(_) | None, Some(_) | None) => Ok(View::Known(Box::new(execution))),
        }
    }

    /// Reads the execution again if the view is outdated. Returns something if the execution has changed, or can't be read.
    pub(super) async fn look_again(&mut self) -> Result<Option<Sent>, LeaveGroup> {
        if !self.is_out_of_date() {
            return Ok(None);
        }
        let before = self.view.clone();
        Ok(match self.fetch().await? {
            Err(reason) => Some(Sent::Unread(reason)),
            Ok(seen) => {
                let is_as_before = seen.view == before;
                self.see(seen);
                (!is_as_before).then_some(Sent::Read)
            }
        })
    }

    /// Whether an applied change lets the flow advance, and a status of the group is still to be written: it may have changed, too.
    pub(super) fn moved_what_is_written_next(&self, place: usize) -> bool {
        let moves = |effect: &Effect| match effect {
            Effect::FlowAdvances | Effect::LaterTasksReset => true,
            Effect::AutomationFires
            | Effect::AutomationsMayFire
            | Effect::EntityWrite(_)
            | Effect::EntityWritesUnknown
            | Effect::Notice(_)
            | Effect::NoticesUnknown => false,
        };
        let mut others = self.group.changes.iter().zip(&self.standings).enumerate();
        self.group.changes[place].change.effects.iter().any(moves)
            && others.any(|(other, (planned, standing))| {
                other != place
                    && !matches!(standing, ChangeState::Ended(_))
                    && planned.change.before.contains_key("status")
            })
    }

    /// Whether the last read of the execution is too old for a write.
    pub(super) fn is_out_of_date(&self) -> bool {
        match self.view {
            // No read is requested.
            View::Unread => false,
            View::Missing | View::Known(_) => {
                self.fresh_until.is_none_or(|until| Instant::now() > until)
            }
        }
    }

    pub(super) fn see(&mut self, Seen { view, sent, took }: Seen) {
        let at_this_pace = self.shared.client.interval() * VIEW_LASTS_REQUESTS;
        let lasts = self.shared.settings.view_lasts.max(at_this_pace);
        self.view = view;
        self.fresh_until = Some(sent + lasts.max(took + VIEW_LASTS_AFTER));
    }
}
