//! What people and programs are told: the plan before it is applied, the run while it goes on, the result.
//!
//! Reporters are fed with events and write to what they are given; nothing here decides what a run does.

mod delta;
mod human_bars;
mod human_lines;
mod plan_summary;
mod plan_text;
mod progress;
mod reporter;
mod tally;
mod units;
mod words;

pub use human_bars::Bars;
pub use human_lines::Lines;
pub use plan_summary::PlanSummary;
pub use plan_text::{Heading, PlanText};
pub use reporter::{Quiet, Reporter};
