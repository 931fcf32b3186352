//! Tests of the escapers.

use proptest::prelude::*;

use super::*;

fn terminal(text: &str) -> String {
    Untrusted(text).terminal().to_string()
}

fn csv(text: &str) -> String {
    Untrusted(text).csv().to_string()
}

fn html(text: &str) -> String {
    Untrusted(text).html().to_string()
}

fn json(text: &str) -> String {
    Untrusted(text).json_in_html().to_string()
}

#[test]
fn what_a_terminal_would_obey_becomes_visible() {
    for (text, shown) in [
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("a\rb\nc\td", "a\\rb\\nc\\td"),
        ("\u{9b}2J", "\\u{9b}2J"),
        ("a\u{7f}", "a\\u{7f}"),
        ("abc\u{202e}fdp.exe", "abc\\u{202e}fdp.exe"),
        ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
        (
            "a\u{200b}b\u{200d}c\u{feff}",
            "a\\u{200b}b\\u{200d}c\\u{feff}",
        ),
        ("a\u{ad}b\u{2028}c", "a\\u{ad}b\\u{2028}c"),
        ("\u{e0041}", "\\u{e0041}"),
        // Private use, a braille blank, a musical blank, variation selectors, and what is no character.
        ("a\u{e000}\u{f8ff}", "a\\u{e000}\\u{f8ff}"),
        ("\u{f0000}\u{10fffd}", "\\u{f0000}\\u{10fffd}"),
        ("a\u{2800}\u{1d159}", "a\\u{2800}\\u{1d159}"),
        ("a\u{fe00}\u{fe0d}", "a\\u{fe00}\\u{fe0d}"),
        ("\u{fdd0}\u{1ffff}", "\\u{fdd0}\\u{1ffff}"),
    ] {
        assert_eq!(terminal(text), shown);
    }
}

#[test]
fn the_text_of_other_languages_is_left_alone() {
    for text in [
        "Grüße an Žofie, 100 % (50\u{a0}€)",
        "e\u{301} is é in two characters",
        "Việt Nam, שָׁלוֹם, العربية, 日本語, ᄒ\u{1161}\u{11ab}, हिन्दी",
        "a thumb 👍 and a heart ❤\u{fe0f}",
        r"C:\temp\new",
    ] {
        assert_eq!(terminal(text), text);
    }
}

#[test]
fn a_mark_without_a_letter_and_a_flood_of_marks_become_visible() {
    assert_eq!(terminal("\u{301}a"), "\\u{301}a");
    assert_eq!(
        terminal(&format!("z{}", "\u{301}".repeat(6))),
        format!("z{}\\u{{301}}\\u{{301}}", "\u{301}".repeat(4)),
    );
    assert_eq!(
        terminal("\n\u{301}"),
        "\\n\\u{301}",
        "an escape carries no mark"
    );
}

#[test]
fn a_long_text_is_cut_by_columns_and_never_inside_an_escape() {
    for (text, columns, shown) in [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("ab\u{1b}cd", 8, "ab…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ] {
        let cut = Untrusted(text).terminal().cut(columns).to_string();
        assert_eq!(cut, shown, "{text:?} in {columns}");
    }
}

#[test]
fn a_cell_is_never_a_formula_and_stays_on_its_line() {
    for (text, cell) in [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+49 221", "'+49 221"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "\"'\\t=1\""),
        (" =1", "\"' =1\""),
        ("＝1", "'＝1"),
        ("a,b", "\"a,b\""),
        ("a;b", "\"a;b\""),
        ("say \"no\"", "\"say \"\"no\"\"\""),
        ("two\nlines", "two\\nlines"),
    ] {
        assert_eq!(csv(text), cell);
    }
}

#[test]
fn in_a_page_text_is_no_markup_and_hides_nothing() {
    for (text, shown) in [
        ("plain", "plain"),
        (
            "<img src=x onerror='a()'>",
            "&lt;img src=x onerror=&#39;a()&#39;&gt;",
        ),
        (
            "\" onload=\"x\" & &lt;",
            "&quot; onload=&quot;x&quot; &amp; &amp;lt;",
        ),
        ("a\u{202e}b\n", "a\\u{202e}b\\n"),
    ] {
        assert_eq!(html(text), shown);
    }
}

#[test]
fn in_the_data_of_a_page_text_ends_no_script() {
    for (text, shown) in [
        ("plain", r#""plain""#),
        ("</script><!--", r#""\u003c/script\u003e\u003c!--""#),
        ("a & \"b\" \\", r#""a \u0026 \"b\" \\""#),
        ("a\u{1b}b\u{2028}\n", r#""a\\u{1b}b\\u{2028}\\n""#),
    ] {
        assert_eq!(json(text), shown);
    }
}

/// What a browser makes of the character references that [`Html`] writes.
fn unescaped(html: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (reference, c)| {
        text.replace(reference, c)
    })
}

#[test]
fn a_code_span_keeps_the_spaces_at_its_edges() {
    for (text, code) in [
        (" a", "`  a `"),
        ("a ", "` a  `"),
        // Of spaces alone, renderers strip none. A no-break space is not one of these.
        ("   ", "`   `"),
        (" \u{a0} ", "`  \u{a0}  `"),
        ("\u{a0}", "`\u{a0}`"),
    ] {
        assert_eq!(Untrusted(text).markdown().to_string(), code, "{text:?}");
        assert_eq!(
            Untrusted(text).markdown_cell().to_string(),
            code,
            "{text:?}"
        );
    }
}

proptest! {
    #[test]
    fn a_page_shows_what_a_terminal_shows(text in "(\\PC|[&<>\"'\\\\;]|&(lt|amp|quot|#39);|\\u{1b}|\\u{202e}|\\u{2028})*") {
        let shown = html(&text);
        prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{shown:?}");
        prop_assert_eq!(unescaped(&shown), terminal(&text));
    }

    #[test]
    fn a_script_reads_from_its_data_what_a_terminal_shows(text in any::<String>()) {
        let shown = json(&text);
        prop_assert!(!shown.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{shown:?}");
        prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), terminal(&text));
    }

    #[test]
    fn what_is_escaped_once_stays_so(text in any::<String>()) {
        let once = terminal(&text);
        prop_assert_eq!(terminal(&once), once);
    }

    #[test]
    fn nothing_that_acts_or_hides_gets_through(text in any::<String>(), columns in 0_usize..60) {
        for shown in [
            terminal(&text),
            Untrusted(&text).terminal().cut(columns).to_string(),
            csv(&text),
            html(&text),
            json(&text),
        ] {
            prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
            prop_assert!(!shown.contains(|c| matches!(c,
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{61c}' | '\u{feff}'
            )), "{shown:?}");
        }
    }

    #[test]
    fn plain_text_is_unchanged(text in "[ -~äöüßÄÖÜ€–„“]*") {
        prop_assert_eq!(terminal(&text), text);
    }

    #[test]
    fn a_cut_text_has_at_most_its_columns(text in any::<String>(), limit in 0_usize..60) {
        let shown = Untrusted(&text).terminal().cut(limit).to_string();
        prop_assert!(columns(&shown) <= limit, "{shown:?}");
    }

    #[test]
    fn a_cell_is_read_back_by_a_csv_reader_as_one_cell(text in any::<String>()) {
        let line = format!("{},end\n", csv(&text));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(record.len(), 2);
        prop_assert!(!record[0].trim_start().starts_with(['=', '+', '-', '@']));
    }
}
