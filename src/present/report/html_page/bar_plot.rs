//! Bars with their numbers, and how long and where they are.

use serde::Serialize;

use crate::text::Untrusted;

/// Pixels of a bar.
pub(in crate::present::report) const HEIGHT: u32 = 9;

/// Maximum columns of a name beside a bar.
const NAME_COLUMNS: usize = 40;

/// A class of the style sheet, and its text.
pub(in crate::present::report) type Styled<T> = (&'static str, T);

#[derive(Debug, Serialize)]
pub(in crate::present::report) struct BarPlot {
    pub(in crate::present::report) title: &'static str,
    /// The legend.
    pub(in crate::present::report) key: Vec<Styled<&'static str>>,
    /// The noun for the rows.
    pub(in crate::present::report) of: &'static str,
    /// The noun for the numbers.
    pub(in crate::present::report) columns: [&'static str; 2],
    pub(in crate::present::report) rows: Vec<PlotRow>,
    /// Pixels of a row.
    pub(in crate::present::report) height: u32,
}

#[derive(Debug, Serialize)]
pub(in crate::present::report) struct PlotRow {
    pub(in crate::present::report) name: String,
    pub(in crate::present::report) bars: Vec<Bar>,
    pub(in crate::present::report) numbers: [Styled<String>; 2],
}

/// Percentages of the width, pixels of the height.
#[derive(Debug, Serialize)]
pub(in crate::present::report) struct Bar {
    pub(in crate::present::report) class: &'static str,
    pub(in crate::present::report) x: String,
    pub(in crate::present::report) width: String,
    pub(in crate::present::report) y: u32,
    pub(in crate::present::report) height: u32,
}

pub(in crate::present::report) fn name_of(name: &str) -> String {
    Untrusted(name).terminal().cut(NAME_COLUMNS).to_string()
}

/// The bars with a length: class, start, length relative to `most`, and position.
pub(in crate::present::report) fn bars<const N: usize>(
    most: u64,
    bars: [(&'static str, u64, u64, u32); N],
) -> Vec<Bar> {
    let bars = bars.into_iter().filter(|(_, _, length, _)| *length > 0);
    bars.map(|(class, start, length, y)| Bar {
        class,
        x: percent(start, most),
        width: percent(length, most),
        y,
        height: HEIGHT,
    })
    .collect()
}

/// `part` of `whole` in percent, with two decimals: finer than a pixel.
pub(in crate::present::report) fn percent(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
