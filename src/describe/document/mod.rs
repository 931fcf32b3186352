//! A YAML document in which each part has its place in the file, and expressions in it.
//!
//! The reader walks the tree and notes each mistake with its place and a hint; none is fatal.

pub(crate) mod compiler;
mod cut_expression;
pub(crate) mod mistake;
pub(crate) mod node;
mod raw;
pub(crate) mod reader;
mod render;
mod scalar;
pub(crate) mod span;
mod yaml_error;

pub use mistake::{Mistake, Mistakes};
pub use span::{Position, Span};
