//! What an entry of the tables of helpers, filters and tests says: its signature, for the checker; what it gives, for the
//! guide and for who has called it wrongly; and its code, for the engine.

use std::sync::Arc;

use jiff::{ZonedDateTime, tz::TimeZone};
use minijinja::Environment;

use super::{filters, helpers, scope::Type};
use crate::dates;

pub(super) use filters::{FILTERS, TESTS};
pub(super) use helpers::HELPERS;

#[derive(Clone, Copy, Debug)]
pub(super) struct Helper {
    pub(super) name: &'static str,
    /// How it is written.
    pub(super) usage: &'static str,
    pub(super) params: &'static [Param],
    pub(super) gives: fn() -> Type,
    pub(super) doc: &'static str,
    /// Gives its code to the engine under this name; the moment is `now`.
    pub(super) register: fn(&mut Environment<'static>, &'static str, Arc<ZonedDateTime>),
}

/// A filter, or a test of `is`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter<G> {
    pub(super) name: &'static str,
    /// The least and most arguments.
    pub(super) args: (usize, usize),
    pub(super) gives: G,
    pub(super) doc: &'static str,
    pub(super) register: fn(&mut Environment<'static>, &'static str),
}

/// What a test gives: whether it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holds;

pub(super) fn helper(name: &str) -> Option<&'static Helper> {
    HELPERS.iter().find(|helper| helper.name == name)
}

pub(super) fn filter(name: &str) -> Option<&'static Filter<Gives>> {
    FILTERS.iter().find(|filter| filter.name == name)
}

pub(super) fn test(name: &str) -> Option<&'static Filter<Holds>> {
    TESTS.iter().find(|test| test.name == name)
}

/// What comes out of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// A list of texts.
    Texts,
    Text,
    Number,
    /// What goes in.
    Same,
    /// What goes in, or the argument.
    SameOrArgument,
    /// An item of what goes in.
    Item,
    /// A list of an attribute of the items, or of what a filter makes of them.
    Mapped,
}

/// What a helper takes at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Param {
    /// An object of the API that has one of these fields.
    Object(&'static [&'static str]),
    /// An id: text or number.
    Id,
    Text,
    /// An instant, or text that says a date.
    Moment,
    /// A distance as text, or a span.
    Distance,
    /// A whole number, also as text.
    Days,
    Period,
}

impl Param {
    /// What is wanted, and whether a type is one.
    pub(super) fn wants(self, of: &Type) -> (&'static str, bool) {
        let is_number = || matches!(of, Type::Number);
        match self {
            Self::Object(_) => ("an object of the API", matches!(of, Type::Record { .. })),
            Self::Id => ("an id", of.is_text() || is_number()),
            Self::Text => ("a text", of.is_text()),
            Self::Moment => {
                let is_moment = of.is_written() || matches!(of, Type::Instant);
                ("an instant or a date", is_moment)
            }
            Self::Distance => {
                let is_distance = of.is_text() || matches!(of, Type::Span);
                ("a distance like \"90 days\"", is_distance)
            }
            Self::Days => ("a whole number", of.is_text() || is_number()),
            Self::Period => ("a period", of.is_text()),
        }
    }

    /// Whether a text can be it.
    pub(super) fn check(self, text: &str) -> Result<(), String> {
        match self {
            Self::Object(_) | Self::Text => Ok(()),
            Self::Id => helpers::id_of(text).map(drop),
            // The zone decides which moment a date is, not whether it is one.
            Self::Moment => dates::instant(text, &TimeZone::UTC)
                .map(drop)
                .map_err(|error| error.to_string()),
            Self::Distance => dates::counted_back(text).map(drop),
            Self::Days => match text.trim().parse::<i64>() {
                Ok(_) => Ok(()),
                Err(_) => Err(format!("`{text}` is no whole number")),
            },
            Self::Period => match Period::parse(text) {
                Some(_) => Ok(()),
                None => Err(format!("`{text}` is no period: {}", Period::HELP)),
            },
        }
    }
}

/// A calendar period that `start_of` and `end_of` know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    pub(super) const HELP: &str = "a period is \"day\", \"week\", \"month\" or \"year\"";

    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            "year" => Some(Self::Year),
            _ => None,
        }
    }
}
