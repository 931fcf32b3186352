//! Markdown as lines of text for a terminal.

use std::{
    io::{self, Write},
    mem,
};

use owo_colors::OwoColorize as _;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{CHAPTERS, Chapter, fill::fill, table::PageTable};
use crate::{styles::Styles, text::columns};

/// The indent of everything below a heading, in columns.
const INDENT: usize = 2;

/// Writes a chapter in lines of at most `width` columns; code is not wrapped.
///
/// # Errors
///
/// The errors of `out`.
pub fn render(
    chapter: &Chapter,
    width: usize,
    styles: Styles,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = ChapterPage::new(width, styles);
    for event in Parser::new_ext(chapter.text, Options::ENABLE_TABLES) {
        page.take(event);
    }
    page.see_also(chapter);
    out.write_all(page.text.as_bytes())
}

/// A page while it is written.
#[derive(Debug)]
struct ChapterPage {
    width: usize,
    styles: Styles,
    text: String,
    /// The text of the block that is read.
    inline: String,
    /// The number of the next item of each open list; none in a list without numbers.
    lists: Vec<Option<u64>>,
    /// The mark of an item that has no line yet.
    mark: Option<String>,
    indent: usize,
    table: Option<PageTable>,
    is_code: bool,
    /// The targets of the open links.
    links: Vec<String>,
    /// The chapters that this one links to.
    linked: Vec<&'static Chapter>,
}

impl ChapterPage {
    const fn new(width: usize, styles: Styles) -> Self {
        Self {
            width,
            styles,
            text: String::new(),
            inline: String::new(),
            lists: Vec::new(),
            mark: None,
            indent: INDENT,
            table: None,
            is_code: false,
            links: Vec::new(),
            linked: Vec::new(),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "HTML, and the events of extensions that are off"
    )]
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.inline.push_str(&text),
            Event::Code(code) => {
                self.inline.push('`');
                self.inline.push_str(&code);
                self.inline.push('`');
            }
            Event::SoftBreak => self.inline.push(' '),
            Event::HardBreak => self.inline.push('\n'),
            Event::Rule => self.gap(),
            // Comments, too.
            _ => {}
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "their text is all that a terminal shows"
    )]
    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } | Tag::Paragraph => self.gap(),
            Tag::CodeBlock(_) => {
                self.end_block();
                self.gap();
                self.is_code = true;
            }
            Tag::List(first) => {
                self.end_block();
                if self.lists.is_empty() {
                    self.gap();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    Some(None) | None => "- ".to_owned(),
                };
                self.indent += columns(&mark);
                self.mark = Some(mark);
            }
            Tag::BlockQuote(_) => self.indent += INDENT,
            Tag::Table(_) => {
                self.gap();
                self.table = Some(PageTable::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::Link { dest_url, .. } => self.links.push(dest_url.into_string()),
            _ => {}
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "their text is all that a terminal shows"
    )]
    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.heading(level),
            TagEnd::Paragraph => self.end_block(),
            TagEnd::CodeBlock => {
                self.is_code = false;
                let code = mem::take(&mut self.inline);
                for line in code.lines() {
                    self.line(&format!("  {line}"));
                }
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Item => {
                self.end_block();
                self.mark = None;
                let marks = self.lists.last().copied().flatten();
                let mark = marks.map_or(2, |number| columns(&format!("{}. ", number - 1)));
                self.indent -= mark;
            }
            TagEnd::BlockQuote(_) => self.indent -= INDENT,
            TagEnd::TableCell => {
                let cell = mem::take(&mut self.inline);
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    for line in table.lines(self.room()) {
                        self.line(&line);
                    }
                }
            }
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    /// An address stands behind the text of its link; a page of the guide is named at the end.
    fn end_link(&mut self) {
        let Some(target) = self.links.pop() else {
            return;
        };
        if target.contains("://") {
            if !self.inline.ends_with(&target) {
                self.inline.extend([" <", &target, ">"]);
            }
            return;
        }
        let file = target.split('#').next().unwrap_or_default();
        let chapter = CHAPTERS.iter().find(|chapter| chapter.file == file);
        if let Some(chapter) =
            chapter.filter(|it| !self.linked.iter().any(|one| one.name == it.name))
        {
            self.linked.push(chapter);
        }
    }

    fn see_also(&mut self, own: &Chapter) {
        let linked = mem::take(&mut self.linked);
        let others: Vec<&Chapter> = linked
            .into_iter()
            .filter(|it| it.name != own.name)
            .collect();
        if others.is_empty() {
            return;
        }
        self.gap();
        self.inline.push_str("See also");
        self.heading(HeadingLevel::H2);
        self.gap();
        for chapter in others {
            self.line(&format!(
                "wf-bulk help {:<13} {}",
                chapter.name,
                chapter.title()
            ));
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        let heading = mem::take(&mut self.inline);
        let rule = match level {
            HeadingLevel::H1 => Some("="),
            HeadingLevel::H2 => Some("-"),
            HeadingLevel::H3 | HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => None,
        };
        for line in fill(&heading, self.width) {
            let rule = rule.map(|rule| rule.repeat(columns(&line)));
            self.text += &line.style(self.styles.strong).to_string();
            self.text.push('\n');
            if let Some(rule) = rule {
                self.text += &rule;
                self.text.push('\n');
            }
        }
    }

    /// Writes the text that was read, in lines.
    fn end_block(&mut self) {
        let text = mem::take(&mut self.inline);
        if text.is_empty() {
            return;
        }
        for line in fill(&text, self.room()) {
            self.line(&line);
        }
    }

    fn room(&self) -> usize {
        self.width.saturating_sub(self.indent)
    }

    /// An empty line, if the page does not end with one.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn line(&mut self, line: &str) {
        let mark = self.mark.take().unwrap_or_default();
        let spaces = " ".repeat(self.indent - columns(&mark));
        let line = format!("{spaces}{mark}{line}");
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &'static str, width: usize) -> String {
        let chapter = Chapter {
            name: "x",
            file: "x.md",
            text,
        };
        let mut out = Vec::new();
        render(&chapter, width, Styles::plain(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_page_reads_as_text() {
        let text = "# The title\n\nSome *plain* words, `code` and [a link](review.md#x).\n\n## Part\n\n- one, which is longer than \
                    a line\n  1. inner\n- two\n\n```sh\nwf-bulk show x   # not wrapped\n```\n\n> A note <https://a.example>.\n";
        assert_eq!(
            shown(text, 30),
            "\
The title
=========

  Some plain words, `code` and
  a link.

Part
----

  - one, which is longer than
    a line
    1. inner
  - two

    wf-bulk show x   # not wrapped

    A note https://a.example.

See also
--------

  wf-bulk help review        Reviewing a plan
"
        );
    }

    #[test]
    fn every_chapter_fits_every_width_but_for_code_and_long_words() {
        for chapter in CHAPTERS {
            for width in [40, 80, 120] {
                let mut out = Vec::new();
                render(chapter, width, Styles::plain(), &mut out).unwrap();
                let page = String::from_utf8(out).unwrap();
                for line in page.lines() {
                    let is_code = line.starts_with("    ");
                    let is_one_word = !line.trim().trim_start_matches("- ").contains(' ');
                    let fits = columns(line) <= width || is_code || is_one_word;
                    let is_see_also = line.starts_with("  wf-bulk help ");
                    assert!(fits || is_see_also, "{} {width}: {line}", chapter.file);
                }
            }
        }
    }

    #[test]
    fn no_word_of_a_chapter_is_lost() {
        for chapter in CHAPTERS {
            let mut out = Vec::new();
            render(chapter, 80, Styles::plain(), &mut out).unwrap();
            let page = String::from_utf8(out).unwrap();
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
            let parsed = Parser::new_ext(chapter.text, Options::ENABLE_TABLES);
            let read: usize = parsed
                .map(|event| match event {
                    Event::Text(text) | Event::Code(text) => letters(&text),
                    _ => 0,
                })
                .sum();
            assert!(letters(&page) >= read, "{}", chapter.file);
        }
    }
}
