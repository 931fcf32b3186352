//! JSON for display and logs: characters that must not reach a terminal are escaped, without loss.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Result, Serializer, ser::Formatter};

use super::is_unsafe;

/// Escapes more characters than JSON requires.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut start = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_unsafe(*c)) {
            writer.write_all(&fragment.as_bytes()[start..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            start = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[start..])
    }
}

/// Writes a value as JSON on one line.
///
/// # Errors
///
/// The errors of `out`.
pub fn to_writer(out: impl Write, value: &(impl ?Sized + Serialize)) -> Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaping))
}

/// A value as JSON on one line.
///
/// # Errors
///
/// When the value can't be serialised.
pub fn to_string(value: &(impl ?Sized + Serialize)) -> Result<String> {
    let mut out = Vec::new();
    to_writer(&mut out, value)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_does_not_show_is_escaped_and_nothing_is_lost() {
        for (text, expected) in [
            ("Ölkessel ☀️ \"x\"", r#""Ölkessel ☀️ \"x\"""#),
            ("a\u{9b}2Jb", r#""a\u009b2Jb""#),
            ("\u{202e}\u{2066}\u{200b}", r#""\u202e\u2066\u200b""#),
            ("\u{1b}[2J\u{7f}\n", "\"\\u001b[2J\\u007f\\n\""),
            ("\u{e0041}", r#""\udb40\udc41""#),
            ("\u{e000}\u{2800}\u{fe00}", r#""\ue000\u2800\ufe00""#),
        ] {
            assert_eq!(to_string(text).unwrap(), expected);
            let value = json!({ text: [text] });
            let written = to_string(&value).unwrap();
            assert!(!written.chars().any(is_unsafe), "{written}");
            assert_eq!(
                serde_json::from_str::<Value>(&written).unwrap(),
                value,
                "{written}"
            );
        }
    }
}
