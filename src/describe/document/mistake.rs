//! A mistake in a playbook: what is wrong, where, and what to do.

use std::fmt;

use super::span::{Position, Span, position};
use crate::text::{Untrusted, cut};

/// Mistakes that are shown: a person corrects a few, and reads again.
const SHOWN: usize = 20;

/// Characters of a message: more than any of ours has, unless it quotes a key or a value of a page.
const MAX_MESSAGE: usize = 2_000;

/// One mistake. Its texts may quote the playbook, with control characters made visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// None if it is not in the file, as for an unknown `--var`.
    pub span: Option<Span>,
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Mistake {
    pub(crate) fn new(span: impl Into<Option<Span>>, message: impl AsRef<str>) -> Self {
        Self {
            span: span.into(),
            message: visible(&cut(message.as_ref(), MAX_MESSAGE)),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl AsRef<str>) -> Self {
        let help = cut(help.as_ref(), MAX_MESSAGE);
        let lines: Vec<_> = help.split('\n').map(visible).collect();
        self.help = Some(lines.join("\n"));
        self
    }
}

/// The mistakes that a reader has noted, and how many there are beyond these.
#[derive(Debug, Default)]
pub(crate) struct NotedMistakes {
    pub(crate) list: Vec<Mistake>,
    pub(crate) more: usize,
}

impl NotedMistakes {
    /// The number of mistakes whose texts are kept: in the order of reading, which is not that of the text.
    pub(crate) const MOST: usize = 100;

    pub(crate) const fn is_full(&self) -> bool {
        self.list.len() >= Self::MOST
    }

    /// Keeps a mistake, or counts it.
    pub(crate) fn add(&mut self, mistake: Mistake) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.list.push(mistake);
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// The mistakes of one playbook, in the order of the text; never empty. Of many, the first few are kept.
#[derive(Clone, Debug)]
pub struct Mistakes {
    pub(crate) file: String,
    pub(crate) source: String,
    pub(crate) list: Vec<Mistake>,
    pub(crate) more: usize,
}

impl Mistakes {
    /// Sorts mistakes by their place, removes duplicates, and keeps the first 20.
    pub(crate) fn new(file: String, source: String, noted: NotedMistakes) -> Self {
        let NotedMistakes { mut list, more } = noted;
        list.sort_by_key(|mistake| mistake.span);
        list.dedup();
        let more = more + list.len().saturating_sub(SHOWN);
        list.truncate(SHOWN);
        Self {
            file,
            source,
            list,
            more,
        }
    }

    /// Those that are shown.
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }

    /// How many there are beside the list.
    pub const fn more(&self) -> usize {
        self.more
    }

    /// Where each mistake starts, in the order of the list.
    pub fn positions(&self) -> impl Iterator<Item = Option<Position>> {
        self.list
            .iter()
            .map(|mistake| Some(position(&self.source, mistake.span?.start)))
    }
}

/// Without colours, as [`Mistakes::render`] writes it.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, None))
    }
}

impl std::error::Error for Mistakes {}

/// Escapes control characters, characters that change the reading direction, and invisible characters: `\u{1b}`, `
/// `.
pub(crate) fn visible(text: &str) -> String {
    Untrusted(text).terminal().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_or_hide_is_shown_as_an_escape() {
        for (text, shown) in [
            ("plain ä ✓", "plain ä ✓"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{202e}txt\u{9b}", "\\u{202e}txt\\u{9b}"),
            (
                "a\u{200b}b\u{ad}c\u{e0041}",
                "a\\u{200b}b\\u{ad}c\\u{e0041}",
            ),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(Mistake::new(None, text).message, shown);
        }
    }

    #[test]
    fn a_help_keeps_its_lines_and_nothing_else_that_steers() {
        let mistake = Mistake::new(None, "m").help("first\nsecond\u{7}");
        assert_eq!(mistake.help.as_deref(), Some("first\nsecond\\u{7}"));
    }

    #[test]
    fn mistakes_stand_in_the_order_of_the_text_without_repetitions() {
        let at = |start| Mistake::new(Span { start, end: start }, format!("at {start}"));
        let all = Mistakes::new(
            "f".into(),
            "abc\ndef".into(),
            NotedMistakes {
                list: vec![at(5), at(1), at(5), Mistake::new(None, "nowhere")],
                more: 0,
            },
        );
        let messages: Vec<_> = all.list().iter().map(|m| m.message.as_str()).collect();
        assert_eq!(messages, ["nowhere", "at 1", "at 5"]);
        let lines: Vec<_> = all.positions().map(|p| p.map(|p| p.line)).collect();
        assert_eq!(lines, [None, Some(1), Some(2)]);
    }

    #[test]
    fn of_many_mistakes_twenty_are_kept_and_the_others_counted() {
        for (number, more) in [(20, 0), (21, 1), (100, 80), (101, 81), (20_000, 19_980)] {
            let mut noted = NotedMistakes::default();
            for start in 0..number {
                noted.add(Mistake::new(Span { start, end: start }, "wrong"));
            }
            assert_eq!(noted.list.len(), number.min(100), "texts are kept");
            let mistakes = Mistakes::new("f".into(), String::new(), noted);
            assert_eq!((mistakes.list().len(), mistakes.more()), (20, more));
        }
    }

    #[test]
    fn a_message_that_quotes_a_page_is_cut() {
        let page = "x".repeat(1_000_000);
        let mistake = Mistake::new(None, &page).help(&page);
        assert!(mistake.message.len() < 2_100, "{}", mistake.message.len());
        assert!(mistake.help.unwrap().len() < 2_100);
    }
}
