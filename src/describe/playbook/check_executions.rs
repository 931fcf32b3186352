//! Checks the source `executions`: the list of the first generation, and its two searches.

use crate::document::reader::{DocumentReader, FieldNode, present};

use super::{
    check_source::id,
    form,
    model::{ExecutionSearch, Source, StepSearch},
};

pub(super) fn executions(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<Source> {
    let fields = reader.map(field, &form::names(&form::EXECUTIONS))?;
    let mut found = form::names(&form::EXECUTIONS)
        .into_iter()
        .filter_map(|name| Some((name, fields.get(name)?)));
    match (found.next(), found.next()) {
        (Some(("list", list)), None) => execution_list(reader, list),
        (Some(("search", search)), None) => execution_search(reader, search),
        (Some((_, search)), None) => step_search(reader, search),
        (Some((first, _)), Some((name, second))) => {
            reader.wrong(
                second.at,
                format!("executions come from `{first}` or from `{name}`, not from both"),
                "remove one of them",
            );
            None
        }
        (None, _) => {
            reader.required(
                &fields,
                "list",
                "write `executions: { list: {} }` for all of them",
            )?;
            None
        }
    }
}

fn execution_list(reader: &mut DocumentReader<'_>, list: FieldNode<'_>) -> Option<Source> {
    if list.is_empty() {
        return Some(Source::Executions {
            context: None,
            schema: None,
        });
    }
    let fields = reader.map(list, &form::names(&form::EXECUTION_LIST))?;
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

fn execution_search(reader: &mut DocumentReader<'_>, search: FieldNode<'_>) -> Option<Source> {
    if search.is_empty() {
        return Some(Source::Search(ExecutionSearch::default()));
    }
    let fields = reader.map(search, &form::names(&form::EXECUTION_SEARCH))?;
    let name = fields.get("name").map(|field| {
        reader
            .plain_text(field, "a part of the name")
            .map(ToOwned::to_owned)
    });
    let status = fields
        .get("status")
        .map(|field| one_word(reader, field, form::STATUSES));
    let assigned_to = fields
        .get("assigned_to")
        .map(|field| id(reader, field).map(String::from));
    let include_done = fields
        .get("include_done")
        .map(|field| reader.boolean(field));
    let sorting = fields
        .get("sorting")
        .map(|field| one_word(reader, field, form::SORTINGS));
    Some(Source::Search(ExecutionSearch {
        name: present(name)?,
        status: present(status)?,
        assigned_to: present(assigned_to)?,
        include_done: present(include_done)?,
        sorting: present(sorting)?,
    }))
}

fn step_search(reader: &mut DocumentReader<'_>, search: FieldNode<'_>) -> Option<Source> {
    if search.is_empty() {
        return Some(Source::Steps(StepSearch::default()));
    }
    let fields = reader.map(search, &form::names(&form::STEP_SEARCH))?;
    let mut text = |name, what: &str| {
        let field: Option<FieldNode<'_>> = fields.get(name);
        field.map(|field| reader.plain_text(field, what).map(ToOwned::to_owned))
    };
    let execution = text("execution", "a part of the execution's name");
    let name = text("name", "a part of the step's name");
    let status = fields
        .get("status")
        .map(|field| one_word(reader, field, form::STEP_STATUSES));
    let assigned_to = fields.get("assigned_to").map(|field| {
        let id = id(reader, field)?;
        let number = id.as_str().parse().ok();
        if number.is_none() {
            reader.wrong(
                field.node.span,
                format!(
                    "`{id}` is no number, and the search for steps takes only ids that are numbers"
                ),
                "leave it out and choose the steps with `where_each: has_assignee(step, …)`",
            );
        }
        number
    });
    let manually_created = fields
        .get("manually_created")
        .map(|field| reader.boolean(field));
    let include_done = fields
        .get("include_done")
        .map(|field| reader.boolean(field));
    let sorting = fields
        .get("sorting")
        .map(|field| one_word(reader, field, form::SORTINGS));
    Some(Source::Steps(StepSearch {
        execution: present(execution)?,
        name: present(name)?,
        status: present(status)?,
        assigned_to: present(assigned_to)?,
        manually_created: present(manually_created)?,
        include_done: present(include_done)?,
        sorting: present(sorting)?,
    }))
}

fn one_word<const N: usize>(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    words: [&'static str; N],
) -> Option<String> {
    let word = reader.word(field, &words.map(|word| (word, word)))?;
    Some(word.to_owned())
}
