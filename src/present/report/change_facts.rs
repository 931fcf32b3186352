//! The facts about each change in a checkpoint: its attempts, their times and what was said, in the order of the plan.

use std::{collections::BTreeMap, io, iter::Peekable};

use jiff::Timestamp;

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
#[derive(Debug)]
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

/// The facts about one change while they are sorted: attempts, the first and the last start in Unix milliseconds, how long it took at most,
/// what was said, and the end.
type SortedFacts<T> = (
    u32,
    Option<i64>,
    Option<i64>,
    Option<u64>,
    Option<T>,
    Option<T>,
);

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

    fn to_line(&self) -> io::Result<String> {
        let AttemptTimes {
            number,
            first_started_at,
            last_started_at,
            took_at_most_ms,
        } = self.attempts;
        let facts: SortedFacts<&str> = (
            number,
            first_started_at.map(Timestamp::as_millisecond),
            last_started_at.map(Timestamp::as_millisecond),
            took_at_most_ms,
            self.said.as_deref(),
            self.end.as_deref(),
        );
        Ok(serde_json::to_string(&facts)?)
    }

    fn of_line(line: &str) -> io::Result<Self> {
        let moment = |at: Option<i64>| Timestamp::from_millisecond(at?).ok();
        let (number, first, last, took_at_most_ms, said, end): SortedFacts<String> =
            serde_json::from_str(line)?;
        Ok(Self {
            attempts: AttemptTimes {
                number,
                first_started_at: moment(first),
                last_started_at: moment(last),
                took_at_most_ms,
            },
            earlier: None,
            said,
            end,
        })
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
            known = ChangeFacts::of_line(&fact)?;
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
    Ok((snapshot.state, collector.finish()?))
}

/// Puts the facts about each change together, and in the order of the plan's lines.
#[derive(Debug, Default)]
struct Collector {
    sorter: Sorter,
    /// The changes that were started and have no outcome, by line: as many as workers.
    open: BTreeMap<u64, ChangeFacts>,
    /// Those whose outcome came after the last record with a time.
    ended: Vec<(u64, ChangeFacts)>,
}

impl Collector {
    fn take(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Started { line, at, .. } => {
                self.over(Some(*at))?;
                self.add(*line, Fact::Started { at: *at });
            }
            Record::Unknown {
                line, at, reason, ..
            } => {
                self.over(Some(*at))?;
                self.add(*line, Fact::Said(reason.to_string()));
            }
            Record::NoEffect {
                line,
                never_left: true,
                ..
            } => self.add(*line, Fact::NeverLeft),
            Record::NoEffect { line, reason, .. } => {
                self.add(*line, Fact::Said(reason.to_string()));
            }
            Record::Ended {
                line,
                detail,
                is_answer,
                ..
            } => {
                let started = self.open.remove(line);
                let was_started = started.is_some();
                let mut facts = started.unwrap_or_default();
                facts.add(Fact::Ended(detail.as_ref().map(ToString::to_string)));
                // How long a person took says nothing of the change.
                if was_started && !is_answer {
                    self.ended.push((*line, facts));
                } else {
                    self.push(*line, &facts)?;
                }
            }
            Record::StageStopped { at, .. } | Record::Finished { at } => self.over(Some(*at))?,
            // Another session, maybe days later.
            Record::Resumed { .. } | Record::Abandoned { .. } => self.over(None)?,
            Record::Throttled { .. }
            | Record::NotApplied { .. }
            | Record::SendAgain { .. }
            | Record::Looked { .. }
            | Record::Answered { .. } => {}
        }
        Ok(())
    }

    fn add(&mut self, line: u64, fact: Fact) {
        self.open.entry(line).or_default().add(fact);
    }

    /// A moment at which the outcomes before had been recorded; none if it is not known.
    fn over(&mut self, by: Option<i64>) -> io::Result<()> {
        for (line, mut facts) in std::mem::take(&mut self.ended) {
            if let Some(by) = by {
                facts.add(Fact::Over { by });
            }
            self.push(line, &facts)?;
        }
        Ok(())
    }

    fn push(&mut self, line: u64, facts: &ChangeFacts) -> io::Result<()> {
        self.sorter.push(key(line), facts.to_line()?)
    }

    /// All records were taken.
    fn finish(mut self) -> io::Result<Sorted> {
        self.over(None)?;
        for (line, facts) in std::mem::take(&mut self.open) {
            self.push(line, &facts)?;
        }
        self.sorter.finish()
    }
}

/// A line's number as a text that sorts like the number.
pub(super) fn key(line: u64) -> String {
    format!("{line:020}")
}

#[cfg(test)]
mod tests;
