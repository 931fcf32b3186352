//! Maps a place in a scalar's text to its place in the file.

use super::span::Span;

/// The place of `offset..offset + len` of `text` in the file, if `text` is the scalar at `span`.
///
/// A scalar's text is its source with changed white space (folded, unindented) and, in quotes, with resolved escapes. All other characters
/// have the same order in both, so both are walked together. None if they don't match, as for an alias.
pub(crate) fn locate(
    source: &str,
    span: Span,
    text: &str,
    offset: usize,
    len: usize,
) -> Option<Span> {
    let raw = source.get(span.start..span.end)?;
    let mut walk = Walk::new(raw);
    let mut found_start = None;
    let mut found_end = None;
    let target_end = (offset + len.max(1)).min(text.len());
    for (at, c) in text.char_indices() {
        let place = walk.step(c)?;
        if found_start.is_none() && at >= offset {
            found_start = Some(place.start);
        }
        if at < target_end {
            found_end = Some(place.end);
        } else {
            break;
        }
    }
    // An error at the very end of the text points after its last character.
    let end = found_end.unwrap_or(walk.at);
    let start = found_start.unwrap_or(end);
    Some(Span {
        start: span.start + start,
        end: span.start + end.max(start),
    })
}

/// The place of the text in the scalar's source.
struct Walk<'r> {
    raw: &'r str,
    at: usize,
    quote: Option<char>,
}

impl<'r> Walk<'r> {
    fn new(raw: &'r str) -> Self {
        let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''));
        Self {
            raw,
            at: quote.map_or(0, char::len_utf8),
            quote,
        }
    }

    /// The bytes of the source for the text's next character `c`.
    fn step(&mut self, c: char) -> Option<Span> {
        loop {
            let (decoded, len) = self.unit();
            if decoded == Some(c) {
                let start = self.at;
                self.at += len;
                return Some(Span {
                    start,
                    end: self.at,
                });
            }
            if c.is_whitespace() {
                // Folded away, or made from a line break that the next character skips.
                return Some(Span {
                    start: self.at,
                    end: self.at,
                });
            }
            // Indentation, folded line breaks, and escaped ones, which decode to nothing.
            if len == 0 || decoded.is_some_and(|decoded| !decoded.is_whitespace()) {
                return None;
            }
            self.at += len;
        }
    }

    /// The next character of the text, if there is one, and its length in bytes of the source.
    fn unit(&self) -> (Option<char>, usize) {
        let rest = &self.raw[self.at..];
        let Some(first) = rest.chars().next() else {
            return (None, 0);
        };
        match (self.quote, first) {
            (Some('\''), '\'') if rest.starts_with("''") => (Some('\''), 2),
            (Some('\''), '\'') | (Some('"'), '"') => (None, 0),
            (Some('"'), '\\') => escape(&rest[1..]).map_or((None, 0), |(c, len)| (c, len + 1)),
            (_, first) => (Some(first), first.len_utf8()),
        }
    }
}

/// The character of an escape in double quotes, and its length without the backslash (YAML 1.2.2, section 5.7).
fn escape(rest: &str) -> Option<(Option<char>, usize)> {
    let kind = rest.chars().next()?;
    let coded = |digits: usize| {
        let code = u32::from_str_radix(rest.get(1..=digits)?, 16).ok()?;
        // A surrogate is half a character: only both halves together are one.
        Some((Some(char::from_u32(code)?), 1 + digits))
    };
    let c = match kind {
        'x' => return coded(2),
        'u' => return coded(4),
        'U' => return coded(8),
        '\n' => return Some((None, 1)),
        '\r' => return Some((None, if rest.starts_with("\r\n") { 2 } else { 1 })),
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        ' ' | '"' | '/' | '\\' => kind,
        _ => return None,
    };
    Some((Some(c), kind.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::{
        super::node::{Value, parse},
        *,
    };

    /// The text of the file that stands for `word` in the only value of `source`.
    fn found<'s>(source: &'s str, word: &str) -> Option<(usize, &'s str)> {
        let document = parse(source).unwrap();
        let Value::Map(entries) = document.value else {
            panic!("no map")
        };
        let node = &entries[0].value;
        let Value::Text(text) = &node.value else {
            panic!("no text")
        };
        let span = locate(
            source,
            node.span,
            text,
            text.find(word).unwrap(),
            word.len(),
        )?;
        Some((span.start, &source[span.start..span.end]))
    }

    #[test]
    fn a_word_is_found_in_every_kind_of_scalar() {
        for (source, word, expected) in [
            ("a: one two\n", "two", "two"),
            ("a: one\n  two\n   three\n", "three", "three"),
            ("a: 'it''s two'\n", "two", "two"),
            ("a: 'it''s two'\n", "'s", "''s"),
            ("a: \"x\\\"\\u00e4\\t \\x41 two\"\n", "two", "two"),
            ("a: \"x\\\"\\u00e4 two\"\n", "ä", "\\u00e4"),
            ("a: \"one \\\n   two\"\n", "two", "two"),
            ("a: \"one\n\n   two\"\n", "two", "two"),
            ("a: |\n  one\n  two\n", "two", "two"),
            ("a: |\n  one\n    two\n", "two", "two"),
            (
                "a: >-  # why\n\n  one\n  two\n\n  three\n",
                "three",
                "three",
            ),
            ("a: >-\n  one\n  two\n", "one two", "one\n  two"),
            ("a: |2\n   one\r\n  two\r\n", "two", "two"),
            ("a: \"ö ö two\"\n", "two", "two"),
        ] {
            let span = found(source, word).map(|(_, text)| text);
            assert_eq!(span, Some(expected), "{source:?}");
        }
    }

    #[test]
    fn of_two_equal_words_the_right_one_is_found() {
        let source = "a: >-\n  x y\n  x z\n";
        assert_eq!(found(source, "x z").map(|(at, _)| at), source.find("x z"));
    }

    #[test]
    fn the_end_of_the_text_is_the_end_of_the_scalar() {
        let source = "a: one";
        let span = Span { start: 3, end: 6 };
        let end = Span { start: 6, end: 6 };
        assert_eq!(locate(source, span, "one", 3, 0), Some(end));
        assert_eq!(locate(source, span, "one", 99, 9), Some(end));
    }

    #[test]
    fn a_text_from_elsewhere_is_not_found() {
        let span = Span { start: 3, end: 6 };
        assert_eq!(locate("a: one", span, "two", 0, 1), None);
        assert_eq!(locate("a: o", span, "o", 0, 1), None);
    }
}
