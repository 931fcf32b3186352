//! Calls of helpers, and whether their arguments can be right.

use super::reader::{CheckResult, CheckStopped, CheckedPart, Checker};
use crate::template::{
    lexer::{LexerToken, TokenKind},
    names,
    scope::Type,
    signature::{self, Helper, Param},
};

/// An argument with its name, if it has one.
pub(super) struct NamedArgument<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) part: CheckedPart,
}

impl<'a> Checker<'a> {
    /// A call of the helper that `token` names.
    pub(super) fn helper(&mut self, token: LexerToken<'a>) -> CheckResult {
        let arguments = self.arguments()?;
        let place = (token.offset, self.last_end());
        let Some(helper) = signature::helper(token.text) else {
            let message = format!("there is no helper `{}`", token.text);
            let call = self.foreign_call(token.text, token.offset, None, &arguments, message);
            return Ok(call.unwrap_or_else(|| {
                self.note(names::unknown_helper(token));
                CheckedPart::unknown(place, Type::Any)
            }));
        };
        let name = helper.name;
        let code = format!("{name}({})", joined(&arguments));
        let call = CheckedPart::new(code, (helper.gives)(), place);
        if arguments.iter().any(|argument| argument.name.is_some()) {
            let message = format!("`{name}` takes no named arguments");
            let values = arguments
                .iter()
                .map(|argument| self.written_part(&argument.part));
            let code = format!("{name}({})", values.collect::<Vec<_>>().join(", "));
            self.note_rewriting(place, message, code);
        }
        let wanted = helper.params.len();
        if let Some(message) = miscounted(name, (wanted, wanted), arguments.len()) {
            let usage = self.usage(helper);
            let help = format!("it is written like `{usage}` and returns {}", helper.doc);
            self.note(call.fault(message).help(help));
        } else {
            for (param, argument) in helper.params.iter().zip(&arguments) {
                self.check_argument(helper, *param, &argument.part);
            }
        }
        Ok(call)
    }

    /// `(a, b, name=c)`, where there is one.
    pub(super) fn arguments(&mut self) -> Result<Vec<NamedArgument<'a>>, CheckStopped> {
        let mut arguments = Vec::new();
        if self.symbol("(").is_none() {
            return Ok(arguments);
        }
        while !self.peek().is_symbol(")") {
            let is_named = self.peek().kind == TokenKind::Name && self.peek_at(1).is_symbol("=");
            let name = is_named.then(|| self.next().text);
            if is_named {
                self.next();
            }
            let part = self.expression()?;
            arguments.push(NamedArgument { name, part });
            if self.symbol(",").is_none() {
                break;
            }
        }
        self.expect(")")?;
        Ok(arguments)
    }

    fn check_argument(&mut self, helper: &Helper, param: Param, part: &CheckedPart) {
        let name = helper.name;
        let word = part.of.word();
        let (wanted, fits) = param.wants(&part.of);
        let is_wrong = !fits && !part.of.is_open();
        let fault = match (param, &part.of) {
            (Param::Object(fields), Type::Record { record, .. })
                if !fields.iter().any(|field| record.field(field).is_some()) =>
            {
                let object = self.slice(part);
                let (what, fields_text) = (record.name, fields.join(", "));
                let message = format!(
                    "`{name}` says nothing of `{object}`: a {what} has none of {fields_text}"
                );
                Some((message, self.objects(fields)))
            }
            (Param::Object(fields), _) if is_wrong => {
                let message = format!("`{name}` takes {wanted}, not {word}");
                Some((message, self.objects(fields)))
            }
            _ if is_wrong => {
                let message = format!("`{name}` takes {wanted} here, not {word}");
                Some((
                    message,
                    format!("it is written like `{}`", self.usage(helper)),
                ))
            }
            _ => None,
        };
        if let Some((message, help)) = fault {
            self.note(part.fault(message).help(help));
        }
        self.check_known(part, |text| param.check(text));
    }

    /// The names here of objects that have one of the fields, the finest first.
    fn objects_with(&self, fields: &[&str]) -> Vec<&str> {
        let has_one = |name: &&str| match self.scope.get(name) {
            Some(Type::Record { record, .. }) => {
                fields.iter().any(|field| record.field(field).is_some())
            }
            Some(_) | None => false,
        };
        let mut names: Vec<_> = self.scope.names().filter(has_one).collect();
        names.reverse();
        names
    }

    fn objects(&self, fields: &[&str]) -> String {
        match self.objects_with(fields).as_slice() {
            [] => "nothing here has one".to_owned(),
            names => format!("here these have one: {}", names.join(", ")),
        }
    }

    /// How a helper is written with the names that are here.
    fn usage(&self, helper: &Helper) -> String {
        let object = helper.params.iter().find_map(|param| match param {
            Param::Object(fields) => self.objects_with(fields).first().copied(),
            _ => None,
        });
        match (object, helper.usage.find([',', ')'])) {
            (Some(object), Some(end)) => {
                format!("{}({object}{}", helper.name, &helper.usage[end..])
            }
            _ => helper.usage.to_owned(),
        }
    }

    /// Whether a text that is known is an id.
    pub(super) fn check_id(&mut self, part: &CheckedPart) {
        self.check_known(part, |text| Param::Id.check(text));
    }

    /// Checks a text that is written here, or that variables give.
    fn check_known(&mut self, part: &CheckedPart, check: impl Fn(&str) -> Result<(), String>) {
        if let Some(Err(message)) = self.known_text(part).as_deref().map(check) {
            self.note(self.fault_of(part, message));
        }
    }
}

pub(super) fn joined(arguments: &[NamedArgument<'_>]) -> String {
    let codes = arguments.iter().map(|argument| match argument.name {
        Some(name) => format!("{name}={}", argument.part.code),
        None => argument.part.code.clone(),
    });
    codes.collect::<Vec<_>>().join(", ")
}

/// What is wrong with the number of arguments that were given.
pub(super) fn miscounted(
    name: &str,
    (least, most): (usize, usize),
    given: usize,
) -> Option<String> {
    if (least..=most).contains(&given) {
        return None;
    }
    let wanted = match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Some(format!("`{name}` takes {wanted}, not {given}"))
}

#[cfg(test)]
mod tests {
    use crate::{
        template::signature::HELPERS,
        testing::expressions::{assert_one_fault, engine, scope},
    };

    #[test]
    fn arguments_that_can_not_be_right_are_faults() {
        for (text, under, message) in [
            (
                "due_before(task)",
                "due_before(task)",
                "`due_before` takes 2 arguments, not 1",
            ),
            (
                "assignees()",
                "assignees()",
                "`assignees` takes 1 argument, not 0",
            ),
            (
                "has_assignee(task, id='x')",
                "has_assignee(task, id='x')",
                "`has_assignee` takes no named arguments",
            ),
            (
                "has_assignee('task', 'x')",
                "'task'",
                "`has_assignee` takes an object of the API, not text",
            ),
            (
                "due(execution.tasks)",
                "execution.tasks",
                "`due` takes an object of the API, not a list",
            ),
            (
                "has_assignee(task, now)",
                "now",
                "`has_assignee` takes an id here, not an instant",
            ),
            (
                "older_than(phase, '1 day')",
                "phase",
                "`older_than` says nothing of `phase`: a Phase has none of created_at, creationTime, created",
            ),
            (
                "scheduled_between(execution, now, now)",
                "execution",
                "`scheduled_between` says nothing of `execution`: a FlowExecution has none of schedule",
            ),
            (
                "due_before(task, 3)",
                "3",
                "`due_before` takes an instant or a date here, not a number",
            ),
            (
                "due_before(task, '1.12.2026')",
                "'1.12.2026'",
                "`1.12.2026` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z`",
            ),
            (
                "date('2026-02-30') == now",
                "'2026-02-30'",
                "`2026-02-30` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z`",
            ),
            (
                "now < start_of('wek')",
                "'wek'",
                "`wek` is no period: a period is \"day\", \"week\", \"month\" or \"year\"",
            ),
            (
                "now < now + days('three')",
                "'three'",
                "`three` is no whole number",
            ),
            (
                "context(execution, 3) == 'x'",
                "3",
                "`context` takes a text here, not a number",
            ),
        ] {
            assert_one_fault(text, under, message);
        }
    }

    #[test]
    fn what_can_be_no_id_is_a_fault_where_an_id_is_looked_for() {
        for (text, under, message) in [
            (
                "has_assignee(task, '10010, 10011')",
                "'10010, 10011'",
                "`10010, 10011` is no id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found ','",
            ),
            (
                "has_assignee(task, '')",
                "''",
                "`` is no id: an id can't be empty",
            ),
            (
                "has_assignee(task, 'leaver@x.de')",
                "'leaver@x.de'",
                "`leaver@x.de` is no id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found '@'",
            ),
            (
                "'leaver@x.de' not in assignees(task)",
                "'leaver@x.de'",
                "`leaver@x.de` is no id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found '@'",
            ),
            (
                "10010 in assignees(task)",
                "10010 in assignees(task)",
                "a number is looked for where text stands",
            ),
        ] {
            assert_one_fault(text, under, message);
        }
    }

    #[test]
    fn a_distance_that_can_not_be_right_is_a_fault() {
        for (text, under, message) in [
            (
                "older_than(task, '90')",
                "'90'",
                "`90` is no distance: write numbers with minutes, hours, days, weeks, months or years, like `3 days`, `-2 weeks` or `1 day 12 hours`",
            ),
            (
                "older_than(task, 90)",
                "90",
                "`older_than` takes a distance like \"90 days\" here, not a number",
            ),
            (
                "older_than(task, '-90 days')",
                "'-90 days'",
                "`-90 days` would lie in the future: leave out the sign, the distance counts back from now",
            ),
            (
                "older_than(task, '6m')",
                "'6m'",
                "`6m` is ambiguous: write `6 months` or `6 minutes`",
            ),
            (
                "idle_for(task, '3 business days')",
                "'3 business days'",
                "business days are not available in `3 business days`: use days or weeks",
            ),
        ] {
            assert_one_fault(text, under, message);
        }
    }

    #[test]
    fn each_helpers_usage_is_right_in_itself() {
        let scope = scope(crate::api::Generation::V2).with_keys("vars", ["user".to_owned()]);
        for helper in HELPERS {
            let text = format!("{{{{ {} }}}}", helper.usage);
            assert!(helper.usage.starts_with(helper.name));
            assert_eq!(
                engine().template(&text, &scope).err(),
                None,
                "{}",
                helper.name
            );
        }
    }
}
