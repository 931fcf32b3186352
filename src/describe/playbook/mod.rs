//! The playbook: from YAML to checked data, every mistake reported at once.
//!
//! [`read`] reads the file. [`load`] parses it into a tree with places, walks the tree, and notes each mistake with its place and a hint.

mod check_actions;
mod check_calendar;
mod check_executions;
mod check_file;
mod check_guards;
mod check_select;
mod check_source;
mod check_vars;
mod file;
mod file_scope;
mod form;
mod guards;
mod load;
mod model;
mod schema;

pub use crate::action::Allow;
pub use crate::document::{Mistake, Mistakes, Position, Span};
pub use check_vars::Overrides;
pub use file::{PlaybookFileError, read};
#[cfg(test)]
pub(crate) use form::{EXECUTIONS, SOURCES};
pub use form::{KeyForm, TABLES};
pub use guards::Size;
pub use load::{load, name_in};
pub use model::{
    Entities, EntityRef, ExecutionSearch, Expect, Guards, IdList, IdSource, LeastScanned, Playbook,
    Rejected, Select, Source, StepSearch,
};
pub use schema::{SCHEMA_FILE, schema};
