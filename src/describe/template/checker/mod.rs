//! Checks an expression against its scope and writes it for minijinja.
//!
//! The grammar is minijinja's for expressions, read by descent. Each rule gives the code it stands for and what is
//! known of its type; a name that is not known is reported and goes on as a value of any type, so that all faults
//! of a text come out at once. Only a fault of syntax ends the reading.

mod compared;
mod cures;
mod filter;
mod fixed;
mod foreign;
mod helper;
mod never;
mod operators;
mod parts;
mod reader;
mod values;
mod words;

pub(super) use reader::{CheckedExpression, check};
