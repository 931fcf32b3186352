//! What a playbook can do to a target: one file an action.
//!
//! An action turns a target's JSON into an [`Edit`] (pure). Its read-back tells from a later reading whether it
//! took effect, its inverse how to take it back.

mod close;
mod reassign;
mod run_schedule_now;
mod shift_due_date;

pub use close::Close;
pub use reassign::Reassign;
pub use run_schedule_now::RunScheduleNow;
pub use shift_due_date::ShiftDueDate;

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
    /// A name for people, shown instead of the action's own.
    pub name: Option<String>,
}
