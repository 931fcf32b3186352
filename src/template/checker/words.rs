//! Comparisons with the enumerations of the API: a word that is none of them is a slip.

use std::collections::BTreeMap;

use minijinja::Value;

use super::reader::{Checker, Extra, Part, Piece};
use crate::{
    api::types::{Found, Words},
    template::{Fault, names, ops, scope::Type},
};

/// The words that a field may have where a comparison holds.
#[derive(Clone, Debug)]
pub(super) struct Only {
    /// The field as it is written.
    field: String,
    words: Vec<&'static str>,
    /// Whether it also holds where the field is absent.
    or_none: bool,
}

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
}

impl Checker<'_> {
    /// Checks `left` compared with `right`; gives what the field has where it holds.
    pub(super) fn compare_words(
        &mut self,
        left: &Piece,
        comparison: Comparison,
        right: &Piece,
    ) -> Extra {
        let field = self.slice(left).to_owned();
        match (comparison, &left.of, &right.of) {
            (_, Type::Word { words, found }, _) => {
                self.check_words((words, *found), &field, comparison, right)
            }
            (Comparison::Is | Comparison::IsNot, _, Type::Word { words, found }) => {
                let field = self.slice(right).to_owned();
                self.check_words((words, *found), &field, comparison, left)
            }
            // `"PENDING" in … | map(attribute="status")`: any of the items may be it.
            (Comparison::IsIn | Comparison::IsNotIn, _, Type::List(item)) => {
                if let Type::Word { words, .. } = &**item {
                    let field = self.slice(right).to_owned();
                    self.check_words((words, None), &field, Comparison::Is, left);
                }
                Extra::default()
            }
            // `"PEND" in task.status`: a part of a word.
            (Comparison::IsIn | Comparison::IsNotIn, _, Type::Word { words, .. }) => {
                let field = self.slice(right).to_owned();
                let (texts, _) = self.texts(left, Comparison::Is);
                for (text, part) in texts {
                    if !words.words.iter().any(|word| word.contains(&text)) {
                        let message = format!("no word of `{field}` has `{text}` in it");
                        let fault = self.word_fault(&part, message, one_of(words));
                        self.note(fault);
                    }
                }
                Extra::default()
            }
            _ => Extra::default(),
        }
    }

    pub(super) fn check_words(
        &mut self,
        (words, found): (&'static Words, Option<&'static Found>),
        field: &str,
        comparison: Comparison,
        with: &Piece,
    ) -> Extra {
        if matches!(comparison, Comparison::IsIn | Comparison::IsNotIn) && with.of.is_text() {
            self.note_part_of_text(words, with);
            return Extra::default();
        }
        let (texts, mut is_known) = self.texts(with, comparison);
        for (text, part) in &texts {
            if !words.words.contains(&text.as_str()) {
                is_known = false;
                let vars = self.vars_in(part.from, part.to);
                if vars.iter().any(|name| self.compares_with(name, text)) {
                    continue;
                }
                let help = names::meant(text, words.words.iter().copied());
                let help = help.unwrap_or_else(|| one_of(words));
                let help = format!(
                    "{help}\nfor a word that is new in the API, compare `{field} | string`"
                );
                let fault = self.word_fault(part, format!("`{field}` is never `{text}`"), help);
                self.note(fault);
            }
        }
        if !is_known || texts.is_empty() {
            return Extra::default();
        }
        let all = found.map_or(words.words, |found| found.words);
        let is_meant = |word: &&str| texts.iter().any(|(text, _)| text == word);
        let (holds, or_none): (Vec<_>, _) = match comparison {
            Comparison::Is | Comparison::IsIn => {
                (all.iter().copied().filter(is_meant).collect(), false)
            }
            Comparison::IsNot | Comparison::IsNotIn => {
                let others = all.iter().copied().filter(|word| !is_meant(word));
                (others.collect(), found.is_none())
            }
        };
        let never = found.filter(|_| holds.is_empty() && !or_none).map(|found| {
            let message = format!(
                "this is never true: `{field}` is {} here",
                found.words.join(" or ")
            );
            self.word_fault(&Part::of(with), message, found.why.to_owned())
        });
        Extra {
            items: Vec::new(),
            only: Some(Only {
                field: field.split_whitespace().collect(),
                words: holds,
                or_none,
            }),
            never,
        }
    }

    /// `task.status in "CONDITION_PENDING"` holds for `PENDING`, too: a list is meant.
    fn note_part_of_text(&mut self, words: &Words, with: &Piece) {
        let message = "`in` would look for a part of a text here".to_owned();
        let help = match &with.literal {
            Some(text) if !text.contains(',') => format!("write a list: `[\"{}\"]`", text.trim()),
            Some(_) => {
                let first = words.words.first().copied().unwrap_or_default();
                format!("write a list: `[\"{first}\", …]`")
            }
            None => match self.slice(with) {
                text if text.contains(['|', '~', '+']) => {
                    format!("write a list: `({text}) | split(\",\")`")
                }
                text => format!("write a list: `{text} | split(\",\")`"),
            },
        };
        let fault = self.word_fault(&Part::of(with), message, help);
        self.note(fault);
    }

    /// Why conditions that all have to hold never do: they exclude each other.
    pub(super) fn exclusion(&self, parts: &[(Part, Only)]) -> Option<Fault> {
        let mut fields: BTreeMap<&str, (Vec<&'static str>, bool)> = BTreeMap::new();
        parts.iter().find_map(|(part, only)| {
            let (words, or_none) = fields
                .entry(&only.field)
                .or_insert_with(|| (only.words.clone(), true));
            *or_none &= only.or_none;
            words.retain(|word| only.words.contains(word));
            (words.is_empty() && !*or_none).then(|| {
                let message = format!(
                    "this is never true: an earlier condition on `{}` excludes it",
                    only.field
                );
                let help = "write `or`, or one `in` with all the words that are meant";
                self.word_fault(part, message, help.to_owned())
            })
        })
    }

    fn word_fault(&self, part: &Part, message: String, help: String) -> Fault {
        let fault = Fault::new(part.from, part.to - part.from, message).help(help);
        fault.with_vars(self.vars_in(part.from, part.to))
    }

    /// The texts that a value, or the items of a list, are known to be; and whether that is all of them.
    fn texts(&self, piece: &Piece, comparison: Comparison) -> (Vec<(String, Part)>, bool) {
        let text = |part: &Part| match &part.literal {
            Some(literal) => Some(literal.clone()),
            None => self
                .value(&part.code, part.from, part.to)?
                .as_str()
                .map(str::to_owned),
        };
        let whole = Part::of(piece);
        let found: Vec<Option<(String, Part)>> = match comparison {
            Comparison::Is | Comparison::IsNot => vec![text(&whole).map(|text| (text, whole))],
            Comparison::IsIn | Comparison::IsNotIn if !piece.extra.items.is_empty() => {
                let items = piece.extra.items.iter();
                items
                    .map(|part| Some((text(part)?, part.clone())))
                    .collect()
            }
            Comparison::IsIn | Comparison::IsNotIn => {
                match self.value(&piece.code, piece.from, piece.to) {
                    // A text holds parts of itself: that is no list of words.
                    Some(list) if list.as_str().is_none() => {
                        let items = list.try_iter().into_iter().flatten();
                        let item = |item: Value| Some((item.as_str()?.to_owned(), whole.clone()));
                        items.map(item).collect()
                    }
                    Some(_) | None => vec![None],
                }
            }
        };
        let is_all = found.iter().all(Option::is_some);
        (found.into_iter().flatten().collect(), is_all)
    }
}

fn one_of(words: &Words) -> String {
    format!("it is one of {}", words.words.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Generation, types::RUNNING_FLOWS},
        template::fixtures::{engine, scope, shown},
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
            "it is one of OPEN, IN_PROGRESS, COMPLETED\nfor a word that is new in the API, compare `task.phase.status | string`"
        );
    }

    #[test]
    fn what_is_computed_or_compared_as_text_is_no_fault() {
        for text in [
            "task.status == 'ASSIGNED' or task.status == 'UNASSIGNED'",
            "task.status | string == 'NEW'",
            "task.status | lower == 'pending'",
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
