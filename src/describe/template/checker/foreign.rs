//! Words of other languages, read as what is meant by them: the fault says how it is written here.

use super::{
    helper::NamedArgument,
    reader::{CheckResult, CheckStopped, CheckedPart, Checker},
};
use crate::template::{
    ExpressionFault,
    foreign::{self, WrittenForm},
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

impl Rewriting {
    const fn is_within(&self, (from, to): (usize, usize)) -> bool {
        from <= self.from && self.to <= to
    }
}

impl<'a> Checker<'a> {
    /// Notes that a part is to be written as `code`. What was to be written within it is part of that.
    pub(super) fn note_rewriting(
        &mut self,
        (from, to): (usize, usize),
        message: String,
        code: String,
    ) {
        let inner: Vec<_> = self
            .rewritings
            .extract_if(.., |rewriting| rewriting.is_within((from, to)))
            .map(|inner| (inner.from, inner.to))
            .collect();
        self.faults
            .retain(|fault| !inner.contains(&(fault.offset, fault.offset + fault.len)));
        self.note(ExpressionFault::new(from, to - from, message).help(format!("write `{code}`")));
        self.rewritings.push(Rewriting { from, to, code });
    }

    /// A part as it is to be written.
    pub(super) fn written(&self, from: usize, to: usize) -> String {
        let inner = self.rewritings.iter();
        let mut inner: Vec<_> = inner.filter(|inner| inner.is_within((from, to))).collect();
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

    pub(super) fn written_part(&self, part: &CheckedPart) -> String {
        self.written(part.from, part.to)
    }

    pub(super) fn note_operator(&mut self, token: LexerToken<'a>, meant: &str) {
        let message = format!("`{}` is not known here", token.text);
        self.note_rewriting((token.offset, token.end()), message, meant.to_owned());
    }

    /// `null`, `TRUE`, `today`.
    pub(super) fn foreign_constant(
        &mut self,
        token: LexerToken<'a>,
        meant: WrittenForm,
    ) -> CheckedPart {
        self.note_operator(token, &meant.code);
        CheckedPart::unknown((token.offset, token.end()), meant.of)
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

    /// Whether a word of negation comes next.
    pub(super) fn is_not(&self) -> bool {
        let token = self.peek();
        token.is(TokenKind::Name, "not") || foreign::operator(token.text) == Some("not")
    }

    /// Takes a dot before a name, also as another language writes it.
    pub(super) fn dot(&mut self) -> bool {
        if let Some(token) = self.symbol("?.") {
            self.note_operator(token, ".");
            return true;
        }
        self.symbol(".").is_some()
    }

    /// `task.name contains "x"`, `task.name not like "x%"`, `task.name exists`.
    pub(super) fn foreign_comparison(
        &mut self,
        left: &CheckedPart,
    ) -> Result<Option<CheckedPart>, CheckStopped> {
        let is_not = self.is_not();
        let word = self.peek_at(usize::from(is_not));
        let (name, is_negated) = match foreign::operator(word.text) {
            Some("matches") => ("matches", is_not),
            Some("not matches") => ("matches", true),
            Some(_) => return Ok(None),
            None => (word.text, is_not),
        };
        if !matches!(word.kind, TokenKind::Name | TokenKind::Symbol) || !foreign::is_known(name) {
            return Ok(None);
        }
        if is_not {
            self.next();
        }
        self.next();
        let next = self.peek();
        let has_operand = match next.kind {
            TokenKind::Text | TokenKind::Number => true,
            TokenKind::Name => !foreign::is_operator(next.text),
            TokenKind::Symbol => matches!(next.text, "(" | "[" | "-"),
            TokenKind::End => false,
        };
        let mut args = vec![self.written_part(left)];
        if has_operand {
            let right = self.sum()?;
            args.push(self.written_part(&right));
        }
        let message = format!("`{}` is not known here", word.text);
        let place = (left.from, self.last_end());
        match foreign::written(name, &args) {
            Some(form) if is_negated => {
                self.note_rewriting(place, message, foreign::negated(&form.code));
            }
            Some(form) => self.note_rewriting(place, message, form.code),
            None => self.note(word.fault(message).help(
                "there are no patterns: write `… in …`, `… is startingwith(…)` or `… is endingwith(…)`",
            )),
        }
        Ok(Some(CheckedPart::unknown(place, Type::Bool)))
    }

    /// A call, a method or a filter of another language, which begins at `from` and has just been read; `value` is the
    /// first argument of a method or a filter.
    pub(super) fn foreign_call(
        &mut self,
        name: &str,
        from: usize,
        value: Option<&CheckedPart>,
        arguments: &[NamedArgument<'_>],
        message: String,
    ) -> Option<CheckedPart> {
        let arguments = arguments.iter().map(|argument| &argument.part);
        let args: Vec<_> = value
            .into_iter()
            .chain(arguments)
            .map(|part| self.written_part(part))
            .collect();
        let form = foreign::written(name, &args)?;
        let place = (from, self.last_end());
        let code = if self.stands_alone(from, &form.of) {
            form.code
        } else {
            format!("({})", form.code)
        };
        self.note_rewriting(place, message, code);
        Some(CheckedPart::unknown(place, form.of))
    }

    /// `.lower()`, `.length` behind a value; the dot has been taken.
    pub(super) fn method(
        &mut self,
        part: &CheckedPart,
    ) -> Result<Option<CheckedPart>, CheckStopped> {
        let token = self.peek();
        let is_called = self.peek_at(1).is_symbol("(");
        let has_fields = part.of.is_open() || part.of.is_object();
        let is_method = token.kind == TokenKind::Name && (is_called || !has_fields);
        if !is_method || !foreign::is_known(token.text) {
            return Ok(None);
        }
        self.next();
        let arguments = self.arguments()?;
        let (owner, name) = (self.slice(part), token.text);
        let message = if has_fields {
            format!("`{owner}.{name}` can't be called")
        } else {
            format!("`{owner}` is {} and has no `{name}`", part.of.word())
        };
        let call = self.foreign_call(name, part.from, Some(part), &arguments, message.clone());
        Ok(Some(call.unwrap_or_else(|| {
            self.note(token.fault(message).help(foreign::CALLED));
            CheckedPart::unknown((part.from, self.last_end()), Type::Any)
        })))
    }

    /// `condition ? a : b`; the condition and the sign have been read.
    pub(super) fn ternary(&mut self, condition: &CheckedPart) -> CheckResult {
        let value = self.expression()?;
        if self.symbol(":").is_none() {
            return self.unexpected("`:` with another value");
        }
        let other = self.expression()?;
        let place = (condition.from, other.to);
        let [condition, value_text, other_text] =
            [condition, &value, &other].map(|part| self.written_part(part));
        let code = format!("{value_text} if {condition} else {other_text}");
        self.note_rewriting(place, "`?` is not known here".to_owned(), code);
        Ok(CheckedPart::unknown(place, value.of.or(other.of)))
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
        let is_condition = matches!(of, Type::Bool);
        !(matches!(next, "." | "[")
            || is_condition && (binds(before) || binds(next) || next == "|"))
    }
}
