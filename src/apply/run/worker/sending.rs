//! Sends a change: rate limited, with its intent on disk, and based on a recent read.

use std::{sync::Arc, time::Duration};

use super::{Sent, Worker, checking::CheckedVerdict, is_doubtful};
use crate::{
    api::Verdict,
    checkpoint::{Detail, Record, RecordedOutcome},
    client::LongPause,
    event::{Event, StopReason},
    http::Renewal,
    pace::Lane,
    plan::Repeat,
    retry::Next,
    run::{
        decide::{Attempts, ChangeState, end_of_gone},
        failures::FailureCause,
        group::PlannedChange,
        link::LeaveGroup,
        view::View,
    },
};

/// The result of an attempt after which the change has no outcome.
struct Setback {
    cause: FailureCause,
    reason: String,
}

impl Worker<'_> {
    /// Sends a change until it has an outcome, is in doubt, or has used up its attempts. `disproved`: a read-back has judged earlier
    /// attempts to have had no effect.
    pub(super) async fn send(
        &mut self,
        place: usize,
        mut attempts: Attempts,
        disproved: bool,
    ) -> Result<Sent, LeaveGroup> {
        let group = Arc::clone(&self.group);
        let planned = &group.changes[place];
        let body = planned.change.request.body.as_ref();
        let body = body.map(|body| serde_json::to_vec(body).expect("JSON can be written"));
        loop {
            if let Some(changed) = self.look_again().await? {
                return Ok(changed);
            }
            attempts = attempts.and_one();
            let attempt = attempts.made;
            self.unless_stopped(self.shared.client.permit(self.lane()))
                .await?;
            self.link
                .started(planned, attempt, (self.shared.settings.now)())
                .await?;
            // While the intent was written, and during a pause, another user may have changed the execution.
            let never_left = match self.depart().await {
                Ok(None) => None,
                Ok(Some(changed)) => Some((
                    Ok(changed),
                    "the execution had to be read again before the request left, and has changed or could not be read",
                )),
                Err(stopped) => Some((Err(stopped), "the run stopped before the request left")),
            };
            if let Some((result, reason)) = never_left {
                self.link.record(Record::NoEffect {
                    line: planned.line,
                    attempt,
                    reason: Detail::new(reason),
                    never_left: true,
                });
                self.made(place, attempts.and_never_left());
                return result;
            }
            let tries = attempts.in_this_session();
            let client = &self.shared.client;
            let token = client.token_number();
            let verdict = client
                .send(&planned.operation, body.as_deref(), tries)
                .await;
            let checked = self.check(place, attempts, disproved, verdict).await?;
            let next = self
                .shared
                .client
                .after_write(&checked.verdict, checked.repeat, tries);
            if let Verdict::Unauthorized { message } = &checked.verdict {
                // It was not accepted, so it had no effect, and may be sent again with another token.
                self.link.record(Record::NoEffect {
                    line: planned.line,
                    attempt,
                    reason: Detail::new(message),
                    never_left: false,
                });
                self.made(place, attempts);
                self.renew(token, message).await?;
                continue;
            }
            let Some(setback) = self.take_in(place, attempts, disproved, checked) else {
                return Ok(Sent::Done);
            };
            if let Some(LongPause { pause }) = self.shared.client.long_pause() {
                // An error of the whole run, not a failure of this change.
                return Err(self.trouble(StopReason::LongPause { pause }));
            }
            match next {
                Next::Again { after } => {
                    self.link.event(Event::Retried {
                        target: planned.change.target.clone(),
                        reason: setback.reason,
                        after,
                    });
                    self.link.unless_stopped(tokio::time::sleep(after)).await?;
                }
                Next::Done | Next::ReadBack | Next::GiveUp => {
                    self.leave(place, planned, setback);
                    return Ok(Sent::Done);
                }
            }
        }
    }

    /// Writes after a read go before new groups: the longer they wait, the more may have changed.
    fn lane(&self) -> Lane {
        match self.view {
            View::Unread => Lane::New,
            View::Missing | View::Known(_) => Lane::Begun,
        }
    }

    /// Waits until a request may leave. Returns something if its execution had to be read again meanwhile, and has changed; then the
    /// request must not leave.
    async fn depart(&mut self) -> Result<Option<Sent>, LeaveGroup> {
        loop {
            self.unless_stopped(self.shared.client.depart()).await?;
            if !self.is_out_of_date() {
                self.link.may_send()?;
                return Ok(None);
            }
            if let Some(changed) = self.look_again().await? {
                return Ok(Some(changed));
            }
        }
    }

    /// Attempts were made, and the last one had no effect.
    pub(super) fn made(&mut self, place: usize, made: Attempts) {
        match &mut self.standings[place] {
            ChangeState::Waiting { attempts, .. } | ChangeState::Doubtful { attempts, .. } => {
                *attempts = made;
            }
            ChangeState::Ended(_) => {}
        }
    }

    /// Gets another token than the one of this number; if there is none, the run stops.
    async fn renew(&self, used: u64, message: &str) -> Result<(), LeaveGroup> {
        let message = match self.shared.client.renew(used).await {
            Renewal::Another => return Ok(()),
            Renewal::None => message.to_owned(),
            Renewal::Failed(why) => format!("{message}; {why}"),
        };
        Err(self.trouble(StopReason::Unauthorized { message }))
    }

    /// Waits for the limiter; a long pause stops the run.
    async fn unless_stopped(
        &self,
        limiter: impl Future<Output = Result<(), LongPause>>,
    ) -> Result<(), LeaveGroup> {
        let passed = self.link.unless_stopped(limiter).await?;
        passed.map_err(|LongPause { pause }| self.trouble(StopReason::LongPause { pause }))
    }

    /// Records the result of the last of these attempts. Returns a setback if the change has no outcome yet.
    fn take_in(
        &mut self,
        place: usize,
        attempts: Attempts,
        disproved: bool,
        checked: CheckedVerdict,
    ) -> Option<Setback> {
        let planned = &self.group.changes[place];
        let (line, attempt) = (planned.line, attempts.made);
        let was_doubtful = is_doubtful(&self.standings[place]);
        let no_effect = |reason: &str| Record::NoEffect {
            line,
            attempt,
            reason: Detail::new(reason),
            never_left: false,
        };
        // If no read can decide an earlier attempt, the answer to a later one can't either.
        let stays_in_doubt = was_doubtful && planned.change.repeat == Repeat::Once;
        let (record, cause, reason) = match checked.verdict {
            Verdict::Applied(answer) => {
                let answer = answer.map(|answer| answer.object);
                let is_known = checked.is_seen || self.view.wrote(planned, answer);
                if !is_known || self.moved_what_is_written_next(place) {
                    self.fresh_until = None;
                }
                self.end(place, RecordedOutcome::Applied, None);
                return None;
            }
            Verdict::Gone { message, .. } if !stays_in_doubt => {
                let end = end_of_gone(&planned.operation, was_doubtful || disproved);
                self.end(place, end, Some(message));
                return None;
            }
            Verdict::Refused { status, message } if !was_doubtful => {
                let detail = format!("{status}: {message}");
                self.end(place, RecordedOutcome::Refused, Some(detail));
                return None;
            }
            // This attempt had no effect; an earlier one may be the reason.
            Verdict::Refused { status, message } => {
                let reason = format!("{status}: {message}");
                (no_effect(&reason), FailureCause::Own, reason)
            }
            Verdict::Gone { message, .. } | Verdict::Unauthorized { message } => {
                (no_effect(&message), FailureCause::Own, message)
            }
            Verdict::Throttled { message, .. } => {
                let reason = format!("429: {message}");
                let record = if was_doubtful {
                    no_effect(&reason)
                } else {
                    Record::Throttled { line, attempt }
                };
                (record, FailureCause::Own, reason)
            }
            Verdict::NotSent { reason } => (no_effect(&reason), FailureCause::Untried, reason),
            Verdict::Unknown { reason, .. } => (
                Record::Unknown {
                    line,
                    attempt,
                    at: (self.shared.settings.now)(),
                    reason: Detail::new(&reason),
                },
                FailureCause::Own,
                reason,
            ),
        };
        let doubtful = was_doubtful || matches!(record, Record::Unknown { .. });
        self.link.record(record);
        self.last_answer[place] = Some(reason.clone());
        self.standings[place] = if doubtful {
            ChangeState::Doubtful {
                attempts,
                age: Duration::ZERO,
                may_repeat: false,
            }
        } else {
            ChangeState::Waiting {
                attempts,
                disproved,
            }
        };
        Some(Setback { cause, reason })
    }

    /// No further attempt now: a change without an effect has failed, a possible effect is read back later.
    fn leave(&mut self, place: usize, planned: &PlannedChange, setback: Setback) {
        let Setback { cause, reason } = setback;
        if is_doubtful(&self.standings[place]) {
            self.link.event(Event::Doubted {
                target: planned.change.target.clone(),
                reason,
            });
        } else {
            self.fail(place, cause, reason);
        }
    }
}
