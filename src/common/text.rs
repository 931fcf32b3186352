//! The escapers: text from the API or from files is printed only through one of them.
//!
//! [`Untrusted`] has no `Display`. It has one method for each output format, whose result can be printed in this format only.

mod encoding;
mod few;
mod file_kind;
pub mod json;
mod natural;
mod numbers;
#[cfg(unix)]
mod posix_shell;
#[cfg(any(test, windows))]
mod power_shell;
mod shell;
mod suggest;
mod wrap;

use std::fmt;

pub use wrap::{Wrap, wrapped};

use unicode_width::UnicodeWidthChar;

pub use encoding::{Encoding, NotUtf8, unmarked, utf8};
pub use few::Few;
pub use file_kind::FileKind;
pub use natural::natural_order;
pub use numbers::{count, cut, thousands};
pub use shell::{shell_word, shown_path};
pub use suggest::{did_you_mean, meant, nearest};

/// Zero-width marks that one letter may carry; Vietnamese needs two, Hebrew and Tibetan up to four. More of
/// them paint over the lines above and below.
const MAX_MARKS: usize = 4;

/// The mark of a cut; one column wide.
const ELLIPSIS: char = '…';

/// Text from outside: names, messages, cells.
#[derive(Clone, Copy, Debug)]
pub struct Untrusted<'a>(pub &'a str);

impl<'a> Untrusted<'a> {
    /// For one line of a terminal, or of a log that is read on one.
    pub const fn terminal(self) -> Terminal<'a> {
        Terminal {
            text: self.0,
            columns: usize::MAX,
        }
    }

    /// For an excerpt of a file with markers below its columns: an escaped character takes one column, as a control picture for ASCII, as a
    /// replacement character otherwise.
    pub fn in_place(self) -> String {
        pieces(self.0)
            .map(|piece| match piece {
                ShownCharacter::Plain(c) => c,
                ShownCharacter::Escaped('\t') => ' ',
                ShownCharacter::Escaped('\u{7f}') => '␡',
                ShownCharacter::Escaped(c) if c.is_ascii_control() => {
                    char::from_u32(0x2400 + u32::from(c)).unwrap_or('�')
                }
                ShownCharacter::Escaped(_) => '�',
            })
            .collect()
    }

    /// For a line of Markdown.
    pub fn markdown(self) -> MarkdownCode {
        MarkdownCode::of(self.terminal(), CodeSpanPlace::Line)
    }

    /// For a cell of a table in Markdown.
    pub fn markdown_cell(self) -> MarkdownCode {
        MarkdownCode::of(self.terminal(), CodeSpanPlace::Cell)
    }

    /// For one cell of a CSV file.
    pub const fn csv(self) -> CsvCell<'a> {
        CsvCell { text: self.0 }
    }

    /// For the text and the quoted attributes of an HTML page.
    pub const fn html(self) -> Html<'a> {
        Html { text: self.0 }
    }

    /// For a JSON string in a `<script>` of an HTML page.
    pub const fn json_in_html(self) -> JsonInHtml<'a> {
        JsonInHtml { text: self.0 }
    }
}

/// Shows text on one line of a terminal: control characters and invisible characters become visible escapes like `\u{1b}`.
#[derive(Clone, Copy, Debug)]
pub struct Terminal<'a> {
    text: &'a str,
    columns: usize,
}

impl Terminal<'_> {
    /// The maximum number of columns, including the ellipsis of a cut.
    #[must_use]
    pub const fn cut(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }
}

impl fmt::Display for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain(self.text) && self.text.len() <= self.columns {
            return f.write_str(self.text);
        }
        let fits = pieces(self.text)
            .try_fold(0_usize, |used, piece| {
                let used = used + piece.columns();
                (used <= self.columns).then_some(used)
            })
            .is_some();
        let room = if fits {
            self.columns
        } else {
            self.columns.saturating_sub(1)
        };
        let mut used = 0;
        for piece in pieces(self.text) {
            used += piece.columns();
            if used > room {
                break;
            }
            write!(f, "{piece}")?;
        }
        if !fits && self.columns > 0 {
            write!(f, "{ELLIPSIS}")?;
        }
        Ok(())
    }
}

/// Shows text as a Markdown code span on one line: nothing in it is markup, a mention or a link, and nothing is hidden. Empty text gives no
/// span.
///
/// Backslashes do not escape in a code span, and its delimiters are longer than any run of backticks in it (`CommonMark` 0.31.2, "Code
/// spans"). Services do not expand mentions, references and emoji in code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkdownCode(String);

/// The context of a code span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodeSpanPlace {
    Line,
    Cell,
}

impl MarkdownCode {
    fn of(text: Terminal<'_>, place: CodeSpanPlace) -> Self {
        let mut text = text.to_string();
        if text.is_empty() {
            return Self(text);
        }
        if place == CodeSpanPlace::Cell {
            // A pipe ends a cell even in code, unless a backslash stands before it (GitHub Flavored Markdown, "Tables").
            // Renderers disagree about two backslashes before it, so that one is shown by its number.
            text = text.replace(r"\|", r"\\u{7c}").replace('|', r"\|");
        }
        let longest = text
            .split(|c| c != '`')
            .map(str::len)
            .max()
            .unwrap_or_default();
        let delimiter = "`".repeat(longest + 1);
        // Renderers strip one space on each side if there is one on both and the span is not only spaces; a no-break space is none.
        let at_edge = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
        let padding = if at_edge && !text.trim_matches(' ').is_empty() {
            " "
        } else {
            ""
        };
        Self(format!("{delimiter}{padding}{text}{padding}{delimiter}"))
    }
}

impl fmt::Display for MarkdownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows text as one cell of a CSV file, its quotes included: on one line, and never a formula.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula; a `'` before it makes it text
/// (the advice of OWASP, "CSV injection"). A tab or a line break, which can begin a formula too, becomes visible.
#[derive(Clone, Copy, Debug)]
pub struct CsvCell<'a> {
    text: &'a str,
}

impl fmt::Display for CsvCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.text.trim_start().chars().next();
        // The full-width forms are formulas in East Asian versions of Excel.
        let formula = matches!(
            first,
            Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
        );
        let quoted = self.text.contains(['"', ',', ';']) || self.text != self.text.trim();
        if quoted {
            f.write_str("\"")?;
        }
        if formula {
            f.write_str("'")?;
        }
        write_shown(f, self.text, |c| (c == '"').then_some("\"\""))?;
        if quoted {
            f.write_str("\"")?;
        }
        Ok(())
    }
}

/// Shows text in an HTML page, between tags or in a quoted attribute: with the same visible escapes as on a terminal, and never as markup.
#[derive(Clone, Copy, Debug)]
pub struct Html<'a> {
    text: &'a str,
}

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_shown(f, self.text, |c| match c {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '"' => Some("&quot;"),
            '\'' => Some("&#39;"),
            _ => None,
        })
    }
}

/// Shows text as a JSON string, including its quotes, in a `<script>` of an HTML page. A script reads from it what [`Terminal`] shows.
///
/// HTML entities do not work inside a script, and `</script>` or `<!--` change parsing even inside a string. So `<`, `>` and `&` are
/// written as `\uXXXX`.
#[derive(Clone, Copy, Debug)]
pub struct JsonInHtml<'a> {
    text: &'a str,
}

impl fmt::Display for JsonInHtml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for piece in pieces(self.text) {
            match piece {
                ShownCharacter::Plain(c @ ('"' | '\\')) => write!(f, "\\{c}")?,
                ShownCharacter::Plain(c @ ('<' | '>' | '&')) => {
                    write!(f, "\\u{:04x}", u32::from(c))?;
                }
                ShownCharacter::Plain(c) => write!(f, "{c}")?,
                // Its visible form is letters, digits and braces behind a backslash.
                ShownCharacter::Escaped(c) => escape(c).try_for_each(|c| match c {
                    '\\' => f.write_str("\\\\"),
                    c => write!(f, "{c}"),
                })?,
            }
        }
        f.write_str("\"")
    }
}

/// The columns that already escaped text takes on a terminal.
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// One character as it will be shown.
#[derive(Clone, Copy, Debug)]
enum ShownCharacter {
    Plain(char),
    Escaped(char),
}

impl ShownCharacter {
    fn columns(self) -> usize {
        match self {
            Self::Plain(c) => c.width().unwrap_or(0),
            Self::Escaped(c) => escape(c).count(),
        }
    }
}

impl fmt::Display for ShownCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(c) => write!(f, "{c}"),
            Self::Escaped(c) => escape(*c).try_for_each(|c| write!(f, "{c}")),
        }
    }
}

/// `\n`, `\r` and `\t` by their names, all others as `\u{…}`.
fn escape(c: char) -> impl Iterator<Item = char> {
    let (named, numbered) = match c {
        '\n' | '\r' | '\t' => (Some(c.escape_default()), None),
        _ => (None, Some(c.escape_unicode())),
    };
    named
        .into_iter()
        .flatten()
        .chain(numbered.into_iter().flatten())
}

/// Writes text with visible escapes, and other text for some of its plain characters. What stays as it is is written in one piece.
fn write_shown(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    other: impl Fn(char) -> Option<&'static str>,
) -> fmt::Result {
    let (mut written, mut at) = (0, 0);
    for piece in pieces(text) {
        let (ShownCharacter::Plain(c) | ShownCharacter::Escaped(c)) = piece;
        let end = at + c.len_utf8();
        let other = match piece {
            ShownCharacter::Plain(c) => other(c),
            ShownCharacter::Escaped(_) => None,
        };
        if other.is_some() || matches!(piece, ShownCharacter::Escaped(_)) {
            f.write_str(&text[written..at])?;
            match other {
                Some(other) => f.write_str(other)?,
                None => write!(f, "{piece}")?,
            }
            written = end;
        }
        at = end;
    }
    f.write_str(&text[written..])
}

/// Whether it is only letters, digits and signs of ASCII, which take one column each and stay as they are.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn pieces(text: &str) -> impl Iterator<Item = ShownCharacter> {
    // At the start there is no letter to carry a mark: it would be drawn over the text before it.
    let mut marks_left = 0;
    text.chars().map(move |c| {
        if is_unsafe(c) {
            marks_left = 0;
            return ShownCharacter::Escaped(c);
        }
        if c.width().unwrap_or(0) > 0 {
            marks_left = MAX_MARKS;
            return ShownCharacter::Plain(c);
        }
        if marks_left == 0 {
            return ShownCharacter::Escaped(c);
        }
        marks_left -= 1;
        ShownCharacter::Plain(c)
    })
}

/// Control characters, characters that change the reading direction, and characters that show nothing or anything.
fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            // Bidirectional controls (UAX #9).
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Zero-width spaces and joiners, invisible operators, deprecated format characters, the byte order mark.
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            // Line and paragraph separators: new lines to some readers.
            | '\u{2028}' | '\u{2029}'
            // The soft hyphen and the fillers: letters that show nothing.
            | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
            // Mongolian separators, interlinear annotations, shorthand, musical and hieroglyph format controls.
            | '\u{180b}'..='\u{180f}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{13430}'..='\u{1343f}'
            // Tags and the supplement of variation selectors: a whole hidden alphabet.
            | '\u{e0000}'..='\u{e0fff}'
            // The blank of braille and the one of music, and the variation selectors but for those of emoji.
            | '\u{2800}' | '\u{1d159}' | '\u{fe00}'..='\u{fe0d}'
            // Private use: each font shows what it likes, or nothing. The last two planes are nothing else.
            | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
            // Never a character.
            | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests;
