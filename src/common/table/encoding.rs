//! Decodes a file of rows to UTF-8: spreadsheets write a byte order mark, or UTF-16.

use std::io::{self, Read};

use super::TableFault;
use crate::text::{self, Encoding, FileKind};

/// The text of bytes; `line` is the line of their start.
pub(super) fn utf8(bytes: Vec<u8>, line: u64) -> Result<String, TableFault> {
    text::utf8(bytes).map_err(|error| {
        let line = line + (error.line as u64).saturating_sub(1);
        not_utf8(line, error.encoding)
    })
}

fn not_utf8(line: u64, encoding: Encoding) -> TableFault {
    TableFault::at(
        line,
        format!("this is {encoding}, not UTF-8: save the file as UTF-8, in Excel as “CSV UTF-8”"),
    )
}

/// The byte order marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByteOrderMark {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl ByteOrderMark {
    /// The mark and its length.
    fn of(head: &[u8]) -> Option<(Self, usize)> {
        match head {
            // Its mark begins like the one of UTF-16.
            _ if Encoding::of_start(head) == Some(Encoding::Utf32) => None,
            [0xef, 0xbb, 0xbf, ..] => Some((Self::Utf8, 3)),
            [0xff, 0xfe, ..] => Some((Self::Utf16Le, 2)),
            [0xfe, 0xff, ..] => Some((Self::Utf16Be, 2)),
            _ => None,
        }
    }
}

/// Reads a file as UTF-8 without a mark; if its first bytes show that it is neither UTF-8 nor UTF-16 with a mark, it is an error.
pub(super) fn reader(mut file: impl Read + 'static) -> Result<Box<dyn Read>, TableFault> {
    // A pipe may give one byte at a time.
    let mut head = Vec::new();
    file.by_ref()
        .take(FileKind::HEAD as u64)
        .read_to_end(&mut head)?;
    let (mark, length) = match ByteOrderMark::of(&head) {
        Some((mark, length)) => (Some(mark), length),
        None => (None, 0),
    };
    if mark.is_none() {
        // A ZIP archive has zero bytes, too, but none among the first two.
        if let Some(encoding) = Encoding::of_start(&head) {
            return Err(not_utf8(1, encoding));
        }
        if let Some(kind) = FileKind::of_start(&head) {
            return Err(TableFault::Kind(kind));
        }
    }
    let rest = io::Cursor::new(head).chain(file);
    let mut rest = rest;
    rest.by_ref()
        .take(length as u64)
        .read_to_end(&mut Vec::new())?;
    Ok(match mark {
        None | Some(ByteOrderMark::Utf8) => Box::new(rest),
        Some(mark @ (ByteOrderMark::Utf16Le | ByteOrderMark::Utf16Be)) => {
            Box::new(Utf16::new(rest, mark))
        }
    })
}

/// Converts UTF-16 to UTF-8. Invalid characters become U+FFFD.
struct Utf16<R> {
    units: io::Bytes<io::BufReader<R>>,
    mark: ByteOrderMark,
    /// A unit that was read after the first half of a pair and is not its second half.
    next: Option<u16>,
    ready: io::Cursor<Vec<u8>>,
}

impl<R: Read> Utf16<R> {
    fn new(file: R, mark: ByteOrderMark) -> Self {
        Self {
            units: io::BufReader::new(file).bytes(),
            mark,
            next: None,
            ready: io::Cursor::default(),
        }
    }

    fn unit(&mut self) -> io::Result<Option<u16>> {
        if let Some(unit) = self.next.take() {
            return Ok(Some(unit));
        }
        let Some(first) = self.units.next().transpose()? else {
            return Ok(None);
        };
        // Half a unit at the end is not a character.
        let Some(second) = self.units.next().transpose()? else {
            return Ok(Some(0xfffd));
        };
        Ok(Some(match self.mark {
            ByteOrderMark::Utf16Be => u16::from_be_bytes([first, second]),
            ByteOrderMark::Utf16Le | ByteOrderMark::Utf8 => u16::from_le_bytes([first, second]),
        }))
    }

    /// Appends the next character; false at the end.
    fn fill(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let Some(first) = self.unit()? else {
            return Ok(false);
        };
        let second = match first {
            0xd800..=0xdbff => self.unit()?,
            _ => None,
        };
        let mut decoded = char::decode_utf16([first].into_iter().chain(second));
        let letter = decoded
            .next()
            .and_then(Result::ok)
            .unwrap_or(char::REPLACEMENT_CHARACTER);
        if letter == char::REPLACEMENT_CHARACTER {
            self.next = second;
        }
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(true)
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const BLOCK: usize = 8 * 1024;
        if self.ready.position() == self.ready.get_ref().len() as u64 {
            let mut block = Vec::with_capacity(BLOCK);
            while block.len() < BLOCK && self.fill(&mut block)? {}
            self.ready = io::Cursor::new(block);
        }
        self.ready.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut read = Vec::new();
        let mut reader = reader(io::Cursor::new(bytes.to_vec())).unwrap();
        reader.read_to_end(&mut read).unwrap();
        read
    }

    #[test]
    fn what_has_a_mark_is_read_as_utf_8_without_it() {
        let text = "a;ü\r\n𝄞 €\n";
        let marked = format!("\u{feff}{text}");
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(bytes).collect();
        let little: Vec<u8> = utf_16(u16::to_le_bytes);
        let big: Vec<u8> = utf_16(u16::to_be_bytes);
        for bytes in [text.as_bytes(), marked.as_bytes(), &little, &big] {
            assert_eq!(String::from_utf8(read(bytes)).unwrap(), text);
        }
        for bytes in [&b""[..], b"a", b"abc", b"abcd", b"\xfc;1"] {
            assert_eq!(read(bytes), bytes);
        }
    }

    #[test]
    fn a_mark_is_found_where_a_pipe_gives_a_byte_at_a_time() {
        struct Pipe(io::Cursor<Vec<u8>>);
        impl Read for Pipe {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let most = buffer.len().min(1);
                self.0.read(&mut buffer[..most])
            }
        }
        for bytes in [&b"\xef\xbb\xbfab"[..], b"\xff\xfea\0b\0", b"ab"] {
            let mut read = String::new();
            let pipe = Pipe(io::Cursor::new(bytes.to_vec()));
            reader(pipe).unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, "ab", "{bytes:?}");
        }
    }

    #[test]
    fn half_a_character_of_utf_16_is_none_and_takes_nothing_along() {
        let bytes = [0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00, 0x42, 0x00, 0x43];
        assert_eq!(
            String::from_utf8(read(&bytes)).unwrap(),
            "\u{fffd}AB\u{fffd}"
        );
    }
}
