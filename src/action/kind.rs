//! The actions by name: where they work and what a person must know before they are used.

use serde::{Deserialize, Serialize};

use crate::api::{Generation, Level};

/// An action's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Reassign,
    ShiftDueDate,
    SetDueDate,
    MoveOffHolidays,
    Close,
    Complete,
    Reopen,
    SetStatus,
    RunScheduleNow,
    CancelSchedule,
    RunAutomation,
    Execute,
    ReconcileAutomation,
    AddStep,
    DeleteStep,
    AddTask,
    Start,
    Delete,
    Patch,
}

impl Kind {
    /// In the order in which people are told of them.
    pub const ALL: [Self; 19] = [
        Self::Reassign,
        Self::ShiftDueDate,
        Self::SetDueDate,
        Self::MoveOffHolidays,
        Self::Close,
        Self::Complete,
        Self::Reopen,
        Self::SetStatus,
        Self::RunScheduleNow,
        Self::CancelSchedule,
        Self::RunAutomation,
        Self::Execute,
        Self::ReconcileAutomation,
        Self::AddStep,
        Self::DeleteStep,
        Self::AddTask,
        Self::Start,
        Self::Delete,
        Self::Patch,
    ];

    /// The word a playbook uses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reassign => "reassign",
            Self::ShiftDueDate => "shift_due_date",
            Self::SetDueDate => "set_due_date",
            Self::MoveOffHolidays => "move_off_holidays",
            Self::Close => "close",
            Self::Complete => "complete",
            Self::Reopen => "reopen",
            Self::SetStatus => "set_status",
            Self::RunScheduleNow => "run_schedule_now",
            Self::CancelSchedule => "cancel_schedule",
            Self::RunAutomation => "run_automation",
            Self::Execute => "execute",
            Self::ReconcileAutomation => "reconcile_automation",
            Self::AddStep => "add_step",
            Self::DeleteStep => "delete_step",
            Self::AddTask => "add_task",
            Self::Start => "start",
            Self::Delete => "delete",
            Self::Patch => "patch",
        }
    }

    /// What the API has an operation for.
    pub const fn levels(self) -> &'static [Level] {
        match self {
            Self::Reassign
            | Self::ShiftDueDate
            | Self::SetDueDate
            | Self::MoveOffHolidays
            | Self::Patch => &[Level::Execution, Level::Step, Level::Phase, Level::Task],
            Self::Close
            | Self::Complete
            | Self::Reopen
            | Self::AddStep
            | Self::AddTask
            | Self::Delete => &[Level::Execution],
            Self::SetStatus => &[Level::Step, Level::Task],
            Self::RunScheduleNow
            | Self::CancelSchedule
            | Self::RunAutomation
            | Self::Execute
            | Self::ReconcileAutomation => &[Level::Task],
            Self::DeleteStep => &[Level::Step],
            Self::Start => &[Level::Entity],
        }
    }

    /// Whether a generation of the API has an operation for it.
    pub fn is_in(self, generation: Generation) -> bool {
        let lone = match self {
            Self::AddStep => Generation::V1,
            Self::AddTask => Generation::V2,
            Self::Reassign
            | Self::ShiftDueDate
            | Self::SetDueDate
            | Self::MoveOffHolidays
            | Self::Close
            | Self::Complete
            | Self::Reopen
            | Self::SetStatus
            | Self::RunScheduleNow
            | Self::CancelSchedule
            | Self::RunAutomation
            | Self::Execute
            | Self::ReconcileAutomation
            | Self::DeleteStep
            | Self::Start
            | Self::Delete
            | Self::Patch => {
                return self.levels().iter().any(|level| level.is_in(generation));
            }
        };
        lone == generation
    }

    /// Whether nothing takes it back, so that a playbook must say that it is meant.
    pub const fn is_irreversible(self) -> bool {
        match self {
            Self::RunScheduleNow
            | Self::CancelSchedule
            | Self::RunAutomation
            | Self::Execute
            | Self::DeleteStep
            | Self::Start
            | Self::Delete => true,
            // A step or task too many, a status or a field: a person can put it right.
            Self::Reassign
            | Self::ShiftDueDate
            | Self::SetDueDate
            | Self::MoveOffHolidays
            | Self::Close
            | Self::Complete
            | Self::Reopen
            | Self::SetStatus
            | Self::ReconcileAutomation
            | Self::AddStep
            | Self::AddTask
            | Self::Patch => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_plans_hold() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
