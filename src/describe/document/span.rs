//! Places in a playbook's text.

use std::cell::OnceCell;

/// A part of the text: byte offsets, `start` included, `end` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// From the start of this one to the end of `other`.
    pub(crate) fn to(self, other: Self) -> Self {
        Self {
            start: self.start,
            end: self.end.max(other.end),
        }
    }
}

/// A line and a column as editors count them: from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Where `offset` is. YAML's line breaks count: `\n`, `\r\n` and a lone `\r`.
pub(crate) fn position(source: &str, offset: usize) -> Position {
    let before = &source[..floor(source, offset)];
    let start = line_start(before);
    Position {
        line: 1 + breaks(&before[..start]),
        column: 1 + visible_columns(&before[start..]),
    }
}

/// Finds the offsets of positions. A text may be one long line or many short ones, and have thousands of positions to find, so places on
/// the way are kept.
#[derive(Debug)]
pub(crate) struct SourcePlaces<'s> {
    pub source: &'s str,
    index: OnceCell<PlaceIndex>,
}

#[derive(Debug)]
struct PlaceIndex {
    /// Of each line: its first offset, and how many characters come before it.
    lines: Vec<(usize, usize)>,
    /// The offset of each character whose number is a multiple of [`STEP`].
    marks: Vec<usize>,
}

/// Characters between two marks.
const STEP: usize = 256;

impl<'s> SourcePlaces<'s> {
    pub(crate) const fn new(source: &'s str) -> Self {
        let index = OnceCell::new();
        Self { source, index }
    }

    /// The offset of a position; a column past the line's end is the line's end.
    pub(crate) fn offset(&self, position: Position) -> usize {
        let PlaceIndex { lines, marks } = self.index.get_or_init(|| PlaceIndex::of(self.source));
        let Some(&(start, before)) = lines.get(position.line.saturating_sub(1)) else {
            return self.source.len();
        };
        let next = lines.get(position.line).map(|&(next, _)| next);
        let line = &self.source[start..next.unwrap_or(self.source.len())];
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        let skip = usize::from(line.starts_with(BOM));
        let number = before + skip + position.column.saturating_sub(1);
        let found = marks.get(number / STEP).and_then(|&mark| {
            let mut characters = self.source[mark..].char_indices();
            Some(mark + characters.nth(number % STEP)?.0)
        });
        found.map_or(end, |at| at.min(end))
    }
}

impl PlaceIndex {
    fn of(source: &str) -> Self {
        let (mut lines, mut marks) = (vec![(0, 0)], Vec::new());
        for (number, (at, c)) in source.char_indices().enumerate() {
            if number % STEP == 0 {
                marks.push(at);
            }
            if c == '\n' || c == '\r' && !source[at + 1..].starts_with('\n') {
                lines.push((at + 1, number + 1));
            }
        }
        Self { lines, marks }
    }
}

/// The line around `offset`, without its break.
pub(crate) fn line_at(source: &str, offset: usize) -> Span {
    let offset = floor(source, offset);
    let start = line_start(&source[..offset]);
    let end = source[offset..]
        .bytes()
        .position(is_break)
        .map_or(source.len(), |at| offset + at);
    Span { start, end }
}

/// A byte order mark: at the start of a file it is no character of the text.
const BOM: char = '\u{feff}';

fn visible_columns(text: &str) -> usize {
    text.chars().count() - text.matches(BOM).count()
}

fn line_start(before: &str) -> usize {
    let end = before.bytes().rposition(is_break);
    end.map_or(0, |at| at + 1)
}

/// Bytes are looked at, which is faster in a line of a megabyte.
const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn breaks(text: &str) -> usize {
    let all = text.bytes().filter(|byte| is_break(*byte)).count();
    all - text.matches("\r\n").count()
}

/// The nearest character boundary at or before `offset`.
pub(crate) fn floor(source: &str, offset: usize) -> usize {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_and_its_position_find_each_other() {
        let source = "a\näö x\r\n\r\nz\rw";
        for (at, line, column) in [
            (0, 1, 1),
            (2, 2, 1),
            (4, 2, 2),
            (7, 2, 4),
            (10, 3, 1),
            (12, 4, 1),
            (14, 5, 1),
            (15, 5, 2),
        ] {
            let expected = Position { line, column };
            assert_eq!(position(source, at), expected, "offset {at}");
            assert_eq!(
                SourcePlaces::new(source).offset(expected),
                at,
                "{expected:?}"
            );
        }
    }

    #[test]
    fn positions_are_found_far_in_a_long_line_and_after_many_lines() {
        let source = format!(
            "{}\n{}z",
            "ä".repeat(1_000),
            "\r\n".repeat(1_000) + &"ö".repeat(999)
        );
        let places = SourcePlaces::new(&source);
        for (line, column, at) in [
            (1, 1, 0),
            (1, 257, 512),
            (1, 1_000, 1_998),
            (1, 1_001, 2_000),
            (1, 5_000, 2_000),
            (2, 1, 2_001),
            (2, 7, 2_001),
            (1_001, 1, 3_999),
            (1_002, 1_000, source.len() - 1),
            (1_002, 1_001, source.len()),
        ] {
            assert_eq!(
                places.offset(Position { line, column }),
                at,
                "{line}:{column}"
            );
        }
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let source = "\u{feff}ab";
        assert_eq!(position(source, 4), Position { line: 1, column: 2 });
        let place = Position { line: 1, column: 2 };
        assert_eq!(SourcePlaces::new(source).offset(place), 4);
    }

    #[test]
    fn positions_beyond_the_text_end_at_its_end() {
        let end = Position { line: 9, column: 9 };
        let places = SourcePlaces::new("ab\nc");
        assert_eq!(places.offset(end), 4);
        assert_eq!(places.offset(Position { line: 1, column: 9 }), 2);
        assert_eq!(position("ä", 1), Position { line: 1, column: 1 });
        assert_eq!(position("ä", 99), Position { line: 1, column: 2 });
    }
}
