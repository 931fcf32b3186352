//! The API's types: which fields an execution, phase or task has.
//!
//! The names are those of the API's own documentation, type by type. Only what is read is here; `v1` and `v2`
//! hold one table each.

mod model;
mod spelling;
mod v1;
mod v2;

pub use model::{Field, Record, Shape, record};
pub use spelling::{Spelling, other_spelling};
