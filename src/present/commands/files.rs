//! Reading playbooks and plans from files.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, Seek},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    terminal::{say, width_of_stderr},
    wrong_input::{expect_ids, expect_plan, expect_playbook},
};
use crate::{
    api::Id,
    cli::{Common, Part, Planning, PlaybookFlags},
    error::{Error, FilePlace, Located},
    invocation::Invocation,
    plan::{PlanError, PlanReader},
    playbook::{self, IdList, Mistakes, Overrides, Playbook, Source},
    table::{self, RequiredColumns, TableError},
    text::{count, cut, shown_path},
};

/// Characters of an id or a name that a message shows: an id has at most 128, and what is no id may be a page.
const MAX_SHOWN: usize = 150;

/// Reads and checks a playbook; prints its mistakes.
pub(super) fn load_playbook(
    invocation: &Invocation,
    path: &Path,
    reading: &PlaybookFlags,
    now: Timestamp,
) -> Result<Playbook, Error> {
    let overrides = reading
        .vars
        .iter()
        .map(|var| (var.name.clone(), var.value.clone()))
        .collect::<Overrides>();
    load_with(invocation, path, &overrides, &reading.allow_files, now)
}

/// As [`load_playbook`], with these values of variables.
pub(super) fn load_with(
    invocation: &Invocation,
    path: &Path,
    vars: &Overrides,
    allow_files: &[PathBuf],
    now: Timestamp,
) -> Result<Playbook, Error> {
    expect_playbook(invocation, path)?;
    let source = playbook::read(path).map_err(|error| {
        Error::failed(format!("the playbook {} can't be read", table::name(path)))
            .caused_by(error)
            .at(path.display().to_string(), None)
    })?;
    for folder in allow_files {
        if !folder.is_dir() {
            let message = format!(
                "--allow-files {}: there is no such folder",
                shown_path(folder)
            );
            return Err(Error::usage(message));
        }
    }
    let loaded = playbook::load(path, source, vars, allow_files, now);
    let playbook = loaded.map_err(|mistakes| {
        say(|out| write!(out, "{}", mistakes.render(true, width_of_stderr())));
        let number = mistakes.list().len() + mistakes.more();
        let mut error = Error::failed(format!(
            "{} has {}; nothing was requested",
            table::name(path),
            count(number as u64, "mistake", "mistakes")
        ));
        error.mistakes = located(path, &mistakes);
        error
    })?;
    let deprecated = match playbook.select.source {
        Source::Search(_) => Some(("executions", "where")),
        Source::Steps(_) => Some(("steps", "each: step` and `where_each")),
        Source::Flows(_)
        | Source::Executions { .. }
        | Source::Ids { .. }
        | Source::Rows { .. }
        | Source::Entities { .. } => None,
    };
    if let Some((what, with)) = deprecated {
        say(|out| {
            writeln!(
                out,
                "warning: epilot has deprecated the search for {what}; `executions: {{ list: {{}} }}` with `{with}` finds the same"
            )
        });
    }
    Ok(playbook)
}

/// The mistakes of a playbook, for the JSON document.
fn located(path: &Path, mistakes: &Mistakes) -> Vec<Located> {
    let list = mistakes
        .list()
        .iter()
        .zip(mistakes.positions())
        .map(|(mistake, position)| Located {
            place: FilePlace {
                file: Some(path.display().to_string()),
                line: position.map(|at| at.line as u64),
                column: position.map(|at| at.column as u64),
            },
            message: mistake.message.clone(),
            causes: Vec::new(),
            help: mistake.help.clone(),
        });
    let more = (mistakes.more() > 0).then(|| Located {
        place: FilePlace {
            file: Some(path.display().to_string()),
            line: None,
            column: None,
        },
        message: format!(
            "and {}",
            count(mistakes.more() as u64, "more mistake", "more mistakes")
        ),
        causes: Vec::new(),
        help: None,
    });
    list.chain(more).collect()
}

/// As [`load_playbook`], with the flags for planning.
pub(super) fn load_for_planning(
    common: &Common,
    path: &Path,
    planning: &Planning,
    now: Timestamp,
) -> Result<Playbook, Error> {
    let mut playbook = load_playbook(&common.invocation, path, &planning.reading, now)?;
    only_one_is_stdin(common, path, planning, &playbook)?;
    if let Some(limit) = planning.part.limit {
        playbook.select.limit = Some(playbook.select.limit.map_or(limit, |most| most.min(limit)));
    }
    let select = &mut playbook.select;
    let (exclude, only) = part_lists(&planning.part)?;
    select.exclude.extend(exclude);
    // An empty list selects nothing; only without a list everything is selected.
    select.only = (!only.is_empty()).then_some(only);
    Ok(playbook)
}

/// The lists of ids that are excluded, and those of which one has to name a target.
pub(super) fn part_lists(part: &Part) -> Result<(Vec<IdList>, Vec<IdList>), Error> {
    let exclude = lists("--exclude", &part.exclude, part.exclude_file.as_deref())?;
    let only = lists("--only", &part.only, part.only_file.as_deref())?;
    Ok((exclude, only))
}

/// Checks that only one input is standard input, which can be read only once.
fn only_one_is_stdin(
    common: &Common,
    path: &Path,
    planning: &Planning,
    playbook: &Playbook,
) -> Result<(), Error> {
    let token = common.token_file.as_deref().filter(|_| !common.sandbox);
    let inputs = [
        ("the playbook", Some(path)),
        ("the file in `select`", playbook.select.source.file()),
        ("--only-file", planning.part.only_file.as_deref()),
        ("--exclude-file", planning.part.exclude_file.as_deref()),
        ("--token-file", token),
    ];
    let from_stdin: Vec<&str> = inputs
        .into_iter()
        .filter(|(_, path)| path.is_some_and(table::is_stdin))
        .map(|(name, _)| name)
        .collect();
    match &from_stdin[..] {
        [] | [_] => Ok(()),
        several => Err(Error::usage(format!(
            "standard input can be one input, not {} at the same time",
            several.join(" and ")
        ))
        .hint("put the others into files")),
    }
}

/// The ids of a flag, and those of the file in the flag `…-file`; one list for each that is given.
fn lists(flag: &str, ids: &[Id], file: Option<&Path>) -> Result<Vec<IdList>, Error> {
    let given = (!ids.is_empty()).then(|| IdList {
        origin: flag.to_owned(),
        ids: ids.iter().cloned().collect(),
    });
    let in_file = file.map(|file| {
        Ok::<_, Error>(IdList {
            origin: format!("{flag}-file {}", table::name(file)),
            ids: ids_in(file)?,
        })
    });
    given.map(Ok).into_iter().chain(in_file).collect()
}

/// The ids in a file: one per line, or in its column `id`.
fn ids_in(path: &Path) -> Result<BTreeSet<Id>, Error> {
    expect_ids(path)?;
    let mut ids = BTreeSet::new();
    table::read(path, RequiredColumns::ListOf("id"), |row| {
        let wrong = |message: String| {
            let message = format!("{}, row {}: {message}", table::name(path), row.number);
            IdsError::Row {
                line: row.line,
                message,
            }
        };
        let cells = row.cells.map_err(wrong)?;
        let text = cells.get("id").map_or("", |cell| table::id_in(cell));
        let id = Id::new(text).map_err(|error| {
            let error = error.in_row(row.is_csv);
            wrong(format!("{:?} is not an id: {error}", cut(text, MAX_SHOWN)))
        })?;
        ids.insert(id);
        Ok(())
    })
    .map_err(|error: IdsError| {
        let line = error.line();
        Error::usage("the file of ids can't be used")
            .caused_by(error)
            .at(path.display().to_string(), line)
    })?;
    Ok(ids)
}

/// Why a file of ids can't be used.
#[derive(Debug, thiserror::Error)]
enum IdsError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{message}")]
    Row { line: Option<u64>, message: String },
}

impl IdsError {
    const fn line(&self) -> Option<u64> {
        match self {
            Self::Table(error) => error.line(),
            Self::Row { line, .. } => *line,
        }
    }
}

/// Opens a plan for reading.
pub(super) fn open_plan(invocation: &Invocation, path: &Path) -> Result<File, Error> {
    expect_plan(invocation, path)?;
    File::open(path).map_err(|error| {
        Error::failed(format!("the plan {} can't be read", shown_path(path)))
            .caused_by(error)
            .at(path.display().to_string(), None)
    })
}

/// A reader over a whole opened plan that was not read before.
pub(super) fn read_plan(mut file: &File) -> Result<PlanReader<impl BufRead + '_>, PlanError> {
    file.rewind()?;
    PlanReader::new(BufReader::new(file))
}

/// The tool and its version, as in plans.
pub(super) const TOOL: &str = concat!("wf-bulk ", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_id_names_excel_only_where_a_spreadsheet_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ids");
        for (text, names_excel) in [
            ("1.002E+04\n", true),
            ("id;note\n1,002E+04;x\n", true),
            ("{\"id\":1.002e4}\n", false),
            ("[1e4]", false),
        ] {
            std::fs::write(&path, text).unwrap();
            let cause = ids_in(&path).unwrap_err().source.unwrap().to_string();
            assert!(cause.contains("has turned it into a number"), "{cause}");
            assert_eq!(cause.contains("Excel"), names_excel, "{cause}");
        }
    }

    #[test]
    fn the_apostrophe_of_a_spreadsheet_is_no_part_of_an_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ids");
        for text in ["id,name\n'-a,x\n", "'-a\n"] {
            std::fs::write(&path, text).unwrap();
            let ids = ids_in(&path).unwrap();
            assert_eq!(ids, BTreeSet::from([Id::new("-a").unwrap()]), "{text}");
        }
    }

    #[test]
    fn the_line_of_a_wrong_id_is_that_of_the_file_and_none_in_a_json_array() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ids");
        for (text, line, row) in [
            ("id\na\n../b\n", Some(3), "row 3"),
            ("id;note\na;\"two\nlines\"\n../b;\n", Some(4), "row 3"),
            ("sep=;\nid;note\na;x\n../b;x\n", Some(4), "row 3"),
            ("{\"id\":\"a\"}\n\n{\"id\":\"../b\"}\n", Some(3), "row 3"),
            ("[\"a\",\n\"../b\"]", None, "row 2"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = ids_in(&path).unwrap_err();
            assert_eq!(error.place.as_ref().unwrap().line, line, "{text}");
            let cause = error.source.unwrap().to_string();
            assert!(cause.contains(row), "{text}: {cause}");
        }
    }
}
