//! Comparisons with the enumerations of the API: a word that is none of them is a slip.

use super::{
    never::Only,
    reader::{CheckedPart, Checker, Truth},
};
use crate::{
    template::{
        ops,
        scope::{Enumeration, Type},
    },
    text::{count, meant},
};

/// Wrong words of one comparison that are told one by one: a list of a variable may have thousands.
const MOST_WRONG: usize = 20;

/// What is compared with a field of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Is,
    IsNot,
    IsIn,
    IsNotIn,
}

impl Comparison {
    /// Of an operator's function, or of a test's name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            ops::EQUAL | "eq" => Some(Self::Is),
            ops::NOT_EQUAL | "ne" => Some(Self::IsNot),
            ops::IN | "in" => Some(Self::IsIn),
            ops::NOT_IN => Some(Self::IsNotIn),
            _ => None,
        }
    }

    pub(super) const fn negated(self) -> Self {
        match self {
            Self::Is => Self::IsNot,
            Self::IsNot => Self::Is,
            Self::IsIn => Self::IsNotIn,
            Self::IsNotIn => Self::IsIn,
        }
    }

    pub(super) const fn is_containment(self) -> bool {
        matches!(self, Self::IsIn | Self::IsNotIn)
    }

    pub(super) const fn is_negative(self) -> bool {
        matches!(self, Self::IsNot | Self::IsNotIn)
    }
}

impl Checker<'_> {
    /// Checks `left` compared with `right`; gives what the field has where it holds.
    pub(super) fn compare_words(
        &mut self,
        left: &CheckedPart,
        comparison: Comparison,
        right: &CheckedPart,
    ) -> Truth {
        self.note_compared(left, comparison, right);
        let is_containment = comparison.is_containment();
        let [left_text, right_text] = [left, right].map(|part| self.slice(part));
        if let Some(words) = left.of.words() {
            return self.check_words(words, left_text, None, comparison, right);
        }
        match (right.of.words(), &right.of) {
            (Some(words), _) if !is_containment => {
                return self.check_words(words, right_text, None, comparison, left);
            }
            // `"PEND" in task.status`: a part of a word.
            (Some(words), _) => {
                self.check_part(words, right_text, "in it", left, |word, text| {
                    word.contains(text)
                });
            }
            (None, Type::List(item)) if is_containment && item.words().is_some() => {
                // `"PENDING" in … | map(attribute="status")`: any of the items may be it.
                let texts = Some(format!("{right_text} | map(\"string\")"));
                let words = item.words().map(Enumeration::of_any);
                words.map(|words| self.check_words(words, right_text, texts, Comparison::Is, left));
            }
            (None, _) => return self.compare_texts(left, comparison, right),
        }
        Truth::default()
    }

    /// Notes a part that no word of a field has where it is looked for.
    pub(super) fn check_part(
        &mut self,
        words: Enumeration,
        field: &str,
        place: &str,
        part: &CheckedPart,
        holds: fn(&str, &str) -> bool,
    ) {
        if let Some(text) = self.known_text(part)
            && !words.texts().iter().any(|word| holds(word, &text))
        {
            let message = format!("no word of `{field}` has `{text}` {place}");
            let fault = self.fault_of(part, message).help(words.one_of());
            self.note(fault);
        }
    }

    /// `texts_of_field` is what to compare where a word is meant that the API does not document yet; without it, the field.
    pub(super) fn check_words(
        &mut self,
        words: Enumeration,
        field: &str,
        texts_of_field: Option<String>,
        comparison: Comparison,
        with: &CheckedPart,
    ) -> Truth {
        let found = words.found;
        let known = words.texts();
        let texts_of_field = texts_of_field.unwrap_or_else(|| format!("{field} | string"));
        if comparison.is_containment() && with.of.is_text() {
            self.note_part_of_text(words, with);
            return Truth::default();
        }
        let (texts, mut is_known) = self.texts(with, comparison);
        let mut wrong: usize = 0;
        for (text, part) in &texts {
            if known.contains(text) {
                continue;
            }
            is_known = false;
            wrong += 1;
            if wrong > MOST_WRONG {
                continue;
            }
            if self
                .vars_in(part)
                .iter()
                .any(|name| self.compares_with(name, text))
            {
                continue;
            }
            let help = meant(text, known.iter().map(String::as_str));
            let help = help.unwrap_or_else(|| words.one_of());
            let help =
                format!("{help}\nif the API has added this value, compare `{texts_of_field}`");
            let fault = self.fault_of(part, format!("`{field}` is never `{text}`"));
            self.note(fault.help(help));
        }
        if let Some(more @ 1..) = wrong.checked_sub(MOST_WRONG) {
            let more = count(more as u64, "more text", "more texts");
            let message = format!("`{field}` is never one of {more} in this list");
            self.note(self.fault_of(with, message));
        }
        if !is_known || texts.is_empty() {
            return Truth::default();
        }
        let all = found.map_or(words.words.words, |found| found.words);
        let is_meant = |word: &str| texts.iter().any(|(text, _)| *text == words.written(word));
        let holds = all
            .iter()
            .filter(|word| is_meant(word) != comparison.is_negative());
        let holds: Vec<_> = holds.map(|word| (*word).to_owned()).collect();
        let or_none = comparison.is_negative() && found.is_none();
        let never = found.filter(|_| holds.is_empty() && !or_none).map(|found| {
            let words = found.words.join(" or ");
            let message = format!("this is never true: `{field}` is {words} here");
            self.fault_of(with, message).help(found.why)
        });
        let only = Only {
            field: whose_letters(field),
            these: Some(holds),
            but: Vec::new(),
            or_none,
        };
        Truth {
            only: Some(only),
            never,
        }
    }

    /// `task.status in "CONDITION_PENDING"` holds for `PENDING`, too: a list is meant.
    fn note_part_of_text(&mut self, words: Enumeration, with: &CheckedPart) {
        let known = words.texts();
        let list = match &with.literal {
            Some(text) => {
                let texts: Vec<_> = text.split(',').map(str::trim).collect();
                let is_known = |text: &&str| known.iter().any(|word| word == text);
                if texts.len() == 1 || texts.iter().all(is_known) {
                    format!("[\"{}\"]", texts.join("\", \""))
                } else {
                    format!("[\"{}\", …]", known.first().map_or("", String::as_str))
                }
            }
            None => match self.slice(with) {
                text if text.contains(['|', '~', '+']) => format!("({text}) | split(\",\")"),
                text => format!("{text} | split(\",\")"),
            },
        };
        let message = "`in` would look for a part of a text here".to_owned();
        let fault = self.fault_of(with, message);
        self.note(fault.help(format!("write a list: `{list}`")));
    }

    /// The texts that a value, or the items of a list, are known to be; and whether that is all of them.
    pub(super) fn texts<'p>(
        &self,
        part: &'p CheckedPart,
        comparison: Comparison,
    ) -> (Vec<(String, &'p CheckedPart)>, bool) {
        let known = |part: &'p CheckedPart| Some((self.known_text(part)?, part));
        let found: Vec<Option<_>> = if !comparison.is_containment() {
            vec![known(part)]
        } else if !part.items.is_empty() {
            part.items.iter().map(known).collect()
        // A text holds parts of itself: that is no list of words.
        } else if let Some(list) = self.value(part).filter(|list| list.as_str().is_none()) {
            let items = list.try_iter().into_iter().flatten();
            items
                .map(|item| Some((item.as_str()?.to_owned(), part)))
                .collect()
        } else {
            vec![None]
        };
        let is_all = found.iter().all(Option::is_some);
        (found.into_iter().flatten().collect(), is_all)
    }
}

/// A field as it is compared with other conditions on it: without blanks, and without the filters of its letters.
fn whose_letters(field: &str) -> String {
    let filters = ["|lower", "|upper", "|trim"];
    let mut field: &str = &field.split_whitespace().collect::<String>();
    while let Some(rest) = filters.iter().find_map(|filter| field.strip_suffix(filter)) {
        field = rest;
    }
    field.to_owned()
}

#[cfg(test)]
mod tests;
