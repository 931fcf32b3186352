//! What to write in place of a comparison of values whose types do not fit.

use super::reader::{CheckedPart, Checker};
use crate::{
    dates,
    template::{foreign::operand, scope::Type, signature::DUE},
};

/// Where nothing can be told from the types.
const ONE_TYPE: &str = "compare values of one type";

impl Checker<'_> {
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
        self.one_side(left, operator, right).or_else(|| {
            let (list, item) = match (&left.of, &right.of) {
                (Type::List(_), _) => (left, right),
                (_, Type::List(_)) => (right, left),
                _ => return None,
            };
            let Type::List(of) = &list.of else {
                return None;
            };
            let item = match (&**of, &item.of) {
                (of, Type::Number) if of.is_text() => self.number_in_quotes(item)?,
                (of, other) if (of.is_text() || matches!(of, Type::Any)) && other.is_text() => {
                    operand(&self.written_piece(item))
                }
                _ => return None,
            };
            let operator = if is_equal { "in" } else { "not in" };
            Some(format!(
                "{item} {operator} {}",
                operand(&self.written_piece(list))
            ))
        })
    }

    /// An order of two values of one type: texts of digits are ordered as numbers.
    pub(super) fn fitting_order(
        &self,
        left: &CheckedPart,
        operator: &str,
        right: &CheckedPart,
    ) -> Option<String> {
        let number = |piece: &CheckedPart| {
            let text = self.written_piece(piece);
            self.as_type(piece, &Type::Number)
                .or_else(|| {
                    piece
                        .of
                        .is_text()
                        .then(|| format!("{} | int", operand(&text)))
                })
                .unwrap_or(text)
        };
        match (&left.of, &right.of) {
            (Type::Number, of) | (of, Type::Number) if of.is_text() => {
                let is_wrong = |piece: &CheckedPart| {
                    piece
                        .literal
                        .as_deref()
                        .is_some_and(|text| text.parse::<i64>().is_err())
                };
                if is_wrong(left) || is_wrong(right) {
                    return None;
                }
                Some(format!("{} {operator} {}", number(left), number(right)))
            }
            (Type::Instant, _) | (_, Type::Instant) => self.one_side(left, operator, right),
            (_, _) => None,
        }
    }

    /// A comparison of which one side is written as the type of the other.
    pub(super) fn one_side(
        &self,
        left: &CheckedPart,
        operator: &str,
        right: &CheckedPart,
    ) -> Option<String> {
        let [l, r] = [left, right].map(|piece| self.written_piece(piece));
        if let Some(right) = self.as_type(right, &left.of) {
            return Some(format!("{l} {operator} {right}"));
        }
        self.as_type(left, &right.of)
            .map(|left| format!("{left} {operator} {r}"))
    }

    /// A value as one of another type, where that can be told from how it is written.
    fn as_type(&self, piece: &CheckedPart, of: &Type) -> Option<String> {
        let literal = piece.literal.as_deref();
        let text = self.written_piece(piece);
        match (of, &piece.of) {
            (Type::Bool, Type::Number) => match text.as_str() {
                "1" => Some("true".to_owned()),
                "0" => Some("false".to_owned()),
                _ => None,
            },
            (Type::Bool, Type::Text) => match literal?.to_lowercase().as_str() {
                "true" | "yes" | "1" => Some("true".to_owned()),
                "false" | "no" | "0" => Some("false".to_owned()),
                _ => None,
            },
            (Type::Number, Type::Text) => {
                let literal = literal?;
                literal.parse::<i64>().ok().map(|number| number.to_string())
            }
            (of, Type::Number) if of.is_text() => self
                .number_in_quotes(piece)
                .or_else(|| Some(format!("{} | string", operand(&text)))),
            (Type::Instant, Type::Text | Type::Id) => match literal {
                Some(literal) if !is_date(literal) => None,
                Some(_) | None => Some(format!("date({text})")),
            },
            _ => None,
        }
    }

    fn number_in_quotes(&self, piece: &CheckedPart) -> Option<String> {
        let text = self.slice(piece);
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
        let [item_text, list_text] = [item, list].map(|piece| self.written_piece(piece));
        if matches!(item.of, Type::Number) {
            let item = self.number_in_quotes(item)?;
            return Some(format!("{item} {operator} {list_text}"));
        }
        let items = list.extra.items.iter().map(|part| {
            let text = &self.text[part.from..part.to];
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| format!("\"{text}\""))
        });
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
        let [left, right] = [left, right].map(|piece| {
            let text = self.written_piece(piece);
            match (&piece.of, piece.literal.as_deref()) {
                (Type::Instant, _) => Ok(text),
                (Type::Date, _) => Ok(instant_of(&text)),
                (_, Some(literal)) => match dates::instant(literal, &jiff::tz::TimeZone::UTC) {
                    Ok(_) => Ok(format!("date({text})")),
                    Err(error) => Err(error.to_string()),
                },
                (_, None) => Ok(format!("date({text})")),
            }
        });
        Ok(format!("{} {operator} {}", left?, right?))
    }
}

/// The instant of a date of the API: a due date is that of its object.
fn instant_of(date: &str) -> String {
    let owner = DUE
        .iter()
        .find_map(|field| date.strip_suffix(field)?.strip_suffix('.'));
    match owner {
        Some(owner) => format!("due({owner})"),
        None => format!("date({date})"),
    }
}

fn is_date(text: &str) -> bool {
    dates::instant(text, &jiff::tz::TimeZone::UTC).is_ok()
}
