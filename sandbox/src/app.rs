//! What all handlers share: the data, the ledger, the faults.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::{
    effect::{Effect, Kind},
    faults::{Bucket, Faults, Rules},
    ledger::Ledger,
    log::{Log, Pending},
    payloads::Payloads,
    refused::Refused,
    reply::Failure,
    state::{Cause, State, Stored},
    transition,
};

/// One sandbox. Each lock is held for a computation, never across an await.
#[derive(Debug)]
pub(crate) struct App {
    state: Mutex<State>,
    ledger: Mutex<Ledger>,
    rules: Mutex<Rules>,
    bucket: Option<Mutex<Bucket>>,
    payloads: Mutex<Payloads>,
    log: Option<Log>,
    token: String,
    clock: fn() -> Timestamp,
    automations_take: Duration,
}

/// Which request a handler works on, and what it writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write<'a> {
    /// None for edits that go past the API.
    pub(crate) request: Option<u64>,
    pub(crate) kind: Kind,
    pub(crate) execution: &'a str,
    /// The part that is addressed; the execution's own id when it is the whole.
    pub(crate) target: &'a str,
}

impl App {
    pub(crate) fn new(
        state: State,
        effects: Vec<Effect>,
        log: Option<Log>,
        token: String,
        faults: &Faults,
        clock: fn() -> Timestamp,
        automations_take: Duration,
    ) -> Self {
        let last = effects.iter().filter_map(|effect| effect.request).max();
        let mut ledger = Ledger::new(last.unwrap_or(0) + 1);
        for effect in effects {
            if let Ok(text) = serde_json::value::to_raw_value(&effect) {
                ledger.effect(effect.request, text);
            }
        }
        Self {
            state: Mutex::new(state),
            ledger: Mutex::new(ledger),
            rules: Mutex::new(Rules::new(faults)),
            bucket: faults
                .limit
                .map(|limit| Mutex::new(Bucket::new(limit, Instant::now()))),
            payloads: Mutex::default(),
            log,
            token,
            clock,
            automations_take,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        held(&self.state)
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        held(&self.ledger)
    }

    pub(crate) fn rules(&self) -> MutexGuard<'_, Rules> {
        held(&self.rules)
    }

    pub(crate) fn bucket(&self) -> Option<MutexGuard<'_, Bucket>> {
        self.bucket.as_ref().map(held)
    }

    pub(crate) fn payloads(&self) -> MutexGuard<'_, Payloads> {
        held(&self.payloads)
    }

    /// The time that stamps, the ledger and HTTP dates show.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) const fn automations_take(&self) -> Duration {
        self.automations_take
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Reads an execution, changes the copy, and puts it in its place; comes back when that is on disk.
    ///
    /// # Errors
    ///
    /// What `change` refuses, `Gone` when there is no such execution, and when the effect can't be written.
    pub(crate) async fn write<T>(
        &self,
        write: Write<'_>,
        change: impl FnOnce(&mut Stored, Timestamp) -> Result<T, Refused>,
    ) -> Result<T, Failure> {
        let now = self.now();
        let (result, pending) = {
            let mut state = self.state();
            let mut stored = state.any(write.execution).ok_or(Failure::Gone)?;
            let result = change(&mut stored, now)?;
            let effect = state.replace(write.execution, stored, cause(write, now));
            (result, self.note(effect)?)
        };
        on_disk(pending).await?;
        Ok(result)
    }

    /// Starts an execution; comes back when that is on disk. `make` gets a number that no other start gets.
    ///
    /// # Errors
    ///
    /// What `make` refuses, and when the effect can't be written.
    pub(crate) async fn start(
        &self,
        request: u64,
        kind: Kind,
        make: impl FnOnce(&State, u64, Timestamp) -> Result<(String, Stored), Refused>,
    ) -> Result<Stored, Failure> {
        let now = self.now();
        let (stored, pending) = {
            let mut state = self.state();
            let (id, stored) = make(&state, state.next_number(), now)?;
            let write = Write {
                request: Some(request),
                kind,
                execution: &id,
                target: &id,
            };
            let effect = state.add(&id, stored.clone(), cause(write, now));
            (stored, self.note(Some(effect))?)
        };
        on_disk(pending).await?;
        Ok(stored)
    }

    /// Lets the automations of a flow end whose time has come, and heals what a read heals.
    ///
    /// # Errors
    ///
    /// When an effect can't be written.
    pub(crate) async fn settle(&self, id: &str) -> Result<(), Failure> {
        let now = self.now();
        loop {
            let pending = {
                let mut state = self.state();
                let Some(mut flow) = state.flow(id) else {
                    return Ok(());
                };
                let Some((kind, task)) = transition::settle(&mut flow, now, self.automations_take)
                else {
                    return Ok(());
                };
                let write = Write {
                    request: None,
                    kind,
                    execution: id,
                    target: &task,
                };
                let stored = Stored::Flow(Box::new(flow));
                let effect = state.replace(id, stored, cause(write, now));
                self.note(effect)?
            };
            on_disk(pending).await?;
        }
    }

    /// Takes an execution out of the data; comes back when that is on disk.
    ///
    /// # Errors
    ///
    /// `Gone` when there is no such execution, and when the effect can't be written.
    pub(crate) async fn remove(&self, write: Write<'_>) -> Result<(), Failure> {
        let pending = {
            let mut state = self.state();
            let effect = state.remove(write.execution, cause(write, self.now()));
            self.note(effect)?
        };
        on_disk(pending).await
    }

    /// Hands an effect to log and ledger. Called while the data are locked, so that both have the data's order.
    fn note(&self, effect: Option<Effect>) -> Result<Option<Pending>, Failure> {
        let effect = effect.ok_or(Failure::Gone)?;
        let text = serde_json::to_string(&effect).map_err(|error| broken(&error))?;
        let pending = self.log.as_ref().map(|log| log.append(text.clone()));
        let raw = RawValue::from_string(text).map_err(|error| broken(&error))?;
        self.ledger().effect(effect.request, raw);
        Ok(pending)
    }

    /// Keeps a large answer for its download; gives the path.
    pub(crate) fn keep_payload(&self, body: Bytes) -> String {
        self.payloads().keep(body)
    }
}

fn cause(write: Write<'_>, now: Timestamp) -> Cause<'_> {
    Cause {
        request: write.request,
        unix_ms: now.as_millisecond(),
        kind: write.kind,
        target: write.target,
    }
}

async fn on_disk(pending: Option<Pending>) -> Result<(), Failure> {
    match pending {
        Some(pending) => pending.on_disk().await.map_err(|error| broken(&error)),
        None => Ok(()),
    }
}

fn broken(error: &dyn std::error::Error) -> Failure {
    Failure::Broken(format!("the sandbox can't write its effects: {error}"))
}

/// A panic while a lock was held is a bug that its own request shows; the data are replaced whole, so the others go on.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
