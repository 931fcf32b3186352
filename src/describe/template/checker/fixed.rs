//! What is known before any data is there: parts of an expression that depend on variables and `now` only.

use minijinja::Value;

use super::reader::{CheckedPart, Checker};
use crate::template::{ExpressionFault, lexer::LexerToken, value};

/// Evaluates the code of a part that is known; the error is a message.
pub(in crate::describe::template) type Evaluate<'a> = dyn Fn(&str) -> Result<Value, String> + 'a;

/// A name that stands alone or before its fields, and the field of `vars` that is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameRead<'a> {
    token: LexerToken<'a>,
    var: Option<&'a str>,
}

/// A part that is known, and no part of another one.
#[derive(Debug)]
pub(super) struct Fixed(CheckedPart);

/// How much was noted before a part that may turn out never to be evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotedMark {
    faults: usize,
    fixed: usize,
}

impl<'a> Checker<'a> {
    /// Notes that a name is read, which has just been taken.
    pub(super) fn note_read(&mut self, token: LexerToken<'a>) {
        let is_field = token.text == "vars" && matches!(self.peek().text, "." | "[");
        let var = is_field.then(|| self.peek_at(1).text.trim_matches(['"', '\'']));
        self.reads.push(NameRead { token, var });
    }

    fn reads_in(&self, part: &CheckedPart) -> impl Iterator<Item = &NameRead<'a>> {
        let range = part.from..part.to;
        let reads = self.reads.iter();
        reads.filter(move |read| range.contains(&read.token.offset))
    }

    /// Whether a part depends on what is known only.
    pub(super) fn is_fixed(&self, part: &CheckedPart) -> bool {
        let values = self.scope.values();
        self.reads_in(part).all(|NameRead { token, var }| {
            (token.text == "now" || values.has(token.text))
                // A variable without a value has a mistake of its own.
                && var.is_none_or(|var| values.has_field("vars", var))
        })
    }

    /// The variables in a part, each once.
    pub(super) fn vars_in(&self, part: &CheckedPart) -> Vec<String> {
        let mut vars: Vec<String> = Vec::new();
        for var in self.reads_in(part).filter_map(|read| read.var) {
            if !vars.iter().any(|known| known == var) {
                vars.push(var.to_owned());
            }
        }
        vars
    }

    /// Whether a variable is compared with this text somewhere in the expression: then it is a value that is meant,
    /// like the `ANY` of `task.status == vars.status or vars.status == "ANY"`.
    pub(super) fn compares_with(&self, var: &str, text: &str) -> bool {
        let is_equality = |token: &LexerToken<'_>| token.is_symbol("==") || token.is_symbol("!=");
        let is_text = |token: &LexerToken<'_>| token.content() == Some(text);
        (0..self.tokens.len()).any(|at| {
            let (before, behind) = self.tokens.split_at(at);
            let behind = match behind {
                [vars, dot, name, behind @ ..]
                    if vars.text == "vars" && dot.text == "." && name.text == var =>
                {
                    behind
                }
                [vars, open, name, _, behind @ ..]
                    if vars.text == "vars" && open.text == "[" && name.content() == Some(var) =>
                {
                    behind
                }
                _ => return false,
            };
            matches!(behind, [equality, other, ..] if is_equality(equality) && is_text(other))
                || matches!(before, [.., other, equality] if is_equality(equality) && is_text(other))
        })
    }

    /// A fault that a part has, or the variables in it.
    pub(super) fn fault_of(&self, part: &CheckedPart, message: String) -> ExpressionFault {
        part.fault(message).with_vars(self.vars_in(part))
    }

    /// The text that a part is, where it is written here or known.
    pub(super) fn known_text(&self, part: &CheckedPart) -> Option<String> {
        let known = || Some(self.value(part)?.as_str()?.to_owned());
        part.literal.clone().or_else(known)
    }

    /// The value of a part, where it is known and no error.
    pub(super) fn value(&self, part: &CheckedPart) -> Option<Value> {
        self.is_fixed(part)
            .then(|| (self.evaluate)(&part.code).ok())
            .flatten()
    }

    /// Remembers a part that variables are in and nothing that is not known: it is evaluated when all is read.
    pub(super) fn consider(&mut self, part: &CheckedPart) {
        if self.is_fixed(part) && !self.vars_in(part).is_empty() {
            self.fixed
                .retain(|Fixed(fixed)| fixed.from < part.from || fixed.to > part.to);
            self.fixed.push(Fixed(part.clone()));
        }
    }

    /// Notes what fails whatever the data.
    pub(super) fn evaluate_fixed(&mut self) {
        for Fixed(part) in std::mem::take(&mut self.fixed) {
            if let Err(message) = (self.evaluate)(&part.code) {
                self.note(self.fault_of(&part, message));
            }
        }
    }

    /// Whether a part is true or false whatever the data.
    pub(super) fn truth(&self, part: &CheckedPart) -> Option<bool> {
        if self.vars_in(part).is_empty() {
            return None;
        }
        let value = self.value(part)?;
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
