//! What to write in place of a comparison of values whose types do not fit.

use super::reader::{CheckedPart, Checker};
use crate::{
    dates,
    template::{foreign::operand, helpers::DUE, scope::Type},
};

/// Where nothing can be told from the types.
const ONE_TYPE: &str = "compare values of one type";

impl Checker<'_> {
    pub(super) fn note_both(
        &mut self,
        (left, right): (&CheckedPart, &CheckedPart),
        message: String,
        help: &str,
    ) {
        let both = CheckedPart::unknown((left.from, right.to), Type::Any);
        self.note(both.fault(message).help(help));
    }

    /// Notes a comparison that can only mislead, with what to write in its place.
    pub(super) fn note_comparison(
        &mut self,
        (left, right): (&CheckedPart, &CheckedPart),
        message: String,
        code: Option<String>,
    ) {
        match code {
            Some(code) => self.note_rewriting((left.from, right.to), message, code),
            None => self.note_both((left, right), message, ONE_TYPE),
        }
    }

    /// `left == right` or `left != right`, so that their types fit.
    pub(super) fn fitting_equality(
        &self,
        left: &CheckedPart,
        is_equal: bool,
        right: &CheckedPart,
    ) -> Option<String> {
        let operator = if is_equal { "==" } else { "!=" };
        if let Some(code) = self.one_side(left, operator, right) {
            return Some(code);
        }
        let (list, of, item) = match (&left.of, &right.of) {
            (Type::List(of), _) => (left, of, right),
            (_, Type::List(of)) => (right, of, left),
            _ => return None,
        };
        let item = match &item.of {
            Type::Number if of.is_text() => self.number_in_quotes(item)?,
            other if (of.is_text() || matches!(**of, Type::Any)) && other.is_text() => {
                operand(&self.written_part(item))
            }
            _ => return None,
        };
        let operator = if is_equal { "in" } else { "not in" };
        let list = operand(&self.written_part(list));
        Some(format!("{item} {operator} {list}"))
    }

    /// An order of two values of one type: texts of digits are ordered as numbers.
    pub(super) fn fitting_order(
        &self,
        left: &CheckedPart,
        operator: &str,
        right: &CheckedPart,
    ) -> Option<String> {
        let number = |part: &CheckedPart| {
            let text = self.written_part(part);
            match self.as_type(part, &Type::Number) {
                Some(number) => number,
                None if part.of.is_text() => format!("{} | int", operand(&text)),
                None => text,
            }
        };
        let is_wrong = |part: &CheckedPart| {
            let literal = part.literal.as_deref();
            literal.is_some_and(|text| text.parse::<i64>().is_err())
        };
        match (&left.of, &right.of) {
            (Type::Number, of) | (of, Type::Number) if of.is_text() => {
                let fits = !is_wrong(left) && !is_wrong(right);
                fits.then(|| format!("{} {operator} {}", number(left), number(right)))
            }
            (Type::Instant, _) | (_, Type::Instant) => self.one_side(left, operator, right),
            (_, _) => None,
        }
    }

    /// A comparison of which one side is written as the type of the other.
    fn one_side(&self, left: &CheckedPart, operator: &str, right: &CheckedPart) -> Option<String> {
        let [l, r] = [left, right].map(|part| self.written_part(part));
        if let Some(right) = self.as_type(right, &left.of) {
            return Some(format!("{l} {operator} {right}"));
        }
        let left = self.as_type(left, &right.of)?;
        Some(format!("{left} {operator} {r}"))
    }

    /// A value as one of another type, where that can be told from how it is written.
    fn as_type(&self, part: &CheckedPart, of: &Type) -> Option<String> {
        let literal = part.literal.as_deref();
        let text = self.written_part(part);
        let truth = |text: &str| match text.to_lowercase().as_str() {
            "true" | "yes" | "1" => Some("true".to_owned()),
            "false" | "no" | "0" => Some("false".to_owned()),
            _ => None,
        };
        match (of, &part.of) {
            (Type::Bool, Type::Number) => truth(&text),
            (Type::Bool, Type::Text) => truth(literal?),
            (Type::Number, Type::Text) => literal?
                .parse::<i64>()
                .ok()
                .map(|number| number.to_string()),
            (of, Type::Number) if of.is_text() => self
                .number_in_quotes(part)
                .or_else(|| Some(format!("{} | string", operand(&text)))),
            (Type::Instant, Type::Text | Type::Id) => dated(&text, literal).ok(),
            _ => None,
        }
    }

    fn number_in_quotes(&self, part: &CheckedPart) -> Option<String> {
        let text = self.slice(part);
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| format!("\"{text}\""))
    }

    /// `item in list`, with numbers where texts stand, or the other way round.
    pub(super) fn fitting_containment(
        &self,
        item: &CheckedPart,
        operator: &str,
        list: &CheckedPart,
    ) -> Option<String> {
        let [item_text, list_text] = [item, list].map(|part| self.written_part(part));
        if matches!(item.of, Type::Number) {
            let item = self.number_in_quotes(item)?;
            return Some(format!("{item} {operator} {list_text}"));
        }
        let items = list.items.iter().map(|part| self.number_in_quotes(part));
        let items: Vec<String> = items.collect::<Option<_>>()?;
        (!items.is_empty()).then(|| format!("{item_text} {operator} [{}]", items.join(", ")))
    }

    /// A comparison of dates of the API as one of instants; an error for a text that is no date.
    pub(super) fn dated(
        &self,
        left: &CheckedPart,
        operator: &str,
        right: &CheckedPart,
    ) -> Result<String, String> {
        let [left, right] = [left, right].map(|part| {
            let text = self.written_part(part);
            match &part.of {
                Type::Instant => Ok(text),
                Type::Date => Ok(instant_of(&text)),
                _ => dated(&text, part.literal.as_deref()),
            }
        });
        Ok(format!("{} {operator} {}", left?, right?))
    }
}

/// The instant of a date of the API: a due date is that of its object.
fn instant_of(date: &str) -> String {
    let owner = |field| date.strip_suffix(field)?.strip_suffix('.');
    match DUE.iter().find_map(|field| owner(*field)) {
        Some(owner) => format!("due({owner})"),
        None => format!("date({date})"),
    }
}

/// The instant of a text, whose content is known when it is a literal; an error when that is no date.
fn dated(text: &str, literal: Option<&str>) -> Result<String, String> {
    if let Some(literal) = literal {
        dates::instant(literal, &jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    }
    Ok(format!("date({text})"))
}
