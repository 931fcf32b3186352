//! What a playbook can do to a target: one file an action, and [`ALL`], the list of them.
//!
//! An action turns a target's JSON into an [`Edit`] (pure). The read-back tells from a later read whether an edit took effect. Each field
//! that an edit writes knows the value that undoes it.

mod add_step;
mod add_task;
mod answer;
mod arguments;
mod body;
mod body_arguments;
mod close;
mod complete;
mod delete;
mod delete_step;
mod edit;
mod effect;
mod field_write;
mod kind;
mod move_off_holidays;
mod named;
mod nature;
mod patch;
mod readback;
mod reassign;
mod replay;
mod same;
mod set_due_date;
mod set_status;
mod shift_due_date;
mod start;
mod status;
mod status_move;
mod task_automation;
mod traces;
mod undo;

pub use crate::retry::Repeat;
pub use answer::{contradiction, difference, needs_body};
pub use close::Close;
pub use edit::{Edit, PlannedAction, Subject};
pub use effect::{Effect, EntityWrite};
pub use field_write::{FieldWrite, back};
pub use kind::{
    Action, ActionEntry, ActionKind, Allow, Argument, ArgumentsForm, Requests, ValueForm,
};
pub use nature::{Nature, depends_on_the_read, expected, is_shown, no_way_back, required};
pub use readback::{Evidence, Expected, Reading, evidence, read_back};
pub use replay::replay;
pub use same::same;
pub use status::has_ended;
pub use task_automation::STARTED_AUTOMATION;
pub use traces::{Doubted, TraceRead};

pub(crate) use arguments::{Arguments, Setting, WrittenAction, arguments};
use body::{ArgumentValue, fit};
use edit::words_of;
use kind::{argument, bare};

/// All actions, in the order of the documentation.
pub const ALL: &[&ActionKind] = &[
    &reassign::KIND,
    &shift_due_date::KIND,
    &set_due_date::KIND,
    &move_off_holidays::KIND,
    &close::KIND,
    &complete::COMPLETE,
    &complete::REOPEN,
    &set_status::KIND,
    &task_automation::RUN_SCHEDULE_NOW,
    &task_automation::CANCEL_SCHEDULE,
    &task_automation::RUN_AUTOMATION,
    &task_automation::EXECUTE,
    &task_automation::RECONCILE_AUTOMATION,
    &add_step::KIND,
    &delete_step::KIND,
    &add_task::KIND,
    &start::KIND,
    &delete::KIND,
    &patch::KIND,
];
