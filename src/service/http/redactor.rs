//! Removes the tokens of this process from the answers of the service.
//!
//! A server, or a proxy before it, may repeat the request in its answer. All text of ours that comes from an answer passes here first: its
//! body, before it is decoded or written to disk, and its headers that are shown.

use std::{fmt, sync::Arc};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretString};

/// The text in place of a token. Its last character is that of text that is not Unicode: a change that would write the text back is
/// rejected for it.
const REDACTED: &str = "[redacted \u{fffd}]";

/// A shorter token can't be told from an ordinary word or id, which must stay as it is; in bytes.
const SHORTEST: usize = 8;

/// Knows the tokens, and their forms in base64.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    forms: Vec<SecretString>,
}

impl Redactor {
    /// Adds a token; those before it stay.
    #[must_use]
    pub(super) fn with(&self, token: &str) -> Self {
        let mut forms = self.forms.clone();
        if token.len() >= SHORTEST {
            forms.push(token.into());
            for before in 0..3 {
                forms.push(in_base64(&STANDARD_NO_PAD, token, before));
                forms.push(in_base64(&URL_SAFE_NO_PAD, token, before));
            }
        }
        Self { forms }
    }

    /// A text without the tokens.
    pub(super) fn text(self: &Arc<Self>, text: &str) -> String {
        let mut redaction = Redaction::new(Arc::clone(self));
        let mut redacted = redaction.pass(text.as_bytes());
        redacted.extend(redaction.end().unwrap_or_default());
        String::from_utf8_lossy(&redacted).into_owned()
    }

    /// Whether a token may begin with this byte.
    fn may_begin(&self, byte: u8) -> bool {
        let is_first = |form: &SecretString| form.expose_secret().as_bytes().first() == Some(&byte);
        matches!(byte, b'%' | b'\\') || self.forms.iter().any(is_first)
    }

    /// Whether a form of a token begins here.
    fn find(&self, text: &[u8]) -> Spelled {
        let of_all = self
            .forms
            .iter()
            .map(|form| spells(text, form.expose_secret().as_bytes()));
        of_all.max().unwrap_or(Spelled::No)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor([redacted])")
    }
}

/// What a token looks like inside a text in base64, with this number (modulo three) of bytes before it: the characters that depend on the
/// token alone.
fn in_base64(alphabet: &impl Engine, token: &str, before: usize) -> SecretString {
    let bytes = [&b"\0\0"[..before], token.as_bytes()].concat();
    let text = alphabet.encode(&bytes);
    text[(before * 8).div_ceil(6)..bytes.len() * 8 / 6].into()
}

/// Whether a text begins with a form of a token; a later variant counts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spelled {
    No,
    /// The text ends before it can be told.
    Cut,
    /// The length of the form, in bytes.
    Of(usize),
}

fn spells(text: &[u8], form: &[u8]) -> Spelled {
    let mut length = 0;
    for &byte in form {
        match spells_byte(&text[length..], byte) {
            Spelled::Of(bytes) => length += bytes,
            other @ (Spelled::No | Spelled::Cut) => return other,
        }
    }
    Spelled::Of(length)
}

/// Whether a text begins with this ASCII character: itself, or escaped as in a URL (`%2d`) or in JSON (`\u002d`, `\/`).
fn spells_byte(text: &[u8], byte: u8) -> Spelled {
    let is = |high: u8, low: u8| {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        digit(high)
            .zip(digit(low))
            .map(|(high, low)| 16 * high + low)
            == Some(byte.into())
    };
    match *text {
        [b'%', high, low, ..] if is(high, low) => Spelled::Of(3),
        [b'\\', b'u', b'0', b'0', high, low, ..] if is(high, low) => Spelled::Of(6),
        [b'\\', next, ..] if next == byte => Spelled::Of(2),
        [first, ..] if first == byte => Spelled::Of(1),
        [] | [b'%' | b'\\'] | [b'%', _] | [b'\\', b'u'] => Spelled::Cut,
        [b'\\', b'u', b'0'] | [b'\\', b'u', b'0', b'0'] | [b'\\', b'u', b'0', b'0', _] => {
            Spelled::Cut
        }
        [_, ..] => Spelled::No,
    }
}

/// Redacts one text that comes in pieces.
#[derive(Debug)]
pub(super) struct Redaction {
    redactor: Arc<Redactor>,
    /// Of each byte, whether it may begin a token: most of a text is passed on quickly.
    may_begin: Vec<bool>,
    /// The end of the text so far, which may be the beginning of a token.
    held: Vec<u8>,
}

impl Redaction {
    pub(super) fn new(redactor: Arc<Redactor>) -> Self {
        let may_begin = (0..=u8::MAX).map(|byte| redactor.may_begin(byte));
        Self {
            may_begin: may_begin.collect(),
            redactor,
            held: Vec::new(),
        }
    }

    /// What can be passed on after this piece.
    pub(super) fn pass(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let mut passed = Vec::with_capacity(self.held.len());
        let may_begin = |byte: &u8| self.may_begin[usize::from(*byte)];
        let mut at = 0;
        while at < self.held.len() {
            let text = &self.held[at..];
            let plain = text.iter().position(may_begin).unwrap_or(text.len());
            passed.extend_from_slice(&text[..plain]);
            at += plain;
            let text = &text[plain..];
            let Some(&byte) = text.first() else {
                break;
            };
            match self.redactor.find(text) {
                Spelled::Cut => break,
                Spelled::Of(length) => {
                    passed.extend_from_slice(REDACTED.as_bytes());
                    at += length;
                }
                // A backslash that is escaped in JSON does not escape what follows it.
                Spelled::No if text.starts_with(br"\\") => {
                    passed.extend_from_slice(br"\\");
                    at += 2;
                }
                Spelled::No => {
                    passed.push(byte);
                    at += 1;
                }
            }
        }
        self.held.drain(..at);
        passed
    }

    /// What was held, at the end of the text.
    pub(super) fn end(&mut self) -> Option<Vec<u8>> {
        (!self.held.is_empty()).then(|| std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(text: &str) -> String {
        let redactor = Redactor::default().with("to/ken+1").with("another?");
        Arc::new(redactor).text(text)
    }

    #[test]
    fn a_token_is_found_in_each_form_and_what_is_around_it_stays() {
        for (text, expected) in [
            ("", ""),
            ("no secret, 100 %", "no secret, 100 %"),
            ("a to/ken+1 b", "a X b"),
            ("to/ken+1to/ken+1", "XX"),
            ("toto/ken+1to", "toXto"),
            ("another?", "X"),
            // In a URL, in JSON, and in both.
            ("to%2Fken%2b1", "X"),
            (r#""to\/ken\u002b1\n""#, r#""X\n""#),
            (r"to\u002Fken%2B1", "X"),
            // In base64: by itself, and with one or two bytes before it.
            ("dG8va2VuKzE=", "XE="),
            ("eHRvL2tlbisx", "eHX"),
            ("eHh0by9rZW4rMQ==", "eHhXQ=="),
            ("eHh0by9rZW4rMQ%3D%3D", "eHhXQ%3D%3D"),
            (r"eHh0by9rZW4rM\u0051", r"eHhX\u0051"),
            // It ends before the token does.
            ("to/ken+", "to/ken+"),
            ("to/ken%2", "to/ken%2"),
            ("\\", "\\"),
            // An escaped backslash, and then the token.
            (r#""\\to/ken+1""#, r#""\\X""#),
            (r#""\\u0074o/ken+1""#, r#""\\u0074o/ken+1""#),
        ] {
            let expected = expected.replace('X', REDACTED);
            assert_eq!(redacted(text), expected, "{text}");
        }
    }

    #[test]
    fn both_alphabets_of_base64_are_known() {
        let redactor = Arc::new(Redactor::default().with("???>>>~~~"));
        for text in ["Pz8/Pj4+fn5+", "Pz8_Pj4-fn5-", r"Pz8\/Pj4+fn5+"] {
            assert_eq!(redactor.text(text), REDACTED);
        }
    }

    #[test]
    fn a_token_that_could_be_a_word_removes_none() {
        let redactor = Arc::new(Redactor::default().with("sandbox"));
        assert_eq!(redactor.text("a sandbox"), "a sandbox");
    }

    proptest! {
        #[test]
        fn in_whatever_pieces_a_text_comes_the_same_is_removed(
            pieces in prop::collection::vec("(to/ken|to%2f|ken\\+|\\\\u002b|\\\\|%2b|1|another|\\?|[a-z])", 0..20)
        ) {
            let whole = redacted(&pieces.concat());
            prop_assert!(!whole.contains("to/ken+1") && !whole.contains("another?"));
            let redactor = Redactor::default().with("to/ken+1").with("another?");
            let mut redaction = Redaction::new(Arc::new(redactor));
            let mut passed: Vec<u8> = Vec::new();
            for piece in pieces {
                passed.extend(redaction.pass(piece.as_bytes()));
            }
            passed.extend(redaction.end().unwrap_or_default());
            prop_assert_eq!(String::from_utf8(passed).unwrap(), whole);
        }
    }
}
