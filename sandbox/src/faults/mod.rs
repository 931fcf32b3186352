//! Scripted trouble: which requests meet which fault, and how fast requests may come.

mod bodies;
mod bucket;
mod rules;
mod script;
mod stale;

pub(crate) use bodies::{aborted, cut, slow};
pub(crate) use bucket::TokenBucket;
pub(crate) use rules::FaultRules;
pub use script::{FaultRule, Faults, FaultsError, Limit, Match, RequestFault, ScriptedStatus};
pub(crate) use stale::as_it_is;
