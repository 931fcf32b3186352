//! Reading the tokens: what a rule can take, expect and report.

use super::{
    fixed::{Evaluate, Fixed, NameRead},
    foreign::Rewriting,
    never::Only,
    parts::reads_parts,
};
use crate::api::Level;
use crate::template::{
    ExpressionFault, Scope, foreign,
    lexer::{LexerToken, TokenKind},
    scope::Type,
};

/// How deep brackets, calls and signs may nest. minijinja gives up at 150 of its own levels, of which one here may
/// take four; a reader can't follow twenty.
const MAX_DEPTH: usize = 24;

/// An expression that has been checked.
#[derive(Debug)]
pub(in crate::describe::template) struct CheckedExpression {
    pub(in crate::describe::template) whole: CheckedPart,
    /// It depends on no data.
    pub(in crate::describe::template) is_fixed: bool,
    /// The variables in it.
    pub(in crate::describe::template) vars: Vec<String>,
    /// The names of parts that it compares, by their level.
    pub(in crate::describe::template) names: Vec<(Level, String)>,
    /// It may read the parts of an execution.
    pub(in crate::describe::template) reads_parts: bool,
}

/// A part of the expression that has been read.
#[derive(Clone, Debug)]
pub(in crate::describe::template) struct CheckedPart {
    /// For minijinja.
    pub(in crate::describe::template) code: String,
    pub(in crate::describe::template) of: Type,
    /// The bytes of the text that it stands for.
    pub(super) from: usize,
    pub(super) to: usize,
    /// The content, when it is a quoted text that can be checked.
    pub(super) literal: Option<String>,
    /// It stands in brackets, so a filter may have found nothing.
    pub(super) may_be_none: bool,
    /// The items of a list that is written out.
    pub(super) items: Vec<CheckedPart>,
    pub(in crate::describe::template) truth: Truth,
}

/// When a comparison holds.
#[derive(Clone, Debug, Default)]
pub(in crate::describe::template) struct Truth {
    /// What a field has where this holds.
    pub(super) only: Option<Only>,
    /// Why this never holds.
    pub(in crate::describe::template) never: Option<ExpressionFault>,
}

impl CheckedPart {
    pub(super) fn new(code: impl Into<String>, of: Type, (from, to): (usize, usize)) -> Self {
        Self {
            code: code.into(),
            of,
            from,
            to,
            literal: None,
            may_be_none: false,
            items: Vec::new(),
            truth: Truth::default(),
        }
    }

    /// What was read with a fault.
    pub(super) fn unknown(place: (usize, usize), of: Type) -> Self {
        Self::new("", of, place)
    }

    /// Two parts with an operator between them.
    pub(super) fn joined(code: String, of: Type, left: &Self, right: &Self) -> Self {
        Self::new(code, of, (left.from, right.to)).or_none()
    }

    pub(super) const fn or_none(mut self) -> Self {
        self.may_be_none = true;
        self
    }

    /// What it is in the text that it was read from.
    pub(in crate::describe::template) fn slice<'t>(&self, text: &'t str) -> &'t str {
        &text[self.from..self.to]
    }

    pub(super) const fn place(&self) -> (usize, usize) {
        (self.from, self.to)
    }

    pub(in crate::describe::template) fn fault(
        &self,
        message: impl Into<String>,
    ) -> ExpressionFault {
        ExpressionFault::new(self.from, self.to - self.from, message)
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
    pub(super) reads: Vec<NameRead<'a>>,
    pub(super) fixed: Vec<Fixed>,
    pub(super) names: Vec<(Level, String)>,
    depth: usize,
}

/// Checks the expression that `tokens` of `text` are; they end with an end token.
pub(in crate::describe::template) fn check(
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
        reads: Vec::new(),
        fixed: Vec::new(),
        names: Vec::new(),
        depth: 0,
    };
    let whole = checker.whole();
    if checker.faults.is_empty() {
        checker.evaluate_fixed();
    }
    match whole {
        Ok(whole) if checker.faults.is_empty() => Ok(CheckedExpression {
            is_fixed: checker.is_fixed(&whole),
            vars: checker.vars_in(&whole),
            whole,
            names: checker.names,
            reads_parts: reads_parts(tokens),
        }),
        Ok(_) | Err(CheckStopped) => Err(checker.faults),
    }
}

impl<'a> Checker<'a> {
    fn whole(&mut self) -> CheckResult {
        if self.peek().kind == TokenKind::End {
            let fault = self.peek().fault("an expression is missing here");
            return self.stop(fault);
        }
        let part = self.expression()?;
        match self.peek().kind {
            TokenKind::End => Ok(part),
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

    pub(super) fn symbol(&mut self, symbol: &str) -> Option<LexerToken<'a>> {
        self.peek().is_symbol(symbol).then(|| self.next())
    }

    /// Takes one of these symbols.
    pub(super) fn symbol_of(&mut self, symbols: &[&str]) -> Option<LexerToken<'a>> {
        symbols.iter().find_map(|symbol| self.symbol(symbol))
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<LexerToken<'a>, CheckStopped> {
        match self.symbol(symbol) {
            Some(token) => Ok(token),
            None => self.unexpected(&format!("`{symbol}`")),
        }
    }

    /// Takes a name; `wanted` is what it is of.
    pub(super) fn expect_name(&mut self, wanted: &str) -> Result<LexerToken<'a>, CheckStopped> {
        match self.peek().kind {
            TokenKind::Name => Ok(self.next()),
            TokenKind::Text | TokenKind::Number | TokenKind::Symbol | TokenKind::End => {
                self.unexpected(&format!("the name of a {wanted}"))
            }
        }
    }

    /// The end of the last token that was read.
    pub(super) fn last_end(&self) -> usize {
        let last = self.at.checked_sub(1);
        last.map_or(0, |last| self.tokens[last].end())
    }

    pub(super) fn slice(&self, part: &CheckedPart) -> &'a str {
        part.slice(self.text)
    }

    pub(super) fn note(&mut self, fault: ExpressionFault) {
        self.faults.push(fault);
    }

    pub(super) fn stop<T>(&mut self, fault: ExpressionFault) -> Result<T, CheckStopped> {
        self.note(fault);
        Err(CheckStopped)
    }

    pub(super) fn unexpected<T>(&mut self, wanted: &str) -> Result<T, CheckStopped> {
        let token = self.peek();
        let message = match token.kind {
            TokenKind::End => format!("the expression ends where {wanted} is missing"),
            TokenKind::Name | TokenKind::Text | TokenKind::Number | TokenKind::Symbol => {
                format!("`{}` stands where {wanted} is missing", token.text)
            }
        };
        let help = foreign::statement(token.text).map(str::to_owned);
        let fault = token.fault(message);
        self.stop(ExpressionFault { help, ..fault })
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
            let fault = self.peek().fault("this nests too deep");
            return self.stop(fault.help("simplify the expression"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }
}

#[cfg(test)]
mod tests;
