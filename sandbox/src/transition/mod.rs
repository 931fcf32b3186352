//! What a permitted request does to an execution: pure functions over the wire's types.

mod add_task;
mod advance;
mod automation;
mod closing;
mod common;
mod legacy;
mod patch;
mod schedule;
mod steps;

pub(crate) use add_task::add_task;
pub(crate) use advance::begin;
pub(crate) use automation::{execute, reconcile, run, settle};
pub(crate) use legacy::update_execution;
pub(crate) use patch::{patch_flow, patch_phase, patch_task};
pub(crate) use schedule::{cancel, run_now};
pub(crate) use steps::{create_step, delete_step, update_step};
