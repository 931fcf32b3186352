//! One pass over a part of the plan: groups are handed to workers, so many at a time.

use std::{
    io::BufRead,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    task::{JoinError, JoinSet},
    time::Interval,
};

use super::{Dispatcher, Pass};
use crate::{
    checkpoint::Outstanding,
    event::Drain,
    outcome::Outcome,
    plan::PlanError,
    run::{
        decide::{Attempts, Standing, Step, decide},
        group::{Group, Groups, Planned},
        worker::work,
    },
};

impl Dispatcher<'_> {
    /// Hands every group that has something to do to a worker.
    pub(super) async fn pass<P: BufRead>(
        &mut self,
        mut groups: Groups<P>,
        pass: Pass,
        tick: &mut Interval,
    ) -> Result<(), PlanError> {
        let mut workers = JoinSet::new();
        let mut more = true;
        let mut result = Ok(());
        loop {
            while more && self.stopped.is_none() && workers.len() < self.settings.concurrency {
                match groups.next_group() {
                    Ok(Some(group)) => more = self.hand_over(group, pass, &mut workers),
                    Ok(None) => more = false,
                    Err(error) => {
                        result = Err(error);
                        more = false;
                        self.stop.send_replace(true);
                    }
                }
            }
            if workers.is_empty() {
                return result;
            }
            tokio::select! {
                biased;
                // What comes seldom is asked first, so that a flood of messages can't hide it.
                Some(()) = self.signals.interrupts.recv() => self.drain(Drain::Interrupted),
                _ = tick.tick() => self.reporter.tick(Instant::now()),
                Some(notice) = self.signals.notices.recv() => self.tell(notice),
                Some(message) = self.inbox.recv() => self.take(message),
                Some(ended) = workers.join_next() => self.joined(ended),
            }
        }
    }

    /// Hands a group over if it has something to do. False when no change may fail any more, so that nothing may be sent.
    fn hand_over(&mut self, group: Group, pass: Pass, workers: &mut JoinSet<()>) -> bool {
        let changes = &group.changes;
        let standings: Vec<Standing> = changes
            .iter()
            .map(|planned| self.standing(planned))
            .collect();
        let places = 0..changes.len();
        let in_doubt = places.clone().any(|place| {
            matches!(standings[place], Standing::Doubtful { .. })
                && changes[place].can_be_read_back()
        });
        let to_send = pass == Pass::Everything
            && places.into_iter().any(|place| {
                matches!(standings[place], Standing::Waiting { .. })
                    && decide(changes, &standings, place, None, self.shared.limits) != Step::Blocked
            });
        if to_send && self.shared.budget.used_up().is_some() {
            self.held_back = true;
            return false;
        }
        if !in_doubt && !to_send {
            return true;
        }
        let (shared, link) = (Arc::clone(&self.shared), self.link.clone());
        workers.spawn(async move { work(&shared, &link, group, standings).await });
        true
    }

    pub(super) fn standing(&self, planned: &Planned) -> Standing {
        let state = self.checkpoint.state();
        match (state.outcome(planned.line), state.outstanding(planned.line)) {
            (Some(outcome), _) => Standing::Ended(outcome),
            (None, Outstanding::Send { attempt }) => Standing::Waiting {
                attempts: self.attempts(planned.line, attempt - 1),
            },
            (
                None,
                Outstanding::Resolve {
                    attempts,
                    given_up_ms,
                },
            ) => Standing::Doubtful {
                attempts: self.attempts(planned.line, attempts),
                age: self.age(given_up_ms),
            },
            // An end is an outcome.
            (None, Outstanding::Nothing) => Standing::Ended(Outcome::NotAttempted),
        }
    }

    fn attempts(&self, line: u64, made: u32) -> Attempts {
        let earlier = self.inherited.get(&line).copied().unwrap_or(0);
        Attempts { made, earlier }
    }

    /// How long ago a moment was; a clock that was put back makes nothing older.
    fn age(&self, at: i64) -> Duration {
        Duration::from_millis(u64::try_from((self.settings.now)() - at).unwrap_or(0))
    }

    /// A worker has ended: all that it told is taken in.
    fn joined(&mut self, ended: Result<(), JoinError>) {
        while let Ok(message) = self.inbox.try_recv() {
            self.take(message);
        }
        if let Err(panic) = ended {
            self.drain(Drain::Bug {
                message: panic.to_string(),
            });
        }
    }
}
