//! How each action is written: its arguments and an example.

use crate::action::Kind;

impl Kind {
    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The keys of its arguments; of `patch` they are the fields of the API.
    pub(super) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Reassign => &["from", "to", "set", "add", "remove"],
            Self::ShiftDueDate => &["by"],
            Self::SetDueDate => &["to", "config"],
            Self::MoveOffHolidays => &["direction"],
            Self::Close => &["reason", "description"],
            Self::SetStatus => &["to", "revert", "branch"],
            Self::AddStep => &[
                "name",
                "index",
                "section",
                "description",
                "status",
                "execution_type",
                "automation_config",
            ],
            Self::AddTask => &[
                "name",
                "after",
                "before",
                "key",
                "phase",
                "status",
                "due_date",
                "due_date_config",
                "assigned_to",
                "enabled",
                "automation_config",
                "task_type",
            ],
            Self::Start => &["template", "contexts", "assigned_to", "purposes"],
            Self::Delete => &["soft"],
            Self::Complete
            | Self::Reopen
            | Self::RunScheduleNow
            | Self::CancelSchedule
            | Self::RunAutomation
            | Self::Execute
            | Self::ReconcileAutomation
            | Self::DeleteStep
            | Self::Patch => &[],
        }
    }

    /// How the action is written.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Reassign => {
                "reassign: { from: \"10010\", to: \"10020\" }, { set: [\"10020\"] } or { add: [\"10020\"], remove: [\"10010\"] }"
            }
            Self::ShiftDueDate => "shift_due_date: { by: 3 days }, or { by: 3 business days }",
            Self::SetDueDate => "set_due_date: 2026-12-24, or set_due_date: { config: { … } }",
            Self::MoveOffHolidays => {
                "move_off_holidays, or move_off_holidays: { direction: previous }"
            }
            Self::Close => {
                "close: { reason: \"…\", description: \"…\" }, the description may be left out"
            }
            Self::Complete => "complete",
            Self::Reopen => "reopen",
            Self::SetStatus => "set_status: IN_PROGRESS, or { to: COMPLETED, branch: \"…\" }",
            Self::RunScheduleNow => "run_schedule_now",
            Self::CancelSchedule => "cancel_schedule",
            Self::RunAutomation => "run_automation",
            Self::Execute => "execute",
            Self::ReconcileAutomation => "reconcile_automation",
            Self::AddStep => "add_step: { name: \"…\", index: 0, section: \"…\" }",
            Self::DeleteStep => "delete_step",
            Self::AddTask => "add_task: { name: \"…\", after: \"…\", before: \"…\" }",
            Self::Start => "start: { template: \"…\" }",
            Self::Delete => "delete, or delete: { soft: true }",
            Self::Patch => "patch: { name: \"…\" }",
        }
    }
}
