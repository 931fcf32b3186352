//! From a plan to the result: the run, its checkpoint and its folder.

pub mod checkpoint;
#[cfg(feature = "temporal")]
pub mod engine;
pub mod event;
pub mod ledger;
pub mod outcome;
pub mod results;
pub mod run;
pub mod store;
