//! The remaining work of a change, from its records alone.

use super::{phase::Phase, state::CheckpointState};
use crate::outcome::Outcome;

/// The remaining work of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outstanding {
    /// None: it has this outcome.
    Ended(Outcome),
    /// No attempt took effect. It may be sent, as this attempt.
    Send {
        attempt: u32,
        /// A read-back has proved that an attempt had no effect. This may have been too early.
        disproved: bool,
    },
    /// One of its attempts may have taken effect. If it is safe to repeat, or a person has permitted it, it may be sent as attempt
    /// `attempts + 1`; otherwise it is read back first.
    Resolve { attempts: u32, may_repeat: bool },
}

impl CheckpointState {
    /// The remaining work of the change on this plan line. For a change in flight, the work if its answer never came.
    pub fn outstanding(&self, line: u64) -> Outstanding {
        let attempts = self.attempts(line);
        match self.phase(line) {
            Phase::Ended(end) => Outstanding::Ended(end.into()),
            phase @ (Phase::InFlight
            | Phase::InFlightAgain
            | Phase::InFlightDisproved
            | Phase::InDoubt
            | Phase::MayRepeat) => Outstanding::Resolve {
                attempts,
                may_repeat: phase == Phase::MayRepeat,
            },
            phase @ (Phase::Untouched | Phase::Between | Phase::Disproved) => Outstanding::Send {
                attempt: attempts + 1,
                disproved: phase == Phase::Disproved,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checkpoint::{
        answer::PersonAnswer,
        record::{CheckpointHeader, Detail, Record, RecordedOutcome},
        replay::replay,
        seal::Chain,
    };

    /// Plan lines of the changes under test: all that fit between header and trailer.
    const LINES: std::ops::Range<u64> = 2..5;

    /// What is known of one attempt.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Attempt {
        Live,
        MayHaveWorked,
        DidNothing,
    }

    /// The oracle: the whole history of one change, and the rules put on it in words.
    #[derive(Clone, Debug, Default)]
    struct Model {
        attempts: Vec<Attempt>,
        /// A person said to send it again, and that was not done yet.
        permitted: bool,
        /// A read has proved of an attempt that it had no effect, and no later one has become doubtful since.
        disproved: bool,
        end: Option<RecordedOutcome>,
    }

    impl Model {
        fn live(&self) -> bool {
            self.attempts.contains(&Attempt::Live)
        }

        fn in_doubt(&self) -> bool {
            self.attempts.contains(&Attempt::MayHaveWorked)
        }

        fn number(&self) -> u32 {
            u32::try_from(self.attempts.len()).unwrap()
        }

        fn may(&self, record: &Record) -> bool {
            if self.end.is_some() {
                return false;
            }
            match record {
                Record::Started { attempt, .. } => !self.live() && *attempt == self.number() + 1,
                Record::Throttled { attempt, .. }
                | Record::NoEffect { attempt, .. }
                | Record::Unknown { attempt, .. } => self.live() && *attempt == self.number(),
                Record::NotApplied { attempt, .. }
                | Record::SendAgain { attempt, .. }
                | Record::Looked { attempt, .. }
                | Record::Answered { attempt, .. } => {
                    !self.live() && self.in_doubt() && *attempt == self.number()
                }
                Record::Ended {
                    outcome: RecordedOutcome::Applied,
                    is_answer: true,
                    ..
                } => !self.live() && self.in_doubt(),
                Record::Ended { outcome, .. } => match outcome {
                    RecordedOutcome::Applied => self.live() || self.in_doubt() || self.disproved,
                    RecordedOutcome::Drifted => !self.live() && !self.in_doubt(),
                    RecordedOutcome::Gone => true,
                    RecordedOutcome::AlreadyDone => !self.in_doubt() && !self.disproved,
                    RecordedOutcome::Refused | RecordedOutcome::Failed => !self.in_doubt(),
                    RecordedOutcome::InDoubt => !self.live() && self.in_doubt(),
                },
                Record::StageStopped { .. }
                | Record::Resumed { .. }
                | Record::Finished { .. }
                | Record::Abandoned { .. } => true,
            }
        }

        fn take(&mut self, record: &Record) {
            let last = self.attempts.last_mut();
            match (record, last) {
                (Record::Started { .. }, _) => {
                    self.attempts.push(Attempt::Live);
                    self.permitted = false;
                }
                (Record::Throttled { .. } | Record::NoEffect { .. }, Some(last)) => {
                    *last = Attempt::DidNothing;
                }
                (Record::Unknown { .. }, Some(last)) => {
                    *last = Attempt::MayHaveWorked;
                    self.disproved = false;
                }
                (Record::NotApplied { .. }, _) => {
                    self.attempts.fill(Attempt::DidNothing);
                    self.permitted = false;
                    self.disproved = true;
                }
                (Record::SendAgain { .. }, _) => self.permitted = true,
                (Record::Ended { outcome, .. }, _) => self.end = Some(*outcome),
                (Record::Resumed { .. }, Some(last)) if *last == Attempt::Live => {
                    *last = Attempt::MayHaveWorked;
                    self.disproved = false;
                }
                _ => {}
            }
        }

        fn outstanding(&self) -> Outstanding {
            if let Some(end) = self.end {
                Outstanding::Ended(end.into())
            } else if self.live() || self.in_doubt() {
                Outstanding::Resolve {
                    attempts: self.number(),
                    may_repeat: self.permitted,
                }
            } else {
                Outstanding::Send {
                    attempt: self.number() + 1,
                    disproved: self.disproved,
                }
            }
        }

        fn counted_as(&self) -> Outcome {
            match self.outstanding() {
                Outstanding::Ended(outcome) => outcome,
                Outstanding::Resolve { .. } => Outcome::InDoubt,
                Outstanding::Send { .. } => Outcome::NotAttempted,
            }
        }
    }

    /// Any record on these changes, legal or not. The attempt's number is right or one off.
    fn any_record() -> impl Strategy<Value = Record> {
        let attempt = 1..4_u32;
        let reason = || Detail::new("r");
        (LINES, attempt, 0..25_usize, 0..100_i64).prop_map(move |(line, attempt, kind, at)| {
            match kind {
                0..=5 => Record::Started { line, attempt, at },
                6..=7 => Record::Throttled { line, attempt },
                8 => Record::NoEffect {
                    line,
                    attempt,
                    reason: reason(),
                    never_left: false,
                },
                9..=10 => Record::Unknown {
                    line,
                    attempt,
                    at,
                    reason: reason(),
                },
                11..=12 => Record::NotApplied { line, attempt },
                13 => Record::SendAgain { line, attempt },
                14 => Record::Resumed { at },
                15 => Record::Looked {
                    line,
                    attempt,
                    at,
                    found: reason(),
                },
                16 => Record::Answered {
                    line,
                    attempt,
                    at,
                    answer: PersonAnswer::Retry,
                },
                17 => Record::Ended {
                    line,
                    outcome: RecordedOutcome::Applied,
                    detail: None,
                    is_answer: true,
                },
                _ => Record::Ended {
                    line,
                    outcome: RecordedOutcome::ALL[kind - 18],
                    detail: None,
                    is_answer: false,
                },
            }
        })
    }

    const fn line_of(record: &Record) -> Option<u64> {
        match record {
            Record::Started { line, .. }
            | Record::Throttled { line, .. }
            | Record::NoEffect { line, .. }
            | Record::Unknown { line, .. }
            | Record::NotApplied { line, .. }
            | Record::SendAgain { line, .. }
            | Record::Looked { line, .. }
            | Record::Answered { line, .. }
            | Record::Ended { line, .. } => Some(*line),
            Record::StageStopped { .. }
            | Record::Resumed { .. }
            | Record::Finished { .. }
            | Record::Abandoned { .. } => None,
        }
    }

    proptest! {
        #[test]
        fn what_is_legal_and_what_is_left_agree_with_the_history(
            records in prop::collection::vec(any_record(), 0..120)
        ) {
            let header = CheckpointHeader::new("r".into(), "d".into(), LINES.end + 1, LINES.end - LINES.start);
            let mut state = CheckpointState::new(&header).unwrap();
            let mut models = vec![Model::default(); usize::try_from(LINES.end).unwrap()];
            let mut chain = Chain::default();
            let mut bytes = Vec::new();
            chain.seal_header(&header, &mut bytes).unwrap();

            for record in records {
                let touched: Vec<_> = LINES
                    .filter(|line| line_of(&record).is_none_or(|only| only == *line))
                    .map(|line| usize::try_from(line).unwrap())
                    .collect();
                let may = line_of(&record).is_none() || models[touched[0]].may(&record);
                let taken = state.next(&record);
                prop_assert_eq!(taken.is_ok(), may, "{:?} gives {:?}", record, taken);
                if may {
                    for index in touched {
                        models[index].take(&record);
                    }
                    chain.seal_record(&record, &mut bytes).unwrap();
                }
                for line in LINES {
                    let model = &models[usize::try_from(line).unwrap()];
                    prop_assert_eq!(state.outstanding(line), model.outstanding(), "line {}", line);
                }
            }

            let counts = state.counts();
            for outcome in Outcome::ALL {
                let expected = LINES
                    .filter(|&line| models[usize::try_from(line).unwrap()].counted_as() == outcome)
                    .count();
                prop_assert_eq!(counts.get(outcome), expected as u64);
            }
            prop_assert_eq!(replay(&bytes[..]).unwrap().state, state);
        }
    }
}
