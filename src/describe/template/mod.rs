//! Expressions and templates over the API's JSON: minijinja, limited, with names checked before any data is there.
//!
//! ```text
//! text ──► tokens ──► checked against the Scope ──► minijinja ──► Expression / Template
//!                        (every fault, with place)                  + Context ──► value
//! ```
//!
//! Where minijinja's own operators would be quietly wrong, the checker writes calls to this module's operators (`ops`)
//! instead: minijinja puts values of different types in an order of types, so that `none < 3` and
//! `"40" > 5` are true there.

#[cfg(test)]
mod advice;
mod calendar;
mod checker;
mod context;
mod engine;
mod fault;
mod filters;
mod foreign;
mod helpers;
mod instant;
mod lexer;
mod names;
mod ops;
mod program;
mod record;
mod scope;
mod signature;
mod value;

pub use context::EvalContext;
pub use engine::Engine;
pub use fault::{EvalError, ExpressionFault};
pub use program::{Expression, Known, Template};
pub use scope::Scope;
