//! Works on one group: reads its execution, then brings its changes to an end, one after another.

mod reading;

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use super::{
    decide::{Attempts, Limits, Standing, Step, decide, end_of_gone},
    error_budget::{ErrorBudget, Slot},
    failures::Fault,
    group::{Group, Planned},
    link::{Link, Stopped},
    own_effects::Cause,
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
    pace::Lane,
    plan::{Effect, Repeat},
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
    /// For how long what was read may be written on.
    pub(super) view_lasts: Duration,
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
        fresh_until: None,
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
    /// Until when the view may be written on; none when what is there may be something else by now.
    fresh_until: Option<Instant>,
}

/// An execution as it was at some moment between the request and the answer.
struct Seen {
    view: View,
    sent: Instant,
    took: Duration,
}

/// At a slow pace a view lasts for as long as this many requests take: with less, each write could only ever follow a
/// read that is too old.
const VIEW_LASTS_REQUESTS: u32 = 3;

/// With a service that takes long to answer, a view lasts for its answer and this: enough to write the intent down.
const VIEW_LASTS_AFTER: Duration = Duration::from_secs(1);

/// What became of an attempt to send a change.
enum Sent {
    /// All that can be done with it now was done.
    Settled,
    /// It was not sent: its execution had to be read again first. What follows from that is to be decided anew.
    Read,
    /// It was not sent: its execution had to be read again, and that failed.
    Unread(Fault, String),
}

/// Which other changes of the group explain what is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Causes {
    /// Those that took effect, and those of which no read will ever tell.
    Known,
    /// Also those in doubt that a read may still settle.
    Possible,
}

/// What an attempt that did not end a change came to.
struct Setback {
    fault: Fault,
    reason: String,
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
            while self.advance(place).await? {}
        }
        Ok(())
    }

    /// Does with a change what is to be done now. True when it has to be looked at again.
    async fn advance(&mut self, place: usize) -> Result<bool, Stopped> {
        if self.link.is_stopping() {
            return Err(Stopped);
        }
        let reading = self.read_back(place, Causes::Known);
        let is_drift = matches!(reading, Some(Reading::Drifted(_)));
        let step = self.decide(place, reading);
        let acts = !matches!(step, Step::Leave | Step::Blocked | Step::Later);
        if acts && self.is_out_of_date() {
            return if self.read().await? {
                Ok(true)
            } else {
                Err(Stopped)
            };
        }
        if is_drift && is_waiting(&self.standings[place]) && self.may_be_our_own_doing(place) {
            // The doubt tells, once a read has settled it.
            return Ok(false);
        }
        match step {
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
                self.fail(place, Fault::Own, detail);
                self.settle(place, slot);
            }
            Step::Send {
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
                        return Err(Stopped);
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

    /// Whether what looks like somebody else's doing may have been caused by a request in doubt.
    fn may_be_our_own_doing(&self, place: usize) -> bool {
        let reading = self.read_back(place, Causes::Possible);
        !matches!(reading, Some(Reading::Drifted(_)))
    }

    fn decide(&self, place: usize, reading: Option<Reading>) -> Step {
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
                        Standing::Doubtful { .. } => {
                            causes == Causes::Possible || !planned.can_be_read_back()
                        }
                        Standing::Ended(
                            Outcome::Applied | Outcome::AlreadyDone | Outcome::InDoubt,
                        ) => true,
                        Standing::Waiting { .. }
                        | Standing::Ended(
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

    fn end(&mut self, place: usize, end: End, detail: Option<String>) {
        self.standings[place] = self.link.ended(&self.group.changes[place], end, detail);
    }

    fn fail(&mut self, place: usize, fault: Fault, detail: String) {
        self.standings[place] = self.link.failed(&self.group.changes[place], fault, detail);
    }

    /// Waits for the right to fail; none when there is none any more.
    async fn slot(&self) -> Result<Option<Slot>, Stopped> {
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
            self.standings[place] = Standing::Waiting {
                attempts,
                disproved: true,
            };
        }
    }

    /// Sends a change until it has an end, is in doubt, or has used up its attempts. `disproved`: a read said of earlier
    /// attempts that they took no effect.
    async fn send(
        &mut self,
        place: usize,
        mut attempts: Attempts,
        disproved: bool,
    ) -> Result<Sent, Stopped> {
        let planned = self.group.changes[place].clone();
        let body = planned
            .change
            .request
            .body
            .as_ref()
            .map(|body| Value::from_iter(body.clone()).to_string());
        loop {
            if let Some(changed) = self.look_again().await? {
                return Ok(changed);
            }
            attempts = attempts.and_one();
            let attempt = attempts.made;
            self.unless_stopped(self.shared.client.permit(self.lane()))
                .await?;
            self.link
                .started(&planned, attempt, (self.shared.now)())
                .await?;
            // Until the intent was on disk, and the service's rest was over, somebody may have changed what was read.
            let held_up = match self.depart().await {
                Ok(None) => None,
                Ok(Some(changed)) => Some((
                    Ok(changed),
                    "its execution had to be read again before it was sent",
                )),
                Err(stopped) => Some((Err(stopped), "the run stopped before it was sent")),
            };
            if let Some((result, reason)) = held_up {
                self.link.record(Record::NotSent {
                    line: planned.line,
                    attempt,
                    reason: Detail::new(reason),
                });
                self.made(place, attempts.and_held_up());
                return result;
            }
            let tries = attempts.in_this_session();
            let client = &self.shared.client;
            let token = client.token_number();
            let mut verdict = client
                .send(
                    &planned.operation,
                    body.as_deref().map(str::as_bytes),
                    tries,
                )
                .await;
            if let (true, Verdict::Refused { .. }) = (disproved, &verdict) {
                verdict = self.doubt_refusal(place, verdict).await?;
            }
            let next = client.after_write(&verdict, planned.change.repeat, tries);
            if let Verdict::Unauthorized { message } = &verdict {
                // It was not accepted, so it did nothing, and may be sent again with another token.
                self.link.record(Record::NotSent {
                    line: planned.line,
                    attempt,
                    reason: Detail::new(message),
                });
                self.made(place, attempts);
                self.renew(token, message).await?;
                continue;
            }
            let Some(setback) = self.take_in(place, attempts, disproved, verdict) else {
                return Ok(Sent::Settled);
            };
            if let Some(LongPause { pause }) = self.shared.client.long_pause() {
                // The whole run's trouble, not a failure of this change.
                return Err(self.trouble(Drain::LongPause { pause }));
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
                    self.leave(place, &planned, setback);
                    return Ok(Sent::Settled);
                }
            }
        }
    }

    /// What was read is acted on before anything new is begun: the longer it waits, the more may have changed.
    fn lane(&self) -> Lane {
        match self.view {
            View::Unread => Lane::New,
            View::Missing | View::Known(_) => Lane::Begun,
        }
    }

    /// Waits until a request may leave. Something else when its execution had to be read again meanwhile, and is not as
    /// it was; the request must not leave then.
    async fn depart(&mut self) -> Result<Option<Sent>, Stopped> {
        loop {
            self.unless_stopped(self.shared.client.depart()).await?;
            if !self.is_out_of_date() {
                return Ok(None);
            }
            if let Some(changed) = self.look_again().await? {
                return Ok(Some(changed));
            }
        }
    }

    /// Reads the execution again when the view is out of date. Something when it is not as it was, or can't be read.
    async fn look_again(&mut self) -> Result<Option<Sent>, Stopped> {
        if !self.is_out_of_date() {
            return Ok(None);
        }
        let before = self.view.clone();
        Ok(match self.fetch().await? {
            Err((fault, reason)) => Some(Sent::Unread(fault, reason)),
            Ok(seen) => {
                let is_as_before = seen.view == before;
                self.see(seen);
                (!is_as_before).then_some(Sent::Read)
            }
        })
    }

    /// Whether a change that was applied lets the flow move on, and a status of the group is still to be written: it may
    /// have moved, too.
    fn moved_what_is_written_next(&self, place: usize) -> bool {
        let moves = |effect: &Effect| match effect {
            Effect::FlowAdvances | Effect::LaterTasksReset => true,
            Effect::AutomationFires | Effect::AutomationsMayFire => false,
        };
        let mut others = self.group.changes.iter().zip(&self.standings).enumerate();
        self.group.changes[place].change.effects.iter().any(moves)
            && others.any(|(other, (planned, standing))| {
                other != place
                    && !matches!(standing, Standing::Ended(_))
                    && planned.change.before.contains_key("status")
            })
    }

    /// Whether what is known of the execution is too old to write on the strength of it.
    fn is_out_of_date(&self) -> bool {
        match self.view {
            // Nobody asked for a read.
            View::Unread => false,
            View::Missing | View::Known(_) => {
                self.fresh_until.is_none_or(|until| Instant::now() > until)
            }
        }
    }

    fn see(&mut self, Seen { view, sent, took }: Seen) {
        let at_this_pace = self.shared.client.interval() * VIEW_LASTS_REQUESTS;
        let lasts = self.shared.view_lasts.max(at_this_pace);
        self.view = view;
        self.fresh_until = Some(sent + lasts.max(took + VIEW_LASTS_AFTER));
    }

    /// Attempts were made of which the last one did nothing.
    fn made(&mut self, place: usize, made: Attempts) {
        match &mut self.standings[place] {
            Standing::Waiting { attempts, .. } | Standing::Doubtful { attempts, .. } => {
                *attempts = made;
            }
            Standing::Ended(_) => {}
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
        match self.fetch().await? {
            Ok(seen) => self.see(seen),
            Err((_, reason)) => {
                return Ok(Verdict::Unknown {
                    reason: format!("it was refused, and could not be read then: {reason}"),
                    retry_after: None,
                });
            }
        }
        Ok(match self.read_back(place, Causes::Possible) {
            Some(Reading::Done) => Verdict::Applied(None),
            Some(Reading::Open | Reading::Drifted(_) | Reading::Gone) | None => refusal,
        })
    }

    /// Records what the last of these attempts came to. Gives a setback when the change has no end yet.
    fn take_in(
        &mut self,
        place: usize,
        attempts: Attempts,
        disproved: bool,
        verdict: Verdict,
    ) -> Option<Setback> {
        let planned = &self.group.changes[place];
        let (line, attempt) = (planned.line, attempts.made);
        let was_doubtful = is_doubtful(&self.standings[place]);
        let not_sent = |reason: &str| Record::NotSent {
            line,
            attempt,
            reason: Detail::new(reason),
        };
        // Of an earlier attempt that no read can tell, no answer to a later one tells either.
        let stays_in_doubt = was_doubtful && planned.change.repeat == Repeat::Once;
        let (record, fault, reason) = match verdict {
            Verdict::Applied(answer) => {
                if !self.view.wrote(planned, answer) || self.moved_what_is_written_next(place) {
                    self.fresh_until = None;
                }
                self.end(place, End::Applied, None);
                return None;
            }
            Verdict::Gone { message } if !stays_in_doubt => {
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
                (not_sent(&reason), Fault::Own, reason)
            }
            Verdict::Gone { message } | Verdict::Unauthorized { message } => {
                (not_sent(&message), Fault::Own, message)
            }
            Verdict::Throttled { .. } => (
                Record::Throttled { line, attempt },
                Fault::Own,
                "429: the service wants fewer requests".to_owned(),
            ),
            Verdict::NotSent { reason } => (not_sent(&reason), Fault::Untried, reason),
            Verdict::Unknown { reason, .. } => (
                Record::Unknown {
                    line,
                    attempt,
                    at: (self.shared.now)(),
                    reason: Detail::new(&reason),
                },
                Fault::Own,
                reason,
            ),
        };
        let doubtful = was_doubtful || matches!(record, Record::Unknown { .. });
        self.link.record(record);
        self.standings[place] = if doubtful {
            Standing::Doubtful {
                attempts,
                age: Duration::ZERO,
                may_repeat: false,
            }
        } else {
            Standing::Waiting {
                attempts,
                disproved,
            }
        };
        Some(Setback { fault, reason })
    }

    /// No further attempt is made now: what took no effect has failed, what may have is looked up later.
    fn leave(&mut self, place: usize, planned: &Planned, setback: Setback) {
        let Setback { fault, reason } = setback;
        if is_doubtful(&self.standings[place]) {
            self.link.event(Event::Doubted {
                target: planned.change.target.clone(),
                reason,
            });
        } else {
            self.fail(place, fault, reason);
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

fn is_waiting(standing: &Standing) -> bool {
    matches!(standing, Standing::Waiting { .. })
}
