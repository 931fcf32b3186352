//! Works on one group: reads its execution, then brings its changes to an end, one after another.

mod reading;

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    decide::{Attempts, Limits, Standing, Step, decide, end_of_gone},
    error_budget::{ErrorBudget, Slot},
    group::{Group, Planned},
    link::{Link, Stopped},
    view::View,
};
use crate::{
    action::Reading,
    api::Verdict,
    checkpoint::{Detail, End, Record},
    client::{Client, LongPause},
    event::{Drain, Event},
    http::Renewal,
    outcome::Outcome,
    plan::Effect,
    retry::Next,
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
    pub(super) budget: Arc<ErrorBudget>,
    /// The present, in Unix milliseconds.
    pub(super) now: fn() -> i64,
}

/// Brings a group's changes to an end, as far as that is possible now. `standings` says where each of them stood in
/// the checkpoint. What stays in doubt is left for a later pass.
pub(super) async fn work(shared: &Shared, link: &Link, group: Group, standings: Vec<Standing>) {
    let mut worker = Worker {
        shared,
        link,
        group,
        standings,
        view: View::Unread,
    };
    match worker.run().await {
        // What a stop leaves open is in the checkpoint as it is.
        Ok(()) | Err(Stopped) => {}
    }
}

struct Worker<'a> {
    shared: &'a Shared,
    link: &'a Link,
    group: Group,
    standings: Vec<Standing>,
    view: View,
}

impl Worker<'_> {
    async fn run(&mut self) -> Result<(), Stopped> {
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
    async fn pass(&mut self) -> Result<(), Stopped> {
        for place in 0..self.group.changes.len() {
            if self.link.is_stopping() {
                return Err(Stopped);
            }
            let caused = self.caused_before(place);
            let reading = self.view.read_back(&self.group.changes[place], &caused);
            match self.decide(place, reading) {
                Step::Leave | Step::Blocked | Step::Later => {}
                Step::End(end, detail) => {
                    let slot = self.slot_of_doubt(place);
                    self.end(place, end, detail);
                    self.settle(place, slot);
                }
                Step::GiveUp { attempts } => {
                    let slot = self.slot_of_doubt(place);
                    self.disprove(place, attempts);
                    let detail = format!("did not take effect in {} attempts", attempts.made);
                    self.end(place, End::Failed, Some(detail));
                    self.settle(place, slot);
                }
                Step::Send {
                    attempts,
                    disproved,
                } => {
                    let slot = match self.slot_of_doubt(place) {
                        Some(slot) => slot,
                        None => self.slot().await?,
                    };
                    if disproved {
                        self.disprove(place, attempts);
                    }
                    let sent = self.send(place, attempts, disproved).await;
                    self.settle(place, Some(slot));
                    sent?;
                }
            }
        }
        Ok(())
    }

    fn decide(&self, place: usize, reading: Option<Reading>) -> Step {
        let (changes, standings) = (&self.group.changes, &self.standings);
        decide(changes, standings, place, reading, self.shared.limits)
    }

    /// What the requests for the changes before this one may have brought about, besides what they wrote.
    fn caused_before(&self, place: usize) -> Vec<Effect> {
        let earlier = self.group.changes.iter().zip(&self.standings).take(place);
        earlier
            .filter(|(_, standing)| match standing {
                Standing::Doubtful { .. }
                | Standing::Ended(Outcome::Applied | Outcome::AlreadyDone | Outcome::InDoubt) => {
                    true
                }
                Standing::Waiting { .. }
                | Standing::Ended(
                    Outcome::Drifted
                    | Outcome::Gone
                    | Outcome::Refused
                    | Outcome::Failed
                    | Outcome::NotAttempted,
                ) => false,
            })
            .flat_map(|(planned, _)| planned.change.effects.iter().copied())
            .collect()
    }

    fn end(&mut self, place: usize, end: End, detail: Option<String>) {
        self.standings[place] = self.link.ended(&self.group.changes[place], end, detail);
    }

    /// Waits for the right to fail; when there is none any more, the group is left as it is.
    async fn slot(&self) -> Result<Slot, Stopped> {
        let slot = self.link.unless_stopped(self.shared.budget.slot()).await?;
        slot.ok_or_else(|| {
            self.link.held_back();
            Stopped
        })
    }

    /// The slot that a doubt has taken from the budget.
    fn slot_of_doubt(&self, place: usize) -> Option<Slot> {
        is_doubtful(&self.standings[place]).then(|| self.shared.budget.reclaim())
    }

    /// Takes an error, or what may be one, from the budget.
    fn settle(&self, place: usize, slot: Option<Slot>) {
        let is_error = match &self.standings[place] {
            Standing::Waiting { .. } => false,
            Standing::Doubtful { .. } => true,
            Standing::Ended(outcome) => outcome.is_error(),
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
            self.standings[place] = Standing::Waiting { attempts };
        }
    }

    /// Sends a change until it has an end, is in doubt, or has used up its attempts. `disproved`: a read said of earlier
    /// attempts that they took no effect.
    async fn send(
        &mut self,
        place: usize,
        mut attempts: Attempts,
        disproved: bool,
    ) -> Result<(), Stopped> {
        let planned = self.group.changes[place].clone();
        let body = planned
            .change
            .request
            .body
            .as_ref()
            .map(|body| Value::from_iter(body.clone()).to_string());
        loop {
            attempts = attempts.and_one();
            let attempt = attempts.made;
            let client = &self.shared.client;
            self.unless_stopped(client.permit()).await?;
            self.link
                .started(&planned, attempt, (self.shared.now)())
                .await?;
            // The service may have asked for a rest while the intent was written down.
            if let Err(stopped) = self.unless_stopped(client.gate()).await {
                self.link.record(Record::NotSent {
                    line: planned.line,
                    attempt,
                    reason: Detail::new("the run stopped before it was sent"),
                });
                return Err(stopped);
            }
            let token = client.token_number();
            let mut verdict = client
                .send(&planned.operation, body.as_deref().map(str::as_bytes))
                .await;
            if let (true, Verdict::Refused { .. }) = (disproved, &verdict) {
                verdict = self.doubt_refusal(place, verdict).await?;
            }
            let tries = attempts.in_this_session();
            let client = &self.shared.client;
            let next = client.after_write(&verdict, planned.change.repeat, tries);
            if let Verdict::Unauthorized { message } = &verdict {
                // It was not accepted, so it did nothing, and may be sent again with another token.
                self.link.record(Record::NotSent {
                    line: planned.line,
                    attempt,
                    reason: Detail::new(message),
                });
                self.renew(token, message).await?;
                continue;
            }
            let Some(reason) = self.take_in(place, attempts, disproved, verdict) else {
                return Ok(());
            };
            if let Some(LongPause { pause }) = self.shared.client.long_pause() {
                // The whole run's trouble, not a failure of this change.
                return Err(self.trouble(Drain::LongPause { pause }));
            }
            match next {
                Next::Again { after } => {
                    self.link.event(Event::Retried {
                        target: planned.change.target.clone(),
                        reason,
                        after,
                    });
                    self.link.unless_stopped(tokio::time::sleep(after)).await?;
                }
                Next::Done | Next::ReadBack | Next::GiveUp => {
                    self.leave(place, &planned, reason);
                    return Ok(());
                }
            }
        }
    }

    /// Gets another token than the one of this number; when there is none, that is the run's trouble.
    async fn renew(&self, used: u64, message: &str) -> Result<(), Stopped> {
        let message = match self.shared.client.renew(used).await {
            Renewal::Another => return Ok(()),
            Renewal::None => message.to_owned(),
            Renewal::Failed(why) => format!("{message}; {why}"),
        };
        Err(self.trouble(Drain::Unauthorized { message }))
    }

    /// Waits for the limiter; a long rest is the run's trouble.
    async fn unless_stopped(
        &self,
        limiter: impl Future<Output = Result<(), LongPause>>,
    ) -> Result<(), Stopped> {
        let passed = self.link.unless_stopped(limiter).await?;
        passed.map_err(|LongPause { pause }| self.trouble(Drain::LongPause { pause }))
    }

    /// What a refusal means after a read has said that earlier attempts took no effect: one of them may have come later
    /// than anybody would think, and be why this one is refused.
    async fn doubt_refusal(&mut self, place: usize, refusal: Verdict) -> Result<Verdict, Stopped> {
        self.view = match self.fetch().await? {
            Ok(view) => view,
            Err(reason) => {
                return Ok(Verdict::Unknown {
                    reason: format!("it was refused, and could not be read then: {reason}"),
                    retry_after: None,
                });
            }
        };
        let caused = self.caused_before(place);
        Ok(
            match self.view.read_back(&self.group.changes[place], &caused) {
                Some(Reading::Done) => Verdict::Applied(None),
                Some(Reading::Open | Reading::Drifted(_) | Reading::Gone) | None => refusal,
            },
        )
    }

    /// Records what the last of these attempts came to. Gives the reason when the change
    /// has no end yet.
    fn take_in(
        &mut self,
        place: usize,
        attempts: Attempts,
        disproved: bool,
        verdict: Verdict,
    ) -> Option<String> {
        let planned = &self.group.changes[place];
        let (line, attempt) = (planned.line, attempts.made);
        let was_doubtful = is_doubtful(&self.standings[place]);
        let not_sent = |reason: &str| Record::NotSent {
            line,
            attempt,
            reason: Detail::new(reason),
        };
        let (record, reason) = match verdict {
            Verdict::Applied(answer) => {
                self.view.wrote(planned, answer);
                self.end(place, End::Applied, None);
                return None;
            }
            Verdict::Gone { message } => {
                let end = end_of_gone(&planned.operation, was_doubtful || disproved);
                self.end(place, end, Some(message));
                return None;
            }
            Verdict::Refused { status, message } if !was_doubtful => {
                let detail = format!("{status}: {message}");
                self.end(place, End::Refused, Some(detail));
                return None;
            }
            // This attempt did nothing; an earlier one may be why.
            Verdict::Refused { status, message } => {
                let reason = format!("{status}: {message}");
                (not_sent(&reason), reason)
            }
            Verdict::Unauthorized { message } => (not_sent(&message), message),
            Verdict::Throttled { .. } => (
                Record::Throttled { line, attempt },
                "429: the service wants fewer requests".to_owned(),
            ),
            Verdict::NotSent { reason } => (not_sent(&reason), reason),
            Verdict::Unknown { reason, .. } => (
                Record::Unknown {
                    line,
                    attempt,
                    at: (self.shared.now)(),
                    reason: Detail::new(&reason),
                },
                reason,
            ),
        };
        let doubtful = was_doubtful || matches!(record, Record::Unknown { .. });
        self.link.record(record);
        self.standings[place] = if doubtful {
            Standing::Doubtful {
                attempts,
                age: Duration::ZERO,
            }
        } else {
            Standing::Waiting { attempts }
        };
        Some(reason)
    }

    /// No further attempt is made now: what took no effect has failed, what may have is looked up later.
    fn leave(&mut self, place: usize, planned: &Planned, reason: String) {
        if is_doubtful(&self.standings[place]) {
            self.link.event(Event::Doubted {
                target: planned.change.target.clone(),
                reason,
            });
        } else {
            self.end(place, End::Failed, Some(reason));
        }
    }

    fn trouble(&self, drain: Drain) -> Stopped {
        self.link.trouble(drain);
        Stopped
    }
}

fn is_doubtful(standing: &Standing) -> bool {
    matches!(standing, Standing::Doubtful { .. })
}
