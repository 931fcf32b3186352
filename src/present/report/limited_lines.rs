//! Markdown that fits into one comment: spans and cells of bounded length, and lists of which the lines that fit are shown.

use std::io;

use super::units::thousands;
use crate::text::Untrusted;

/// The maximum number of bytes. GitHub accepts comments of 65,536 characters, each at least a byte; the remaining bytes are for additions
/// of a workflow: a marker to find the comment again, a link to the whole plan.
pub(super) const MAX_BYTES: usize = 64_000;

/// The part of these bytes for the differences from an earlier plan, which stand in the comment of a plan.
pub(super) const MAX_DIFF_BYTES: usize = 8_000;

/// The part for a plan.
pub(super) const MAX_PLAN_BYTES: usize = MAX_BYTES - MAX_DIFF_BYTES;

/// The nouns of lists that count changes: one, and many.
pub(super) const CHANGES: [&str; 2] = ["change", "changes"];

/// The same for rejections.
pub(super) const REJECTED: [&str; 2] = ["rejected target", "rejected targets"];

/// Bytes of the line that says how much was cut off, without the command that shows it.
const CUT_BYTES: usize = 80;

/// Bytes of a text in the head: some sentences.
const SPAN_BYTES: usize = 600;

/// Text from outside on a line, cut if it is too long: a column may hold many bytes.
pub(super) fn code(text: &str) -> String {
    let mut columns = SPAN_BYTES;
    loop {
        let cut = Untrusted(text).terminal().cut(columns).to_string();
        let span = Untrusted(&cut).markdown().to_string();
        if span.len() <= SPAN_BYTES {
            return span;
        }
        columns /= 2;
    }
}

/// Text in a cell that is already escaped for a terminal.
pub(super) fn cell(text: &str) -> String {
    Untrusted(text).markdown_cell().to_string()
}

/// Makes a section of at most this number of bytes.
pub(super) type Section<'a> = &'a dyn Fn(usize) -> io::Result<String>;

/// Makes each section in its share of the room, a percentage. What one does not use, the next ones may.
pub(super) fn in_shares<const N: usize>(
    room: usize,
    sections: [(usize, Section<'_>); N],
) -> io::Result<[String; N]> {
    let mut spare = 0;
    let mut texts = [const { String::new() }; N];
    for (text, (percent, section)) in texts.iter_mut().zip(sections) {
        spare += room * percent / 100;
        *text = section(spare)?;
        spare = spare.saturating_sub(text.len());
    }
    Ok(texts)
}

/// The lines that fit.
#[derive(Debug)]
pub(super) struct LimitedLines {
    text: String,
    /// Where all lines are, if that is known.
    shown_by: String,
    room: usize,
    /// How many of the total the lines count.
    shown: u64,
    /// How many lines there are.
    lines: usize,
    is_cut: bool,
}

impl LimitedLines {
    /// `shown_by`: what shows all lines.
    pub(super) fn new(start: String, room: usize, shown_by: Option<&str>) -> Self {
        let shown_by = shown_by.map_or_else(String::new, |shown_by| {
            format!("; {} shows all", Untrusted(shown_by).markdown())
        });
        Self {
            room: room.saturating_sub(CUT_BYTES + shown_by.len()),
            shown_by,
            text: start,
            shown: 0,
            lines: 0,
            is_cut: false,
        }
    }

    pub(super) fn add(&mut self, number: u64, line: &str) {
        self.is_cut |= self.text.len() + line.len() > self.room;
        if !self.is_cut {
            self.text.push_str(line);
            self.shown += number;
            self.lines += 1;
        }
    }

    /// The number of the first line that did not fit.
    pub(super) fn cut_from(&self) -> Option<usize> {
        self.is_cut.then_some(self.lines)
    }

    /// Says how many of the total are not shown; `nouns`: what they are, one of them and many.
    pub(super) fn end(self, total: u64, nouns: [&str; 2], end: &str) -> String {
        let more = total.saturating_sub(self.shown);
        self.end_with(more, nouns, end)
    }

    /// As [`Self::end`], with the number that is not shown.
    pub(super) fn end_with(mut self, more: u64, [one, many]: [&str; 2], end: &str) -> String {
        if self.is_cut {
            let (nouns, verb) = if more == 1 {
                (one, "doesn't")
            } else {
                (many, "don't")
            };
            let cut = format!(
                "\n… and {} more {nouns}, which {verb} fit here",
                thousands(more)
            );
            self.text.push_str(&cut);
            self.text += &self.shown_by;
            self.text.push_str(".\n");
        }
        self.text += end;
        self.text.push('\n');
        self.text
    }
}
