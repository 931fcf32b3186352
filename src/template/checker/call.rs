//! Helpers, filters and tests: their names, and whether their arguments can be right.

use super::{Checker, Piece, Read, Stop, content, name};
use crate::{
    dates::{self, Distance},
    template::{
        Fault,
        lexer::{Kind, Token},
        names::{self, Name},
        scope::Type,
        signature::{self, FILTERS, Filter, Gives, Param, Period, TESTS},
    },
};

/// An argument with its name, if it has one.
struct Argument {
    name: Option<String>,
    piece: Piece,
}

impl<'a> Checker<'a> {
    /// A call of the helper that `token` names.
    pub(super) fn helper(&mut self, token: Token<'a>) -> Read {
        let arguments = self.arguments()?;
        let piece = |code: String, of: Type, to: usize| Piece {
            code,
            of,
            from: token.offset,
            to,
            literal: None,
            may_be_none: false,
        };
        let Some(helper) = signature::helper(token.text) else {
            self.note(names::unknown_helper(name(token)));
            return Ok(piece(String::new(), Type::Any, self.last_end()));
        };
        if let Some(named) = arguments.iter().find(|argument| argument.name.is_some()) {
            let message = format!("`{}` takes no named arguments", helper.name);
            let at = named.piece.from;
            self.note(Fault::new(at, 0, message).help(format!("write `{}`", helper.usage)));
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
            let fault = Fault::new(token.offset, self.last_end() - token.offset, message);
            self.note(fault.help(format!("write `{}`", helper.usage)));
        }
        let code = format!("{}({})", helper.name, joined(&arguments));
        Ok(piece(code, (helper.gives)(), self.last_end()))
    }

    /// `(a, b, name=c)`.
    fn arguments(&mut self) -> Result<Vec<Argument>, Stop> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.peek().is(Kind::Symbol, ")") {
            let token = self.peek();
            let named = token.kind == Kind::Name
                && self
                    .tokens
                    .get(self.at + 1)
                    .is_some_and(|next| next.is(Kind::Symbol, "="));
            if named {
                self.next();
                self.next();
            }
            let piece = self.expression()?;
            arguments.push(Argument {
                name: named.then(|| token.text.to_owned()),
                piece,
            });
            if self.symbol(",").is_none() {
                break;
            }
        }
        self.expect(")")?;
        Ok(arguments)
    }

    fn check_argument(&mut self, helper: &str, param: Param, piece: &Piece) {
        match param {
            Param::Object(fields) => self.check_object(helper, fields, piece),
            Param::Id => self.check_kind(helper, piece, "an id", |of| {
                matches!(of, Type::Text | Type::Number)
            }),
            Param::Text => {
                self.check_kind(helper, piece, "a text", |of| matches!(of, Type::Text));
            }
            Param::Moment => {
                self.check_kind(helper, piece, "an instant or a date", |of| {
                    matches!(of, Type::Instant | Type::Text | Type::Date)
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
                    matches!(of, Type::Span | Type::Text)
                });
                self.check_literal(piece, |text| {
                    Distance::parse(text)
                        .map(|_| ())
                        .map_err(|error| error.to_string())
                });
            }
            Param::Days => {
                self.check_kind(helper, piece, "a whole number", |of| {
                    matches!(of, Type::Number | Type::Text)
                });
                self.check_literal(piece, |text| {
                    text.trim()
                        .parse::<i64>()
                        .map(|_| ())
                        .map_err(|_| format!("`{text}` is no whole number"))
                });
            }
            Param::Period => {
                self.check_kind(helper, piece, "a period", |of| matches!(of, Type::Text));
                self.check_literal(piece, |text| {
                    Period::parse(text)
                        .map(|_| ())
                        .ok_or_else(|| format!("`{text}` is no period: {}", Period::HELP))
                });
            }
        }
    }

    fn check_object(&mut self, helper: &str, fields: &[&str], piece: &Piece) {
        match &piece.of {
            Type::Record { record, .. } => {
                if !fields.iter().any(|field| record.field(field).is_some()) {
                    let message = format!(
                        "`{helper}` says nothing of `{}`: a {} has none of {}",
                        self.slice(piece),
                        record.name,
                        fields.join(", ")
                    );
                    self.note_at(piece, message, "ask an object that has one");
                }
            }
            Type::Any | Type::None => {}
            of @ (Type::Bool
            | Type::Number
            | Type::Text
            | Type::Date
            | Type::Instant
            | Type::Span
            | Type::List(_)
            | Type::Keys(_)) => {
                let message = format!("`{helper}` takes an object of the API, not {}", of.word());
                self.note_at(piece, message, "write `execution`, `phase` or `task`");
            }
        }
    }

    fn check_kind(&mut self, helper: &str, piece: &Piece, wanted: &str, fits: fn(&Type) -> bool) {
        let of = &piece.of;
        if !matches!(of, Type::Any | Type::None) && !fits(of) {
            let message = format!("`{helper}` takes {wanted} here, not {}", of.word());
            let usage = signature::helper(helper).map_or("", |helper| helper.usage);
            self.note_at(piece, message, format!("write it like `{usage}`"));
        }
    }

    fn check_literal(&mut self, piece: &Piece, check: impl Fn(&str) -> Result<(), String>) {
        let wrong = piece.literal.as_deref().map(check);
        if let Some(Err(message)) = wrong {
            self.note(Fault::new(piece.from, piece.to - piece.from, message));
        }
    }

    /// A value with the filters and tests behind it.
    pub(super) fn filtered(&mut self) -> Read {
        let mut piece = self.signed()?;
        loop {
            if self.symbol("|").is_some() {
                piece = self.filter(piece)?;
            } else if self.word("is").is_some() {
                piece = self.test(piece)?;
            } else {
                return Ok(piece);
            }
        }
    }

    fn filter(&mut self, piece: Piece) -> Read {
        let token = self.peek();
        if token.kind != Kind::Name {
            return self.unexpected("the name of a filter");
        }
        self.next();
        let arguments = match self.peek().is(Kind::Symbol, "(") {
            true => self.arguments()?,
            false => Vec::new(),
        };
        if self.peek().is(Kind::Symbol, ".") {
            let whole = &self.text[piece.from..self.last_end()];
            let help = format!("write `({whole})` before the field");
            let fault = Fault::new(self.peek().offset, 1, "a filter has no fields");
            return self.stop(fault.help(help));
        }
        let found = FILTERS.iter().find(|filter| filter.name == token.text);
        let of = match found {
            Some(filter) => self.check_filter(filter, token, &piece, &arguments),
            None => {
                self.note(names::unknown_filter(name(token)));
                Type::Any
            }
        };
        let code = match arguments.is_empty() {
            true => format!("{} | {}", piece.code, token.text),
            false => format!("{} | {}({})", piece.code, token.text, joined(&arguments)),
        };
        Ok(Piece {
            code,
            of,
            from: piece.from,
            to: self.last_end(),
            literal: None,
            may_be_none: true,
        })
    }

    /// What the filter gives of `piece`.
    fn check_filter(
        &mut self,
        filter: &Filter,
        token: Token<'_>,
        piece: &Piece,
        arguments: &[Argument],
    ) -> Type {
        let (least, most) = filter.args;
        let len = token.text.len();
        if !(least..=most).contains(&arguments.len()) {
            let message = format!(
                "`{}` takes {}, not {}",
                filter.name,
                counted(least, most),
                arguments.len()
            );
            self.note(Fault::new(token.offset, len, message));
        }
        let named = arguments.iter().find(|argument| argument.name.is_some());
        if named.is_some_and(|named| {
            filter.gives != Gives::Mapped || named.name.as_deref() != Some("attribute")
        }) {
            let message = format!("`{}` takes no argument of this name", filter.name);
            self.note(Fault::new(token.offset, len, message));
        }
        let item = match &piece.of {
            Type::List(item) => (**item).clone(),
            _ => Type::Any,
        };
        match filter.gives {
            Gives::Text => Type::Text,
            Gives::Number => Type::Number,
            Gives::Item => item,
            Gives::SameOrArgument => match arguments {
                [other] => piece.of.clone().or(other.piece.of.clone()),
                _ => Type::Any,
            },
            Gives::Same => {
                let mut arguments = arguments;
                if filter.name.ends_with("attr")
                    && let [attribute, rest @ ..] = arguments
                {
                    self.attribute(&item, &attribute.piece);
                    arguments = rest;
                }
                if let [test, rest @ ..] = arguments {
                    self.check_test_name(&test.piece, rest.len());
                }
                piece.of.clone()
            }
            Gives::Mapped => {
                let made = match arguments {
                    [
                        Argument {
                            name: Some(_),
                            piece,
                        },
                    ] => self.attribute(&item, piece),
                    _ => Type::Any,
                };
                Type::List(Box::new(made))
            }
        }
    }

    /// The type of an attribute of `item` that a text names, which may be a path.
    fn attribute(&mut self, item: &Type, path: &Piece) -> Type {
        let Some(literal) = &path.literal else {
            return Type::Any;
        };
        let mut of = item.clone();
        // Behind the opening quote.
        let mut offset = path.from + 1;
        for part in literal.split('.') {
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Type::Any;
            }
            let name = Name { text: part, offset };
            let found = names::field(&of, "an item", name);
            of = self.known(found);
            offset += part.len() + 1;
        }
        of
    }

    fn check_test_name(&mut self, test: &Piece, arguments: usize) {
        let Some(literal) = &test.literal else {
            return;
        };
        let place = Name {
            text: literal,
            offset: test.from + 1,
        };
        self.check_test(place, arguments);
    }

    fn check_test(&mut self, test: Name<'_>, arguments: usize) {
        match TESTS.iter().find(|(known, _)| *known == test.text) {
            None => self.note(names::unknown_test(test)),
            Some((_, wanted)) if *wanted != arguments => {
                let message = format!(
                    "`{}` takes {}, not {arguments}",
                    test.text,
                    counted(*wanted, *wanted)
                );
                self.note(Fault::new(test.offset, test.text.len(), message));
            }
            Some(_) => {}
        }
    }

    /// `is name`, `is not name(…)`.
    fn test(&mut self, piece: Piece) -> Read {
        let not = self.word("not").map_or("", |_| "not ");
        let token = self.peek();
        if token.kind != Kind::Name {
            return self.unexpected("the name of a test");
        }
        self.next();
        let arguments = match self.peek() {
            next if next.is(Kind::Symbol, "(") => self.arguments()?,
            // `is startingwith "x"`.
            next if matches!(next.kind, Kind::Text | Kind::Number) => {
                self.next();
                vec![Argument {
                    name: None,
                    piece: Piece {
                        code: next.text.to_owned(),
                        of: Type::Any,
                        from: next.offset,
                        to: next.end(),
                        literal: content(next),
                        may_be_none: false,
                    },
                }]
            }
            _ => Vec::new(),
        };
        self.check_test(name(token), arguments.len());
        // In brackets: minijinja would read a word behind the test's name as its argument.
        let code = match arguments.is_empty() {
            true => format!("({} is {not}{})", piece.code, token.text),
            false => format!(
                "({} is {not}{}({}))",
                piece.code,
                token.text,
                joined(&arguments)
            ),
        };
        Ok(Piece {
            code,
            of: Type::Bool,
            from: piece.from,
            to: self.last_end(),
            literal: None,
            may_be_none: false,
        })
    }
}

fn joined(arguments: &[Argument]) -> String {
    let codes = arguments.iter().map(|argument| match &argument.name {
        Some(name) => format!("{name}={}", argument.piece.code),
        None => argument.piece.code.clone(),
    });
    codes.collect::<Vec<_>>().join(", ")
}

fn counted(least: usize, most: usize) -> String {
    match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    }
}
