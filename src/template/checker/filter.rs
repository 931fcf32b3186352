//! Filters and tests, and whether what they name is there.

use super::{
    foreign::unknown,
    helper::{NamedArgument, counted, joined},
    operators::{DATE_HELP, list_of},
    reader::{CheckResult, CheckStopped, CheckedPart, Checker, Extra, content, name},
    words::{Comparison, Enumeration},
};
use crate::template::{
    ExpressionFault,
    compared::filtered,
    foreign,
    lexer::{LexerToken, TokenKind},
    names::{self, Name},
    scope::{Case, Type},
    signature::{self, FILTERS, FilterSignature, Gives, TESTS},
};

/// The tests that compare, which dates of the API do not as texts.
const COMPARING: &[&str] = &["eq", "ne", "lt", "le", "gt", "ge"];

impl Checker<'_> {
    /// A value with the filters and tests behind it.
    pub(super) fn filtered(&mut self) -> CheckResult {
        let piece = self.filters_and_tests()?;
        self.consider(&piece);
        Ok(piece)
    }

    fn filters_and_tests(&mut self) -> CheckResult {
        let mut piece = self.signed()?;
        loop {
            if self.symbol("|").is_some() {
                piece = self.filter(&piece)?;
            } else if self.symbol("??").is_some() {
                let other = self.signed()?;
                let [text, other] = [&piece, &other].map(|piece| self.written_piece(piece));
                let code = format!("{} | default({other})", foreign::operand(&text));
                let to = self.last_end();
                self.note_rewriting((piece.from, to), "`??` is not known here".to_owned(), code);
                piece = unknown(piece.from, to, Type::Any);
            } else if self.operator_word("is").is_some() {
                piece = match self.foreign_test(&piece)? {
                    Some(tested) => tested,
                    None => self.test(&piece)?,
                };
            } else {
                return Ok(piece);
            }
        }
    }

    fn filter(&mut self, piece: &CheckedPart) -> CheckResult {
        let token = self.peek();
        if token.kind != TokenKind::Name {
            return self.unexpected("the name of a filter");
        }
        self.next();
        let arguments = if self.peek().is(TokenKind::Symbol, "(") {
            self.arguments()?
        } else {
            Vec::new()
        };
        if self.peek().is(TokenKind::Symbol, ".") {
            let (from, to) = (piece.from, self.last_end());
            let code = format!("({})", self.written(from, to));
            self.note_rewriting((from, to), "a filter has no fields".to_owned(), code);
            return Err(CheckStopped);
        }
        let found = FILTERS.iter().find(|filter| filter.name == token.text);
        let is_helper = arguments.is_empty() && signature::helper(token.text).is_some();
        if found.is_none() && is_helper {
            let code = format!("{}({})", token.text, self.written_piece(piece));
            let message = format!("there is no filter `{}`", token.text);
            self.note_rewriting((piece.from, token.end()), message, code);
            return Ok(unknown(piece.from, token.end(), Type::Any));
        }
        if found.is_none()
            && let Some(piece) = self.foreign_filter(token, piece, &arguments)
        {
            return Ok(piece);
        }
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
        Ok(CheckedPart {
            code,
            of,
            from: piece.from,
            to: self.last_end(),
            literal: None,
            may_be_none: true,
            extra: Extra::default(),
        })
    }

    /// What the filter gives of `piece`.
    fn check_filter(
        &mut self,
        filter: &FilterSignature,
        token: LexerToken<'_>,
        piece: &CheckedPart,
        arguments: &[NamedArgument],
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
            self.note(ExpressionFault::new(token.offset, len, message));
        }
        let named = arguments.iter().find(|argument| argument.name.is_some());
        if named.is_some_and(|named| {
            filter.gives != Gives::Mapped || named.name.as_deref() != Some("attribute")
        }) {
            let message = format!("`{}` takes no argument of this name", filter.name);
            self.note(ExpressionFault::new(token.offset, len, message));
        }
        let item = match &piece.of {
            Type::List(item) => (**item).clone(),
            _ => Type::Any,
        };
        match filter.gives {
            Gives::Text => text_of(filter.name, &piece.of),
            Gives::Texts => Type::List(Box::new(Type::Text)),
            Gives::Number => Type::Number,
            Gives::Item => item,
            Gives::SameOrArgument => match arguments {
                [other] => piece.of.clone().or(other.piece.of.clone()),
                _ => Type::Any,
            },
            Gives::Same => {
                let (tested, test) = match arguments {
                    [attribute, test @ ..] if filter.name.ends_with("attr") => {
                        (self.attribute(piece, &item, &attribute.piece), test)
                    }
                    test => (item, test),
                };
                if let [test, rest @ ..] = test {
                    self.check_test_name(&tested, &test.piece, rest.len());
                }
                if let [test, value] = test {
                    self.note_names(piece, arguments, test, value);
                    let (field, texts) = self.tested_field(piece, arguments);
                    self.check_tested_words(&tested, (&field, &texts), &test.piece, &value.piece);
                }
                piece.of.clone()
            }
            Gives::Mapped => {
                let made = arguments.first().map(|argument| match argument.name {
                    Some(_) => self.attribute(piece, &item, &argument.piece),
                    None => self.check_filter_name(&argument.piece),
                });
                Type::List(Box::new(made.unwrap_or(Type::Any)))
            }
        }
    }

    /// Notes what a filter by name looks for.
    fn note_names(
        &mut self,
        list: &CheckedPart,
        arguments: &[NamedArgument],
        test: &NamedArgument,
        value: &NamedArgument,
    ) {
        let attribute = arguments
            .first()
            .and_then(|first| first.piece.literal.as_deref());
        if let (Some("name"), Some(test)) = (attribute, &test.piece.literal) {
            let found = filtered(self.slice(list), test, self.slice(&value.piece));
            self.names.extend(found);
        }
    }

    /// The type of an attribute of the items of a list that a text names, which may be a path.
    fn attribute(&mut self, list: &CheckedPart, item: &Type, path: &CheckedPart) -> Type {
        let Some(literal) = &path.literal else {
            return Type::Any;
        };
        let mut of = item.clone();
        let mut owner = format!("{}[…]", self.slice(list));
        // Behind the opening quote.
        let mut offset = path.from + 1;
        for part in literal.split('.') {
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Type::Any;
            }
            let name = Name { text: part, offset };
            let found = names::field(&of, &owner, name, self.scope);
            of = self.known(found);
            owner = format!("{owner}.{part}");
            offset += part.len() + 1;
        }
        of
    }

    /// The filter that `map` applies to each item; of what type its results are is not followed.
    fn check_filter_name(&mut self, filter: &CheckedPart) -> Type {
        let known = |literal: &str| FILTERS.iter().any(|filter| filter.name == literal);
        if let Some(literal) = filter.literal.as_deref().filter(|literal| !known(literal)) {
            self.note(names::unknown_filter(Name {
                text: literal,
                offset: filter.from + 1,
            }));
        }
        Type::Any
    }

    fn check_test_name(&mut self, tested: &Type, test: &CheckedPart, arguments: usize) {
        let Some(literal) = &test.literal else {
            return;
        };
        let place = Name {
            text: literal,
            offset: test.from + 1,
        };
        self.check_test(tested, place, arguments);
    }

    /// `selectattr("status", "eq", "PENDING")`, `select("in", […])`: compared with an enumeration as by an operator.
    fn check_tested_words(
        &mut self,
        tested: &Type,
        (field, texts): (&str, &str),
        test: &CheckedPart,
        with: &CheckedPart,
    ) {
        if let (Some(words), Some(comparison)) = (
            Enumeration::of(tested),
            test.literal.as_deref().and_then(Comparison::named),
        ) {
            self.check_words(words.of_any(), (field, texts), comparison, with);
        }
    }

    /// What a test with a value looks at, as a message names it; and the texts that it finds there.
    fn tested_field(&self, list: &CheckedPart, arguments: &[NamedArgument]) -> (String, String) {
        let attribute = match arguments {
            [attribute, _, _] => attribute.piece.literal.as_deref(),
            _ => None,
        };
        let list = self.slice(list);
        match attribute {
            Some(name) => (
                format!("{list}[…].{name}"),
                format!("{list} | map(attribute=\"{name}\") | map(\"string\")"),
            ),
            None => (format!("{list}[…]"), format!("{list} | map(\"string\")")),
        }
    }

    fn check_test(&mut self, tested: &Type, test: Name<'_>, arguments: usize) {
        match TESTS.iter().find(|(known, _)| *known == test.text) {
            None => self.note(names::unknown_test(test)),
            Some((_, wanted)) if *wanted != arguments => {
                let message = format!(
                    "`{}` takes {}, not {arguments}",
                    test.text,
                    counted(*wanted, *wanted)
                );
                self.note(ExpressionFault::new(test.offset, test.text.len(), message));
            }
            Some((known, _)) if matches!(tested, Type::Date) && COMPARING.contains(known) => {
                let message = format!("`{}` would compare a date as text", test.text);
                let fault = ExpressionFault::new(test.offset, test.text.len(), message);
                self.note(fault.help(DATE_HELP));
            }
            Some(_) => {}
        }
    }

    /// `is null`, `is not "PENDING"`, `is true`: what other languages write behind `is`.
    fn foreign_test(&mut self, piece: &CheckedPart) -> Result<Option<CheckedPart>, CheckStopped> {
        let is_not = self.peek().is(TokenKind::Name, "not")
            || foreign::operator(self.peek().text) == Some("not");
        let token = self.peek_at(usize::from(is_not));
        let text = self.written_piece(piece);
        let operand = foreign::operand(&text);
        let is_own = TESTS.iter().any(|(test, _)| *test == token.text);
        let is_word = token
            .text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let equality = if is_not { "!=" } else { "==" };
        let constant =
            foreign::constant(token.text).filter(|constant| matches!(*constant, "true" | "false"));
        let code = match token.kind {
            _ if is_own => return Ok(None),
            TokenKind::Text if piece.of.is_text() || matches!(piece.of, Type::Any) => {
                format!("{operand} {equality} {}", token.text)
            }
            TokenKind::Name => match (constant, foreign::test(token.text)) {
                (Some(constant), _) => format!("{operand} {equality} {constant}"),
                (None, Some(meant)) => {
                    if is_not {
                        self.operator_word("not");
                    }
                    let message = format!("there is no test `{}`", token.text);
                    self.note_rewriting((token.offset, token.end()), message, meant.to_owned());
                    self.next();
                    if self.peek().is(TokenKind::Symbol, "(") {
                        self.arguments()?;
                    } else if matches!(self.peek().kind, TokenKind::Text | TokenKind::Number) {
                        self.next();
                    }
                    return Ok(Some(unknown(piece.from, self.last_end(), Type::Bool)));
                }
                (None, None) if is_word => format!("{operand} {equality} \"{}\"", token.text),
                (None, None) => match foreign::written(token.text, &[&text]) {
                    Some(written) if is_not => foreign::negated(&written.code),
                    Some(written) => written.code,
                    None => return Ok(None),
                },
            },
            TokenKind::Text | TokenKind::Number | TokenKind::Symbol | TokenKind::End => {
                return Ok(None);
            }
        };
        if is_not {
            self.next();
        }
        self.next();
        let message = format!("there is no test `{}`", token.text);
        self.note_rewriting((piece.from, token.end()), message, code);
        Ok(Some(unknown(piece.from, token.end(), Type::Bool)))
    }

    /// `is name`, `is not name(…)`.
    fn test(&mut self, piece: &CheckedPart) -> CheckResult {
        let not = self.operator_word("not").map_or("", |_| "not ");
        let token = self.peek();
        if token.kind != TokenKind::Name {
            return self.unexpected("the name of a test");
        }
        self.next();
        let arguments = match self.peek() {
            next if next.is(TokenKind::Symbol, "(") => self.arguments()?,
            // `is startingwith "x"`.
            next if matches!(next.kind, TokenKind::Text | TokenKind::Number) => {
                self.next();
                vec![NamedArgument {
                    name: None,
                    piece: CheckedPart {
                        code: next.text.to_owned(),
                        of: match next.kind {
                            TokenKind::Text => Type::Text,
                            TokenKind::Number
                            | TokenKind::Name
                            | TokenKind::Symbol
                            | TokenKind::End => Type::Number,
                        },
                        from: next.offset,
                        to: next.end(),
                        literal: content(next),
                        may_be_none: false,
                        extra: Extra::default(),
                    },
                }]
            }
            _ => Vec::new(),
        };
        self.check_test(&piece.of, name(token), arguments.len());
        if let ([part], Some(words)) = (&arguments[..], Enumeration::of(&piece.of)) {
            let field = self.slice(piece);
            match token.text {
                "startingwith" => {
                    self.check_part(words, field, "at its start", &part.piece, |word, text| {
                        word.starts_with(text)
                    });
                }
                "endingwith" => {
                    self.check_part(words, field, "at its end", &part.piece, |word, text| {
                        word.ends_with(text)
                    });
                }
                _ => {}
            }
        }
        let extra = match (&arguments[..], Comparison::named(token.text)) {
            ([with], Some(test)) => {
                let test = if not.is_empty() { test } else { test.negated() };
                self.compare_words(piece, test, &with.piece)
            }
            _ => Extra::default(),
        };
        let item = match &arguments[..] {
            [list] if token.text == "in" => {
                let operator = if not.is_empty() { "in" } else { "not in" };
                self.item_of(piece, operator, &list.piece)
            }
            _ => None,
        };
        let list = match &arguments[..] {
            [list] if token.text == "in" => list_of(piece, &list.piece),
            _ => None,
        };
        let tested = item.as_ref().unwrap_or(&piece.code);
        // In brackets: minijinja would read a word behind the test's name as its argument.
        let code = if arguments.is_empty() {
            format!("({tested} is {not}{})", token.text)
        } else {
            format!(
                "({tested} is {not}{}({}))",
                token.text,
                list.unwrap_or_else(|| joined(&arguments))
            )
        };
        Ok(CheckedPart {
            code,
            of: Type::Bool,
            from: piece.from,
            to: self.last_end(),
            literal: None,
            may_be_none: false,
            extra,
        })
    }
}

/// What a filter makes of a text. Letters and blanks change nothing of which word it is; `string` says that any is meant.
fn text_of(filter: &str, of: &Type) -> Type {
    let Type::Word { words, found, case } = *of else {
        return Type::Text;
    };
    let case = match filter {
        "lower" => Case::Lower,
        "upper" => Case::Upper,
        "trim" => case,
        _ => return Type::Text,
    };
    Type::Word { words, found, case }
}

#[cfg(test)]
mod tests {
    use crate::testing::expressions::shown;

    #[test]
    fn what_filters_and_tests_name_is_checked() {
        for (text, under, message) in [
            (
                "task.name | replace('a') == 'x'",
                "replace",
                "`replace` takes 2 arguments, not 1",
            ),
            (
                "task.name | default('x', true) == 'x'",
                "default",
                "`default` takes 1 argument, not 2",
            ),
            (
                "task.name | lower(1) == 'x'",
                "lower",
                "`lower` takes no arguments, not 1",
            ),
            (
                "task.name | join(1, 2) == 'x'",
                "join",
                "`join` takes 0 to 1 arguments, not 2",
            ),
            (
                "task.name | default(value='x') == 'x'",
                "default",
                "`default` takes no argument of this name",
            ),
            (
                "execution.tasks | selectattr('staus', 'eq', 'x') | length > 0",
                "staus",
                "`execution.tasks[…]` has no field `staus`",
            ),
            (
                "execution.tasks | selectattr('schedule.mod') | length > 0",
                "mod",
                "`execution.tasks[…].schedule` has no field `mod`",
            ),
            (
                "execution.tasks | selectattr('name', 'equals', 'x') | length > 0",
                "equals",
                "there is no test `equals`",
            ),
            (
                "execution.tasks | selectattr('name', 'eq') | length > 0",
                "eq",
                "`eq` takes 1 argument, not 0",
            ),
            (
                "task.taxonomies | select('equals', 'x') | length > 0",
                "equals",
                "there is no test `equals`",
            ),
            (
                "(execution.tasks | map(attribute='dueDate')) == []",
                "dueDate",
                "`execution.tasks[…]` has no field `dueDate`",
            ),
            (
                "(task.taxonomies | map('uper')) == []",
                "uper",
                "there is no filter `uper`",
            ),
            (
                "execution.tasks | selectattr('due_date', 'lt', '2026-12-01') | length > 0",
                "lt",
                "`lt` would compare a date as text",
            ),
            (
                "task.due_date is eq('2026-12-01')",
                "eq",
                "`eq` would compare a date as text",
            ),
            (
                "task.name is startingwith",
                "startingwith",
                "`startingwith` takes 1 argument, not 0",
            ),
            (
                "task.name is none('x')",
                "none",
                "`none` takes no arguments, not 1",
            ),
            (
                "(execution.tasks | selectattr('enabled') | first).nme == 'x'",
                "nme",
                "`(execution.tasks | selectattr('enabled') | first)` has no field `nme`",
            ),
            (
                "(task.name | default(3)) == 3 and tsk",
                "tsk",
                "`tsk` is not known here",
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
}
