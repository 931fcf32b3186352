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
    text::meant,
};

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
        for (text, part) in &texts {
            if known.contains(text) {
                continue;
            }
            is_known = false;
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
mod tests {
    use crate::{
        api::{Generation, types::RUNNING_FLOWS},
        testing::expressions::{engine, scope, shown},
    };

    #[test]
    fn a_word_that_the_api_does_not_have_is_a_fault_in_every_comparison() {
        for (text, under, field) in [
            ("task.status == 'PENDNG'", "'PENDNG'", "task.status"),
            ("'PENDNG' == task.status", "'PENDNG'", "task.status"),
            ("task.status != 'pending'", "'pending'", "task.status"),
            (
                "task.status in ['PENDNG', 'FAILED']",
                "'PENDNG'",
                "task.status",
            ),
            (
                "task.status in [task.name, 'PENDNG']",
                "'PENDNG'",
                "task.status",
            ),
            ("task.status not in ('PENDNG',)", "'PENDNG'", "task.status"),
            ("task.status is eq('PENDNG')", "'PENDNG'", "task.status"),
            ("task.status is ne 'PENDNG'", "'PENDNG'", "task.status"),
            ("task.status is not eq('PENDNG')", "'PENDNG'", "task.status"),
            ("task.status is in(['PENDNG'])", "'PENDNG'", "task.status"),
            ("task['status'] == 'PENDNG'", "'PENDNG'", "task['status']"),
            (
                "task.status == 'PEND' ~ 'NG'",
                "'PEND' ~ 'NG'",
                "task.status",
            ),
            (
                "not (task.enabled and task.status == 'PENDNG')",
                "'PENDNG'",
                "task.status",
            ),
            (
                "execution.tasks | selectattr('status', 'eq', 'PENDNG') | length > 0",
                "'PENDNG'",
                "execution.tasks[…].status",
            ),
            (
                "execution.tasks | rejectattr('status', 'in', ['PENDNG']) | length > 0",
                "'PENDNG'",
                "execution.tasks[…].status",
            ),
            (
                "'PENDNG' in execution.tasks | map(attribute='status')",
                "'PENDNG'",
                "execution.tasks | map(attribute='status')",
            ),
            (
                "(execution.tasks | map(attribute='status') | select('eq', 'PENDNG') | length) > 0",
                "'PENDNG'",
                "execution.tasks | map(attribute='status')[…]",
            ),
        ] {
            let faults = shown(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            let word = under.trim_matches('\'').replace("' ~ '", "");
            let message = format!("`{field}` is never `{word}`");
            assert_eq!(
                (faults[0].0.as_str(), &faults[0].1),
                (under, &message),
                "{text}"
            );
            assert!(
                faults[0].2.starts_with("did you mean `PENDING`?\n"),
                "{faults:?}"
            );
        }
        assert_eq!(
            shown("'PNDNG' in task.status")[0].1,
            "no word of `task.status` has `PNDNG` in it"
        );
        let faults = shown("task.phase.status == 'PENDING'");
        assert_eq!(
            faults[0].2,
            "it is one of OPEN, IN_PROGRESS, COMPLETED\nif the API has added this value, compare `task.phase.status | string`"
        );
    }

    #[test]
    fn letters_that_a_filter_has_changed_are_compared_with_changed_words() {
        for (text, field, word, help) in [
            (
                "task.status | lower == 'PENDING'",
                "task.status | lower",
                "PENDING",
                "pending",
            ),
            (
                "'PENDING' == task.status|lower",
                "task.status|lower",
                "PENDING",
                "pending",
            ),
            (
                "task.status | upper == 'pending'",
                "task.status | upper",
                "pending",
                "PENDING",
            ),
            (
                "task.status | upper | lower in ['PENDING']",
                "task.status | upper | lower",
                "PENDING",
                "pending",
            ),
            (
                "task.status | trim | lower not in ['PENDING']",
                "task.status | trim | lower",
                "PENDING",
                "pending",
            ),
            (
                "not task.status | lower != 'PENDING'",
                "task.status | lower",
                "PENDING",
                "pending",
            ),
            (
                "task.status | lower is eq('PENDING')",
                "task.status | lower",
                "PENDING",
                "pending",
            ),
        ] {
            let faults = shown(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert_eq!(faults[0].1, format!("`{field}` is never `{word}`"));
            assert!(
                faults[0].2.starts_with(&format!("did you mean `{help}`?")),
                "{faults:?}"
            );
        }
        for (text, message) in [
            (
                "'PEND' in task.status | lower",
                "no word of `task.status | lower` has `PEND` in it",
            ),
            (
                "task.status is startingwith('pend')",
                "no word of `task.status` has `pend` at its start",
            ),
            (
                "task.status is not endingwith 'ing'",
                "no word of `task.status` has `ing` at its end",
            ),
            (
                "task.status | lower == 'pending' and task.status == 'FAILED'",
                "this is never true: an earlier condition on `task.status` excludes it",
            ),
        ] {
            assert_eq!(shown(text)[0].1, message, "{text}");
        }
    }

    #[test]
    fn what_letters_lengths_and_empty_lists_can_never_be_is_a_fault() {
        for (text, message, help) in [
            (
                "task.name | lower == 'Call'",
                "`task.name | lower` is never `Call`",
                "write `\"call\"`",
            ),
            (
                "'call' == task.name | upper",
                "`task.name | upper` is never `call`",
                "write `\"CALL\"`",
            ),
            (
                "task.name | lower != 'Call'",
                "`task.name | lower` is never `Call`",
                "write `\"call\"`",
            ),
            (
                "task.name | lower in ['call', 'Mail']",
                "`task.name | lower` is never `Mail`",
                "write `\"mail\"`",
            ),
            (
                "'Call' in task.name | lower",
                "`task.name | lower` never has `Call` in it",
                "write `\"call\"`",
            ),
            (
                "task.name in []",
                "this is never true: an empty list holds nothing",
                "name what is meant, like `[\"a\", \"b\"]`",
            ),
            (
                "task.status not in [ ]",
                "this is always true: an empty list holds nothing",
                "name what is meant, like `[\"a\", \"b\"]`",
            ),
            (
                "task.name | length < 0",
                "this is never true: a length is 0 or more",
                "an empty list or text has the length 0",
            ),
            (
                "-1 == execution.tasks | length",
                "this is never true: a length is 0 or more",
                "an empty list or text has the length 0",
            ),
            (
                "0 <= execution.tasks | count",
                "this is always true: a length is 0 or more",
                "an empty list or text has the length 0",
            ),
            (
                "task.name | length != 1.5",
                "this is always true: a length is 0 or more",
                "an empty list or text has the length 0",
            ),
            (
                "task.name == 'a' and task.enabled and task.name == 'b'",
                "this is never true: an earlier condition on `task.name` excludes it",
                "join them with `or`, or name all that are meant in one list behind `in`",
            ),
            (
                "task.name in ['a', 'b'] and task.name not in ['a', 'b', 'c']",
                "this is never true: an earlier condition on `task.name` excludes it",
                "join them with `or`, or name all that are meant in one list behind `in`",
            ),
        ] {
            let faults = shown(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert_eq!(
                (faults[0].1.as_str(), faults[0].2.as_str()),
                (message, help),
                "{text}"
            );
        }
        for text in [
            "task.name | lower == 'call'",
            "task.name | lower == 'straße 1'",
            "task.name | lower == task.description.value",
            "task.name | length > 0 and execution.tasks | length <= 0",
            "task.name | length == 0",
            "1 - task.name | length < 0",
            "task.name == 'a' or task.name == 'b'",
            "task.name != 'a' and task.name != 'b'",
            "task.name in ['a', 'b'] and task.name != 'b'",
            "task.name == 'a' and task.phase.name == 'b'",
            "task.name == 'a' and task.name == vars.text",
            "'a' in task.name and 'b' in task.name",
            "task.name in task.taxonomies and task.name == 'b'",
        ] {
            assert!(
                engine().expression(text, &scope(Generation::V2)).is_ok(),
                "{text}: {:?}",
                shown(text)
            );
        }
    }

    #[test]
    fn what_is_computed_or_compared_as_text_is_no_fault() {
        for text in [
            "task.status == 'ASSIGNED' or task.status == 'UNASSIGNED'",
            "task.status | string == 'NEW'",
            "task.status | lower == 'pending'",
            "task.status | lower in ['pending', 'failed'] and task.status != 'FAILED'",
            "task.status | string | lower == 'new'",
            "task.status == task.name",
            "task.status == vars.text",
            "task.status in vars.list",
            "task.status == none or task.status is none",
            "task.status | default('NEW') == 'NEW'",
            "'PEND' in task.status",
            "task.status is startingwith('PEND')",
            "task.status not in ['PENDING'] and task.status != 'FAILED'",
            "task.task_type == 'AI_AGENT' and task.schedule.mode == 'delayed'",
        ] {
            assert!(
                engine().expression(text, &scope(Generation::V2)).is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_text_is_no_list_of_words() {
        for (text, under) in [
            ("task.status in 'CONDITION_PENDING'", "'CONDITION_PENDING'"),
            ("task.status not in 'PENDING'", "'PENDING'"),
            ("task.status is in('PENDING,SKIPPED')", "'PENDING,SKIPPED'"),
            ("task.status is not in 'PENDING'", "'PENDING'"),
            ("task.status in task.name", "task.name"),
            ("task.status in vars.text", "vars.text"),
            (
                "execution.tasks | selectattr('status', 'in', 'PENDING') | length > 0",
                "'PENDING'",
            ),
            ("task.status in 'PEND' ~ 'ING'", "'PEND' ~ 'ING'"),
        ] {
            let known = serde_json::json!({"text": "PENDING,SKIPPED"});
            let scope = scope(Generation::V2).with_values("vars", known.as_object().unwrap());
            let faults = engine().expression(text, &scope).err().unwrap_or_default();
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            let fault = &faults[0];
            let caret = &text[fault.offset..fault.offset + fault.len];
            assert_eq!(
                (caret, fault.message.as_str()),
                (under, "`in` would look for a part of a text here"),
                "{text}"
            );
            assert!(fault.help.as_deref().unwrap().starts_with("write a list: "));
        }
        for text in [
            "task.status in vars.text | split(',')",
            "task.status in [vars.text]",
            "task.status | string in 'PENDING'",
            "'PEND' in task.status",
        ] {
            assert!(
                engine().expression(text, &scope(Generation::V2)).is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_condition_that_can_never_be_true_is_a_fault() {
        for text in [
            "task.status == 'PENDING' and task.status == 'FAILED'",
            "task.status == 'PENDING' and task.enabled and (task.status in ['FAILED', 'SKIPPED'])",
            "task.status == 'PENDING' and task.status != 'PENDING'",
            "task.enabled and (task.status == 'PENDING' and task.status == 'FAILED')",
        ] {
            let faults = shown(text);
            assert_eq!(
                faults[0].1,
                "this is never true: an earlier condition on `task.status` excludes it",
                "{text}"
            );
        }
        for text in [
            "task.status == 'PENDING' or task.status == 'FAILED'",
            "task.status == 'PENDING' and task.phase.status == 'OPEN'",
            "task.status == 'PENDING' and not (task.status == 'PENDING' and task.status == 'FAILED')",
            "task.status in ['PENDING', 'FAILED'] and task.status != 'FAILED'",
            "phase.status != 'OPEN' and phase.status not in ['IN_PROGRESS', 'COMPLETED']",
        ] {
            assert!(
                engine().expression(text, &scope(Generation::V2)).is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_a_source_never_finds_is_a_fault_unless_something_else_may_hold() {
        let scope = scope(Generation::V2).with_found(&RUNNING_FLOWS);
        for (text, is_never) in [
            ("execution.status == 'DONE'", true),
            ("execution.status in ['DONE', 'CLOSED']", true),
            ("execution.status != 'STARTED'", true),
            ("task.execution.status == 'DONE' and task.enabled", true),
            (
                "execution.status == 'DONE' or execution.status == 'CLOSED'",
                true,
            ),
            ("execution.status == 'DONE' or task.enabled", false),
            ("not execution.status == 'DONE'", false),
            ("execution.status != 'DONE'", false),
            ("execution.status in ['STARTED', 'DONE']", false),
            ("phase.status == 'COMPLETED'", false),
        ] {
            let faults = engine().expression(text, &scope).err().unwrap_or_default();
            let is_fault = faults
                .first()
                .is_some_and(|fault| fault.message.starts_with("this is never true"));
            assert_eq!(is_fault, is_never, "{text}: {faults:?}");
        }
    }
}
