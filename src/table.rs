//! Files of rows: CSV with a header (comma, semicolon or tab), JSON Lines, or one value a line.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use serde_json::Value;

/// The name of a file that means standard input.
pub const STDIN: &str = "-";

/// One row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As a spreadsheet counts: the header is row 1. Of JSON Lines and plain lists the line.
    pub number: u64,
    /// Texts by column, without white space around them; or why the row can't be used.
    pub cells: Result<BTreeMap<String, String>, String>,
}

/// Why a file can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("{file} can't be read: {source}")]
    Io { file: String, source: io::Error },
    #[error("{file} has no column {column}; it has {found}")]
    Column {
        file: String,
        column: String,
        found: String,
    },
    #[error("{file}, line {line}: {message}")]
    Line {
        file: String,
        line: u64,
        message: String,
    },
}

/// What a file of rows looks like.
enum Form<R> {
    Csv(csv::Reader<R>),
    Json(R),
}

type Input = BufReader<Box<dyn Read>>;

/// Hands over the rows one by one. `needed` are the columns that must be there; a file whose only column is none of
/// them is a plain list of values for the one that is `needed` alone.
///
/// # Errors
///
/// When the file can't be read or lacks a column, and what `take` says.
pub fn read<E: From<TableError>>(
    path: &Path,
    needed: &[&str],
    mut take: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let file = name(path);
    let failed = |source| TableError::Io {
        file: file.clone(),
        source,
    };
    match open(path, &file)? {
        Form::Json(input) => {
            for (number, text) in (1..).zip(input.lines()) {
                let text = text.map_err(failed)?;
                if !text.trim().is_empty() {
                    let cells = json_cells(&text);
                    take(Row { number, cells })?;
                }
            }
            Ok(())
        }
        Form::Csv(mut reader) => {
            let mut columns = header(&mut reader, &file)?;
            let is_list = columns.len() == 1 && needed.len() == 1 && columns[0] != needed[0];
            if is_list {
                let first = std::mem::replace(&mut columns[0], needed[0].to_owned());
                let cells = Ok(BTreeMap::from([(columns[0].clone(), first)]));
                take(Row { number: 1, cells })?;
            }
            check_columns(&columns, needed, &file)?;
            let mut record = csv::StringRecord::new();
            let mut number = 1;
            loop {
                match reader.read_record(&mut record) {
                    Ok(false) => return Ok(()),
                    Ok(true) => {}
                    Err(error) => return Err(line_error(&error, &file).into()),
                }
                number += 1;
                let cells = columns
                    .iter()
                    .zip(record.iter().chain(std::iter::repeat("")))
                    .map(|(column, cell)| (column.clone(), cell.trim().to_owned()))
                    .collect();
                take(Row {
                    number,
                    cells: Ok(cells),
                })?;
            }
        }
    }
}

/// The columns of a CSV file; none of one in another form.
///
/// # Errors
///
/// When the file can't be read.
pub fn columns(path: &Path) -> Result<Option<Vec<String>>, TableError> {
    let file = name(path);
    match open(path, &file)? {
        Form::Json(_) => Ok(None),
        Form::Csv(mut reader) => header(&mut reader, &file).map(Some),
    }
}

fn open(path: &Path, file: &str) -> Result<Form<Input>, TableError> {
    let failed = |source| TableError::Io {
        file: file.to_owned(),
        source,
    };
    let input: Box<dyn Read> = if path == Path::new(STDIN) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(failed)?)
    };
    let mut input = BufReader::new(input);
    // A byte order mark is what spreadsheets put before UTF-8.
    if input
        .fill_buf()
        .map_err(failed)?
        .starts_with(b"\xef\xbb\xbf")
    {
        input.consume(3);
    }
    let head = input.fill_buf().map_err(failed)?;
    match head.first() {
        None => Err(TableError::Line {
            file: file.to_owned(),
            line: 1,
            message: "the file is empty".to_owned(),
        }),
        Some(b'{') => Ok(Form::Json(input)),
        Some(_) => {
            let delimiter = delimiter(head);
            Ok(Form::Csv(
                csv::ReaderBuilder::new()
                    .delimiter(delimiter)
                    .flexible(true)
                    .from_reader(input),
            ))
        }
    }
}

fn name(path: &Path) -> String {
    if path == Path::new(STDIN) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn header(reader: &mut csv::Reader<Input>, file: &str) -> Result<Vec<String>, TableError> {
    let header = reader.headers().map_err(|error| line_error(&error, file))?;
    let columns: Vec<String> = header
        .iter()
        .map(|column| column.trim().to_owned())
        .collect();
    for (place, column) in columns.iter().enumerate() {
        if columns[..place].contains(column) {
            return Err(TableError::Line {
                file: file.to_owned(),
                line: 1,
                message: format!("the column {column:?} is there twice"),
            });
        }
    }
    Ok(columns)
}

fn check_columns(columns: &[String], needed: &[&str], file: &str) -> Result<(), TableError> {
    match needed
        .iter()
        .find(|needed| !columns.iter().any(|column| column == *needed))
    {
        None => Ok(()),
        Some(missing) => Err(TableError::Column {
            file: file.to_owned(),
            column: (*missing).to_owned(),
            found: columns.join(", "),
        }),
    }
}

fn line_error(error: &csv::Error, file: &str) -> TableError {
    TableError::Line {
        file: file.to_owned(),
        line: error.position().map_or(1, csv::Position::line),
        message: error.to_string(),
    }
}

fn json_cells(text: &str) -> Result<BTreeMap<String, String>, String> {
    let object: serde_json::Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("no JSON object: {error}"))?;
    object
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text.trim().to_owned())),
            Value::Number(number) => Ok((name, number.to_string())),
            Value::Bool(value) => Ok((name, value.to_string())),
            Value::Null => Ok((name, String::new())),
            Value::Array(_) | Value::Object(_) => Err(format!("{name} holds no single value")),
        })
        .collect()
}

/// Comma, semicolon or tab: the one that the header row has most of.
fn delimiter(head: &[u8]) -> u8 {
    let header = head.split(|&byte| byte == b'\n').next().unwrap_or(head);
    let count = |delimiter: u8| header.split(|&byte| byte == delimiter).count();
    // Of equals the last is taken, so that comma is the default.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|&delimiter| count(delimiter))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], needed: &[&str]) -> Result<Vec<String>, TableError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let mut rows = Vec::new();
        read(&path, needed, |row| {
            let cells = row
                .cells
                .map(|cells| cells.into_values().collect::<Vec<_>>().join("|"));
            rows.push(format!(
                "{} {}",
                row.number,
                cells.unwrap_or_else(|why| why)
            ));
            Ok::<_, TableError>(())
        })?;
        Ok(rows)
    }

    #[test]
    fn rows_are_read_in_each_form_and_numbered_as_people_count() {
        for (text, needed, expected) in [
            (
                "id,to\na,1\n b , 2 \n",
                &["id"][..],
                &["2 a|1", "3 b|2"][..],
            ),
            ("\u{feff}id;to\r\na;1\r\nb\r\n", &["id"], &["2 a|1", "3 b|"]),
            ("id\tto\na\t1,5\n", &["id"], &["2 a|1,5"]),
            (
                "{\"id\": \"a\", \"to\": 1}\n\n{\"id\": []}\n",
                &["id"],
                &["1 a|1", "3 id holds no single value"],
            ),
            ("a\nb\n", &["id"], &["1 a", "2 b"]),
            ("id\nb\n", &["id"], &["2 b"]),
        ] {
            assert_eq!(rows(text.as_bytes(), needed).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_can_not_be_used_says_why() {
        for (text, needed, said) in [
            (&b""[..], &["id"][..], "line 1: the file is empty"),
            (b"a,b\n", &["id"], "has no column id; it has a, b"),
            (b"a\n", &["id", "schema"], "has no column id; it has a"),
            (
                b"id,id\n",
                &["id"],
                "line 1: the column \"id\" is there twice",
            ),
            (b"id,x\n\xff,1\n", &["id"], "line 2: "),
        ] {
            let error = rows(text, needed).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
