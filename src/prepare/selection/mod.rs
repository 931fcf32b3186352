//! Selects executions and their parts: from the sources to a sorted stream of executions, and the targets in them.

mod choose;
mod found;
mod listed;
mod misses;
mod pages;
mod requests;
mod scan;
mod scan_error;
mod scanned;
mod slim;

pub use choose::{Chooser, Chosen};
pub use listed::{ListedError, ListedNames, Named};
pub use misses::Misses;
pub use requests::{read_closing_reasons, read_execution, read_whole};
pub use scan::{ScanProgress, scan};
pub use scan_error::ScanError;
pub use scanned::{Scanned, ScannedExecution};
