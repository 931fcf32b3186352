//! One pass over a part of the plan: groups are handed to workers, a limited number at a time.

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
    event::StopReason,
    plan::PlanError,
    run::{
        decide::{Attempts, ChangeState, NextMove, decide},
        group::{ExecutionChanges, GroupStream, PlannedChange},
        worker::{Places, work},
    },
};

impl Dispatcher<'_> {
    /// Walks over the groups once, and hands those to workers that this pass is for.
    pub(super) async fn pass<P: BufRead>(
        &mut self,
        groups: GroupStream<P>,
        pass: Pass,
        tick: &mut Interval,
    ) -> Result<(), PlanError> {
        self.checkpoint.hold();
        let result = self.walk(groups, pass, tick).await;
        self.checkpoint.hold_no_more();
        result
    }

    async fn walk<P: BufRead>(
        &mut self,
        mut groups: GroupStream<P>,
        pass: Pass,
        tick: &mut Interval,
    ) -> Result<(), PlanError> {
        let mut workers = JoinSet::new();
        let mut more = true;
        let mut result = Ok(());
        loop {
            while more && self.stopped.is_none() && workers.len() < self.settings().concurrency {
                match groups.next_group() {
                    Ok(Some(group)) => self.hand_over(group, pass, &mut workers),
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
                // Rare events are polled first, so that a flood of messages can't delay them.
                Some(()) = self.signals.interrupts.recv() => self.drain(StopReason::Interrupted),
                _ = tick.tick() => self.reporter.tick(Instant::now()),
                Some(event) = self.signals.client_events.recv() => self.tell(event),
                Some(message) = self.inbox.recv() => self.take(message),
                Some(ended) = workers.join_next() => self.joined(ended),
                // Last: when all workers wait.
                () = self.checkpoint.pass_on() => {}
            }
        }
    }

    /// Hands a group to a worker if this pass can do something for one of its changes.
    fn hand_over(&mut self, group: ExecutionChanges, pass: Pass, workers: &mut JoinSet<()>) {
        let changes = &group.changes;
        let standings: Vec<ChangeState> = changes
            .iter()
            .map(|planned| self.standing(planned))
            .collect();
        let next = |place| decide(changes, &standings, place, None, self.settings().limits());
        let (mut in_doubt, mut to_repeat, mut to_send) = (false, false, false);
        for (place, standing) in standings.iter().enumerate() {
            match standing {
                ChangeState::Ended(_) => {}
                ChangeState::Waiting { .. } => to_send |= next(place) != NextMove::Blocked,
                ChangeState::Doubtful { .. } => {
                    in_doubt |= changes[place].can_be_read_back();
                    to_repeat |= matches!(next(place), NextMove::Send { .. });
                }
            }
        }
        let is_worth_it = match pass {
            Pass::Doubts => in_doubt,
            Pass::Everything => {
                // A change in doubt already has a slot in the budget; a new change needs one.
                let is_out_of_budget = to_send && self.shared.budget.used_up().is_some();
                self.out_of_budget |= is_out_of_budget;
                in_doubt || to_repeat || (to_send && !is_out_of_budget)
            }
        };
        if is_worth_it {
            let (shared, link) = (Arc::clone(&self.shared), self.link.clone());
            let state = self.checkpoint.state();
            let last_answer =
                |planned: &PlannedChange| state.last_answer(planned.line).map(str::to_owned);
            let places = Places {
                last_answer: changes.iter().map(last_answer).collect(),
                standings,
            };
            workers.spawn(async move { work(&shared, &link, group, places).await });
        }
    }

    pub(super) fn standing(&self, planned: &PlannedChange) -> ChangeState {
        let line = planned.line;
        match self.checkpoint.state().outstanding(line) {
            Outstanding::Ended(outcome) => ChangeState::Ended(outcome),
            Outstanding::Send { attempt, disproved } => ChangeState::Waiting {
                attempts: self.attempts(line, attempt - 1),
                disproved,
            },
            Outstanding::Resolve {
                attempts,
                may_repeat,
            } => ChangeState::Doubtful {
                attempts: self.attempts(line, attempts),
                age: self.age(line),
                may_repeat,
            },
        }
    }

    fn attempts(&self, line: u64, made: u32) -> Attempts {
        let earlier = self.inherited.get(&line).copied().unwrap_or(0);
        Attempts {
            made,
            earlier,
            never_left: 0,
        }
    }

    /// How long ago the last attempt of a change was given up, at least. If this was in an earlier session, the time counts from the start of
    /// this one: only the wall clock, which somebody may have set, says more.
    fn age(&self, line: u64) -> Duration {
        let given_up = self.given_up.get(&line).unwrap_or(&self.began);
        given_up.elapsed()
    }

    /// A worker has ended: all its messages are processed.
    fn joined(&mut self, ended: Result<(), JoinError>) {
        while let Ok(message) = self.inbox.try_recv() {
            self.take(message);
        }
        if let Err(panic) = ended {
            self.drain(StopReason::Bug {
                message: panic.to_string(),
            });
        }
    }
}
