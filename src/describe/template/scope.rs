//! The names that an expression may use, and the types that the checker follows them through.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json};

use super::EvalContext;
use crate::api::types::{RecordType, Shape, SourceLimits, Words};

/// The names that an expression may use.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: BTreeMap<String, Type>,
    /// What the source finds of a field's words, when that is not all.
    found: Option<&'static SourceLimits>,
    /// The values that are known before any data is there.
    values: EvalContext,
}

/// What is known of a value before any data is there. Any value may also be none.
#[derive(Clone, Debug)]
pub(super) enum Type {
    Any,
    None,
    Bool,
    Number,
    Text,
    /// A text that is the id of a user.
    Id,
    /// A text of the API that is one of a few words.
    Word(Enumeration),
    /// A text of the API that says a date; only helpers understand it.
    Date,
    Instant,
    Span,
    List(Box<Type>),
    Record {
        record: &'static RecordType,
        /// Parents are known of targets, not of what is listed inside of an execution.
        target: bool,
    },
    /// A map with exactly these keys.
    Keys(Arc<BTreeMap<String, Type>>),
}

/// The words that a text may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enumeration {
    pub(super) words: &'static Words,
    /// What the source finds of them, when that is not all.
    pub(super) found: Option<&'static SourceLimits>,
    /// What a filter has made of their letters.
    pub(super) case: Case,
}

/// The letters of a word of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    AsItIs,
    Lower,
    Upper,
}

impl Enumeration {
    /// Of some object, which the source need not have found.
    pub(super) fn of_any(self) -> Self {
        let found = None;
        Self { found, ..self }
    }

    /// A word with the letters that the filter gives it.
    pub(super) fn written(self, word: &str) -> String {
        match self.case {
            Case::AsItIs => word.to_owned(),
            Case::Lower => word.to_lowercase(),
            Case::Upper => word.to_uppercase(),
        }
    }

    pub(super) fn texts(self) -> Vec<String> {
        let words = self.words.words.iter();
        words.map(|word| self.written(word)).collect()
    }

    pub(super) fn one_of(self) -> String {
        format!("it is one of {}", self.texts().join(", "))
    }
}

impl Scope {
    /// `name` is an object of the API's type `record`, with its parents as fields.
    #[must_use]
    pub fn with_record(self, name: &str, record: &'static RecordType) -> Self {
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
        let keys = keys.into_iter().map(|key| (key, Type::Any));
        self.with(name, Type::Keys(Arc::new(keys.collect())))
    }

    /// `name` is a map with these values (`vars`), which are known already.
    #[must_use]
    pub fn with_values(mut self, name: &'static str, values: &Map<String, Json>) -> Self {
        let keys = values
            .iter()
            .map(|(key, value)| (key.clone(), Type::of_value(value)));
        self.values = self.values.with_json(name, &Json::Object(values.clone()));
        self.with(name, Type::Keys(Arc::new(keys.collect())))
    }

    /// Only these of a field's words are found, where that is not all.
    #[must_use]
    pub fn with_found(self, found: Option<&'static SourceLimits>) -> Self {
        Self { found, ..self }
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

    /// The type of a field of `record`.
    pub(super) fn field(&self, record: &RecordType, name: &str) -> Option<Type> {
        let found = self
            .found
            .filter(|found| found.field == (record.name, name));
        Some(match Type::of(record.field(name)?.shape) {
            Type::Word(words) => Type::Word(Enumeration { found, ..words }),
            of => of,
        })
    }

    pub(super) const fn values(&self) -> &EvalContext {
        &self.values
    }

    pub(super) fn get(&self, name: &str) -> Option<&Type> {
        self.names.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.keys().map(String::as_str)
    }
}

impl Type {
    pub(super) fn of(shape: Shape) -> Self {
        match shape {
            Shape::Text => Self::Text,
            Shape::Word(words) => Self::Word(Enumeration {
                words,
                found: None,
                case: Case::AsItIs,
            }),
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

    /// The type of a value that is known; one that is none may stand for a wrong one, and is anything.
    fn of_value(value: &Json) -> Self {
        match value {
            Json::Null | Json::Object(_) => Self::Any,
            Json::Bool(_) => Self::Bool,
            Json::Number(_) => Self::Number,
            Json::String(_) => Self::Text,
            Json::Array(items) => {
                let of = items.iter().map(Self::of_value).reduce(Self::or);
                Self::List(Box::new(of.unwrap_or(Self::Any)))
            }
        }
    }

    /// Nothing can be told from it.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Any | Self::None)
    }

    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Id | Self::Word(_))
    }

    pub(super) const fn words(&self) -> Option<Enumeration> {
        match self {
            Self::Word(words) => Some(*words),
            _ => None,
        }
    }

    /// A text or a date of the API, which is one.
    pub(super) const fn is_written(&self) -> bool {
        self.is_text() || matches!(self, Self::Date)
    }

    pub(super) const fn is_object(&self) -> bool {
        matches!(self, Self::Record { .. } | Self::Keys(_))
    }

    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The type of a value that is either this or `other`.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, of) | (of, Self::None) => of,
            (Self::List(this), Self::List(other)) => Self::List(Box::new(this.or(*other))),
            (
                Self::Record { record, target },
                Self::Record {
                    record: other,
                    target: too,
                },
            ) if std::ptr::eq(record, other) => {
                let target = target && too;
                Self::Record { record, target }
            }
            (Self::Word(this), Self::Word(other))
                if std::ptr::eq(this.words, other.words) && this.case == other.case =>
            {
                Self::Word(this)
            }
            (this, other) if this.is_text() && other.is_text() => match (this, other) {
                (Self::Id, Self::Id) => Self::Id,
                _ => Self::Text,
            },
            (this, other) if this.is_same_kind(&other) && !this.is_object() => this,
            _ => Self::Any,
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::None => "none",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text | Self::Id | Self::Word(_) => "text",
            Self::Date => "a date of the API",
            Self::Instant => "an instant",
            Self::Span => "a span of time",
            Self::List(_) => "a list",
            Self::Record { .. } => "an object",
            Self::Keys(_) => "a map",
        }
    }
}
