//! What people write who come from another language, and how it is written here.

use super::scope::Type;

/// Operators of other languages and of SQL, in lower case, and the one that is meant.
const OPERATORS: &[(&str, &str)] = &[
    ("=", "=="),
    ("===", "=="),
    ("eq", "=="),
    ("!==", "!="),
    ("<>", "!="),
    ("ne", "!="),
    ("neq", "!="),
    ("lt", "<"),
    ("lte", "<="),
    ("le", "<="),
    ("gt", ">"),
    ("gte", ">="),
    ("ge", ">="),
    ("=~", "matches"),
    ("~=", "matches"),
    ("!~", "not matches"),
    ("&&", "and"),
    ("&", "and"),
    ("||", "or"),
    ("!", "not"),
];

/// The operator that is meant by one of another language; a word of this one in other letters is one, too.
pub(super) fn operator(text: &str) -> Option<&'static str> {
    const OWN: &[&str] = &["and", "or", "not", "in", "is", "if", "else"];
    let lower = text.to_lowercase();
    let own = || OWN.iter().find(|own| **own == lower && lower != text);
    let found = OPERATORS.iter().find(|(other, _)| *other == lower);
    found.map(|(_, meant)| *meant).or_else(|| own().copied())
}

/// Whether a word is an operator, here or elsewhere.
pub(super) fn is_operator(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "in" | "is" | "if" | "else") || operator(word).is_some()
}

/// The opposite of a condition.
pub(super) fn negated(code: &str) -> String {
    match code.strip_suffix(" | length == 0") {
        Some(list) => format!("{list} | length > 0"),
        None => format!("not {code}"),
    }
}

/// A name that stands for a constant elsewhere.
pub(super) fn constant(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "null" | "nil" | "none" | "undefined" | "nothing" => "none",
        "true" | "yes" => "true",
        "false" | "no" => "false",
        "now" | "current_timestamp" => "now",
        "today" | "current_date" => "start_of(\"day\")",
        "tomorrow" => "start_of(\"day\") + days(1)",
        "yesterday" => "start_of(\"day\") - days(1)",
        _ => return None,
    })
}

/// A test of `is` by another name.
pub(super) fn test(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "null" | "nil" | "none" => "none",
        "equal" | "equals" | "equalto" | "sameas" => "eq",
        "startswith" | "starts_with" => "startingwith",
        "endswith" | "ends_with" => "endingwith",
        _ => return None,
    })
}

/// Why a word of a statement has no place in an expression.
pub(super) fn statement(word: &str) -> Option<&'static str> {
    Some(match word {
        "if" | "when" | "where" | "then" | "return" => {
            "leave it out: a condition stands alone; a choice is `… if … else …`"
        }
        "for" | "=>" => {
            "there are no loops: filter a list, like `… | selectattr(\"status\", \"eq\", \"FAILED\")`"
        }
        "between" => "write `… >= … and … <= …`, or `due_between(…, …, …)`",
        "xor" => "write `… != …`",
        _ => return None,
    })
}

/// How something is written here.
#[derive(Debug)]
pub(super) struct WrittenForm {
    pub(super) code: String,
    pub(super) of: Type,
}

/// How a call, a method, a filter or an operator of another language is written here. `args` are written as the
/// playbook writes them; a method's own value is the first.
pub(super) fn written(name: &str, args: &[&str]) -> Option<WrittenForm> {
    let plain = name.to_lowercase().replace('_', "");
    let filter = |x: &str, filter: &str| format!("{} | {filter}", operand(x));
    let (code, of) = match (plain.as_str(), args) {
        (
            "lower" | "tolower" | "tolowercase" | "lowercase" | "downcase" | "lcase" | "casefold",
            [x],
        ) => (filter(x, "lower"), Type::Text),
        ("upper" | "toupper" | "touppercase" | "uppercase" | "upcase" | "ucase", [x]) => {
            (filter(x, "upper"), Type::Text)
        }
        ("trim" | "strip", [x]) => (filter(x, "trim"), Type::Text),
        ("length" | "len" | "size" | "count" | "sizeof", [x]) => {
            (filter(x, "length"), Type::Number)
        }
        ("str" | "string" | "tostring", [x]) => (filter(x, "string"), Type::Text),
        ("int" | "integer" | "toint" | "parseint" | "number" | "tonumber", [x]) => {
            (filter(x, "int"), Type::Number)
        }
        ("first" | "last", [x]) => (filter(x, &plain), Type::Any),
        ("split", [x, at]) => (
            filter(x, &format!("split({at})")),
            Type::List(Box::new(Type::Text)),
        ),
        ("join", [x, between]) => (filter(x, &format!("join({between})")), Type::Text),
        ("replace" | "replaceall", [x, from, to]) => {
            (filter(x, &format!("replace({from}, {to})")), Type::Text)
        }
        ("ifnull" | "coalesce" | "nvl" | "isnull" | "getordefault" | "??", [x, other]) => {
            (filter(x, &format!("default({other})")), Type::Any)
        }
        ("get", [x, key]) => (format!("{x}[{key}]"), Type::Any),
        ("contains" | "includes" | "include" | "has", [x, part]) => {
            (format!("{} in {}", operand(part), operand(x)), Type::Bool)
        }
        ("startswith" | "startingwith" | "beginswith" | "hasprefix", [x, start]) => (
            format!("{} is startingwith({start})", operand(x)),
            Type::Bool,
        ),
        ("endswith" | "endingwith" | "hassuffix", [x, end]) => {
            (format!("{} is endingwith({end})", operand(x)), Type::Bool)
        }
        ("equals" | "equal" | "equalto" | "equalsignorecase", [x, y]) => {
            (format!("{} == {}", operand(x), operand(y)), Type::Bool)
        }
        ("like", [x, pattern]) => (like(x, pattern)?, Type::Bool),
        ("matches" | "match" | "regex" | "regexp" | "rlike", [x, pattern]) => {
            (matches(x, pattern)?, Type::Bool)
        }
        ("isnull" | "isnone" | "isnil" | "isundefined", [x]) => {
            (format!("{} is none", operand(x)), Type::Bool)
        }
        (
            "isnotnull" | "notnull" | "exists" | "isset" | "defined" | "isdefined" | "present",
            [x],
        ) => (format!("{} is not none", operand(x)), Type::Bool),
        ("empty" | "isempty" | "blank" | "isblank", [x]) => {
            (format!("{} | length == 0", operand(x)), Type::Bool)
        }
        ("not", [x]) => (format!("not {x}"), Type::Bool),
        ("now" | "today" | "tomorrow" | "yesterday" | "currentdate" | "currenttimestamp", []) => {
            (constant(name)?.to_owned(), Type::Instant)
        }
        ("getdate" | "sysdate" | "datetime" | "curdate", []) => ("now".to_owned(), Type::Instant),
        _ => return None,
    };
    Some(WrittenForm { code, of })
}

/// Whether `written` knows this name with some number of arguments.
pub(super) fn is_known(name: &str) -> bool {
    let args = ["x", "\"x\"", "\"x\""];
    (0..=args.len()).any(|count| written(name, &args[..count]).is_some())
}

/// The content of a text in quotes with its quotes.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.get(..1).filter(|quote| matches!(*quote, "\"" | "'"))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(['\\', '"', '\''])).then_some((quote, inner))
}

/// `x like "a%"`, where the pattern says where the part stands.
fn like(x: &str, pattern: &str) -> Option<String> {
    let (quote, inner) = quoted(pattern)?;
    let part = inner.trim_matches('%');
    if part.contains(['%', '_']) || part.is_empty() {
        return None;
    }
    Some(placed(
        x,
        &format!("{quote}{part}{quote}"),
        !inner.starts_with('%'),
        !inner.ends_with('%'),
    ))
}

/// A regular expression that says no more than where a part stands.
fn matches(x: &str, pattern: &str) -> Option<String> {
    let (quote, inner) = quoted(pattern)?;
    let start = inner.strip_prefix('^').unwrap_or(inner);
    let end = start.strip_suffix('$').unwrap_or(start);
    let is_open = |text: &str, mark: &str| text.starts_with(mark);
    let from_start = start.len() < inner.len() && !is_open(end, ".*");
    let to_end = end.len() < start.len() && !end.ends_with(".*");
    let part = end.strip_prefix(".*").unwrap_or(end);
    let part = part.strip_suffix(".*").unwrap_or(part);
    if part.is_empty()
        || part.contains([
            '.', '*', '+', '?', '[', ']', '(', ')', '{', '}', '|', '^', '$', '/',
        ])
    {
        return None;
    }
    Some(placed(
        x,
        &format!("{quote}{part}{quote}"),
        from_start,
        to_end,
    ))
}

fn placed(x: &str, part: &str, from_start: bool, to_end: bool) -> String {
    let x = operand(x);
    match (from_start, to_end) {
        (true, true) => format!("{x} == {part}"),
        (true, false) => format!("{x} is startingwith({part})"),
        (false, true) => format!("{x} is endingwith({part})"),
        (false, false) => format!("{part} in {x}"),
    }
}

/// A part as it may stand before a filter: in brackets where it has operators of its own.
pub(super) fn operand(text: &str) -> String {
    if let Some(inner) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        && !inner.contains(['(', ')'])
        && operand(inner) == inner
    {
        return inner.to_owned();
    }
    let mut depth = 0_usize;
    let mut quote = None;
    let mut has_operator = false;
    for c in text.trim().chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, c) if depth == 0 => {
                has_operator |= !(c.is_alphanumeric() || matches!(c, '_' | '.' | ' ' | '|'));
            }
            (Some(_) | None, _) => {}
        }
    }
    let is_word = |word: &str| matches!(word, "and" | "or" | "not" | "in" | "is" | "if" | "else");
    if has_operator || text.split(' ').any(is_word) {
        format!("({text})")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str, args: &[&str]) -> String {
        written(name, args).map_or_else(String::new, |written| written.code)
    }

    #[test]
    fn a_pattern_that_says_where_a_part_stands_is_written_without_one() {
        for (name, pattern, expected) in [
            ("like", "'a%'", "x is startingwith('a')"),
            ("like", "'%a'", "x is endingwith('a')"),
            ("LIKE", "\"%a b%\"", "\"a b\" in x"),
            ("like", "'a'", "x == 'a'"),
            ("like", "'a%b'", ""),
            ("like", "'a_'", ""),
            ("like", "'%'", ""),
            ("like", "vars.a", ""),
            ("matches", "'^a'", "x is startingwith('a')"),
            ("matches", "'a$'", "x is endingwith('a')"),
            ("matches", "'^a$'", "x == 'a'"),
            ("matches", "'a'", "'a' in x"),
            ("matches", "'^.*a$'", "x is endingwith('a')"),
            ("matches", "'^a.*$'", "x is startingwith('a')"),
            ("matches", "'.*a.*'", "'a' in x"),
            ("matches", "'[a-z]'", ""),
            ("matches", "'a|b'", ""),
        ] {
            assert_eq!(code(name, &["x", pattern]), expected, "{name} {pattern}");
        }
    }

    #[test]
    fn what_has_operators_of_its_own_stands_in_brackets() {
        for (text, expected) in [
            ("task.name", "task.name"),
            ("task.name | trim", "task.name | trim"),
            ("vars[\"a b\"]", "vars[\"a b\"]"),
            ("a ~ b", "(a ~ b)"),
            ("a and b", "(a and b)"),
            ("(a ~ b)", "(a ~ b)"),
            ("(a | trim)", "a | trim"),
            ("(a) | f(b)", "(a) | f(b)"),
            ("f(a, b + 1)", "f(a, b + 1)"),
            ("'a-b'", "'a-b'"),
        ] {
            assert_eq!(operand(text), expected, "{text}");
        }
    }
}
