//! The outcome of a change, and the count of each outcome.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// The outcome of a change. The names are those of the reports and the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its request took effect.
    Applied,
    /// All its fields had the new value before it was sent.
    AlreadyDone,
    /// The target has changed since the plan.
    Drifted,
    /// The target does not exist any more.
    Gone,
    /// The service did not accept the request (4xx).
    Refused,
    /// It certainly had no effect.
    Failed,
    /// It is unknown whether it took effect.
    InDoubt,
    /// It was not sent.
    NotAttempted,
}

impl Outcome {
    pub const ALL: [Self; 8] = [
        Self::Applied,
        Self::AlreadyDone,
        Self::Drifted,
        Self::Gone,
        Self::Refused,
        Self::Failed,
        Self::InDoubt,
        Self::NotAttempted,
    ];

    /// Whether it counts for `max_errors` and `stages`. Changes that drifted or are gone do not count.
    pub const fn is_error(self) -> bool {
        match self {
            Self::Refused | Self::Failed | Self::InDoubt => true,
            Self::Applied | Self::AlreadyDone | Self::Drifted | Self::Gone | Self::NotAttempted => {
                false
            }
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::AlreadyDone => "already_done",
            Self::Drifted => "drifted",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::NotAttempted => "not_attempted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The number of changes with each outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Outcome::ALL.len()]);

impl Counts {
    pub fn add(&mut self, outcome: Outcome, changes: u64) {
        self.0[outcome as usize] += changes;
    }

    pub fn get(&self, outcome: Outcome) -> u64 {
        self.0[outcome as usize]
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Counts a part anew: it was counted as `before`, and is `now`.
    pub fn recount(&mut self, before: &Self, now: &Self) {
        for outcome in Outcome::ALL {
            let others = self.get(outcome).saturating_sub(before.get(outcome));
            self.0[outcome as usize] = others + now.get(outcome);
        }
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_name: BTreeMap<Outcome, u64> = Outcome::ALL
            .iter()
            .map(|&outcome| (outcome, self.get(outcome)))
            .collect();
        by_name.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let by_name = BTreeMap::<Outcome, u64>::deserialize(deserializer)?;
        let mut counts = Self::default();
        for (outcome, changes) in by_name {
            counts.add(outcome, changes);
        }
        Ok(counts)
    }
}
