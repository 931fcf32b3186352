//! Comparisons that hold never or always, whatever the data: a slip that would pass as a condition.

use std::collections::BTreeMap;

use minijinja::Value;

use super::{
    reader::{CheckedPart, Checker, Truth},
    words::Comparison,
};
use crate::template::{ExpressionFault, foreign, ops, scope::Type};

/// The texts that a field may have where a comparison holds.
#[derive(Clone, Debug)]
pub(super) struct Only {
    /// The field as it is written.
    pub(super) field: String,
    /// One of these; any text without them.
    pub(super) these: Option<Vec<String>>,
    /// None of these.
    pub(super) but: Vec<String>,
    /// Whether it also holds where the field is absent.
    pub(super) or_none: bool,
}

impl Only {
    /// What the field may have where both hold.
    fn and(&mut self, other: &Self) {
        if let (Some(these), Some(others)) = (&mut self.these, &other.these) {
            these.retain(|text| others.contains(text));
        } else if self.these.is_none() {
            self.these.clone_from(&other.these);
        }
        self.but.extend_from_slice(&other.but);
        self.or_none &= other.or_none;
    }

    fn is_nothing(&self) -> bool {
        let mut these = self.these.iter().flatten();
        self.these.is_some() && !self.or_none && these.all(|text| self.but.contains(text))
    }
}

/// What to write in place of conditions that exclude each other.
const EXCLUDED: &str = "join them with `or`, or name all that are meant in one list behind `in`";

impl Checker<'_> {
    /// Why conditions that all have to hold never do: they exclude each other.
    pub(super) fn exclusion(&self, parts: &[CheckedPart]) -> Option<ExpressionFault> {
        let mut fields: BTreeMap<&str, Only> = BTreeMap::new();
        parts.iter().find_map(|part| {
            let only = part.truth.only.as_ref()?;
            let field = &only.field;
            let all = fields.entry(field).or_insert_with(|| only.clone());
            all.and(only);
            all.is_nothing().then(|| {
                let message =
                    format!("this is never true: an earlier condition on `{field}` excludes it");
                self.fault_of(part, message).help(EXCLUDED)
            })
        })
    }

    /// Checks a comparison of texts that are no words of the API; gives what the field has where it holds.
    pub(super) fn compare_texts(
        &mut self,
        left: &CheckedPart,
        comparison: Comparison,
        right: &CheckedPart,
    ) -> Truth {
        let is_containment = comparison.is_containment();
        if is_containment && right.of.is_text() {
            self.check_letters(right, Comparison::Is, left, "never has", " in it");
            return Truth::default();
        }
        let (field, with) = if !is_containment && self.is_fixed(left) {
            (right, left)
        } else {
            (left, right)
        };
        let may_be_text = field.of.is_text() || matches!(field.of, Type::Any);
        if self.is_fixed(field) || !may_be_text {
            return Truth::default();
        }
        self.check_letters(field, comparison, with, "is never", "");
        let (texts, is_all) = self.texts(with, comparison);
        if !is_all || texts.is_empty() {
            return Truth::default();
        }
        let texts = texts.into_iter().map(|(text, _)| text).collect();
        let or_none = comparison.is_negative();
        let (these, but) = if or_none {
            (None, texts)
        } else {
            (Some(texts), Vec::new())
        };
        let field = self.slice(field).to_owned();
        Truth {
            only: Some(Only {
                field,
                these,
                but,
                or_none,
            }),
            never: None,
        }
    }

    /// Notes a text whose letters a filter of the field never gives.
    fn check_letters(
        &mut self,
        field: &CheckedPart,
        comparison: Comparison,
        with: &CheckedPart,
        never: &str,
        place: &str,
    ) {
        let letters: fn(&str) -> String = if field.code.ends_with(" | lower") {
            str::to_lowercase
        } else if field.code.ends_with(" | upper") {
            str::to_uppercase
        } else {
            return;
        };
        for (text, part) in self.texts(with, comparison).0 {
            let fitting = letters(&text);
            if fitting != text {
                let message = format!("`{}` {never} `{text}`{place}", self.slice(field));
                let help = if part.literal.is_some() && !fitting.contains(['"', '\\']) {
                    format!("write `\"{fitting}\"`")
                } else {
                    "compare both sides in the same letters".to_owned()
                };
                let fault = self.fault_of(part, message);
                self.note(fault.help(help));
            }
        }
    }

    /// Notes a list that is written without items.
    pub(super) fn check_items(&mut self, function: &str, list: &CheckedPart) {
        let is_empty = self.slice(list).split_whitespace().collect::<String>() == "[]";
        if is_empty {
            let holds = if function == ops::IN {
                "never"
            } else {
                "always"
            };
            let message = format!("this is {holds} true: an empty list holds nothing");
            let help = "name what is meant, like `[\"a\", \"b\"]`";
            self.note(list.fault(message).help(help));
        }
    }

    /// Notes a comparison of a length with a number that all lengths are above, or that none is.
    pub(super) fn check_length(&mut self, left: &CheckedPart, function: &str, right: &CheckedPart) {
        let (function, other) = if self.is_length(left) {
            (function, right)
        } else if self.is_length(right) {
            (mirrored(function), left)
        } else {
            return;
        };
        // A variable may be another one next time.
        let is_written = self.vars_in(other).is_empty();
        let Some(number) = self
            .value(other)
            .filter(|value| is_written && value.is_number())
            .and_then(|value: Value| f64::try_from(value).ok())
        else {
            return;
        };
        let is_no_length = number < 0.0 || number.fract() != 0.0;
        let always = match function {
            ops::LESS if number <= 0.0 => false,
            ops::LESS_OR_EQUAL if number < 0.0 => false,
            ops::EQUAL if is_no_length => false,
            ops::NOT_EQUAL if is_no_length => true,
            ops::GREATER if number < 0.0 => true,
            ops::GREATER_OR_EQUAL if number <= 0.0 => true,
            _ => return,
        };
        let holds = if always { "always" } else { "never" };
        let message = format!("this is {holds} true: a length is 0 or more");
        let help = "an empty list or text has the length 0";
        self.note_both((left, right), message, help);
    }

    fn is_length(&self, piece: &CheckedPart) -> bool {
        let text = self.slice(piece);
        let is_filtered = [" | length", " | count"]
            .iter()
            .any(|filter| piece.code.ends_with(filter));
        is_filtered && foreign::operand(text) == text
    }
}

/// The comparison with its sides exchanged.
fn mirrored(function: &str) -> &str {
    match function {
        ops::LESS => ops::GREATER,
        ops::LESS_OR_EQUAL => ops::GREATER_OR_EQUAL,
        ops::GREATER => ops::LESS,
        ops::GREATER_OR_EQUAL => ops::LESS_OR_EQUAL,
        function => function,
    }
}
