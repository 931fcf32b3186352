//! Tables in columns, or as a list if they are too wide for that.

use super::fill::{fill, longest_word};
use crate::text::columns;

/// The spaces between two columns.
const GAP: usize = 2;

/// A table of a page: its head, which may be empty, and its rows.
#[derive(Debug, Default)]
pub(super) struct PageTable {
    pub(super) rows: Vec<Vec<String>>,
}

impl PageTable {
    /// The lines of the table. Its first row is its head.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let Some((head, rows)) = self.rows.split_first() else {
            return Vec::new();
        };
        match self.widths(width) {
            Some(widths) => in_columns(head, rows, &widths),
            None => as_list(head, rows, width),
        }
    }

    /// The width of each column; none if a word does not fit into its column.
    fn widths(&self, width: usize) -> Option<Vec<usize>> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |size: fn(&str) -> usize| -> Vec<usize> {
            let column = |at: usize| self.rows.iter().filter_map(move |row| row.get(at));
            let sizes = (0..count).map(|at| column(at).map(|cell| size(cell)).max());
            sizes.map(Option::unwrap_or_default).collect()
        };
        let wanted = widest(columns);
        let mut widths = widest(longest_word);
        let gaps = GAP * count.saturating_sub(1);
        let mut room = width.checked_sub(gaps + widths.iter().sum::<usize>())?;
        // A column at a time gets what it lacks most, so that all become about as high.
        while room > 0 {
            let lacking = (0..count).filter(|at| widths[*at] < wanted[*at]);
            let Some(next) = lacking.max_by_key(|at| wanted[*at] * 1000 / widths[*at].max(1))
            else {
                break;
            };
            widths[next] += 1;
            room -= 1;
        }
        Some(widths)
    }
}

fn in_columns(head: &[String], rows: &[Vec<String>], widths: &[usize]) -> Vec<String> {
    let mut lines = Vec::new();
    if head.iter().any(|cell| !cell.is_empty()) {
        lines.extend(row_in_columns(head, widths));
        let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        lines.extend(row_in_columns(&rules, widths));
    }
    let are_high = rows.iter().any(|row| row_in_columns(row, widths).len() > 1);
    for (number, row) in rows.iter().enumerate() {
        if are_high && number > 0 {
            lines.push(String::new());
        }
        lines.extend(row_in_columns(row, widths));
    }
    lines
}

fn row_in_columns(row: &[String], widths: &[usize]) -> Vec<String> {
    let cells = row.iter().zip(widths);
    let cells: Vec<Vec<String>> = cells.map(|(cell, width)| fill(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |at: usize| {
        let mut line = String::new();
        let mut start = 0;
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(&" ".repeat(start - columns(&line)));
            line.push_str(cell.get(at).map_or("", String::as_str));
            start += width + GAP;
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// Each row with its first cell above the others, which have the names of their columns.
fn as_list(head: &[String], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for row in rows {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        for (at, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            if at == 0 {
                lines.extend(fill(cell, width));
                continue;
            }
            let name = head.get(at).filter(|name| !name.is_empty());
            let text = name.map_or_else(|| cell.clone(), |name| format!("{name}: {cell}"));
            let below = fill(&text, width.saturating_sub(GAP));
            lines.extend(below.iter().map(|line| format!("  {line}")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PageTable {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        PageTable {
            rows: vec![
                row(["key", "meaning"]),
                row(["`rate`", "requests a second, at most"]),
                row(["`burst`", "requests at once"]),
            ],
        }
    }

    #[test]
    fn a_table_has_columns_that_share_the_width_and_is_a_list_where_a_word_does_not_fit() {
        for (width, expected) in [
            (
                40,
                "key      meaning\n───────  ──────────────────────────\n`rate`   requests a second, at most\n\
                 `burst`  requests at once",
            ),
            (
                26,
                "key      meaning\n───────  ─────────────────\n`rate`   requests a\n         second, at most\n\n\
                 `burst`  requests at once",
            ),
            (
                15,
                "`rate`\n  meaning:\n  requests a\n  second, at\n  most\n\n`burst`\n  meaning:\n  requests at\n  once",
            ),
        ] {
            assert_eq!(table().lines(width).join("\n"), expected, "{width}");
        }
    }
}
