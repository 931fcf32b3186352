//! The escapers: whatever the text, it stays text in each format.

use super::{clean::assert_line, text};
use crate::text::{Untrusted, columns, cut, json, shell_word, wrapped};

/// The first byte is a width.
pub fn escape(data: &[u8]) {
    let (width, data) = data.split_first().unwrap_or((&0, &[]));
    let width = usize::from(*width);
    let text = &text(data);
    terminal(text, width);
    markdown(text);
    csv(text);
    page(text);
    shell(text);
    assert!(cut(text, width).chars().count() <= width + 1);
    let shown = json::to_string(&**text).expect("a text is JSON");
    assert_eq!(
        serde_json::from_str::<String>(&shown).ok().as_deref(),
        Some(&**text)
    );
    assert_line(&shown);
}

fn terminal(text: &str, width: usize) {
    let shown = Untrusted(text).terminal().to_string();
    assert_line(&shown);
    assert_eq!(Untrusted(&shown).terminal().to_string(), shown);
    let short = Untrusted(text).terminal().cut(width).to_string();
    assert_line(&short);
    assert!(columns(&short) <= width, "{short:?}");
    let in_place = Untrusted(text).in_place();
    assert_line(&in_place);
    assert_eq!(in_place.chars().count(), text.chars().count());
    let wrapped = wrapped(&shown, width.max(1));
    let words = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(words(&wrapped), words(&shown), "no text is lost");
}

fn markdown(text: &str) {
    let terminal = Untrusted(text).terminal().to_string();
    let line = Untrusted(text).markdown().to_string();
    assert_line(&line);
    assert_eq!(code(&line), terminal);
    let cell = Untrusted(text).markdown_cell().to_string();
    assert_line(&cell);
    code(&cell);
    for (at, _) in cell.match_indices('|') {
        let before = cell[..at].bytes().rev().take_while(|byte| *byte == b'\\');
        assert_eq!(before.count(), 1, "a pipe ends the cell: {cell}");
    }
}

/// What a code span shows, by the rules of `CommonMark`; asserts that the text is one, and nothing else.
fn code(span: &str) -> &str {
    let delimiter = span.bytes().take_while(|byte| *byte == b'`').count();
    if span.is_empty() {
        return span;
    }
    assert!(delimiter > 0 && span.len() > 2 * delimiter, "{span}");
    let inside = &span[delimiter..span.len() - delimiter];
    assert_eq!(
        &span[span.len() - delimiter..],
        &span[..delimiter],
        "{span}"
    );
    let runs = inside.split(|c| c != '`').map(str::len);
    assert!(
        runs.max().unwrap_or_default() < delimiter,
        "it ends early: {span}"
    );
    assert!(!inside.starts_with('`') && !inside.ends_with('`'), "{span}");
    let stripped = inside
        .strip_prefix(' ')
        .and_then(|rest| rest.strip_suffix(' '));
    match stripped {
        Some(stripped) if !inside.bytes().all(|byte| byte == b' ') => stripped,
        Some(_) | None => inside,
    }
}

fn csv(text: &str) {
    let cell = Untrusted(text).csv().to_string();
    assert_line(&cell);
    let value = if let Some(quoted) = cell.strip_prefix('"') {
        let inside = quoted.strip_suffix('"').expect("the quote is closed");
        assert!(!inside.replace("\"\"", "").contains('"'), "{cell}");
        inside.replace("\"\"", "\"")
    } else {
        assert!(!cell.contains(['"', ',', ';', '\t']), "{cell}");
        cell
    };
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    assert!(!value.trim_start().starts_with(formula), "{value}");
}

fn page(text: &str) {
    let terminal = Untrusted(text).terminal().to_string();
    let html = Untrusted(text).html().to_string();
    assert_line(&html);
    assert!(!html.contains(['<', '>', '"', '\'']), "{html}");
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(html, |html, (entity, c)| html.replace(entity, c));
    assert_eq!(plain, terminal);
    let script = Untrusted(text).json_in_html().to_string();
    assert_line(&script);
    assert!(!script.contains(['<', '>', '&']), "{script}");
    assert_eq!(serde_json::from_str::<String>(&script).ok(), Some(terminal));
}

/// Reads the word as a shell does: quotes, and quoted quotes; and `$'…'`, which is shown as it is.
fn shell(text: &str) {
    let word = shell_word(text);
    if let Some(quoted) = word.strip_prefix("$'") {
        assert_eq!(Untrusted(&word).terminal().to_string(), word);
        let quoted = quoted.strip_suffix('\'').expect("the quote is closed");
        assert_eq!(String::from_utf8(unquoted(quoted)).as_deref(), Ok(text));
        return;
    }
    let mut read = String::new();
    let mut rest = word.as_str();
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\'' => {
                let (inside, after) = rest.split_once('\'').expect("the quote is closed");
                read.push_str(inside);
                rest = after;
            }
            '\\' => {
                rest = rest.strip_prefix('\'').expect("only a quote is escaped");
                read.push('\'');
            }
            plain => {
                assert!(
                    plain.is_ascii_alphanumeric() || "_-./:@%+,".contains(plain),
                    "{word}"
                );
                read.push(plain);
            }
        }
    }
    assert_eq!(read, text);
    assert!(!word.is_empty());
}

/// Reads what is inside of `$'…'`.
fn unquoted(quoted: &str) -> Vec<u8> {
    let mut read = Vec::new();
    let mut rest = quoted.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        assert_ne!(byte, b'\'', "{quoted}");
        if byte != b'\\' {
            read.push(byte);
            continue;
        }
        let (&escaped, after) = rest.split_first().expect("something is escaped");
        rest = after;
        read.push(match escaped {
            b'n' => b'\n',
            b't' => b'\t',
            b'\'' | b'\\' => escaped,
            octal => {
                let (digits, after) = rest.split_at(2);
                rest = after;
                let digits = [octal, digits[0], digits[1]].map(|digit| u32::from(digit - b'0'));
                let byte = digits.iter().fold(0, |byte, digit| byte * 8 + digit);
                u8::try_from(byte).expect("three digits are a byte")
            }
        });
    }
    read
}
