//! The playbook: from YAML to checked data, every mistake reported at once.
//!
//! [`read`] takes the file, [`load`] parses it into a tree whose parts know their places, walks
//! that tree and notes each mistake with its place and its cure.

mod action_kind;
mod check_actions;
mod check_arguments;
mod check_body;
mod check_calendar;
mod check_expression;
mod check_guards;
mod check_select;
mod check_source;
mod check_vars;
mod file;
mod guards;
mod load;
mod mistake;
mod model;
mod node;
mod raw;
mod reader;
mod render;
mod scalar;
mod schema;
mod span;
mod yaml_error;

pub use check_vars::Overrides;
pub use file::{ReadError, read};
pub use guards::Size;
pub use load::load;
pub use mistake::{Mistake, Mistakes};
pub use model::{
    Allow, Entities, EntityRef, ExecutionSearch, Expect, Guards, IdList, Names, Playbook, Rejected,
    Select, Source,
};
pub use schema::{SCHEMA_FILE, schema};
pub use span::{Position, Span};
