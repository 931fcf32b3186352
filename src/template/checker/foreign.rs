//! Words of other languages, read as what is meant by them: the fault says how it is written here.

use super::{
    helper::NamedArgument,
    reader::{CheckResult, CheckStopped, CheckedPart, Checker, Extra},
};
use crate::template::{
    ExpressionFault, foreign,
    lexer::{LexerToken, TokenKind},
    scope::Type,
};

/// A part of the text, and what to write in its place.
#[derive(Debug)]
pub(super) struct Rewriting {
    from: usize,
    to: usize,
    code: String,
}

impl<'a> Checker<'a> {
    /// Notes that a part is to be written as `code`. What was to be written within it is part of that.
    pub(super) fn note_rewriting(
        &mut self,
        (from, to): (usize, usize),
        message: String,
        code: String,
    ) {
        let is_within = |rewriting: &Rewriting| from <= rewriting.from && rewriting.to <= to;
        let inner: Vec<_> = self
            .rewritings
            .extract_if(.., |rewriting| is_within(rewriting))
            .collect();
        self.faults.retain(|fault| {
            !inner
                .iter()
                .any(|inner| inner.from == fault.offset && inner.to == fault.offset + fault.len)
        });
        self.note(ExpressionFault::new(from, to - from, message).help(format!("write `{code}`")));
        self.rewritings.push(Rewriting { from, to, code });
    }

    /// A part as it is to be written.
    pub(super) fn written(&self, from: usize, to: usize) -> String {
        let mut inner: Vec<_> = self
            .rewritings
            .iter()
            .filter(|rewriting| from <= rewriting.from && rewriting.to <= to)
            .collect();
        inner.sort_by_key(|rewriting| rewriting.from);
        let mut written = String::new();
        let mut at = from;
        for rewriting in inner {
            written.push_str(&self.text[at..rewriting.from]);
            written.push_str(&rewriting.code);
            at = rewriting.to;
        }
        written + &self.text[at..to]
    }

    pub(super) fn written_piece(&self, piece: &CheckedPart) -> String {
        self.written(piece.from, piece.to)
    }

    fn note_operator(&mut self, token: LexerToken<'a>, meant: &str) {
        let message = format!("`{}` is not known here", token.text);
        self.note_rewriting((token.offset, token.end()), message, meant.to_owned());
    }

    /// `null`, `TRUE`, `today`.
    pub(super) fn foreign_constant(&mut self, token: LexerToken<'a>) -> CheckedPart {
        let meant = foreign::constant(token.text).unwrap_or("none");
        self.note_operator(token, meant);
        let of = match meant {
            "none" => Type::None,
            "true" | "false" => Type::Bool,
            _ => Type::Instant,
        };
        unknown(token.offset, token.end(), of)
    }

    /// Takes an operator that is a word, also as another language writes it.
    pub(super) fn operator_word(&mut self, word: &str) -> Option<LexerToken<'a>> {
        let token = self.peek();
        let is_own = token.is(TokenKind::Name, word);
        if !is_own && foreign::operator(token.text) != Some(word) {
            return None;
        }
        self.next();
        if !is_own {
            self.note_operator(token, word);
        }
        Some(token)
    }

    /// Takes a dot before a name, also as another language writes it.
    pub(super) fn dot(&mut self) -> bool {
        let token = self.peek();
        if self.symbol("?.").is_some() {
            self.note_operator(token, ".");
            return true;
        }
        self.symbol(".").is_some()
    }

    /// Takes a comparison of another language that has one symbol here.
    pub(super) fn foreign_symbol(
        &mut self,
        symbols: impl Fn(&str) -> bool,
    ) -> Option<(LexerToken<'a>, &'static str)> {
        let token = self.peek();
        let meant = foreign::operator(token.text).filter(|meant| symbols(meant))?;
        self.next();
        self.note_operator(token, meant);
        Some((token, meant))
    }

    /// `task.name contains "x"`, `task.name not like "x%"`, `task.name exists`.
    pub(super) fn foreign_comparison(
        &mut self,
        left: &CheckedPart,
    ) -> Result<Option<CheckedPart>, CheckStopped> {
        let token = self.peek();
        let is_not =
            token.is(TokenKind::Name, "not") || foreign::operator(token.text) == Some("not");
        let word = if is_not { self.peek_at(1) } else { token };
        let (name, is_negated) = match foreign::operator(word.text) {
            Some("matches") => ("matches", is_not),
            Some("not matches") => ("matches", true),
            Some(_) => return Ok(None),
            None => (word.text, is_not),
        };
        let is_word = matches!(word.kind, TokenKind::Name | TokenKind::Symbol);
        if !is_word || !foreign::is_known(name) {
            return Ok(None);
        }
        if is_not {
            self.next();
        }
        self.next();
        let has_operand = match self.peek().kind {
            TokenKind::Text | TokenKind::Number => true,
            TokenKind::Name => !foreign::is_operator(self.peek().text),
            TokenKind::Symbol => matches!(self.peek().text, "(" | "[" | "-"),
            TokenKind::End => false,
        };
        let mut args = vec![self.written_piece(left)];
        if has_operand {
            let right = self.sum()?;
            args.push(self.written_piece(&right));
        }
        let message = format!("`{}` is not known here", word.text);
        let to = self.last_end();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        if let Some(written) = foreign::written(name, &args) {
            let code = if is_negated {
                foreign::negated(&written.code)
            } else {
                written.code
            };
            self.note_rewriting((left.from, to), message, code);
        } else {
            let fault = ExpressionFault::new(word.offset, word.text.len(), message);
            self.note(fault.help(
                "there are no patterns: write `… in …`, `… is startingwith(…)` or `… is endingwith(…)`",
            ));
        }
        Ok(Some(unknown(left.from, to, Type::Bool)))
    }

    /// What a call, a method or a filter of another language is to be written as: `args` stand in the text.
    fn note_call(
        &mut self,
        name: &str,
        from: usize,
        args: &[String],
        message: String,
    ) -> Option<CheckedPart> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let written = foreign::written(name, &args)?;
        let to = self.last_end();
        let code = if self.stands_alone(from, &written.of) {
            written.code
        } else {
            format!("({})", written.code)
        };
        self.note_rewriting((from, to), message, code);
        Some(unknown(from, to, written.of))
    }

    pub(super) fn foreign_call(
        &mut self,
        token: LexerToken<'a>,
        arguments: &[NamedArgument],
    ) -> Option<CheckedPart> {
        let args: Vec<_> = arguments
            .iter()
            .map(|argument| self.written_piece(&argument.piece))
            .collect();
        let message = format!("there is no helper `{}`", token.text);
        self.note_call(token.text, token.offset, &args, message)
    }

    pub(super) fn foreign_filter(
        &mut self,
        token: LexerToken<'a>,
        piece: &CheckedPart,
        arguments: &[NamedArgument],
    ) -> Option<CheckedPart> {
        let mut args = vec![self.written_piece(piece)];
        args.extend(
            arguments
                .iter()
                .map(|argument| self.written_piece(&argument.piece)),
        );
        let message = format!("there is no filter `{}`", token.text);
        self.note_call(token.text, piece.from, &args, message)
    }

    /// `.lower()`, `.length` behind a value; the dot has been taken.
    pub(super) fn method(
        &mut self,
        piece: &CheckedPart,
    ) -> Result<Option<CheckedPart>, CheckStopped> {
        let token = self.peek();
        let is_called = self.peek_at(1).is(TokenKind::Symbol, "(");
        let has_fields = matches!(
            piece.of,
            Type::Any | Type::None | Type::Record { .. } | Type::Keys(_)
        );
        if token.kind != TokenKind::Name
            || (has_fields && !is_called)
            || !foreign::is_known(token.text)
        {
            return Ok(None);
        }
        self.next();
        let arguments = if is_called {
            self.arguments()?
        } else {
            Vec::new()
        };
        let mut args = vec![self.written_piece(piece)];
        args.extend(
            arguments
                .iter()
                .map(|argument| self.written_piece(&argument.piece)),
        );
        let message = if has_fields {
            format!("`{}.{}` can't be called", self.slice(piece), token.text)
        } else {
            format!(
                "`{}` is {} and has no `{}`",
                self.slice(piece),
                piece.of.word(),
                token.text
            )
        };
        if let Some(piece) = self.note_call(token.text, piece.from, &args, message.clone()) {
            return Ok(Some(piece));
        }
        let fault = ExpressionFault::new(token.offset, token.text.len(), message);
        self.note(fault.help("only helpers are called; a filter is written `… | filter`"));
        Ok(Some(unknown(piece.from, self.last_end(), Type::Any)))
    }

    /// `condition ? a : b`; the condition has been read.
    pub(super) fn ternary(&mut self, condition: &CheckedPart) -> CheckResult {
        self.next();
        let value = self.expression()?;
        if self.symbol(":").is_none() {
            return self.unexpected("`:` with another value");
        }
        let other = self.expression()?;
        let [condition_text, value_text, other_text] =
            [condition, &value, &other].map(|piece| self.written_piece(piece));
        self.note_rewriting(
            (condition.from, other.to),
            "`?` is not known here".to_owned(),
            format!("{value_text} if {condition_text} else {other_text}"),
        );
        Ok(unknown(condition.from, other.to, value.of.or(other.of)))
    }

    /// Whether what gives `of` needs no brackets at its place, which ends before the next token.
    fn stands_alone(&self, from: usize, of: &Type) -> bool {
        let at = self.tokens.partition_point(|token| token.offset < from);
        let before = at.checked_sub(1).map_or("", |at| self.tokens[at].text);
        let next = self.peek().text;
        let binds = |text: &str| {
            matches!(
                text,
                "==" | "!=" | "<" | "<=" | ">" | ">=" | "=" | "===" | "!==" | "in" | "is"
            ) || matches!(text, "+" | "-" | "*" | "/" | "//" | "%" | "**" | "~")
        };
        match of {
            Type::Bool => !binds(before) && !binds(next) && !matches!(next, "|" | "." | "["),
            Type::Any
            | Type::None
            | Type::Number
            | Type::Text
            | Type::Id
            | Type::Word { .. }
            | Type::Date
            | Type::Instant
            | Type::Span
            | Type::List(_)
            | Type::Record { .. }
            | Type::Keys(_) => !matches!(next, "." | "["),
        }
    }
}

/// What was read with a fault.
pub(super) fn unknown(from: usize, to: usize, of: Type) -> CheckedPart {
    CheckedPart {
        code: String::new(),
        of,
        from,
        to,
        literal: None,
        may_be_none: false,
        extra: Extra::default(),
    }
}
