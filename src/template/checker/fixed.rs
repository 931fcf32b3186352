//! What is known before any data is there: parts of an expression that depend on variables and `now` only.

use minijinja::Value;

use super::reader::{CheckedPart, Checker, content};
use crate::template::{
    ExpressionFault,
    lexer::{LexerToken, TokenKind},
    value,
};

/// Evaluates the code of a part that is known; the error is a message.
pub(in crate::template) type Evaluate<'a> = dyn Fn(&str) -> Result<Value, String> + 'a;

/// A part that is known, and no part of another one.
#[derive(Debug)]
pub(super) struct Fixed {
    from: usize,
    to: usize,
    code: String,
}

/// How much was noted before a part that may turn out never to be evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotedMark {
    faults: usize,
    fixed: usize,
}

const WORDS: &[&str] = &[
    "and", "or", "not", "in", "is", "if", "else", "true", "True", "false", "False", "none", "None",
];

impl<'a> Checker<'a> {
    /// The roots of the names in a part of the text, and the tokens behind them.
    fn roots(&self, from: usize, to: usize) -> impl Iterator<Item = &'a [LexerToken<'a>]> {
        let tokens = self.tokens;
        let start = tokens.partition_point(|token| token.offset < from);
        let end = tokens.partition_point(|token| token.offset < to);
        (start..end).filter_map(move |at| {
            let token = tokens[at];
            let before = |back: usize| at.checked_sub(back).map(|at| tokens[at]);
            let is_behind = |texts: &[&str]| {
                before(1).is_some_and(|before| {
                    before.kind != TokenKind::Text && texts.contains(&before.text)
                })
            };
            let is_test = is_behind(&["is"])
                || is_behind(&["not"])
                    && before(2).is_some_and(|before| before.is(TokenKind::Name, "is"));
            let next = tokens.get(at + 1).map_or("", |next| next.text);
            let is_root = token.kind == TokenKind::Name
                && !is_behind(&[".", "|"])
                && !is_test
                && !matches!(next, "(" | "=")
                && !WORDS.contains(&token.text);
            is_root.then(|| &tokens[at..])
        })
    }

    /// Whether a part depends on what is known only.
    pub(super) fn is_fixed(&self, from: usize, to: usize) -> bool {
        let values = self.scope.values();
        self.roots(from, to)
            .all(|tokens| tokens[0].text == "now" || values.has(tokens[0].text))
            // A variable without a value has a mistake of its own.
            && self
                .vars_in(from, to)
                .iter()
                .all(|name| values.has_field("vars", name))
    }

    /// The variables in a part, each once.
    pub(super) fn vars_in(&self, from: usize, to: usize) -> Vec<String> {
        let mut vars = Vec::new();
        for tokens in self.roots(from, to) {
            let name = match tokens {
                [root, dot, name, ..] if root.text == "vars" && dot.text == "." => name.text,
                [root, open, name, ..] if root.text == "vars" && open.text == "[" => {
                    name.text.trim_matches(['"', '\''])
                }
                _ => continue,
            };
            if !vars.iter().any(|known| known == name) {
                vars.push(name.to_owned());
            }
        }
        vars
    }

    /// Whether a variable is compared with this text somewhere in the expression: then it is a value that is meant,
    /// like the `ANY` of `task.status == vars.status or vars.status == "ANY"`.
    pub(super) fn compares_with(&self, var: &str, text: &str) -> bool {
        let is_text = |token: &LexerToken<'_>| content(*token).as_deref() == Some(text);
        let is_equality = |token: &LexerToken<'_>| {
            token.kind == TokenKind::Symbol && matches!(token.text, "==" | "!=")
        };
        self.tokens.iter().enumerate().any(|(at, root)| {
            let behind = &self.tokens[at..];
            let end = match behind {
                [_, dot, name, ..] if dot.text == "." && name.text == var => 3,
                [_, open, name, ..] if open.text == "[" && content(*name).as_deref() == Some(var) => 4,
                _ => return false,
            };
            if !root.is(TokenKind::Name, "vars") {
                return false;
            }
            matches!(&behind[end..], [equality, other, ..] if is_equality(equality) && is_text(other))
                || matches!(&self.tokens[..at], [.., other, equality] if is_equality(equality) && is_text(other))
        })
    }

    /// The value of a part, where it is known and no error.
    pub(super) fn value(&self, code: &str, from: usize, to: usize) -> Option<Value> {
        self.is_fixed(from, to)
            .then(|| (self.evaluate)(code).ok())
            .flatten()
    }

    /// Remembers a part that variables are in and nothing that is not known: it is evaluated when all is read.
    pub(super) fn consider(&mut self, piece: &CheckedPart) {
        let (from, to) = (piece.from, piece.to);
        if self.is_fixed(from, to) && !self.vars_in(from, to).is_empty() {
            self.fixed
                .retain(|fixed| fixed.from < from || fixed.to > to);
            self.fixed.push(Fixed {
                from,
                to,
                code: piece.code.clone(),
            });
        }
    }

    /// Notes what fails whatever the data.
    pub(super) fn evaluate_fixed(&mut self) {
        for Fixed { from, to, code } in std::mem::take(&mut self.fixed) {
            if let Err(message) = (self.evaluate)(&code) {
                let vars = self.vars_in(from, to);
                self.note(ExpressionFault::new(from, to - from, message).with_vars(vars));
            }
        }
    }

    /// Whether a part is true or false whatever the data.
    pub(super) fn truth(&self, piece: &CheckedPart) -> Option<bool> {
        if self.vars_in(piece.from, piece.to).is_empty() {
            return None;
        }
        let value = self.value(&piece.code, piece.from, piece.to)?;
        Some(value.is_true() && !value::is_none(&value))
    }

    pub(super) fn mark(&self) -> NotedMark {
        NotedMark {
            faults: self.faults.len(),
            fixed: self.fixed.len(),
        }
    }

    /// What was read between two marks is never evaluated with these variables, so that their values do no harm there.
    pub(super) fn forget(&mut self, from: NotedMark, to: NotedMark) {
        let mut at = 0;
        self.faults.retain(|fault| {
            at += 1;
            !(from.faults < at && at <= to.faults) || fault.vars.is_empty()
        });
        let end = to.fixed.min(self.fixed.len());
        self.fixed.drain(from.fixed.min(end)..end);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::{
        api::Generation,
        template::{ExpressionFault, Scope},
        testing::expressions::{engine, scope},
    };

    fn known() -> Scope {
        let vars = json!({
            "day": "soon", "idle": "6m", "status": "PENDNG", "statuses": ["PENDING", "FALIED"], "empty": "",
            "number": 3, "off": false, "good": "2026-12-24", "none": null,
        });
        let Json::Object(vars) = vars else {
            panic!("no map")
        };
        scope(Generation::V2).with_values("vars", &vars)
    }

    fn faults(text: &str) -> Vec<ExpressionFault> {
        engine()
            .expression(text, &known())
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn the_value_of_a_variable_is_checked_where_it_is_used() {
        for (text, under, message) in [
            (
                "due_before(task, vars.day)",
                "vars.day",
                "`soon` is no date",
            ),
            (
                "task.enabled and due_before(task, vars['day'])",
                "vars['day']",
                "`soon` is no date",
            ),
            (
                "due(task) < date(vars.day)",
                "vars.day",
                "`soon` is no date",
            ),
            (
                "older_than(task, vars.idle)",
                "vars.idle",
                "`6m` is ambiguous",
            ),
            (
                "task.status == vars.status",
                "vars.status",
                "`task.status` is never `PENDNG`",
            ),
            (
                "task.status in vars.statuses",
                "vars.statuses",
                "`task.status` is never `FALIED`",
            ),
            (
                "due(task) < now + days(vars.day)",
                "vars.day",
                "`soon` is no whole number",
            ),
            (
                "due(task) < date(vars.empty ~ 'x')",
                "vars.empty ~ 'x'",
                "`x` is no date",
            ),
            (
                "due(task) < now + days(vars.number * 1000000000)",
                "now + days(vars.number * 1000000000)",
                "days() takes",
            ),
            (
                "task.name == vars.number",
                "task.name == vars.number",
                "text is never equal to a number",
            ),
            ("vars.day", "vars.day", "this gives text, not true or false"),
        ] {
            let faults = faults(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            let fault = &faults[0];
            assert_eq!(
                &text[fault.offset..fault.offset + fault.len],
                under,
                "{text}"
            );
            assert!(fault.message.starts_with(message), "{text}: {fault:?}");
        }
    }

    #[test]
    fn what_is_never_evaluated_with_these_variables_does_no_harm() {
        for text in [
            "vars.empty == '' or due_before(task, vars.empty)",
            "vars.off and due_before(task, vars.day)",
            "task.enabled and vars.off and due_before(task, vars.day)",
            "due_before(task, vars.good) if vars.good != '' else task.enabled",
            "due_before(task, vars.empty) if vars.empty != '' else task.enabled",
            "task.enabled if not vars.off else due_before(task, date(vars.day))",
            "vars.empty == '' or due(task) < date(vars.empty)",
            "due_before(task, vars.none) and task.status == vars.none",
        ] {
            assert_eq!(faults(text), [], "{text}");
        }
        assert_eq!(faults("vars.off or due_before(task, vars.day)").len(), 1);
        assert_eq!(faults("vars.off and task.status == 'PENDNG'").len(), 1);
    }

    #[test]
    fn a_word_that_stands_for_no_choice_is_compared_with_it_before_or_behind() {
        for text in [
            "vars.status == 'PENDNG' or task.status == vars.status",
            "task.status == vars.status or vars.status == 'PENDNG'",
            "task.status == vars.status or 'PENDNG' == vars['status']",
            "task.status == vars.status and vars.status != 'PENDNG'",
            "task.status in [vars.status, 'FAILED'] or vars.status == \"PENDNG\"",
        ] {
            assert_eq!(faults(text), [], "{text}");
        }
        for text in [
            "task.status == vars.status or vars.status == 'ANY'",
            "task.status == vars.status or vars.day == 'PENDNG'",
            "task.status == vars.status or task.name == 'PENDNG'",
        ] {
            assert_eq!(faults(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_text_that_depends_on_no_data_is_known_when_it_is_read() {
        let value = |text: &str| {
            let template = engine().template(text, &known()).unwrap();
            template
                .known()
                .map(|known| (known.value.clone(), known.vars.clone()))
        };
        assert_eq!(value("x"), Some((json!("x"), vec![])));
        assert_eq!(
            value("{{ vars.statuses }}"),
            Some((json!(["PENDING", "FALIED"]), vec!["statuses".to_owned()]))
        );
        assert_eq!(
            value("by {{ vars.number }}"),
            Some((json!("by 3"), vec!["number".to_owned()]))
        );
        assert_eq!(
            value("{{ start_of('day') }}").map(|(value, _)| value),
            Some(json!("2026-12-01T00:00:00+01:00"))
        );
        assert_eq!(value("{{ task.name }}"), None);
        assert_eq!(value("{{ vars.none }}"), None);
        let faults = engine()
            .template("{{ vars.statuses }} and", &known())
            .unwrap_err();
        assert_eq!(faults[0].vars, ["statuses"]);
    }
}
