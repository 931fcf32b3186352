//! Values: constants, names, brackets, and the fields and items of all of them.

use super::reader::{CheckResult, CheckStopped, CheckedPart, Checker};
use crate::template::{
    ExpressionFault, foreign,
    lexer::{LexerToken, TokenKind, leading_name},
    names, ops,
    scope::Type,
};

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
                Ok(constant(token))
            }
            TokenKind::Name if foreign::OWN.contains(&token.text) => self.unexpected("a value"),
            TokenKind::Name => {
                self.next();
                let of = match token.text {
                    "true" | "True" | "false" | "False" => Type::Bool,
                    "none" | "None" => Type::None,
                    _ if self.peek().is_symbol("(") => return self.helper(token),
                    text => {
                        self.note_read(token);
                        if self.scope.get(text).is_none()
                            && let Some(meant) = foreign::constant(text)
                        {
                            return Ok(self.foreign_constant(token, meant));
                        }
                        let of = names::root(token, self.scope);
                        return Ok(leaf(token, text, self.known(of)));
                    }
                };
                Ok(leaf(token, &token.text.to_lowercase(), of))
            }
            TokenKind::Symbol if token.text == "{" && self.peek_at(1).is_symbol("{") => {
                self.next();
                self.next();
                let inner = self.expression()?;
                self.expect("}")?;
                let place = (token.offset, self.expect("}")?.end());
                let message = "remove the `{{ }}`: this is already an expression".to_owned();
                let code = foreign::operand(&self.written_part(&inner));
                self.note_rewriting(place, message, code);
                Ok(CheckedPart::unknown(place, inner.of))
            }
            TokenKind::Symbol if token.text == "(" => self.brackets("(", ")"),
            TokenKind::Symbol if token.text == "[" => self.brackets("[", "]"),
            TokenKind::Symbol | TokenKind::End => self.unexpected("a value"),
        }
    }

    /// Whether a text has a name of this expression in braces; the API's own variables (`{{owner}}`) are texts.
    fn is_template(&self, text: &str) -> bool {
        text.split("{{").skip(1).any(|inner| {
            let name = leading_name(inner.trim_start());
            inner.contains("}}") && self.scope.get(name).is_some()
        })
    }

    /// A value in brackets, or a list; a tuple is a list too.
    fn brackets(&mut self, open: &str, close: &str) -> CheckResult {
        let from = self.expect(open)?.offset;
        let mut items = Vec::new();
        let mut is_list = open == "[";
        while !self.peek().is_symbol(close) {
            items.push(self.expression()?);
            if self.symbol(",").is_none() {
                break;
            }
            is_list = true;
        }
        let place = (from, self.expect(close)?.end());
        if is_list {
            let codes: Vec<_> = items.iter().map(|item| item.code.as_str()).collect();
            let code = format!("[{}]", codes.join(", "));
            let of = items.iter().map(|item| item.of.clone()).reduce(Type::or);
            let list = CheckedPart::new(code, Type::List(Box::new(of.unwrap_or(Type::Any))), place);
            return Ok(CheckedPart { items, ..list });
        }
        let Some(part) = items.pop() else {
            let (from, to) = place;
            return self.stop(ExpressionFault::new(
                from,
                to - from,
                "a value is missing here",
            ));
        };
        let (from, to) = place;
        let code = format!("({})", part.code);
        Ok(CheckedPart {
            code,
            from,
            to,
            ..part
        }
        .or_none())
    }

    /// `.name`, `[…]` behind a value.
    fn postfix(&mut self, mut part: CheckedPart) -> CheckResult {
        loop {
            let token = self.peek();
            if self.dot() {
                part = match self.method(&part)? {
                    Some(part) => part,
                    None => self.field(&part)?,
                };
            } else if self.symbol("[").is_some() {
                part = self.subscript(&part)?;
            } else if token.is_symbol("(") {
                // Of a method that is not there, it is said already that it is not.
                let is_said = |fault: &ExpressionFault| fault.offset + fault.len == token.offset;
                if self.faults.last().is_some_and(is_said) {
                    return Err(CheckStopped);
                }
                let fault = token.fault(format!("`{}` can't be called", self.slice(&part)));
                return self.stop(fault.help(foreign::CALLED));
            } else {
                return Ok(part);
            }
        }
    }

    fn field(&mut self, part: &CheckedPart) -> CheckResult {
        let token = self.expect_name("field")?;
        Ok(self.member(part, token))
    }

    /// A field of a part; its name has been taken.
    fn member(&mut self, part: &CheckedPart, name: LexerToken<'_>) -> CheckedPart {
        let of = names::field(&part.of, self.slice(part), name, self.scope);
        let code = if part.may_be_none && matches!(part.of, Type::Record { .. }) {
            format!("{}({}, \"{}\")", ops::FIELD, part.code, name.text)
        } else {
            format!("{}.{}", part.code, name.text)
        };
        self.within(part, code, of)
    }

    /// What is read out of a part, up to the last token.
    fn within(
        &mut self,
        part: &CheckedPart,
        code: String,
        of: Result<Type, ExpressionFault>,
    ) -> CheckedPart {
        let may_be_none = part.may_be_none;
        let inner = CheckedPart::new(code, self.known(of), (part.from, self.last_end()));
        CheckedPart {
            may_be_none,
            ..inner
        }
    }

    fn subscript(&mut self, part: &CheckedPart) -> CheckResult {
        let index = match self.peek() {
            token if token.is_symbol(":") => return self.no_slices(),
            _ => self.expression()?,
        };
        if self.peek().is_symbol(":") {
            return self.no_slices();
        }
        self.expect("]")?;
        if let Some(field) = index
            .literal
            .as_deref()
            .filter(|field| !field.is_empty() && *field == leading_name(field))
        {
            // The caret stands below the name, not below its quotes.
            let inner = self.text[index.from..index.to]
                .find(field)
                .unwrap_or_default();
            return Ok(self.member(part, LexerToken::name(field, index.from + inner)));
        }
        let of = if let Type::List(item) = &part.of {
            Ok((**item).clone())
        } else if part.of.is_object() {
            self.named_field(part, &index)
        } else {
            Ok(Type::Any)
        };
        let code = format!("{}[{}]", part.code, index.code);
        Ok(self.within(part, code, of))
    }

    /// The type of a field whose name is no name of the grammar, like a column with a blank in it, or is computed.
    fn named_field(
        &self,
        part: &CheckedPart,
        index: &CheckedPart,
    ) -> Result<Type, ExpressionFault> {
        let value = self.value(index);
        let Some(field) = value.as_ref().and_then(|value| value.as_str()) else {
            return Ok(Type::Any);
        };
        let name = LexerToken::name(field, index.from + 1);
        names::field(&part.of, self.slice(part), name, self.scope).map_err(|fault| {
            let is_plain = self.text.get(index.from + 1..index.to - 1) == Some(field);
            let place = if is_plain {
                fault.clone()
            } else {
                index.fault("")
            };
            let (offset, len) = (place.offset, place.len);
            ExpressionFault {
                offset,
                len,
                ..fault
            }
            .with_vars(self.vars_in(index))
        })
    }

    fn no_slices<T>(&mut self) -> Result<T, CheckStopped> {
        let fault = self.peek().fault("slices of lists are not available");
        self.stop(fault.help("take one item, like `[0]`, or `| first`"))
    }
}

fn leaf(token: LexerToken<'_>, code: &str, of: Type) -> CheckedPart {
    CheckedPart::new(code, of, (token.offset, token.end()))
}

/// A text or a number.
pub(super) fn constant(token: LexerToken<'_>) -> CheckedPart {
    let is_text = token.kind == TokenKind::Text;
    let of = if is_text { Type::Text } else { Type::Number };
    let literal = token.content().map(str::to_owned);
    CheckedPart {
        literal,
        ..leaf(token, token.text, of)
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
