//! What a playbook can do to a target: one file an action.
//!
//! An action turns a target's JSON into an [`Edit`] (pure). The read-back tells from a later reading whether an
//! edit took effect; each field that an edit writes knows the value that takes it back.

mod add_step;
mod add_task;
mod answer;
mod body;
mod cancel_schedule;
mod close;
mod complete;
mod delete;
mod delete_step;
mod edit;
mod effect;
mod entry;
mod execute;
mod field_write;
mod kind;
mod move_off_holidays;
mod named;
mod nature;
mod patch;
mod readback;
mod reassign;
mod reconcile_automation;
mod replay;
mod run_automation;
mod run_schedule_now;
mod same;
mod set_due_date;
mod set_status;
mod shift_due_date;
mod start;
mod status;
mod status_move;

pub use add_step::AddStep;
pub use add_task::AddTask;
pub use answer::{contradiction, difference, needs_body};
pub use body::{Body, fit};
pub use cancel_schedule::CancelSchedule;
pub use close::Close;
pub use complete::EndOrGoOn;
pub use delete::{Delete, Removal};
pub use delete_step::DeleteStep;
pub use edit::{Edit, Planned, Subject, words_of};
pub use effect::{Effect, EntityWrite};
pub use entry::{Action, Entry};
pub use execute::Execute;
pub use field_write::FieldWrite;
pub use kind::Kind;
pub use move_off_holidays::MoveOffHolidays;
pub use nature::{Nature, Repeat};
pub use patch::Patch;
pub use readback::{Evidence, Expected, Reading, evidence, read_back};
pub use reassign::Reassign;
pub use reconcile_automation::ReconcileAutomation;
pub use replay::replay;
pub use run_automation::RunAutomation;
pub use run_schedule_now::{RunScheduleNow, STARTED_AUTOMATION};
pub use same::same;
pub use set_due_date::{SetDueDate, rule_content};
pub use set_status::SetStatus;
pub use shift_due_date::ShiftDueDate;
pub use start::{Context, Start};
