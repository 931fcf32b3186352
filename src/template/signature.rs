//! What helpers, filters and tests are called and take: what the checker knows without running them.

use super::scope::Type;

/// The fields that a helper reads, of both generations; steps and sections of v1 have names of their own.
pub(super) const ASSIGNED: &[&str] = &["assigned_to", "assignedTo", "userIds"];
pub(super) const DUE: &[&str] = &["due_date", "dueDate"];
pub(super) const CREATED: &[&str] = &["created_at", "creationTime", "created"];
pub(super) const UPDATED: &[&str] = &["updated_at", "lastUpdateTime", "lastUpdated"];
const CONTEXTS: &[&str] = &["contexts"];
const SCHEDULE: &[&str] = &["schedule"];

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

#[derive(Clone, Copy, Debug)]
pub(super) struct Helper {
    pub(super) name: &'static str,
    pub(super) params: &'static [Param],
    pub(super) gives: fn() -> Type,
    /// How it is written.
    pub(super) usage: &'static str,
}

pub(super) const HELPERS: &[Helper] = &[
    Helper {
        name: "has_assignee",
        params: &[Param::Object(ASSIGNED), Param::Id],
        gives: || Type::Bool,
        usage: "has_assignee(task, \"10010\")",
    },
    Helper {
        name: "assignees",
        params: &[Param::Object(ASSIGNED)],
        gives: || Type::List(Box::new(Type::Id)),
        usage: "assignees(task)",
    },
    Helper {
        name: "due",
        params: &[Param::Object(DUE)],
        gives: || Type::Instant,
        usage: "due(task)",
    },
    Helper {
        name: "context",
        params: &[Param::Object(CONTEXTS), Param::Text],
        gives: || Type::Text,
        usage: "context(execution, \"contact\")",
    },
    Helper {
        name: "due_before",
        params: &[Param::Object(DUE), Param::Moment],
        gives: || Type::Bool,
        usage: "due_before(task, now)",
    },
    Helper {
        name: "due_between",
        params: &[Param::Object(DUE), Param::Moment, Param::Moment],
        gives: || Type::Bool,
        usage: "due_between(task, start_of(\"week\"), end_of(\"week\"))",
    },
    Helper {
        name: "scheduled_between",
        params: &[Param::Object(SCHEDULE), Param::Moment, Param::Moment],
        gives: || Type::Bool,
        usage: "scheduled_between(task, now, end_of(\"day\"))",
    },
    Helper {
        name: "older_than",
        params: &[Param::Object(CREATED), Param::Distance],
        gives: || Type::Bool,
        usage: "older_than(execution, \"90 days\")",
    },
    Helper {
        name: "idle_for",
        params: &[Param::Object(UPDATED), Param::Distance],
        gives: || Type::Bool,
        usage: "idle_for(execution, \"90 days\")",
    },
    Helper {
        name: "start_of",
        params: &[Param::Period],
        gives: || Type::Instant,
        usage: "start_of(\"week\")",
    },
    Helper {
        name: "end_of",
        params: &[Param::Period],
        gives: || Type::Instant,
        usage: "end_of(\"month\")",
    },
    Helper {
        name: "days",
        params: &[Param::Days],
        gives: || Type::Span,
        usage: "days(3)",
    },
    Helper {
        name: "date",
        params: &[Param::Moment],
        gives: || Type::Instant,
        usage: "date(\"2026-12-24\")",
    },
];

pub(super) fn helper(name: &str) -> Option<&'static Helper> {
    HELPERS.iter().find(|helper| helper.name == name)
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

/// A name with the least and most arguments it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct FilterSignature {
    pub(super) name: &'static str,
    pub(super) args: (usize, usize),
    pub(super) gives: Gives,
}

/// More than any use of a test by `select` has.
const MANY: usize = 3;

pub(super) const FILTERS: &[FilterSignature] = &[
    filter("count", 0, 0, Gives::Number),
    filter("d", 1, 1, Gives::SameOrArgument),
    filter("default", 1, 1, Gives::SameOrArgument),
    filter("first", 0, 0, Gives::Item),
    filter("int", 0, 0, Gives::Number),
    filter("join", 0, 1, Gives::Text),
    filter("last", 0, 0, Gives::Item),
    filter("length", 0, 0, Gives::Number),
    filter("lower", 0, 0, Gives::Text),
    filter("map", 0, 1, Gives::Mapped),
    filter("reject", 0, MANY, Gives::Same),
    filter("rejectattr", 1, MANY, Gives::Same),
    filter("replace", 2, 2, Gives::Text),
    filter("select", 0, MANY, Gives::Same),
    filter("selectattr", 1, MANY, Gives::Same),
    filter("split", 1, 1, Gives::Texts),
    filter("string", 0, 0, Gives::Text),
    filter("trim", 0, 0, Gives::Text),
    filter("upper", 0, 0, Gives::Text),
];

const fn filter(name: &'static str, least: usize, most: usize, gives: Gives) -> FilterSignature {
    FilterSignature {
        name,
        args: (least, most),
        gives,
    }
}

/// The tests of `is`, with the number of their arguments.
pub(super) const TESTS: &[(&str, usize)] = &[
    ("boolean", 0),
    ("defined", 0),
    ("endingwith", 1),
    ("eq", 1),
    ("ge", 1),
    ("gt", 1),
    ("in", 1),
    ("le", 1),
    ("lt", 1),
    ("ne", 1),
    ("none", 0),
    ("number", 0),
    ("startingwith", 1),
    ("string", 0),
    ("undefined", 0),
];
