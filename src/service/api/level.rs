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

impl Generation {
    /// Its name in playbooks.
    pub const fn word(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What an action works on: an execution, one of its parts, or the entity that an execution is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Entity,
    Execution,
    Step,
    Phase,
    Task,
}

impl Level {
    pub const ALL: [Self; 5] = [
        Self::Entity,
        Self::Execution,
        Self::Step,
        Self::Phase,
        Self::Task,
    ];

    /// Its name in playbooks.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Execution => "execution",
            Self::Step => "step",
            Self::Phase => "phase",
            Self::Task => "task",
        }
    }

    /// The plural.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Entity => "entities",
            Self::Execution => "executions",
            Self::Step => "steps",
            Self::Phase => "phases",
            Self::Task => "tasks",
        }
    }

    /// Whether a target of this level contains targets of `each`'s level, or has that level itself.
    pub const fn is_above(self, each: Self) -> bool {
        match self {
            Self::Entity => matches!(each, Self::Entity),
            Self::Execution => !matches!(each, Self::Entity),
            Self::Step => matches!(each, Self::Step),
            Self::Phase => matches!(each, Self::Phase | Self::Task),
            Self::Task => matches!(each, Self::Task),
        }
    }

    /// Whether a generation's executions have this level, as the object of an operation. (Sections of the first generation can be read, but
    /// no operation changes one.)
    pub const fn is_in(self, generation: Generation) -> bool {
        match self {
            Self::Entity | Self::Execution => true,
            Self::Step => matches!(generation, Generation::V1),
            Self::Phase | Self::Task => matches!(generation, Generation::V2),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::{Level::*, *};

    #[test]
    fn a_level_is_above_those_that_it_holds_and_itself() {
        for (each, above) in [
            (Entity, &[Entity][..]),
            (Execution, &[Execution]),
            (Step, &[Execution, Step]),
            (Phase, &[Execution, Phase]),
            (Task, &[Execution, Phase, Task]),
        ] {
            let found: Vec<Level> = Level::ALL
                .into_iter()
                .filter(|level| level.is_above(each))
                .collect();
            assert_eq!(found, above, "{each}");
        }
    }
}
