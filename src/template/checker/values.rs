//! Values: constants, names, brackets, and the fields and items of all of them.

use super::{
    foreign::unknown,
    reader::{CheckResult, CheckStopped, CheckedPart, Checker, Extra, TextPart, content, name},
};
use crate::template::{
    ExpressionFault, foreign,
    lexer::{LexerToken, TokenKind},
    names, ops,
    scope::Type,
};

/// Words that are no names.
const RESERVED: &[&str] = &["and", "or", "not", "in", "is", "if", "else"];

impl Checker<'_> {
    /// A value with its signs and brackets behind it.
    pub(super) fn signed(&mut self) -> CheckResult {
        let Some(minus) = self.symbol("-") else {
            let primary = self.primary()?;
            return self.postfix(primary);
        };
        let operand = self.deeper(Self::signed)?;
        Ok(CheckedPart {
            code: format!("-{}", operand.code),
            of: Type::Number,
            from: minus.offset,
            literal: None,
            ..operand
        })
    }

    fn primary(&mut self) -> CheckResult {
        let token = self.peek();
        match token.kind {
            TokenKind::Text | TokenKind::Number => {
                self.next();
                if token.kind == TokenKind::Text && self.is_template(token.text) {
                    let message = "a text inside of an expression is no template".to_owned();
                    let code = joined_parts(token.text);
                    self.note_rewriting((token.offset, token.end()), message, code);
                }
                let of = match token.kind {
                    TokenKind::Text => Type::Text,
                    TokenKind::Number | TokenKind::Name | TokenKind::Symbol | TokenKind::End => {
                        Type::Number
                    }
                };
                Ok(CheckedPart {
                    literal: content(token),
                    ..leaf(token, token.text, of)
                })
            }
            TokenKind::Name if RESERVED.contains(&token.text) => self.unexpected("a value"),
            TokenKind::Name => {
                self.next();
                Ok(match token.text {
                    "true" | "True" => leaf(token, "true", Type::Bool),
                    "false" | "False" => leaf(token, "false", Type::Bool),
                    "none" | "None" => leaf(token, "none", Type::None),
                    _ if self.peek().is(TokenKind::Symbol, "(") => return self.helper(token),
                    text if self.scope.get(text).is_none() && foreign::constant(text).is_some() => {
                        self.foreign_constant(token)
                    }
                    _ => {
                        let of = names::root(name(token), self.scope);
                        leaf(token, token.text, self.known(of))
                    }
                })
            }
            TokenKind::Symbol
                if token.text == "{" && self.peek_at(1).is(TokenKind::Symbol, "{") =>
            {
                self.next();
                self.next();
                let inner = self.expression()?;
                self.expect("}")?;
                let to = self.expect("}")?.end();
                let message = "remove the `{{ }}`: this is already an expression".to_owned();
                let code = foreign::operand(&self.written_piece(&inner));
                self.note_rewriting((token.offset, to), message, code);
                Ok(unknown(token.offset, to, inner.of))
            }
            TokenKind::Symbol if token.text == "(" => self.brackets("(", ")"),
            TokenKind::Symbol if token.text == "[" => self.brackets("[", "]"),
            TokenKind::Symbol | TokenKind::End => self.unexpected("a value"),
        }
    }

    /// Whether a text has a name of this expression in braces; the API's own variables (`{{owner}}`) are texts.
    fn is_template(&self, text: &str) -> bool {
        text.split("{{").skip(1).any(|inner| {
            let inner = inner.trim_start();
            let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let name = &inner[..end.unwrap_or(inner.len())];
            inner.contains("}}") && self.scope.names().any(|known| known == name)
        })
    }

    /// A value in brackets, or a list; a tuple is a list too.
    fn brackets(&mut self, open: &'static str, close: &'static str) -> CheckResult {
        let from = self.expect(open)?.offset;
        let mut items = Vec::new();
        let mut commas = open == "[";
        while !self.peek().is(TokenKind::Symbol, close) {
            items.push(self.expression()?);
            if self.symbol(",").is_none() {
                break;
            }
            commas = true;
        }
        let to = self.expect(close)?.end();
        if !commas {
            let Some(piece) = items.pop() else {
                return self.stop(ExpressionFault::new(
                    from,
                    to - from,
                    "a value is missing here",
                ));
            };
            return Ok(CheckedPart {
                code: format!("({})", piece.code),
                from,
                to,
                may_be_none: true,
                ..piece
            });
        }
        let parts: Vec<_> = items.iter().map(TextPart::of).collect();
        let codes: Vec<_> = items.iter().map(|item| item.code.as_str()).collect();
        let code = format!("[{}]", codes.join(", "));
        let of = items.into_iter().map(|item| item.of).reduce(Type::or);
        Ok(CheckedPart {
            code,
            of: Type::List(Box::new(of.unwrap_or(Type::Any))),
            from,
            to,
            literal: None,
            may_be_none: false,
            extra: Extra {
                items: parts,
                ..Extra::default()
            },
        })
    }

    /// `.name`, `[…]` behind a value.
    fn postfix(&mut self, mut piece: CheckedPart) -> CheckResult {
        loop {
            let token = self.peek();
            if self.dot() {
                piece = match self.method(&piece)? {
                    Some(piece) => piece,
                    None => self.field(&piece)?,
                };
            } else if token.is(TokenKind::Symbol, "[") {
                piece = self.subscript(&piece)?;
            } else if token.is(TokenKind::Symbol, "(") {
                // Of a method that is not there, it is said already that it is not.
                let is_said = |fault: &ExpressionFault| fault.offset + fault.len == token.offset;
                if self.faults.last().is_some_and(is_said) {
                    return Err(CheckStopped);
                }
                let called = self.slice(&piece);
                return self.stop(
                    ExpressionFault::new(token.offset, 1, format!("`{called}` can't be called"))
                        .help("only helpers are called; a filter is written `… | filter`"),
                );
            } else {
                return Ok(piece);
            }
        }
    }

    fn field(&mut self, piece: &CheckedPart) -> CheckResult {
        let token = self.peek();
        match token.kind {
            TokenKind::Name => {
                self.next();
                let of = names::field(&piece.of, self.slice(piece), name(token), self.scope);
                Ok(self.member(piece, token, token.text, of))
            }
            TokenKind::Number | TokenKind::Text | TokenKind::Symbol | TokenKind::End => {
                self.unexpected("the name of a field")
            }
        }
    }

    fn member(
        &mut self,
        piece: &CheckedPart,
        token: LexerToken<'_>,
        field: &str,
        of: Result<Type, ExpressionFault>,
    ) -> CheckedPart {
        let record = matches!(piece.of, Type::Record { .. });
        let code = if piece.may_be_none && record {
            format!("{}({}, \"{field}\")", ops::FIELD, piece.code)
        } else {
            format!("{}.{field}", piece.code)
        };
        CheckedPart {
            code,
            of: self.known(of),
            from: piece.from,
            to: token.end().max(self.last_end()),
            literal: None,
            may_be_none: piece.may_be_none,
            extra: Extra::default(),
        }
    }

    fn subscript(&mut self, piece: &CheckedPart) -> CheckResult {
        self.expect("[")?;
        if self.peek().is(TokenKind::Symbol, ":") {
            return self.no_slices();
        }
        let token = self.peek();
        let index = self.expression()?;
        if self.peek().is(TokenKind::Symbol, ":") {
            return self.no_slices();
        }
        self.expect("]")?;
        if let Some(field) = index.literal.as_deref().filter(|field| is_name(field)) {
            // The caret stands below the name, not below its quotes.
            let inner = names::Name {
                text: field,
                offset: token.offset + 1,
            };
            let of = names::field(&piece.of, self.slice(piece), inner, self.scope);
            return Ok(self.member(piece, token, field, of));
        }
        let of = match &piece.of {
            Type::List(item) => (**item).clone(),
            Type::Keys(_) | Type::Record { .. } => self.named_field(piece, &index),
            Type::Any
            | Type::None
            | Type::Bool
            | Type::Number
            | Type::Text
            | Type::Id
            | Type::Word { .. }
            | Type::Date
            | Type::Instant
            | Type::Span => Type::Any,
        };
        Ok(CheckedPart {
            code: format!("{}[{}]", piece.code, index.code),
            of,
            from: piece.from,
            to: self.last_end(),
            literal: None,
            may_be_none: piece.may_be_none,
            extra: Extra::default(),
        })
    }

    /// The type of a field whose name is no name of the grammar, like a column with a blank in it, or is computed.
    fn named_field(&mut self, piece: &CheckedPart, index: &CheckedPart) -> Type {
        let (from, to) = (index.from, index.to);
        let Some(field) = self.value(&index.code, from, to) else {
            return Type::Any;
        };
        let Some(field) = field.as_str() else {
            return Type::Any;
        };
        let place = names::Name {
            text: field,
            offset: from,
        };
        let of = names::field(&piece.of, self.slice(piece), place, self.scope);
        let is_plain = self.text.get(from + 1..to - 1) == Some(field);
        self.known(of.map_err(|fault| {
            let (offset, len) = if is_plain {
                (from + 1, field.len())
            } else {
                (from, to - from)
            };
            ExpressionFault {
                offset,
                len,
                ..fault
            }
            .with_vars(self.vars_in(from, to))
        }))
    }

    fn no_slices<T>(&mut self) -> Result<T, CheckStopped> {
        let token = self.peek();
        let fault = ExpressionFault::new(token.offset, 1, "slices of lists are not available");
        self.stop(fault.help("take one item, like `[0]`, or `| first`"))
    }
}

fn leaf(token: LexerToken<'_>, code: &str, of: Type) -> CheckedPart {
    CheckedPart {
        code: code.to_owned(),
        of,
        from: token.offset,
        to: token.end(),
        literal: None,
        may_be_none: false,
        extra: Extra::default(),
    }
}

/// A text in quotes with `{{ }}` in it, as texts that are joined.
fn joined_parts(text: &str) -> String {
    let (quote, inner) = (&text[..1], &text[1..text.len() - 1]);
    let mut parts = Vec::new();
    for (place, part) in inner.split("{{").enumerate() {
        let (code, behind) = match part.split_once("}}") {
            Some((code, behind)) if place > 0 => (Some(code.trim()), behind),
            Some(_) | None => (None, part),
        };
        parts.extend(code.map(foreign::operand));
        if !behind.is_empty() {
            parts.push(format!("{quote}{behind}{quote}"));
        }
    }
    parts.join(" ~ ")
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
