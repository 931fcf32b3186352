//! SSH's encoding: numbers and strings one after the other (RFC 4251, section 5), and Base64 between two lines that name what it is.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The length of `ssh-keygen`'s lines.
const LINE: usize = 70;

/// Bytes that are not what they must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn number(&mut self) -> Result<u32, Malformed> {
        let (number, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*number))
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        let (string, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(string)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.string()?).map_err(|_| Malformed)
    }

    /// The next bytes are these, without a length.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        self.0 = self.0.strip_prefix(bytes).ok_or(Malformed)?;
        Ok(())
    }

    pub(super) const fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Strings one after the other, each with its length.
pub(super) fn strings(strings: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for string in strings {
        let length = u32::try_from(string.len()).expect("all of them are short");
        bytes.extend(length.to_be_bytes());
        bytes.extend(*string);
    }
    bytes
}

/// Base64 between two lines with this name.
pub(super) fn armored(name: &str, bytes: &[u8]) -> String {
    let mut rest = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {name}-----\n");
    while !rest.is_empty() {
        let next = rest.split_off(rest.len().min(LINE));
        text.push_str(&rest);
        text.push('\n');
        rest = next;
    }
    text + &format!("-----END {name}-----\n")
}

/// What [`armored`] made; line ends and the space around it may have changed on the way.
pub(super) fn unarmored(name: &str, text: &str) -> Result<Vec<u8>, Malformed> {
    let base64: String = text
        .trim()
        .strip_prefix(&format!("-----BEGIN {name}-----"))
        .and_then(|text| text.strip_suffix(&format!("-----END {name}-----")))
        .ok_or(Malformed)?
        .split_ascii_whitespace()
        .collect();
    STANDARD.decode(base64).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_armored_is_read_again_and_nothing_else() {
        for length in [0, 1, 51, 52, 53, 105, 300] {
            let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
            let text = armored("A THING", &bytes);
            assert!(text.lines().all(|line| line.len() <= LINE), "{text}");
            assert_eq!(unarmored("A THING", &text).as_ref(), Ok(&bytes));
            let sent = format!("\n{}", text.replace('\n', "\r\n"));
            assert_eq!(unarmored("A THING", &sent), Ok(bytes));
            assert_eq!(unarmored("OTHER", &text), Err(Malformed));
        }
        for text in [
            "",
            "-----BEGIN A THING-----",
            "-----BEGIN A THING-----\n?\n-----END A THING-----",
        ] {
            assert_eq!(unarmored("A THING", text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn a_length_that_is_not_there_is_malformed() {
        let bytes = strings(&[b"ab", b""]);
        let mut fields = Fields(&bytes);
        assert_eq!((fields.text(), fields.text()), (Ok("ab"), Ok("")));
        assert_eq!(fields.end(), Ok(()));
        assert_eq!(fields.number(), Err(Malformed));
        for bytes in [&b"\0\0\0\x03ab"[..], b"\xff\xff\xff\xffab", b"\0\0"] {
            assert_eq!(Fields(bytes).string(), Err(Malformed), "{bytes:?}");
        }
        assert_eq!(Fields(b"\0\0\0\x01\xff").text(), Err(Malformed));
        assert_eq!(Fields(b"x").end(), Err(Malformed));
    }
}
