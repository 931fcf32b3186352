//! The columns of a file, and the required ones.

use std::collections::BTreeSet;

use super::{TableFault, csv::CsvRecord};
use crate::text::{Few, count, cut, nearest};

/// Columns that a message names. A file may have thousands.
const SHOWN: usize = 10;

/// Characters of a column that a message shows. A file that is not a table may look like one column of a megabyte.
pub(super) const MAX_NAME: usize = 60;

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
