//! The entities whose flows are searched: from a list or from a file, sorted, each once.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{
    api::Id,
    playbook::{Entities, EntityRef},
    sort::{Sorted, Sorter},
};

/// Entities in the order of their ids, and the rows that are none.
#[derive(Debug)]
pub struct EntityList {
    entities: Sorted,
    /// By row: why it was rejected.
    pub rejected: Sorted,
}

/// Why a file of entities can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum EntitiesError {
    #[error("{file} can't be read: {source}")]
    Io { file: String, source: io::Error },
    #[error("{file} has no column {column}; it has {found} (columns: entity_id, entity_schema)")]
    Column {
        file: String,
        column: &'static str,
        found: String,
    },
    #[error("{file}, line {line}: {message}")]
    Line {
        file: String,
        line: u64,
        message: String,
    },
    #[error("the rows can't be sorted: {0}")]
    Sort(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
struct Row {
    row: u64,
    schema: String,
}

#[derive(Deserialize)]
struct JsonRow {
    entity_id: String,
    entity_schema: String,
}

/// Takes rows as they come and keeps those that are entities.
#[derive(Default)]
struct Intake {
    entities: Sorter,
    rejected: Sorter,
}

impl EntityList {
    /// Reads all entities.
    ///
    /// # Errors
    ///
    /// When the file can't be read or has not the columns `entity_id` and `entity_schema`.
    pub fn read(source: &Entities) -> Result<Self, EntitiesError> {
        let mut intake = Intake::default();
        match source {
            Entities::List(list) => {
                for (row, EntityRef { id, schema }) in (1..).zip(list) {
                    intake.take(row, id.as_str(), schema)?;
                }
            }
            Entities::File(path) => read_file(path, &mut intake)?,
        }
        intake.finish()
    }

    /// How many searches there will be.
    pub const fn len(&self) -> u64 {
        self.entities.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }
}

impl Iterator for EntityList {
    type Item = io::Result<EntityRef>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entities.next().map(|pair| {
            let (id, schema) = pair?;
            let id = Id::new(&id).map_err(io::Error::other)?;
            Ok(EntityRef { id, schema })
        })
    }
}

impl Intake {
    fn take(&mut self, row: u64, id: &str, schema: &str) -> io::Result<()> {
        let (id, schema) = (id.trim(), schema.trim());
        if let Err(error) = Id::new(id) {
            return self.reject(row, &format!("the entity id {id:?} can't be used: {error}"));
        }
        if schema.is_empty() {
            return self.reject(row, "entity_schema is empty");
        }
        // A cell of a spreadsheet may hold a line break; a name of a schema does not.
        if schema.contains(char::is_control) {
            return self.reject(row, &format!("the entity schema {schema:?} can't be used"));
        }
        let payload = serde_json::to_string(&Row {
            row,
            schema: schema.to_owned(),
        })?;
        self.entities.push(id.to_owned(), payload)
    }

    fn reject(&mut self, row: u64, reason: &str) -> io::Result<()> {
        // Padded, so that the order of texts is the order of numbers.
        self.rejected
            .push(format!("{row:020}"), serde_json::to_string(reason)?)
    }

    /// Sorts, and rejects what comes twice.
    fn finish(mut self) -> Result<EntityList, EntitiesError> {
        let mut unique = Sorter::default();
        let mut last: Option<(String, u64)> = None;
        for pair in std::mem::take(&mut self.entities).finish()? {
            let (id, payload) = pair?;
            let row: Row = serde_json::from_str(&payload).map_err(io::Error::from)?;
            match &last {
                Some((earlier, first)) if *earlier == id => {
                    let reason = format!("the entity {id} stands in row {first} already");
                    self.reject(row.row, &reason)?;
                }
                Some(_) | None => {
                    unique.push(id.clone(), row.schema)?;
                    last = Some((id, row.row));
                }
            }
        }
        Ok(EntityList {
            entities: unique.finish()?,
            rejected: self.rejected.finish()?,
        })
    }
}

fn read_file(path: &Path, intake: &mut Intake) -> Result<(), EntitiesError> {
    let file = path.display().to_string();
    let failed = |source| EntitiesError::Io {
        file: file.clone(),
        source,
    };
    let input: Box<dyn Read> = if path == Path::new("-") {
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
    match input.fill_buf().map_err(failed)?.first() {
        Some(b'{') => read_json_lines(&file, input, intake),
        Some(_) => read_csv(&file, input, intake),
        None => Err(EntitiesError::Line {
            file,
            line: 1,
            message: "the file is empty".to_owned(),
        }),
    }
}

fn read_json_lines(
    file: &str,
    input: impl BufRead,
    intake: &mut Intake,
) -> Result<(), EntitiesError> {
    for (line, text) in (1..).zip(input.lines()) {
        let text = text.map_err(|source| EntitiesError::Io {
            file: file.to_owned(),
            source,
        })?;
        if text.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<JsonRow>(&text) {
            Ok(row) => intake.take(line, &row.entity_id, &row.entity_schema)?,
            Err(error) => intake.reject(line, &format!("no entity: {error}"))?,
        }
    }
    Ok(())
}

fn read_csv(file: &str, mut input: impl BufRead, intake: &mut Intake) -> Result<(), EntitiesError> {
    let head = input.fill_buf().map_err(|source| EntitiesError::Io {
        file: file.to_owned(),
        source,
    })?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(head))
        .flexible(true)
        .from_reader(input);
    let failed = |error: &csv::Error| EntitiesError::Line {
        file: file.to_owned(),
        line: error.position().map_or(1, csv::Position::line),
        message: error.to_string(),
    };
    let header = reader.headers().map_err(|error| failed(&error))?.clone();
    let column = |name: &'static str| {
        header
            .iter()
            .position(|column| column.trim() == name)
            .ok_or_else(|| EntitiesError::Column {
                file: file.to_owned(),
                column: name,
                found: header.iter().collect::<Vec<_>>().join(", "),
            })
    };
    let (id, schema) = (column("entity_id")?, column("entity_schema")?);
    // Row 1 is the header, as a spreadsheet counts.
    for (row, record) in (2..).zip(reader.records()) {
        let record = record.map_err(|error| failed(&error))?;
        intake.take(
            row,
            record.get(id).unwrap_or_default(),
            record.get(schema).unwrap_or_default(),
        )?;
    }
    Ok(())
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

    type Pairs = Vec<(String, String)>;

    fn read(text: &[u8]) -> Result<(Pairs, Vec<String>), EntitiesError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entities.csv");
        std::fs::write(&path, text).unwrap();
        let mut list = EntityList::read(&Entities::File(path))?;
        let entities = list
            .by_ref()
            .map(|entity| entity.unwrap())
            .map(|e| (e.id.to_string(), e.schema))
            .collect();
        let rejected = list
            .rejected
            .map(|row| row.unwrap())
            .map(|(row, why)| format!("{}: {why}", row.trim_start_matches('0')));
        Ok((entities, rejected.collect()))
    }

    #[test]
    fn every_form_of_a_spreadsheet_gives_the_same_entities() {
        let expected = vec![
            ("a1".to_owned(), "opportunity".to_owned()),
            ("b2".to_owned(), "contact".to_owned()),
        ];
        for text in [
            "entity_id,entity_schema\nb2,contact\na1,opportunity\n".as_bytes(),
            "\u{feff}entity_schema;name;entity_id\r\ncontact;x;b2\r\nopportunity;\"y;z\";a1\r\n".as_bytes(),
            "entity_id\tentity_schema\nb2\tcontact\n a1 \topportunity".as_bytes(),
            "{\"entity_id\":\"b2\",\"entity_schema\":\"contact\"}\n\n{\"entity_id\":\"a1\",\"entity_schema\":\"opportunity\",\"x\":1}\n".as_bytes(),
        ] {
            assert_eq!(read(text).unwrap(), (expected.clone(), Vec::new()));
        }
    }

    #[test]
    fn a_bad_row_is_rejected_with_its_number_and_nothing_else_is() {
        let text = "entity_id,entity_schema\na1,contact\n../x,contact\nb2,\na1,contact\n,contact\nc3,contact\n";
        let (entities, rejected) = read(text.as_bytes()).unwrap();
        assert_eq!(
            entities
                .iter()
                .map(|entity| entity.0.as_str())
                .collect::<Vec<_>>(),
            ["a1", "c3"]
        );
        assert_eq!(rejected.len(), 4);
        for (said, expected) in rejected.iter().zip([
            "3: ",
            "4: \"entity_schema is empty",
            "5: \"the entity a1 stands in row 2",
            "6: ",
        ]) {
            assert!(said.starts_with(expected), "{said} / {expected}");
        }
    }

    #[test]
    fn a_schema_with_a_line_break_in_it_is_rejected() {
        let text = "entity_id,entity_schema\na1,\"con\ntact\"\nb2,contact\n";
        let (entities, rejected) = read(text.as_bytes()).unwrap();
        assert_eq!(entities, [("b2".to_owned(), "contact".to_owned())]);
        assert!(rejected[0].starts_with("2: "), "{rejected:?}");
    }

    #[test]
    fn a_file_that_is_none_is_an_error() {
        assert!(matches!(
            read(b""),
            Err(EntitiesError::Line { line: 1, .. })
        ));
        assert!(matches!(
            read(b"id,schema\n1,2\n"),
            Err(EntitiesError::Column {
                column: "entity_id",
                ..
            })
        ));
        assert!(matches!(
            read(b"entity_id,entity_schema\n\xff\xfe,x\n"),
            Err(EntitiesError::Line { line: 2, .. })
        ));
        assert!(matches!(
            EntityList::read(&Entities::File("no/such".into())),
            Err(EntitiesError::Io { .. })
        ));
    }
}
