//! Files of rows: CSV with a header (comma, semicolon or tab), JSON Lines, a JSON array, or one value a line.

mod csv;
mod encoding;
mod json;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::Path,
};

use self::csv::{Record, Records, first_record};

/// The name of a file that means standard input.
pub const STDIN: &str = "-";

/// Other names of it, for [`is_stdin`].
const STDIN_DEVICES: [&str; 3] = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// Whether a file is standard input, which can be read once.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN) || STDIN_DEVICES.iter().any(|name| path == Path::new(name))
}

/// The id in a cell. Before one that begins with `-`, our own `failed.csv` and many a spreadsheet have an apostrophe, without
/// which it would be a formula.
pub fn id_in(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(id) if id.starts_with('-') => id,
        Some(_) | None => cell,
    }
}

/// Texts by column, without white space around them; or why the row can't be used.
pub type Cells = Result<BTreeMap<String, String>, String>;

/// One row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As a spreadsheet counts: blank rows count, and the header is row 1 unless there are blank ones before it. Of JSON
    /// Lines the line, of a JSON array the element.
    pub number: u64,
    /// Its first line in the file; none of the element of a JSON array.
    pub line: Option<u64>,
    pub cells: Cells,
}

/// What a file has to hold.
#[derive(Clone, Copy, Debug)]
pub enum Columns<'a> {
    /// A header with these columns.
    All(&'a [&'a str]),
    /// A header with this column, or nothing but values for it, if only none.
    ListOf(&'a str),
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

impl TableError {
    /// The file as messages name it.
    pub fn file(&self) -> &str {
        match self {
            Self::Io { file, .. } | Self::Column { file, .. } | Self::Line { file, .. } => file,
        }
    }

    /// The line that is wrong, if it is one.
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::Line { line, .. } => Some(*line),
            Self::Io { .. } | Self::Column { .. } => None,
        }
    }
}

/// What is wrong with a file whose name is known above.
#[derive(Debug)]
enum Fault {
    Io(io::Error),
    Line { line: u64, message: String },
}

impl Fault {
    fn at(line: u64, message: impl fmt::Display) -> Self {
        Self::Line {
            line,
            message: message.to_string(),
        }
    }

    fn of(self, file: &str) -> TableError {
        let file = file.to_owned();
        match self {
            Self::Io(source) => TableError::Io { file, source },
            Self::Line { line, message } => TableError::Line {
                file,
                line,
                message,
            },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why reading ended: of the file, or of whoever took the rows.
enum Ended<E> {
    Fault(Fault),
    Taker(E),
}

impl<E> From<Fault> for Ended<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

type Input = BufReader<Box<dyn Read>>;

/// What a file of rows looks like.
enum Form {
    /// Nothing is in it.
    Empty,
    Csv(Records<Input>),
    JsonLines(Input),
    JsonArray(Input),
}

/// Hands over the rows one by one, without the blank ones. The file is opened and read once.
///
/// # Errors
///
/// When the file can't be read or lacks a column, and what `take` says.
pub fn read<E: From<TableError>>(
    path: &Path,
    wanted: Columns<'_>,
    mut take: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let file = name(path);
    let list = match wanted {
        Columns::All(_) => None,
        Columns::ListOf(column) => Some(column),
    };
    let mut give = |number, line, cells| {
        let row = Row {
            number,
            line,
            cells,
        };
        take(row).map_err(Ended::Taker)
    };
    let read = match (open(path).map_err(|fault| fault.of(&file))?, list) {
        (Form::Empty, Some(_)) => Ok(()),
        (Form::Empty, None) => Err(no_header().into()),
        (Form::JsonLines(input), list) => json::lines(input, list, |number, cells| {
            give(number, Some(number), cells)
        }),
        (Form::JsonArray(input), list) => {
            json::array(input, list, |number, cells| give(number, None, cells))
        }
        (Form::Csv(records), _) => return csv_rows(records, &file, wanted, take),
    };
    read.map_err(|ended| match ended {
        Ended::Fault(fault) => fault.of(&file).into(),
        Ended::Taker(error) => error,
    })
}

/// Nothing is in the file, or nothing but empty cells.
fn no_header() -> Fault {
    Fault::at(1, "the file is empty: it has no header")
}

fn csv_rows<E: From<TableError>>(
    mut records: Records<Input>,
    file: &str,
    wanted: Columns<'_>,
    mut take: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut next = || loop {
        match records.next() {
            Ok(Some(record)) if record.cells.is_empty() => {}
            Ok(record) => return Ok(record),
            Err(fault) => return Err(fault.of(file)),
        }
    };
    let Some(header) = next()? else {
        return match wanted {
            Columns::All(_) => Err(no_header().of(file).into()),
            Columns::ListOf(_) => Ok(()),
        };
    };
    let mut columns = header_of(&header, file)?;
    match wanted {
        Columns::ListOf(column) if columns.len() == 1 && columns[0] != column => {
            let first = std::mem::replace(&mut columns[0], column.to_owned());
            let cells = Ok(BTreeMap::from([(column.to_owned(), first)]));
            take(Row {
                number: header.number,
                line: Some(header.line),
                cells,
            })?;
        }
        Columns::ListOf(column) => check_columns(&columns, &[column], file)?,
        Columns::All(needed) => check_columns(&columns, needed, file)?,
    }
    while let Some(Record {
        number,
        line,
        cells,
    }) = next()?
    {
        let cells = if cells.len() > columns.len() {
            Err(format!(
                "the row has {} cells and the header has {}: a text with the delimiter in it needs quotes",
                cells.len(),
                columns.len()
            ))
        } else {
            let cells = cells.into_iter().chain(std::iter::repeat(String::new()));
            Ok(columns.iter().cloned().zip(cells).collect())
        };
        take(Row {
            number,
            line: Some(line),
            cells,
        })?;
    }
    Ok(())
}

/// The columns of a CSV file; none of one in another form, or of a pipe, which can be read once only.
///
/// # Errors
///
/// When the file can't be read.
pub fn columns(path: &Path) -> Result<Option<Vec<String>>, TableError> {
    let file = name(path);
    if is_stdin(path) || !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    match open(path).map_err(|fault| fault.of(&file))? {
        Form::JsonLines(_) | Form::JsonArray(_) | Form::Empty => Ok(None),
        Form::Csv(mut records) => loop {
            match records.next().map_err(|fault| fault.of(&file))? {
                None => return Ok(None),
                Some(record) if record.cells.is_empty() => {}
                Some(header) => return header_of(&header, &file).map(Some),
            }
        },
    }
}

fn open(path: &Path) -> Result<Form, Fault> {
    let file: Box<dyn Read> = if is_stdin(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut input = BufReader::new(encoding::reader(file)?);
    let mut line = 1;
    let mut head = first_record(&mut input)?;
    let mut delimiter = None;
    // Excel takes this line for itself, and so it is no row.
    if let Some(named) = delimiter_line(&head) {
        delimiter = Some(named);
        line += 1;
        head = first_record(&mut input)?;
    }
    let guessed = csv::delimiter(&head);
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    let first = first.copied();
    let input: Input = BufReader::new(Box::new(Cursor::new(head).chain(input)));
    Ok(match first {
        None => Form::Empty,
        Some(b'{') => Form::JsonLines(input),
        Some(b'[') => Form::JsonArray(input),
        Some(_) => Form::Csv(Records::new(input, delimiter.unwrap_or(guessed), line)),
    })
}

/// The delimiter that a line `sep=;` names.
fn delimiter_line(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_end();
    let (name, delimiter) = line.split_at_checked(4)?;
    match delimiter {
        [delimiter] if name.eq_ignore_ascii_case(b"sep=") => Some(*delimiter),
        // The white space at the end was the delimiter.
        [] if name.eq_ignore_ascii_case(b"sep=") => Some(b'\t'),
        _ => None,
    }
}

/// A file as messages name it.
pub fn name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn header_of(header: &Record, file: &str) -> Result<Vec<String>, TableError> {
    let columns = &header.cells;
    for (place, column) in columns.iter().enumerate() {
        if columns[..place].contains(column) {
            let message = format!("the column {column:?} is there twice");
            return Err(Fault::at(header.line, message).of(file));
        }
    }
    Ok(columns.clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], wanted: Columns<'_>) -> Result<Vec<String>, TableError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let mut rows = Vec::new();
        read(&path, wanted, |row| {
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
        let id = Columns::ListOf("id");
        let both = Columns::All(&["id", "to"]);
        for (text, wanted, expected) in [
            ("id,to\na,1\n b , 2 \n", both, &["2 a|1", "3 b|2"][..]),
            ("\u{feff}id;to\r\na;1\r\nb\r\n", both, &["2 a|1", "3 b|"]),
            ("id\tto\na\t1,5\n", both, &["2 a|1,5"]),
            (
                "\n{\"id\": \"a\", \"to\": 1}\n\n{\"id\": []}\n",
                both,
                &["2 a|1", "4 id holds no single value"],
            ),
            (" [{\"id\": \"a\"}, {\"id\": \"b\"}]", both, &["1 a", "2 b"]),
            ("a\n\nb\n", id, &["1 a", "3 b"]),
            ("id\nb\n", id, &["2 b"]),
            ("[\"a\", \"b\"]", id, &["1 a", "2 b"]),
            // Blank rows count and are no rows; blank columns at the end are none.
            ("\nid;to;;\n;;\na;1;;\n", both, &["4 a|1"]),
            // A cell with line breaks is in one row.
            ("id,to\na,\"1\n2\"\nb,2\n", both, &["2 a|1\n2", "3 b|2"]),
            ("sep=;\nid;to\na;1,5\n", both, &["2 a|1,5"]),
            ("sep=\t\r\nid\tto\r\na\t1\r\n", both, &["2 a|1"]),
            (
                "id,to\na,1,2\nb,1,,\n",
                both,
                &[
                    "2 the row has 3 cells and the header has 2: a text with the delimiter in it needs quotes",
                    "3 b|1",
                ],
            ),
            // An empty list is one.
            ("", id, &[]),
            ("\u{feff}\n\n", id, &[]),
            (";;;\n", id, &[]),
            ("id,name\n", id, &[]),
            ("id,to\n,\n", both, &[]),
        ] {
            assert_eq!(rows(text.as_bytes(), wanted).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_can_not_be_used_says_why() {
        let id = Columns::ListOf("id");
        let one = Columns::All(&["id"]);
        let two = Columns::All(&["id", "schema"]);
        for (text, wanted, said) in [
            (&b""[..], one, "line 1: the file is empty: it has no header"),
            (
                b"sep=;\n;;;\n\n;\"\";\n",
                one,
                "line 1: the file is empty: it has no header",
            ),
            (b",\n", two, "line 1: the file is empty: it has no header"),
            (b"a,b\n", id, "has no column id; it has a, b"),
            // It may be the header of a table, so it is no value.
            (b"a\nb\n", one, "has no column id; it has a"),
            (b"a\n", two, "has no column id; it has a"),
            (b"id,id\n", id, "line 1: the column \"id\" is there twice"),
            (
                b"sep=,\n\nid,id\n",
                id,
                "line 3: the column \"id\" is there twice",
            ),
            (b"id,x\n\xff,1\n", id, "line 2: this is Windows-1252 or"),
            (
                b"id,x\n\"a\n\n\xfc\",1\n",
                id,
                "line 4: this is Windows-1252 or",
            ),
            (b"id,x\na,\"b\nc,d\n", id, "line 2: a quote opens here"),
            (b"[{\"id\": \"a\"}", id, "line 1: this is no JSON array"),
        ] {
            let error = rows(text, wanted).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn an_id_that_we_wrote_into_a_cell_is_read_as_it_was() {
        for id in ["-a", "a", "_a", "--a"] {
            let text = format!("id,name\n{},x\n", crate::text::Untrusted(id).csv());
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("failed.csv");
            std::fs::write(&path, text).unwrap();
            let mut ids = Vec::new();
            read(&path, Columns::ListOf("id"), |row| {
                ids.push(id_in(&row.cells.unwrap()["id"]).to_owned());
                Ok::<_, TableError>(())
            })
            .unwrap();
            assert_eq!(ids, [id]);
        }
        assert_eq!(id_in("'a"), "'a");
    }

    #[cfg(unix)]
    #[test]
    fn the_columns_of_a_pipe_are_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("rows.csv");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(columns(&pipe).unwrap(), None);
        assert_eq!(columns(Path::new(STDIN)).unwrap(), None);
        assert_eq!(columns(Path::new("/dev/stdin")).unwrap(), None);
    }
}
