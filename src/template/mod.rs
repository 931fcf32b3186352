//! Expressions and templates over the API's JSON: minijinja, limited, with names checked before any data is there.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::api::types::Record;

/// What is wrong with an expression or template, and where: `offset` and `len` count bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub offset: usize,
    pub len: usize,
    pub message: String,
    pub help: Option<String>,
}

/// The names that an expression may use.
#[derive(Clone, Debug, Default)]
pub struct Scope {}

impl Scope {
    /// `name` is an object of the API's type `record`.
    #[must_use]
    pub fn with_record(self, _name: &str, _record: &'static Record) -> Self {
        todo!()
    }
    /// `name` is a map with exactly these keys (`vars`, and later `row`).
    #[must_use]
    pub fn with_keys(self, _name: &str, _keys: impl IntoIterator<Item = String>) -> Self {
        todo!()
    }
    /// `name` is an instant (`now`).
    #[must_use]
    pub fn with_instant(self, _name: &str) -> Self {
        todo!()
    }
}

/// Compiles expressions and templates; knows the zone and the moment that its date helpers use.
#[derive(Debug)]
pub struct Engine {}

impl Engine {
    pub fn new(_now: Timestamp, _zone: TimeZone) -> Self {
        todo!()
    }
    /// Compiles a bare expression (`where`, `where_each`, `when`).
    ///
    /// # Errors
    ///
    /// Every fault that can be found without data.
    pub fn expression(&self, _text: &str, _scope: &Scope) -> Result<Expression, Vec<Fault>> {
        todo!()
    }
    /// Compiles a text with `{{ }}` in it.
    ///
    /// # Errors
    ///
    /// Every fault that can be found without data.
    pub fn template(&self, _text: &str, _scope: &Scope) -> Result<Template, Vec<Fault>> {
        todo!()
    }
}

/// A compiled condition. Cheap to clone, `Send`, `Sync`, `'static`.
#[derive(Clone, Debug)]
pub struct Expression {}

/// A compiled text. Cheap to clone, `Send`, `Sync`, `'static`.
#[derive(Clone, Debug)]
pub struct Template {}

/// Why an expression could not be evaluated on some data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} in `{text}`")]
pub struct EvalError {
    pub text: String,
    pub message: String,
}

impl Expression {
    /// Evaluates to true or false; none counts as false; anything else is an error.
    ///
    /// # Errors
    ///
    /// When the expression fails on this data, uses up its fuel or gives no truth value.
    pub fn test(&self, _context: &Context) -> Result<bool, EvalError> {
        todo!()
    }
}

impl Template {
    /// The text itself when there is no `{{ }}` in it.
    pub fn literal(&self) -> Option<&str> {
        todo!()
    }
    /// The value: of the expression's own type when the whole text is one `{{ expression }}`, else text.
    ///
    /// # Errors
    ///
    /// When an expression fails on this data, uses up its fuel or is undefined.
    pub fn value(&self, _context: &Context) -> Result<Value, EvalError> {
        todo!()
    }
}

/// The data that expressions see: one value for each name of the scope.
#[derive(Clone, Debug, Default)]
pub struct Context {}

impl Context {
    /// An object of the API, read lazily; an absent field of its type reads as none.
    #[must_use]
    pub fn with_record(self, _name: &str, _data: Arc<Value>, _record: &'static Record) -> Self {
        todo!()
    }
    /// As `with_record`, with `parents` reachable as fields (`task.phase`).
    #[must_use]
    pub fn with_child(
        self,
        _name: &str,
        _data: Arc<Value>,
        _record: &'static Record,
        _parents: Vec<(&'static str, Arc<Value>, &'static Record)>,
    ) -> Self {
        todo!()
    }
    /// Plain JSON (`vars`).
    #[must_use]
    pub fn with_json(self, _name: &str, _data: &Value) -> Self {
        todo!()
    }
}
