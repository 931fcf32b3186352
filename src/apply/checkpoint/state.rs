//! The sum of the records: the phase of each change of the plan.

use std::collections::BTreeMap;

use super::{
    error::Illegal,
    phase::{Phase, Transition},
    record::{CheckpointHeader, Detail, Ending, Record},
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
    phases: Vec<Phase>,
    /// The number of attempts of each change without an outcome.
    attempts: BTreeMap<u64, u32>,
    /// The error or answer of their last attempt, if known.
    last_answer: BTreeMap<u64, Detail>,
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
    /// If there is no memory for the header's number of lines, or it has fewer lines than changes.
    pub fn new(header: &CheckpointHeader) -> Result<Self, Illegal> {
        let CheckpointHeader { lines, changes, .. } = *header;
        let too_many = || Illegal::Lines { lines, changes };
        if changes > lines {
            return Err(too_many());
        }
        let length = usize::try_from(lines).map_err(|_| too_many())?;
        let mut phases = Vec::new();
        phases.try_reserve_exact(length).map_err(|_| too_many())?;
        phases.resize(length, Phase::Untouched);
        Ok(Self {
            phases,
            attempts: BTreeMap::new(),
            last_answer: BTreeMap::new(),
            ended: Counts::default(),
            changes,
            touched: 0,
            stage_errors: BTreeMap::new(),
            ending: None,
            is_resumed: false,
        })
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
            Record::Started { line, attempt, .. } => {
                self.step(line, Transition::Started, Some((attempt, 1)))?;
                self.attempts.insert(line, attempt);
                Ok(())
            }
            Record::Throttled { line, attempt } => {
                self.step(line, Transition::Throttled, Some((attempt, 0)))?;
                // It had a message, which is not kept.
                self.last_answer.insert(line, Detail::new("429"));
                Ok(())
            }
            Record::NoEffect {
                line,
                attempt,
                ref reason,
                never_left,
            } => {
                self.step(line, Transition::NoEffect, Some((attempt, 0)))?;
                if !never_left {
                    self.last_answer.insert(line, reason.clone());
                }
                Ok(())
            }
            Record::Unknown {
                line,
                attempt,
                ref reason,
                ..
            } => {
                self.step(line, Transition::Unknown, Some((attempt, 0)))?;
                self.last_answer.insert(line, reason.clone());
                Ok(())
            }
            Record::NotApplied { line, attempt } => {
                self.step(line, Transition::NotApplied, Some((attempt, 0)))
            }
            Record::SendAgain { line, attempt } => {
                self.step(line, Transition::SendAgain, Some((attempt, 0)))
            }
            Record::Ended { line, outcome, .. } => {
                self.step(line, Transition::Ended(outcome), None)?;
                self.attempts.remove(&line);
                self.last_answer.remove(&line);
                self.ended.add(outcome.into(), 1);
                Ok(())
            }
            Record::StageStopped {
                executions, errors, ..
            } => {
                self.stage_errors.insert(executions, errors);
                Ok(())
            }
            Record::Resumed { .. } => {
                self.is_resumed = true;
                for &line in self.attempts.keys() {
                    let phase = &mut self.phases[index(line)];
                    if phase.is_in_flight() {
                        self.last_answer.remove(&line);
                    }
                    *phase = phase.orphaned();
                }
                Ok(())
            }
            Record::Finished { .. } => {
                if let Some(&line) = self.attempts.keys().next() {
                    let phase = self.phase(line);
                    return Err(Illegal::StillOpen { line, phase });
                }
                self.ending = Ending::of(record);
                Ok(())
            }
            Record::Abandoned { .. } => {
                self.ending = Ending::of(record);
                Ok(())
            }
        }
    }

    /// The recorded outcome of the change on this plan line.
    pub fn outcome(&self, line: u64) -> Option<Outcome> {
        match self.phase(line) {
            Phase::Ended(end) => Some(end.into()),
            Phase::Untouched
            | Phase::InFlight
            | Phase::InFlightAgain
            | Phase::InFlightDisproved
            | Phase::Between
            | Phase::Disproved
            | Phase::InDoubt
            | Phase::MayRepeat => None,
        }
    }

    /// The change on this plan line, if it was started and has no outcome.
    pub fn open(&self, line: u64) -> Option<Open> {
        let attempts = self.attempts.get(&line)?;
        Some(Open {
            attempts: *attempts,
            doubtful: self.phase(line).is_doubtful(),
        })
    }

    /// The recorded error or answer of the last attempt of the change on this plan line. None while that attempt is in flight, if its
    /// process died, or once the change has an outcome.
    pub fn last_answer(&self, line: u64) -> Option<&str> {
        let last_answer = self.last_answer.get(&line).map(Detail::as_str);
        last_answer.filter(|_| !self.phase(line).is_in_flight())
    }

    /// All changes that were started and have no outcome, in the plan's order, by plan line.
    pub fn all_open(&self) -> impl Iterator<Item = (u64, Open)> + '_ {
        self.attempts
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
        self.phases.get(index(line)).copied().unwrap_or_default()
    }

    /// Changes the phase of one change. `attempt` is the record's number and how far it must be ahead of the attempts so far.
    fn step(
        &mut self,
        line: u64,
        step: Transition,
        attempt: Option<(u32, u32)>,
    ) -> Result<(), Illegal> {
        let lines = self.phases.len() as u64;
        // The first line is the plan's header, the last one its trailer.
        if line < 2 || line >= lines {
            return Err(Illegal::NoChange { line, lines });
        }
        let phase = self.phase(line);
        let after = phase
            .after(step)
            .ok_or(Illegal::Step { line, phase, step })?;
        if let Some((found, ahead)) = attempt {
            let expected = self.attempts.get(&line).copied().unwrap_or(0) + ahead;
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
        self.phases[index(line)] = after;
        Ok(())
    }
}

/// The index of a 1-based plan line. Line 0 does not exist and maps beyond any plan, like a line that does not fit into memory.
fn index(line: u64) -> usize {
    usize::try_from(line.wrapping_sub(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::record::RecordedOutcome;

    fn state() -> CheckpointState {
        CheckpointState::new(&CheckpointHeader::new("r".into(), "d".into(), 6, 3)).unwrap()
    }

    fn after(records: &[Record]) -> CheckpointState {
        let mut state = state();
        for record in records {
            state.next(record).unwrap();
        }
        state
    }

    fn started(line: u64, attempt: u32, at: i64) -> Record {
        Record::Started { line, attempt, at }
    }

    fn unknown(line: u64, attempt: u32) -> Record {
        let reason = Detail::new("timeout");
        Record::Unknown {
            line,
            attempt,
            at: 0,
            reason,
        }
    }

    fn ended(line: u64, outcome: RecordedOutcome) -> Record {
        Record::Ended {
            line,
            outcome,
            detail: None,
        }
    }

    #[test]
    fn a_permitted_retry_is_used_up_by_its_start_also_if_the_request_never_left() {
        let send_again = |attempt| Record::SendAgain { line: 2, attempt };
        let never_left = Record::NoEffect {
            line: 2,
            attempt: 2,
            reason: Detail::new("the run stopped before the request left"),
            never_left: true,
        };
        let records = [started(2, 1, 17), unknown(2, 1), send_again(1)];
        let mut state = after(&records);
        assert_eq!(state.phase(2), Phase::MayRepeat);
        state.next(&started(2, 2, 18)).unwrap();
        state.next(&never_left).unwrap();
        assert_eq!(state.phase(2), Phase::InDoubt);
        // A person can permit it again.
        state.next(&send_again(2)).unwrap();
        assert_eq!(state.phase(2), Phase::MayRepeat);
    }

    #[test]
    fn a_change_that_was_started_and_has_no_end_is_doubtful() {
        let state = after(&[started(2, 1, 17)]);
        let open = Open {
            attempts: 1,
            doubtful: true,
        };
        assert_eq!(state.open(2), Some(open));
        assert_eq!(state.outcome(2), None);
    }

    #[test]
    fn a_throttled_attempt_leaves_a_doubt_of_an_earlier_one_standing() {
        let throttled = |attempt| Record::Throttled { line: 2, attempt };
        let clear = after(&[started(2, 1, 17), throttled(1)]);
        assert!(!clear.open(2).unwrap().doubtful);
        let still = after(&[
            started(2, 1, 17),
            unknown(2, 1),
            started(2, 2, 18),
            throttled(2),
        ]);
        assert!(still.open(2).unwrap().doubtful);
        let cleared = after(&[
            started(2, 1, 17),
            unknown(2, 1),
            Record::NotApplied {
                line: 2,
                attempt: 1,
            },
        ]);
        assert!(!cleared.open(2).unwrap().doubtful);
    }

    #[test]
    fn what_the_last_attempt_met_is_never_what_an_earlier_one_met() {
        let not_sent = Record::NoEffect {
            line: 2,
            attempt: 1,
            reason: Detail::new("no connection"),
            never_left: false,
        };
        let throttled = Record::Throttled {
            line: 2,
            attempt: 2,
        };
        let mut state = after(&[started(2, 1, 17), not_sent]);
        assert_eq!(state.last_answer(2), Some("no connection"));
        state.next(&started(2, 2, 18)).unwrap();
        assert_eq!(state.last_answer(2), None);
        let mut died = state.clone();
        died.next(&Record::Resumed { at: 19 }).unwrap();
        assert_eq!(died.last_answer(2), None);
        let mut never_left = state.clone();
        let stopped = Record::NoEffect {
            line: 2,
            attempt: 2,
            reason: Detail::new("the run stopped before it was sent"),
            never_left: true,
        };
        never_left.next(&stopped).unwrap();
        assert_eq!(never_left.last_answer(2), Some("no connection"));
        state.next(&throttled).unwrap();
        assert_eq!(state.last_answer(2), Some("429"));
    }

    #[test]
    fn what_was_in_flight_may_start_again_after_a_crash_only() {
        let mut state = after(&[started(2, 1, 17)]);
        assert_eq!(
            state.next(&started(2, 2, 18)),
            Err(Illegal::Step {
                line: 2,
                phase: Phase::InFlight,
                step: Transition::Started
            })
        );
        state.next(&Record::Resumed { at: 18 }).unwrap();
        state.next(&started(2, 2, 19)).unwrap();
        assert_eq!(state.phase(2), Phase::InFlightAgain);
    }

    #[test]
    fn the_counts_always_sum_to_the_planned_changes() {
        let mut state = state();
        let records = [
            started(2, 1, 0),
            unknown(2, 1),
            started(3, 1, 0),
            ended(3, RecordedOutcome::Applied),
            ended(4, RecordedOutcome::Drifted),
            ended(2, RecordedOutcome::Applied),
        ];
        assert_eq!(state.counts().total(), 3);
        for record in records {
            state.next(&record).unwrap();
            assert_eq!(state.counts().total(), 3, "{record:?}");
        }
        assert_eq!(state.counts().get(Outcome::Applied), 2);
        assert_eq!(state.counts().get(Outcome::Drifted), 1);
    }

    #[test]
    fn a_doubtful_change_counts_as_in_doubt_and_a_waiting_one_as_not_attempted() {
        let state = after(&[
            started(2, 1, 0),
            started(3, 1, 0),
            Record::Throttled {
                line: 3,
                attempt: 1,
            },
        ]);
        assert_eq!(state.counts().get(Outcome::InDoubt), 1);
        assert_eq!(state.counts().get(Outcome::NotAttempted), 2);
    }

    #[test]
    fn an_illegal_record_names_what_it_met_and_changes_nothing() {
        let table = [
            (
                ended(2, RecordedOutcome::Applied),
                "plan line 2: \"ended applied\" can't follow while the change is untouched",
            ),
            (
                started(2, 2, 0),
                "plan line 2: \"started\" is for attempt 2 instead of attempt 1",
            ),
            (
                started(1, 1, 0),
                "line 1 can't be a change in a plan of 6 lines",
            ),
            (
                started(6, 1, 0),
                "line 6 can't be a change in a plan of 6 lines",
            ),
            (
                started(0, 1, 0),
                "line 0 can't be a change in a plan of 6 lines",
            ),
            (
                started(u64::MAX, 1, 0),
                "line 18446744073709551615 can't be a change in a plan of 6 lines",
            ),
            (
                Record::Throttled {
                    line: 5,
                    attempt: 2,
                },
                "plan line 5: \"throttled\" is for attempt 2 instead of attempt 1",
            ),
            (
                Record::Finished { at: 0 },
                "\"finished\" is not allowed while the change on plan line 5 is in flight",
            ),
        ];
        for (record, message) in table {
            let before = after(&[started(5, 1, 0)]);
            let mut state = before.clone();
            assert_eq!(state.next(&record).unwrap_err().to_string(), message);
            assert_eq!(state, before, "{record:?}");
        }
    }

    #[test]
    fn no_more_changes_have_records_than_were_planned() {
        let mut state = after(&[
            ended(2, RecordedOutcome::Gone),
            ended(3, RecordedOutcome::Gone),
            ended(4, RecordedOutcome::Gone),
        ]);
        assert_eq!(
            state.next(&ended(5, RecordedOutcome::Gone)),
            Err(Illegal::MoreThanPlanned {
                line: 5,
                changes: 3
            })
        );
    }

    #[test]
    fn nothing_follows_the_end_of_the_run() {
        let abandoned = Record::Abandoned {
            at: 5,
            reason: Detail::new("wrong playbook"),
        };
        for (end, word) in [
            (Record::Finished { at: 5 }, "finished"),
            (abandoned, "abandoned"),
        ] {
            let mut state = after(&[end]);
            assert_eq!(state.ending().map(Ending::word), Some(word));
            for record in [started(2, 1, 0), Record::Resumed { at: 6 }] {
                assert!(matches!(
                    state.next(&record),
                    Err(Illegal::Over { ending, .. }) if ending == word
                ));
            }
        }
    }

    #[test]
    fn a_header_that_no_memory_suffices_for_is_an_error() {
        for (lines, changes) in [(u64::MAX, 1), (3, 4)] {
            let header = CheckpointHeader::new("r".into(), "d".into(), lines, changes);
            assert_eq!(
                CheckpointState::new(&header),
                Err(Illegal::Lines { lines, changes })
            );
        }
    }
}
