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
    let below = |key: String, value| {
        let (path, why) = find_unreadable(value)?;
        let dot = if path.is_empty() { "" } else { "." };
        Some((format!("{key}{dot}{path}"), why))
    };
    match value {
        Value::Object(object) => object
            .iter()
            .find_map(|(key, value)| below(key.clone(), value)),
        Value::Array(items) => (0..)
            .zip(items)
            .find_map(|(index, value): (usize, _)| below(index.to_string(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
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
fn is_plain(value: &Value, depth: usize) -> bool {
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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn text_that_is_no_unicode_gets_the_replacement_character_and_the_rest_stays() {
        for (bytes, value) in [
            (&br#""\ud83d""#[..], "\u{fffd}"),
            (br#""a\ud83db""#, "a\u{fffd}b"),
            (br#""\ude00""#, "\u{fffd}"),
            (br#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (br#""\ud83d\u0041""#, "\u{fffd}A"),
            (br#""\ud83d\n""#, "\u{fffd}\n"),
            (br#""\ud83d\\u\"x\u00e4""#, "\u{fffd}\\u\"x\u{e4}"),
            // A backslash that was escaped begins no escape.
            (br#""\\ud83d""#, "\\ud83d"),
            (b"\"a\xffb\xe2\x82\"", "a\u{fffd}b\u{fffd}"),
            (br#""\u0000""#, "\0"),
        ] {
            let decoded = decode(bytes).unwrap();
            assert_eq!(decoded, value, "{}", bytes.escape_ascii());
            assert_eq!(
                holds_replacement(&json!([{"a": decoded}])),
                value.contains('\u{fffd}')
            );
        }
        assert_eq!(
            decode(br#"{"\ud83d": 1, "b": "\ud83d"}"#).unwrap(),
            json!({"\u{fffd}": 1, "b": "\u{fffd}"})
        );
    }

    #[test]
    fn a_number_keeps_its_digits_or_says_that_it_can_not() {
        for number in [
            "0",
            "-0",
            "7",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "-2.50",
            "1e2",
            "1E+2",
            "1e-7",
            "100.0",
            "0.30000000000000004",
            "1.7976931348623157e308",
            "5e-324",
            "0e999999999999999999999",
            "0.000",
        ] {
            let decoded = decode(number.as_bytes()).unwrap();
            assert_eq!(
                decoded,
                serde_json::from_str::<Value>(number).unwrap(),
                "{number}"
            );
            assert_eq!(unreadable(&decoded), None, "{number}");
        }
        for number in [
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234",
            "1e999",
            "-1e999",
            "1e-999",
            "0.12345678901234567890",
            "1e99999999999999999999",
        ] {
            let decoded = decode(format!("{{\"a\": [{number}], \"b\": 1}}").as_bytes()).unwrap();
            let (path, why) = find_unreadable(&decoded).unwrap();
            assert_eq!(path, "a.0");
            assert!(why.contains(number), "{why}");
            assert_eq!(decoded["b"], 1);
        }
        let long = decode("9".repeat(1_000).as_bytes()).unwrap();
        assert!(unreadable(&long).unwrap().len() < 200);
    }

    #[test]
    fn what_is_nested_too_deeply_is_left_out_and_its_form_still_counts() {
        let nested = |levels: usize, inside: &str| {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            format!("{{\"a\": {open}{inside}{close}, \"b\": 1}}")
        };
        let fits = decode(nested(DEPTH - 1, "7").as_bytes()).unwrap();
        assert_eq!(find_unreadable(&fits), None);
        for levels in [DEPTH, 127, 128, 200_000] {
            let decoded = decode(nested(levels, "7").as_bytes()).unwrap();
            assert_eq!(decoded["b"], 1, "{levels}");
            let (_, why) = find_unreadable(&decoded).unwrap();
            assert!(why.contains("nested"), "{why}");
            for inside in ["x", "1,", "{\"a\"}", "\"\n\""] {
                assert!(
                    decode(nested(levels, inside).as_bytes()).is_err(),
                    "{inside}"
                );
            }
        }
        // What was decoded can be written, and read as a part of something.
        let text = json!({"b": {"c": decode(nested(500, "").as_bytes()).unwrap()}}).to_string();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_value_counts() {
        for text in [r#"{"a": 1, "a": 2}"#, r#"{"a": 1, "b": "\ud83d", "a": 2}"#] {
            assert_eq!(decode(text.as_bytes()).unwrap()["a"], 2, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for text in [
            "",
            " ",
            "<html>",
            "{",
            "[1",
            "[1,]",
            "{\"a\":\"\\ud83d\"",
            "\"\\ud83\"",
            "\"\\x\"",
            "01",
            "1e",
            "nul",
            "{\"a\":1}x",
            "{\"\\ud83d\"}",
            "[\u{fffd}]",
            "\"a\nb\"",
            "\"a\0b\"",
        ] {
            assert!(decode(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(decode(b"[\xff]").is_err());
    }

    #[test]
    fn only_the_note_itself_says_that_a_value_could_not_be_kept() {
        let marked = decode(b"1e999").unwrap();
        assert!(unreadable(&marked).is_some());
        for value in [
            json!(null),
            json!({}),
            json!({UNREADABLE: 1}),
            json!({UNREADABLE: "x", "b": 1}),
            json!("x"),
        ] {
            assert_eq!(unreadable(&value), None, "{value}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..8)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    /// JSON that most often has something odd about it.
    fn odd_json() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\ude00\"",
            "1",
            "1e999",
            "-",
            "0.1",
            "null",
            "true",
            " ",
            "\"",
            "\\",
            "\\u",
            "99999999999999999999",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn valid_json_is_the_value_that_serde_json_reads(value in any_json(), pretty: bool) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &value);
            prop_assert_eq!(&decode(text.as_bytes()).unwrap(), &value);
            // The slow way finds the same.
            let raw: &RawValue = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&tree(raw, 0).unwrap(), &value);
        }

        #[test]
        fn what_is_decoded_has_the_form_of_json_and_can_be_written_and_read(text in odd_json()) {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            let decoded = decode(text.as_bytes());
            prop_assert_eq!(decoded.is_ok(), is_json, "{}", text);
            if let Ok(decoded) = decoded {
                let again: Value = serde_json::from_str(&decoded.to_string()).unwrap();
                prop_assert_eq!(again, decoded);
            }
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>, inside: bool) {
            if inside {
                let text: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, 0..=31 | b'"' | b'\\')).collect();
                let quoted = [b"\"", text.as_slice(), b"\""].concat();
                prop_assert_eq!(decode(&quoted).unwrap(), String::from_utf8_lossy(&text).into_owned());
            } else {
                let _ = decode(&bytes);
            }
        }
    }
}
