//! Mistakes as text: place, line, caret, hint.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

use crate::text::{Untrusted, columns, count};

use super::{
    mistake::{Mistake, Mistakes, visible},
    span::{Position, floor, line_at, position},
};

/// Columns of a line of the file where there is no terminal: no line that a person writes is cut.
const WHOLE: usize = 1_000;

/// Columns of a line that stay for what is beside a long mistake.
const LEAST_BESIDE: usize = 5;

/// Columns that a line takes beside its number: ` 5 │ `.
const GUTTER: usize = 4;

impl Mistakes {
    /// All mistakes as text, each with its place, its line and its hint; `colour` adds ANSI styles. For a terminal of `width`
    /// columns, lines of the file are cut; its writer wraps the messages, where there is one.
    pub fn render(&self, colour: bool, width: Option<usize>) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_wrap_lines(false)
            .with_context_lines(0);
        let mut text = String::new();
        for mistake in &self.list {
            let report = Report {
                mistake,
                excerpt: Excerpt::new(&self.file, &self.source, mistake, width),
            };
            if handler.render_report(&mut text, &report).is_err() {
                // This happens only for a label outside its excerpt; the message must still be shown.
                text.push_str(&mistake.message);
            }
            text.push('\n');
        }
        if self.more > 0 {
            let more = count(self.more as u64, "more mistake", "more mistakes");
            text.push_str("… and ");
            text.push_str(&more);
            text.push('\n');
        }
        text
    }
}

/// More bytes than a column usually has, also of letters with several marks.
const BYTES_A_COLUMN: usize = 16;

/// The line of the mistake, safe to print.
#[derive(Debug)]
struct Excerpt {
    file: String,
    text: String,
    /// Bytes of `text`.
    label: SourceSpan,
    position: Position,
}

impl Excerpt {
    fn new(file: &str, source: &str, mistake: &Mistake, width: Option<usize>) -> Option<Self> {
        let span = mistake.span?;
        let line = line_at(source, span.start);
        let start = span.start.clamp(line.start, line.end);
        let end = span.end.clamp(start, line.end);
        let position = position(source, start);
        let gutter = GUTTER + position.line.to_string().len();
        let room = width.map_or(WHOLE, |width| width.saturating_sub(gutter));
        // The line may be a megabyte: what is not shown in any case is not made printable.
        let most = room.saturating_mul(BYTES_A_COLUMN);
        let from = line.start.max(floor(source, start.saturating_sub(most)));
        let marked_end = end.min(floor(source, start.saturating_add(most)));
        let to = line.end.min(floor(source, end.saturating_add(most)));
        let [before, marked, mut after] =
            [from..start, start..marked_end, end..to].map(|part| printable(&source[part]));
        if marked.is_empty() && after.is_empty() {
            // A caret needs a character above it.
            after.push(' ');
        }
        let [before, marked, after] = fitted([before, marked, after], room);
        let label = (before.len(), marked.len()).into();
        Some(Self {
            file: visible(file),
            text: format!("{before}{marked}{after}"),
            label,
            position,
        })
    }
}

/// The text before the mistake, the mistake, and the text after it, cut to `room` columns; each cut is one ellipsis.
fn fitted([before, marked, after]: [String; 3], room: usize) -> [String; 3] {
    let beside = columns(&before) + columns(&after);
    let marked = head(&marked, room.saturating_sub(beside.min(2 * LEAST_BESIDE)));
    let beside = room.saturating_sub(columns(&marked));
    let before_room = beside.saturating_sub(columns(&after)).max(beside / 2);
    let before = tail(&before, before_room);
    let after = head(&after, beside.saturating_sub(columns(&before)));
    [before, marked, after]
}

/// Replaces each character by one, so that the columns stay.
fn printable(text: &str) -> String {
    Untrusted(&text.replace('\u{feff}', "")).in_place()
}

/// The first columns of a text.
fn head(text: &str, room: usize) -> String {
    Untrusted(text).terminal().cut(room).to_string()
}

/// The last columns of a text.
fn tail(text: &str, room: usize) -> String {
    let mut left = columns(text);
    if left <= room {
        return text.to_owned();
    }
    let from = text.char_indices().find(|(at, c)| {
        let fits = left < room;
        left -= columns(&text[*at..at + c.len_utf8()]);
        fits
    });
    from.map_or_else(String::new, |(at, _)| format!("…{}", &text[at..]))
}

/// Returns the line and column in the whole file, which are unknown in the excerpt.
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
    use super::{
        super::{mistake::NotedMistakes, span::Span},
        *,
    };

    fn noted(mistake: Mistake) -> NotedMistakes {
        let mut noted = NotedMistakes::default();
        noted.add(mistake);
        noted
    }

    fn render(source: &str, start: usize, end: usize) -> String {
        let mistake = Mistake::new(Span { start, end }, "wrong").help("put it right");
        Mistakes::new("dir/p.yaml".into(), source.into(), noted(mistake)).render(false, None)
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
        let all = Mistakes::new(
            "p".into(),
            String::new(),
            noted(Mistake::new(None, "wrong")),
        );
        insta::assert_snapshot!(all.render(false, None), @r"
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
    fn a_line_is_cut_around_the_mistake_where_a_terminal_is_too_narrow() {
        let source = "where: execution.status == \"STARTED\" and execution.nane == \"a text that goes on\"\n";
        let start = source.find("execution.nane").unwrap();
        let last = source.trim_end().len();
        let mistakes = |start, end| {
            let mistake = Mistake::new(Span { start, end }, "wrong".repeat(30));
            Mistakes::new("p".into(), source.into(), noted(mistake))
        };
        let drawn = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.contains(['│', '·']));
            lines.map(str::to_owned).collect()
        };
        let whole = format!("1 │ {}", source.trim_end());
        for width in 30..120 {
            for (start, end) in [
                (0, 5),
                (start, start + 14),
                (7, last),
                (last - 1, last),
                (last, last),
            ] {
                let lines = drawn(&mistakes(start, end).render(false, Some(width)));
                let [line, mark] = &lines[..] else {
                    panic!("{lines:?}")
                };
                for line in [line, mark] {
                    assert!(columns(line) <= width, "{width}: {line}");
                }
                if width >= columns(&whole) + 2 {
                    assert_eq!(line.trim(), whole, "{width}");
                }
                // The mark is under what is wrong, as far as that is shown.
                let from = mark
                    .find(['─', '▲'])
                    .map(|at| columns(&mark[..at]))
                    .unwrap();
                let marked: String = line.chars().skip(from).take(5).collect();
                let is = &source[start..source.len().min(start + 5)];
                assert!(marked.starts_with(is.trim_end()), "{width}: {line}\n{mark}");
            }
        }
        insta::assert_snapshot!(
            drawn(&mistakes(start, start + 14).render(false, Some(50))).join("\n"),
            @r#"
        1 │ …"STARTED" and execution.nane == "a text tha…
          ·                ──────────────
        "#
        );
        let piped = drawn(&mistakes(start, start + 14).render(false, None));
        assert_eq!(piped[0].trim(), whole);
    }

    #[test]
    fn a_word_of_a_message_is_never_broken() {
        let advice = format!("write `a_name_of_{}`", "x-".repeat(60));
        let mistake = Mistake::new(None, "wrong").help(&advice);
        let all = Mistakes::new("p".into(), String::new(), noted(mistake));
        for width in [None, Some(50)] {
            let text = all.render(false, width);
            assert!(text.contains(&advice["write ".len()..]), "{text}");
        }
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
        let all = Mistakes::new("p".into(), "a".into(), noted(mistake));
        assert!(all.render(true, None).contains('\u{1b}'));
        assert!(!all.render(false, None).contains('\u{1b}'));
    }
}
