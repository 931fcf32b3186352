//! Checks `select`: the executions, and their parts.

use std::collections::BTreeSet;

use crate::api::{Generation, Level, types::RUNNING_FLOWS};

use super::{
    check_source::{self, id},
    file_scope::FileScope,
    form,
    model::{IdList, Select, Source},
};
use crate::document::{
    compiler::{Compiler, RowColumns},
    reader::{DocumentReader, FieldNode, FieldNodes, all, present},
};

/// The context in which the other keys are checked.
#[derive(Debug)]
pub(super) struct Base<'n> {
    fields: FieldNodes<'n>,
    source: Option<Source>,
    /// None when it is wrong.
    pub each: Option<Level>,
}

impl<'n> Base<'n> {
    /// The intended generation, also if its source is wrong; None if there are two sources or none.
    pub(super) fn generation(&self) -> Option<Generation> {
        check_source::generation(&self.fields)
    }

    /// The fields of `row`.
    pub(super) fn columns(&self) -> RowColumns {
        self.source
            .as_ref()
            .map_or(RowColumns::Unknown, check_source::columns)
    }

    /// The key of the source, if it names its executions or entities one by one.
    pub(super) fn named(&self) -> Option<&'n str> {
        ["ids", "rows", "entities"]
            .into_iter()
            .find_map(|name| Some(self.fields.get(name)?.name))
    }
}

pub(super) fn base<'n>(
    reader: &mut DocumentReader<'_>,
    top: &FieldNodes<'n>,
    files: &FileScope,
) -> Option<Base<'n>> {
    let field = reader.required(
        top,
        "select",
        "say which executions: `select: { flows: { entities: { file: entities.csv } } }`",
    )?;
    let fields = reader.map(field, &form::names(&form::SELECT))?;
    let source = check_source::source(reader, &fields, files);
    let each = each(reader, &fields);
    Some(Base {
        fields,
        source,
        each,
    })
}

/// The whole of `select`; None when anything in it is wrong.
pub(super) fn check(
    reader: &mut DocumentReader<'_>,
    base: Base<'_>,
    compiler: &Compiler,
) -> Option<Select> {
    let Base {
        fields,
        source,
        each,
    } = base;
    // An action may set a status that the source does not return, so this is known for the selection only.
    let is_flows = matches!(source, Some(Source::Flows(_)));
    let compiler = &compiler.with_found(is_flows.then_some(&RUNNING_FLOWS));
    let root = source.as_ref().map_or(Level::Execution, Source::root);
    let filter = fields
        .get("where")
        .map(|field| compiler.expression(reader, field, &[root]));
    let filter_each = fields
        .get("where_each")
        .map(|field| compiler.expression(reader, field, each.as_slice()));
    let exclude = fields
        .get("exclude")
        .map_or(Some(Vec::new()), |field| exclude(reader, field));
    let limit = fields
        .get("limit")
        .map(|field| reader.whole(field, 1..=u64::MAX));
    Some(Select {
        source: source?,
        filter: present(filter)?,
        each: each?,
        filter_each: present(filter_each)?,
        exclude: exclude?,
        only: None,
        limit: present(limit)?,
    })
}

fn each(reader: &mut DocumentReader<'_>, fields: &FieldNodes<'_>) -> Option<Level> {
    let is_entities = fields.get("entities").is_some();
    let Some(field) = fields.get("each") else {
        return Some(if is_entities {
            Level::Entity
        } else {
            Level::Execution
        });
    };
    let level = level(reader, field)?;
    if is_entities || level == Level::Entity {
        if is_entities && level == Level::Entity {
            return Some(level);
        }
        reader.wrong(
            field.node.span,
            format!("`each: {level}` does not fit the source"),
            if is_entities {
                "the targets are the entities themselves: leave `each` out"
            } else {
                "entities are targets only where the source is `entities`: write `select: { entities: … }` in place of this source, without `each`"
            },
        );
        return None;
    }
    let Some(generation) = check_source::generation(fields) else {
        return Some(level);
    };
    if !level.is_in(generation) {
        let (message, help) = match generation {
            Generation::V1 => (
                format!("`each: {level}` needs `flows`: executions of the first generation have no phases and tasks, but sections and steps"),
                "select with `each: step`, or select `flows`",
            ),
            Generation::V2 => (
                "`each: step` needs the first generation: flows have no steps, but phases and tasks".to_owned(),
                "select with `each: task`, or select `executions`",
            ),
        };
        reader.wrong(field.node.span, message, help);
        return None;
    }
    Some(level)
}

/// One of the names of levels.
pub(super) fn level(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<Level> {
    let words = Level::ALL.map(|level| (level.word(), level));
    reader.word(field, &words)
}

fn exclude(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<Vec<IdList>> {
    let items = reader.list(field, "a list of ids")?;
    let ids = all(items.iter().map(|item| id(reader, field.item(item))))?;
    let ids = BTreeSet::from_iter(ids);
    // An empty list in a playbook is allowed: it may be filled later.
    let list = (!ids.is_empty()).then(|| IdList {
        origin: "`exclude` of the playbook".to_owned(),
        ids,
    });
    Some(list.into_iter().collect())
}
