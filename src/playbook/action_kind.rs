//! The actions as a playbook names them: their words, levels and arguments.

use crate::api::Level;

use super::model::Allow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reassign,
    ShiftDueDate,
    Close,
    RunScheduleNow,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [
        Self::Reassign,
        Self::ShiftDueDate,
        Self::Close,
        Self::RunScheduleNow,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Reassign => "reassign",
            Self::ShiftDueDate => "shift_due_date",
            Self::Close => "close",
            Self::RunScheduleNow => "run_schedule_now",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The parts of an execution whose type the API gives this operation.
    pub(super) const fn levels(self) -> &'static [Level] {
        match self {
            Self::Reassign | Self::ShiftDueDate => &[Level::Execution, Level::Phase, Level::Task],
            Self::Close => &[Level::Execution],
            Self::RunScheduleNow => &[Level::Task],
        }
    }

    pub(super) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Reassign => &["from", "to", "set", "add", "remove"],
            Self::ShiftDueDate => &["by"],
            Self::Close => &["reason", "description"],
            Self::RunScheduleNow => &[],
        }
    }

    /// How the action is written.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Reassign => {
                "reassign: { from: \"10010\", to: \"10020\" }, { set: [\"10020\"] } or { add: [\"10020\"], remove: [\"10010\"] }"
            }
            Self::ShiftDueDate => "shift_due_date: { by: 3 days }",
            Self::Close => {
                "close: { reason: \"…\", description: \"…\" }, the description may be left out"
            }
            Self::RunScheduleNow => "run_schedule_now",
        }
    }

    /// Whether nothing can take it back: a started automation has acted.
    pub(super) const fn is_irreversible(self) -> bool {
        match self {
            Self::RunScheduleNow => true,
            Self::Reassign | Self::ShiftDueDate | Self::Close => false,
        }
    }

    pub(super) const fn allow(self) -> Allow {
        match self {
            Self::Reassign => Allow::Reassign,
            Self::ShiftDueDate => Allow::ShiftDueDate,
            Self::Close => Allow::Close,
            Self::RunScheduleNow => Allow::RunScheduleNow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_allow_knows_an_action_by_the_word_that_actions_uses() {
        for kind in Kind::ALL {
            let word = serde_json::to_value(kind.allow()).unwrap();
            assert_eq!(word, kind.word());
            assert_eq!(Kind::named(kind.word()), Some(kind));
        }
    }
}
