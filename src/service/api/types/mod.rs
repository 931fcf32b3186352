//! The API's types: which fields an execution, phase or task has.
//!
//! The names are those of the API's documentation. `v1` and `v2` have the types that are read, `request_v1` and `request_v2` those that are
//! written; `words` has the enumerations of both.

mod model;
mod request;
mod request_v1;
mod request_v2;
mod spelling;
mod v1;
mod v2;
mod words;

pub use model::{FieldType, RecordType, Shape, record};
pub use request::{FieldContent, RequestField, RequestType, new_step, new_task, path_in, update};
pub use spelling::{Spelling, other_spelling};
pub use words::{ENUMERATIONS, RUNNING_FLOWS, SourceLimits, Words};
