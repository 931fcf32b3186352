//! The service as all other code sees it: rate limited, with retries of reads.

mod counters;
mod error;
mod spooled;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc::UnboundedSender, watch},
    time::{self, Instant},
};

use counters::Counters;

use crate::{
    api::{
        Operation, ReadFinding, ReadTrouble, Reply, TransportError, Verdict, read_outcome, verdict,
    },
    http::{Renewal, Transport},
    pace::{Lane, Pacer},
    retry::{self, Budget, Next, NextRead, Policy, Repeat, Trouble},
};

pub use counters::Traffic;
pub use error::{LongPause, ReadError, ReadErrorKind};

/// The dependencies of a client: network, time and randomness are passed in.
#[derive(Debug)]
pub struct ClientParts {
    pub transport: Arc<dyn Transport>,
    pub pacer: Pacer,
    pub policy: Policy,
    pub rng: fastrand::Rng,
    /// The wall clock: for a `Retry-After` that is a date.
    pub now: fn() -> Timestamp,
    /// Receives events that affect all workers.
    pub client_events: Option<UnboundedSender<ClientEvent>>,
}

/// An event that affects all workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The service asked for a pause that starts now.
    Throttled { pause: Duration },
}

/// The result of a read, and its times.
#[derive(Debug)]
pub struct TimedRead {
    pub found: ReadFinding,
    /// When the answered request left.
    pub sent: Instant,
    /// How long the answer took.
    pub took: Duration,
}

/// Sends the requests of a command; shared by all its workers.
#[derive(Debug)]
pub struct Client {
    transport: Arc<dyn Transport>,
    pacer: Pacer,
    policy: Policy,
    rng: Mutex<fastrand::Rng>,
    budget: Mutex<Budget>,
    now: fn() -> Timestamp,
    counters: Counters,
    events: Option<UnboundedSender<ClientEvent>>,
    /// Set once the service has asked for a long pause; after that nothing is sent.
    long_pause: watch::Sender<Option<LongPause>>,
}

impl Client {
    pub fn new(parts: ClientParts) -> Self {
        Self {
            transport: parts.transport,
            pacer: parts.pacer,
            policy: parts.policy,
            rng: Mutex::new(parts.rng),
            budget: Mutex::default(),
            now: parts.now,
            counters: Counters::default(),
            events: parts.client_events,
            long_pause: watch::Sender::new(None),
        }
    }

    /// The origin as text, for messages.
    pub fn origin(&self) -> String {
        self.transport.origin()
    }

    pub fn traffic(&self) -> Traffic {
        self.counters.traffic()
    }

    /// Waits for the permit to prepare one request.
    ///
    /// # Errors
    ///
    /// At once and from then on, if the service has asked for a pause of more than five minutes.
    pub async fn permit(&self, lane: Lane) -> Result<(), LongPause> {
        self.unless_stopped(self.pacer.permit(lane)).await
    }

    /// Waits until a request with a permit may leave; for a write whose intent is recorded.
    ///
    /// # Errors
    ///
    /// As [`permit`](Self::permit).
    pub async fn depart(&self) -> Result<(), LongPause> {
        self.unless_stopped(self.pacer.depart()).await
    }

    /// The time between two requests at the current rate.
    pub fn interval(&self) -> Duration {
        self.pacer.interval()
    }

    /// Waits until a read may leave: there is nothing to prepare.
    async fn may_read(&self) -> Result<(), LongPause> {
        self.permit(Lane::New).await?;
        self.depart().await
    }

    /// The long pause that the service has asked for, if any.
    pub fn long_pause(&self) -> Option<LongPause> {
        *self.long_pause.borrow()
    }

    /// Reads, and retries after temporary errors: a read may always be retried.
    ///
    /// # Errors
    ///
    /// If the answer is conclusive but not the expected one, if the attempts or the retry budget are used up, or if the service asks for a
    /// long pause.
    pub async fn read(
        &self,
        operation: &Operation,
        query: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<ReadFinding, ReadError> {
        let read = self.read_at(operation, query, body).await?;
        Ok(read.found)
    }

    /// As [`read`](Self::read); also returns when the request left and how long the answer took.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn read_at(
        &self,
        operation: &Operation,
        query: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<TimedRead, ReadError> {
        let mut attempt = 0;
        self.budget().request();
        loop {
            let permit = self.may_read().await;
            permit.map_err(|pause| self.error(operation, attempt, pause.into()))?;
            attempt += 1;
            let token = self.transport.token_number();
            let sent = Instant::now();
            let in_flight = self.counters.in_flight();
            let result = self.transport.attempt(operation, query, body).await;
            drop(in_flight);
            self.account(sent, attempt, result.as_ref());
            match read_outcome(operation, result) {
                Ok(found) => {
                    let took = sent.elapsed();
                    return Ok(TimedRead { found, sent, took });
                }
                Err(trouble) => {
                    let trouble = self.renewed(trouble, token).await;
                    if let Some(trouble) = trouble {
                        self.wait_or_end(operation, attempt, trouble).await?;
                    }
                }
            }
        }
    }

    /// Sends a write immediately: the `attempt`th of its change. Before that, the caller must have a [`permit`](Self::permit), record the
    /// intent, and call [`depart`](Self::depart).
    pub async fn send(&self, operation: &Operation, body: Option<&[u8]>, attempt: u32) -> Verdict {
        let sent = Instant::now();
        let in_flight = self.counters.in_flight();
        let result = self.transport.attempt(operation, &[], body).await;
        drop(in_flight);
        self.account(sent, attempt, result.as_ref());
        verdict(&result)
    }

    /// Decides what follows from the `attempt`th attempt of a write; counts a retry.
    pub fn after_write(&self, verdict: &Verdict, repeat: Repeat, attempt: u32) -> Next {
        // Held until the retry is counted: two workers must not both get the last one.
        let mut budget = self.budget();
        if attempt == 1 {
            budget.request();
        }
        let (funds, now) = (budget.funds(), (self.now)());
        let next = self.with_rng(|rng| {
            self.policy
                .after_write(verdict, repeat, attempt, funds, now, rng)
        });
        match next {
            Next::Again { .. } => repeated(&mut budget, Trouble::of_write(verdict)),
            Next::Done | Next::ReadBack | Next::GiveUp => {}
        }
        next
    }

    /// Names the token in use, for [`Self::renew`].
    pub fn token_number(&self) -> u64 {
        self.transport.token_number()
    }

    /// After a 401 with the token of this number, asks for another one: once in a command, by one of all workers.
    pub async fn renew(&self, used: u64) -> Renewal {
        self.transport.renew(used).await
    }

    /// The error of a read that remains after another token was requested, if that could help; none if there is one.
    async fn renewed(&self, trouble: ReadTrouble, used: u64) -> Option<ReadTrouble> {
        let ReadTrouble::Unauthorized { message } = trouble else {
            return Some(trouble);
        };
        match self.renew(used).await {
            Renewal::Another => None,
            Renewal::None => Some(ReadTrouble::Unauthorized { message }),
            Renewal::Failed(why) => Some(ReadTrouble::Unauthorized {
                message: format!("{message}; {why}"),
            }),
        }
    }

    /// Waits until a read may be retried, or returns why it ends.
    async fn wait_or_end(
        &self,
        operation: &Operation,
        attempt: u32,
        trouble: ReadTrouble,
    ) -> Result<(), ReadError> {
        let next = self.after_read(&trouble, attempt);
        match next {
            NextRead::Again { after } => {
                time::sleep(after).await;
                Ok(())
            }
            NextRead::GiveUp => {
                let kind = self
                    .long_pause()
                    .map_or(ReadErrorKind::Answer(trouble), ReadErrorKind::LongPause);
                Err(self.error(operation, attempt, kind))
            }
            NextRead::OutOfBudget => Err(ReadError {
                out_of_budget: true,
                ..self.error(operation, attempt, ReadErrorKind::Answer(trouble))
            }),
        }
    }

    /// Decides what follows from the `attempt`th attempt of a read; counts a retry.
    fn after_read(&self, trouble: &ReadTrouble, attempt: u32) -> NextRead {
        let mut budget = self.budget();
        let (funds, now) = (budget.funds(), (self.now)());
        let next = self.with_rng(|rng| self.policy.after_read(trouble, attempt, funds, now, rng));
        match next {
            NextRead::Again { .. } => repeated(&mut budget, Trouble::of_read(trouble)),
            NextRead::GiveUp | NextRead::OutOfBudget => {}
        }
        next
    }

    /// Counts the `attempt`th attempt of a request, which left at `sent`. If the service asks for it, all workers pause and the rate is
    /// lowered.
    fn account(&self, sent: Instant, attempt: u32, result: Result<&Reply, &TransportError>) {
        match result {
            Ok(reply) => {
                self.counters.request(attempt);
                if reply.status == 429 {
                    self.counters.pushed_back();
                }
                let asked = reply.retry_after.map(|after| after.wait((self.now)()));
                match (asked, reply.status) {
                    (Some(pause), _) => self.rest(pause),
                    (None, 429) => self.rest(retry::THROTTLE_PAUSE),
                    (None, _) => {}
                }
                // After the pause is set, so that no permit is issued in between.
                if retry::is_push_back(reply.status) {
                    self.pacer.pushed_back(sent);
                }
            }
            Err(TransportError::Unknown { .. } | TransportError::TooLarge { .. }) => {
                self.counters.request(attempt);
            }
            Err(TransportError::NotSent { .. }) => {}
        }
    }

    fn rest(&self, pause: Duration) {
        let longer = self.pacer.pause_until(Instant::now() + pause);
        if retry::is_long_pause(pause) {
            // Not counted: the run ends instead of waiting.
            self.long_pause.send_replace(Some(LongPause { pause }));
        } else {
            self.counters.throttled(longer);
        }
        if let (false, Some(events)) = (longer.is_zero(), &self.events) {
            // The receiver is gone if the command is about to end.
            let _ = events.send(ClientEvent::Throttled { pause });
        }
    }

    /// Waits for `work`, but not during a long pause.
    async fn unless_stopped(&self, work: impl Future<Output = ()>) -> Result<(), LongPause> {
        if let Some(long_pause) = self.long_pause() {
            return Err(long_pause);
        }
        tokio::select! {
            biased;
            // Usually it is done at once, and the pause needs no waiter.
            () = work => {}
            long_pause = self.stopped() => return Err(long_pause),
        }
        self.long_pause().map_or(Ok(()), Err)
    }

    /// Waits until the service asks for a long pause.
    async fn stopped(&self) -> LongPause {
        let mut long_pause = self.long_pause.subscribe();
        loop {
            if let Some(long_pause) = *long_pause.borrow_and_update() {
                return long_pause;
            }
            let changed = long_pause.changed().await;
            changed.expect("the sender lives as long as the client");
        }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_rng<T>(&self, use_it: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        use_it(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn error(&self, operation: &Operation, attempts: u32, kind: ReadErrorKind) -> ReadError {
        ReadError {
            operation: operation.clone(),
            origin: self.origin(),
            attempts,
            kind,
            out_of_budget: false,
        }
    }
}

/// Takes a retry from the budget.
fn repeated(budget: &mut Budget, trouble: Option<Trouble>) {
    if let Some(trouble) = trouble {
        budget.repetition(trouble);
    }
}

#[cfg(test)]
mod outage_tests;
#[cfg(test)]
mod pressure_tests;
#[cfg(test)]
mod tests;
