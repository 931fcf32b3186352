//! The data at the start, as a function of seed, epoch and number.
//!
//! Each execution is made from its number alone, so none has to be kept in memory until it is changed,
//! and a larger sandbox begins with the same executions as a smaller one. Ids come from the seed; the epoch only moves dates.

mod draw;
mod flow;
mod ids;
mod legacy;
mod random;
mod task;
mod templates;

pub(crate) use flow::{flow, start_flow};
pub(crate) use ids::{Sizes, entity_id, flow_id, legacy_id, uuid_of};
pub(crate) use legacy::{execution, start_legacy};
pub(crate) use templates::closing_reasons;

use jiff::civil::Date;

/// The organisation that all data belong to.
pub(crate) const ORG: &str = "4711";

/// The schema of the entities that flows belong to.
pub(crate) const SCHEMA: &str = "opportunity";

/// What the data are made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataOrigin {
    pub(crate) seed: u64,
    /// The day that due dates lie around.
    pub(crate) epoch: Date,
}
