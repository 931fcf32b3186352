//! One entry of a playbook's `actions`.

use super::{Close, Planned, Reassign, RunScheduleNow, ShiftDueDate, Subject};
use crate::{api::Level, template::Expression};

/// One action with its arguments, as the playbook gives them.
#[derive(Clone, Debug)]
pub enum Action {
    Reassign(Reassign),
    ShiftDueDate(ShiftDueDate),
    Close(Close),
    RunScheduleNow(RunScheduleNow),
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
    /// The word a playbook uses.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Reassign(_) => "reassign",
            Self::ShiftDueDate(_) => "shift_due_date",
            Self::Close(_) => "close",
            Self::RunScheduleNow(_) => "run_schedule_now",
        }
    }

    /// Whether a second plan after the run finds nothing to do.
    pub const fn converges(&self) -> bool {
        match self {
            Self::ShiftDueDate(_) => false,
            Self::Reassign(_) | Self::Close(_) | Self::RunScheduleNow(_) => true,
        }
    }

    /// What it makes of a target.
    pub fn plan(&self, subject: &Subject<'_>) -> Planned {
        match self {
            Self::Reassign(reassign) => reassign.plan(subject),
            Self::ShiftDueDate(shift) => shift.plan(subject),
            Self::Close(close) => close.plan(subject),
            Self::RunScheduleNow(run_now) => run_now.plan(subject),
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
