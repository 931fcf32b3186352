//! One entry of a playbook's `actions`.

use super::{
    AddStep, AddTask, CancelSchedule, Close, Delete, DeleteStep, EndOrGoOn, Execute, Kind,
    MoveOffHolidays, Patch, Planned, Reassign, ReconcileAutomation, RunAutomation, RunScheduleNow,
    SetDueDate, SetStatus, ShiftDueDate, Start, Subject,
};
use crate::{api::Level, template::Expression};

/// One action with its arguments, as the playbook gives them.
#[derive(Clone, Debug)]
pub enum Action {
    Reassign(Reassign),
    ShiftDueDate(ShiftDueDate),
    SetDueDate(SetDueDate),
    MoveOffHolidays(MoveOffHolidays),
    Close(Close),
    EndOrGoOn(EndOrGoOn),
    SetStatus(SetStatus),
    RunScheduleNow(RunScheduleNow),
    CancelSchedule(CancelSchedule),
    RunAutomation(RunAutomation),
    Execute(Execute),
    ReconcileAutomation(ReconcileAutomation),
    AddStep(AddStep),
    DeleteStep(DeleteStep),
    AddTask(AddTask),
    Start(Start),
    Delete(Delete),
    Patch(Patch),
}

/// One entry of a playbook's `actions`.
#[derive(Clone, Debug)]
pub struct Entry {
    pub action: Action,
    /// Where it works; never empty.
    pub on: Vec<Level>,
    pub when: Option<Expression>,
    /// A name for people, shown beside the action's own.
    pub name: Option<String>,
}

impl Action {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Reassign(_) => Kind::Reassign,
            Self::ShiftDueDate(_) => Kind::ShiftDueDate,
            Self::SetDueDate(_) => Kind::SetDueDate,
            Self::MoveOffHolidays(_) => Kind::MoveOffHolidays,
            Self::Close(_) => Kind::Close,
            Self::EndOrGoOn(EndOrGoOn::Complete) => Kind::Complete,
            Self::EndOrGoOn(EndOrGoOn::Reopen) => Kind::Reopen,
            Self::SetStatus(_) => Kind::SetStatus,
            Self::RunScheduleNow(_) => Kind::RunScheduleNow,
            Self::CancelSchedule(_) => Kind::CancelSchedule,
            Self::RunAutomation(_) => Kind::RunAutomation,
            Self::Execute(_) => Kind::Execute,
            Self::ReconcileAutomation(_) => Kind::ReconcileAutomation,
            Self::AddStep(_) => Kind::AddStep,
            Self::DeleteStep(_) => Kind::DeleteStep,
            Self::AddTask(_) => Kind::AddTask,
            Self::Start(_) => Kind::Start,
            Self::Delete(_) => Kind::Delete,
            Self::Patch(_) => Kind::Patch,
        }
    }

    /// The word a playbook uses.
    pub const fn word(&self) -> &'static str {
        self.kind().word()
    }

    /// Whether a second plan after the run finds nothing to do.
    pub const fn converges(&self) -> bool {
        match self {
            Self::ShiftDueDate(_)
            | Self::RunAutomation(_)
            | Self::Execute(_)
            | Self::AddStep(_)
            | Self::Start(_) => false,
            Self::Patch(patch) => patch.converges,
            Self::Reassign(_)
            | Self::SetDueDate(_)
            | Self::MoveOffHolidays(_)
            | Self::Close(_)
            | Self::EndOrGoOn(_)
            | Self::SetStatus(_)
            | Self::RunScheduleNow(_)
            | Self::CancelSchedule(_)
            | Self::ReconcileAutomation(_)
            | Self::DeleteStep(_)
            | Self::AddTask(_)
            | Self::Delete(_) => true,
        }
    }

    /// What it makes of a target.
    pub fn plan(&self, subject: &Subject<'_>) -> Planned {
        match self {
            Self::Reassign(reassign) => reassign.plan(subject),
            Self::ShiftDueDate(shift) => shift.plan(subject),
            Self::SetDueDate(set) => set.plan(subject),
            Self::MoveOffHolidays(move_off) => move_off.plan(subject),
            Self::Close(close) => close.plan(subject),
            Self::EndOrGoOn(end_or_go_on) => end_or_go_on.plan(subject),
            Self::SetStatus(set_status) => set_status.plan(subject),
            Self::RunScheduleNow(run_now) => run_now.plan(subject),
            Self::CancelSchedule(cancel) => cancel.plan(subject),
            Self::RunAutomation(run) => run.plan(subject),
            Self::Execute(execute) => execute.plan(subject),
            Self::ReconcileAutomation(reconcile) => reconcile.plan(subject),
            Self::AddStep(add_step) => add_step.plan(subject),
            Self::DeleteStep(delete_step) => delete_step.plan(subject),
            Self::AddTask(add_task) => add_task.plan(subject),
            Self::Start(start) => start.plan(subject),
            Self::Delete(delete) => delete.plan(subject),
            Self::Patch(patch) => patch.plan(subject),
        }
    }
}

impl Entry {
    /// What the plan calls it: the action's word, and the playbook's name for it.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{}: {name}", self.action.word()),
            None => self.action.word().to_owned(),
        }
    }
}
