//! The rules of the grammar, from the weakest operator to the strongest.

use super::{
    foreign::unknown,
    reader::{CheckResult, CheckStopped, CheckedPart, Checker, Extra, TextPart},
    words::Comparison,
};
use crate::template::{
    compared::compared,
    foreign,
    lexer::{LexerToken, TokenKind},
    ops,
    scope::Type,
};

/// The comparisons, and what is written for them.
const COMPARISONS: &[(&str, &str)] = &[
    ("==", ops::EQUAL),
    ("!=", ops::NOT_EQUAL),
    ("<", ops::LESS),
    ("<=", ops::LESS_OR_EQUAL),
    (">", ops::GREATER),
    (">=", ops::GREATER_OR_EQUAL),
];

/// What to write instead of a comparison of dates as texts.
pub(super) const DATE_HELP: &str =
    "compare instants: `due(…)` of an object, or `date(\"2026-12-24\")`";

impl<'a> Checker<'a> {
    /// `a if condition else b`, and all that binds stronger.
    pub(super) fn expression(&mut self) -> CheckResult {
        self.deeper(|this| {
            let start = this.mark();
            let value = this.any_of()?;
            if this.peek().is(TokenKind::Symbol, "?") {
                return this.ternary(&value);
            }
            if this.operator_word("if").is_none() {
                this.consider(&value);
                return Ok(value);
            }
            let behind_value = this.mark();
            let condition = this.any_of()?;
            if this.operator_word("else").is_none() {
                return this.unexpected("`else` with another value");
            }
            let truth = this.truth(&condition);
            let before_other = this.mark();
            let other = this.expression()?;
            match truth {
                Some(true) => this.forget(before_other, this.mark()),
                Some(false) => this.forget(start, behind_value),
                None => {}
            }
            Ok(CheckedPart {
                code: format!("{} if {} else {}", value.code, condition.code, other.code),
                of: value.of.or(other.of),
                from: value.from,
                to: other.to,
                literal: None,
                may_be_none: true,
                extra: Extra::default(),
            })
        })
    }

    fn any_of(&mut self) -> CheckResult {
        self.junction("or", Self::all_of)
    }

    fn all_of(&mut self) -> CheckResult {
        self.junction("and", Self::negation)
    }

    /// Parts joined by `and` or `or`. Where one decides for all variables' sake, those behind it are never evaluated.
    fn junction(&mut self, word: &str, part: fn(&mut Self) -> CheckResult) -> CheckResult {
        let is_and = word == "and";
        let mut left = part(self)?;
        if !self.peek().is(TokenKind::Name, word)
            && foreign::operator(self.peek().text) != Some(word)
        {
            return Ok(left);
        }
        let mut is_decided = self.truth(&left) == Some(!is_and);
        let mut never = left.extra.never.take();
        let mut onlys = Vec::new();
        if let Some(only) = left.extra.only.take() {
            onlys.push((TextPart::of(&left), only));
        }
        while self.operator_word(word).is_some() {
            let start = self.mark();
            let mut right = part(self)?;
            if is_decided {
                self.forget(start, self.mark());
            }
            is_decided |= self.truth(&right) == Some(!is_and);
            never = if is_and {
                never.or(right.extra.never.take())
            } else {
                never.filter(|_| right.extra.never.is_some())
            };
            if let Some(only) = right.extra.only.take() {
                onlys.push((TextPart::of(&right), only));
            }
            left = CheckedPart {
                code: format!("{} {word} {}", left.code, right.code),
                of: left.of.or(right.of),
                from: left.from,
                to: right.to,
                literal: None,
                may_be_none: true,
                extra: Extra::default(),
            };
        }
        if is_and {
            never = never.or_else(|| self.exclusion(&onlys));
        }
        left.extra.never = never;
        Ok(left)
    }

    fn negation(&mut self) -> CheckResult {
        let Some(not) = self.operator_word("not") else {
            return self.comparison();
        };
        let piece = self.deeper(Self::negation)?;
        Ok(CheckedPart {
            code: format!("not {}", piece.code),
            of: Type::Bool,
            from: not.offset,
            literal: None,
            extra: Extra::default(),
            ..piece
        })
    }

    fn comparison(&mut self) -> CheckResult {
        let left = self.sum()?;
        if let Some(piece) = self.foreign_comparison(&left)? {
            return Ok(piece);
        }
        let Some((operator, function)) = self.comparison_operator()? else {
            return Ok(left);
        };
        let right = self.sum()?;
        let (from, to) = (self.peek().offset, right.to);
        if self.comparison_operator()?.is_some() {
            let operator = self.text[from..self.last_end()].to_owned();
            let other = self.sum()?;
            let [first, middle, last] = [(left.from, to), (right.from, to), (other.from, other.to)]
                .map(|(from, to)| self.written(from, to));
            let message = "comparisons can't be chained".to_owned();
            let code = format!("{first} and {middle} {operator} {last}");
            self.note_rewriting((left.from, other.to), message, code);
            return Ok(unknown(left.from, other.to, Type::Bool));
        }
        let (mut item, mut list) = (None, None);
        match function {
            ops::IN | ops::NOT_IN => {
                self.check_container(&right);
                self.check_items(function, &right);
                let word = if function == ops::IN { "in" } else { "not in" };
                item = self.item_of(&left, word, &right);
                list = list_of(&left, &right);
            }
            _ if self.compares_date_as_text(operator, &left, &right) => {}
            ops::EQUAL | ops::NOT_EQUAL => {
                self.check_equality(&left, function == ops::EQUAL, &right);
            }
            _ => self.check_order(&left, operator.text, &right),
        }
        self.check_length(&left, function, &right);
        let found = compared(function, self.slice(&left), self.slice(&right));
        self.names.extend(found);
        let comparison = Comparison::named(function);
        let extra = comparison.map(|comparison| self.compare_words(&left, comparison, &right));
        let piece = CheckedPart {
            code: format!(
                "{function}({}, {})",
                item.as_ref().unwrap_or(&left.code),
                list.as_ref().unwrap_or(&right.code)
            ),
            of: Type::Bool,
            from: left.from,
            to: right.to,
            literal: None,
            may_be_none: false,
            extra: extra.unwrap_or_default(),
        };
        self.consider(&piece);
        Ok(piece)
    }

    fn comparison_operator(
        &mut self,
    ) -> Result<Option<(LexerToken<'a>, &'static str)>, CheckStopped> {
        let token = self.peek();
        let function = |meant: &str| {
            let found = COMPARISONS.iter().find(|(symbol, _)| *symbol == meant);
            found.map(|(_, function)| *function)
        };
        if token.kind == TokenKind::Symbol
            && let Some(function) = function(token.text)
        {
            return Ok(Some((self.next(), function)));
        }
        if self.operator_word("in").is_some() {
            return Ok(Some((token, ops::IN)));
        }
        if self.operator_word("not").is_some() {
            return match self.operator_word("in") {
                Some(_) => Ok(Some((token, ops::NOT_IN))),
                None => self.unexpected("`in`"),
            };
        }
        let foreign = self.foreign_symbol(|meant| function(meant).is_some());
        Ok(foreign.and_then(|(token, meant)| Some((token, function(meant)?))))
    }

    fn check_container(&mut self, container: &CheckedPart) {
        match &container.of {
            Type::Any | Type::None | Type::Text | Type::Id | Type::Word { .. } | Type::List(_) => {}
            of @ (Type::Bool
            | Type::Number
            | Type::Date
            | Type::Instant
            | Type::Span
            | Type::Record { .. }
            | Type::Keys(_)) => {
                let message = format!("{} holds nothing", of.word());
                self.note_at(container, message, "`in` needs a list, or two texts");
            }
        }
    }

    /// The code of what is looked for in a list of another type than its own; the fault is noted.
    pub(super) fn item_of(
        &mut self,
        item: &CheckedPart,
        operator: &str,
        list: &CheckedPart,
    ) -> Option<String> {
        let Type::List(of) = &list.of else {
            return None;
        };
        match (&item.of, &**of) {
            (Type::Number, of) if of.is_text() => self.never_in(item, operator, list),
            (of, Type::Number) if of.is_text() => self.never_in(item, operator, list),
            (_, Type::Id) => {
                self.check_id(item);
                return Some(format!("{}({})", ops::ID, item.code));
            }
            _ => {}
        }
        None
    }

    fn never_in(&mut self, item: &CheckedPart, operator: &str, list: &CheckedPart) {
        let Type::List(of) = &list.of else {
            return;
        };
        let message = format!(
            "{} is looked for where {} stands",
            item.of.word(),
            of.word()
        );
        let code = self.fitting_containment(item, operator, list);
        self.note_comparison((item, list), message, code);
    }

    fn check_equality(&mut self, left: &CheckedPart, is_equal: bool, right: &CheckedPart) {
        if !can_be_equal(&left.of, &right.of) {
            let (a, b) = (left.of.word(), right.of.word());
            let code = self.fitting_equality(left, is_equal, right);
            self.note_comparison((left, right), format!("{a} is never equal to {b}"), code);
        }
    }

    /// One moment has many texts, so dates are not even equal as texts; to none they are compared.
    fn compares_date_as_text(
        &mut self,
        operator: LexerToken<'_>,
        left: &CheckedPart,
        right: &CheckedPart,
    ) -> bool {
        let date = |of: &Type| matches!(of, Type::Date);
        let none = |of: &Type| matches!(of, Type::None);
        let found = (date(&left.of) && !none(&right.of)) || (date(&right.of) && !none(&left.of));
        if found {
            let message = format!("`{}` would compare a date as text", operator.text);
            let meant = foreign::operator(operator.text).unwrap_or(operator.text);
            match self.dated(left, meant, right) {
                Ok(code) => self.note_comparison((left, right), message, Some(code)),
                Err(error) => self.note_both((left, right), error, DATE_HELP),
            }
        }
        found
    }

    fn check_order(&mut self, left: &CheckedPart, operator: &str, right: &CheckedPart) {
        let fits = match (&left.of, &right.of) {
            (Type::Any | Type::None, other) | (other, Type::Any | Type::None) => {
                other.is_text()
                    || matches!(other, Type::Any | Type::None | Type::Number | Type::Instant)
            }
            (Type::Number, Type::Number) | (Type::Instant, Type::Instant) => true,
            (left, right) => left.is_text() && right.is_text(),
        };
        if !fits {
            let message = format!("{} and {} have no order", left.of.word(), right.of.word());
            let operator = foreign::operator(operator).unwrap_or(operator);
            let code = self.fitting_order(left, operator, right);
            self.note_comparison((left, right), message, code);
        }
    }

    pub(super) fn sum(&mut self) -> CheckResult {
        let mut left = self.concatenation()?;
        while let Some(operator) = self.symbol("+").or_else(|| self.symbol("-")) {
            let right = self.concatenation()?;
            let minus = operator.text == "-";
            let timed = |of: &Type| matches!(of, Type::Instant | Type::Span);
            let (code, of) = if timed(&left.of) || timed(&right.of) {
                self.check_move(&left, minus, &right);
                let function = if minus { ops::EARLIER } else { ops::LATER };
                let code = format!("{function}({}, {})", left.code, right.code);
                (code, Type::Instant)
            } else {
                let code = format!("{} {} {}", left.code, operator.text, right.code);
                (code, arithmetic(&left.of, &right.of))
            };
            left = CheckedPart {
                code,
                of,
                from: left.from,
                to: right.to,
                literal: None,
                may_be_none: true,
                extra: Extra::default(),
            };
        }
        self.consider(&left);
        Ok(left)
    }

    fn check_move(&mut self, left: &CheckedPart, minus: bool, right: &CheckedPart) {
        let fits = match (&left.of, &right.of) {
            (Type::Instant | Type::Any, Type::Span | Type::Any) => true,
            (Type::Span, Type::Instant | Type::Any) => !minus,
            _ => false,
        };
        if !fits {
            let sign = if minus { "-" } else { "+" };
            let message = format!("{} {sign} {} is nothing", left.of.word(), right.of.word());
            let days = match (&left.of, &right.of, right.literal.as_deref()) {
                (Type::Instant, Type::Number, _) => Some(self.slice(right).to_owned()),
                (Type::Instant, Type::Text, Some(text)) => {
                    let days = text
                        .strip_suffix(" days")
                        .or_else(|| text.strip_suffix(" day"));
                    days.filter(|days| days.parse::<u32>().is_ok())
                        .map(str::to_owned)
                }
                _ => None,
            };
            if let Some(days) = days {
                let code = format!("{} {sign} days({days})", self.written_piece(left));
                self.note_rewriting((left.from, right.to), message, code);
            } else {
                let help = "move an instant by a span, like `now + days(3)`";
                self.note_both((left, right), message, help);
            }
        }
    }

    fn concatenation(&mut self) -> CheckResult {
        let first = self.product()?;
        if !self.peek().is(TokenKind::Symbol, "~") {
            return Ok(first);
        }
        let (from, mut to) = (first.from, first.to);
        let mut parts = vec![first.code];
        while self.symbol("~").is_some() {
            let part = self.product()?;
            to = part.to;
            parts.push(part.code);
        }
        Ok(CheckedPart {
            code: format!("{}({})", ops::CONCAT, parts.join(", ")),
            of: Type::Text,
            from,
            to,
            literal: None,
            may_be_none: false,
            extra: Extra::default(),
        })
    }

    fn product(&mut self) -> CheckResult {
        let operators = ["*", "/", "//", "%"].map(|symbol| (TokenKind::Symbol, symbol));
        self.chain(&operators, Self::power, |_, _| Type::Number)
    }

    fn power(&mut self) -> CheckResult {
        self.chain(&[(TokenKind::Symbol, "**")], Self::filtered, |_, _| {
            Type::Number
        })
    }

    /// Parts joined by operators that need no care, written as they are.
    fn chain(
        &mut self,
        operators: &[(TokenKind, &str)],
        part: fn(&mut Self) -> CheckResult,
        of: fn(Type, Type) -> Type,
    ) -> CheckResult {
        let mut left = part(self)?;
        while let Some(operator) = operators
            .iter()
            .find_map(|(kind, text)| self.take(*kind, text))
        {
            let right = part(self)?;
            left = CheckedPart {
                code: format!("{} {} {}", left.code, operator.text, right.code),
                of: of(left.of, right.of),
                from: left.from,
                to: right.to,
                literal: None,
                may_be_none: true,
                extra: Extra::default(),
            };
        }
        Ok(left)
    }
}

/// The code of what a field of words is looked for in: only when it is there can be told that it is no text.
pub(super) fn list_of(field: &CheckedPart, list: &CheckedPart) -> Option<String> {
    let is_unknown = matches!(
        (&field.of, &list.of),
        (Type::Word { .. }, Type::Any | Type::None)
    );
    is_unknown.then(|| format!("{}({})", ops::LIST, list.code))
}

fn arithmetic(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Number, Type::Number) => Type::Number,
        (
            Type::Text | Type::Id | Type::Word { .. } | Type::Date,
            Type::Text | Type::Id | Type::Word { .. } | Type::Date,
        ) => Type::Text,
        _ => Type::Any,
    }
}

/// Whether values of two types can ever be equal; a date of the API is a text.
fn can_be_equal(a: &Type, b: &Type) -> bool {
    let class = |of: &Type| match of {
        Type::Any | Type::None => None,
        Type::Bool => Some(0),
        Type::Number => Some(1),
        Type::Text | Type::Id | Type::Word { .. } | Type::Date => Some(2),
        Type::Instant => Some(3),
        Type::Span => Some(4),
        Type::List(_) => Some(5),
        Type::Record { .. } | Type::Keys(_) => Some(6),
    };
    match (class(a), class(b)) {
        (Some(a), Some(b)) => a == b,
        (None, _) | (_, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::expressions::{shown, test};

    #[test]
    fn a_comparison_that_can_only_mislead_is_a_fault() {
        for (text, message, help) in [
            (
                "task.due_date < now",
                "`<` would compare a date as text",
                "write `due(task) < now`",
            ),
            (
                "task.due_date <= '2026-12-01'",
                "`<=` would compare a date as text",
                "write `due(task) <= date('2026-12-01')`",
            ),
            (
                "now < '2026-12-01'",
                "an instant and text have no order",
                "write `now < date('2026-12-01')`",
            ),
            (
                "task.name < 3",
                "text and a number have no order",
                "write `task.name | int < 3`",
            ),
            (
                "'3' < task.name | length",
                "text and a number have no order",
                "write `3 < task.name | length`",
            ),
            (
                "task.enabled < 3",
                "true or false and a number have no order",
                "compare values of one type",
            ),
            (
                "days(1) < days(2)",
                "a span of time and a span of time have no order",
                "compare values of one type",
            ),
            (
                "task.assigned_to > 3",
                "a list and a number have no order",
                "compare values of one type",
            ),
            (
                "task.due_date == now",
                "`==` would compare a date as text",
                "write `due(task) == now`",
            ),
            (
                "vars.day != task.due_date",
                "`!=` would compare a date as text",
                "write `date(vars.day) != due(task)`",
            ),
            (
                "now == '2026-12-01'",
                "an instant is never equal to text",
                "write `now == date('2026-12-01')`",
            ),
            (
                "execution.phases == 'x'",
                "a list is never equal to text",
                "compare values of one type",
            ),
            (
                "task.phase_id == 3",
                "text is never equal to a number",
                "write `task.phase_id == \"3\"`",
            ),
            (
                "'x' in task",
                "an object holds nothing",
                "`in` needs a list, or two texts",
            ),
            (
                "'x' in now",
                "an instant holds nothing",
                "`in` needs a list, or two texts",
            ),
            (
                "now + 3 == now",
                "an instant + a number is nothing",
                "write `now + days(3)`",
            ),
            (
                "now - now == days(1)",
                "an instant - an instant is nothing",
                "move an instant by a span, like `now + days(3)`",
            ),
        ] {
            let faults = shown(text);
            assert_eq!(
                (faults[0].1.as_str(), faults[0].2.as_str()),
                (message, help),
                "{text}"
            );
        }
    }

    #[test]
    fn operators_bind_as_in_minijinja() {
        for (text, holds) in [
            ("true or false and false", true),
            ("(true or false) and false", false),
            ("not true or true", true),
            ("not (true or true)", false),
            ("not 'a' == 'b'", true),
            ("1 + 2 * 2 == 5", true),
            ("2 * 2 ** 3 == 16", true),
            ("10 - 2 - 3 == 5", true),
            ("'a' ~ 1 + 1 == 'a2'", false),
            ("-2 ** 2 == 4", true),
            ("'A' ~ 'B' | lower == 'Ab'", true),
            ("('A' ~ 'B') | lower == 'ab'", true),
            ("false if false else true", true),
            ("true if false else false if true else true", false),
            ("1 < 2 and 2 < 3", true),
        ] {
            assert_eq!(test(text).unwrap_or_default(), holds, "{text}");
        }
    }
}
