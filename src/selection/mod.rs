//! Which executions and which of their parts: from the sources to a sorted stream of targets.

mod choose;
mod entities;
mod execution;
mod scan;
mod scanned;
mod target;

pub use choose::{Chooser, Chosen};
pub use entities::{EntitiesError, EntityList};
pub use execution::{Execution, ExecutionError, org_of};
pub use scan::{ScanError, ScanProgress, read_closing_reasons, scan};
pub use scanned::{Look, Scanned};
pub use target::{Part, context};
