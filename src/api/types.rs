//! The API's types: which fields an execution, phase or task has.

use super::{Generation, Level};

/// An object type: its name in the API's documentation and its fields.
#[derive(Debug)]
pub struct Record {
    pub name: &'static str,
    pub fields: &'static [Field],
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub shape: Shape,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Text,
    Number,
    Bool,
    /// Anything: the API leaves it open.
    Any,
    Record(&'static Record),
    List(&'static Shape),
}

/// The type of a target as expressions see it.
pub fn record(_generation: Generation, _level: Level) -> &'static Record {
    todo!()
}
