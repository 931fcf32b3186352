//! YAML as a tree in which every key and value has its place in the file.

use serde_json::Number;
use serde_yaml::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Options, Spanned};

use super::{
    mistake::Mistake,
    raw::Raw,
    span::{Position, SourcePlaces, Span},
    yaml_error,
};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<MapEntry>),
    /// A map with a list or map as a key; an unquoted `{{ x }}` is parsed as one.
    CollectionKey,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapEntry {
    pub key: Key,
    pub value: Node,
}

/// A key as written: `on` and `true` are words here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub span: Span,
    pub text: String,
}

/// Reads one YAML document. Duplicate keys are kept; the reader reports them.
///
/// # Errors
///
/// If it is not valid YAML, has several documents, or is nested or aliased too deeply.
pub(crate) fn parse(source: &str) -> Result<Node, Mistake> {
    let document: Spanned<Raw> = serde_yaml::from_str_with_options(source, options())
        .map_err(|error| yaml_error::mistake(source, &error))?;
    Ok(node(&SourcePlaces::new(source), document))
}

/// A playbook nests about 6 deep. A level takes some 30 KB of stack in a debug build, and a thread has 2 MB.
const MAX_DEPTH: usize = 24;
/// The maximum number of keys and values. A playbook has a few hundred, or some thousands with a list of ids; ten thousand take about ten
/// milliseconds and two megabytes.
pub(super) const MAX_NODES: usize = 25_000;
/// The maximum bytes of all texts, with those that aliases repeat: more than a playbook of 1 MiB has without aliases.
const MAX_TEXT: usize = 2 * 1024 * 1024;

fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_total_scalar_bytes: MAX_TEXT,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: MAX_NODES,
        },
        // All duplicates at once, beside the other mistakes.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // `<<` is reported as an unknown key, since merged keys have no place in the text.
        merge_keys: MergeKeyPolicy::AsOrdinary,
        // `on`, `yes` and `no` are words, `00123` and `1_000` are ids, not numbers.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

fn node(places: &SourcePlaces<'_>, spanned: Spanned<Raw>) -> Node {
    let source = places.source;
    let start = span(places, spanned.defined);
    match spanned.value {
        Raw::Null => Node::new(start, Value::Null),
        Raw::Bool(value) => Node::new(start, Value::Bool(value)),
        Raw::Number(number) => {
            let written = &source[start.start..start.end];
            // More digits than a number can hold: rounding would change an id.
            let is_long_id = number.is_f64() && written.bytes().all(|b| b.is_ascii_digit());
            let value = if is_long_id {
                Value::Text(written.to_owned())
            } else {
                Value::Number(number)
            };
            Node::new(start, value)
        }
        // A word, as written.
        Raw::NotFinite => {
            let written = source[start.start..start.end].to_owned();
            Node::new(start, Value::Text(written))
        }
        Raw::Text(text) => Node::new(start, Value::Text(text)),
        Raw::List(items) => {
            let items: Vec<Node> = items.into_iter().map(|item| node(places, item)).collect();
            let end = items.last().map_or(start, |item| item.span);
            Node::new(start.to(end), Value::List(items))
        }
        Raw::Map(raw_entries) => {
            let mut entries = Vec::with_capacity(raw_entries.len());
            let mut whole = start;
            for (raw_key, raw_value) in raw_entries {
                let Some(key) = key(places, raw_key) else {
                    return Node::new(start, Value::CollectionKey);
                };
                let value = node(places, raw_value);
                whole = whole.to(key.span).to(value.span);
                entries.push(MapEntry { key, value });
            }
            Node::new(whole, Value::Map(entries))
        }
    }
}

fn key(places: &SourcePlaces<'_>, spanned: Spanned<Raw>) -> Option<Key> {
    let span = span(places, spanned.defined);
    let text = match spanned.value {
        Raw::Text(text) => text,
        Raw::Null | Raw::Bool(_) | Raw::Number(_) | Raw::NotFinite => {
            places.source[span.start..span.end].to_owned()
        }
        Raw::List(_) | Raw::Map(_) => return None,
    };
    Some(Key { span, text })
}

/// The place in the text; if the parser gives no byte offset, that of the line and column.
pub(crate) fn span(places: &SourcePlaces<'_>, location: Location) -> Span {
    let bytes = location
        .span()
        .byte_offset()
        .zip(location.span().byte_len())
        .and_then(|(start, len)| {
            let start = usize::try_from(start).ok()?;
            let end = start.checked_add(usize::try_from(len).ok()?)?;
            places.source.get(start..end)?;
            Some(Span { start, end })
        });
    bytes.unwrap_or_else(|| {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let start = places.offset(Position {
            line: count(location.line()),
            column: count(location.column()),
        });
        Span { start, end: start }
    })
}

impl Value {
    /// The kind of value, for a sentence: "not a list".
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) | Self::CollectionKey => "a map",
        }
    }
}

impl Node {
    fn new(span: Span, value: Value) -> Self {
        Self { span, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a tree with the text that each part's span covers.
    fn outline(source: &str, node: &Node, depth: usize, out: &mut Vec<String>) {
        let covered = source[node.span.start..node.span.end].replace('\n', "⏎");
        let indent = "  ".repeat(depth);
        match &node.value {
            Value::List(items) => {
                out.push(format!("{indent}list"));
                for item in items {
                    outline(source, item, depth + 1, out);
                }
            }
            Value::Map(entries) => {
                out.push(format!("{indent}map"));
                for MapEntry { key, value } in entries {
                    let key_covered = &source[key.span.start..key.span.end];
                    out.push(format!("{indent}  {:?} `{key_covered}`", key.text));
                    outline(source, value, depth + 2, out);
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::CollectionKey => {
                out.push(format!("{indent}{:?} `{covered}`", node.value));
            }
        }
    }

    fn tree(source: &str) -> String {
        let mut out = Vec::new();
        outline(source, &parse(source).unwrap(), 0, &mut out);
        out.join("\n")
    }

    #[test]
    fn keys_and_values_know_the_text_they_cover() {
        insta::assert_snapshot!(tree("\u{feff}on: yes\n'a b': [1, -2.5, \"ö\\n\", ~]\ntrue:\n  x: 00123\n"), @r#"
        map
          "on" `on`
            Text("yes") `yes`
          "a b" `'a b'`
            list
              Number(Number(1)) `1`
              Number(Number(-2.5)) `-2.5`
              Text("ö\n") `"ö\n"`
              Null `~`
          "true" `true`
            map
              "x" `x`
                Text("00123") `00123`
        "#);
    }

    #[test]
    fn a_block_scalar_starts_at_its_first_line() {
        insta::assert_snapshot!(tree("a: >-  # why\n\n  one\n  two\nb: |\n  x\n"), @r#"
        map
          "a" `a`
            Text("\none two") `one⏎  two⏎`
          "b" `b`
            Text("x\n") `x⏎`
        "#);
    }

    #[test]
    fn unquoted_braces_are_told_from_maps() {
        insta::assert_snapshot!(tree("a: {{ x }}\nb: {x: }\n"), @r#"
        map
          "a" `a`
            CollectionKey `{`
          "b" `b`
            map
              "x" `x`
                Null ``
        "#);
    }

    #[test]
    fn an_id_of_many_digits_is_not_rounded() {
        insta::assert_snapshot!(tree("[123456789012345678901234567890, 18446744073709551615, 1.0e2]"), @r#"
        list
          Text("123456789012345678901234567890") `123456789012345678901234567890`
          Number(Number(18446744073709551615)) `18446744073709551615`
          Number(Number(100.0)) `1.0e2`
        "#);
    }

    #[test]
    fn digits_that_are_ids_stay_text() {
        insta::assert_snapshot!(tree("[00123, -0123, 1_000]"), @r#"
        list
          Text("00123") `00123`
          Text("-0123") `-0123`
          Text("1_000") `1_000`
        "#);
    }

    #[test]
    fn an_alias_has_the_place_of_its_anchor() {
        insta::assert_snapshot!(tree("a: &n text\nb: *n\n"), @r#"
        map
          "a" `a`
            Text("text") `text`
          "b" `b`
            Text("text") `text`
        "#);
    }

    #[test]
    fn duplicates_and_merge_keys_are_left_to_the_reader() {
        insta::assert_snapshot!(tree("a: 1\na: 2\n<<: {b: 1}\n"), @r#"
        map
          "a" `a`
            Number(Number(1)) `1`
          "a" `a`
            Number(Number(2)) `2`
          "<<" `<<`
            map
              "b" `b`
                Number(Number(1)) `1`
        "#);
    }

    #[test]
    fn input_that_is_made_to_hurt_is_refused_quickly() {
        let bomb = (0..12).fold(String::from("a0: &a0 [x, x]\n"), |text, i| {
            let next = i + 1;
            text + &format!(
                "a{next}: &a{next} [{}]\n",
                vec![format!("*a{i}"); 10].join(", ")
            )
        });
        let lines = |line: fn(usize) -> String| (0..100).map(line).collect::<Vec<_>>().join("\n");
        let nested = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        let blocks = lines(|i| format!("{}a:", " ".repeat(i)));
        let chain = lines(|i| format!("a{}: &a{} [*a{i}]", i + 1, i + 1));
        let chain = format!("a0: &a0 x\n{chain}");
        for source in [
            bomb,
            nested,
            blocks,
            chain,
            "[".repeat(200_000),
            // Texts that aliases repeat.
            format!("a: &a {}\nb: [{}]", "x".repeat(300_000), "*a,".repeat(10)),
        ] {
            let mistake = parse(&source).unwrap_err();
            let is_aliased = source.contains('*');
            let said = "this is nested, repeated or aliased beyond what a playbook needs";
            assert!(
                !is_aliased || mistake.message == said,
                "{}",
                mistake.message
            );
        }
    }

    #[test]
    fn more_keys_and_values_than_the_bound_are_refused_with_what_to_do() {
        // The list counts, too.
        assert!(parse(&"- x\n".repeat(MAX_NODES - 1)).is_ok());
        let mistake = parse(&"- x\n".repeat(MAX_NODES)).unwrap_err();
        insta::assert_snapshot!(mistake.message, @"a playbook has at most 25,000 keys and values, and this one has more");
        insta::assert_snapshot!(mistake.help.unwrap(), @"put a long list into a file, like `ids: { file: ids.csv }` or `--only-file ids.csv`");
    }
}
