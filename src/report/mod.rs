//! What people and programs are told: the plan before it is applied, the run while it goes on, the result.
//!
//! Reporters are fed with events and write to what they are given; nothing here decides what a run does.

mod delta;
mod plan_summary;
mod plan_text;
mod tally;
mod units;
mod words;

pub use plan_summary::PlanSummary;
pub use plan_text::{Heading, PlanText};
