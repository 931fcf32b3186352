//! Executes one plan: groups run concurrently, a group's changes one after another.
//!
//! `dispatcher` owns the checkpoint, the counts and the reporter. A `worker` handles one group and sends messages to the dispatcher through
//! a `link`. `decide` (pure) interprets a change's state and a read.
//!
//! A run makes passes over its plan. The first takes every group with open changes, so a resumed run is a run with a longer history. Later
//! passes take the groups with a change in doubt, once a read-back can prove that the request had no effect.
//!
//! With `stages`, each stage makes its passes over its part of the plan before the next one begins. With `max_errors`, each change that is
//! sent holds a slot of the `error_budget`.

#[cfg(test)]
mod answer_tests;
mod decide;
mod dispatcher;
mod error_budget;
mod failures;
mod group;
mod lease;
#[cfg(test)]
mod lease_tests;
#[cfg(test)]
mod limit_tests;
mod link;
#[cfg(test)]
mod model_tests;
mod own_effects;
#[cfg(test)]
mod pace_properties;
#[cfg(test)]
mod plan_file_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod stop_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth_tests;
mod view;
mod worker;

pub use dispatcher::{
    Dispatcher, DoubtAnswer, GivenAnswer, RunResult, Settings, Signals, VIEW_LASTS, Wanted,
};
pub use group::{ExecutionChanges, GroupStream, PlannedChange};
pub use lease::Lease;
