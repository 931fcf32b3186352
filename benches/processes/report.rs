//! What a bench prints: Markdown tables, and at the end each bound with what was measured.

use std::{
    fmt::Display,
    io::{self, Write as _},
    time::Duration,
};

/// A table, row by row, as it is measured.
pub(crate) struct Table {
    numbers_from: usize,
}

impl Table {
    /// The columns from `numbers_from` on hold numbers.
    pub(crate) fn new(title: &str, columns: &[&str], numbers_from: usize) -> io::Result<Self> {
        let table = Self { numbers_from };
        line(&format!("\n{title}\n"))?;
        table.row(columns)?;
        let rule: Vec<&str> = (0..columns.len())
            .map(|column| if column < numbers_from { "---" } else { "---:" })
            .collect();
        table.row(&rule)?;
        Ok(table)
    }

    pub(crate) fn row(&self, cells: &[impl Display]) -> io::Result<()> {
        debug_assert!(self.numbers_from <= cells.len(), "a row of this table");
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        line(&format!("| {} |", cells.join(" | ")))
    }
}

pub(crate) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtMost(bound) => figure <= bound,
            Self::AtLeast(bound) => figure >= bound,
        }
    }

    fn text(self, unit: &str) -> String {
        match self {
            Self::AtMost(bound) => format!("≤ {bound}{unit}"),
            Self::AtLeast(bound) => format!("≥ {bound}{unit}"),
        }
    }
}

/// The bounds that were measured.
#[derive(Default)]
pub(crate) struct Bounds(Vec<[String; 4]>);

impl Bounds {
    /// A figure in `unit` (with a space before it, or empty), and its bound.
    pub(crate) fn check(&mut self, what: impl Into<String>, figure: f64, bound: Bound, unit: &str) {
        let met = if bound.is_met(figure) { "pass" } else { "miss" };
        let figure = format!("{figure:.2}{unit}");
        self.0
            .push([what.into(), bound.text(unit), figure, met.into()]);
    }

    /// A bound that these arguments do not measure, and those that do.
    pub(crate) fn unmeasured(&mut self, what: &str, bound: Bound, unit: &str, arguments: &str) {
        let how = format!("`just bench {arguments}` measures it");
        self.0
            .push([what.into(), bound.text(unit), String::new(), how]);
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let columns = ["bound", "at", "measured", "result"];
        let table = Table::new("## Bounds", &columns, 4)?;
        self.0.iter().try_for_each(|bound| table.row(bound))
    }
}

/// The median.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

pub(crate) fn a_second(changes: u64, wall: Duration) -> f64 {
    as_float(changes) / wall.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "figures have three digits")]
pub(crate) fn as_float(number: u64) -> f64 {
    number as f64
}
