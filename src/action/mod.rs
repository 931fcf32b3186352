//! What a playbook can do to a target: one file an action.
//!
//! An action turns a target's JSON into an [`Edit`] (pure). The read-back tells from a later reading whether an
//! edit took effect; each field that an edit writes knows the value that takes it back.

mod close;
mod edit;
mod entry;
mod nature;
mod readback;
mod reassign;
mod replay;
mod run_schedule_now;
mod shift_due_date;
mod status;

pub use close::Close;
pub use edit::{Edit, FieldWrite, Planned, Subject};
pub use entry::{Action, Entry};
pub use nature::{Effect, Nature, Repeat};
pub use readback::{Expected, Reading, read_back};
pub use reassign::Reassign;
pub use replay::replay;
pub use run_schedule_now::RunScheduleNow;
pub use shift_due_date::ShiftDueDate;
