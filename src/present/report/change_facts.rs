//! The facts about each change in a checkpoint: its attempts, their times and what was said, in the order of the plan.

use std::{collections::BTreeSet, io, iter::Peekable};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::run_files::RunFilesError;
use crate::{
    checkpoint::{Checkpoint, CheckpointState, Record},
    sort::{Sorted, Sorter},
    store::RunFolder,
};

/// The attempts of one change, as far as the checkpoint tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AttemptTimes {
    pub(super) number: u32,
    /// When the intent of the first one was recorded; the request left after that.
    pub(super) first_started_at: Option<Timestamp>,
    /// The same of the last one.
    pub(super) last_started_at: Option<Timestamp>,
    /// No more milliseconds than this lie between the first intent and the record of the outcome. Outcomes are recorded without a time: it
    /// is the time of the next record that has one. None if that is of another session, or if the clock was set back.
    pub(super) took_at_most_ms: Option<u64>,
}

/// What one record says of one change.
#[derive(Debug, Deserialize, Serialize)]
enum Fact {
    Started { at: i64 },
    Said(String),
    NeverLeft,
    Ended(Option<String>),
    Over { by: i64 },
}

/// The facts about one change, put together.
#[derive(Debug, Default)]
pub(super) struct ChangeFacts {
    pub(super) attempts: AttemptTimes,
    /// When the attempt before the last one was started.
    earlier: Option<Timestamp>,
    /// The last answer or reason.
    pub(super) said: Option<String>,
    /// What the record of its end says.
    pub(super) end: Option<String>,
}

impl ChangeFacts {
    fn add(&mut self, fact: Fact) {
        let attempts = &mut self.attempts;
        match fact {
            Fact::Started { at } => {
                let at = Timestamp::from_millisecond(at).ok();
                self.earlier = attempts.last_started_at;
                attempts.last_started_at = at;
                if attempts.number == 0 {
                    attempts.first_started_at = at;
                }
                attempts.number += 1;
            }
            // An intent without a request.
            Fact::NeverLeft => {
                attempts.number = attempts.number.saturating_sub(1);
                attempts.last_started_at = self.earlier;
                if attempts.number == 0 {
                    *attempts = AttemptTimes::default();
                }
            }
            Fact::Said(said) => self.said = Some(said),
            Fact::Ended(said) => {
                if said.is_some() {
                    self.said.clone_from(&said);
                }
                self.end = said;
            }
            Fact::Over { by } => {
                let first = attempts.first_started_at.map(Timestamp::as_millisecond);
                attempts.took_at_most_ms =
                    first.and_then(|first| u64::try_from(by.checked_sub(first)?).ok());
            }
        }
    }
}

/// All that the records say of the change with this key.
pub(super) fn known(
    facts: &mut Peekable<impl Iterator<Item = io::Result<(String, String)>>>,
    key: &str,
) -> io::Result<ChangeFacts> {
    let mut known = ChangeFacts::default();
    let is_due = |fact: &io::Result<(String, String)>| match fact {
        Ok((line, _)) => line.as_str() <= key,
        // It would block all later ones.
        Err(_) => true,
    };
    while let Some(fact) = facts.next_if(is_due) {
        let (line, fact) = fact?;
        if line == key {
            known.add(serde_json::from_str(&fact)?);
        }
    }
    Ok(known)
}

/// The state of each change and the facts about it, by plan line.
pub(super) fn facts(folder: &RunFolder) -> Result<(CheckpointState, Sorted), RunFilesError> {
    let mut collector = Collector::default();
    let mut collected = Ok(());
    let snapshot = Checkpoint::visit(&folder.checkpoint(), |record| {
        if collected.is_ok() {
            collected = collector.take(record);
        }
    })?;
    collected?;
    Ok((snapshot.state, collector.sorter.finish()?))
}

/// Puts the records in the order of the plan's lines.
#[derive(Debug, Default)]
struct Collector {
    sorter: Sorter,
    /// The lines of changes that were started and have no outcome: as many as workers.
    open: BTreeSet<u64>,
    /// Those whose outcome came after the last record with a time.
    ended: Vec<u64>,
}

impl Collector {
    fn take(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Started { line, at, .. } => {
                self.over(Some(*at))?;
                self.open.insert(*line);
                self.push(*line, &Fact::Started { at: *at })
            }
            Record::Unknown {
                line, at, reason, ..
            } => {
                self.over(Some(*at))?;
                self.push(*line, &Fact::Said(reason.to_string()))
            }
            Record::NoEffect {
                line,
                never_left: true,
                ..
            } => self.push(*line, &Fact::NeverLeft),
            Record::NoEffect { line, reason, .. } => {
                self.push(*line, &Fact::Said(reason.to_string()))
            }
            Record::Ended {
                line,
                detail,
                is_answer,
                ..
            } => {
                // How long a person took says nothing of the change.
                if self.open.remove(line) && !is_answer {
                    self.ended.push(*line);
                }
                self.push(
                    *line,
                    &Fact::Ended(detail.as_ref().map(ToString::to_string)),
                )
            }
            Record::StageStopped { at, .. } | Record::Finished { at } => self.over(Some(*at)),
            // Another session, maybe days later.
            Record::Resumed { .. } | Record::Abandoned { .. } => self.over(None),
            Record::Throttled { .. }
            | Record::NotApplied { .. }
            | Record::SendAgain { .. }
            | Record::Looked { .. }
            | Record::Answered { .. } => Ok(()),
        }
    }

    /// A moment at which the outcomes before had been recorded.
    fn over(&mut self, by: Option<i64>) -> io::Result<()> {
        let ended = std::mem::take(&mut self.ended);
        by.map_or(Ok(()), |by| {
            ended
                .into_iter()
                .try_for_each(|line| self.push(line, &Fact::Over { by }))
        })
    }

    fn push(&mut self, line: u64, fact: &Fact) -> io::Result<()> {
        self.sorter.push(key(line), serde_json::to_string(fact)?)
    }
}

/// A line's number as a text that sorts like the number.
pub(super) fn key(line: u64) -> String {
    format!("{line:020}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Detail, RecordedOutcome};

    fn said(line: u64, reason: &str) -> (String, String) {
        let fact = Fact::Said(reason.to_owned());
        (key(line), serde_json::to_string(&fact).unwrap())
    }

    #[test]
    fn a_disk_that_fails_is_told_and_loses_no_reason_in_silence() {
        let mut facts = vec![
            Ok(said(2, "first")),
            Ok(said(2, "last")),
            Err(io::Error::other("the disk is gone")),
            Ok(said(4, "never reached")),
        ]
        .into_iter()
        .peekable();
        assert_eq!(
            known(&mut facts, &key(2)).unwrap_err().to_string(),
            "the disk is gone"
        );
        let mut facts = [said(2, "first"), said(2, "last"), said(4, "of another")]
            .into_iter()
            .map(Ok)
            .peekable();
        let mut last = |line| known(&mut facts, &key(line)).unwrap().said;
        assert_eq!(last(2).as_deref(), Some("last"));
        assert_eq!(last(3), None);
        assert_eq!(last(4).as_deref(), Some("of another"));
    }

    const fn started(line: u64, attempt: u32, at: i64) -> Record {
        Record::Started { line, attempt, at }
    }

    const fn ended(line: u64) -> Record {
        Record::Ended {
            line,
            outcome: RecordedOutcome::Applied,
            detail: None,
            is_answer: false,
        }
    }

    fn held_up(line: u64, attempt: u32) -> Record {
        Record::NoEffect {
            line,
            attempt,
            reason: Detail::new("the run stopped"),
            never_left: true,
        }
    }

    /// What the records say of line 2: the number of attempts, the starts of the first and the last one, and how long it took at most.
    fn told(records: &[Record]) -> (u32, Option<i64>, Option<i64>, Option<u64>) {
        let mut collector = Collector::default();
        for record in records {
            collector.take(record).unwrap();
        }
        let mut facts = collector.sorter.finish().unwrap().peekable();
        let AttemptTimes {
            number,
            first_started_at,
            last_started_at,
            took_at_most_ms,
        } = known(&mut facts, &key(2)).unwrap().attempts;
        let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        (
            number,
            millis(first_started_at),
            millis(last_started_at),
            took_at_most_ms,
        )
    }

    #[test]
    fn a_change_took_no_longer_than_until_the_next_record_with_a_time_and_otherwise_nothing_is_said()
     {
        let finished = Record::Finished { at: 900 };
        for (records, expected) in [
            (vec![], (0, None, None, None)),
            // The re-check ended it: no request was sent.
            (vec![ended(2), finished.clone()], (0, None, None, None)),
            (
                vec![
                    started(2, 1, 100),
                    ended(2),
                    started(3, 1, 130),
                    finished.clone(),
                ],
                (1, Some(100), Some(100), Some(30)),
            ),
            (
                vec![started(2, 1, 100), ended(2), finished.clone()],
                (1, Some(100), Some(100), Some(800)),
            ),
            // Nobody knows when the process died.
            (
                vec![
                    started(2, 1, 100),
                    ended(2),
                    Record::Resumed { at: 800 },
                    finished.clone(),
                ],
                (1, Some(100), Some(100), None),
            ),
            // The clock was set back.
            (
                vec![started(2, 1, 100), ended(2), started(3, 1, 90)],
                (1, Some(100), Some(100), None),
            ),
            (
                vec![
                    started(2, 1, 100),
                    Record::Throttled {
                        line: 2,
                        attempt: 1,
                    },
                    started(2, 2, 200),
                    ended(2),
                    finished.clone(),
                ],
                (2, Some(100), Some(200), Some(800)),
            ),
            // An intent without a request is no attempt.
            (
                vec![started(2, 1, 100), held_up(2, 1)],
                (0, None, None, None),
            ),
            (
                vec![
                    started(2, 1, 100),
                    held_up(2, 1),
                    started(2, 2, 300),
                    ended(2),
                    finished,
                ],
                (1, Some(300), Some(300), Some(600)),
            ),
        ] {
            assert_eq!(told(&records), expected, "{records:?}");
        }
    }
}
