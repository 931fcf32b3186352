//! Reading the tokens: what a rule can take, expect and report.

use super::{
    fixed::{Evaluate, Fixed},
    foreign::Rewriting,
    never::Only,
};
use crate::template::{
    Compared, ExpressionFault, Scope, foreign,
    lexer::{LexerToken, TokenKind},
    names::Name,
    scope::Type,
};

/// How deep brackets, calls and signs may nest. minijinja gives up at 150 of its own levels, of which one here may
/// take four; nobody reads twenty.
const MAX_DEPTH: usize = 24;

/// An expression that has been checked.
#[derive(Debug)]
pub(in crate::template) struct CheckedExpression {
    /// For minijinja.
    pub(in crate::template) code: String,
    pub(in crate::template) of: Type,
    pub(in crate::template) offset: usize,
    pub(in crate::template) len: usize,
    /// Why a condition would never hold.
    pub(in crate::template) never: Option<ExpressionFault>,
    /// It depends on no data.
    pub(in crate::template) is_fixed: bool,
    /// The variables in it.
    pub(in crate::template) vars: Vec<String>,
    pub(in crate::template) names: Vec<Compared>,
}

/// A part of the expression that has been read.
#[derive(Debug)]
pub(super) struct CheckedPart {
    pub(super) code: String,
    pub(super) of: Type,
    /// The bytes of the text that it stands for.
    pub(super) from: usize,
    pub(super) to: usize,
    /// The content, when it is a quoted text that can be checked.
    pub(super) literal: Option<String>,
    /// It stands in brackets, so a filter may have found nothing.
    pub(super) may_be_none: bool,
    pub(super) extra: Extra,
}

/// What only comparisons with enumerations ask for.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// The items of a list that is written out.
    pub(super) items: Vec<TextPart>,
    /// What a field has where this holds.
    pub(super) only: Option<Only>,
    /// Why this never holds.
    pub(super) never: Option<ExpressionFault>,
}

/// A value in the text.
#[derive(Clone, Debug)]
pub(super) struct TextPart {
    pub(super) code: String,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) literal: Option<String>,
}

impl TextPart {
    pub(super) fn of(piece: &CheckedPart) -> Self {
        Self {
            code: piece.code.clone(),
            from: piece.from,
            to: piece.to,
            literal: piece.literal.clone(),
        }
    }
}

/// The reading can't go on; the fault is noted.
#[derive(Debug)]
pub(super) struct CheckStopped;

pub(super) type CheckResult = Result<CheckedPart, CheckStopped>;

pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [LexerToken<'a>],
    at: usize,
    pub(super) scope: &'a Scope,
    pub(super) evaluate: &'a Evaluate<'a>,
    pub(super) faults: Vec<ExpressionFault>,
    pub(super) rewritings: Vec<Rewriting>,
    pub(super) fixed: Vec<Fixed>,
    pub(super) names: Vec<Compared>,
    depth: usize,
}

/// Checks the expression that `tokens` of `text` are; they end with an end token.
pub(in crate::template) fn check(
    text: &str,
    tokens: &[LexerToken<'_>],
    scope: &Scope,
    evaluate: &Evaluate<'_>,
) -> Result<CheckedExpression, Vec<ExpressionFault>> {
    let mut checker = Checker {
        text,
        tokens,
        at: 0,
        scope,
        evaluate,
        faults: Vec::new(),
        rewritings: Vec::new(),
        fixed: Vec::new(),
        names: Vec::new(),
        depth: 0,
    };
    let piece = checker.whole();
    if checker.faults.is_empty() {
        checker.evaluate_fixed();
    }
    match piece {
        Ok(piece) if checker.faults.is_empty() => Ok(CheckedExpression {
            code: piece.code,
            of: piece.of,
            offset: piece.from,
            len: piece.to - piece.from,
            never: piece.extra.never,
            is_fixed: checker.is_fixed(piece.from, piece.to),
            vars: checker.vars_in(piece.from, piece.to),
            names: checker.names,
        }),
        Ok(_) | Err(CheckStopped) => Err(checker.faults),
    }
}

impl<'a> Checker<'a> {
    fn whole(&mut self) -> CheckResult {
        if self.peek().kind == TokenKind::End {
            let offset = self.peek().offset;
            return self.stop(ExpressionFault::new(
                offset,
                0,
                "an expression is missing here",
            ));
        }
        let piece = self.expression()?;
        let token = self.peek();
        match token.kind {
            TokenKind::End => Ok(piece),
            TokenKind::Name | TokenKind::Text | TokenKind::Number => self.unexpected("an operator"),
            TokenKind::Symbol => self.unexpected("an operator or the end"),
        }
    }

    pub(super) fn peek(&self) -> LexerToken<'a> {
        // The end token is never passed.
        self.peek_at(0)
    }

    /// The token behind the next `ahead` ones.
    pub(super) fn peek_at(&self, ahead: usize) -> LexerToken<'a> {
        self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    pub(super) fn next(&mut self) -> LexerToken<'a> {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    pub(super) fn take(&mut self, kind: TokenKind, text: &str) -> Option<LexerToken<'a>> {
        self.peek().is(kind, text).then(|| self.next())
    }

    pub(super) fn symbol(&mut self, symbol: &str) -> Option<LexerToken<'a>> {
        self.take(TokenKind::Symbol, symbol)
    }

    pub(super) fn expect(&mut self, symbol: &'static str) -> Result<LexerToken<'a>, CheckStopped> {
        match self.symbol(symbol) {
            Some(token) => Ok(token),
            None => self.unexpected(&format!("`{symbol}`")),
        }
    }

    /// The end of the last token that was read.
    pub(super) fn last_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .map_or(0, |last| self.tokens[last].end())
    }

    pub(super) fn slice(&self, piece: &CheckedPart) -> &'a str {
        &self.text[piece.from..piece.to]
    }

    pub(super) fn note(&mut self, fault: ExpressionFault) {
        self.faults.push(fault);
    }

    pub(super) fn note_at(&mut self, piece: &CheckedPart, message: String, help: &str) {
        self.note(ExpressionFault::new(piece.from, piece.to - piece.from, message).help(help));
    }

    pub(super) fn note_both(
        &mut self,
        (left, right): (&CheckedPart, &CheckedPart),
        message: String,
        help: &str,
    ) {
        self.note(ExpressionFault::new(left.from, right.to - left.from, message).help(help));
    }

    /// Whether a `name=` comes next, which then is taken.
    pub(super) fn named(&mut self) -> Option<LexerToken<'a>> {
        let name = self.peek();
        let next = self.tokens.get(self.at + 1)?;
        (name.kind == TokenKind::Name && next.is(TokenKind::Symbol, "=")).then(|| {
            self.at += 2;
            name
        })
    }

    pub(super) fn stop<T>(&mut self, fault: ExpressionFault) -> Result<T, CheckStopped> {
        self.note(fault);
        Err(CheckStopped)
    }

    pub(super) fn unexpected<T>(&mut self, wanted: &str) -> Result<T, CheckStopped> {
        let token = self.peek();
        let fault = match token.kind {
            TokenKind::End => ExpressionFault::new(
                token.offset,
                0,
                format!("the expression ends where {wanted} is missing"),
            ),
            TokenKind::Name | TokenKind::Text | TokenKind::Number | TokenKind::Symbol => {
                let fault = ExpressionFault::new(
                    token.offset,
                    token.text.len(),
                    format!("`{}` stands where {wanted} is missing", token.text),
                );
                match foreign::statement(token.text) {
                    Some(help) => fault.help(help),
                    None => fault,
                }
            }
        };
        self.stop(fault)
    }

    /// The type that was found; a fault is noted and counts as any type.
    pub(super) fn known(&mut self, of: Result<Type, ExpressionFault>) -> Type {
        of.unwrap_or_else(|fault| {
            self.note(fault);
            Type::Any
        })
    }

    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CheckStopped>,
    ) -> Result<T, CheckStopped> {
        if self.depth == MAX_DEPTH {
            let token = self.peek();
            return self.stop(
                ExpressionFault::new(token.offset, token.text.len(), "this nests too deep")
                    .help("simplify the expression"),
            );
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }
}

pub(super) fn name(token: LexerToken<'_>) -> Name<'_> {
    Name {
        text: token.text,
        offset: token.offset,
    }
}

/// The content of a quoted text, when it has no escapes.
pub(super) fn content(token: LexerToken<'_>) -> Option<String> {
    let inner = token.text.get(1..token.text.len().checked_sub(1)?)?;
    (token.kind == TokenKind::Text && !inner.contains('\\')).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::testing::expressions::{faults, shown};

    fn assert_last(text: &str, offset: usize, len: usize, message: &str) {
        let found = faults(text);
        let fault = found.last().unwrap();
        let place = (fault.offset, fault.len, fault.message.as_str());
        assert_eq!(place, (offset, len, message), "{text}");
    }

    #[test]
    fn a_fault_of_syntax_says_where_and_what_is_missing() {
        for (text, offset, len, message) in [
            ("", 0, 0, "an expression is missing here"),
            ("  ", 2, 0, "an expression is missing here"),
            (
                "task.",
                5,
                0,
                "the expression ends where the name of a field is missing",
            ),
            (
                "task.enabled and",
                16,
                0,
                "the expression ends where a value is missing",
            ),
            (
                "(task.enabled",
                13,
                0,
                "the expression ends where `)` is missing",
            ),
            (
                "task.enabled)",
                12,
                1,
                "`)` stands where an operator or the end is missing",
            ),
            (
                "task task",
                5,
                4,
                "`task` stands where an operator is missing",
            ),
            ("task.status = 'FAILED'", 12, 1, "`=` is not known here"),
            (
                "task.status == == 'x'",
                15,
                2,
                "`==` stands where a value is missing",
            ),
            (
                "and task.enabled",
                0,
                3,
                "`and` stands where a value is missing",
            ),
        ] {
            assert_last(text, offset, len, message);
        }
    }

    #[test]
    fn what_minijinja_has_and_this_has_not_is_a_fault() {
        for (text, offset, len, message) in [
            (
                "task.status not 'x'",
                16,
                3,
                "`'x'` stands where `in` is missing",
            ),
            (
                "now if true",
                11,
                0,
                "the expression ends where `else` with another value is missing",
            ),
            (
                "due_before(task 'now')",
                16,
                5,
                "`'now'` stands where `)` is missing",
            ),
            (
                "task.name | 'x'",
                12,
                3,
                "`'x'` stands where the name of a filter is missing",
            ),
            (
                "task.name is 3",
                13,
                1,
                "`3` stands where the name of a test is missing",
            ),
            ("()", 0, 2, "a value is missing here"),
            (
                "task.name.lower()",
                0,
                17,
                "`task.name` is text and has no `lower`",
            ),
            (
                "execution.tasks | first.name",
                0,
                23,
                "a filter has no fields",
            ),
            (
                "execution.tasks[0:1]",
                17,
                1,
                "slices of lists are not available",
            ),
            (
                "task.0",
                5,
                1,
                "`0` stands where the name of a field is missing",
            ),
            ("1 < 2 < 3", 0, 9, "comparisons can't be chained"),
            (
                "3days == 1",
                1,
                4,
                "`days` stands where an operator is missing",
            ),
            ("{'a': 1}", 0, 1, "`{` stands where a value is missing"),
        ] {
            assert_last(text, offset, len, message);
        }
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let deep = format!("{}true{}", "(".repeat(60), ")".repeat(60));
        assert_eq!(shown(&deep)[0].1, "this nests too deep");
    }
}
