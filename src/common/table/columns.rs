//! The columns of a file, and the required ones.

use std::collections::BTreeSet;

use super::{TableFault, csv::CsvRecord};
use crate::text::{Few, count, cut, nearest, thousands};

/// Columns that a message names. A file may have thousands.
const SHOWN: usize = 10;

/// Characters of a column that a message shows. A file that is not a table may look like one column of a megabyte.
pub(super) const MAX_NAME: usize = 60;

/// The maximum number of columns, and of keys of a JSON row. Each row is kept with the names of its columns.
pub(super) const MAX_COLUMNS: usize = 1_000;

/// The maximum bytes of all names of a header, for the same reason.
pub(super) const MAX_HEADER: usize = 64 * 1024;

/// The maximum bytes of a cell: Excel's 32,767 characters with four bytes each.
pub(super) const MAX_CELL: usize = 128 * 1024;

/// Why a cell can't be used; its text is not in the message.
pub(super) fn too_long(column: &str) -> String {
    format!(
        "the cell of {} is longer than {} KiB",
        cut(column, MAX_NAME),
        MAX_CELL / 1024
    )
}

/// Why a header or an object can't be used, if it has too many names or too long ones.
pub(super) fn too_wide<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let (mut number, mut bytes) = (0, 0);
    for name in names {
        number += 1;
        bytes += name.len();
    }
    if number > MAX_COLUMNS {
        Some(format!(
            "there are {} columns, and at most {} are read: leave out those that are not needed",
            thousands(number as u64),
            thousands(MAX_COLUMNS as u64)
        ))
    } else if bytes > MAX_HEADER {
        Some(format!(
            "the names of the columns are longer than {} KiB in all",
            MAX_HEADER / 1024
        ))
    } else {
        None
    }
}

/// The required content of a file.
#[derive(Clone, Copy, Debug)]
pub enum RequiredColumns<'a> {
    /// A header with these columns.
    All(&'a [&'a str]),
    /// A header with this column, or only values without a header.
    ListOf(&'a str),
}

impl<'a> RequiredColumns<'a> {
    /// Their names.
    pub const fn names(&self) -> &[&'a str] {
        match self {
            Self::All(names) => names,
            Self::ListOf(name) => std::slice::from_ref(name),
        }
    }

    /// The first required column that is missing.
    pub(super) fn missing(self, is_there: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.names()
            .iter()
            .copied()
            .find(|column| !is_there(column))
    }

    /// The column of a list of plain values.
    pub(super) const fn listed(self) -> Option<&'a str> {
        match self {
            Self::All(_) => None,
            Self::ListOf(column) => Some(column),
        }
    }
}

/// The help for a missing key of a JSON object: `it has a, b; did you mean a?`
pub(super) fn instead<'a>(
    missing: &str,
    found: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
) -> String {
    let found = found.into_iter();
    let list = Few::of(SHOWN, found.clone());
    if list.count() == 0 {
        return "it has none".to_owned();
    }
    match nearest(missing, found) {
        None => format!("it has {}", list.list()),
        Some(near) => format!(
            "it has {}; did you mean {}?",
            list.list(),
            cut(near, MAX_NAME)
        ),
    }
}

/// The help for a missing column of a header: a near name, or how many there are. A file without a header has data in its first row, which
/// may not be quoted.
pub(super) fn other_columns(missing: &str, found: &[String]) -> String {
    match nearest(missing, found.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {}?", cut(near, MAX_NAME)),
        None => format!(
            "its first row has {}",
            count(found.len() as u64, "other cell", "other cells")
        ),
    }
}

/// The columns that a header names.
pub(super) fn of_header(header: CsvRecord) -> Result<Vec<String>, TableFault> {
    if let Some(message) = too_wide(header.cells.iter().map(String::as_str)) {
        return Err(TableFault::at(header.line, message));
    }
    let mut seen = BTreeSet::new();
    for column in &header.cells {
        if !seen.insert(column) {
            let column = cut(column, MAX_NAME);
            let message = format!("the column {column:?} is there twice");
            return Err(TableFault::at(header.line, message));
        }
    }
    Ok(header.cells)
}
