//! Fills lines with words.

use std::mem;

use crate::text::columns;

/// The longest text in backticks that no line break divides, in columns.
const WHOLE: usize = 24;

/// The words of a text; a short text in backticks is one word.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    // Within a text in backticks that is divided.
    let mut is_code = false;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(end_of_word(rest, is_code));
        is_code ^= word.matches('`').count() % 2 == 1;
        words.push(word);
        rest = behind.trim_start_matches(' ');
    }
    words
}

fn end_of_word(text: &str, is_code: bool) -> usize {
    let space = |from: usize| text[from..].find(' ').map_or(text.len(), |at| from + at);
    let end = space(0);
    let Some(open) = text[..end].find('`').filter(|_| !is_code) else {
        return end;
    };
    let close = text[open + 1..].find('`').map(|at| open + 1 + at);
    match close {
        Some(close) if close > end && columns(&text[open..close]) < WHOLE => space(close),
        Some(_) | None => end,
    }
}

/// The columns of the longest word.
pub(super) fn longest_word(text: &str) -> usize {
    let lines = text.lines().flat_map(words);
    lines.map(columns).max().unwrap_or(0)
}

/// The text in lines of at most `width` columns; a longer word has a line of its own. Its own line breaks stay.
pub(super) fn fill(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        for word in words(part) {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
                lines.push(mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_not_within_a_short_command() {
        assert_eq!(
            fill("one two, (`wf-bulk help`) and more", 14),
            ["one two,", "(`wf-bulk help`)", "and more"]
        );
        let long = "see `wf-bulk run playbooks/x.yaml --sandbox` now, or `-y`";
        assert_eq!(
            fill(long, 20),
            [
                "see `wf-bulk run",
                "playbooks/x.yaml",
                "--sandbox` now, or",
                "`-y`"
            ]
        );
        assert_eq!(fill("a\nb", 9), ["a", "b"]);
    }
}
