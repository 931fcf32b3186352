//! Which generation of the API, and which part of an execution.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The two generations of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// "Workflow executions": camelCase, sections and steps.
    V1,
    /// "Flow executions": `snake_case`, phases and tasks.
    V2,
}

/// The part of an execution that an action works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Execution,
    Phase,
    Task,
}

impl Level {
    /// The word a playbook uses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Execution => "execution",
            Self::Phase => "phase",
            Self::Task => "task",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
