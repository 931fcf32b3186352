//! Files of rows: no row is lost, each error has its line, and only ids are taken for ids.

use std::path::Path;

use super::{lines, scratch};
use crate::{
    api::Id,
    playbook::IdSource,
    selection::{ListedError, ListedNames},
    table::{self, RequiredColumns, Row, TableError},
};

/// The longest message: it may name ten columns.
const LONGEST: usize = 4_000;

/// The bytes of a file, as a list of ids and as a table of entities.
pub fn rows(data: &[u8]) {
    let path = scratch::write("rows.csv", data);
    let lines = lines(data, b"\r\n");
    for wanted in [
        RequiredColumns::ListOf("id"),
        RequiredColumns::All(&["entity_id", "entity_schema"]),
    ] {
        let mut rows: Vec<Row> = Vec::new();
        let read = table::read(&path, wanted, |row| {
            rows.push(row);
            Ok::<_, TableError>(())
        });
        let mut last = 0;
        for row in &rows {
            assert!(row.number > last, "{row:?}");
            last = row.number;
            assert!(
                row.line.is_none_or(|line| (1..=lines).contains(&line)),
                "{row:?}"
            );
            match &row.cells {
                Ok(cells) => {
                    for name in wanted.names() {
                        // An empty cell of CSV is not kept.
                        let is_column = row.columns.iter().any(|column| column == name);
                        assert!(cells.contains_key(*name) || is_column, "{row:?}");
                    }
                    assert!(cells.values().all(|cell| cell.len() <= 128 * 1024));
                }
                Err(reason) => assert!(reason.len() < LONGEST, "{} bytes", reason.len()),
            }
        }
        if let Err(error) = &read {
            assert_error(error, lines);
        }
        // The check of the beginning does not refuse what is read.
        if let Err(error) = table::columns(&path, wanted) {
            assert_error(&error, lines);
            assert!(read.is_err() && rows.is_empty(), "{error}");
        }
        if read.is_ok() && wanted.names() == ["id"] {
            ids(&path, &rows);
        }
    }
}

fn assert_error(error: &TableError, lines: u64) {
    // UTF-16 has its line breaks at other bytes.
    assert!(
        error.line().is_none_or(|line| (1..=lines).contains(&line)),
        "{error}"
    );
    let message = error.to_string();
    assert!(message.len() < LONGEST, "{} bytes", message.len());
}

/// Each row is an id or was rejected.
fn ids(path: &Path, rows: &[Row]) {
    let listed = match ListedNames::executions(&IdSource::File(path.to_owned())) {
        Ok(listed) => listed,
        Err(ListedError::Table(error)) => panic!("{error}, only the second time"),
        Err(ListedError::Sort(error)) => panic!("{error}"),
    };
    assert_eq!(listed.len() + listed.rejected.len(), rows.len() as u64);
    let mut last: Option<Id> = None;
    for named in listed {
        let named = named.expect("a line that was written");
        assert!(last.is_none_or(|last| last < named.id), "{}", named.id);
        last = Some(named.id);
    }
}
