//! Decodes the answers of the service, also with unusual values.
//!
//! One text cut in the middle of a character, one number that is too large or one nesting that is too deep must not make the whole answer
//! unusable: most fields are never used. So every well-formed JSON text is decoded. Text that is not Unicode gets the replacement character
//! U+FFFD. A value that can't be kept becomes a note with the reason ([`unreadable`]), which only matters if the value is needed.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue};

use crate::text::cut;

/// The depth of nesting that is kept. The API's own depth is six; `serde_json` reads 128, of which plans and spooled data need a few
/// themselves.
const DEPTH: usize = 100;

/// The only key of the object that replaces a value that can't be kept; its value is the reason.
const UNREADABLE: &str = "can't be read";

/// Digits of a number that a message shows.
const DIGITS: usize = 60;

/// Decodes JSON. What `serde_json` reads without loss gets the same value; if a key occurs twice, the last value counts, as in
/// `serde_json`.
///
/// # Errors
///
/// If `bytes` are not well-formed JSON: cut off, or an HTML page.
pub fn decode(bytes: &[u8]) -> serde_json::Result<Value> {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(value) = serde_json::from_str(&text)
        && is_plain(&value, 0)
    {
        return Ok(value);
    }
    // Checks that all of it is well-formed, at any depth and without recursion.
    let raw: &RawValue = serde_json::from_str(&text)?;
    tree(raw, 0)
}

/// Why a value could not be kept, if this is such a note.
pub fn unreadable(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get(UNREADABLE)?.as_str()
}

/// The first value inside this one that could not be kept: its dotted path, empty for itself, and the reason.
pub fn find_unreadable(value: &Value) -> Option<(String, &str)> {
    if let Some(why) = unreadable(value) {
        return Some((String::new(), why));
    }
    match value {
        Value::Object(object) => object.iter().find_map(|(key, value)| below(key, value)),
        Value::Array(items) => (0..)
            .zip(items)
            .find_map(|(index, value): (usize, _)| below(index, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// As [`find_unreadable`], for the value of a key or an index.
fn below(key: impl fmt::Display, value: &Value) -> Option<(String, &str)> {
    let (path, why) = find_unreadable(value)?;
    let dot = if path.is_empty() { "" } else { "." };
    Some((format!("{key}{dot}{path}"), why))
}

/// Whether a text inside a value contains the replacement character.
pub fn holds_replacement(value: &Value) -> bool {
    let is_replaced = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    match value {
        Value::String(text) => is_replaced(text),
        Value::Array(items) => items.iter().any(holds_replacement),
        Value::Object(object) => object
            .iter()
            .any(|(key, value)| is_replaced(key) || holds_replacement(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether `serde_json` has lost nothing: it rounds numbers that are not 64-bit integers, and deep nesting could not be spooled.
pub fn is_plain(value: &Value, depth: usize) -> bool {
    let fits = depth < DEPTH;
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(items) => fits && items.iter().all(|item| is_plain(item, depth + 1)),
        Value::Object(object) => fits && object.values().all(|item| is_plain(item, depth + 1)),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// Decodes a value that is known to be well-formed.
fn tree(raw: &RawValue, depth: usize) -> serde_json::Result<Value> {
    let json = raw.get();
    let below = |raw| tree(raw, depth + 1);
    Ok(match json.as_bytes().first() {
        Some(b'{' | b'[') if depth >= DEPTH => {
            note(format!("it is nested more than {DEPTH} levels deep"))
        }
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(json)?;
            let entries = entries.into_iter();
            let read = entries.map(|(key, value)| Ok((text(key.get())?, below(value)?)));
            Value::Object(read.collect::<serde_json::Result<Map<_, _>>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json)?;
            let read = items.into_iter().map(below);
            Value::Array(read.collect::<serde_json::Result<_>>()?)
        }
        Some(b'"') => Value::String(text(json)?),
        Some(b'-' | b'0'..=b'9') if !is_exact(json) => note(format!(
            "the number {} is too large or too precise to be kept",
            cut(json, DIGITS)
        )),
        Some(_) | None => serde_json::from_str(json)?,
    })
}

fn note(why: String) -> Value {
    Value::Object(Map::from_iter([(
        UNREADABLE.to_owned(),
        Value::String(why),
    )]))
}

/// The entries of an object, undecoded.
struct Entries<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Collect).map(Self)
    }
}

/// The text in quotes, with U+FFFD for each surrogate without its other half.
fn text(quoted: &str) -> serde_json::Result<String> {
    serde_json::from_str(quoted).or_else(|_| serde_json::from_str(&without_lone_surrogates(quoted)))
}

fn without_lone_surrogates(quoted: &str) -> String {
    let mut whole = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((before, escape)) = rest.find('\\').map(|at| rest.split_at(at)) {
        whole.push_str(before);
        let is_pair = || matches!(escape.get(6..).and_then(code_unit), Some(0xDC00..=0xDFFF));
        let length = match code_unit(escape) {
            Some(0xD800..=0xDBFF) if is_pair() => 12,
            Some(0xD800..=0xDFFF) => {
                whole.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            Some(_) => 6,
            None => 2,
        };
        let (kept, behind) = escape.split_at(length);
        whole.push_str(kept);
        rest = behind;
    }
    whole + rest
}

/// The number of an escape of the form `\u00e4` at the beginning of a text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether a JSON number is the same after it was read and written.
fn is_exact(number: &str) -> bool {
    if number
        .bytes()
        .all(|byte| byte == b'-' || byte.is_ascii_digit())
    {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let read = serde_json::from_str::<Number>(number);
    read.is_ok_and(|read| {
        let written = decimal(number);
        written.is_some() && written == decimal(&read.to_string())
    })
}

/// The digits of a number without the zeros around them, and the power of ten that they are multiplied with.
fn decimal(number: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let to_last = digits.trim_end_matches('0');
    if to_last.is_empty() {
        return Some((String::new(), 0));
    }
    let shift =
        i64::try_from(digits.len() - to_last.len()).ok()? - i64::try_from(fraction.len()).ok()?;
    let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
    Some((to_last.trim_start_matches('0').to_owned(), exponent))
}

#[cfg(test)]
mod tests;
