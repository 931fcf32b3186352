//! The epilot Workflow Executions API as plain data: ids, operations, types and what a reply means.

mod ids;
mod level;
mod operation;
mod part;
pub mod types;

pub use ids::{Id, IdError};
pub use level::{Generation, Level};
pub use operation::{Method, Operation, OperationError};
