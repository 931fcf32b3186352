//! Calls of helpers, and whether their arguments can be right.

use super::reader::{CheckResult, CheckStopped, CheckedPart, Checker, Extra, name};
use crate::{
    dates,
    template::{
        ExpressionFault, helpers,
        lexer::{LexerToken, TokenKind},
        names,
        scope::Type,
        signature::{self, Helper, Param, Period},
    },
};

/// An argument with its name, if it has one.
pub(super) struct NamedArgument {
    pub(super) name: Option<String>,
    pub(super) piece: CheckedPart,
}

impl<'a> Checker<'a> {
    /// A call of the helper that `token` names.
    pub(super) fn helper(&mut self, token: LexerToken<'a>) -> CheckResult {
        let arguments = self.arguments()?;
        let piece = |code: String, of: Type, to: usize| CheckedPart {
            code,
            of,
            from: token.offset,
            to,
            literal: None,
            may_be_none: false,
            extra: Extra::default(),
        };
        let Some(helper) = signature::helper(token.text) else {
            if let Some(piece) = self.foreign_call(token, &arguments) {
                return Ok(piece);
            }
            self.note(names::unknown_helper(name(token)));
            return Ok(piece(String::new(), Type::Any, self.last_end()));
        };
        if arguments.iter().any(|argument| argument.name.is_some()) {
            let message = format!("`{}` takes no named arguments", helper.name);
            let values = arguments
                .iter()
                .map(|argument| self.written_piece(&argument.piece));
            let code = format!("{}({})", helper.name, values.collect::<Vec<_>>().join(", "));
            self.note_rewriting((token.offset, self.last_end()), message, code);
        }
        if arguments.len() == helper.params.len() {
            for (param, argument) in helper.params.iter().zip(&arguments) {
                self.check_argument(helper.name, *param, &argument.piece);
            }
        } else {
            let (wanted, given) = (helper.params.len(), arguments.len());
            let message = format!(
                "`{}` takes {}, not {given}",
                helper.name,
                counted(wanted, wanted)
            );
            let fault = ExpressionFault::new(token.offset, self.last_end() - token.offset, message);
            self.note(fault.help(format!("it is written like `{}`", self.usage(helper))));
        }
        let code = format!("{}({})", helper.name, joined(&arguments));
        Ok(piece(code, (helper.gives)(), self.last_end()))
    }

    /// `(a, b, name=c)`.
    pub(super) fn arguments(&mut self) -> Result<Vec<NamedArgument>, CheckStopped> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.peek().is(TokenKind::Symbol, ")") {
            let named = self.named();
            let piece = self.expression()?;
            arguments.push(NamedArgument {
                name: named.map(|token| token.text.to_owned()),
                piece,
            });
            if self.symbol(",").is_none() {
                break;
            }
        }
        self.expect(")")?;
        Ok(arguments)
    }

    fn check_argument(&mut self, helper: &str, param: Param, piece: &CheckedPart) {
        match param {
            Param::Object(fields) => self.check_object(helper, fields, piece),
            Param::Id => {
                self.check_kind(helper, piece, "an id", |of| {
                    of.is_text() || matches!(of, Type::Number)
                });
                self.check_id(piece);
            }
            Param::Text => {
                self.check_kind(helper, piece, "a text", Type::is_text);
            }
            Param::Moment => {
                self.check_kind(helper, piece, "an instant or a date", |of| {
                    of.is_text() || matches!(of, Type::Instant | Type::Date)
                });
                // The zone decides which moment a date is, not whether it is one.
                self.check_literal(piece, |text| {
                    dates::instant(text, &jiff::tz::TimeZone::UTC)
                        .map(|_| ())
                        .map_err(|error| error.to_string())
                });
            }
            Param::Distance => {
                self.check_kind(helper, piece, "a distance like \"90 days\"", |of| {
                    of.is_text() || matches!(of, Type::Span)
                });
                self.check_literal(piece, |text| dates::counted_back(text).map(drop));
            }
            Param::Days => {
                self.check_kind(helper, piece, "a whole number", |of| {
                    of.is_text() || matches!(of, Type::Number)
                });
                self.check_literal(piece, |text| {
                    text.trim()
                        .parse::<i64>()
                        .map(|_| ())
                        .map_err(|_| format!("`{text}` is no whole number"))
                });
            }
            Param::Period => {
                self.check_kind(helper, piece, "a period", Type::is_text);
                self.check_literal(piece, |text| {
                    Period::parse(text)
                        .map(|_| ())
                        .ok_or_else(|| format!("`{text}` is no period: {}", Period::HELP))
                });
            }
        }
    }

    fn check_object(&mut self, helper: &str, fields: &[&str], piece: &CheckedPart) {
        match &piece.of {
            Type::Record { record, .. } => {
                if !fields.iter().any(|field| record.field(field).is_some()) {
                    let message = format!(
                        "`{helper}` says nothing of `{}`: a {} has none of {}",
                        self.slice(piece),
                        record.name,
                        fields.join(", ")
                    );
                    let help = self.objects(fields);
                    self.note_at(piece, message, &help);
                }
            }
            Type::Any | Type::None => {}
            of @ (Type::Bool
            | Type::Number
            | Type::Text
            | Type::Id
            | Type::Word { .. }
            | Type::Date
            | Type::Instant
            | Type::Span
            | Type::List(_)
            | Type::Keys(_)) => {
                let message = format!("`{helper}` takes an object of the API, not {}", of.word());
                let help = self.objects(fields);
                self.note_at(piece, message, &help);
            }
        }
    }

    fn check_kind(
        &mut self,
        helper: &str,
        piece: &CheckedPart,
        wanted: &str,
        fits: fn(&Type) -> bool,
    ) {
        let of = &piece.of;
        if !matches!(of, Type::Any | Type::None) && !fits(of) {
            let message = format!("`{helper}` takes {wanted} here, not {}", of.word());
            let usage =
                signature::helper(helper).map_or_else(String::new, |helper| self.usage(helper));
            self.note_at(piece, message, &format!("it is written like `{usage}`"));
        }
    }

    /// The names here of objects that have one of the fields, the finest first.
    fn objects_with(&self, fields: &[&str]) -> Vec<&str> {
        let has_one = |of: &Type| match of {
            Type::Record { record, .. } => fields.iter().any(|field| record.field(field).is_some()),
            _ => false,
        };
        let names = self.scope.names().collect::<Vec<_>>().into_iter().rev();
        names
            .filter(|name| self.scope.get(name).is_some_and(has_one))
            .collect()
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
            Param::Object(fields) => Some(self.objects_with(fields).first().copied()?),
            _ => None,
        });
        match (object, helper.usage.split_once('(')) {
            (Some(object), Some((name, arguments))) => {
                let end = arguments.find([',', ')']).unwrap_or_default();
                format!("{name}({object}{}", &arguments[end..])
            }
            _ => helper.usage.to_owned(),
        }
    }

    /// Whether a text that is known is an id.
    pub(super) fn check_id(&mut self, piece: &CheckedPart) {
        self.check_literal(piece, |text| helpers::id_of(text).map(|_| ()));
    }

    fn check_literal(&mut self, piece: &CheckedPart, check: impl Fn(&str) -> Result<(), String>) {
        // Text that is written here, or that variables give.
        let text = piece.literal.clone().or_else(|| {
            let value = self.value(&piece.code, piece.from, piece.to)?;
            value.as_str().map(str::to_owned)
        });
        if let Some(Err(message)) = text.as_deref().map(check) {
            let fault = ExpressionFault::new(piece.from, piece.to - piece.from, message);
            self.note(fault.with_vars(self.vars_in(piece.from, piece.to)));
        }
    }
}

pub(super) fn joined(arguments: &[NamedArgument]) -> String {
    let codes = arguments.iter().map(|argument| match &argument.name {
        Some(name) => format!("{name}={}", argument.piece.code),
        None => argument.piece.code.clone(),
    });
    codes.collect::<Vec<_>>().join(", ")
}

pub(super) fn counted(least: usize, most: usize) -> String {
    match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        template::signature::HELPERS,
        testing::expressions::{engine, scope, shown},
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
            let faults = shown(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert_eq!(
                (faults[0].0.as_str(), faults[0].1.as_str()),
                (under, message),
                "{text}"
            );
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
            let faults = shown(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert_eq!(
                (faults[0].0.as_str(), faults[0].1.as_str()),
                (under, message),
                "{text}"
            );
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
            let faults = shown(text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert_eq!(
                (faults[0].0.as_str(), faults[0].1.as_str()),
                (under, message),
                "{text}"
            );
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
