//! Detects the encoding of text files from other programs that are not UTF-8.

use std::fmt;

/// The probable encoding of bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16, which Windows calls "Unicode".
    Utf16,
    Utf32,
    /// One byte per character, by a table that depends on the system. In Western Europe this is Windows-1252.
    OneByte,
}

impl Encoding {
    /// The encoding that the first bytes of a file show or suggest; none if they may be UTF-8.
    pub fn of_start(bytes: &[u8]) -> Option<Self> {
        match bytes {
            // The byte order marks; that of UTF-32 begins like the one of UTF-16.
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some(Self::Utf32),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Self::Utf16),
            // Without a mark: our texts begin with an ASCII character, whose other bytes are 0.
            [0, 0, 0, last, ..] if *last != 0 => Some(Self::Utf32),
            [first, 0, 0, 0, ..] if *first != 0 => Some(Self::Utf32),
            [0, second, ..] if *second != 0 => Some(Self::Utf16),
            [first, 0, ..] if *first != 0 => Some(Self::Utf16),
            _ => None,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf16 => "UTF-16",
            Self::Utf32 => "UTF-32",
            Self::OneByte => "Windows-1252 or a similar encoding",
        })
    }
}

/// A file is not UTF-8; the text says where, which encoding it may be, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is {encoding}, not UTF-8: save the file as UTF-8")]
pub struct NotUtf8 {
    /// The first line that is not UTF-8, counted from 1.
    pub line: usize,
    pub encoding: Encoding,
}

/// The bytes of a whole file as text, without a byte order mark.
///
/// # Errors
///
/// When they are not UTF-8.
pub fn unmarked(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    let mut text = utf8(bytes)?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// As [`unmarked`], but keeps a byte order mark, for callers that need byte offsets or have a part of a file.
///
/// # Errors
///
/// When they are not UTF-8.
pub fn utf8(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    if let Some(encoding) = Encoding::of_start(&bytes) {
        return Err(NotUtf8 { line: 1, encoding });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        NotUtf8 {
            line: valid.split(|&byte| byte == b'\n').count(),
            encoding: Encoding::OneByte,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mark_at_the_start_is_no_text() {
        for (bytes, text) in [("\u{feff}a\u{feff}", "a\u{feff}"), ("a", "a"), ("", "")] {
            assert_eq!(unmarked(bytes.into()).unwrap(), text);
        }
    }

    #[test]
    fn a_file_that_is_not_utf_8_says_what_it_is_and_where() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big_endian = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, expected) in [
            (b"a: 1\n".to_vec(), None),
            ("\u{feff}a: ä\r\n".as_bytes().to_vec(), None),
            (Vec::new(), None),
            (b"a".to_vec(), None),
            (b"a: 1\nb: \xe4\n".to_vec(), Some((2, Encoding::OneByte))),
            (utf16("\u{feff}a: 1\n"), Some((1, Encoding::Utf16))),
            (utf16("a: 1\n"), Some((1, Encoding::Utf16))),
            (big_endian("\u{feff}a"), Some((1, Encoding::Utf16))),
            (big_endian("a"), Some((1, Encoding::Utf16))),
            (b"\xff\xfe\0\0a\0\0\0".to_vec(), Some((1, Encoding::Utf32))),
            (b"a\0\0\0b\0\0\0".to_vec(), Some((1, Encoding::Utf32))),
            (b"\0\0\0a\0\0\0b".to_vec(), Some((1, Encoding::Utf32))),
            (b"\0\0\xfe\xff\0\0\0a".to_vec(), Some((1, Encoding::Utf32))),
        ] {
            let found = utf8(bytes.clone()).err();
            let expected = expected.map(|(line, encoding)| NotUtf8 { line, encoding });
            assert_eq!(found, expected, "{bytes:?}");
        }
        insta::assert_snapshot!(
            utf8(b"a: 1\nb: \xe4\n".to_vec()).unwrap_err(),
            @"line 2 is Windows-1252 or a similar encoding, not UTF-8: save the file as UTF-8"
        );
    }
}
