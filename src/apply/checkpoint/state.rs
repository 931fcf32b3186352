//! The sum of the records: the phase of each change of the plan.

use std::{collections::BTreeMap, ops::Range};

use jiff::Timestamp;

use super::{
    answer::PersonAnswer,
    attempted::Attempted,
    error::Illegal,
    outstanding::Outstanding,
    phase::{Phase, Transition},
    phase_table::PhaseTable,
    record::{CheckpointHeader, Detail, Ending, Record, RecordedOutcome},
};
use crate::outcome::{Counts, Outcome};

/// A change that was started and has no outcome yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Attempts so far.
    pub attempts: u32,
    /// An attempt may have taken effect: a change that is not safe must be read back before it is sent again.
    pub doubtful: bool,
}

/// The phase of each change: a byte for each line of the plan, and a few words for each open change. There are as many of these as workers,
/// now or when the run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointState {
    phases: PhaseTable,
    /// Lines of the plan.
    lines: u64,
    /// The changes that were started and have no outcome.
    attempted: BTreeMap<u64, Attempted>,
    /// When the last attempt of a change that a person left in doubt was sent, in Unix milliseconds.
    left_in_doubt: BTreeMap<u64, i64>,
    /// The last answer of a person about each change, and the number of attempts that it is about.
    answers: BTreeMap<u64, (u32, PersonAnswer)>,
    ended: Counts,
    changes: u64,
    /// Changes that have a record.
    touched: u64,
    /// For each stage after which the run stopped, named by its end in executions: the checksum of the reported errors.
    stage_errors: BTreeMap<u64, u32>,
    ending: Option<Ending>,
    is_resumed: bool,
}

impl CheckpointState {
    /// The state before the first record.
    ///
    /// # Errors
    ///
    /// If the header has fewer lines than changes.
    pub fn new(header: &CheckpointHeader) -> Result<Self, Illegal> {
        let CheckpointHeader { lines, changes, .. } = *header;
        if changes > lines {
            return Err(Illegal::Lines { lines, changes });
        }
        Ok(Self {
            phases: PhaseTable::default(),
            lines,
            attempted: BTreeMap::new(),
            left_in_doubt: BTreeMap::new(),
            answers: BTreeMap::new(),
            ended: Counts::default(),
            changes,
            touched: 0,
            stage_errors: BTreeMap::new(),
            ending: None,
            is_resumed: false,
        })
    }

    /// Keeps the error or answer of an attempt.
    fn answered_by_service(&mut self, line: u64, answer: Detail) {
        if let Some(attempted) = self.attempted.get_mut(&line) {
            attempted.last_answer = Some(answer);
        }
    }

    /// Applies one record.
    ///
    /// # Errors
    ///
    /// If the record contradicts the earlier ones; the state is unchanged then.
    pub fn next(&mut self, record: &Record) -> Result<(), Illegal> {
        if let Some(ending) = &self.ending {
            return Err(Illegal::Over {
                ending: ending.word(),
                record: record.word(),
            });
        }
        match *record {
            Record::Started { line, attempt, at } => {
                self.step(line, Transition::Started, Some(attempt))?;
                let new = || Attempted::first(at);
                let attempted = self.attempted.entry(line).or_insert_with(new);
                attempted.attempts = attempt;
                attempted.sent_at = at;
                attempted.found = None;
            }
            Record::Throttled { line, attempt } => {
                self.step(line, Transition::Throttled, Some(attempt))?;
                // It had a message, which is not kept.
                self.answered_by_service(line, Detail::new("429"));
            }
            Record::NoEffect {
                line,
                attempt,
                ref reason,
                never_left,
            } => {
                self.step(line, Transition::NoEffect, Some(attempt))?;
                if !never_left {
                    self.answered_by_service(line, reason.clone());
                }
            }
            Record::Unknown {
                line,
                attempt,
                ref reason,
                ..
            } => {
                self.step(line, Transition::Unknown, Some(attempt))?;
                self.answered_by_service(line, reason.clone());
            }
            Record::NotApplied { line, attempt } => {
                self.step(line, Transition::NotApplied, Some(attempt))?;
            }
            Record::SendAgain { line, attempt } => {
                self.step(line, Transition::SendAgain, Some(attempt))?;
            }
            Record::Looked {
                line,
                attempt,
                ref found,
                ..
            } => {
                self.step(line, Transition::Noted, Some(attempt))?;
                if let Some(attempted) = self.attempted.get_mut(&line) {
                    attempted.found = Some(found.clone());
                }
            }
            Record::Answered {
                line,
                attempt,
                answer,
                ..
            } => {
                self.step(line, Transition::Noted, Some(attempt))?;
                self.answers.insert(line, (attempt, answer));
            }
            Record::Ended {
                line,
                outcome,
                is_answer,
                ..
            } => {
                self.end(line, outcome, is_answer)?;
            }
            Record::StageStopped {
                executions, errors, ..
            } => {
                self.stage_errors.insert(executions, errors);
            }
            Record::Resumed { .. } => {
                self.is_resumed = true;
                for (&line, attempted) in &mut self.attempted {
                    if self.phases.get(line).is_in_flight() {
                        attempted.last_answer = None;
                        self.phases.set(line, Phase::InDoubt);
                    }
                }
            }
            Record::Finished { .. } => {
                if let Some(&line) = self.attempted.keys().next() {
                    let phase = self.phase(line);
                    return Err(Illegal::StillOpen { line, phase });
                }
                self.ending = Ending::of(record);
            }
            Record::Abandoned { .. } => self.ending = Ending::of(record),
        }
        Ok(())
    }

    /// Ends one change.
    fn end(&mut self, line: u64, outcome: RecordedOutcome, is_answer: bool) -> Result<(), Illegal> {
        let step = match (outcome, is_answer) {
            (RecordedOutcome::Applied, true) => Transition::AppliedByAnswer,
            (_, _) => Transition::Ended(outcome),
        };
        self.step(line, step, None)?;
        if let Some(attempted) = self.attempted.remove(&line)
            && outcome == RecordedOutcome::InDoubt
        {
            self.left_in_doubt.insert(line, attempted.sent_at);
        }
        self.ended.add(outcome.into(), 1);
        Ok(())
    }

    /// The recorded outcome of the change on this plan line.
    pub fn outcome(&self, line: u64) -> Option<Outcome> {
        match self.outstanding(line) {
            Outstanding::Ended(outcome) => Some(outcome),
            Outstanding::Send { .. } | Outstanding::Resolve { .. } => None,
        }
    }

    /// The outcome of the change on this plan line if the run stopped now.
    pub fn outcome_so_far(&self, line: u64) -> Outcome {
        self.outcome(line).unwrap_or_else(|| {
            if self.open(line).is_some_and(|open| open.doubtful) {
                Outcome::InDoubt
            } else {
                Outcome::NotAttempted
            }
        })
    }

    /// How many changes on these plan lines have a recorded outcome.
    pub fn ended_among(&self, lines: Range<u64>) -> u64 {
        let phases = lines.map(|line| self.phase(line));
        phases
            .filter(|phase| matches!(phase, Phase::Ended(_)))
            .count() as u64
    }

    /// The recorded outcomes, counted.
    pub const fn ended(&self) -> &Counts {
        &self.ended
    }

    /// The change on this plan line, if it was started and has no outcome.
    pub fn open(&self, line: u64) -> Option<Open> {
        let attempted = self.attempted.get(&line)?;
        Some(Open {
            attempts: attempted.attempts,
            doubtful: self.phase(line).is_doubtful(),
        })
    }

    /// The recorded error or answer of the last attempt of the change on this plan line. None while that attempt is in flight, if its
    /// process died, or once the change has an outcome.
    pub fn last_answer(&self, line: u64) -> Option<&str> {
        let last_answer = self.attempted.get(&line)?.last_answer.as_ref();
        last_answer
            .filter(|_| !self.phase(line).is_in_flight())
            .map(Detail::as_str)
    }

    /// When the last attempt of the change on this plan line was sent; none if it has another outcome than `in_doubt`.
    pub fn sent_at(&self, line: u64) -> Option<Timestamp> {
        let open = self.attempted.get(&line).map(|attempted| attempted.sent_at);
        let sent_at = open.or_else(|| self.left_in_doubt.get(&line).copied());
        Timestamp::from_millisecond(sent_at?).ok()
    }

    /// When the first attempt of the change on this plan line was sent; none if it has an outcome.
    pub fn first_sent_at(&self, line: u64) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.attempted.get(&line)?.first_sent_at).ok()
    }

    /// What the last look at the service showed of the change on this plan line; none if it is not in doubt, or was sent since.
    pub fn found(&self, line: u64) -> Option<&str> {
        let found = self.attempted.get(&line)?.found.as_ref();
        found.map(Detail::as_str)
    }

    /// A person's last answer about the change on this plan line, with the number of attempts that it is about.
    pub fn answered(&self, line: u64) -> Option<(u32, PersonAnswer)> {
        self.answers.get(&line).copied()
    }

    /// A person's answer about the change on this plan line that has not taken effect: it is in doubt, and was not sent since.
    pub fn answer(&self, line: u64) -> Option<PersonAnswer> {
        let (attempts, answer) = self.answered(line)?;
        let open = self.open(line)?;
        (open.doubtful && open.attempts == attempts).then_some(answer)
    }

    /// All changes that were started and have no outcome, in the plan's order, by plan line.
    pub fn all_open(&self) -> impl Iterator<Item = (u64, Open)> + '_ {
        self.attempted
            .keys()
            .filter_map(|&line| Some((line, self.open(line)?)))
    }

    /// The counts of all eight outcomes if the run stopped now. Their sum is the number of planned changes.
    pub fn counts(&self) -> Counts {
        let doubtful = self.all_open().filter(|(_, open)| open.doubtful).count() as u64;
        let mut counts = self.ended.clone();
        counts.add(Outcome::InDoubt, doubtful);
        counts.add(Outcome::NotAttempted, self.changes - counts.total());
        counts
    }

    /// Changes that failed, were refused, or are in doubt.
    pub fn errors(&self) -> u64 {
        let counts = self.counts();
        let errors = Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_error());
        errors.map(|outcome| counts.get(outcome)).sum()
    }

    /// Changes without an outcome.
    pub fn left(&self) -> u64 {
        self.changes - self.ended.total()
    }

    /// The checksum of the errors that the last stop after a stage reported; the stage ends after this many executions.
    pub fn stage_errors(&self, executions: u64) -> Option<u32> {
        self.stage_errors.get(&executions).copied()
    }

    /// How the run ended; none if it can be resumed.
    pub const fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Whether more than one session has worked on the run.
    pub const fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Whether the run finished.
    pub const fn is_finished(&self) -> bool {
        matches!(self.ending, Some(Ending::Finished { .. }))
    }

    /// The phase of the change on this plan line; untouched if the plan has no such line.
    pub fn phase(&self, line: u64) -> Phase {
        self.phases.get(line)
    }

    /// The number of attempts of a change without an outcome.
    pub(super) fn attempts(&self, line: u64) -> u32 {
        self.attempted
            .get(&line)
            .map_or(0, |attempted| attempted.attempts)
    }

    /// Changes the phase of one change. `attempt` is the record's number.
    fn step(&mut self, line: u64, step: Transition, attempt: Option<u32>) -> Result<(), Illegal> {
        let lines = self.lines;
        // The first line is the plan's header, the last one its trailer.
        if line < 2 || line >= lines {
            return Err(Illegal::NoChange { line, lines });
        }
        let phase = self.phase(line);
        let after = phase
            .after(step)
            .ok_or(Illegal::Step { line, phase, step })?;
        if let Some(found) = attempt {
            let expected = self.attempts(line) + u32::from(step == Transition::Started);
            if found != expected {
                return Err(Illegal::Attempt {
                    line,
                    step,
                    expected,
                    found,
                });
            }
        }
        if phase == Phase::Untouched {
            if self.touched == self.changes {
                return Err(Illegal::MoreThanPlanned {
                    line,
                    changes: self.changes,
                });
            }
            self.touched += 1;
        }
        self.phases.set(line, after);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
