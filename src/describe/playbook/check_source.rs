//! Checks the sources of `select`.

use std::collections::BTreeSet;

use crate::{
    api::{Generation, Id},
    table,
};

use super::{
    check_executions,
    check_file::{ENTITY_COLUMNS, ID_COLUMNS, begins_well, file, row_file},
    file_scope::FileScope,
    form::{self, GENERATIONS, SOURCES},
    model::{Entities, EntityRef, IdSource, Source},
};
use crate::document::{
    compiler::RowColumns,
    node::{Node, Value},
    reader::{DocumentReader, FieldNode, FieldNodes},
};

/// The intended source and its generation, also if other parts of it are wrong; None if there are none or several.
pub(super) fn generation(fields: &FieldNodes<'_>) -> Option<Generation> {
    let (name, field) = only(fields)?;
    match name {
        "flows" => Some(Generation::V2),
        "executions" => Some(Generation::V1),
        _ => {
            let Value::Map(entries) = &field.node.value else {
                return Some(Generation::V2);
            };
            let api = entries.iter().find(|entry| entry.key.text == "api");
            match api.map(|entry| &entry.value.value) {
                None => Some(Generation::V2),
                Some(Value::Text(text)) => GENERATIONS
                    .into_iter()
                    .find(|(word, _)| word == text)
                    .map(|(_, generation)| generation),
                Some(
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::List(_)
                    | Value::Map(_)
                    | Value::CollectionKey,
                ) => None,
            }
        }
    }
}

fn only<'n>(fields: &FieldNodes<'n>) -> Option<(&'static str, FieldNode<'n>)> {
    let mut found = SOURCES
        .into_iter()
        .filter_map(|name| Some((name, fields.get(name)?)));
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        (Some(_) | None, _) => None,
    }
}

pub(super) fn source(
    reader: &mut DocumentReader<'_>,
    fields: &FieldNodes<'_>,
    files: &FileScope,
) -> Option<Source> {
    let found: Vec<(&str, FieldNode<'_>)> = SOURCES
        .into_iter()
        .filter_map(|name| Some((name, fields.get(name)?)))
        .collect();
    match found.as_slice() {
        [(_, field)] => one(reader, *field, files),
        [(first, _), (name, second), ..] => {
            reader.wrong(
                second.at,
                format!("`select` has two sources, `{first}` and `{name}`"),
                "keep one of them; the other needs a playbook of its own",
            );
            None
        }
        [] => {
            reader.wrong(
                fields.at,
                "`select` has no source",
                "add `flows: { entities: { file: entities.csv } }`, or `executions: { list: {} }` for the first generation",
            );
            None
        }
    }
}

fn one(reader: &mut DocumentReader<'_>, field: FieldNode<'_>, files: &FileScope) -> Option<Source> {
    match field.name {
        "flows" => flows(reader, field, files),
        "executions" => check_executions::executions(reader, field),
        "ids" => ids(reader, field, files),
        "rows" => rows(reader, field, files),
        _ => entity_source(reader, field, files),
    }
}

/// The columns of the file for `row`, or of the entities; None if they are unknown before the file is read.
pub(super) fn columns(source: &Source) -> RowColumns {
    let rows;
    let (file, wanted) = match source {
        Source::Rows { file, id, .. } => {
            rows = [id.as_str()];
            (file, table::RequiredColumns::All(&rows))
        }
        Source::Ids {
            ids: IdSource::File(file),
            ..
        } => (file, ID_COLUMNS),
        Source::Entities {
            entities: Entities::Named(IdSource::File(file)),
            ..
        } => (file, ENTITY_COLUMNS),
        Source::Ids {
            ids: IdSource::List(_),
            ..
        }
        | Source::Entities {
            entities: Entities::Named(IdSource::List(_)) | Entities::Query(_),
            ..
        }
        | Source::Flows(_)
        | Source::Executions { .. }
        | Source::Search(_)
        | Source::Steps(_) => return RowColumns::None,
    };
    match table::columns(file, wanted) {
        Ok(Some(mut columns)) => {
            columns.retain(|column| !wanted.names().contains(&column.as_str()));
            RowColumns::Known(columns)
        }
        // An error in the file was reported where it is named.
        Ok(None) | Err(_) => RowColumns::Unknown,
    }
}

fn api(reader: &mut DocumentReader<'_>, fields: &FieldNodes<'_>) -> Option<Generation> {
    match fields.get("api") {
        None => Some(Generation::V2),
        Some(field) => reader.word(field, &GENERATIONS),
    }
}

fn flows(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    files: &FileScope,
) -> Option<Source> {
    let fields = reader.map(field, &form::names(&form::FLOWS))?;
    let help = "flows are found by their entities: `entities: { file: entities.csv }`, `{ query: … }` or a list of `{ id, schema }`";
    let field = reader.required(&fields, "entities", help)?;
    match &field.node.value {
        Value::List(items) => entity_list(reader, field, items),
        Value::Map(_) => {
            let fields = reader.map(field, &form::names(&form::ENTITY_NAMES))?;
            entity_names(reader, field, &fields, files)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::CollectionKey => {
            reader.mismatch(
                field,
                "a list of { id, schema }, { file: … } or { query: … }",
                "write it as entities: { file: entities.csv }",
            );
            None
        }
    }
    .map(Source::Flows)
}

fn entity_source(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    files: &FileScope,
) -> Option<Source> {
    if let Value::List(items) = &field.node.value {
        return Some(Source::Entities {
            generation: Generation::V2,
            entities: entity_list(reader, field, items)?,
        });
    }
    let fields = reader.map(field, &form::names(&form::ENTITIES))?;
    let generation = api(reader, &fields);
    let entities = match fields.get("list") {
        Some(list) => {
            let items = reader.list(list, "a list of { id, schema }")?;
            entity_list(reader, list, items)
        }
        None => entity_names(reader, field, &fields, files),
    };
    Some(Source::Entities {
        generation: generation?,
        entities: entities?,
    })
}

fn entity_names(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    fields: &FieldNodes<'_>,
    files: &FileScope,
) -> Option<Entities> {
    match (fields.get("file"), fields.get("query")) {
        (Some(name), None) => row_file(reader, name, files, ENTITY_COLUMNS)
            .map(IdSource::File)
            .map(Entities::Named),
        (None, Some(query)) => {
            let query = reader.plain_text(query, "a query of the entity search")?;
            Some(Entities::Query(query.to_owned()))
        }
        (Some(_), Some(second)) => {
            reader.wrong(
                second.at,
                "entities come from a `file` or from a `query`, not from both",
                "remove one of them",
            );
            None
        }
        (None, None) => {
            reader.wrong(
                field.at,
                format!("`{}` names no entities", field.name),
                "name a CSV or JSON Lines file with the columns entity_id and entity_schema, or give a `query`",
            );
            None
        }
    }
}

fn entity_list(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    items: &[Node],
) -> Option<Entities> {
    let list = list(
        reader,
        field,
        items,
        ("entity", "`{ id: …, schema: … }`"),
        entity,
    )?;
    Some(Entities::Named(IdSource::List(list)))
}

/// A list of at least one name, without duplicates.
fn list<T: Clone + Ord + std::fmt::Display>(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    items: &[Node],
    (kind, form): (&str, &str),
    read: impl Fn(&mut DocumentReader<'_>, FieldNode<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    if items.is_empty() {
        reader.wrong(
            field.node.span,
            format!("`{}` is empty", field.name),
            format!("name at least one {kind}: {form}"),
        );
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        let name = read(reader, field.item(item));
        if let Some(name) = &name
            && !seen.insert(name.clone())
        {
            reader.wrong(
                item.span,
                format!("the {kind} `{name}` is listed twice"),
                "remove one of them",
            );
        }
        list.push(name);
    }
    list.into_iter().collect()
}

fn entity(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<EntityRef> {
    let fields = reader.map(field, &form::names(&form::ENTITY))?;
    let id = reader
        .required(
            &fields,
            "id",
            "an entity needs both: `{ id: …, schema: … }`",
        )
        .and_then(|field| id(reader, field));
    let schema = reader
        .required(
            &fields,
            "schema",
            "name the entity's schema, like contact or opportunity",
        )
        .and_then(|field| reader.plain_text(field, "the name of a schema"));
    Some(EntityRef {
        id: id?,
        schema: schema?.to_owned(),
    })
}

fn ids(reader: &mut DocumentReader<'_>, field: FieldNode<'_>, files: &FileScope) -> Option<Source> {
    let form = ("execution", "`[ exec_abc ]`");
    if let Value::List(items) = &field.node.value {
        return Some(Source::Ids {
            generation: Generation::V2,
            ids: IdSource::List(list(reader, field, items, form, id)?),
        });
    }
    let fields = reader.map(field, &form::names(&form::IDS))?;
    let generation = api(reader, &fields);
    let ids = match (fields.get("list"), fields.get("file")) {
        (Some(names), None) => {
            let items = reader.list(names, "a list of ids")?;
            list(reader, names, items, form, id).map(IdSource::List)
        }
        (None, Some(name)) => row_file(reader, name, files, ID_COLUMNS).map(IdSource::File),
        (Some(_), Some(second)) => {
            reader.wrong(
                second.at,
                "ids come from a `list` or from a `file`, not from both",
                "remove one of them",
            );
            None
        }
        (None, None) => {
            reader.wrong(
                field.at,
                "`ids` names no executions",
                "write `ids: [ exec_abc ]`, or `ids: { file: ids.txt, api: v1 }`",
            );
            None
        }
    };
    Some(Source::Ids {
        generation: generation?,
        ids: ids?,
    })
}

fn rows(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    files: &FileScope,
) -> Option<Source> {
    let fields = reader.map(field, &form::names(&form::ROWS))?;
    let generation = api(reader, &fields);
    let help = "write it as rows: { file: owners.csv, id: execution_id }";
    let path = reader
        .required(&fields, "file", help)
        .and_then(|field| Some((file(reader, field, files)?, field.node.span)));
    let column = reader.required(&fields, "id", help);
    let id = column.and_then(|field| reader.plain_text(field, "the name of a column"));
    let (path, column, id) = (path?, column?, id?);
    let (file_at, column_at) = (path.1, column.node.span);
    let path = path.0;
    begins_well(
        reader,
        (file_at, column_at),
        &path,
        table::RequiredColumns::All(&[id]),
    )?;
    Some(Source::Rows {
        generation: generation?,
        file: path,
        id: id.to_owned(),
    })
}

pub(super) fn id(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<Id> {
    let text = reader.id_text(field)?.trim().to_owned();
    match Id::new(&text) {
        Ok(id) => Some(id),
        Err(error) => {
            reader.wrong(
                field.node.span,
                format!("`{text}` is not an id: {error}"),
                "use the id as the API gives it",
            );
            None
        }
    }
}
