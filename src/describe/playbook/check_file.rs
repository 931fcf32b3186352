//! Checks the files that a playbook names, as far as their beginning tells.

use std::path::{Path, PathBuf};

use crate::{
    document::{
        reader::{DocumentReader, FieldNode},
        span::Span,
    },
    table::{self, TableError},
    text::did_you_mean,
};

/// The columns of a file of entities, and those of a file of ids.
pub(super) const ENTITY_COLUMNS: table::RequiredColumns<'static> =
    table::RequiredColumns::All(&["entity_id", "entity_schema"]);
pub(super) const ID_COLUMNS: table::RequiredColumns<'static> = table::RequiredColumns::ListOf("id");

/// The path of a file of rows with a valid beginning.
pub(super) fn row_file(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    folder: &Path,
    wanted: table::RequiredColumns<'_>,
) -> Option<PathBuf> {
    let path = file(reader, field, folder)?;
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
        Err(TableError::Column { column, found, .. }) => {
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            reader.wrong(
                columns,
                format!("the file has no column `{column}`"),
                did_you_mean(&column, &found),
            );
        }
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

/// The path of an existing file, relative to the playbook's folder; `-` is standard input.
pub(super) fn file(
    reader: &mut DocumentReader<'_>,
    file: FieldNode<'_>,
    folder: &Path,
) -> Option<PathBuf> {
    let name = reader.plain_text(file, "the name of a file")?;
    if name == table::STDIN {
        return Some(PathBuf::from(name));
    }
    let path = folder.join(name);
    let trouble = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => "it is a folder".to_owned(),
        Ok(_) => return Some(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "there is no such file".to_owned()
        }
        Err(error) => error.to_string(),
    };
    reader.wrong(
        file.node.span,
        format!("can't read `{name}`: {trouble}"),
        "files are found relative to the playbook's folder",
    );
    None
}
