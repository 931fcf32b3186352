//! Rows in JSON: one object a line, or one array of objects, which is read one by one.

use std::{
    collections::BTreeMap,
    fmt,
    io::{BufRead, Read},
};

use serde::{
    Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Cells, TableFault,
    columns::{MAX_CELL, MAX_NAME, RequiredColumns, instead, too_long, too_wide},
    csv::MAX_RECORD,
    encoding::utf8,
};
use crate::{
    json::{ItemsError, each_item},
    text::cut,
};

/// Passes the lines that are not blank to `take`, each with its number.
pub(super) fn lines<E: From<TableFault>>(
    mut input: impl BufRead,
    wanted: RequiredColumns<'_>,
    mut take: impl FnMut(u64, Cells) -> Result<(), E>,
) -> Result<(), E> {
    for number in 1.. {
        let mut line = Vec::new();
        let most = MAX_RECORD as u64 + 1;
        let read = input.by_ref().take(most).read_until(b'\n', &mut line);
        if read.map_err(TableFault::Io)? == 0 {
            break;
        }
        if line.len() > MAX_RECORD {
            return Err(TableFault::at(number, "this line is longer than 1 MiB").into());
        }
        let text = utf8(line, number)?;
        if text.trim().is_empty() {
            continue;
        }
        let cells = match cells(&text, wanted) {
            Err(RowFault::Json(error)) if error.is_eof() => {
                return Err(TableFault::at(number, UNFINISHED).into());
            }
            cells => cells.map_err(|fault| fault.to_string()),
        };
        take(number, cells)?;
    }
    Ok(())
}

/// Passes the elements of an array to `take`, each with its number.
pub(super) fn array<E: From<TableFault>>(
    input: impl Read,
    wanted: RequiredColumns<'_>,
    mut take: impl FnMut(u64, Cells) -> Result<(), E>,
) -> Result<(), E> {
    let mut number = 0;
    let decode = |text: &str| serde_json::from_str::<Box<RawValue>>(text);
    each_item(input, MAX_RECORD, decode, |element| {
        number += 1;
        let cells = cells(element.get(), wanted);
        take(number, cells.map_err(|fault| fault.to_string()))
    })
    .map_err(|error| match error {
        ItemsError::Taker(error) => error,
        ItemsError::Json(error) if error.is_io() => TableFault::Io(error.into()).into(),
        ItemsError::Json(error) => {
            let message = format!("this is no JSON array: {error}");
            TableFault::at(error.line() as u64, message).into()
        }
    })
}

/// Of a file that `jq` has written, for one.
const UNFINISHED: &str = "the JSON value that begins here does not end in this line: write each object on one line, as `jq -c .` does, or restore what was cut off";

/// Why the cells of a row are unknown.
#[derive(Debug, thiserror::Error)]
enum RowFault {
    #[error("no JSON object: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Other(String),
}

/// The values of an object as texts; in a list also a single value, for its column.
fn cells(text: &str, wanted: RequiredColumns<'_>) -> Result<BTreeMap<String, String>, RowFault> {
    if let Some(column) = wanted.listed()
        && !text.trim_start().starts_with('{')
    {
        let value: &RawValue = serde_json::from_str(text)?;
        return Ok(BTreeMap::from([(column.to_owned(), cell(column, value)?)]));
    }
    // The error of the parser would quote the whole value.
    if !text.trim_start().starts_with('{') {
        return Err(RowFault::Other("no JSON object".to_owned()));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let object = json.deserialize_map(Object)?;
    json.end()?;
    if let Some(message) = too_wide(object.keys().map(String::as_str)) {
        return Err(RowFault::Other(message));
    }
    if let Some(missing) = wanted.missing(|key| object.contains_key(key)) {
        let instead = instead(missing, object.keys().map(String::as_str));
        return Err(RowFault::Other(format!(
            "the object has no key {missing}; {instead}"
        )));
    }
    object
        .into_iter()
        .map(|(name, value)| {
            let text = cell(&name, &value)?;
            Ok((name, text))
        })
        .collect()
}

/// A value as text; a number with every digit, as written. An exponent gets a sign, since `1e4` may be an id.
fn cell(name: &str, value: &RawValue) -> Result<String, RowFault> {
    let written = value.get();
    // Before it is copied: an element of an array may be long.
    if written.len() > MAX_CELL {
        return Err(RowFault::Other(too_long(name)));
    }
    match written.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(written)?;
            Ok(text.trim().to_owned())
        }
        Some(b'[' | b'{') => Err(RowFault::Other(format!(
            "{} holds no single value",
            cut(name, MAX_NAME)
        ))),
        _ if written == "null" => Ok(String::new()),
        Some(b'-' | b'0'..=b'9') => Ok(match written.split_once(['e', 'E']) {
            Some((number, exponent)) if !exponent.starts_with(['+', '-']) => {
                format!("{number}e+{exponent}")
            }
            Some(_) | None => written.to_owned(),
        }),
        _ => Ok(written.to_owned()),
    }
}

/// An object with unparsed values and without duplicate keys.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = BTreeMap<String, Box<RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((name, value)) = entries.next_entry::<String, Box<RawValue>>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "{:?} is there twice",
                    cut(&name, MAX_NAME)
                )));
            }
            object.insert(name, value);
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RequiredColumns<'_> = RequiredColumns::All(&[]);

    fn all(text: &str, wanted: RequiredColumns<'_>) -> Result<Vec<String>, String> {
        let mut said = Vec::new();
        let take = |number, cells: Cells| {
            let cells = cells.map(|cells| {
                let cells = cells
                    .into_iter()
                    .map(|(name, cell)| format!("{name}={cell}"));
                cells.collect::<Vec<_>>().join(" ")
            });
            said.push(format!("{number} {}", cells.unwrap_or_else(|why| why)));
            Ok::<_, TableFault>(())
        };
        let read = if text.starts_with('[') {
            array(text.as_bytes(), wanted, take)
        } else {
            lines(text.as_bytes(), wanted, take)
        };
        match read {
            Ok(()) => Ok(said),
            Err(TableFault::Line { line, message }) => Err(format!("line {line}: {message}")),
            Err(fault) => Err(format!("{fault:?}")),
        }
    }

    #[test]
    fn a_number_keeps_every_digit_and_a_row_is_a_line_or_an_element() {
        for (text, wanted, expected) in [
            (
                "{\"id\": \" a \", \"n\": 123456789012345678901234}\n\n{\"id\": null, \"n\": 1.50}",
                ANY,
                &["1 id=a n=123456789012345678901234", "3 id= n=1.50"][..],
            ),
            (
                "[{\"id\": \"a\"}, {\"id\": true},\n{\"id\": []}]",
                ANY,
                &["1 id=a", "2 id=true", "3 id holds no single value"],
            ),
            (
                "[\"a\", 7, {\"id\": \"b\"}]",
                RequiredColumns::ListOf("id"),
                &["1 id=a", "2 id=7", "3 id=b"],
            ),
            ("[]\n", ANY, &[]),
        ] {
            assert_eq!(all(text, wanted).unwrap(), expected, "{text}");
        }
        let twice = all("{\"id\": \"a\", \"id\": \"b\"}", ANY).unwrap();
        assert!(twice[0].contains("\"id\" is there twice"), "{twice:?}");
        let no_object = all("[\"a\"]", ANY).unwrap();
        assert!(no_object[0].contains("no JSON object"), "{no_object:?}");
    }

    #[test]
    fn an_array_that_is_not_whole_is_an_error_with_its_line() {
        for (text, line) in [
            ("[{\"id\": \"a\"},\n", 2),
            ("[{\"id\": \"a\"}\n{\"id\": \"b\"}]", 2),
            ("[{\"id\": \"a\"}]\n[]", 2),
        ] {
            let error = all(text, ANY).unwrap_err();
            assert!(
                error.starts_with(&format!("line {line}: this is no JSON array")),
                "{error}"
            );
        }
    }
}
