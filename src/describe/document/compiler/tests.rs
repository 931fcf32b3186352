use super::*;

#[test]
fn a_comment_is_no_mistake_where_the_expression_is_whole() {
    for (source, text, cut_at) in [
        ("w: x == \"a #b\"", "x == \"a", Some(11)),
        ("w: x == \"it's\"  # why", "x == \"it's\"", None),
        ("w: x == \"a", "x == \"a", None),
        ("w: 'x == \"a' #b", "x == \"a", None),
    ] {
        let quotes = usize::from(source.starts_with("w: '"));
        let span = Span {
            start: 3,
            end: 3 + text.len() + 2 * quotes,
        };
        let found = cutting_comment(source, span, text).map(|span| span.start);
        assert_eq!(found, cut_at, "{source}");
    }
}

#[test]
fn a_tag_or_an_anchor_is_seen_before_a_value_and_nowhere_else() {
    for (source, value, property) in [
        ("w: !x y", "y", Some("!x")),
        ("w: &x  y", "y", Some("&x")),
        ("- !x y", "y", Some("!x")),
        ("w: y", "y", None),
        ("w: >-\n  y", "y", None),
        ("!a w: y", "y", None),
    ] {
        let start = source.rfind(value).unwrap();
        let span = Span {
            start,
            end: start + value.len(),
        };
        let found = property_before(source, span).map(|span| &source[span.start..span.end]);
        assert_eq!(found, property, "{source}");
    }
}

#[test]
fn the_help_quotes_what_stands_behind_the_key() {
    let key = Span { start: 2, end: 7 };
    assert_eq!(after_key("  where: !x == y \nz", key), "!x == y");
    assert_eq!(after_key("  where", key), "");
}
