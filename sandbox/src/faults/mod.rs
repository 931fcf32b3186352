//! Scripted trouble: which requests meet which fault, and how fast requests may come.

mod bodies;
mod bucket;
mod rules;
mod script;
mod stale;

pub(crate) use bodies::{aborted, cut, slow};
pub(crate) use bucket::Bucket;
pub(crate) use rules::Rules;
pub use script::{Fault, Faults, FaultsError, Limit, Match, Rule, Status};
pub(crate) use stale::as_it_is;
