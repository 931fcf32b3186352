//! Filters and tests. Filters of text pass none on, where minijinja's own would make the text "None" of it.

use std::cmp::Ordering;

use minijinja::{
    Environment, Error, filters,
    value::{Value, ValueKind},
};

use super::{
    ops::{self, wrong},
    signature::{Filter, Gives, Holds},
    value::{is_none, to_text, whole, word},
};

/// One line an entry: name, least and most arguments, what it gives, and its code.
macro_rules! table {
    ($add:ident, $($name:literal, $least:literal..=$most:literal, $gives:expr, $doc:literal, $code:expr;)*) => {
        &[$(Filter {
            name: $name,
            args: ($least, $most),
            gives: $gives,
            doc: $doc,
            register: |env, name| env.$add(name, $code),
        }),*]
    };
}

// More than three arguments has no use of a test by `select`.
pub(super) const FILTERS: &[Filter<Gives>] = table![add_filter,
    "count", 0..=0, Gives::Number, "the number of items or characters; 0 for none", length;
    "d", 1..=1, Gives::SameOrArgument, "the value, or the argument if the value is none", default;
    "default", 1..=1, Gives::SameOrArgument, "the value, or the argument if the value is none", default;
    "first", 0..=0, Gives::Item, "the first item of the list, or none", first;
    "int", 0..=0, Gives::Number, "the whole number that the text contains", int;
    "join", 0..=1, Gives::Text, "the items as one text, with the argument between them", join;
    "last", 0..=0, Gives::Item, "the last item of the list, or none", last;
    "length", 0..=0, Gives::Number, "the number of items or characters; 0 for none", length;
    "lower", 0..=0, Gives::Text, "the text in lower case", |value: &Value| on_text(value, str::to_lowercase);
    "map", 0..=1, Gives::Mapped, "a list with the result of the filter for each item, or with the attribute of each item", filters::map;
    "reject", 0..=3, Gives::Same, "the items that fail the test", filters::reject;
    "rejectattr", 1..=3, Gives::Same, "the items whose attribute fails the test", filters::rejectattr;
    "replace", 2..=2, Gives::Text, "the text with each occurrence of the first argument replaced by the second", replace;
    "select", 0..=3, Gives::Same, "the items that pass the test", filters::select;
    "selectattr", 1..=3, Gives::Same, "the items whose attribute passes the test", filters::selectattr;
    "split", 1..=1, Gives::Texts, "the parts of the text between the separators, without spaces around them and without empty parts", split;
    "string", 0..=0, Gives::Text, "the value as text", string;
    "trim", 0..=0, Gives::Text, "the text without spaces around it", |value: &Value| on_text(value, |text| text.trim().to_owned());
    "upper", 0..=0, Gives::Text, "the text in upper case", |value: &Value| on_text(value, str::to_uppercase);
];

pub(super) const TESTS: &[Filter<Holds>] = table![add_test,
    "boolean", 0..=0, Holds, "whether the value is `true` or `false`", |value: &Value| value.kind() == ValueKind::Bool;
    "defined", 0..=0, Holds, "whether the data contain the value", |value: &Value| !value.is_undefined();
    "endingwith", 1..=1, Holds, "whether the text ends with the argument", |value: &Value, end: &str| has(value, |text| text.ends_with(end));
    "eq", 1..=1, Holds, "whether the value equals the argument (`==`)", ops::equal;
    "ge", 1..=1, Holds, "whether the value is greater than or equal to the argument (`>=`)", |a: &Value, b: &Value| ops::ordered(a, b, Ordering::is_ge);
    "gt", 1..=1, Holds, "whether the value is greater than the argument (`>`)", |a: &Value, b: &Value| ops::ordered(a, b, Ordering::is_gt);
    "in", 1..=1, Holds, "whether the argument contains the value (`in`)", ops::contains;
    "le", 1..=1, Holds, "whether the value is less than or equal to the argument (`<=`)", |a: &Value, b: &Value| ops::ordered(a, b, Ordering::is_le);
    "lt", 1..=1, Holds, "whether the value is less than the argument (`<`)", |a: &Value, b: &Value| ops::ordered(a, b, Ordering::is_lt);
    "ne", 1..=1, Holds, "whether the value differs from the argument (`!=`)", |a: &Value, b: &Value| ops::equal(a, b).map(|equal| !equal);
    "none", 0..=0, Holds, "whether the value is absent", is_none;
    "number", 0..=0, Holds, "whether the value is a number", Value::is_number;
    "startingwith", 1..=1, Holds, "whether the text starts with the argument", |value: &Value, start: &str| has(value, |text| text.starts_with(start));
    "string", 0..=0, Holds, "whether the value is a text", |value: &Value| value.kind() == ValueKind::String;
    "undefined", 0..=0, Holds, "whether the data lack the value", Value::is_undefined;
];

pub(super) fn register(env: &mut Environment<'static>) {
    for filter in FILTERS {
        (filter.register)(env, filter.name);
    }
    for test in TESTS {
        (test.register)(env, test.name);
    }
}

fn text(value: &Value) -> Result<Option<&str>, Error> {
    match value.as_str() {
        Some(text) => Ok(Some(text)),
        None if is_none(value) => Ok(None),
        None => Err(wrong(format!("{} is no text", word(value)))),
    }
}

fn has(value: &Value, holds: impl Fn(&str) -> bool) -> Result<bool, Error> {
    Ok(text(value)?.is_some_and(holds))
}

fn on_text(value: &Value, change: impl Fn(&str) -> String) -> Result<Option<String>, Error> {
    Ok(text(value)?.map(change))
}

fn replace(value: &Value, from: &str, to: &str) -> Result<Option<String>, Error> {
    if let Some(text) = text(value)? {
        let times = text.matches(from).count();
        let kept = text.len() - times * from.len();
        ops::bounded(times.saturating_mul(to.len()).saturating_add(kept))?;
    }
    on_text(value, |text| text.replace(from, to))
}

fn string(value: &Value) -> Result<Option<String>, Error> {
    if is_none(value) {
        return Ok(None);
    }
    to_text(value).map(Some).map_err(wrong)
}

/// A whole number of a number or text; minijinja's own makes 0 of none.
fn int(value: &Value) -> Result<Option<i64>, Error> {
    if is_none(value) {
        return Ok(None);
    }
    whole(value).map(Some).ok_or_else(|| {
        let shown = to_text(value).unwrap_or_else(|_| word(value).to_owned());
        wrong(format!("`{shown}` is no whole number"))
    })
}

/// The value, or `other` where it is none; minijinja's own replaces only what is undefined.
fn default(value: &Value, other: &Value) -> Value {
    if value.is_undefined() || is_none(value) {
        other.clone()
    } else {
        value.clone()
    }
}

fn length(value: &Value) -> Result<usize, Error> {
    match value.len() {
        _ if is_none(value) => Ok(0),
        Some(len) => Ok(len),
        None => Err(wrong(format!("{} has no length", word(value)))),
    }
}

fn first(list: &Value) -> Result<Option<Value>, Error> {
    item(list, |_| 0)
}

fn last(list: &Value) -> Result<Option<Value>, Error> {
    item(list, |len| len.saturating_sub(1))
}

/// The item at a place in a list of some length; none when the list is empty.
fn item(list: &Value, at: fn(usize) -> usize) -> Result<Option<Value>, Error> {
    if list.as_str().is_some() {
        return Err(wrong("text has no items: use it whole"));
    }
    let item = list.get_item_by_index(at(length(list)?))?;
    Ok(Some(item).filter(|item| !item.is_undefined()))
}

fn join(list: &Value, between: Option<&str>) -> Result<Option<String>, Error> {
    if is_none(list) {
        return Ok(None);
    }
    let mut joined = String::new();
    for (place, item) in list.try_iter()?.enumerate() {
        if place > 0 {
            joined.push_str(between.unwrap_or_default());
        }
        joined.push_str(&to_text(&item).map_err(wrong)?);
        ops::bounded(joined.len())?;
    }
    Ok(Some(joined))
}

/// The parts between a separator, without the white space around them and without empty ones.
fn split(value: &Value, at: &str) -> Result<Option<Value>, Error> {
    if at.is_empty() {
        return Err(wrong("`split` needs a text to split at".to_owned()));
    }
    Ok(text(value)?.map(|text| {
        let parts = text.split(at).map(str::trim);
        parts.filter(|part| !part.is_empty()).collect()
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        template::signature::{FILTERS, HELPERS, TESTS},
        testing::expressions::{failure, test, value},
    };

    #[test]
    fn each_filter_that_the_checker_knows_is_there_and_passes_none_on() {
        for (expression, result) in [
            ("'Ab' | lower", json!("ab")),
            ("'Ab' | upper", json!("AB")),
            ("' a ' | trim", json!("a")),
            ("'abc' | replace('b', '-')", json!("a-c")),
            ("vars.number | string", json!("10010")),
            ("vars.flag | string", json!("true")),
            ("' 7 ' | int", json!(7)),
            ("7 | int", json!(7)),
            ("phase.status | default('x')", json!("x")),
            ("phase.status | d('x')", json!("x")),
            ("task.status | default('x')", json!("PENDING")),
            ("vars.deep.zzz | default('x')", json!("x")),
            ("execution.closing_reason | default('x')", json!("x")),
            ("task.taxonomies | length", json!(2)),
            ("execution.taxonomies | count", json!(0)),
            ("'üb' | length", json!(2)),
            ("task.taxonomies | first", json!("a")),
            ("task.taxonomies | last", json!("b")),
            ("execution.taxonomies | first", json!(null)),
            ("task.taxonomies | join(', ')", json!("a, b")),
            ("task.taxonomies | join", json!("ab")),
            ("[1, true] | join('-')", json!("1-true")),
            ("execution.taxonomies | join(',')", json!(null)),
            ("task.taxonomies | select('eq', 'b')", json!(["b"])),
            ("task.taxonomies | reject('eq', 'b')", json!(["a"])),
            ("task.taxonomies | map('upper')", json!(["A", "B"])),
            (
                "execution.tasks | map(attribute='name')",
                json!(["Check", "Bare"]),
            ),
            (
                "execution.tasks | map(attribute='schedule.duration')",
                json!([3, null]),
            ),
            (
                "execution.tasks | selectattr('status', 'eq', 'COMPLETED') | map(attribute='id')",
                json!(["t2"]),
            ),
            (
                "execution.tasks | rejectattr('status', 'in', ['COMPLETED']) | map(attribute='id')",
                json!(["t1"]),
            ),
            (
                "execution.tasks | selectattr('schedule') | map(attribute='id')",
                json!(["t1"]),
            ),
            (
                "(execution.tasks | selectattr('name', 'eq', 'Bare') | first).status",
                json!("COMPLETED"),
            ),
            (
                "(execution.tasks | selectattr('name', 'eq', 'None') | first).status",
                json!(null),
            ),
            (
                "(execution.tasks | selectattr('name', 'eq', 'None') | first).schedule.reference.id",
                json!(null),
            ),
            ("phase.status | lower", json!(null)),
            (
                "phase.status | upper | trim | replace('a', 'b') | string | int",
                json!(null),
            ),
        ] {
            assert_eq!(
                value(&format!("{{{{ {expression} }}}}")),
                Ok(result),
                "{expression}"
            );
        }
    }

    #[test]
    fn the_tests_of_is() {
        for (condition, holds) in [
            ("phase.status is none", true),
            ("phase.status is not none", false),
            ("execution.closing_reason is none", true),
            ("execution.taxonomies is none", true),
            ("task.taxonomies is none", false),
            ("task.schedule is not none", true),
            ("vars.deep.zzz is defined", false),
            ("vars.deep.zzz is undefined", true),
            ("vars.deep.a is defined", true),
            ("task.name is string", true),
            ("vars.number is number", true),
            ("vars.flag is boolean", true),
            ("task.name is startingwith('Ch')", true),
            ("task.name is startingwith 'Ch'", true),
            ("task.name is not endingwith 'ck'", false),
            ("phase.status is startingwith 'O'", false),
            ("vars.number is eq 10010", true),
            ("vars.number is ne 10010", false),
            ("vars.number is lt 5", false),
            ("vars.number is le 10010", true),
            ("vars.number is gt 5", true),
            ("vars.number is ge 10011", false),
            ("vars.text is in(['x'])", true),
            // minijinja itself would read `if` as the test's argument.
            ("true if phase.status is none else false", true),
            ("phase.status is none if true else false", true),
            ("phase.status is none and task.status is not none", true),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
    }

    #[test]
    fn what_a_filter_can_not_work_on_is_an_error() {
        for (expression, part) in [
            ("vars.number | lower", "a number is no text"),
            ("'seven' | int", "`seven` is no whole number"),
            ("2.5 | int", "`2.5` is no whole number"),
            ("vars.number | length", "a number has no length"),
            ("vars.text | first", "text has no items"),
            ("vars.list | string", "a list can't be part of a text"),
            ("[none] | join", "default"),
            ("vars.number is startingwith '1'", "a number is no text"),
            (
                "[1, 'a'] | select('lt', 'b')",
                "a number and text have no order",
            ),
        ] {
            let message = failure(expression);
            assert!(message.contains(part), "{expression}: {message}");
        }
    }

    #[test]
    fn the_checkers_tables_name_what_is_registered() {
        let mut environment = minijinja::Environment::empty();
        super::register(&mut environment);
        let mut state = environment.empty_state();
        for filter in FILTERS {
            let error = state.apply_filter(filter.name, &[]).err();
            let unknown =
                error.is_some_and(|error| error.kind() == minijinja::ErrorKind::UnknownFilter);
            assert!(!unknown, "{}", filter.name);
        }
        for test in TESTS {
            let error = state.perform_test(test.name, &[]).err();
            let unknown =
                error.is_some_and(|error| error.kind() == minijinja::ErrorKind::UnknownTest);
            assert!(!unknown, "{}", test.name);
        }
    }

    #[test]
    fn the_guide_lists_each_helper_filter_and_test_with_what_its_entry_says() {
        let guide = include_str!("../../../docs/playbook.md");
        let helpers = HELPERS.iter().map(|helper| (helper.usage, helper.doc));
        let filters = FILTERS.iter().map(|filter| (filter.name, filter.doc));
        let tests = TESTS.iter().map(|test| (test.name, test.doc));
        for (title, rows) in [
            ("| helper | returns |", helpers.collect::<Vec<_>>()),
            ("| filter | returns |", filters.collect()),
            ("| test | checks |", tests.collect()),
        ] {
            let lines = guide.lines().skip_while(|line| *line != title).skip(2);
            let listed: Vec<_> = lines.take_while(|line| line.starts_with('|')).collect();
            let row = |(code, doc): &(&str, &str)| format!("| `{code}` | {doc} |");
            assert_eq!(listed, rows.iter().map(row).collect::<Vec<_>>());
        }
    }
}
