//! Walks the tree with known keys and typed values; every mistake is noted, none is fatal.
//!
//! One file because it is one type, whose methods note mistakes in one list.

use std::{collections::HashSet, ops::RangeInclusive};

use serde_json::Number;

use super::{
    mistake::{Mistake, NotedMistakes},
    node::{Key, MapEntry, Node, Value},
    span::Span,
};
use crate::text::{did_you_mean, nearest};

/// How to write the expression of a key that YAML misreads: as a block, if it can be an expression at all.
pub(crate) fn expression_cure(key: &str, written: &str) -> String {
    match written.chars().next() {
        Some('!') => {
            let rest = written.trim_start_matches('!').trim_start();
            format!("write `not` to negate\n{key}: not {rest}")
        }
        Some('[') if written.ends_with(']') => {
            format!(
                "a list alone is no condition; write one like this\n{key}: execution.status in [\"DONE\", \"CLOSED\"]"
            )
        }
        Some(first @ ('&' | '*' | '@' | '%' | '`' | '{')) => format!(
            "a condition can't start with '{first}'; write one like this\n{key}: execution.status == \"DONE\""
        ),
        Some(_) | None => format!(
            "YAML reads some characters its own way: put the expression on the next line, after `>-`\n{key}: >-\n  {written}"
        ),
    }
}

/// Keys of a map among which a misspelt one is looked for: more than any map of ours has.
const MOST_KEYS: usize = 100;

/// Bytes of an unquoted template that a message shows.
const MAX_BRACES: usize = 1_000;

const FILL_IN: &str = "fill it in, or leave the key out";

/// Notes the mistakes of one playbook.
#[derive(Debug)]
pub(crate) struct DocumentReader<'s> {
    pub source: &'s str,
    mistakes: NotedMistakes,
}

/// A present key, with its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldNode<'n> {
    pub name: &'n str,
    /// The key's place; an item of a list has its own.
    pub at: Span,
    pub node: &'n Node,
}

/// The entries of a map with checked keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldNodes<'n> {
    /// Where a missing key is reported.
    pub at: Span,
    pub entries: &'n [MapEntry],
}

/// An absent key is allowed; the value of a present key must be valid.
#[expect(
    clippy::option_option,
    reason = "absent, wrong and right are three things"
)]
pub(crate) fn present<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

/// All values, or none if any is wrong. Each is read, so that every mistake is noted.
pub(crate) fn all<T>(values: impl IntoIterator<Item = Option<T>>) -> Option<Vec<T>> {
    let values: Vec<Option<T>> = values.into_iter().collect();
    values.into_iter().collect()
}

impl<'n> FieldNodes<'n> {
    /// No entries at all.
    pub(crate) const fn none(at: Span) -> Self {
        Self { at, entries: &[] }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<FieldNode<'n>> {
        let MapEntry { key, value } = self.entries.iter().find(|entry| entry.key.text == name)?;
        Some(FieldNode::of(key, value))
    }
}

impl<'n> FieldNode<'n> {
    pub(crate) fn of(key: &'n Key, node: &'n Node) -> Self {
        Self {
            name: &key.text,
            at: key.span,
            node,
        }
    }

    /// The items of a list; one value stands for a list of one.
    pub(crate) fn items(&self) -> &'n [Node] {
        match &self.node.value {
            Value::List(items) => items,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Map(_)
            | Value::CollectionKey => std::slice::from_ref(self.node),
        }
    }

    /// An item of the list that this field holds.
    pub(crate) fn item(&self, node: &'n Node) -> Self {
        Self {
            name: self.name,
            at: node.span,
            node,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.node.value == Value::Null
    }
}

impl<'s> DocumentReader<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self {
            source,
            mistakes: NotedMistakes::default(),
        }
    }

    pub(crate) fn into_mistakes(self) -> NotedMistakes {
        self.mistakes
    }

    pub(crate) fn note(&mut self, mistake: Mistake) {
        self.mistakes.add(mistake);
    }

    pub(crate) fn wrong(&mut self, span: Span, message: impl AsRef<str>, help: impl AsRef<str>) {
        if !self.is_only_counted() {
            self.note(Mistake::new(span, message).help(help));
        }
    }

    /// Whether so many mistakes are noted that the next one is only counted, which this does: a file may have thousands, and the texts of
    /// some take a while to make.
    pub(crate) const fn is_only_counted(&mut self) -> bool {
        let is_full = self.is_full();
        if is_full {
            self.mistakes.more += 1;
        }
        is_full
    }

    /// Whether the next mistake is only counted.
    pub(crate) const fn is_full(&self) -> bool {
        self.mistakes.is_full()
    }

    /// As [`did_you_mean`], for a mistake that is only counted nothing.
    pub(crate) fn did_you_mean(&self, word: &str, known: &[&str]) -> String {
        if self.is_full() {
            return String::new();
        }
        did_you_mean(word, known)
    }

    /// The text of the file that a span covers.
    pub(crate) fn written(&self, span: Span) -> &'s str {
        self.source.get(span.start..span.end).unwrap_or_default()
    }

    /// A map with no keys other than `known`, and no duplicates.
    pub(crate) fn map<'n>(
        &mut self,
        field: FieldNode<'n>,
        known: &[&str],
    ) -> Option<FieldNodes<'n>> {
        let expected = format!("a map with {}", known.join(", "));
        let example = known.first().copied().unwrap_or_default();
        let fields = self.free_map(field, &expected, example)?;
        for MapEntry { key, .. } in fields.entries {
            if !known.contains(&key.text.as_str()) {
                self.unknown_key(key, known);
            }
        }
        Some(fields)
    }

    /// A map whose keys the caller checks; duplicates are mistakes.
    pub(crate) fn free_map<'n>(
        &mut self,
        field: FieldNode<'n>,
        expected: &str,
        example: &str,
    ) -> Option<FieldNodes<'n>> {
        let Value::Map(entries) = &field.node.value else {
            let help = format!("write it as {}: {{ {example}: … }}", field.name);
            self.mismatch(field, expected, &help);
            return None;
        };
        self.note_duplicates(entries);
        Some(FieldNodes {
            at: field.at,
            entries,
        })
    }

    pub(crate) fn unknown_key(&mut self, key: &Key, known: &[&str]) {
        let help = match key.text.as_str() {
            "<<" => "merge keys are not read: write the keys out".to_owned(),
            other => self.did_you_mean(other, known),
        };
        self.wrong(key.span, format!("unknown key `{}`", key.text), help);
    }

    fn note_duplicates(&mut self, entries: &[MapEntry]) {
        let mut seen = HashSet::new();
        for MapEntry { key, .. } in entries {
            if !seen.insert(key.text.as_str()) {
                self.wrong(
                    key.span,
                    format!("the key `{}` is here twice", key.text),
                    "keep one of them",
                );
            }
        }
    }

    /// The field, or none after a note that it is missing.
    pub(crate) fn required<'n>(
        &mut self,
        fields: &FieldNodes<'n>,
        name: &str,
        help: &str,
    ) -> Option<FieldNode<'n>> {
        let field = fields.get(name);
        let is_slip = |entry: &MapEntry| nearest(&entry.key.text, [name]).is_some();
        // A misspelt key was reported as unknown.
        if field.is_none() && !fields.entries.iter().take(MOST_KEYS).any(is_slip) {
            self.wrong(fields.at, format!("`{name}` is missing"), help);
        }
        field
    }

    /// Text that is not empty.
    pub(crate) fn text<'n>(&mut self, field: FieldNode<'n>, expected: &str) -> Option<&'n str> {
        let written = self.written(field.node.span);
        let help = if matches!(field.node.value, Value::Bool(_) | Value::Number(_)) {
            format!("put quotes around it: \"{written}\"")
        } else {
            "write one value, without brackets".to_owned()
        };
        self.text_or(field, expected, &help)
    }

    /// Text that is not empty, or a mistake with this hint.
    pub(crate) fn text_or<'n>(
        &mut self,
        field: FieldNode<'n>,
        expected: &str,
        help: &str,
    ) -> Option<&'n str> {
        let Value::Text(text) = &field.node.value else {
            self.mismatch(field, expected, help);
            return None;
        };
        if text.trim().is_empty() {
            self.wrong(
                field.node.span,
                format!("`{}` must be {expected}, not empty", field.name),
                FILL_IN,
            );
            return None;
        }
        Some(text)
    }

    /// Text without templates, since nothing would evaluate them.
    pub(crate) fn plain_text<'n>(
        &mut self,
        field: FieldNode<'n>,
        expected: &str,
    ) -> Option<&'n str> {
        let text = self.text(field, expected)?;
        if text.contains("{{") {
            self.wrong(
                field.node.span,
                format!("`{}` can't hold a template", field.name),
                "write the value itself: `{{ }}` works in the values of actions",
            );
            return None;
        }
        Some(text)
    }

    /// An id: text, or a number as written.
    pub(crate) fn id_text<'n>(&mut self, field: FieldNode<'n>) -> Option<&'n str>
    where
        's: 'n,
    {
        self.text_or_number(field, "an id")
    }

    /// Text that is not empty, or a number as written: 1.50 must not become 1.5.
    pub(crate) fn text_or_number<'n>(
        &mut self,
        field: FieldNode<'n>,
        expected: &str,
    ) -> Option<&'n str>
    where
        's: 'n,
    {
        if let Value::Number(_) = field.node.value {
            Some(self.written(field.node.span))
        } else {
            self.text(field, expected)
        }
    }

    pub(crate) fn boolean(&mut self, field: FieldNode<'_>) -> Option<bool> {
        if let Value::Bool(value) = field.node.value {
            return Some(value);
        }
        self.mismatch(
            field,
            "true or false",
            "yes, no, on and off are only text in YAML",
        );
        None
    }

    /// A whole number within `range`.
    pub(crate) fn whole(
        &mut self,
        field: FieldNode<'_>,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let expected = if *range.end() == u64::MAX {
            format!("a whole number of at least {}", range.start())
        } else {
            format!("a whole number from {} to {}", range.start(), range.end())
        };
        self.number(field, &expected, |number| {
            number.as_u64().filter(|whole| range.contains(whole))
        })
    }

    /// A number that `accept` accepts.
    pub(crate) fn number<T>(
        &mut self,
        field: FieldNode<'_>,
        expected: &str,
        accept: impl FnOnce(&Number) -> Option<T>,
    ) -> Option<T> {
        let FieldNode { name, node, .. } = field;
        let Value::Number(number) = &node.value else {
            self.mismatch(field, expected, "write the digits alone, without quotes");
            return None;
        };
        let accepted = accept(number);
        if accepted.is_none() {
            let written = self.written(node.span);
            self.wrong(
                node.span,
                format!("`{name}` must be {expected}, not {written}"),
                format!("write a number in this range, or leave out `{name}`"),
            );
        }
        accepted
    }

    pub(crate) fn list<'n>(&mut self, field: FieldNode<'n>, expected: &str) -> Option<&'n [Node]> {
        let Value::List(items) = &field.node.value else {
            self.mismatch(
                field,
                expected,
                "start each entry with `- `, or put brackets around: [ … ]",
            );
            return None;
        };
        Some(items)
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&mut self, field: FieldNode<'_>, words: &[(&str, T)]) -> Option<T> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let text = self.text(field, &format!("one of {}", known.join(", ")))?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let help = self.did_you_mean(text, &known);
            self.wrong(
                field.node.span,
                format!("`{}` can't be `{text}`", field.name),
                help,
            );
        }
        found.map(|(_, value)| *value)
    }

    /// Notes that the value has another kind than `expected`.
    pub(crate) fn mismatch(&mut self, field: FieldNode<'_>, expected: &str, help: &str) {
        if self.is_only_counted() {
            return;
        }
        let FieldNode { name, node, at } = field;
        let wrong = format!("`{name}` must be {expected}");
        if let Some(braces) = self.unquoted_braces(node) {
            let message = format!("{wrong}; without quotes, YAML reads {{{{ }}}} as a map");
            self.wrong(
                node.span,
                message,
                format!("put quotes around it: \"{braces}\""),
            );
        } else if node.value == Value::Null {
            self.wrong(at, format!("{wrong}, not empty"), FILL_IN);
        } else {
            self.wrong(
                node.span,
                format!("{wrong}, not {}", node.value.kind()),
                help,
            );
        }
    }

    /// The template, if this node is one without quotes.
    pub(crate) fn unquoted_braces(&self, node: &Node) -> Option<&'s str> {
        if node.value != Value::CollectionKey {
            return None;
        }
        let rest = self.source.get(node.span.start..)?;
        if !rest.starts_with("{{") {
            return None;
        }
        let mut characters = rest.char_indices().skip(2);
        let end = characters.find(|&(at, c)| {
            matches!(c, '\n' | '\r') || rest[..at].ends_with("}}") || at > MAX_BRACES
        });
        Some(end.map_or(rest, |(at, _)| &rest[..at]))
    }
}
