//! The rules of the grammar, from the weakest operator to the strongest.

use super::{
    reader::{CheckResult, CheckStopped, CheckedPart, Checker},
    words::Comparison,
};
use crate::template::{
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
            if this.symbol("?").is_some() {
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
            let code = format!("{} if {} else {}", value.code, condition.code, other.code);
            let of = value.of.clone().or(other.of.clone());
            Ok(CheckedPart::joined(code, of, &value, &other))
        })
    }

    fn any_of(&mut self) -> CheckResult {
        self.junction("or", Self::all_of)
    }

    fn all_of(&mut self) -> CheckResult {
        self.junction("and", Self::negation)
    }

    /// Parts joined by `and` or `or`. Where one decides for all variables' sake, those behind it are never evaluated.
    fn junction(&mut self, word: &str, read: fn(&mut Self) -> CheckResult) -> CheckResult {
        let is_and = word == "and";
        let mut is_decided = false;
        let mut parts = vec![];
        let mut part = read(self)?;
        while self.operator_word(word).is_some() {
            is_decided |= self.truth(&part) == Some(!is_and);
            parts.push(part);
            let start = self.mark();
            part = read(self)?;
            if is_decided {
                self.forget(start, self.mark());
            }
        }
        let Some(first) = parts.first() else {
            return Ok(part);
        };
        let from = first.from;
        parts.push(part);
        let never = parts.iter().map(|part| part.truth.never.clone());
        let never = if is_and {
            never.flatten().next().or_else(|| self.exclusion(&parts))
        } else {
            never
                .reduce(|all, never| all.filter(|_| never.is_some()))
                .flatten()
        };
        let codes: Vec<_> = parts.iter().map(|part| part.code.as_str()).collect();
        let code = codes.join(&format!(" {word} "));
        let of = parts.into_iter().map(|part| part.of).reduce(Type::or);
        let place = (from, self.last_end());
        let mut whole = CheckedPart::new(code, of.unwrap_or(Type::Any), place).or_none();
        whole.truth.never = never;
        Ok(whole)
    }

    fn negation(&mut self) -> CheckResult {
        let Some(not) = self.operator_word("not") else {
            return self.comparison();
        };
        let part = self.deeper(Self::negation)?;
        let may_be_none = part.may_be_none;
        let negated = CheckedPart::new(
            format!("not {}", part.code),
            Type::Bool,
            (not.offset, part.to),
        );
        Ok(CheckedPart {
            may_be_none,
            ..negated
        })
    }

    fn comparison(&mut self) -> CheckResult {
        let left = self.sum()?;
        if let Some(part) = self.foreign_comparison(&left)? {
            return Ok(part);
        }
        let Some((operator, function)) = self.comparison_operator()? else {
            return Ok(left);
        };
        let right = self.sum()?;
        let from = self.peek().offset;
        if self.comparison_operator()?.is_some() {
            let operator = &self.text[from..self.last_end()];
            let other = self.sum()?;
            let [first, middle, last] = [(left.from, right.to), right.place(), other.place()]
                .map(|(from, to)| self.written(from, to));
            let place = (left.from, other.to);
            let code = format!("{first} and {middle} {operator} {last}");
            self.note_rewriting(place, "comparisons can't be chained".to_owned(), code);
            return Ok(CheckedPart::unknown(place, Type::Bool));
        }
        let (mut item, mut list) = (left.code.clone(), right.code.clone());
        match function {
            ops::IN | ops::NOT_IN => {
                self.check_container(&right);
                self.check_items(function, &right);
                let word = if function == ops::IN { "in" } else { "not in" };
                (item, list) = self.contained(&left, word, &right);
            }
            _ if self.compares_date_as_text(operator, &left, &right) => {}
            ops::EQUAL | ops::NOT_EQUAL => {
                self.check_equality(&left, function == ops::EQUAL, &right);
            }
            _ => self.check_order(&left, operator.text, &right),
        }
        self.check_length(&left, function, &right);
        let code = format!("{function}({item}, {list})");
        let mut part = CheckedPart::new(code, Type::Bool, (left.from, right.to));
        if let Some(comparison) = Comparison::named(function) {
            part.truth = self.compare_words(&left, comparison, &right);
        }
        self.consider(&part);
        Ok(part)
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
        let Some(meant) = foreign::operator(token.text) else {
            return Ok(None);
        };
        Ok(function(meant).map(|function| {
            self.next();
            self.note_operator(token, meant);
            (token, function)
        }))
    }

    fn check_container(&mut self, container: &CheckedPart) {
        let of = &container.of;
        if !(of.is_open() || of.is_text() || matches!(of, Type::List(_))) {
            let fault = container.fault(format!("{} holds nothing", of.word()));
            self.note(fault.help("`in` needs a list, or two texts"));
        }
    }

    /// The codes of an item and of the list in which it is looked for; a fault is noted where their types do not fit.
    pub(super) fn contained(
        &mut self,
        item: &CheckedPart,
        operator: &str,
        list: &CheckedPart,
    ) -> (String, String) {
        let mut codes = (item.code.clone(), list.code.clone());
        if let Type::List(of) = &list.of {
            let is_number = |of: &Type| matches!(of, Type::Number);
            if (is_number(&item.of) && of.is_text()) || (item.of.is_text() && is_number(of)) {
                let (item_word, word) = (item.of.word(), of.word());
                let message = format!("{item_word} is looked for where {word} stands");
                let code = self.fitting_containment(item, operator, list);
                self.note_comparison((item, list), message, code);
            } else if matches!(**of, Type::Id) {
                self.check_id(item);
                codes.0 = format!("{}({})", ops::ID, item.code);
            }
        }
        // Only when the list is there can be told that it is no text.
        if matches!(item.of, Type::Word(_)) && list.of.is_open() {
            codes.1 = format!("{}({})", ops::LIST, list.code);
        }
        codes
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
        let is_date = |part: &CheckedPart| matches!(part.of, Type::Date);
        let is_none = |part: &CheckedPart| matches!(part.of, Type::None);
        let found = (is_date(left) && !is_none(right)) || (is_date(right) && !is_none(left));
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
        let has_order = |of: &Type| of.is_text() || matches!(of, Type::Number | Type::Instant);
        let fits = match (&left.of, &right.of) {
            (of, other) | (other, of) if of.is_open() => other.is_open() || has_order(other),
            (a, b) => has_order(a) && has_order(b) && can_be_equal(a, b),
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
        while let Some(operator) = self.symbol_of(&["+", "-"]) {
            let right = self.concatenation()?;
            let is_minus = operator.text == "-";
            let is_timed = |of: &Type| matches!(of, Type::Instant | Type::Span);
            let (code, of) = if is_timed(&left.of) || is_timed(&right.of) {
                self.check_move(&left, is_minus, &right);
                let function = if is_minus { ops::EARLIER } else { ops::LATER };
                let code = format!("{function}({}, {})", left.code, right.code);
                (code, Type::Instant)
            } else {
                let of = match (&left.of, &right.of) {
                    (Type::Number, Type::Number) => Type::Number,
                    (a, b) if a.is_written() && b.is_written() => Type::Text,
                    _ => Type::Any,
                };
                (
                    format!("{} {} {}", left.code, operator.text, right.code),
                    of,
                )
            };
            left = CheckedPart::joined(code, of, &left, &right);
        }
        self.consider(&left);
        Ok(left)
    }

    fn check_move(&mut self, left: &CheckedPart, is_minus: bool, right: &CheckedPart) {
        let fits = match (&left.of, &right.of) {
            (Type::Instant | Type::Any, Type::Span | Type::Any) => true,
            (Type::Span, Type::Instant | Type::Any) => !is_minus,
            _ => false,
        };
        if fits {
            return;
        }
        let sign = if is_minus { "-" } else { "+" };
        let message = format!("{} {sign} {} is nothing", left.of.word(), right.of.word());
        let days = match (&left.of, &right.of, right.literal.as_deref()) {
            (Type::Instant, Type::Number, _) => Some(self.slice(right)),
            (Type::Instant, Type::Text, Some(text)) => text
                .strip_suffix(" days")
                .or_else(|| text.strip_suffix(" day"))
                .filter(|days| days.parse::<u32>().is_ok()),
            _ => None,
        };
        if let Some(days) = days {
            let code = format!("{} {sign} days({days})", self.written_part(left));
            self.note_rewriting((left.from, right.to), message, code);
        } else {
            let help = "move an instant by a span, like `now + days(3)`";
            self.note_both((left, right), message, help);
        }
    }

    fn concatenation(&mut self) -> CheckResult {
        let mut part = self.product()?;
        let mut codes = vec![part.code.clone()];
        while self.symbol("~").is_some() {
            let next = self.product()?;
            codes.push(next.code);
            // One call of all parts: a call in a call for each would nest too deep for minijinja.
            let code = format!("{}({})", ops::CONCAT, codes.join(", "));
            part = CheckedPart::new(code, Type::Text, (part.from, next.to));
        }
        Ok(part)
    }

    fn product(&mut self) -> CheckResult {
        self.chain(&["*", "/", "//", "%"], Self::power)
    }

    fn power(&mut self) -> CheckResult {
        self.chain(&["**"], Self::filtered)
    }

    /// Parts joined by operators that need no care, written as they are.
    fn chain(&mut self, operators: &[&str], part: fn(&mut Self) -> CheckResult) -> CheckResult {
        let mut left = part(self)?;
        while let Some(operator) = self.symbol_of(operators) {
            let right = part(self)?;
            let code = format!("{} {} {}", left.code, operator.text, right.code);
            left = CheckedPart::joined(code, Type::Number, &left, &right);
        }
        Ok(left)
    }
}

/// Whether values of two types can ever be equal; a date of the API is a text.
fn can_be_equal(a: &Type, b: &Type) -> bool {
    a.is_open()
        || b.is_open()
        || a.is_same_kind(b)
        || (a.is_written() && b.is_written())
        || (a.is_object() && b.is_object())
}

#[cfg(test)]
mod tests;
