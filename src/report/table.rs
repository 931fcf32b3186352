//! Rows of cells under each other.

use std::io::{self, Write};

use crate::text::columns;

/// Right-aligned counts, then columns as wide as their widest cell. A text that ends its row after the second column
/// takes no width: reasons are sentences, and would push everything aside.
pub(super) fn write_rows(out: &mut dyn Write, rows: &[[String; 4]]) -> io::Result<()> {
    let mut widths = [0; 3];
    for row in rows {
        let last = row.iter().rposition(|cell| !cell.is_empty()).unwrap_or(0);
        for (place, width) in widths.iter_mut().enumerate() {
            if place < 2 || place < last {
                *width = columns(&row[place]).max(*width);
            }
        }
    }
    for row in rows {
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
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_each_other_by_the_columns_they_take() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        let rows = [
            row(["1,234", "日本", "field", "x"]),
            row(["5", "skipped", "a long reason why", ""]),
            row(["60", "close", "f", "y"]),
        ];
        let mut out = Vec::new();
        write_rows(&mut out, &rows).unwrap();
        let lines = [
            "  1,234  日本     field  x",
            "      5  skipped  a long reason why",
            "     60  close    f      y",
        ];
        assert_eq!(
            String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(),
            lines
        );
    }
}
