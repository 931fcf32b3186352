//! What is selected: executions, and parts of them.

mod execution;
mod part;

pub use execution::{Execution, ExecutionError, TargetRow, org_of};
pub use part::{ContextVars, TargetPart, context};
