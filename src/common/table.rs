//! Files of rows: CSV with a header (comma, semicolon or tab), JSON Lines, a JSON array, or one value a line.

mod columns;
mod csv;
mod encoding;
mod json;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use self::{
    columns::MAX_CELL,
    csv::{CsvRecord, Records, first_record},
};
use crate::text::{FileKind, shown_path};

pub use self::columns::RequiredColumns;

/// The name of a file that means standard input.
pub const STDIN: &str = "-";

/// Other names of it, for [`is_stdin`].
const STDIN_DEVICES: [&str; 3] = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// Whether a file is standard input, which can be read once.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN) || STDIN_DEVICES.iter().any(|name| path == Path::new(name))
}

/// The id in a cell. A spreadsheet and our own `failed.csv` put an apostrophe before an id that begins with `-`, so that it is not a
/// formula.
pub fn id_in(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(id) if id.starts_with('-') => id,
        Some(_) | None => cell,
    }
}

/// Texts by column, trimmed; or why the row can't be used.
pub type Cells = Result<BTreeMap<String, String>, String>;

/// One row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number as a spreadsheet counts: blank rows count, and the header is row 1 unless there are blank rows before it. In JSON Lines
    /// that of the line, in a JSON array that of the element.
    pub number: u64,
    /// Its first line in the file; none for an element of a JSON array.
    pub line: Option<u64>,
    /// Whether the row comes from CSV, which a spreadsheet may have written.
    pub is_csv: bool,
    pub cells: Cells,
    /// All columns of CSV, of which the empty ones are not in `cells`: short rows below a wide header stay short.
    pub columns: Arc<[String]>,
}

/// Why a file can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("{} can't be read: {source}", name(path))]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is {kind}, not CSV or JSON: {}", name(path), kind.cure())]
    Kind { path: PathBuf, kind: FileKind },
    #[error("{} has no column {column}; {instead}", name(path))]
    Column {
        path: PathBuf,
        column: String,
        /// What the header has instead, without its cells: a file without a header has data there.
        instead: String,
    },
    #[error("{}, line {line}: {message}", name(path))]
    Line {
        path: PathBuf,
        line: u64,
        message: String,
    },
}

impl TableError {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::Kind { path, .. }
            | Self::Column { path, .. }
            | Self::Line { path, .. } => path,
        }
    }

    /// The line that is wrong, if it is one.
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::Line { line, .. } => Some(*line),
            Self::Io { .. } | Self::Kind { .. } | Self::Column { .. } => None,
        }
    }
}

/// What is wrong with a file whose name is already in the message.
#[derive(Debug)]
enum TableFault {
    Io(io::Error),
    Kind(FileKind),
    Line { line: u64, message: String },
    Column { column: String, instead: String },
}

impl TableFault {
    fn at(line: u64, message: impl fmt::Display) -> Self {
        Self::Line {
            line,
            message: message.to_string(),
        }
    }

    fn of(self, path: &Path) -> TableError {
        let path = path.to_owned();
        match self {
            Self::Io(source) => TableError::Io { path, source },
            Self::Kind(kind) => TableError::Kind { path, kind },
            Self::Line { line, message } => TableError::Line {
                path,
                line,
                message,
            },
            Self::Column { column, instead } => TableError::Column {
                path,
                column,
                instead,
            },
        }
    }
}

impl From<io::Error> for TableFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why reading ended: an error of the file, or of the consumer of the rows.
enum RowsEnd<E> {
    Fault(TableFault),
    Taker(E),
}

impl<E> From<TableFault> for RowsEnd<E> {
    fn from(fault: TableFault) -> Self {
        Self::Fault(fault)
    }
}

type Input = BufReader<Box<dyn Read>>;

/// The format of a file of rows.
enum TableForm {
    /// Nothing is in it.
    Empty,
    Csv(Records<Input>),
    JsonLines(Input),
    JsonArray(Input),
}

/// Passes the rows to `take` one by one, without the blank ones. The file is opened and read once.
///
/// # Errors
///
/// If the file can't be read or lacks a column, and the errors of `take`.
pub fn read<E: From<TableError>>(
    path: &Path,
    wanted: RequiredColumns<'_>,
    mut take: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    rows(path, wanted, |row| take(row).map_err(RowsEnd::Taker)).map_err(|ended| match ended {
        RowsEnd::Fault(fault) => fault.of(path).into(),
        RowsEnd::Taker(error) => error,
    })
}

fn rows<E>(
    path: &Path,
    wanted: RequiredColumns<'_>,
    mut take: impl FnMut(Row) -> Result<(), RowsEnd<E>>,
) -> Result<(), RowsEnd<E>> {
    let mut give = |number, line, cells| {
        take(Row {
            number,
            line,
            is_csv: false,
            cells,
            columns: Arc::default(),
        })
    };
    match open(path)? {
        TableForm::Empty => no_header(wanted).map_err(RowsEnd::from),
        TableForm::JsonLines(input) => json::lines(input, wanted, |number, cells| {
            give(number, Some(number), cells)
        }),
        TableForm::JsonArray(input) => {
            json::array(input, wanted, |number, cells| give(number, None, cells))
        }
        TableForm::Csv(records) => csv_rows(records, wanted, take),
    }
}

/// The file is empty, or has only empty cells: a list without values.
fn no_header(wanted: RequiredColumns<'_>) -> Result<(), TableFault> {
    match wanted {
        RequiredColumns::All(_) => Err(TableFault::at(1, "the file is empty: it has no header")),
        RequiredColumns::ListOf(_) => Ok(()),
    }
}

/// The next record that is not blank.
fn next(records: &mut Records<Input>) -> Result<Option<CsvRecord>, TableFault> {
    loop {
        match records.next()? {
            Some(record) if record.cells.is_empty() => {}
            record => return Ok(record),
        }
    }
}

/// The columns of a CSV file.
struct CsvHeader {
    columns: Vec<String>,
    /// For a list without a header: the line that would be the header.
    first: Option<CsvRecord>,
}

/// None if the file is empty.
fn header(
    records: &mut Records<Input>,
    wanted: RequiredColumns<'_>,
) -> Result<Option<CsvHeader>, TableFault> {
    let Some(first) = next(records)? else {
        return no_header(wanted).map(|()| None);
    };
    if let RequiredColumns::ListOf(column) = wanted
        && let [value] = &first.cells[..]
        && value != column
    {
        return Ok(Some(CsvHeader {
            columns: vec![column.to_owned()],
            first: Some(first),
        }));
    }
    let columns = columns::of_header(first)?;
    match wanted.missing(|wanted| columns.iter().any(|column| column == wanted)) {
        None => Ok(Some(CsvHeader {
            columns,
            first: None,
        })),
        Some(missing) => Err(TableFault::Column {
            column: missing.to_owned(),
            instead: columns::other_columns(missing, &columns),
        }),
    }
}

fn csv_rows<E>(
    mut records: Records<Input>,
    wanted: RequiredColumns<'_>,
    mut take: impl FnMut(Row) -> Result<(), RowsEnd<E>>,
) -> Result<(), RowsEnd<E>> {
    let Some(CsvHeader { columns, mut first }) = header(&mut records, wanted)? else {
        return Ok(());
    };
    let columns = columns.into();
    while let Some(record) = match first.take() {
        Some(record) => Some(record),
        None => next(&mut records)?,
    } {
        take(row_of(record, &columns))?;
    }
    Ok(())
}

fn row_of(record: CsvRecord, columns: &Arc<[String]>) -> Row {
    let CsvRecord {
        number,
        line,
        cells,
    } = record;
    let cells = if cells.len() > columns.len() {
        Err(format!(
            "the row has {} cells and the header has {}: a text with the delimiter in it needs quotes",
            cells.len(),
            columns.len()
        ))
    } else if let Some(place) = cells.iter().position(|cell| cell.len() > MAX_CELL) {
        Err(columns::too_long(&columns[place]))
    } else {
        let cells = columns.iter().zip(cells);
        Ok(cells
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(column, cell)| (column.clone(), cell))
            .collect())
    };
    Row {
        number,
        line: Some(line),
        is_csv: true,
        cells,
        columns: Arc::clone(columns),
    }
}

/// Reads the beginning of a file as [`read`] would, and returns the columns of CSV. None for another format, or for a pipe, which can be
/// read only once.
///
/// # Errors
///
/// The errors that [`read`] reports before the first row, and a first JSON row that does not end.
pub fn columns(
    path: &Path,
    wanted: RequiredColumns<'_>,
) -> Result<Option<Vec<String>>, TableError> {
    if is_stdin(path) || !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let begin = || match open(path)? {
        TableForm::Empty => no_header(wanted).map(|()| None),
        TableForm::Csv(mut records) => {
            header(&mut records, wanted).map(|header| header.map(|header| header.columns))
        }
        TableForm::JsonLines(input) => {
            first_only(json::lines(input, wanted, |_, _| Err(RowsEnd::Taker(()))))
        }
        TableForm::JsonArray(input) => {
            first_only(json::array(input, wanted, |_, _| Err(RowsEnd::Taker(()))))
        }
    };
    begin().map_err(|fault: TableFault| fault.of(path))
}

fn first_only<T>(read: Result<(), RowsEnd<()>>) -> Result<Option<T>, TableFault> {
    match read {
        Ok(()) | Err(RowsEnd::Taker(())) => Ok(None),
        Err(RowsEnd::Fault(fault)) => Err(fault),
    }
}

fn open(path: &Path) -> Result<TableForm, TableFault> {
    let file: Box<dyn Read> = if is_stdin(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut input = BufReader::new(encoding::reader(file)?);
    let mut line = 1;
    let mut head = first_record(&mut input)?;
    let mut delimiter = None;
    // Excel treats this line as a directive, so it is not a row.
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
        None => TableForm::Empty,
        Some(b'{') => TableForm::JsonLines(input),
        Some(b'[') => TableForm::JsonArray(input),
        Some(_) => TableForm::Csv(Records::new(input, delimiter.unwrap_or(guessed), line)),
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

/// A file as messages name it, escaped.
pub fn name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        shown_path(path)
    }
}

#[cfg(test)]
mod tests;
