//! Filters and tests, and whether what they name is there.

use super::{
    helper::{Argument, counted, joined},
    reader::{Checker, Piece, Read, content, name},
};
use crate::template::{
    Fault,
    lexer::{Kind, Token},
    names::{self, Name},
    scope::Type,
    signature::{FILTERS, Filter, Gives, TESTS},
};

impl Checker<'_> {
    /// A value with the filters and tests behind it.
    pub(super) fn filtered(&mut self) -> Read {
        let mut piece = self.signed()?;
        loop {
            if self.symbol("|").is_some() {
                piece = self.filter(&piece)?;
            } else if self.word("is").is_some() {
                piece = self.test(&piece)?;
            } else {
                return Ok(piece);
            }
        }
    }

    fn filter(&mut self, piece: &Piece) -> Read {
        let token = self.peek();
        if token.kind != Kind::Name {
            return self.unexpected("the name of a filter");
        }
        self.next();
        let arguments = if self.peek().is(Kind::Symbol, "(") {
            self.arguments()?
        } else {
            Vec::new()
        };
        if self.peek().is(Kind::Symbol, ".") {
            let whole = &self.text[piece.from..self.last_end()];
            let help = format!("write `({whole})` before the field");
            let fault = Fault::new(self.peek().offset, 1, "a filter has no fields");
            return self.stop(fault.help(help));
        }
        let found = FILTERS.iter().find(|filter| filter.name == token.text);
        let of = if let Some(filter) = found {
            self.check_filter(filter, token, piece, &arguments)
        } else {
            self.note(names::unknown_filter(name(token)));
            Type::Any
        };
        let code = if arguments.is_empty() {
            format!("{} | {}", piece.code, token.text)
        } else {
            format!("{} | {}({})", piece.code, token.text, joined(&arguments))
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
    fn test(&mut self, piece: &Piece) -> Read {
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
        let code = if arguments.is_empty() {
            format!("({} is {not}{})", piece.code, token.text)
        } else {
            format!(
                "({} is {not}{}({}))",
                piece.code,
                token.text,
                joined(&arguments)
            )
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
