//! What is counted over all cycles.

use std::{fmt, time::Duration};

use crate::{judge::Verdict, records::Records};

/// Where in its run a kill came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There was no run yet.
    Planning,
    /// Nothing was sent yet.
    Before,
    Middle,
    /// All changes had their end, or waited for what becomes of a doubt.
    End,
}

impl Place {
    pub(super) fn of(records: Option<&Records>, planned: usize) -> Self {
        match records {
            None => Self::Planning,
            Some(records) if records.started.is_empty() => Self::Before,
            Some(records) if records.ended.len() + records.open().len() < planned => Self::Middle,
            Some(_) => Self::End,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) seed: u64,
    pub(super) cycles: usize,
    /// By place.
    pub(super) hits: [usize; 4],
    pub(super) runs: usize,
    pub(super) resumes: usize,
    pub(super) planned: usize,
    pub(super) requests: usize,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    pub(super) blind: usize,
    /// Changes that each kill left in flight.
    pub(super) doubts: Vec<usize>,
    pub(super) elapsed: Duration,
}

impl Figures {
    pub(super) fn add(&mut self, verdict: &Verdict) {
        self.runs += 1;
        self.planned += verdict.planned;
        self.requests += verdict.requests;
        self.lost += verdict.lost.len();
        self.doubled += verdict.doubled.len();
        self.blind += verdict.blind.len();
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.doubts.iter().sum();
        let most = self.doubts.iter().max().copied().unwrap_or_default();
        // In hundredths, which needs no floats.
        let mean = total * 100 / self.doubts.len().max(1);
        let [planning, before, middle, end] = self.hits;
        let rows: [(&str, String); 15] = [
            ("cycles", self.cycles.to_string()),
            (
                "kills that hit",
                self.hits.iter().sum::<usize>().to_string(),
            ),
            ("  while planning", planning.to_string()),
            ("  before the first write", before.to_string()),
            ("  between writes", middle.to_string()),
            ("  after the last write", end.to_string()),
            ("runs", self.runs.to_string()),
            ("resumes", self.resumes.to_string()),
            ("changes planned", self.planned.to_string()),
            ("requests", self.requests.to_string()),
            ("lost", self.lost.to_string()),
            ("doubled", self.doubled.to_string()),
            ("blind repeats", self.blind.to_string()),
            (
                "left in doubt by a kill",
                format!(
                    "{most} at most, {}.{:02} on average, {total} in all",
                    mean / 100,
                    mean % 100
                ),
            ),
            (
                "seed, time",
                format!("{}, {} s", self.seed, self.elapsed.as_secs()),
            ),
        ];
        for (name, value) in rows {
            writeln!(f, "{name:<26}{value}")?;
        }
        Ok(())
    }
}
