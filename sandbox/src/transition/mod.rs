//! What a permitted request does to an execution: pure functions over the wire's types.

mod advance;
mod closing;
mod legacy;
mod patch;
mod schedule;

pub(crate) use legacy::update_execution;
pub(crate) use patch::{patch_flow, patch_phase, patch_task};
pub(crate) use schedule::run_now;
