//! Finding names, and saying which one was meant.

use super::{
    Fault, Scope,
    scope::Type,
    signature::{FILTERS, HELPERS, TESTS},
};
use crate::api::{
    Generation,
    types::{Record, other_spelling},
};

/// A name in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
}

impl Name<'_> {
    fn fault(self, message: String) -> Fault {
        Fault::new(self.offset, self.text.len(), message)
    }
}

/// Names from other languages and from minijinja that have an equivalent here.
const FOREIGN: &[(&str, &str)] = &[
    ("null", "write `none`"),
    ("nil", "write `none`"),
    ("undefined", "write `none`"),
    ("today", "write `start_of(\"day\")`"),
    ("flow", "write `execution`"),
    ("step", "v2 says `task`"),
    ("section", "v2 says `phase`"),
];

/// The type of a root name.
pub(super) fn root(name: Name<'_>, scope: &Scope) -> Result<Type, Fault> {
    if let Some(of) = scope.get(name.text) {
        return Ok(of.clone());
    }
    let fault = name.fault(format!("`{}` is not known here", name.text));
    let foreign = FOREIGN.iter().find(|(other, _)| *other == name.text);
    Err(if let Some((_, help)) = foreign {
        fault.help(*help)
    } else if HELPERS.iter().any(|helper| helper.name == name.text) {
        fault.help(format!("a helper is called: `{}(…)`", name.text))
    } else if let Some(help) = meant(name.text, scope.names()) {
        fault.help(help)
    } else {
        fault.help(format!("names here: {}", list(scope.names())))
    })
}

/// The type of a field of a value; `owner` is how the value is written.
pub(super) fn field(of: &Type, owner: &str, name: Name<'_>) -> Result<Type, Fault> {
    match of {
        Type::Any | Type::None => Ok(Type::Any),
        Type::Record { record, target } => record_field(record, *target, owner, name),
        Type::Keys(keys) if keys.contains(name.text) => Ok(Type::Any),
        Type::Keys(keys) => {
            let fault = name.fault(format!("`{owner}` has no `{}`", name.text));
            let keys = || keys.iter().map(String::as_str);
            Err(match meant(name.text, keys()) {
                Some(help) => fault.help(help),
                None if keys().next().is_none() => fault.help(format!("`{owner}` is empty")),
                None => fault.help(format!("it has {}", list(keys()))),
            })
        }
        Type::List(_) => Err(name
            .fault(format!("`{owner}` is a list and has no `{}`", name.text))
            .help("take one item, like `[0]`, or filter it with `| selectattr(…)`")),
        Type::Bool | Type::Number | Type::Text | Type::Date | Type::Instant | Type::Span => {
            let word = of.word();
            Err(name.fault(format!("`{owner}` is {word} and has no `{}`", name.text)))
        }
    }
}

fn record_field(
    record: &'static Record,
    target: bool,
    owner: &str,
    name: Name<'_>,
) -> Result<Type, Fault> {
    if let Some(field) = record.field(name.text) {
        return Ok(Type::of(field.shape));
    }
    if let Some(parent) = record.parent(name.text).filter(|_| target) {
        return Ok(Type::Record {
            record: parent.record,
            target: true,
        });
    }
    let fault = name.fault(format!("`{owner}` has no field `{}`", name.text));
    if let Some(spelling) = other_spelling(record, name.text) {
        let generation = match spelling.generation {
            Generation::V1 => "v1",
            Generation::V2 => "v2",
        };
        return Err(fault.help(format!("{generation} says `{}`", spelling.path)));
    }
    let names = || {
        let fields = record.fields.iter().map(|field| field.name);
        let parents = record.parents.iter().filter(move |_| target);
        fields.chain(parents.map(|parent| parent.name))
    };
    Err(match meant(name.text, names()) {
        Some(help) => fault.help(help),
        None => fault.help(format!("it has {}", list(names()))),
    })
}

pub(super) fn unknown_helper(name: Name<'_>) -> Fault {
    let fault = name.fault(format!("there is no helper `{}`", name.text));
    let helpers = || HELPERS.iter().map(|helper| helper.name);
    if FILTERS.iter().any(|filter| filter.name == name.text) {
        return fault.help(format!("it is a filter: write `value | {}`", name.text));
    }
    match meant(name.text, helpers()) {
        Some(help) => fault.help(help),
        None => fault.help(format!("helpers: {}", list(helpers()))),
    }
}

pub(super) fn unknown_filter(name: Name<'_>) -> Fault {
    let fault = name.fault(format!("there is no filter `{}`", name.text));
    let filters = || FILTERS.iter().map(|filter| filter.name);
    if HELPERS.iter().any(|helper| helper.name == name.text) {
        return fault.help(format!("it is a helper: write `{}(value)`", name.text));
    }
    match meant(name.text, filters()) {
        Some(help) => fault.help(help),
        None => fault.help(format!("filters: {}", list(filters()))),
    }
}

pub(super) fn unknown_test(name: Name<'_>) -> Fault {
    let fault = name.fault(format!("there is no test `{}`", name.text));
    let tests = || TESTS.iter().map(|(test, _)| *test);
    match meant(name.text, tests()) {
        Some(help) => fault.help(help),
        None => fault.help(format!("tests: {}", list(tests()))),
    }
}

/// The name that was probably meant.
fn meant<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let wanted = plain(name);
    let distance = |other: &str| strsim::damerau_levenshtein(&wanted, &plain(other));
    // A third of the letters may be wrong: `dute_date`, but not `id` for `name`.
    let limit = wanted.chars().count().div_ceil(3);
    names
        .map(|other| (distance(other), other))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, other)| format!("did you mean `{other}`?"))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
