//! Markdown that fits into one comment: spans and cells of bounded length, and lists of which the lines that fit are shown.

use super::units::thousands;
use crate::text::Untrusted;

/// The maximum number of bytes. GitHub accepts comments of 65,536 characters, each at least a byte; the remaining bytes are for additions
/// of a workflow: a marker to find the comment again, a link to the whole plan.
pub(super) const MAX_BYTES: usize = 64_000;

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

/// The lines that fit.
#[derive(Debug)]
pub(super) struct LimitedLines {
    text: String,
    /// Where all lines are, if that is known.
    shown_by: String,
    room: usize,
    /// How many of the total the lines count.
    shown: u64,
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
            is_cut: false,
        }
    }

    pub(super) fn add(&mut self, number: u64, line: &str) {
        self.is_cut |= self.text.len() + line.len() > self.room;
        if !self.is_cut {
            self.text.push_str(line);
            self.shown += number;
        }
    }

    /// Says how many of the total are not shown.
    pub(super) fn end(mut self, total: u64, end: &str) -> String {
        if self.is_cut {
            let more = thousands(total.saturating_sub(self.shown));
            let cut = format!("\n… and {more} more, which don't fit here");
            self.text.push_str(&cut);
            self.text += &self.shown_by;
            self.text.push_str(".\n");
        }
        self.text += end;
        self.text.push('\n');
        self.text
    }
}
