//! The entities or executions in a list or file, sorted, each once, with its row.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    api::Id,
    playbook::{EntityRef, IdSource},
    sort::{Sorted, Sorter},
    table::{self, RequiredColumns, TableError},
    target::TargetRow,
    text::cut,
};

/// Characters of an id or a name that a message shows: an id has at most 128, and what is no id may be a page.
const MAX_SHOWN: usize = 150;

/// The columns of a file of entities.
const ENTITY: [&str; 2] = ["entity_id", "entity_schema"];

/// Named objects, ordered by id, and the rejected rows.
#[derive(Debug)]
pub struct ListedNames {
    named: Sorted,
    columns: Arc<[String]>,
    /// By row: why it was rejected.
    pub rejected: Sorted,
}

/// One named object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub id: Id,
    /// For an entity; empty for an execution.
    pub schema: String,
    /// For an entity that a search has found.
    pub title: String,
    /// Its row, with the other columns.
    pub row: TargetRow,
}

/// Why a list can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ListedError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the rows can't be sorted: {0}")]
    Sort(#[from] io::Error),
}

/// Collects names in any order, and keeps the valid ones.
#[derive(Debug)]
pub(super) struct NameCollector {
    /// The noun for messages: `entity`.
    kind: &'static str,
    /// The current row.
    is_csv: bool,
    /// Those of the file, the same in each row; the sorted rows are kept without them.
    columns: Arc<[String]>,
    named: Sorter,
    rejected: Sorter,
}

impl ListedNames {
    /// Reads all entities of a list or a file.
    ///
    /// # Errors
    ///
    /// If the file can't be read or lacks the columns `entity_id` and `entity_schema`.
    pub fn entities(names: &IdSource<EntityRef>) -> Result<Self, ListedError> {
        let mut intake = NameCollector::new("entity");
        match names {
            IdSource::List(list) => {
                for (number, EntityRef { id, schema }) in (1..).zip(list) {
                    intake.entity(TargetRow::numbered(number), id.as_str(), schema, "")?;
                }
            }
            IdSource::File(path) => table::read(path, RequiredColumns::All(&ENTITY), |row| {
                intake.row(row, |intake, row, mut cells| {
                    let [id, schema] = ENTITY.map(|name| cells.remove(name).unwrap_or_default());
                    intake.entity(TargetRow { cells, ..row }, table::id_in(&id), &schema, "")
                })
            })?,
        }
        intake.leave_out(&ENTITY);
        Ok(intake.finish()?)
    }

    /// Reads all ids of executions of a list or a file, which has a column `id` or only ids.
    ///
    /// # Errors
    ///
    /// When the file can't be read.
    pub fn executions(names: &IdSource<Id>) -> Result<Self, ListedError> {
        match names {
            IdSource::List(list) => {
                let mut intake = NameCollector::new("execution");
                for (number, id) in (1..).zip(list) {
                    intake.execution(TargetRow::numbered(number), id.as_str())?;
                }
                Ok(intake.finish()?)
            }
            IdSource::File(path) => Self::of_column(path, RequiredColumns::ListOf("id"), "id"),
        }
    }

    /// Reads the rows of a file whose column `id` names executions.
    ///
    /// # Errors
    ///
    /// If the file can't be read or lacks this column.
    pub fn rows(path: &Path, id: &str) -> Result<Self, ListedError> {
        Self::of_column(path, RequiredColumns::All(&[id]), id)
    }

    fn of_column(path: &Path, wanted: RequiredColumns<'_>, id: &str) -> Result<Self, ListedError> {
        let mut intake = NameCollector::new("execution");
        table::read(path, wanted, |row| {
            intake.row(row, |intake, row, mut cells| {
                let id = cells.remove(id).unwrap_or_default();
                intake.execution(TargetRow { cells, ..row }, table::id_in(&id))
            })
        })?;
        intake.leave_out(wanted.names());
        Ok(intake.finish()?)
    }

    /// How many there are.
    pub const fn len(&self) -> u64 {
        self.named.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.named.is_empty()
    }
}

impl Iterator for ListedNames {
    type Item = io::Result<Named>;

    fn next(&mut self) -> Option<Self::Item> {
        self.named.next().map(|pair| {
            let (_, payload) = pair?;
            let mut named: Named = serde_json::from_str(&payload)?;
            for column in self.columns.iter() {
                named.row.cells.entry(column.clone()).or_default();
            }
            Ok(named)
        })
    }
}

impl NameCollector {
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            is_csv: false,
            columns: Arc::default(),
            named: Sorter::default(),
            rejected: Sorter::default(),
        }
    }

    /// The columns that are no values of `row`.
    fn leave_out(&mut self, names: &[&str]) {
        let columns = self.columns.iter();
        let others = columns.filter(|column| !names.contains(&column.as_str()));
        self.columns = others.cloned().collect();
    }

    fn row(
        &mut self,
        row: table::Row,
        take: impl FnOnce(&mut Self, TargetRow, BTreeMap<String, String>) -> io::Result<()>,
    ) -> Result<(), ListedError> {
        let number = row.number;
        (self.is_csv, self.columns) = (row.is_csv, row.columns);
        match row.cells {
            Ok(cells) => take(self, TargetRow::numbered(number), cells)?,
            Err(reason) => reject(&mut self.rejected, number, &reason)?,
        }
        Ok(())
    }

    pub(super) fn entity(
        &mut self,
        row: TargetRow,
        id: &str,
        schema: &str,
        title: &str,
    ) -> io::Result<()> {
        if schema.is_empty() {
            return reject(&mut self.rejected, row.number, "entity_schema is empty");
        }
        // A cell of a spreadsheet may contain a line break; the name of a schema does not.
        if schema.contains(char::is_control) {
            let reason = format!(
                "the entity schema {:?} can't be used",
                cut(schema, MAX_SHOWN)
            );
            return reject(&mut self.rejected, row.number, &reason);
        }
        self.take(row, id, schema, title)
    }

    fn execution(&mut self, row: TargetRow, id: &str) -> io::Result<()> {
        self.take(row, id, "", "")
    }

    fn take(&mut self, row: TargetRow, id: &str, schema: &str, title: &str) -> io::Result<()> {
        let named = match Id::new(id) {
            Ok(id) => Named {
                id,
                schema: schema.to_owned(),
                title: title.to_owned(),
                row,
            },
            Err(error) => {
                let error = error.in_row(self.is_csv);
                let reason = format!(
                    "the {} id {:?} can't be used: {error}",
                    self.kind,
                    cut(id, MAX_SHOWN)
                );
                return reject(&mut self.rejected, row.number, &reason);
            }
        };
        let payload = serde_json::to_string(&named)?;
        self.named.push(id, payload)
    }

    /// Sorts, and rejects duplicates.
    pub(super) fn finish(mut self) -> io::Result<ListedNames> {
        let mut unique = Sorter::default();
        let mut last: Option<(String, u64)> = None;
        for pair in self.named.finish()? {
            let (id, payload) = pair?;
            let number = serde_json::from_str::<Named>(&payload)?.row.number;
            match &last {
                Some((earlier, first)) if *earlier == id => {
                    let reason = format!(
                        "the {} {id} is in row {first} and again in row {number}",
                        self.kind
                    );
                    reject(&mut self.rejected, number, &reason)?;
                }
                Some(_) | None => {
                    unique.push(&id, payload)?;
                    last = Some((id, number));
                }
            }
        }
        Ok(ListedNames {
            named: unique.finish()?,
            columns: self.columns,
            rejected: self.rejected.finish()?,
        })
    }
}

/// Notes a rejected row.
pub(super) fn reject(rejected: &mut Sorter, row: u64, reason: &str) -> io::Result<()> {
    // Padded, so that texts sort like numbers.
    rejected.push(format!("{row:020}"), serde_json::to_string(reason)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        text: &[u8],
        list: impl Fn(&Path) -> Result<ListedNames, ListedError>,
    ) -> Result<[Vec<String>; 2], ListedError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.csv");
        std::fs::write(&path, text).unwrap();
        let mut listed = list(&path)?;
        let named = listed
            .by_ref()
            .map(|named| named.unwrap())
            .map(
                |Named {
                     id, schema, row, ..
                 }| {
                    let cells: Vec<String> = row
                        .cells
                        .into_iter()
                        .map(|(name, cell)| format!("{name}={cell}"))
                        .collect();
                    format!("{} {id} {schema} {}", row.number, cells.join(","))
                },
            )
            .collect();
        let rejected = listed
            .rejected
            .map(|row| row.unwrap())
            .map(|(row, why)| format!("{}: {why}", row.trim_start_matches('0')));
        Ok([named, rejected.collect()])
    }

    fn entities(text: &str) -> Result<[Vec<String>; 2], ListedError> {
        read(text.as_bytes(), |path| {
            ListedNames::entities(&IdSource::File(path.to_owned()))
        })
    }

    #[test]
    fn every_form_of_a_spreadsheet_gives_the_same_entities() {
        for text in [
            "entity_id,entity_schema\nb2,contact\na1,opportunity\n",
            "\u{feff}entity_schema;entity_id\r\ncontact;b2\r\nopportunity;a1\r\n",
            "entity_id\tentity_schema\nb2\tcontact\n a1 \topportunity",
        ] {
            let [named, rejected] = entities(text).unwrap();
            assert_eq!(named, ["3 a1 opportunity ", "2 b2 contact "]);
            assert!(rejected.is_empty());
        }
    }

    #[test]
    fn a_bad_row_is_rejected_with_its_number_and_nothing_else_is() {
        let text = "entity_id,entity_schema\na1,contact\n../x,contact\nb2,\na1,contact\n,contact\nc3,contact\n";
        let [named, rejected] = entities(text).unwrap();
        assert_eq!(named, ["2 a1 contact ", "7 c3 contact "]);
        assert_eq!(rejected.len(), 4);
        for (said, expected) in rejected.iter().zip([
            "3: ",
            "4: \"entity_schema is empty",
            "5: \"the entity a1 is in row 2 and again in row 5",
            "6: ",
        ]) {
            assert!(said.starts_with(expected), "{said} / {expected}");
        }
    }

    #[test]
    fn a_rounded_id_names_excel_only_where_a_spreadsheet_may_be() {
        for (text, names_excel) in [
            ("entity_id,entity_schema\n1.002E+04,contact\n", true),
            (
                "{\"entity_id\": 1.002e4, \"entity_schema\": \"contact\"}\n",
                false,
            ),
        ] {
            let [_, rejected] = entities(text).unwrap();
            assert!(rejected[0].contains("has turned it into a number"));
            assert_eq!(rejected[0].contains("Excel"), names_excel, "{rejected:?}");
        }
    }

    #[test]
    fn a_schema_of_two_lines_is_rejected_and_stays_on_one() {
        let [named, rejected] = entities("entity_id,entity_schema\na1,\"con\ntact\"\n").unwrap();
        assert!(named.is_empty(), "{named:?}");
        let reason =
            serde_json::to_string("the entity schema \"con\\ntact\" can't be used").unwrap();
        assert_eq!(rejected, [format!("2: {reason}")]);
    }

    #[test]
    fn rows_keep_what_stands_beside_the_id_and_a_plain_list_is_ids() {
        let [named, rejected] = read(b"to;execution\n10010;e1\n;e2\n;e1\n", |path| {
            ListedNames::rows(path, "execution")
        })
        .unwrap();
        assert_eq!(named, ["2 e1  to=10010", "3 e2  to="]);
        assert_eq!(rejected.len(), 1);
        let ids = |path: &Path| ListedNames::executions(&IdSource::File(path.to_owned()));
        assert_eq!(read(b"e2\ne1\n", ids).unwrap()[0], ["2 e1  ", "1 e2  "]);
        assert_eq!(read(b"id,name\ne2,x\n", ids).unwrap()[0], ["2 e2  name=x"]);
        assert!(read(b"a,b\n", ids).is_err());
    }
}
