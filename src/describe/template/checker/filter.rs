//! Filters and tests, and whether what they name is there.

use super::{
    helper::{NamedArgument, joined, miscounted},
    operators::DATE_HELP,
    reader::{CheckResult, CheckStopped, CheckedPart, Checker},
    values::constant,
    words::Comparison,
};
use crate::template::{
    foreign,
    lexer::{LexerToken, TokenKind},
    names,
    scope::{Case, Enumeration, Type},
    signature::{self, Filter, Gives},
};

/// The tests that compare, which dates of the API do not as texts.
const COMPARING: &[&str] = &["eq", "ne", "lt", "le", "gt", "ge"];

impl Checker<'_> {
    /// A value with the filters and tests behind it.
    pub(super) fn filtered(&mut self) -> CheckResult {
        let mut part = self.signed()?;
        loop {
            if self.symbol("|").is_some() {
                part = self.filter(&part)?;
            } else if self.symbol("??").is_some() {
                let other = self.signed()?;
                let [text, other] = [&part, &other].map(|part| self.written_part(part));
                let code = format!("{} | default({other})", foreign::operand(&text));
                let place = (part.from, self.last_end());
                self.note_rewriting(place, "`??` is not known here".to_owned(), code);
                part = CheckedPart::unknown(place, Type::Any);
            } else if self.operator_word("is").is_some() {
                part = match self.foreign_test(&part)? {
                    Some(tested) => tested,
                    None => self.test(&part)?,
                };
            } else {
                self.consider(&part);
                return Ok(part);
            }
        }
    }

    fn filter(&mut self, part: &CheckedPart) -> CheckResult {
        let token = self.expect_name("filter")?;
        let name = token.text;
        let arguments = self.arguments()?;
        let place = (part.from, self.last_end());
        if self.peek().is_symbol(".") {
            let code = format!("({})", self.written(place.0, place.1));
            self.note_rewriting(place, "a filter has no fields".to_owned(), code);
            return Err(CheckStopped);
        }
        let of = if let Some(filter) = signature::filter(name) {
            self.check_filter(filter, token, part, &arguments)
        } else {
            let message = format!("there is no filter `{name}`");
            if arguments.is_empty() && signature::helper(name).is_some() {
                let place = (part.from, token.end());
                let code = format!("{name}({})", self.written_part(part));
                self.note_rewriting(place, message, code);
                return Ok(CheckedPart::unknown(place, Type::Any));
            }
            if let Some(call) = self.foreign_call(name, part.from, Some(part), &arguments, message)
            {
                return Ok(call);
            }
            self.note(names::unknown_filter(token));
            Type::Any
        };
        let mut code = format!("{} | {name}", part.code);
        if !arguments.is_empty() {
            code = format!("{code}({})", joined(&arguments));
        }
        Ok(CheckedPart::new(code, of, place).or_none())
    }

    /// What the filter gives of `part`.
    fn check_filter(
        &mut self,
        filter: &Filter<Gives>,
        token: LexerToken<'_>,
        part: &CheckedPart,
        arguments: &[NamedArgument<'_>],
    ) -> Type {
        if let Some(message) = miscounted(filter.name, filter.args, arguments.len()) {
            self.note(
                token
                    .fault(message)
                    .help(format!("it returns {}", filter.doc)),
            );
        }
        let allowed = (filter.gives == Gives::Mapped).then_some("attribute");
        let named = arguments.iter().find_map(|argument| argument.name);
        if named.is_some() && named != allowed {
            let message = format!("`{}` takes no argument of this name", filter.name);
            self.note(token.fault(message));
        }
        let item = match &part.of {
            Type::List(item) => (**item).clone(),
            _ => Type::Any,
        };
        let arguments: Vec<_> = arguments.iter().map(|argument| &argument.part).collect();
        match filter.gives {
            Gives::Text => text_of(filter.name, &part.of),
            Gives::Texts => Type::List(Box::new(Type::Text)),
            Gives::Number => Type::Number,
            Gives::Item => item,
            Gives::SameOrArgument => match arguments[..] {
                [other] => part.of.clone().or(other.of.clone()),
                _ => Type::Any,
            },
            Gives::Same => {
                self.check_selection(filter.name.ends_with("attr"), part, item, &arguments);
                part.of.clone()
            }
            Gives::Mapped => {
                let made = match arguments.first() {
                    Some(path) if named.is_some() => self.attribute(part, &item, path),
                    Some(filter) => self.check_filter_name(filter),
                    None => Type::Any,
                };
                Type::List(Box::new(made))
            }
        }
    }

    /// The test by which items of a list are selected, or an attribute of theirs that the first argument names.
    fn check_selection(
        &mut self,
        by_attribute: bool,
        list: &CheckedPart,
        item: Type,
        arguments: &[&CheckedPart],
    ) {
        let (tested, test) = match arguments {
            [attribute, test @ ..] if by_attribute => {
                (self.attribute(list, &item, attribute), test)
            }
            test => (item, test),
        };
        let [test, values @ ..] = test else {
            return;
        };
        let Some(name) = test.literal.as_deref() else {
            return;
        };
        self.check_test(&tested, LexerToken::name(name, test.from + 1), values.len());
        let [value] = values else {
            return;
        };
        let attribute = match arguments {
            [attribute, _, _] => attribute.literal.as_deref(),
            _ => None,
        };
        let Some(comparison) = Comparison::named(name) else {
            return;
        };
        if attribute == Some("name") {
            self.note_selected(list, comparison, value);
        }
        // Compared with an enumeration as by an operator.
        if let Some(words) = tested.words() {
            let written = self.slice(list);
            let (field, texts) = match attribute {
                Some(name) => (
                    format!("{written}[…].{name}"),
                    format!("{written} | map(attribute=\"{name}\")"),
                ),
                None => (format!("{written}[…]"), written.to_owned()),
            };
            let texts = format!("{texts} | map(\"string\")");
            self.check_words(words.of_any(), &field, Some(texts), comparison, value);
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
            let found = names::field(&of, &owner, LexerToken::name(part, offset), self.scope);
            of = self.known(found);
            owner = format!("{owner}.{part}");
            offset += part.len() + 1;
        }
        of
    }

    /// The filter that `map` applies to each item; of what type its results are is not followed.
    fn check_filter_name(&mut self, filter: &CheckedPart) -> Type {
        if let Some(name) = filter.literal.as_deref()
            && signature::filter(name).is_none()
        {
            self.note(names::unknown_filter(LexerToken::name(
                name,
                filter.from + 1,
            )));
        }
        Type::Any
    }

    fn check_test(&mut self, tested: &Type, test: LexerToken<'_>, arguments: usize) {
        let name = test.text;
        let Some(known) = signature::test(name) else {
            return self.note(names::unknown_test(test));
        };
        if let Some(message) = miscounted(name, known.args, arguments) {
            self.note(test.fault(message).help(format!("it checks {}", known.doc)));
        } else if matches!(tested, Type::Date) && COMPARING.contains(&name) {
            let message = format!("`{name}` would compare a date as text");
            self.note(test.fault(message).help(DATE_HELP));
        }
    }

    /// `is null`, `is not "PENDING"`, `is true`: what other languages write behind `is`.
    fn foreign_test(&mut self, part: &CheckedPart) -> Result<Option<CheckedPart>, CheckStopped> {
        let is_not = self.is_not();
        let token = self.peek_at(usize::from(is_not));
        let name = token.text;
        if signature::test(name).is_some() {
            return Ok(None);
        }
        let text = self.written_part(part);
        let message = format!("there is no test `{name}`");
        let equals = |value: &str| {
            let equality = if is_not { "!=" } else { "==" };
            Some(format!("{} {equality} {value}", foreign::operand(&text)))
        };
        let code = match token.kind {
            TokenKind::Text if part.of.is_text() || matches!(part.of, Type::Any) => equals(name),
            TokenKind::Name => match (foreign::constant(name), foreign::test(name)) {
                (Some(meant), _) if matches!(meant.of, Type::Bool) => equals(&meant.code),
                (_, Some(meant)) => {
                    if is_not {
                        self.operator_word("not");
                    }
                    self.next();
                    self.note_rewriting((token.offset, token.end()), message, meant.to_owned());
                    if self.peek().is_constant() {
                        self.next();
                    } else {
                        self.arguments()?;
                    }
                    let place = (part.from, self.last_end());
                    return Ok(Some(CheckedPart::unknown(place, Type::Bool)));
                }
                (_, None) if names::is_word(name) => equals(&format!("\"{name}\"")),
                (_, None) => foreign::written(name, &[&text]).map(|form| match form.code {
                    code if is_not => foreign::negated(&code),
                    code => code,
                }),
            },
            TokenKind::Text | TokenKind::Number | TokenKind::Symbol | TokenKind::End => None,
        };
        Ok(code.map(|code| {
            if is_not {
                self.next();
            }
            self.next();
            let place = (part.from, token.end());
            self.note_rewriting(place, message, code);
            CheckedPart::unknown(place, Type::Bool)
        }))
    }

    /// `is name`, `is not name(…)`.
    fn test(&mut self, part: &CheckedPart) -> CheckResult {
        let is_not = self.operator_word("not").is_some();
        let token = self.expect_name("test")?;
        let name = token.text;
        let arguments = if self.peek().is_constant() {
            // `is startingwith "x"`.
            let part = constant(self.next());
            vec![NamedArgument { name: None, part }]
        } else {
            self.arguments()?
        };
        self.check_test(&part.of, token, arguments.len());
        if arguments.iter().any(|argument| argument.name.is_some()) {
            self.note(token.fault(format!("`{name}` takes no named arguments")));
        }
        let mut tested = part.code.clone();
        let mut with = joined(&arguments);
        let place = (part.from, self.last_end());
        let mut part_of_test = CheckedPart::new("", Type::Bool, place);
        if let [NamedArgument { part: value, .. }] = &arguments[..] {
            if let Some(words) = part.of.words() {
                self.check_ends(words, self.slice(part), name, value);
            }
            if let Some(comparison) = Comparison::named(name) {
                let comparison = if is_not {
                    comparison.negated()
                } else {
                    comparison
                };
                part_of_test.truth = self.compare_words(part, comparison, value);
            }
            if name == "in" {
                let operator = if is_not { "not in" } else { "in" };
                (tested, with) = self.contained(part, operator, value);
            }
        }
        let not = if is_not { "not " } else { "" };
        // In brackets: minijinja would read a word behind the test's name as its argument.
        part_of_test.code = if arguments.is_empty() {
            format!("({tested} is {not}{name})")
        } else {
            format!("({tested} is {not}{name}({with}))")
        };
        Ok(part_of_test)
    }

    /// `is startingwith(…)` and `is endingwith(…)` of a word of the API.
    fn check_ends(&mut self, words: Enumeration, field: &str, test: &str, end: &CheckedPart) {
        match test {
            "startingwith" => {
                self.check_part(words, field, "at its start", end, |word, text| {
                    word.starts_with(text)
                });
            }
            "endingwith" => {
                self.check_part(words, field, "at its end", end, |word, text| {
                    word.ends_with(text)
                });
            }
            _ => {}
        }
    }
}

/// What a filter makes of a text. Letters and blanks change nothing of which word it is; `string` says that any is meant.
fn text_of(filter: &str, of: &Type) -> Type {
    let Some(words) = of.words() else {
        return Type::Text;
    };
    let case = match filter {
        "lower" => Case::Lower,
        "upper" => Case::Upper,
        "trim" => words.case,
        _ => return Type::Text,
    };
    Type::Word(Enumeration { case, ..words })
}

#[cfg(test)]
mod tests;
