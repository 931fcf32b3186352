//! Checks the files that a playbook names, as far as their beginning tells.

use std::path::{Path, PathBuf};

use crate::{
    document::{
        reader::{DocumentReader, FieldNode},
        span::Span,
    },
    table::{self, TableError},
    text::cut,
};

use super::file_scope::FileScope;

/// Characters of a file's name that a message shows.
const MAX_NAME: usize = 200;

/// The columns of a file of entities, and those of a file of ids.
pub(super) const ENTITY_COLUMNS: table::RequiredColumns<'static> =
    table::RequiredColumns::All(&["entity_id", "entity_schema"]);
pub(super) const ID_COLUMNS: table::RequiredColumns<'static> = table::RequiredColumns::ListOf("id");

/// The path of a file of rows with a valid beginning.
pub(super) fn row_file(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    files: &FileScope,
    wanted: table::RequiredColumns<'_>,
) -> Option<PathBuf> {
    let path = file(reader, field, files)?;
    let at = field.node.span;
    begins_well(reader, (at, at), &path, wanted)?;
    Some(path)
}

/// Notes the error with which reading a file of rows would end before its first row.
pub(super) fn begins_well(
    reader: &mut DocumentReader<'_>,
    (file, columns): (Span, Span),
    path: &Path,
    wanted: table::RequiredColumns<'_>,
) -> Option<()> {
    match table::columns(path, wanted) {
        Ok(_) => return Some(()),
        Err(TableError::Column {
            column, instead, ..
        }) => reader.wrong(
            columns,
            format!("the file has no column `{column}`"),
            instead,
        ),
        Err(
            error @ (TableError::Io { .. } | TableError::Kind { .. } | TableError::Line { .. }),
        ) => reader.wrong(
            file,
            error.to_string(),
            match wanted {
                table::RequiredColumns::All(names) => format!(
                    "write CSV with a header, or one JSON object per line, with {}",
                    names.join(" and ")
                ),
                table::RequiredColumns::ListOf(name) => {
                    format!("write one {name} per line, or CSV with a column {name}")
                }
            },
        ),
    }
    None
}

/// The path of a file that the playbook may read; `-` is standard input.
pub(super) fn file(
    reader: &mut DocumentReader<'_>,
    file: FieldNode<'_>,
    files: &FileScope,
) -> Option<PathBuf> {
    let name = reader.plain_text(file, "the name of a file")?;
    let named = Path::new(name);
    if table::is_stdin(named) {
        return Some(named.to_owned());
    }
    match files.find(name) {
        Ok(path) => Some(path),
        Err(fault) => {
            reader.wrong(
                file.node.span,
                format!("can't read `{}`: {fault}", cut(name, MAX_NAME)),
                fault.cure(),
            );
            None
        }
    }
}
