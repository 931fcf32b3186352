//! Finds the items of a JSON list in a stream by quotes and brackets alone, which is several times as fast as reading them.

use std::{
    cell::Cell,
    io::{self, Read},
    str,
};

/// Bytes that are read at a time.
const CHUNK: usize = 8 << 10;

/// What comes next in a list.
pub(super) enum NextItem<'a> {
    /// The text of one item, if it is well-formed.
    Text(&'a str),
    End,
    /// Not what a list has there.
    Unusual,
}

/// What was read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListPlace {
    Nothing,
    Bracket,
    Item,
    Comma,
    End,
}

impl ListPlace {
    /// A short list up to this place.
    const fn like(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Bracket => "[",
            Self::Item => "[0",
            Self::Comma => "[0,",
            Self::End => "[]",
        }
    }

    /// Whether a short list up to this place has an item.
    pub(super) const fn is_behind_an_item(self) -> bool {
        match self {
            Self::Item | Self::Comma => true,
            Self::Nothing | Self::Bracket | Self::End => false,
        }
    }
}

/// A list of which the beginning was read.
#[derive(Debug)]
pub(super) struct ListAhead<R> {
    input: R,
    held: Vec<u8>,
    /// What was passed of `held`.
    at: usize,
    /// The length of the item there, once its end was found.
    item: usize,
    pub(super) place: ListPlace,
    /// Line breaks before `at`, and bytes after the last of them.
    lines: u64,
    column: u64,
    most: usize,
    /// Bytes that may be read before the next item.
    pub(super) left: usize,
}

impl<R: Read> ListAhead<R> {
    pub(super) const fn new(input: R, most: usize) -> Self {
        Self {
            input,
            held: Vec::new(),
            at: 0,
            item: 0,
            place: ListPlace::Nothing,
            lines: 0,
            column: 0,
            most,
            left: most,
        }
    }

    /// The next item, which stays the next one until [`Self::pass_item`].
    pub(super) fn next_item(&mut self) -> io::Result<NextItem<'_>> {
        loop {
            let blanks = self.held[self.at..].iter();
            let blanks = blanks.take_while(|byte| is_blank(**byte)).count();
            self.pass(blanks);
            let Some(&byte) = self.held.get(self.at) else {
                if self.left > 0 && self.fill()? {
                    continue;
                }
                let is_end = self.place == ListPlace::End && self.left > 0;
                return Ok(if is_end {
                    NextItem::End
                } else {
                    NextItem::Unusual
                });
            };
            let place = match (self.place, byte) {
                (ListPlace::Nothing, b'[') => ListPlace::Bracket,
                (ListPlace::Bracket | ListPlace::Item, b']') => ListPlace::End,
                (ListPlace::Item, b',') => ListPlace::Comma,
                (ListPlace::Bracket | ListPlace::Comma, _) => {
                    return Ok(match self.find_end()? {
                        Some(text) => NextItem::Text(text),
                        None => NextItem::Unusual,
                    });
                }
                (ListPlace::Nothing | ListPlace::Item | ListPlace::End, _) => {
                    return Ok(NextItem::Unusual);
                }
            };
            self.pass(1);
            self.place = place;
        }
    }

    pub(super) fn pass_item(&mut self) {
        self.pass(self.item);
        self.place = ListPlace::Item;
        self.left = self.most;
    }

    /// The text of the item that begins here; none if the list or the bound ends before it.
    fn find_end(&mut self) -> io::Result<Option<&str>> {
        let mut scan = ItemScan::default();
        loop {
            let found = scan.end(&self.held[self.at..]);
            if found.unwrap_or(scan.to) > self.left {
                return Ok(None);
            }
            if let Some(end) = found {
                self.item = end;
                return Ok(str::from_utf8(&self.held[self.at..self.at + end]).ok());
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn pass(&mut self, length: usize) {
        let passed = &self.held[self.at..self.at + length];
        match passed.iter().rposition(|byte| *byte == b'\n') {
            None => self.column += length as u64,
            Some(last) => {
                self.lines += passed.split(|byte| *byte == b'\n').count() as u64 - 1;
                self.column = (length - last - 1) as u64;
            }
        }
        self.at += length;
        self.left = self.left.saturating_sub(length);
    }

    /// Reads more; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.held.drain(..self.at);
        self.at = 0;
        let length = self.held.len();
        self.held.resize(length + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut self.held[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.held.truncate(length + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }

    /// A list that is like this one from here on, with every byte in its line and column; `left` bytes may be read before the next item.
    pub(super) fn remaining(mut self, left: &Cell<usize>) -> impl Read {
        let like = self.place.like();
        self.held.drain(..self.at);
        let indent = match self.lines {
            0 => self.column.saturating_sub(like.len() as u64),
            _ => self.column,
        };
        like.as_bytes()
            .chain(io::repeat(b'\n').take(self.lines))
            .chain(io::repeat(b' ').take(indent))
            .chain(BoundedItems {
                input: io::Cursor::new(self.held).chain(self.input),
                left,
            })
    }
}

/// A reader that may read this many bytes before the next item.
struct BoundedItems<'b, R> {
    input: R,
    left: &'b Cell<usize>,
}

impl<R: Read> Read for BoundedItems<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("one item of the list is too long"));
        }
        let read = self.input.read(&mut buffer[..most])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

/// Looks for the end of an item.
#[derive(Debug, Default)]
struct ItemScan {
    /// Bytes that were looked at.
    to: usize,
    /// Open brackets and braces.
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
}

impl ItemScan {
    /// The length of an item that begins with `bytes`; of one that is malformed, any length. None if it does not end in them.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(&byte) = bytes.get(self.to) {
            if self.is_in_text {
                if self.is_escaped {
                    self.is_escaped = false;
                } else if byte == b'"' {
                    self.is_in_text = false;
                    if self.depth == 0 {
                        return Some(self.to + 1);
                    }
                } else if byte == b'\\' {
                    self.is_escaped = true;
                }
            } else {
                match byte {
                    b'"' => self.is_in_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth > 1 => self.depth -= 1,
                    b'}' | b']' => return Some(self.to + self.depth),
                    b',' if self.depth == 0 => return Some(self.to),
                    blank if self.depth == 0 && is_blank(blank) => return Some(self.to),
                    _ => {}
                }
            }
            self.to += 1;
        }
        None
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
