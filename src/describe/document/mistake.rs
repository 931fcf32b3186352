//! A mistake in a playbook: what is wrong, where, and what to do.

use std::fmt;

use super::span::{Position, Span, position};
use crate::text::Untrusted;

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
            message: visible(message.as_ref()),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl AsRef<str>) -> Self {
        let lines: Vec<_> = help.as_ref().split('\n').map(visible).collect();
        self.help = Some(lines.join("\n"));
        self
    }
}

/// All mistakes of one playbook, in the order of the text; never empty.
#[derive(Clone, Debug)]
pub struct Mistakes {
    pub(crate) file: String,
    pub(crate) source: String,
    pub(crate) list: Vec<Mistake>,
}

impl Mistakes {
    /// Sorts mistakes by their place and removes duplicates.
    pub(crate) fn new(file: String, source: String, mut list: Vec<Mistake>) -> Self {
        list.sort_by_key(|mistake| mistake.span);
        list.dedup();
        Self { file, source, list }
    }

    pub fn list(&self) -> &[Mistake] {
        &self.list
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
            vec![at(5), at(1), at(5), Mistake::new(None, "nowhere")],
        );
        let messages: Vec<_> = all.list().iter().map(|m| m.message.as_str()).collect();
        assert_eq!(messages, ["nowhere", "at 1", "at 5"]);
        let lines: Vec<_> = all.positions().map(|p| p.map(|p| p.line)).collect();
        assert_eq!(lines, [None, Some(1), Some(2)]);
    }
}
