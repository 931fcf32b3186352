//! The names that an expression may use, and the types that the checker follows them through.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::api::types::{Record, Shape};

/// The names that an expression may use.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: BTreeMap<String, Type>,
}

/// What is known of a value before any data is there. Any value may also be none.
#[derive(Clone, Debug)]
pub(super) enum Type {
    Any,
    None,
    Bool,
    Number,
    Text,
    /// A text of the API that says a date; only helpers understand it.
    Date,
    Instant,
    Span,
    List(Box<Type>),
    Record {
        record: &'static Record,
        /// Parents are known of targets, not of what is listed inside of an execution.
        target: bool,
    },
    /// A map with exactly these keys.
    Keys(Arc<BTreeSet<String>>),
}

impl Scope {
    /// `name` is an object of the API's type `record`, with its parents as fields.
    #[must_use]
    pub fn with_record(self, name: &str, record: &'static Record) -> Self {
        self.with(
            name,
            Type::Record {
                record,
                target: true,
            },
        )
    }

    /// `name` is a map with exactly these keys (`vars`).
    #[must_use]
    pub fn with_keys(self, name: &str, keys: impl IntoIterator<Item = String>) -> Self {
        self.with(name, Type::Keys(Arc::new(keys.into_iter().collect())))
    }

    /// `name` is something of which nothing is known yet.
    #[must_use]
    pub fn with_any(self, name: &str) -> Self {
        self.with(name, Type::Any)
    }

    /// `name` is an instant (`now`).
    #[must_use]
    pub fn with_instant(self, name: &str) -> Self {
        self.with(name, Type::Instant)
    }

    fn with(mut self, name: &str, of: Type) -> Self {
        self.names.insert(name.to_owned(), of);
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&Type> {
        self.names.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}

impl Type {
    pub(super) fn of(shape: Shape) -> Self {
        match shape {
            Shape::Text => Self::Text,
            Shape::Date => Self::Date,
            Shape::Number => Self::Number,
            Shape::Bool => Self::Bool,
            Shape::Any => Self::Any,
            Shape::Record(record) => Self::Record {
                record,
                target: false,
            },
            Shape::List(item) => Self::List(Box::new(Self::of(*item))),
        }
    }

    /// The type of a value that is either this or `other`.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, other) => other,
            (this, Self::None) => this,
            (Self::Bool, Self::Bool) => Self::Bool,
            (Self::Number, Self::Number) => Self::Number,
            (Self::Text, Self::Text) => Self::Text,
            (Self::Date, Self::Date) => Self::Date,
            (Self::Instant, Self::Instant) => Self::Instant,
            (Self::Span, Self::Span) => Self::Span,
            (Self::List(this), Self::List(other)) => Self::List(Box::new(this.or(*other))),
            (
                Self::Record { record, target },
                Self::Record {
                    record: other,
                    target: too,
                },
            ) if std::ptr::eq(record, other) => Self::Record {
                record,
                target: target && too,
            },
            (
                Self::Any
                | Self::Bool
                | Self::Number
                | Self::Text
                | Self::Date
                | Self::Instant
                | Self::Span
                | Self::List(_)
                | Self::Record { .. }
                | Self::Keys(_),
                _,
            ) => Self::Any,
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::None => "none",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Date => "a date of the API",
            Self::Instant => "an instant",
            Self::Span => "a span of time",
            Self::List(_) => "a list",
            Self::Record { .. } => "an object",
            Self::Keys(_) => "a map",
        }
    }
}
