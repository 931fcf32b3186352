//! Reads bytes from a stream as Unicode.

use std::{
    io::{self, Read},
    str,
};

/// Bytes that are read at a time.
const CHUNK: usize = 8 << 10;

/// Reads `inner` with U+FFFD for bytes that are not UTF-8, as [`String::from_utf8_lossy`] does with a whole text.
#[derive(Debug)]
pub struct LossyReader<R> {
    inner: R,
    chunk: Vec<u8>,
    /// The beginning of a character whose end was not read yet.
    begun: Vec<u8>,
    ready: io::Cursor<Vec<u8>>,
}

impl<R: Read> LossyReader<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            chunk: vec![0; CHUNK],
            begun: Vec::new(),
            ready: io::Cursor::default(),
        }
    }

    /// Makes more bytes ready; false at the end.
    fn refill(&mut self) -> io::Result<bool> {
        let length = self.inner.read(&mut self.chunk)?;
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(&self.chunk[..length]);
        if length > 0 {
            self.begun = bytes.split_off(whole_characters(&bytes));
        }
        let is_end = length == 0 && bytes.is_empty();
        if str::from_utf8(&bytes).is_err() {
            bytes = String::from_utf8_lossy(&bytes).into_owned().into_bytes();
        }
        self.ready = io::Cursor::new(bytes);
        Ok(!is_end)
    }
}

impl<R: Read> Read for LossyReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.ready.read(buffer)?;
            if length > 0 || buffer.is_empty() || !self.refill()? {
                return Ok(length);
            }
        }
    }
}

/// The number of bytes before an incomplete last character.
fn whole_characters(bytes: &[u8]) -> usize {
    // A character has four bytes at most.
    let last = bytes.len().saturating_sub(3)..bytes.len();
    let is_begun = |&at: &usize| {
        let error = str::from_utf8(&bytes[at..]).err();
        error.is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    last.clone().find(is_begun).unwrap_or(last.end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives what it holds in pieces.
    struct Pieces(Vec<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.first_mut() else {
                return Ok(0);
            };
            let length = piece.len().min(buffer.len());
            let rest = piece.split_off(length);
            buffer[..length].copy_from_slice(piece);
            if rest.is_empty() {
                self.0.remove(0);
            } else {
                *piece = rest;
            }
            Ok(length)
        }
    }

    proptest! {
        #[test]
        fn in_whatever_pieces_it_comes_it_is_the_same_text(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 1..6),
                    prop::sample::select(vec!["a", "ä", "€", "😀"]).prop_map(|text| text.as_bytes().to_vec()),
                    prop::sample::select(vec![&b"\xf0"[..], b"\x9f", b"\xf0\x9f\x98", b"\x80", b"\xe2\x82"])
                        .prop_map(<[u8]>::to_vec),
                ],
                0..12,
            )
        ) {
            let whole = String::from_utf8_lossy(&pieces.concat()).into_owned();
            let mut read = Vec::new();
            LossyReader::new(Pieces(pieces)).read_to_end(&mut read).unwrap();
            prop_assert_eq!(String::from_utf8(read).unwrap(), whole);
        }
    }
}
