//! Compiling expressions and templates, within limits.

use jiff::{Timestamp, tz::TimeZone};
use minijinja::{Environment, UndefinedBehavior};

use super::{
    Expression, ExpressionFault, Scope, Template,
    checker::{self, CheckedExpression},
    filters, foreign, helpers,
    lexer::{self, LexerToken, Until},
    ops,
    program::{Code, ProgramPart},
    scope::Type,
};

/// The longest expression, in bytes. A chain of about 1,000 operators overflows the stack of minijinja's compiler;
/// 1 KiB holds half of that at most, and more than anyone reviews.
const MAX_EXPRESSION: usize = 1024;

/// The longest template, in bytes: a closing description of some pages.
const MAX_TEMPLATE: usize = 16 * 1024;

/// Steps of one evaluation; minijinja charges one for an instruction and half of one for an item that a filter
/// visits. The longest expression takes some 500 and leaves room for filters over thousands of tasks, while
/// 64 bytes of text a step keep a runaway `"x" * n` below 7 MB.
const FUEL: u64 = 100_000;

/// Compiles expressions and templates; knows the zone and the moment that its date helpers use.
#[derive(Clone, Debug)]
pub struct Engine {
    environment: Environment<'static>,
}

impl Engine {
    /// `now` is what `now` gives; `zone` is the playbook's, of all its dates.
    pub fn new(now: Timestamp, zone: TimeZone) -> Self {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        // It would copy the data into each error.
        environment.set_debug(false);
        ops::register(&mut environment);
        filters::register(&mut environment);
        helpers::register(&mut environment, &now.to_zoned_datetime(zone));
        Self { environment }
    }

    /// Compiles a bare expression (`where`, `where_each`, `when`).
    ///
    /// # Errors
    ///
    /// Every fault that can be found without data.
    pub fn expression(
        &self,
        text: &str,
        scope: &Scope,
    ) -> Result<Expression, Vec<ExpressionFault>> {
        limit(text, 0, MAX_EXPRESSION, "an expression")?;
        if let Some(fault) = in_braces(text) {
            return Err(vec![fault]);
        }
        let tokens = lexer::lex(text, 0, Until::End).map_err(|fault| vec![fault])?;
        let checked = self.check(text, &tokens, scope)?;
        if let Some(fault) =
            no_condition(text, &checked).or_else(|| checked.whole.truth.never.clone())
        {
            return Err(vec![fault]);
        }
        let expression = Code::new(&self.environment, text, &checked).map(Expression::new)?;
        if !checked.is_fixed {
            return Ok(expression);
        }
        match expression.test(scope.values()) {
            Ok(holds) => Ok(expression.with_known(holds)),
            Err(error) => Err(vec![
                checked.whole.fault(error.message).with_vars(checked.vars),
            ]),
        }
    }

    fn check(
        &self,
        text: &str,
        tokens: &[LexerToken<'_>],
        scope: &Scope,
    ) -> Result<CheckedExpression, Vec<ExpressionFault>> {
        checker::check(text, tokens, scope, &|code| {
            Code::evaluate(&self.environment, code, scope.values())
        })
    }

    /// Compiles a text with `{{ }}` in it.
    ///
    /// # Errors
    ///
    /// Every fault that can be found without data.
    pub fn template(&self, text: &str, scope: &Scope) -> Result<Template, Vec<ExpressionFault>> {
        limit(text, 0, MAX_TEMPLATE, "a text")?;
        let mut parts = Vec::new();
        let mut faults = Vec::new();
        let mut is_known = true;
        let mut vars = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("{{") {
            let open = at + found;
            literal(&text[at..open], at, &mut parts, &mut faults);
            let tokens = match lexer::lex(text, open + 2, Until::Braces) {
                Ok(tokens) => tokens,
                // Where the expression ends can't be told any more.
                Err(mut fault) => {
                    if fault.offset == text.len() && fault.len == 0 {
                        (fault.offset, fault.len) = (open, 2);
                    }
                    faults.push(fault);
                    at = text.len();
                    break;
                }
            };
            // The end token stands at the closing braces.
            let close = tokens.last().map_or(text.len(), |end| end.offset);
            let code = limit(
                &text[open + 2..close],
                open + 2,
                MAX_EXPRESSION,
                "an expression",
            )
            .and_then(|()| self.check(text, &tokens, scope))
            .and_then(|checked| {
                is_known &= checked.is_fixed;
                vars.extend_from_slice(&checked.vars);
                Code::new(&self.environment, text, &checked)
            });
            match code {
                Ok(code) => parts.push(ProgramPart::Code(code)),
                Err(more) => faults.extend(more),
            }
            at = close + 2;
        }
        literal(&text[at..], at, &mut parts, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let template = Template::new(text, parts);
        if !is_known {
            return Ok(template);
        }
        match template.value(scope.values()) {
            Ok(value) => Ok(template.with_known(value, vars)),
            Err(error) => Err(vec![
                ExpressionFault::new(0, text.len(), error.message).with_vars(vars),
            ]),
        }
    }
}

/// Refuses what is longer than `most` bytes; it stands at `offset`.
fn limit(text: &str, offset: usize, most: usize, what: &str) -> Result<(), Vec<ExpressionFault>> {
    let len = text.len();
    if len <= most {
        return Ok(());
    }
    let message = format!("{what} has at most {most} bytes, this one has {len}");
    Err(vec![ExpressionFault::new(offset, len, message)])
}

/// A condition that was written like a template.
fn in_braces(text: &str) -> Option<ExpressionFault> {
    let trimmed = text.trim();
    let offset = text.len() - text.trim_start().len();
    let inner = trimmed.strip_prefix("{{")?.strip_suffix("}}")?;
    let fault = ExpressionFault::new(
        offset,
        trimmed.len(),
        "remove the `{{ }}`: a condition is already an expression",
    );
    Some(fault.help(format!("write `{}`", inner.trim())))
}

/// Why the expression can't say true or false.
fn no_condition(text: &str, checked: &CheckedExpression) -> Option<ExpressionFault> {
    let value = foreign::operand(checked.whole.slice(text));
    let help = match &checked.whole.of {
        Type::Bool | Type::Any | Type::None => return None,
        Type::List(_) => format!("write `{value} | length > 0`, or `… in {value}`"),
        Type::Record { .. } => format!("write `{value} is not none`"),
        Type::Number => format!("write `{value} > 0`, or another comparison"),
        Type::Text | Type::Id | Type::Word(_) => {
            format!("write `{value} is not none`, or compare it: `{value} == \"…\"`")
        }
        Type::Date => format!("write `{value} is not none`, or compare it: `date({value}) < now`"),
        Type::Instant => format!("compare it: `{value} < …`"),
        Type::Span | Type::Keys(_) => {
            "compare one of its values, or what it is added to".to_owned()
        }
    };
    let message = format!("this gives {}, not true or false", checked.whole.of.word());
    Some(checked.whole.fault(message).help(help))
}

/// Text between expressions; what would be a statement or comment of minijinja's is a fault.
fn literal(
    text: &str,
    offset: usize,
    parts: &mut Vec<ProgramPart>,
    faults: &mut Vec<ExpressionFault>,
) {
    for mark in ["{%", "{#"] {
        for (at, _) in text.match_indices(mark) {
            let message = format!("`{mark}` is not available");
            let help = "only `{{ }}` is: for a choice write `{{ a if condition else b }}`";
            faults.push(ExpressionFault::new(offset + at, mark.len(), message).help(help));
        }
    }
    if !text.is_empty() {
        parts.push(ProgramPart::Literal(text.to_owned()));
    }
}

#[cfg(test)]
mod tests;
