//! Makes a checked playbook from its text.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, tz::TimeZone};

use crate::{action::Setting, digest, template::Engine, text::nearest};

use super::{
    check_actions, check_calendar, check_guards, check_select,
    check_vars::{self, Overrides},
    file_scope::FileScope,
    form::{self, DEFAULT_ZONE, MAX_NAME, PLAYBOOK, VERSION},
    model::Playbook,
};
use crate::document::{
    compiler::{Compiler, RowColumns},
    mistake::{Mistake, Mistakes, NotedMistakes},
    node::{self, Value},
    reader::{DocumentReader, FieldNode, FieldNodes},
    span::Span,
};

const START: &str =
    "begin with `version: 1`, `name`, `select` and `actions`, as playbooks/reassign.yaml does";

/// Checks a playbook completely. `path` is for messages and for its folder, below which are the files that it may name, as below the
/// `allowed` folders; `now` is the time in its expressions.
///
/// # Errors
///
/// Every mistake that can be found without a request.
pub fn load(
    path: &Path,
    source: String,
    overrides: &Overrides,
    allowed: &[PathBuf],
    now: Timestamp,
) -> Result<Playbook, Mistakes> {
    let files = FileScope::new(path, allowed);
    let (playbook, mut mistakes) = check(&files, &source, overrides, now);
    match playbook {
        Some(playbook) if mistakes.is_empty() => Ok(playbook),
        Some(_) | None => {
            debug_assert!(
                !mistakes.is_empty(),
                "a part is missing and no mistake says why"
            );
            if mistakes.is_empty() {
                mistakes.add(Mistake::new(None, "the playbook can't be used"));
            }
            Err(Mistakes::new(path.display().to_string(), source, mistakes))
        }
    }
}

/// The name in the text of a playbook, which may have mistakes elsewhere. None if it has none.
pub fn name_in(source: &str) -> Option<String> {
    let document = node::parse(source).ok()?;
    let Value::Map(entries) = &document.value else {
        return None;
    };
    let entry = entries.iter().find(|entry| entry.key.text == "name")?;
    match &entry.value.value {
        Value::Text(name) => Some(name.clone()),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::CollectionKey => None,
    }
}

fn check(
    files: &FileScope,
    source: &str,
    overrides: &Overrides,
    now: Timestamp,
) -> (Option<Playbook>, NotedMistakes) {
    let document = match node::parse(source) {
        Ok(document) => document,
        Err(mistake) => {
            let mut mistakes = NotedMistakes::default();
            mistakes.add(mistake);
            return (None, mistakes);
        }
    };
    let mut reader = DocumentReader::new(source);
    let playbook = playbook(&mut reader, &document, files, overrides, now);
    (playbook, reader.into_mistakes())
}

fn playbook(
    reader: &mut DocumentReader<'_>,
    document: &node::Node,
    files: &FileScope,
    overrides: &Overrides,
    now: Timestamp,
) -> Option<Playbook> {
    // A missing key is reported at the start of the file.
    let at = Span { start: 0, end: 0 };
    match &document.value {
        Value::Map(_) => {}
        Value::Null => {
            reader.wrong(at, "the playbook is empty", START);
            return None;
        }
        Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::CollectionKey => {
            let message = format!(
                "a playbook is a map of keys and values, not {}",
                document.value.kind()
            );
            reader.wrong(document.span, message, START);
            return None;
        }
    }
    let field = FieldNode {
        name: "playbook",
        at,
        node: document,
    };
    let top = reader.map(field, &form::names(&PLAYBOOK))?;
    let version = version(reader, &top);
    let name = name(reader, &top);
    let description = top
        .get("description")
        .and_then(|field| reader.plain_text(field, "text"));
    let zone = zone(reader, &top);
    let calendar = check_calendar::calendar(reader, &top, files);
    let vars = check_vars::check(reader, &top, overrides);
    let base = check_select::base(reader, &top, files);
    let guards = check_guards::guards(reader, &top);
    let pace = check_guards::pace(reader, &top);
    let repeatable = top
        .get("repeatable")
        .and_then(|field| reader.boolean(field));

    let engine = Engine::new(now, zone.clone().unwrap_or(TimeZone::UTC));
    let compiler = Compiler::new(
        engine,
        base.as_ref().and_then(check_select::Base::generation),
        &vars,
        overrides.names().map(ToOwned::to_owned).collect(),
        base.as_ref()
            .map_or(RowColumns::Unknown, check_select::Base::columns),
    );
    if let (Some(named), Some(guards)) = (
        base.as_ref().and_then(check_select::Base::named),
        top.get("guards"),
    ) {
        check_guards::note_percent(reader, guards, named);
    }
    let setting = Setting {
        playbook: name.unwrap_or_default(),
        allow: &guards.allow,
        compiler: &compiler,
    };
    let actions = check_actions::check(
        reader,
        &top,
        base.as_ref().and_then(|base| base.each),
        setting,
    );
    let select = base.and_then(|base| check_select::check(reader, base, &compiler));
    version?;
    Some(Playbook {
        name: name?.to_owned(),
        description: description.map(ToOwned::to_owned),
        sha256: digest::sha256(reader.source),
        zone: zone?,
        calendar: calendar?,
        vars,
        names: compiler.take_names(),
        reads_parts: compiler.reads_parts(),
        select: select?,
        actions: actions?,
        guards,
        pace,
        repeatable: repeatable.unwrap_or_default(),
    })
}

fn version(reader: &mut DocumentReader<'_>, top: &FieldNodes<'_>) -> Option<()> {
    let field = reader.required(top, "version", "start the file with `version: 1`")?;
    if let Value::Number(number) = &field.node.value
        && number.as_u64() != Some(VERSION)
    {
        let written = reader.written(field.node.span);
        reader.wrong(
            field.node.span,
            format!("this playbook is of version {written}, and only version {VERSION} is known"),
            format!("write `version: {VERSION}`, or use a newer wf-bulk"),
        );
        return None;
    }
    reader.number(field, &format!("the number {VERSION}"), |_| Some(()))
}

fn name<'n>(reader: &mut DocumentReader<'_>, top: &FieldNodes<'n>) -> Option<&'n str> {
    let field = reader.required(top, "name", "give it one, like `name: reassign-leaver`")?;
    let name = reader.plain_text(field, "text")?;
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        reader.wrong(
            field.node.span,
            format!("`name` must be one line of at most {MAX_NAME} characters"),
            "put the rest into `description`",
        );
        return None;
    }
    Some(name)
}

fn zone(reader: &mut DocumentReader<'_>, top: &FieldNodes<'_>) -> Option<TimeZone> {
    let Some(field) = top.get("timezone") else {
        let zone = TimeZone::get(DEFAULT_ZONE);
        if zone.is_err() {
            reader.note(
                Mistake::new(
                    None,
                    format!("this machine has no time zone {DEFAULT_ZONE}"),
                )
                .help("install the time zone database (tzdata), or set TZDIR to its folder"),
            );
        }
        return zone.ok();
    };
    let text = reader.text(field, "a time zone like Europe/Berlin")?;
    if let Ok(zone) = TimeZone::get(text) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    let help = match nearest(text, known.iter().map(String::as_str)) {
        Some(zone) => format!("did you mean `{zone}`?"),
        None => "use a name of the IANA database, like Europe/Berlin".to_owned(),
    };
    reader.wrong(
        field.node.span,
        format!("there is no time zone `{text}`"),
        help,
    );
    None
}
