//! What all handlers share: the data, the ledger, the faults.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::value::to_raw_value;
use tokio::time::Instant;

use crate::{
    effect::{EffectKind, LoggedEffect},
    execution::AnyExecution,
    faults::{FaultRules, Faults, TokenBucket},
    generate::DataOrigin,
    ledger::Ledger,
    log::{EffectLog, Pending},
    payloads::Payloads,
    refused::Refused,
    reply::Failure,
    state::{DataWrite, SandboxState},
    transition,
};

/// One sandbox. Each lock is held for a computation, never across an await.
#[derive(Debug)]
pub(crate) struct App {
    state: Mutex<SandboxState>,
    ledger: Mutex<Ledger>,
    rules: Mutex<FaultRules>,
    bucket: Option<Mutex<TokenBucket>>,
    payloads: Mutex<Payloads>,
    log: Option<EffectLog>,
    token: String,
    automations_take: Duration,
}

impl App {
    pub(crate) fn new(
        state: SandboxState,
        ledger: Ledger,
        log: Option<EffectLog>,
        token: String,
        faults: &Faults,
        automations_take: Duration,
    ) -> Self {
        Self {
            state: Mutex::new(state),
            ledger: Mutex::new(ledger),
            rules: Mutex::new(FaultRules::new(faults)),
            bucket: faults
                .limit
                .map(|limit| Mutex::new(TokenBucket::new(limit, Instant::now()))),
            payloads: Mutex::default(),
            log,
            token,
            automations_take,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, SandboxState> {
        held(&self.state)
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        held(&self.ledger)
    }

    pub(crate) fn rules(&self) -> MutexGuard<'_, FaultRules> {
        held(&self.rules)
    }

    pub(crate) fn bucket(&self) -> Option<MutexGuard<'_, TokenBucket>> {
        self.bucket.as_ref().map(held)
    }

    pub(crate) fn payloads(&self) -> MutexGuard<'_, Payloads> {
        held(&self.payloads)
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
        write: DataWrite,
        change: impl FnOnce(&mut AnyExecution, Timestamp) -> Result<T, Refused>,
    ) -> Result<T, Failure> {
        let changed = self.apply(|state, now| {
            let Some(mut execution) = state.execution(&write.execution) else {
                return Ok(None);
            };
            let result = change(&mut execution, now)?;
            Ok(Some((write, Some(execution), result)))
        });
        changed.await?.ok_or(Failure::Gone)
    }

    /// Starts an execution; comes back when that is on disk. `make` gets a number that no other start gets.
    ///
    /// # Errors
    ///
    /// What `make` refuses, and when the effect can't be written.
    pub(crate) async fn start<T: Clone + Into<AnyExecution>>(
        &self,
        request: Option<u64>,
        kind: EffectKind,
        make: impl FnOnce(DataOrigin, u64, Timestamp) -> Result<T, Refused>,
    ) -> Result<T, Failure> {
        let started = self.apply(|state, now| {
            let new = make(state.origin(), state.next_number(), now)?;
            let execution: AnyExecution = new.clone().into();
            let write = DataWrite {
                request,
                kind,
                execution: execution.id().to_owned(),
                target: execution.id().to_owned(),
            };
            Ok(Some((write, Some(execution), new)))
        });
        started.await?.ok_or(Failure::Gone)
    }

    /// Lets the automations of a flow end whose time has come, and heals what a read heals.
    ///
    /// # Errors
    ///
    /// When an effect can't be written.
    pub(crate) async fn settle(&self, id: &str) -> Result<(), Failure> {
        loop {
            let ended = self.apply(|state, now| {
                let Some(mut flow) = state.flow(id) else {
                    return Ok(None);
                };
                let ended = transition::settle(&mut flow, now, self.automations_take);
                Ok(ended.map(|(kind, target)| {
                    let write = DataWrite {
                        request: None,
                        kind,
                        execution: id.to_owned(),
                        target,
                    };
                    (write, Some(flow.into()), ())
                }))
            });
            if ended.await?.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes an execution out of the data; comes back when that is on disk.
    ///
    /// # Errors
    ///
    /// `Gone` when there is no such execution, and when the effect can't be written.
    pub(crate) async fn remove(&self, write: DataWrite) -> Result<(), Failure> {
        let removed = self.apply(|state, _| {
            let is_there = state.execution(&write.execution).is_some();
            Ok(is_there.then_some((write, None, ())))
        });
        removed.await?.ok_or(Failure::Gone)
    }

    /// Decides on a change while the data are locked, makes it, and comes back when it is on disk. None when nothing
    /// is to be changed.
    async fn apply<T>(
        &self,
        decide: impl FnOnce(
            &SandboxState,
            Timestamp,
        ) -> Result<Option<(DataWrite, Option<AnyExecution>, T)>, Refused>,
    ) -> Result<Option<T>, Failure> {
        let now = now();
        let (result, pending) = {
            let mut state = self.state();
            let Some((write, after, result)) = decide(&state, now)? else {
                return Ok(None);
            };
            let effect = state.apply(write, after, now.as_millisecond());
            (result, self.note(effect).map_err(|error| broken(&error))?)
        };
        if let Some(pending) = pending {
            pending.on_disk().await.map_err(|error| broken(&error))?;
        }
        Ok(Some(result))
    }

    /// Hands an effect to log and ledger. Called while the data are locked, so that both have the data's order.
    fn note(&self, mut effect: LoggedEffect) -> serde_json::Result<Option<Pending>> {
        let pending = match &self.log {
            Some(log) => Some(log.append(serde_json::to_string(&effect)?)),
            None => None,
        };
        effect.after = None;
        self.ledger().effect(effect.request, to_raw_value(&effect)?);
        Ok(pending)
    }

    /// Keeps a large answer for its download; gives the path.
    pub(crate) fn keep_payload(&self, body: Bytes) -> String {
        self.payloads().keep(body)
    }
}

/// The time that stamps, the ledger and HTTP dates show.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

fn broken(error: &dyn std::error::Error) -> Failure {
    Failure::Broken(format!("the sandbox can't write its effects: {error}"))
}

/// A panic while a lock was held is a bug that its own request shows; the data are replaced whole, so the others go on.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
