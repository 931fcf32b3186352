//! Which executions and which of their parts: from the sources to a sorted stream of targets.

mod choose;
mod entities;
mod execution;
mod sort;
mod target;

pub use choose::{Chooser, Chosen};
pub use entities::{EntitiesError, EntityList};
pub use execution::{Execution, ExecutionError};
pub use sort::{Sorted, Sorter};
pub use target::{Part, context};
