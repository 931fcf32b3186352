//! What the records add up to: where each change of the plan stands.

use std::collections::BTreeMap;

use super::{
    error::Illegal,
    phase::{Phase, Step},
    record::{Header, Record},
};
use crate::outcome::{Counts, Outcome};

/// A change that was started and has no end yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Attempts so far; the next one is this plus one.
    pub attempts: u32,
    /// When the last attempt started, in Unix milliseconds.
    pub last_started_ms: i64,
    /// An attempt may have taken effect: read back before anything that can't be repeated is sent.
    pub doubtful: bool,
}

/// How a whole run came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At this moment, in Unix milliseconds.
    Finished {
        at: i64,
    },
    Abandoned {
        at: i64,
        reason: String,
    },
}

/// Where each change stands. A byte for each line of the plan, and some words for each change that is
/// open; these are as many as there are workers, or were when the run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    phases: Vec<Phase>,
    attempts: BTreeMap<u64, Attempts>,
    ended: Counts,
    changes: u64,
    /// Changes that have a record.
    touched: u64,
    ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attempts {
    count: u32,
    last_started_ms: i64,
}

impl State {
    /// The state before the first record.
    ///
    /// # Errors
    ///
    /// When the memory for the header's number of lines can't be had, or it has fewer lines
    /// than changes.
    pub fn new(header: &Header) -> Result<Self, Illegal> {
        let Header { lines, changes, .. } = *header;
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
            ended: Counts::default(),
            changes,
            touched: 0,
            ending: None,
        })
    }

    /// Takes one record in.
    ///
    /// # Errors
    ///
    /// When the record can't follow on what is known; the state is as before then.
    pub fn next(&mut self, record: &Record) -> Result<(), Illegal> {
        if let Some(ending) = &self.ending {
            return Err(Illegal::Over {
                ending: ending.word(),
                record: record.word(),
            });
        }
        match *record {
            Record::Started { line, attempt, at } => {
                self.step(line, Step::Started, Some((attempt, 1)))?;
                self.attempts.insert(
                    line,
                    Attempts {
                        count: attempt,
                        last_started_ms: at,
                    },
                );
                Ok(())
            }
            Record::Throttled { line, attempt } => {
                self.step(line, Step::Throttled, Some((attempt, 0)))
            }
            Record::NotSent { line, attempt, .. } => {
                self.step(line, Step::NotSent, Some((attempt, 0)))
            }
            Record::Unknown { line, attempt, .. } => {
                self.step(line, Step::Unknown, Some((attempt, 0)))
            }
            Record::NotApplied { line, attempt } => {
                self.step(line, Step::NotApplied, Some((attempt, 0)))
            }
            Record::Ended { line, outcome, .. } => {
                self.step(line, Step::Ended(outcome), None)?;
                self.attempts.remove(&line);
                self.ended.add(outcome.into(), 1);
                Ok(())
            }
            Record::Resumed { .. } => {
                for &line in self.attempts.keys() {
                    let index = index(line);
                    self.phases[index] = self.phases[index].orphaned();
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

    /// How the change on this plan line ended, as recorded.
    pub fn outcome(&self, line: u64) -> Option<Outcome> {
        match self.phase(line) {
            Phase::Ended(end) => Some(end.into()),
            Phase::Untouched
            | Phase::InFlight
            | Phase::InFlightAgain
            | Phase::Between
            | Phase::InDoubt => None,
        }
    }

    /// The change on this plan line, when it was started and has no end.
    pub fn open(&self, line: u64) -> Option<Open> {
        let attempts = self.attempts.get(&line)?;
        Some(Open {
            attempts: attempts.count,
            last_started_ms: attempts.last_started_ms,
            doubtful: self.phase(line).is_doubtful(),
        })
    }

    /// All changes that were started and have no end, in the plan's order, by plan line.
    pub fn all_open(&self) -> impl Iterator<Item = (u64, Open)> + '_ {
        self.attempts
            .keys()
            .filter_map(|&line| Some((line, self.open(line)?)))
    }

    /// All eight outcomes if the run stopped here. Their sum is the number of planned changes.
    pub fn counts(&self) -> Counts {
        let doubtful = self.all_open().filter(|(_, open)| open.doubtful).count() as u64;
        let mut counts = self.ended.clone();
        counts.add(Outcome::InDoubt, doubtful);
        counts.add(Outcome::NotAttempted, self.changes - counts.total());
        counts
    }

    /// How the run came to its end; none while it can be resumed.
    pub const fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Whether the run came to its end by itself.
    pub const fn is_finished(&self) -> bool {
        matches!(self.ending, Some(Ending::Finished { .. }))
    }

    /// Where the change on this plan line stands; untouched when the plan has no such line.
    pub fn phase(&self, line: u64) -> Phase {
        self.phases.get(index(line)).copied().unwrap_or_default()
    }

    /// Moves one change. `attempt` is the record's number and how far it is to be ahead of the
    /// attempts so far.
    fn step(&mut self, line: u64, step: Step, attempt: Option<(u32, u32)>) -> Result<(), Illegal> {
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
            let expected = self.attempts.get(&line).map_or(0, |a| a.count) + ahead;
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

impl Ending {
    /// The ending that a record tells, if it is of that kind.
    pub(super) fn of(record: &Record) -> Option<Self> {
        match *record {
            Record::Finished { at } => Some(Self::Finished { at }),
            Record::Abandoned { at, ref reason } => Some(Self::Abandoned {
                at,
                reason: reason.to_string(),
            }),
            Record::Started { .. }
            | Record::Throttled { .. }
            | Record::NotSent { .. }
            | Record::Unknown { .. }
            | Record::NotApplied { .. }
            | Record::Ended { .. }
            | Record::Resumed { .. } => None,
        }
    }

    pub const fn word(&self) -> &'static str {
        match self {
            Self::Finished { .. } => "finished",
            Self::Abandoned { .. } => "abandoned",
        }
    }
}

/// Where a 1-based plan line is kept. Line 0 does not exist and lands beyond any plan, like a line
/// that does not fit into memory.
fn index(line: u64) -> usize {
    usize::try_from(line.wrapping_sub(1)).unwrap_or(usize::MAX)
}
