//! A person's answer about a change in doubt.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person's answer about one change in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonAnswer {
    /// It took effect.
    Applied,
    /// Send it again.
    Retry,
    /// Leave it in doubt permanently.
    Skip,
}

impl PersonAnswer {
    pub const ALL: [Self; 3] = [Self::Applied, Self::Retry, Self::Skip];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Retry => "retry",
            Self::Skip => "skip",
        }
    }
}

impl fmt::Display for PersonAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
