//! What people write who come from another language, and how it is written here.

use super::{
    lexer::{LexerToken, TokenKind, Until, lex},
    scope::Type,
};

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

/// The operators that are words, which are no names.
pub(super) const OWN: &[&str] = &["and", "or", "not", "in", "is", "if", "else"];

/// What to do with what looks like a call and is none.
pub(super) const CALLED: &str = "only helpers are called; a filter is written `… | filter`";

/// The operator that is meant by one of another language; a word of this one in other letters is one, too.
pub(super) fn operator(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let own = OWN.iter().find(|own| **own == lower && lower != text);
    let found = OPERATORS.iter().find(|(other, _)| *other == lower);
    found.map(|(_, meant)| *meant).or(own.copied())
}

/// Whether a word is an operator, here or elsewhere.
pub(super) fn is_operator(word: &str) -> bool {
    OWN.contains(&word) || operator(word).is_some()
}

/// The opposite of a condition.
pub(super) fn negated(code: &str) -> String {
    match code.strip_suffix(" | length == 0") {
        Some(list) => format!("{list} | length > 0"),
        None => format!("not {code}"),
    }
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

/// A call, a method, a filter or an operator of other languages; without arguments, a constant.
struct ForeignForm {
    /// In small letters and without `_`.
    names: &'static str,
    args: usize,
    /// How it is written here: `$0` is the first argument, in brackets where it needs them, `#0` as it is. A method's own value is
    /// the first.
    code: &'static str,
    of: fn() -> Type,
}

macro_rules! forms {
    ($($names:literal, $args:literal, $code:literal, $of:expr;)*) => {
        &[$(ForeignForm { names: $names, args: $args, code: $code, of: || $of }),*]
    };
}

const FORMS: &[ForeignForm] = forms![
    "lower tolower tolowercase lowercase downcase lcase casefold", 1, "$0 | lower", Type::Text;
    "upper toupper touppercase uppercase upcase ucase", 1, "$0 | upper", Type::Text;
    "trim strip", 1, "$0 | trim", Type::Text;
    "length len size count sizeof", 1, "$0 | length", Type::Number;
    "str string tostring", 1, "$0 | string", Type::Text;
    "int integer toint parseint number tonumber", 1, "$0 | int", Type::Number;
    "first", 1, "$0 | first", Type::Any;
    "last", 1, "$0 | last", Type::Any;
    "split", 2, "$0 | split(#1)", Type::List(Box::new(Type::Text));
    "join", 2, "$0 | join(#1)", Type::Text;
    "replace replaceall", 3, "$0 | replace(#1, #2)", Type::Text;
    "ifnull coalesce nvl isnull getordefault ??", 2, "$0 | default(#1)", Type::Any;
    "get", 2, "#0[#1]", Type::Any;
    "contains includes include has", 2, "$1 in $0", Type::Bool;
    "startswith startingwith beginswith hasprefix", 2, "$0 is startingwith(#1)", Type::Bool;
    "endswith endingwith hassuffix", 2, "$0 is endingwith(#1)", Type::Bool;
    "equals equal equalto equalsignorecase", 2, "$0 == $1", Type::Bool;
    "isnull isnone isnil isundefined", 1, "$0 is none", Type::Bool;
    "isnotnull notnull exists isset defined isdefined present", 1, "$0 is not none", Type::Bool;
    "empty isempty blank isblank", 1, "$0 | length == 0", Type::Bool;
    "not", 1, "not #0", Type::Bool;
    "null nil none undefined nothing", 0, "none", Type::None;
    "true yes", 0, "true", Type::Bool;
    "false no", 0, "false", Type::Bool;
    "now currenttimestamp getdate sysdate curdate", 0, "now", Type::Instant;
    "today currentdate", 0, "start_of(\"day\")", Type::Instant;
    "tomorrow", 0, "start_of(\"day\") + days(1)", Type::Instant;
    "yesterday", 0, "start_of(\"day\") - days(1)", Type::Instant;
];

/// The names of what is written in another way for each pattern.
const PATTERNS: &[&str] = &["like", "matches", "match", "regex", "regexp", "rlike"];

fn plain(name: &str) -> String {
    name.to_lowercase().replace('_', "")
}

/// How a call, a method, a filter or an operator of another language is written here. `args` are written as the
/// playbook writes them.
pub(super) fn written(name: &str, args: &[impl AsRef<str>]) -> Option<WrittenForm> {
    let plain = plain(name);
    if let [x, pattern] = args
        && PATTERNS.contains(&&*plain)
    {
        let written = if plain == "like" { like } else { matches };
        let (code, of) = (written(x.as_ref(), pattern.as_ref())?, Type::Bool);
        return Some(WrittenForm { code, of });
    }
    let is_meant = |form: &&ForeignForm| {
        form.args == args.len() && form.names.split(' ').any(|name| name == plain)
    };
    let form = FORMS.iter().find(is_meant)?;
    let mut code = String::new();
    let mut chars = form.code.chars();
    while let Some(c) = chars.next() {
        let arg = |place: Option<char>| Some(args.get(place?.to_digit(10)? as usize)?.as_ref());
        match c {
            '$' => code.push_str(&operand(arg(chars.next())?)),
            '#' => code.push_str(arg(chars.next())?),
            c => code.push(c),
        }
    }
    let of = (form.of)();
    Some(WrittenForm { code, of })
}

/// What a name that stands for a constant elsewhere is here.
pub(super) fn constant(name: &str) -> Option<WrittenForm> {
    written(name, &[""; 0])
}

/// Whether `written` knows this name with some number of arguments.
pub(super) fn is_known(name: &str) -> bool {
    let plain = plain(name);
    let takes_arguments = FORMS.iter().filter(|form| form.args > 0);
    let mut names = takes_arguments.flat_map(|form| form.names.split(' '));
    PATTERNS.contains(&&*plain) || names.any(|name| name == plain)
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
    let part = format!("{quote}{part}{quote}");
    Some(placed(
        x,
        &part,
        !inner.starts_with('%'),
        !inner.ends_with('%'),
    ))
}

/// A regular expression that says no more than where a part stands.
fn matches(x: &str, pattern: &str) -> Option<String> {
    let (quote, inner) = quoted(pattern)?;
    let start = inner.strip_prefix('^').unwrap_or(inner);
    let end = start.strip_suffix('$').unwrap_or(start);
    let from_start = start.len() < inner.len() && !end.starts_with(".*");
    let to_end = end.len() < start.len() && !end.ends_with(".*");
    let part = end.strip_prefix(".*").unwrap_or(end);
    let part = part.strip_suffix(".*").unwrap_or(part);
    if part.is_empty() || part.contains(|c| ".*+?[](){}|^$/".contains(c)) {
        return None;
    }
    let part = format!("{quote}{part}{quote}");
    Some(placed(x, &part, from_start, to_end))
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
    let is_operator = |token: LexerToken<'_>| {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "." | "|" => {}
            text if depth == 0 => return token.kind == TokenKind::Symbol || OWN.contains(&text),
            _ => {}
        }
        false
    };
    let tokens = lex(text, 0, Until::End);
    if tokens.map_or(true, |tokens| tokens.into_iter().any(is_operator)) {
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
            ("f(a and b)", "f(a and b)"),
            ("a is none", "(a is none)"),
            ("'a and b'", "'a and b'"),
            ("'a-b'", "'a-b'"),
        ] {
            assert_eq!(operand(text), expected, "{text}");
        }
    }
}
