//! Places in a playbook's text.

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

/// The offset of a position; a column past the line's end is the line's end.
pub(crate) fn offset(source: &str, position: Position) -> usize {
    let mut start = 0;
    for _ in 1..position.line {
        match source[start..].find(['\n', '\r']) {
            Some(at) => start = after_break(source, start + at),
            None => return source.len(),
        }
    }
    let line = line_at(source, start);
    let line_text = &source[line.start..line.end];
    let skip = usize::from(line_text.starts_with(BOM));
    line_text
        .char_indices()
        .nth(position.column.saturating_sub(1) + skip)
        .map_or(line.end, |(at, _)| line.start + at)
}

/// The line around `offset`, without its break.
pub(crate) fn line_at(source: &str, offset: usize) -> Span {
    let offset = floor(source, offset);
    let start = line_start(&source[..offset]);
    let end = source[offset..]
        .find(['\n', '\r'])
        .map_or(source.len(), |at| offset + at);
    Span { start, end }
}

/// A byte order mark: at the start of a file it is no character of the text.
const BOM: char = '\u{feff}';

fn visible_columns(text: &str) -> usize {
    text.chars().filter(|&c| c != BOM).count()
}

fn line_start(before: &str) -> usize {
    before.rfind(['\n', '\r']).map_or(0, |at| at + 1)
}

fn breaks(text: &str) -> usize {
    let all = text.bytes().filter(|b| matches!(b, b'\n' | b'\r')).count();
    all - text.matches("\r\n").count()
}

fn after_break(source: &str, at: usize) -> usize {
    at + if source[at..].starts_with("\r\n") {
        2
    } else {
        1
    }
}

/// The nearest character boundary at or before `offset`.
fn floor(source: &str, offset: usize) -> usize {
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
            assert_eq!(offset(source, expected), at, "{expected:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let source = "\u{feff}ab";
        assert_eq!(position(source, 4), Position { line: 1, column: 2 });
        assert_eq!(offset(source, Position { line: 1, column: 2 }), 4);
    }

    #[test]
    fn positions_beyond_the_text_end_at_its_end() {
        let end = Position { line: 9, column: 9 };
        assert_eq!(offset("ab\nc", end), 4);
        assert_eq!(offset("ab\nc", Position { line: 1, column: 9 }), 2);
        assert_eq!(position("ä", 1), Position { line: 1, column: 1 });
        assert_eq!(position("ä", 99), Position { line: 1, column: 2 });
    }
}
