//! The epilot Workflow Executions API as plain data: ids, operations, types and what a reply means.

mod fields;
mod ids;
mod level;
mod operation;
pub mod part;
mod reply;
mod retry_after;
mod sync_trigger;
pub mod types;
mod verdict;

pub use fields::{ASSIGNEE_FIELDS, DUE_DATE_FIELDS};
pub use ids::{Id, IdError};
pub use level::{Generation, Level};
pub use operation::{Absence, Method, Operation, OperationError, OperationKind, Service};
pub use reply::{Reply, TransportError};
pub use retry_after::RetryAfter;
pub use sync_trigger::SyncTrigger;
pub use verdict::{Answer, ReadFinding, ReadTrouble, Verdict, read_outcome, verdict};
