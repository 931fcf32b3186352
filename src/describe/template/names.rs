//! Finding names, and saying which one was meant.

use super::{
    ExpressionFault, Scope, foreign,
    lexer::LexerToken,
    scope::Type,
    signature::{self, FILTERS, HELPERS, TESTS},
};
use crate::{
    api::{
        Generation,
        types::{RecordType, other_spelling},
    },
    text::{Few, meant},
};

/// Columns or variables that a message names. A file may have thousands.
const SHOWN: usize = 20;

/// Columns or variables among which a near one is looked for: a file has at most as many columns.
const MOST_KEYS: usize = 1_000;

/// Names that stand for a level of the other generation, or for one that is reached from another name.
const LEVELS: &[(&str, &str)] = &[
    ("flow", "execution"),
    ("workflow", "execution"),
    ("step", "task"),
    ("task", "step"),
    ("section", "phase"),
    ("phase", "section"),
];

/// What to write for a name that is known elsewhere only.
fn elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "row" => Some(
            "there is a `row` where a file names the targets: `rows: { file: …, id: … }`, or a `file` of `ids` or `entities`",
        ),
        "entity" => Some(
            "only the source `entities` has an `entity`: take that of `execution.contexts`, or of `context(execution, …)`",
        ),
        _ => None,
    }
}

/// Whether a name looks like a word of an enumeration: `PENDING`.
pub(super) fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The type of a root name.
pub(super) fn root(name: LexerToken<'_>, scope: &Scope) -> Result<Type, ExpressionFault> {
    let LexerToken { text, .. } = name;
    if let Some(of) = scope.get(text) {
        return Ok(of.clone());
    }
    let fault = name.fault(format!("`{text}` is not known here"));
    Err(if let Some(code) = reached(text, scope) {
        fault.help(format!("write `{code}`"))
    } else if let Some(help) = elsewhere(text) {
        fault.help(help)
    } else if text.len() > 1 && is_word(text) {
        fault.help(format!("write `\"{text}\"`: a text stands in quotes"))
    } else if signature::helper(text).is_some() {
        fault.help(format!("a helper is called: `{text}(…)`"))
    } else {
        nearest_or(fault, text, "allowed:", scope.names())
    })
}

/// How a name is written that another one of the scope leads to.
fn reached(name: &str, scope: &Scope) -> Option<String> {
    let other = LEVELS.iter().filter(|(level, _)| *level == name);
    let levels = || other.clone().map(|(_, level)| *level);
    if let Some(level) = levels().find(|level| scope.get(level).is_some()) {
        return Some(level.to_owned());
    }
    // Of two names, that of the finer level comes later; values that the playbook names come last.
    let names: Vec<_> = scope.names().filter(|name| *name != "vars").collect();
    let has_parent = |owner: &&str, parent: &str| match scope.get(owner) {
        Some(Type::Record { record, target }) => *target && record.parent(parent).is_some(),
        Some(_) | None => false,
    };
    for level in std::iter::once(name).chain(levels()) {
        if let Some(owner) = names.iter().rfind(|owner| has_parent(owner, level)) {
            return Some(format!("{owner}.{level}"));
        }
    }
    let has_field = |owner: &&str| match scope.get(owner) {
        Some(Type::Record { record, .. }) => record.field(name).is_some(),
        Some(Type::Keys(keys)) => keys.contains_key(name),
        Some(_) | None => false,
    };
    let owner = names.into_iter().rev().chain(["vars"]).find(has_field)?;
    Some(format!("{owner}.{name}"))
}

/// The type of a field of a value; `owner` is how the value is written.
pub(super) fn field(
    of: &Type,
    owner: &str,
    name: LexerToken<'_>,
    scope: &Scope,
) -> Result<Type, ExpressionFault> {
    let LexerToken { text, .. } = name;
    let (what, help) = match of {
        Type::Any | Type::None => return Ok(Type::Any),
        Type::Record { record, target } => {
            return record_field(record, *target, owner, name, scope);
        }
        Type::Keys(keys) => {
            if let Some(of) = keys.get(text) {
                return Ok(of.clone());
            }
            let fault = name.fault(format!("`{owner}` has no `{text}`"));
            let known = || keys.keys().map(String::as_str);
            return Err(fault.help(match meant(text, known().take(MOST_KEYS)) {
                Some(help) => help,
                None if keys.is_empty() => format!("`{owner}` is empty"),
                None => format!("it has {}", Few::of(SHOWN, known()).list()),
            }));
        }
        Type::List(_) => {
            let help =
                format!("take one item, like `{owner}[0]`, or filter it with `… | selectattr(…)`");
            ("a list", help)
        }
        Type::Instant => (
            of.word(),
            "compare it whole, like `now < date(\"2026-12-24\")`".to_owned(),
        ),
        Type::Bool
        | Type::Number
        | Type::Text
        | Type::Id
        | Type::Word(_)
        | Type::Date
        | Type::Span => (
            of.word(),
            "use it whole, or with a filter, like `… | lower`".to_owned(),
        ),
    };
    Err(name
        .fault(format!("`{owner}` is {what} and has no `{text}`"))
        .help(help))
}

fn record_field(
    record: &'static RecordType,
    target: bool,
    owner: &str,
    name: LexerToken<'_>,
    scope: &Scope,
) -> Result<Type, ExpressionFault> {
    if let Some(of) = scope.field(record, name.text) {
        return Ok(of);
    }
    if let Some(parent) = record.parent(name.text).filter(|_| target) {
        let record = parent.record;
        return Ok(Type::Record { record, target });
    }
    let fault = name.fault(format!("`{owner}` has no field `{}`", name.text));
    if let Some(spelling) = other_spelling(record, name.text) {
        let generation = match spelling.generation {
            Generation::V1 => "v1",
            Generation::V2 => "v2",
        };
        return Err(fault.help(format!("{generation} says `{}`", spelling.path)));
    }
    let fields = record.fields.iter().map(|field| field.name);
    let parents = record.parents.iter().filter(|_| target);
    let names = fields.chain(parents.map(|parent| parent.name));
    Err(nearest_or(fault, name.text, "it has", names))
}

pub(super) fn unknown_helper(name: LexerToken<'_>) -> ExpressionFault {
    let is_filter = signature::filter(name.text).is_some();
    let other = is_filter.then(|| format!("it is a filter: write `… | {}`", name.text));
    unknown(
        name,
        "helper",
        other,
        HELPERS.iter().map(|helper| helper.name),
    )
}

pub(super) fn unknown_filter(name: LexerToken<'_>) -> ExpressionFault {
    let is_helper = signature::helper(name.text).is_some();
    let other = is_helper.then(|| format!("it is a helper: write `{}(…)`", name.text));
    unknown(
        name,
        "filter",
        other,
        FILTERS.iter().map(|filter| filter.name),
    )
}

pub(super) fn unknown_test(name: LexerToken<'_>) -> ExpressionFault {
    let other = foreign::test(name.text).map(|meant| format!("write `{meant}`"));
    unknown(name, "test", other, TESTS.iter().map(|test| test.name))
}

/// There is no helper, filter or test of this name; `other` is what to write where that is known.
fn unknown<'k>(
    name: LexerToken<'_>,
    what: &str,
    other: Option<String>,
    known: impl Iterator<Item = &'k str> + Clone,
) -> ExpressionFault {
    let fault = name.fault(format!("there is no {what} `{}`", name.text));
    match other {
        Some(help) => fault.help(help),
        None => nearest_or(fault, name.text, &format!("{what}s:"), known),
    }
}

/// With the name that was probably meant, or else all that are known.
fn nearest_or<'k>(
    fault: ExpressionFault,
    name: &str,
    all: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> ExpressionFault {
    let help = meant(name, known.clone());
    fault.help(help.unwrap_or_else(|| format!("{all} {}", known.collect::<Vec<_>>().join(", "))))
}

#[cfg(test)]
mod tests;
