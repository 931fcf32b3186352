//! The operators that minijinja's own would get wrong, as functions that the checker writes in their place.
//!
//! | operator | here |
//! |---|---|
//! | `<` `<=` `>` `>=` | numbers, texts or instants with their like; false when a side is none; else an error |
//! | `==` `!=` | none equals none; values of different types are an error instead of "not equal" |
//! | `in` | an item of a list or a part of a text; false when a side is none |
//! | `~` | text, numbers as JSON writes them; none is an error |
//! | `+` `-` with a span | an instant moved on the calendar of its zone |
//! | `(…).name` | the fields of none are none |

use std::cmp::Ordering;

use minijinja::{
    Environment, Error, ErrorKind,
    value::{Rest, Value, ValueKind},
};

use super::{
    helpers,
    instant::{CalendarSpan, Instant},
    value::{is_none, to_text, word},
};

/// The functions with their names; no name of a playbook's helper starts with an underscore.
macro_rules! functions {
    ($($constant:ident = $name:literal, $code:expr;)*) => {
        $(pub(super) const $constant: &str = $name;)*

        pub(super) fn register(env: &mut Environment<'static>) {
            $(env.add_function($constant, $code);)*
        }
    };
}

functions! {
    LESS = "__lt", |a: &Value, b: &Value| ordered(a, b, Ordering::is_lt);
    LESS_OR_EQUAL = "__le", |a: &Value, b: &Value| ordered(a, b, Ordering::is_le);
    GREATER = "__gt", |a: &Value, b: &Value| ordered(a, b, Ordering::is_gt);
    GREATER_OR_EQUAL = "__ge", |a: &Value, b: &Value| ordered(a, b, Ordering::is_ge);
    EQUAL = "__eq", equal;
    NOT_EQUAL = "__ne", |a: &Value, b: &Value| equal(a, b).map(|equal| !equal);
    IN = "__in", contains;
    NOT_IN = "__not_in", |a: &Value, b: &Value| contains(a, b).map(|found| !found);
    CONCAT = "__concat", concat;
    LATER = "__later", |a: &Value, b: &Value| moved(a, b, false);
    EARLIER = "__earlier", |a: &Value, b: &Value| moved(a, b, true);
    FIELD = "__field", field;
    ID = "__id", helpers::id;
    LIST = "__list", list;
}

/// What a word of the API is looked for in: a text holds parts of words.
fn list(value: &Value) -> Result<Value, Error> {
    match value.as_str() {
        Some(text) => Err(wrong(format!(
            "`in` would look for a part of `{text}`: make a list of it with `| split(\",\")`"
        ))),
        None => Ok(value.clone()),
    }
}

pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

fn defined<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<(), Error> {
    if values.into_iter().any(Value::is_undefined) {
        Err(wrong("a value is undefined: the data have no such key"))
    } else {
        Ok(())
    }
}

/// Whether two values are of types that can be equal.
fn alike(a: &Value, b: &Value) -> bool {
    let class = |value: &Value| match value.kind() {
        ValueKind::Iterable => ValueKind::Seq,
        kind => kind,
    };
    class(a) == class(b)
}

/// Compares by `holds`; false when a side is none.
pub(super) fn ordered(a: &Value, b: &Value, holds: fn(Ordering) -> bool) -> Result<bool, Error> {
    defined([a, b])?;
    if is_none(a) || is_none(b) {
        return Ok(false);
    }
    let instants = |value: &Value| value.downcast_object_ref::<Instant>().is_some();
    let comparable = match (a.kind(), b.kind()) {
        (ValueKind::Number, ValueKind::Number) | (ValueKind::String, ValueKind::String) => true,
        _ => instants(a) && instants(b),
    };
    if !comparable {
        let help = if instants(a) || instants(b) {
            ": make both instants with `date(…)` or `due(…)`"
        } else {
            ""
        };
        let (a, b) = (word(a), word(b));
        return Err(wrong(format!("{a} and {b} have no order{help}")));
    }
    Ok(holds(a.cmp(b)))
}

pub(super) fn equal(a: &Value, b: &Value) -> Result<bool, Error> {
    defined([a, b])?;
    if is_none(a) || is_none(b) {
        return Ok(is_none(a) && is_none(b));
    }
    if !alike(a, b) {
        let help = match (a.kind(), b.kind()) {
            (ValueKind::Number, ValueKind::String) | (ValueKind::String, ValueKind::Number) => {
                ": add `| string` to the number"
            }
            _ => "",
        };
        let (a, b) = (word(a), word(b));
        return Err(wrong(format!("{a} and {b} can't be equal{help}")));
    }
    Ok(a == b)
}

/// Whether `container` holds `item`.
pub(super) fn contains(item: &Value, container: &Value) -> Result<bool, Error> {
    defined([item, container])?;
    if is_none(item) || is_none(container) {
        return Ok(false);
    }
    if let (Some(part), Some(text)) = (item.as_str(), container.as_str()) {
        return Ok(text.contains(part));
    }
    if !matches!(container.kind(), ValueKind::Seq | ValueKind::Iterable) {
        let (item, container) = (word(item), word(container));
        return Err(wrong(format!(
            "{container} can't hold {item}: `in` needs a list, or two texts"
        )));
    }
    for other in container.try_iter()? {
        if alike(item, &other) && *item == other {
            return Ok(true);
        }
        // Ids are texts; a number from YAML would quietly never be found.
        if matches!(
            (item.kind(), other.kind()),
            (ValueKind::Number, ValueKind::String) | (ValueKind::String, ValueKind::Number)
        ) {
            let (item, other) = (word(item), word(&other));
            return Err(wrong(format!(
                "{item} is looked for where {other} stands: use `has_assignee` for users, or add `| string`"
            )));
        }
    }
    Ok(false)
}

fn concat(Rest(parts): Rest<Value>) -> Result<String, Error> {
    let mut text = String::new();
    for part in parts {
        text.push_str(&to_text(&part).map_err(wrong)?);
        bounded(text.len())?;
    }
    Ok(text)
}

/// The longest text that an operator, a filter or a template builds, in bytes: four times the longest template. What an expression
/// of 1 KiB asks for grows with each of its filters, and without a bound it is gigabytes.
const MAX_BUILT: usize = 64 * 1024;

/// Refuses to build a text of so many bytes.
pub(super) fn bounded(len: usize) -> Result<(), Error> {
    if len > MAX_BUILT {
        Err(wrong("more than 64 KiB of text can't be built"))
    } else {
        Ok(())
    }
}

fn moved(from: &Value, by: &Value, back: bool) -> Result<Option<Instant>, Error> {
    defined([from, by])?;
    if is_none(from) || is_none(by) {
        return Ok(None);
    }
    // `days(3) + now` is as good as `now + days(3)`.
    let (from, by) = if !back && from.downcast_object_ref::<CalendarSpan>().is_some() {
        (by, from)
    } else {
        (from, by)
    };
    let (Some(Instant(from)), Some(CalendarSpan(by))) = (
        from.downcast_object_ref::<Instant>(),
        by.downcast_object_ref::<CalendarSpan>(),
    ) else {
        let (from, by) = (word(from), word(by));
        return Err(wrong(format!(
            "{from} can't move by {by}: an instant moves by a span, like `now + days(3)`"
        )));
    };
    let by = if back { by.back() } else { *by };
    by.after(from)
        .map(|moved| Some(Instant(moved)))
        .ok_or_else(|| {
            wrong(format!(
                "{from} can't move by {by}: the calendar ends before"
            ))
        })
}

/// A field of an object that a filter may have found none of.
fn field(of: &Value, name: &str) -> Result<Value, Error> {
    if is_none(of) {
        Ok(Value::from(()))
    } else {
        of.get_attr(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::expressions::{failure, test, value};

    #[test]
    fn none_has_no_order() {
        for condition in [
            "task.schedule.reference.id < 'x'",
            "phase.loop_config.max_iterations < 3",
            "phase.loop_config.max_iterations > 3",
            "3 > phase.loop_config.max_iterations",
            "phase.loop_config.max_iterations >= phase.loop_config.crt_iterations",
            "vars.none < 3",
        ] {
            assert_eq!(test(condition), Ok(false), "{condition}");
        }
        for (condition, holds) in [
            ("task.schedule.duration < 4", true),
            ("task.schedule.duration <= 3", true),
            ("task.schedule.duration > 3", false),
            ("task.schedule.duration >= 3.5", false),
            ("'a' < 'b'", true),
            ("task.name >= 'Check'", true),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
    }

    #[test]
    fn none_equals_none_however_it_is_absent() {
        for (condition, holds) in [
            ("vars.none == none", true),
            ("execution.closing_reason == none", true),
            ("execution.closing_reason.extra_description == none", true),
            ("execution.taxonomies == none", true),
            ("phase.name == none", false),
            ("phase.name != none", true),
            ("phase.status == 'OPEN'", false),
            ("phase.status != 'OPEN'", true),
            ("task.name == 'Check'", true),
            ("vars.number == 10010", true),
            ("vars.number == 10010.0", true),
            ("vars.list == ['a', 'b']", true),
            ("task.taxonomies == vars.list", true),
            ("task.phase == task.phase", true),
            ("vars.flag == task.enabled", true),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
    }

    #[test]
    fn in_looks_into_lists_and_texts() {
        for (condition, holds) in [
            ("task.status in ['PENDING', 'IN_PROGRESS']", true),
            ("task.status in ('PENDING', 'IN_PROGRESS')", true),
            ("task.status not in ['PENDING']", false),
            ("not task.status in ['PENDING']", false),
            ("phase.status in ['OPEN']", false),
            ("phase.status not in ['OPEN']", true),
            ("'b' in task.taxonomies", true),
            ("'z' in task.taxonomies", false),
            ("'a' in execution.taxonomies", false),
            ("'a' not in execution.taxonomies", true),
            ("'10010' in task.assigned_to", true),
            ("'hec' in task.name", true),
            ("'a' in vars.list", true),
        ] {
            assert_eq!(test(condition), Ok(holds), "{condition}");
        }
    }

    #[test]
    fn values_of_different_types_are_an_error_not_unequal() {
        for (expression, part) in [
            ("vars.text > vars.number", "text and a number have no order"),
            (
                "vars.leaver == vars.number",
                "text and a number can't be equal: add `| string`",
            ),
            (
                "vars.flag == vars.text",
                "true or false and text can't be equal",
            ),
            ("vars.list == vars.text", "a list and text can't be equal"),
            ("vars.flag < vars.flag", "have no order"),
            (
                "vars.number in task.assigned_to",
                "a number is looked for where text stands",
            ),
            ("vars.number in vars.text", "text can't hold a number"),
            (
                "task.status in vars.text",
                "`in` would look for a part of `x`: make a list of it with `| split(\",\")`",
            ),
            (
                "task.status is in(vars.text)",
                "`in` would look for a part of `x`",
            ),
            ("vars.text in vars.flag", "true or false can't hold text"),
            ("vars.deep.zzz == 1", "undefined"),
            ("vars.deep.zzz < 1", "undefined"),
            ("vars.deep.zzz in [1]", "undefined"),
        ] {
            let message = failure(expression);
            assert!(message.contains(part), "{expression}: {message}");
        }
    }

    #[test]
    fn texts_join_with_booleans_as_json_writes_them() {
        assert_eq!(
            value("{{ 'a' ~ true ~ 1 ~ 2.5 ~ vars.text ~ 'b' }}"),
            Ok(json!("atrue12.5xb"))
        );
        assert!(failure("'a' ~ vars.none").contains("default"));
        assert!(failure("'a' ~ vars.list").contains("join"));
    }

    #[test]
    fn arithmetic_is_left_to_minijinja() {
        for (template, result) in [
            ("{{ 1 + 2 * 3 - 4 }}", json!(3)),
            ("{{ (1 + 2) * 3 }}", json!(9)),
            ("{{ 7 // 2 }}", json!(3)),
            ("{{ 7 % 2 }}", json!(1)),
            ("{{ 2 ** 3 }}", json!(8)),
            ("{{ 1 / 2 }}", json!(0.5)),
            ("{{ -task.schedule.duration + 1 }}", json!(-2)),
            ("{{ - -1 }}", json!(1)),
            ("{{ 'a' + 'b' }}", json!("ab")),
        ] {
            assert_eq!(value(template), Ok(result), "{template}");
        }
        assert!(failure("vars.none + 1").contains("none"));
    }
}
