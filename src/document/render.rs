//! Mistakes as text for people: place, line, caret, cure.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

use crate::text::Untrusted;

use super::{
    mistake::{Mistake, Mistakes, visible},
    span::{Position, line_at, position},
};

/// Fits a terminal that is a little wider than the traditional 80 columns; longer messages are wrapped.
const WIDTH: usize = 100;
/// The part of a long line that is shown, in characters before and after the mistake's start.
const WINDOW: usize = 80;

impl Mistakes {
    /// All mistakes as text, each with its place, its line and its cure; `colour` adds ANSI styles.
    pub fn render(&self, colour: bool) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_width(WIDTH)
            .with_context_lines(0);
        let mut text = String::new();
        for mistake in &self.list {
            let report = Report {
                mistake,
                excerpt: Excerpt::new(&self.file, &self.source, mistake),
            };
            if handler.render_report(&mut text, &report).is_err() {
                // Only a label outside its excerpt could bring us here; the message must still be seen.
                text.push_str(&mistake.message);
            }
            text.push('\n');
        }
        text
    }
}

/// The one line that a mistake is on, safe to print.
#[derive(Debug)]
struct Excerpt {
    file: String,
    text: String,
    /// Bytes of `text`.
    label: SourceSpan,
    position: Position,
}

impl Excerpt {
    fn new(file: &str, source: &str, mistake: &Mistake) -> Option<Self> {
        let span = mistake.span?;
        let line = line_at(source, span.start);
        let start = span.start.clamp(line.start, line.end);
        let end = span.end.clamp(start, line.end);
        let before = tail(&source[line.start..start], WINDOW);
        let marked = head(&source[start..end], WINDOW);
        let after = head(&source[end..line.end], WINDOW);
        let cut_before = if before.len() < start - line.start {
            "… "
        } else {
            ""
        };
        let shown_before = format!("{cut_before}{}", printable(before));
        let shown_marked = printable(marked);
        let shown_after = match printable(after) {
            // A caret needs a character to stand under.
            nothing if nothing.is_empty() && shown_marked.is_empty() => " ".to_owned(),
            rest => rest,
        };
        let label = (shown_before.len(), shown_marked.len()).into();
        Some(Self {
            file: visible(file),
            text: format!("{shown_before}{shown_marked}{shown_after}"),
            label,
            position: position(source, start),
        })
    }
}

/// One character for one, so that the columns stay.
fn printable(text: &str) -> String {
    Untrusted(&text.replace('\u{feff}', "")).in_place()
}

fn head(text: &str, count: usize) -> &str {
    text.char_indices()
        .nth(count)
        .map_or(text, |(at, _)| &text[..at])
}

fn tail(text: &str, count: usize) -> &str {
    let Some(last) = count.checked_sub(1) else {
        return "";
    };
    text.char_indices()
        .rev()
        .nth(last)
        .map_or(text, |(at, _)| &text[at..])
}

/// Says the line and column of the whole file, which the excerpt alone doesn't know.
impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        _context_lines_before: usize,
        _context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.clone(),
            self.text.as_bytes(),
            (0, self.text.len()).into(),
            self.position.line - 1,
            self.position.column - 1,
            1,
        )))
    }
}

#[derive(Debug)]
struct Report<'m> {
    mistake: &'m Mistake,
    excerpt: Option<Excerpt>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistake.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.mistake.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let excerpt = self.excerpt.as_ref()?;
        Some(excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let label = LabeledSpan::new_with_span(None, excerpt.label);
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::span::Span, *};

    fn render(source: &str, start: usize, end: usize) -> String {
        let mistake = Mistake::new(Span { start, end }, "wrong").help("put it right");
        Mistakes::new("dir/p.yaml".into(), source.into(), vec![mistake]).render(false)
    }

    #[test]
    fn the_place_the_line_the_caret_and_the_cure_are_shown() {
        insta::assert_snapshot!(render("a: 1\nbü: nö x\nc: 2\n", 10, 13), @r"
         × wrong
          ╭─[dir/p.yaml:2:5]
        2 │ bü: nö x
          ·     ──
          ╰────
         help: put it right
        ");
    }

    #[test]
    fn a_mistake_without_a_place_has_only_words() {
        let all = Mistakes::new("p".into(), String::new(), vec![Mistake::new(None, "wrong")]);
        insta::assert_snapshot!(all.render(false), @r"
          × wrong
        ");
    }

    #[test]
    fn what_could_steer_a_terminal_is_a_picture_and_the_caret_stays_right() {
        insta::assert_snapshot!(render("a\u{1b}[31m\u{9b}\u{202e}b: \tx\n", 15, 16), @r"
         × wrong
          ╭─[dir/p.yaml:1:13]
        1 │ a␛[31m��b:  x
          ·             ─
          ╰────
         help: put it right
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mistake() {
        let source = format!("{}x{}", "-".repeat(5000), "+".repeat(5000));
        let text = render(&source, 5000, 5001);
        assert!(text.contains("p.yaml:1:5001"), "{text}");
        assert!(text.len() < 2000, "{text}");
    }

    #[test]
    fn a_span_over_several_lines_is_marked_on_its_first() {
        assert!(!render("a: b\nc: d\n", 0, 9).contains("c: d"));
    }

    #[test]
    fn the_end_of_the_file_has_a_caret_too() {
        for (source, at, place) in [("a: b\n", 5, "2:1"), ("", 0, "1:1"), ("a:\nb:", 2, "1:3")] {
            let text = render(source, at, at);
            assert!(text.contains(&format!("p.yaml:{place}")), "{text}");
            assert!(text.contains('▲'), "{text}");
        }
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let mistake = Mistake::new(Span { start: 0, end: 1 }, "wrong");
        let all = Mistakes::new("p".into(), "a".into(), vec![mistake]);
        assert!(all.render(true).contains('\u{1b}'));
        assert!(!all.render(false).contains('\u{1b}'));
    }
}
