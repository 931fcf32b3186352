//! Wraps lines of words and cells to the width of a terminal.

use std::{
    io::{self, Write},
    mem,
};

use super::{columns, shell::end_of_quoted};

/// The minimum width in which the words of a cell are wrapped in their column, or two thirds of a narrow terminal; if there is less, they
/// go below the row.
const LEAST_ROOM: usize = 30;

/// Wraps output to lines of a terminal's width, between words.
#[derive(Debug)]
pub struct Wrap<W: Write> {
    out: W,
    width: usize,
    /// The current line.
    line: Vec<u8>,
}

impl<W: Write> Wrap<W> {
    pub const fn new(out: W, width: usize) -> Self {
        Self {
            out,
            width,
            line: Vec::new(),
        }
    }
}

impl<W: Write> Write for Wrap<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line);
                let line = wrapped(line.trim_end_matches('\n'), self.width);
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(bytes.len())
    }

    /// Writes the current line, too.
    fn flush(&mut self) -> io::Result<()> {
        let line = mem::take(&mut self.line);
        let line = wrapped(&String::from_utf8_lossy(&line), self.width);
        self.out.write_all(line.as_bytes())?;
        self.out.flush()
    }
}

/// Words that are kept together, and the spaces before them.
#[derive(Debug)]
struct WrappedWord<'a> {
    gap: usize,
    text: &'a str,
}

/// Wraps one line: between cells, which are separated by two spaces, otherwise between words. A word without spaces, a quoted path and a
/// command are not broken, and get less indent if they need the room: a command none, others as much as fits. Only two ids that are wider than the terminal are broken at their
/// slash. Colours have no width. Spaces at the end are kept for the user's input.
pub fn wrapped(line: &str, width: usize) -> String {
    // A line of a playbook in an error, with markers below it.
    let is_drawn = line.contains(['│', '╭', '╰', '·']);
    if is_drawn || visible(line) <= width {
        return line.to_owned();
    }
    let (codes, rest) = line.split_at(end_of_codes(line));
    let text = rest.trim_start_matches(' ');
    let line = &format!("{}{codes}{text}", &rest[..rest.len() - text.len()]);
    let cells = cells(line, width);
    let indent = cells
        .first()
        .and_then(|cell| cell.first())
        .map_or(0, |word| word.gap);
    let second = cells.first().map_or(0, |cell| size(cell)) + gap(cells.get(1));
    let below = if cells.len() > 1 && second < width / 2 {
        second
    } else {
        indent + 2
    };
    let start_of = |wanted: usize, text: &str| match width.checked_sub(visible(text)) {
        Some(room) if wanted <= room => wanted,
        Some(_) | None if is_command(text) => 0,
        Some(room) => room,
        None => wanted.min(indent + 2),
    };
    let mut text = String::new();
    let mut column = 0;
    for (place, cell) in cells.iter().enumerate() {
        let start = column + gap(Some(cell));
        let fits = column + size(cell) <= width;
        let room = width.saturating_sub(start);
        let widest = cell.iter().map(|word| visible(word.text)).max();
        let hangs =
            place > 0 && room >= LEAST_ROOM.min(width * 2 / 3) && widest.unwrap_or(0) <= room;
        let hang = match (fits || hangs || place == 0, place) {
            (true, 0) => below,
            (true, _) => start,
            (false, _) => {
                let fits_below = widest.unwrap_or(0) <= width.saturating_sub(below);
                let hang = if fits_below { below } else { indent + 2 };
                column = start_of(hang, cell.first().map_or("", |word| word.text));
                new_line(&mut text, column);
                hang
            }
        };
        let is_below = !(fits || hangs || place == 0);
        for (number, word) in cell.iter().enumerate() {
            let gap = if is_below && number == 0 { 0 } else { word.gap };
            let size = visible(word.text);
            if number > 0 && column + gap + size > width {
                column = start_of(hang, word.text);
                new_line(&mut text, column);
            } else {
                text.push_str(&" ".repeat(gap));
                column += gap;
            }
            text.push_str(word.text);
            column += size;
        }
    }
    text.push_str(&line[line.trim_end_matches(' ').len()..]);
    text
}

fn new_line(text: &mut String, indent: usize) {
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
    text.push_str(&" ".repeat(indent));
}

fn gap(cell: Option<&Vec<WrappedWord<'_>>>) -> usize {
    cell.and_then(|cell| cell.first())
        .map_or(0, |word| word.gap)
}

/// The columns of a cell, with the spaces before it.
fn size(cell: &[WrappedWord<'_>]) -> usize {
    cell.iter().map(|word| word.gap + visible(word.text)).sum()
}

fn cells(line: &str, width: usize) -> Vec<Vec<WrappedWord<'_>>> {
    let mut cells: Vec<Vec<WrappedWord<'_>>> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let word = rest.trim_start_matches(' ');
        let gap = rest.len() - word.len();
        let is_first = cells.is_empty();
        let end = end_of_word(word, is_first || ends_with_colon(&cells));
        let (text, behind) = word.split_at(end);
        rest = behind;
        if text.is_empty() {
            break;
        }
        let slash = slash_of_ids(text).filter(|_| visible(text) > width);
        let (text, second) = text.split_at(slash.map_or(text.len(), |slash| slash + 1));
        let word = WrappedWord { gap, text };
        let second = (!second.is_empty()).then_some(WrappedWord {
            gap: 0,
            text: second,
        });
        match cells.last_mut() {
            Some(cell) if gap < 2 => cell.extend([word].into_iter().chain(second)),
            Some(_) | None => cells.push([word].into_iter().chain(second).collect()),
        }
    }
    cells
}

fn is_command(text: &str) -> bool {
    text[end_of_codes(text)..].starts_with("wf-bulk ")
}

fn ends_with_colon(cells: &[Vec<WrappedWord<'_>>]) -> bool {
    let last = cells.last().and_then(|cell| cell.last());
    last.is_some_and(|word| word.text.ends_with(':'))
}

/// A command at the end of a line, and a text in backticks, are one word.
fn end_of_word(text: &str, may_begin_a_command: bool) -> usize {
    let codes = end_of_codes(text);
    let shown = &text[codes..];
    if may_begin_a_command && is_command(text) {
        return text.trim_end().len();
    }
    let quoted = shown
        .strip_prefix('`')
        .and_then(|quoted| quoted.find('`'))
        .map_or_else(|| end_of_quoted(shown).unwrap_or(0), |end| end + 2);
    let from = codes + quoted;
    let space = text[from..].find(' ');
    space.map_or(text.len(), |space| from + space)
}

/// The slash between two ids, like `e1/t1:`. A path has others, or a dot.
fn slash_of_ids(text: &str) -> Option<usize> {
    let (first, second) = text.trim_end_matches([':', ',']).split_once('/')?;
    let is_id = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    (is_id(first) && is_id(second)).then_some(first.len())
}

/// The end of the colour codes at the start of a text.
fn end_of_codes(text: &str) -> usize {
    let mut end = 0;
    while text[end..].starts_with('\u{1b}') {
        match text[end..].find('m') {
            Some(last) => end += last + 1,
            None => break,
        }
    }
    end
}

/// Columns without colour codes.
fn visible(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().map_or(0, columns);
    let others = parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| columns(shown)));
    first + others.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_cells_and_words_and_nowhere_else() {
        for (width, line, broken) in [
            (80, "all that fits", "all that fits"),
            (
                50,
                "  107  tasks    reassign  assigned_to  10010 → 10020, 10030 stays",
                "  107  tasks    reassign  assigned_to\n       10010 → 10020, 10030 stays",
            ),
            (
                50,
                "   15  tasks  10010 is assigned through {{a}}, which reassign does not change",
                "   15  tasks  10010 is assigned through {{a}},\n              which reassign does not change",
            ),
            (
                40,
                "       task “Umzug – Hauptstraße 7” › “Vorbereitung” 2dad9ab1-6d96-47cb-a1a0-bce1dbde47bb/cc403e0b",
                "       task “Umzug – Hauptstraße 7” ›\n         “Vorbereitung”\n   2dad9ab1-6d96-47cb-a1a0-bce1dbde47bb/\n         cc403e0b",
            ),
            (
                50,
                "To apply: wf-bulk undo 01a21d52-995c-7b02-b4cd-010de6e7d00a",
                "To apply:\nwf-bulk undo 01a21d52-995c-7b02-b4cd-010de6e7d00a",
            ),
            (
                50,
                "undo of reassign-leaver  on sandbox, org 4711, as of 2026-11-27 15:04 Europe/Berlin",
                "undo of reassign-leaver\n  on sandbox, org 4711, as of 2026-11-27 15:04\n  Europe/Berlin",
            ),
            (
                30,
                "wf-bulk apply x.plan --sandbox --approved 5e0c",
                "wf-bulk apply x.plan --sandbox --approved 5e0c",
            ),
            (
                30,
                "hint: see what `wf-bulk status --all` says of it",
                "hint: see what\n  `wf-bulk status --all` says\n  of it",
            ),
            (
                20,
                "\u{1b}[1mbold words\u{1b}[0m and others too",
                "\u{1b}[1mbold words\u{1b}[0m and\n  others too",
            ),
            // Colours that begin before the indent change no column.
            (
                40,
                "\u{1b}[36m  help: \u{1b}[0mwrite `a very long quoted text` here",
                "  \u{1b}[36mhelp: \u{1b}[0mwrite `a very long quoted text`\n    here",
            ),
            (
                20,
                "\u{1b}[36m  help: \u{1b}[0m`a very long quoted text` here",
                "  \u{1b}[36mhelp:\n    \u{1b}[0m`a very long quoted text`\n    here",
            ),
            (10, "3 │ actions: [ delete ]", "3 │ actions: [ delete ]"),
            (
                40,
                "Make 85 changes (2 can't be undone)? Type \"yes\" or 85 to continue: ",
                "Make 85 changes (2 can't be undone)?\n  Type \"yes\" or 85 to continue: ",
            ),
            // A path stands below its row, with the room that it has.
            (
                60,
                "229 requests in 29 s, 2 of them retries     .wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4",
                "229 requests in 29 s, 2 of them retries\n  .wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4",
            ),
            (
                40,
                "hint: each is listed in 'our old runs/runs/0192f0c4' and beside it",
                "hint: each is listed in\n  'our old runs/runs/0192f0c4' and\n  beside it",
            ),
            (
                40,
                r"hint: each is listed in 'it'\''s a folder/runs/0192' and beside it",
                "hint: each is listed in\n  'it'\\''s a folder/runs/0192' and\n  beside it",
            ),
            (
                20,
                "that 'unended one stays a text",
                "that 'unended one\n  stays a text",
            ),
            // A pair of ids gives up its indent before it breaks, and breaks at its slash.
            (
                30,
                "          task 2dad9ab1-6d96/cc403e0b-2afb: 400",
                "          task\n  2dad9ab1-6d96/cc403e0b-2afb:\n            400",
            ),
            (
                20,
                "       task 2dad9ab1-6d96/cc403e0b-2afb: 400",
                "       task\n      2dad9ab1-6d96/\n      cc403e0b-2afb:\n         400",
            ),
            (
                16,
                "at .wf-bulk/runs/0192f0c4",
                "at\n  .wf-bulk/runs/0192f0c4",
            ),
        ] {
            assert_eq!(wrapped(line, width), broken, "{line}");
        }
    }

    #[test]
    fn what_is_written_in_pieces_is_broken_by_lines() {
        let mut out = Wrap::new(Vec::new(), 10);
        write!(out, "one two ").unwrap();
        write!(out, "three\nfour or five: ").unwrap();
        out.flush().unwrap();
        assert_eq!(
            String::from_utf8(out.out).unwrap(),
            "one two\n  three\nfour or\n  five: "
        );
    }
}
