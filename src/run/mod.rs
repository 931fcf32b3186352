//! One application of one plan: groups go concurrently, a group's changes one after another.
//!
//! `dispatcher` owns the checkpoint, the counts and the reporter; a `worker` handles one group and tells the
//! dispatcher through a `link`. What a change's state and a reading mean is decided in `decide` (pure).
//!
//! A run makes passes over its plan. The first takes every group with something outstanding, so a resumed run is
//! a run with a longer past. Later passes take the groups with a doubtful change, once a read can prove that the
//! request did not take effect.
//!
//! With `stages`, each stage makes its passes over its part of the plan before the next one begins. With `max_errors`,
//! whoever sends holds a slot of the `error_budget`.

#[cfg(test)]
mod answer_tests;
mod decide;
mod dispatcher;
mod error_budget;
mod failures;
mod group;
#[cfg(test)]
mod limit_tests;
mod link;
#[cfg(test)]
mod model_tests;
mod own_effects;
#[cfg(test)]
mod pace_properties;
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

pub use dispatcher::{Dispatcher, DoubtAnswer, RunError, RunResult, Settings, Signals, VIEW_LASTS};
pub use group::{ExecutionChanges, GroupStream, PlannedChange};
