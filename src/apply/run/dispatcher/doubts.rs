//! Doubts after a pass: which of them a later read-back can decide, and a person's answer about the others.

use std::{
    io::BufRead,
    time::{Duration, Instant},
};

use tokio::time::Interval;

use super::{Dispatcher, DoubtAnswer};
use crate::{
    action::Evidence,
    checkpoint::{CheckpointState, PersonAnswer, Record, RecordedOutcome},
    event::{Event, StopReason},
    outcome::Outcome,
    plan::PlanError,
    run::{
        decide::ChangeState,
        group::{GroupStream, PlannedChange},
        link::EndedChange,
    },
};

impl DoubtAnswer {
    const fn answer(self) -> PersonAnswer {
        match self {
            Self::Retry => PersonAnswer::Retry,
            Self::Skip => PersonAnswer::Skip,
        }
    }
}

impl Dispatcher<'_> {
    /// The ages of the doubts that a read-back can decide once they are old enough.
    pub(super) fn provable<P: BufRead>(
        &self,
        mut groups: GroupStream<P>,
    ) -> Result<Vec<Duration>, PlanError> {
        let mut ages = Vec::new();
        if !self
            .checkpoint
            .state()
            .all_open()
            .any(|(_, open)| open.doubtful)
        {
            return Ok(ages);
        }
        while let Some(group) = groups.next_group()? {
            let provable = group
                .changes
                .iter()
                .filter(|planned| planned.evidence() == Evidence::Full);
            ages.extend(provable.filter_map(|planned| match self.standing(planned) {
                ChangeState::Doubtful { age, .. } => Some(age),
                ChangeState::Ended(_) | ChangeState::Waiting { .. } => None,
            }));
        }
        Ok(ages)
    }

    /// Records a person's answers about single changes: a later session has them, too, if this one ends before they take effect.
    pub(super) fn record_answers(&mut self) {
        let at = (self.settings().now)();
        for given in self.settings().answers.clone() {
            self.write(
                Record::Answered {
                    line: given.line,
                    attempt: given.attempt,
                    at,
                    answer: given.answer,
                },
                None,
            );
        }
    }

    /// Applies a person's answers to the doubts of earlier sessions that no read-back has decided: that about the change, or else that about
    /// all of them. True if a change is to be sent now.
    pub(super) fn answer_doubts<P: BufRead>(
        &mut self,
        mut groups: GroupStream<P>,
    ) -> Result<bool, PlanError> {
        let state = self.checkpoint.state();
        if self.settings().doubts.is_none()
            && !state
                .all_open()
                .any(|(line, _)| state.answer(line).is_some())
        {
            return Ok(false);
        }
        let mut to_send = false;
        while let Some(group) = groups.next_group()? {
            for planned in &group.changes {
                let ChangeState::Doubtful {
                    attempts,
                    may_repeat,
                    ..
                } = self.standing(planned)
                else {
                    continue;
                };
                if attempts.in_this_session() > 0 {
                    continue;
                }
                let own = self.checkpoint.state().answer(planned.line);
                let Some(answer) = own.or(self.settings().doubts.map(DoubtAnswer::answer)) else {
                    continue;
                };
                match answer {
                    // The answer was given before, and the target has changed since the plan.
                    PersonAnswer::Retry if may_repeat => {}
                    PersonAnswer::Retry => {
                        let record = Record::SendAgain {
                            line: planned.line,
                            attempt: attempts.made,
                        };
                        to_send |= self.write(record, None);
                    }
                    PersonAnswer::Applied => {
                        let detail =
                            self.of_the_answer("a person answered that it took effect", planned);
                        // It is no error any more.
                        drop(self.shared.budget.reclaim());
                        self.end(
                            EndedChange::new(planned, RecordedOutcome::Applied, Some(detail))
                                .by_answer(),
                        );
                        // Changes that waited for it may be made.
                        to_send = true;
                    }
                    PersonAnswer::Skip => {
                        let detail =
                            self.of_the_answer("left in doubt by --in-doubt skip", planned);
                        self.end(EndedChange::new(
                            planned,
                            RecordedOutcome::InDoubt,
                            Some(detail),
                        ));
                        to_send = true;
                    }
                }
            }
        }
        Ok(to_send)
    }

    /// The detail of an outcome that a person has decided.
    fn of_the_answer(&self, decided: &str, planned: &PlannedChange) -> String {
        let last_answer = self.checkpoint.state().last_answer(planned.line);
        format!("{decided}{}", in_brackets(last_answer))
    }

    /// Waits until a read-back can decide doubts of these ages. False if the run was stopped.
    pub(super) async fn settle(&mut self, ages: &[Duration], tick: &mut Interval) -> bool {
        let Some(youngest) = ages.iter().min() else {
            return true;
        };
        let wait = self.settings().settle.saturating_sub(*youngest);
        self.report(&Event::Settling {
            changes: ages.len() as u64,
            wait,
        });
        let waited = tokio::time::sleep(wait);
        tokio::pin!(waited);
        loop {
            tokio::select! {
                biased;
                Some(()) = self.signals.interrupts.recv() => {
                    self.drain(StopReason::Interrupted);
                    return false;
                }
                () = &mut waited => return true,
                _ = tick.tick() => self.reporter.tick(Instant::now()),
            }
        }
    }
}

/// A change in doubt, and where a person can check its outcome.
pub(super) fn to_look_at(
    planned: PlannedChange,
    may_repeat: bool,
    state: &CheckpointState,
) -> Event {
    let look_at = planned.change.look_at(state.sent_at(planned.line));
    let last_answer = state.last_answer(planned.line);
    // A person's "retry" waits for a run that reaches the change, and for an unchanged target.
    let not_repeated = if may_repeat {
        " (not sent again: the target has changed since the plan, or the run stopped first)"
    } else {
        ""
    };
    let found = state.found(planned.line);
    let found = found.map_or_else(String::new, |found| format!("; seen: {found}"));
    Event::Ended {
        attempts: state.open(planned.line).map_or(0, |open| open.attempts),
        line: planned.line,
        change: planned.change.change,
        detail: Some(format!(
            "it is unknown whether it took effect{}{not_repeated}; look {look_at}{found}",
            in_brackets(last_answer)
        )),
        target: planned.change.target,
        action: planned.change.action,
        outcome: Outcome::InDoubt,
    }
}

/// The error or answer of the last attempt, if known.
fn in_brackets(last_answer: Option<&str>) -> String {
    last_answer
        .map(|last_answer| format!(" ({last_answer})"))
        .unwrap_or_default()
}
