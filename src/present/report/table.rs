//! Rows of cells, aligned in columns.

use std::io::{self, Write};

use crate::text::columns;

/// One row of cells, and lines that belong to it.
#[derive(Clone, Debug)]
pub(super) struct TextRow {
    pub(super) cells: [String; 5],
    pub(super) below: Vec<String>,
}

/// Right-aligned counts, then columns as wide as their widest cell. A text at the end of a row after the second column does not widen its
/// column: reasons are sentences.
pub(super) fn write_rows(out: &mut dyn Write, rows: &[TextRow]) -> io::Result<()> {
    let mut widths = [0; 4];
    for TextRow { cells: row, .. } in rows {
        let last = row.iter().rposition(|cell| !cell.is_empty()).unwrap_or(0);
        for (place, width) in widths.iter_mut().enumerate() {
            if place < 2 || place < last {
                *width = columns(&row[place]).max(*width);
            }
        }
    }
    for TextRow { cells: row, below } in rows {
        let mut line = format!("{:>1$}", row[0], widths[0]);
        for (place, cell) in row.iter().enumerate().skip(1) {
            line.push_str("  ");
            line.push_str(cell);
            if let Some(width) = widths.get(place) {
                let missing = width.saturating_sub(columns(cell));
                line.push_str(&" ".repeat(missing));
            }
        }
        writeln!(out, "  {}", line.trim_end())?;
        let indent = " ".repeat(2 + widths[0] + 2);
        for line in below {
            writeln!(out, "{indent}{line}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_each_other_by_the_columns_they_take() {
        let row = |cells: [&str; 5]| TextRow {
            cells: cells.map(str::to_owned),
            below: Vec::new(),
        };
        let mut rows = [
            row(["1,234", "日本", "do", "field", "x"]),
            row(["5", "skipped", "a long reason why", "", ""]),
            row(["60", "close", "so", "f", "y"]),
        ];
        rows[2].below = vec!["of the row above".to_owned()];
        let mut out = Vec::new();
        write_rows(&mut out, &rows).unwrap();
        let lines = [
            "  1,234  日本     do  field  x",
            "      5  skipped  a long reason why",
            "     60  close    so  f      y",
            "         of the row above",
        ];
        assert_eq!(
            String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(),
            lines
        );
    }
}
