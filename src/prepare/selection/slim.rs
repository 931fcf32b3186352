//! An execution's JSON without the fields that nothing reads, and a fingerprint of all of it. Pure.
//!
//! Most of an answer is never needed. What is not is skipped while the answer is decoded, without memory for it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::json;

/// An execution's JSON, or what is read of it.
#[derive(Debug)]
pub(super) struct SlimExecution {
    pub(super) data: Value,
    /// The same for the same JSON, whatever the order of its keys; also of what is left out.
    pub(super) hash: u64,
}

impl SlimExecution {
    /// Decodes an execution without its `unread` fields. As [`json::decode`] otherwise.
    pub(super) fn decode(text: &str, unread: &[&str]) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        let slim = SlimSeed { unread }.deserialize(&mut json);
        if let Ok(slim) = slim
            && json.end().is_ok()
        {
            return Ok(slim);
        }
        Ok(Self::of(json::decode(text.as_bytes())?, unread))
    }

    /// Leaves the `unread` fields out.
    pub(super) fn of(mut data: Value, unread: &[&str]) -> Self {
        let hash = fingerprint(&data);
        if let Value::Object(fields) = &mut data {
            for field in unread {
                fields.remove(*field);
            }
        }
        Self { data, hash }
    }
}

/// Reads an object of which nothing is unusual; the error for another value does not matter.
struct SlimSeed<'a> {
    unread: &'a [&'a str],
}

impl<'de> DeserializeSeed<'de> for SlimSeed<'_> {
    type Value = SlimExecution;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<SlimExecution, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SlimSeed<'_> {
    type Value = SlimExecution;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SlimExecution, A::Error> {
        let mut fields = Map::new();
        let mut sum = 0_u64;
        while let Some(key) = map.next_key::<String>()? {
            let name = hash_of(key.as_bytes());
            let value = if self.unread.contains(&&*key) {
                map.next_value::<Fingerprint>()?.0
            } else {
                let value: Value = map.next_value()?;
                if !json::is_plain(&value, 1) {
                    return Err(A::Error::custom("an unusual value"));
                }
                let hash = fingerprint(&value);
                if fields.insert(key, value).is_some() {
                    return Err(A::Error::custom("a repeated key"));
                }
                hash
            };
            sum = sum.wrapping_add(mix(name, value));
        }
        Ok(SlimExecution {
            data: Value::Object(fields),
            hash: mix(sum, OBJECT),
        })
    }
}

/// Numbers that tell apart values of different kinds.
const NULL: u64 = 1;
const BOOL: u64 = 2;
const NUMBER: u64 = 3;
const TEXT: u64 = 4;
const LIST: u64 = 5;
const OBJECT: u64 = 6;

/// The fingerprint of a value.
fn fingerprint(value: &Value) -> u64 {
    match value {
        Value::Null => NULL,
        Value::Bool(is) => of_bool(*is),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => mix(number, NUMBER),
            (None, Some(number), _) => mix(number.cast_unsigned(), NUMBER),
            (None, None, number) => mix(number.unwrap_or_default().to_bits(), NUMBER),
        },
        Value::String(text) => of_text(text),
        Value::Array(items) => of_list(items.iter().map(fingerprint)),
        Value::Object(fields) => {
            let fields = fields.iter();
            of_object(fields.map(|(key, value)| (hash_of(key.as_bytes()), fingerprint(value))))
        }
    }
}

fn of_bool(is: bool) -> u64 {
    mix(u64::from(is), BOOL)
}

fn of_text(text: &str) -> u64 {
    mix(hash_of(text.as_bytes()), TEXT)
}

fn of_list(items: impl Iterator<Item = u64>) -> u64 {
    items.fold(LIST, mix)
}

/// A sum, so that the order of the keys does not matter.
fn of_object(fields: impl Iterator<Item = (u64, u64)>) -> u64 {
    let sum = fields.fold(0, |sum: u64, (key, value)| {
        sum.wrapping_add(mix(key, value))
    });
    mix(sum, OBJECT)
}

fn hash_of(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&last]);
    words.fold(bytes.len() as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    })
}

/// Both halves of a product of two numbers, each changed by random bits first (as in wyhash).
#[expect(clippy::cast_possible_truncation, reason = "the halves of a number")]
const fn mix(one: u64, other: u64) -> u64 {
    let one = (one ^ 0x9e37_79b9_7f4a_7c15) as u128;
    let product = one * (other ^ 0xd1b5_4a32_d192_ed03) as u128;
    (product as u64) ^ ((product >> 64) as u64)
}

/// The fingerprint of a value that is not kept.
struct Fingerprint(u64);

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Fingerprinting)
    }
}

struct Fingerprinting;

impl<'de> Visitor<'de> for Fingerprinting {
    type Value = Fingerprint;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Fingerprint, E> {
        Ok(Fingerprint(NULL))
    }

    fn visit_bool<E>(self, is: bool) -> Result<Fingerprint, E> {
        Ok(Fingerprint(of_bool(is)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Fingerprint, E> {
        Ok(Fingerprint(mix(number, NUMBER)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Fingerprint, E> {
        Ok(Fingerprint(mix(number.cast_unsigned(), NUMBER)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Fingerprint, E> {
        Ok(Fingerprint(mix(number.to_bits(), NUMBER)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Fingerprint, E> {
        Ok(Fingerprint(of_text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Fingerprint, A::Error> {
        let mut hash = LIST;
        while let Some(Fingerprint(item)) = items.next_element()? {
            hash = mix(hash, item);
        }
        Ok(Fingerprint(hash))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Fingerprint, A::Error> {
        let mut sum = 0_u64;
        while let Some(KeyHash(key)) = fields.next_key()? {
            let Fingerprint(value) = fields.next_value()?;
            sum = sum.wrapping_add(mix(key, value));
        }
        Ok(Fingerprint(mix(sum, OBJECT)))
    }
}

/// The hash of a key, which need not be kept.
struct KeyHash(u64);

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hashing;

        impl Visitor<'_> for Hashing {
            type Value = KeyHash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<KeyHash, E> {
                Ok(KeyHash(hash_of(key.as_bytes())))
            }
        }

        deserializer.deserialize_str(Hashing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slim(text: &str, unread: &[&str]) -> SlimExecution {
        SlimExecution::decode(text, unread).unwrap()
    }

    #[test]
    fn what_is_left_out_is_in_the_fingerprint_and_all_else_is_as_it_was() {
        for text in [
            r#"{"id":"a","flow":[{"id":1,"x":[null,true,-2,"\u00e4"]}],"tasks":{"a":{}},"n":{"b":[1,{}]}}"#,
            r#"{"id":"a","flow":null}"#,
            r#"{"id":"a","flow":1.5,"n":1e999}"#,
            r#"{"id":"\ud83d","flow":"\ud83d"}"#,
            r#"{"id":"a","n":2.0,"flow":[]}"#,
            r#"{"id":"a","id":"b"}"#,
            "[1]",
            "7",
        ] {
            let whole = json::decode(text.as_bytes()).unwrap();
            let all = slim(text, &[]);
            assert_eq!(all.data, whole, "{text}");
            let some = slim(text, &["flow"]);
            let mut expected = whole.clone();
            if let Value::Object(fields) = &mut expected {
                fields.remove("flow");
            }
            assert_eq!(some.data, expected, "{text}");
            for other in [all, SlimExecution::of(whole, &["flow"])] {
                assert_eq!(other.hash, some.hash, "{text}");
            }
        }
        for broken in [
            "",
            "{",
            r#"{"id":"a"} x"#,
            r#"{"flow":[}"#,
            r#"{"flow":tru}"#,
        ] {
            assert!(
                SlimExecution::decode(broken, &["flow"]).is_err(),
                "{broken}"
            );
        }
    }

    #[test]
    fn the_order_of_keys_does_not_matter_and_everything_else_does() {
        let same = r#"{"a":{"x":1,"y":[true,null]},"flow":[{"x":1,"y":"b"}]}"#;
        let turned = r#" { "flow": [ {"y":"\u0062","x":1} ], "a": {"y":[true,null],"x":1} } "#;
        let hash = |text| slim(text, &["flow"]).hash;
        assert_eq!(hash(same), hash(turned));
        let mut seen = vec![hash(same)];
        for other in [
            r#"{"a":{"x":1,"y":[true,null]},"flow":[{"x":2,"y":"b"}]}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":[{"x":"1","y":"b"}]}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":[{"y":1,"x":"b"}]}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":{"x":1,"y":"b"}}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":[]}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":{}}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":null}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":""}"#,
            r#"{"a":{"x":1,"y":[null,true]},"flow":[{"x":1,"y":"b"}]}"#,
            r#"{"a":{"x":1,"y":[false,null]},"flow":[{"x":1,"y":"b"}]}"#,
            r#"{"a":{"x":-1,"y":[true,null]},"flow":[{"x":1,"y":"b"}]}"#,
            r#"{"a":{"x":1,"y":[true,null]},"flow":[{"x":1,"y":"b\u0000"}]}"#,
            r#"{"a":{"x":1,"y":[true,null]}}"#,
        ] {
            let hash = hash(other);
            assert!(!seen.contains(&hash), "{other}");
            seen.push(hash);
        }
    }
}
