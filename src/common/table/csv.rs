//! Strict CSV: the usual crate silently accepts errors such as an open quote, which loses rows.

use std::io::{self, BufRead};

use super::{TableFault, encoding::utf8};

/// The maximum bytes of a record. No spreadsheet has such a row, but an unclosed quote soon makes one.
pub(super) const MAX_RECORD: usize = 1024 * 1024;

/// The records of a file, blank ones included.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: R,
    delimiter: u8,
    /// The number of the current line.
    line: u64,
    /// How many records were read.
    read: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CsvRecord {
    /// The number as in a spreadsheet: a cell with line breaks is in one row.
    pub(super) number: u64,
    /// Its first line in the file.
    pub(super) line: u64,
    /// Trimmed, and without the empty ones at the end.
    pub(super) cells: Vec<String>,
}

/// The state of the parser.
#[derive(Clone, Copy, Debug)]
enum BytePlace {
    /// At the start of a cell.
    Start,
    Plain,
    /// In quotes that were opened in this line.
    Quoted(u64),
    /// After the closing quote.
    Closed(u64),
}

impl<R: BufRead> Records<R> {
    /// `line` is the number of the first line.
    pub(super) const fn new(input: R, delimiter: u8, line: u64) -> Self {
        Self {
            input,
            delimiter,
            line,
            read: 0,
        }
    }

    /// The next record; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<CsvRecord>, TableFault> {
        let mut cells = Vec::new();
        let mut cell = Vec::new();
        let line = self.line;
        let mut cell_line = line;
        let mut place = BytePlace::Start;
        let mut length = 0;
        loop {
            let byte = self.byte()?;
            length += 1;
            if length > MAX_RECORD {
                return Err(too_long(place, self.line));
            }
            place = match (place, byte) {
                (BytePlace::Quoted(line), None) => return Err(TableFault::at(line, NOT_CLOSED)),
                (BytePlace::Start, None) if cells.is_empty() => return Ok(None),
                (BytePlace::Quoted(line), Some(b'"')) => BytePlace::Closed(line),
                (BytePlace::Quoted(line), Some(byte)) => {
                    cell.push(byte);
                    BytePlace::Quoted(line)
                }
                (BytePlace::Closed(line), Some(b'"')) => {
                    cell.push(b'"');
                    BytePlace::Quoted(line)
                }
                (BytePlace::Start, Some(b'"')) => BytePlace::Quoted(self.line),
                (_, None | Some(b'\n')) => {
                    cells.push(text(cell, cell_line)?);
                    while cells.last().is_some_and(String::is_empty) {
                        cells.pop();
                    }
                    self.read += 1;
                    return Ok(Some(CsvRecord {
                        number: self.read,
                        line,
                        cells,
                    }));
                }
                (_, Some(byte)) if byte == self.delimiter => {
                    cells.push(text(std::mem::take(&mut cell), cell_line)?);
                    cell_line = self.line;
                    BytePlace::Start
                }
                (BytePlace::Closed(line), Some(b' ' | b'\t')) => BytePlace::Closed(line),
                (BytePlace::Closed(line), Some(_)) => {
                    return Err(TableFault::at(
                        line,
                        format!(
                            "the quoted text that begins here ends in line {}, and more text follows: close the quote, or double each quote inside the text",
                            self.line
                        ),
                    ));
                }
                (BytePlace::Start | BytePlace::Plain, Some(byte)) => {
                    cell.push(byte);
                    BytePlace::Plain
                }
            };
        }
    }

    /// The next byte; each kind of line break is one `\n`.
    fn byte(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = take_byte(&mut self.input)? else {
            return Ok(None);
        };
        if byte == b'\r' && self.input.fill_buf()?.first() == Some(&b'\n') {
            self.input.consume(1);
        }
        if matches!(byte, b'\r' | b'\n') {
            self.line += 1;
            return Ok(Some(b'\n'));
        }
        Ok(Some(byte))
    }
}

const NOT_CLOSED: &str = "a quote opens here and is not closed: all that follows would be one cell";

fn too_long(place: BytePlace, line: u64) -> TableFault {
    match place {
        BytePlace::Quoted(line) | BytePlace::Closed(line) => TableFault::at(line, NOT_CLOSED),
        BytePlace::Start | BytePlace::Plain => {
            TableFault::at(line, "this row is longer than 1 MiB")
        }
    }
}

fn take_byte(input: &mut impl BufRead) -> io::Result<Option<u8>> {
    let byte = input.fill_buf()?.first().copied();
    if byte.is_some() {
        input.consume(1);
    }
    Ok(byte)
}

fn text(cell: Vec<u8>, line: u64) -> Result<String, TableFault> {
    Ok(utf8(cell, line)?.trim().to_owned())
}

/// Comma, semicolon or tab: the most frequent one in the header, outside of quotes.
pub(super) fn delimiter(header: &[u8]) -> u8 {
    let mut is_quoted = false;
    let bare: Vec<u8> = header
        .iter()
        .copied()
        .filter(|&byte| {
            is_quoted ^= byte == b'"';
            !is_quoted
        })
        .collect();
    let count = |delimiter: u8| bare.split(|&byte| byte == delimiter).count();
    // With equal counts the last one is chosen, so comma is the default.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|&delimiter| count(delimiter))
        .unwrap_or(b',')
}

/// Reads lines until there is a complete record that is not blank. An unclosed quote ends with the input.
pub(super) fn first_record(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut is_quoted = false;
    let mut is_blank = true;
    while head.len() < MAX_RECORD {
        let Some(byte) = take_byte(input)? else { break };
        head.push(byte);
        is_quoted ^= byte == b'"';
        is_blank &= byte.is_ascii_whitespace();
        if matches!(byte, b'\r' | b'\n') && !is_quoted && !is_blank {
            if byte == b'\r' && input.fill_buf()?.first() == Some(&b'\n') {
                input.consume(1);
                head.push(b'\n');
            }
            break;
        }
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records that are not blank, as `number cell|cell`, and the fault that ends them.
    fn records(text: &str) -> Vec<String> {
        let delimiter = delimiter(text.lines().next().unwrap_or_default().as_bytes());
        let mut records = Records::new(text.as_bytes(), delimiter, 1);
        let mut said = Vec::new();
        loop {
            match records.next() {
                Ok(None) => return said,
                Ok(Some(CsvRecord { cells, .. })) if cells.is_empty() => {}
                Ok(Some(CsvRecord { number, cells, .. })) => {
                    said.push(format!("{number} {}", cells.join("|")));
                }
                Err(TableFault::Line { line, message }) => {
                    said.push(format!("line {line}: {message}"));
                    return said;
                }
                Err(fault) => panic!("{fault:?}"),
            }
        }
    }

    #[test]
    fn cells_and_rows_are_those_of_a_spreadsheet() {
        for (text, expected) in [
            ("a,b\n1,2\n", &["1 a|b", "2 1|2"][..]),
            ("a,b\r\n1,2", &["1 a|b", "2 1|2"]),
            ("a,b\r1,2\r", &["1 a|b", "2 1|2"]),
            ("a\n\n \n,,\nb\n", &["1 a", "5 b"]),
            ("a,b,,\n1,,,\n,2,\n", &["1 a|b", "2 1", "3 |2"]),
            ("a,\"b, \"\"c\"\"\"\n", &["1 a|b, \"c\""]),
            ("\"x\ny\",b\nc\n", &["1 x\ny|b", "2 c"]),
            ("\"a\" ,\"b\"\t\r\n", &["1 a|b"]),
            ("5\" pipe, \"b\n", &["1 5\" pipe|\"b"]),
            ("\"\"\n\"\",\"\"\na\n", &["3 a"]),
            ("", &[]),
        ] {
            assert_eq!(records(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error_where_it_opens() {
        for (text, line, said) in [
            ("a\n\"b\nc\n", 2, "a quote opens here and is not closed"),
            ("a,\"b\n\nc", 1, "a quote opens here and is not closed"),
            ("a\n\"b\nc,\"d\"\n", 2, "begins here ends in line 3"),
            ("\"a\"b\n", 1, "begins here ends in line 1"),
        ] {
            let said_all = records(text);
            let last = said_all.last().unwrap();
            assert!(last.starts_with(&format!("line {line}: ")), "{last}");
            assert!(last.contains(said), "{last}");
        }
        let long = format!("a\nb,\"{}", "x\n".repeat(1024 * 1024));
        assert!(records(&long)[1].starts_with("line 2: a quote opens"));
        let long = "x".repeat(1024 * 1024 + 1);
        assert_eq!(records(&long), ["line 1: this row is longer than 1 MiB"]);
    }

    #[test]
    fn the_header_says_the_delimiter_with_what_stands_outside_of_quotes() {
        for (header, expected) in [
            ("a,b;c,d", b','),
            ("a;b", b';'),
            ("a\tb,c\td", b'\t'),
            ("id;\"owner\";\"a, b, c, d\"", b';'),
            ("id", b','),
        ] {
            assert_eq!(delimiter(header.as_bytes()), expected, "{header}");
        }
    }
}
