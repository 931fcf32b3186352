//! Selects executions and their parts: from the sources to a sorted stream of executions, and the targets in them.

mod choose;
mod listed;
mod misses;
mod pages;
mod scan;
mod scanned;

pub use choose::{Chooser, Chosen};
pub use listed::{ListedError, ListedNames, Named};
pub use misses::Misses;
pub use scan::{ScanError, ScanProgress, read_closing_reasons, read_whole, scan};
pub use scanned::{Scanned, ScannedExecution};
