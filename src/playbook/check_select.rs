//! `select`: which executions, and which of their parts.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::api::{Generation, Id, Level};

use super::{
    check_expression::Compiler,
    mistake::Mistake,
    model::{Entities, EntityRef, Select, Source},
    node::{Node, Value},
    reader::{Field, Fields, Reader},
};

const KEYS: [&str; 7] = [
    "flows",
    "executions",
    "where",
    "each",
    "where_each",
    "exclude",
    "limit",
];

/// The part of `select` that the rest is read by.
#[derive(Debug)]
pub(super) struct Base<'n> {
    fields: Fields<'n>,
    source: Option<Source>,
    /// None when it is wrong.
    pub each: Option<Level>,
}

impl Base<'_> {
    /// The generation that is meant, even when its source is wrong; None when two or none are there.
    pub(super) fn generation(&self) -> Option<Generation> {
        match (self.fields.get("flows"), self.fields.get("executions")) {
            (Some(_), None) => Some(Generation::V2),
            (None, Some(_)) => Some(Generation::V1),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }
}

pub(super) fn base<'n>(
    reader: &mut Reader<'_>,
    top: &Fields<'n>,
    folder: &Path,
) -> Option<Base<'n>> {
    let field = reader.required(
        top,
        "select",
        "say which executions: `select: { flows: { entities: { file: entities.csv } } }`",
    )?;
    let fields = reader.map(field, &KEYS)?;
    let source = source(reader, &fields, folder);
    let each = each(reader, &fields);
    Some(Base {
        fields,
        source,
        each,
    })
}

/// The whole of `select`; None when anything in it is wrong.
pub(super) fn check(
    reader: &mut Reader<'_>,
    base: Base<'_>,
    compiler: &Compiler,
) -> Option<Select> {
    let Base {
        fields,
        source,
        each,
    } = base;
    let filter = fields
        .get("where")
        .map(|field| compiler.expression(reader, field, &[Level::Execution]));
    let filter_each = fields
        .get("where_each")
        .map(|field| compiler.expression(reader, field, each.as_slice()));
    let exclude = fields
        .get("exclude")
        .map_or(Some(BTreeSet::new()), |field| exclude(reader, field));
    let limit = fields
        .get("limit")
        .map(|field| reader.whole(field, 1..=u64::MAX));
    Some(Select {
        source: source?,
        filter: present(filter)?,
        each: each?,
        filter_each: present(filter_each)?,
        exclude: exclude?,
        limit: present(limit)?,
    })
}

/// A key that is absent is no mistake; one that is there must have given a value.
#[expect(
    clippy::option_option,
    reason = "absent, wrong and right are three things"
)]
pub(super) fn present<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

fn source(reader: &mut Reader<'_>, fields: &Fields<'_>, folder: &Path) -> Option<Source> {
    match (fields.get("flows"), fields.get("executions")) {
        (Some(flows), None) => self::flows(reader, flows, folder),
        (None, Some(executions)) => self::executions(reader, executions),
        (Some(_), Some(second)) => {
            reader.wrong(
                second.at,
                "`select` has two sources, `flows` and `executions`",
                "keep one of them; the other needs a playbook of its own",
            );
            None
        }
        (None, None) => {
            reader.wrong(
                fields.at,
                "`select` has no source",
                "add `flows: { entities: { file: entities.csv } }`, or `executions: { list: {} }` for the first generation",
            );
            None
        }
    }
}

fn each(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Level> {
    let Some(field) = fields.get("each") else {
        return Some(Level::Execution);
    };
    let level = level(reader, field)?;
    let generation = match (fields.get("flows"), fields.get("executions")) {
        (Some(_), None) => Generation::V2,
        (None, Some(_)) => Generation::V1,
        (None, None) | (Some(_), Some(_)) => return Some(level),
    };
    if !level.is_in(generation) {
        let (message, help) = match generation {
            Generation::V1 => (
                format!(
                    "`each: {level}` needs `flows`: executions of the first generation have no phases and tasks, but sections and steps"
                ),
                "select with `each: step`, or select `flows`",
            ),
            Generation::V2 => (
                "`each: step` needs `executions`: flows have no steps, but phases and tasks"
                    .to_owned(),
                "select with `each: task`, or select `executions`",
            ),
        };
        reader.wrong(field.node.span, message, help);
        return None;
    }
    Some(level)
}

/// One of the words for a level.
pub(super) fn level(reader: &mut Reader<'_>, field: Field<'_>) -> Option<Level> {
    let words = [Level::Execution, Level::Step, Level::Phase, Level::Task]
        .map(|level| (level.word(), level));
    reader.word(field, &words)
}

fn flows(reader: &mut Reader<'_>, field: Field<'_>, folder: &Path) -> Option<Source> {
    let fields = reader.map(field, &["entities"])?;
    let help = "flows are found by their entities: `entities: { file: entities.csv }` or a list of `{ id, schema }`";
    let entities = reader.required(&fields, "entities", help)?;
    match &entities.node.value {
        Value::List(items) => entity_list(reader, entities, items),
        Value::Map(_) => entity_file(reader, entities, folder),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::CollectionKey => {
            reader.mismatch(
                entities,
                "a list of { id, schema } or { file: … }",
                "write it as entities: { file: entities.csv }",
            );
            None
        }
    }
    .map(Source::Flows)
}

fn entity_file(reader: &mut Reader<'_>, field: Field<'_>, folder: &Path) -> Option<Entities> {
    let fields = reader.map(field, &["file"])?;
    let file = reader.required(
        &fields,
        "file",
        "name a CSV or JSON Lines file with the columns entity_id and entity_schema",
    )?;
    let name = reader.plain_text(file, "the name of a file")?;
    if name == "-" {
        return Some(Entities::File(PathBuf::from(name)));
    }
    let path = folder.join(name);
    let trouble = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => "it is a folder".to_owned(),
        Ok(_) => return Some(Entities::File(path)),
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

fn entity_list(reader: &mut Reader<'_>, field: Field<'_>, items: &[Node]) -> Option<Entities> {
    if items.is_empty() {
        reader.wrong(
            field.node.span,
            "`entities` is empty",
            "name at least one entity: `{ id: …, schema: … }`",
        );
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        let entity = entity(reader, field.item(item));
        if let Some(entity) = &entity
            && !seen.insert(entity.clone())
        {
            reader.wrong(
                item.span,
                format!("the entity `{}` is listed twice", entity.id),
                "remove one of them",
            );
        }
        list.push(entity);
    }
    list.into_iter().collect::<Option<_>>().map(Entities::List)
}

fn entity(reader: &mut Reader<'_>, field: Field<'_>) -> Option<EntityRef> {
    let fields = reader.map(field, &["id", "schema"])?;
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

fn executions(reader: &mut Reader<'_>, field: Field<'_>) -> Option<Source> {
    let fields = reader.map(field, &["list"])?;
    let list = reader.required(
        &fields,
        "list",
        "write `executions: { list: {} }` for all of them",
    )?;
    if list.is_empty() {
        return Some(Source::Executions {
            context: None,
            schema: None,
        });
    }
    let fields = reader.map(list, &["context", "schema"])?;
    let context = fields
        .get("context")
        .map(|field| reader.plain_text(field, "the id of an entity"));
    let schema = fields
        .get("schema")
        .map(|field| reader.plain_text(field, "the name of a schema"));
    Some(Source::Executions {
        context: present(context)?.map(ToOwned::to_owned),
        schema: present(schema)?.map(ToOwned::to_owned),
    })
}

fn exclude(reader: &mut Reader<'_>, field: Field<'_>) -> Option<BTreeSet<Id>> {
    let items = reader.list(field, "a list of ids")?;
    let ids: Vec<Option<Id>> = items
        .iter()
        .map(|item| id(reader, field.item(item)))
        .collect();
    ids.into_iter().collect()
}

fn id(reader: &mut Reader<'_>, field: Field<'_>) -> Option<Id> {
    let text = reader.id_text(field)?.to_owned();
    match Id::new(&text) {
        Ok(id) => Some(id),
        Err(error) => {
            reader.note(
                Mistake::new(field.node.span, format!("`{text}` is no id: {error}"))
                    .help("use the id as the API gives it"),
            );
            None
        }
    }
}
