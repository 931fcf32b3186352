//! A YAML document whose parts know their places, and expressions in it.
//!
//! The reader walks the tree and notes each mistake with its place and its cure; none is fatal.

pub(crate) mod compiler;
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
