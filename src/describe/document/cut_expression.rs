//! What YAML silently takes away from an expression without quotes. Pure.

use super::span::{Span, line_at};

/// The text after a key on its line.
pub(super) fn after_key(source: &str, key: Span) -> &str {
    let line = line_at(source, key.end);
    source[key.end..line.end]
        .trim_start()
        .trim_start_matches(':')
        .trim()
}

/// A `!tag` or `&anchor` before a value, which YAML removes silently.
pub(super) fn property_before(source: &str, span: Span) -> Option<Span> {
    let before = source[..span.start].trim_end_matches([' ', '\t']);
    // No anchor has these characters, and a tag has them only in `<>`. A line may be the whole file, and is not searched for each value.
    let is_end = |c: char| c.is_whitespace() || "[]{},".contains(c);
    let start = match before.strip_suffix('>') {
        Some(tag) => tag.rfind(char::is_whitespace),
        None => before.rfind(is_end),
    };
    let start = start.map_or(0, |at| at + 1);
    before[start..].starts_with(['!', '&']).then_some(Span {
        start,
        end: before.len(),
    })
}

/// The ` #` inside a quoted word that cuts off an unquoted expression.
pub(super) fn cutting_comment(source: &str, span: Span, text: &str) -> Option<Span> {
    let is_plain = !source[span.start..].starts_with(['"', '\'']);
    let rest = &source[span.end..];
    let start = span.end + rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let is_cut = is_plain && source[start..].starts_with('#') && has_open_quote(text);
    is_cut.then_some(Span {
        start,
        end: start + 1,
    })
}

/// Whether `expression` contains an unclosed quote.
fn has_open_quote(expression: &str) -> bool {
    let mut open = None;
    let mut characters = expression.chars();
    while let Some(c) = characters.next() {
        match open {
            None if matches!(c, '"' | '\'') => open = Some(c),
            Some(_) if c == '\\' => {
                characters.next();
            }
            Some(quote) if c == quote => open = None,
            None | Some(_) => {}
        }
    }
    open.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_open_until_its_own_kind_closes_it() {
        for (text, expected) in [
            ("x == \"Order", true),
            ("x == 'a' and y == 'b", true),
            ("x == \"it\\\"s", true),
            ("x == \"it's\"", false),
            ("x == 'a\\'b'", false),
            ("x", false),
            ("", false),
        ] {
            assert_eq!(has_open_quote(text), expected, "{text}");
        }
    }
}
