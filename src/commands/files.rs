//! Reading playbooks and plans from files.

use std::{
    fs::File,
    io::{BufRead, BufReader, Seek},
    path::Path,
};

use jiff::Timestamp;

use super::{
    mistaken::{expect_plan, expect_playbook},
    terminal::say,
};
use crate::{
    api::Id,
    cli::{Planning, Vars},
    error::{Error, Located, Place},
    plan::{PlanError, Reader},
    playbook::{self, Mistakes, Overrides, Playbook, Source},
    table::{self, Columns, TableError},
    text::Untrusted,
};

/// Reads and checks a playbook; its mistakes are shown.
pub(super) fn load_playbook(path: &Path, vars: &Vars, now: Timestamp) -> Result<Playbook, Error> {
    expect_playbook(path)?;
    let source = playbook::read(path).map_err(|error| {
        Error::failed(format!("the playbook {} can't be read", path.display()))
            .caused_by(error)
            .at(path.display().to_string(), None)
    })?;
    let overrides = vars
        .vars
        .iter()
        .map(|var| (var.name.clone(), var.value.clone()))
        .collect::<Overrides>();
    let playbook = playbook::load(path, source, &overrides, now).map_err(|mistakes| {
        say(|out| write!(out, "{}", mistakes.render(true)));
        let number = mistakes.list().len();
        let noun = if number == 1 { "mistake" } else { "mistakes" };
        let mut error = Error::failed(format!(
            "{} has {number} {noun}; nothing was requested",
            path.display()
        ));
        error.mistakes = located(path, &mistakes);
        error
    })?;
    if let Source::Search(_) = playbook.select.source {
        say(|out| {
            writeln!(
                out,
                "warning: epilot has deprecated the search for executions; `executions: {{ list: {{}} }}` with `where` finds the same"
            )
        });
    }
    Ok(playbook)
}

/// The mistakes of a playbook, for the JSON document.
fn located(path: &Path, mistakes: &Mistakes) -> Vec<Located> {
    mistakes
        .list()
        .iter()
        .zip(mistakes.positions())
        .map(|(mistake, position)| Located {
            place: Place {
                file: Some(path.display().to_string()),
                line: position.map(|at| at.line as u64),
                column: position.map(|at| at.column as u64),
            },
            message: mistake.message.clone(),
            causes: Vec::new(),
            help: mistake.help.clone(),
        })
        .collect()
}

/// As [`load_playbook`], with what the command line says about planning.
pub(super) fn load_for_planning(
    path: &Path,
    planning: &Planning,
    now: Timestamp,
) -> Result<Playbook, Error> {
    let mut playbook = load_playbook(path, &planning.vars, now)?;
    if let Some(limit) = planning.limit {
        playbook.select.limit = Some(playbook.select.limit.map_or(limit, |most| most.min(limit)));
    }
    let select = &mut playbook.select;
    for (ids, named, file) in [
        (
            &mut select.exclude,
            &planning.exclude,
            &planning.exclude_file,
        ),
        (&mut select.only, &planning.only, &planning.only_file),
    ] {
        ids.extend(named.iter().cloned());
        if let Some(file) = file {
            ids.extend(ids_in(file)?);
        }
    }
    Ok(playbook)
}

/// The ids in a file: one a line, or in its column `id`.
fn ids_in(path: &Path) -> Result<Vec<Id>, Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>, line| {
        Error::usage("the file of ids can't be used")
            .caused_by(error)
            .at(path.display().to_string(), line)
    };
    let mut ids = Vec::new();
    table::read(path, Columns::ListOf("id"), |row| {
        let cells = row.cells.map_err(|message| TableError::Line {
            file: path.display().to_string(),
            line: row.number,
            message,
        })?;
        ids.push((row.number, cells.get("id").cloned().unwrap_or_default()));
        Ok::<_, TableError>(())
    })
    .map_err(|error: TableError| {
        let line = error.line();
        failed(error.into(), line)
    })?;
    ids.into_iter()
        .map(|(row, text)| {
            Id::new(&text).map_err(|error| {
                failed(
                    format!(
                        "{}, row {row}: {text:?} is not an id: {error}",
                        path.display()
                    )
                    .into(),
                    Some(row),
                )
            })
        })
        .collect()
}

/// Opens a plan for reading.
pub(super) fn open_plan(path: &Path) -> Result<File, Error> {
    expect_plan(path)?;
    File::open(path).map_err(|error| {
        Error::failed(format!(
            "the plan {} can't be read",
            Untrusted(&path.display().to_string()).terminal()
        ))
        .caused_by(error)
        .at(path.display().to_string(), None)
    })
}

/// A reader over the whole of an opened plan.
pub(super) fn read_again(mut file: &File) -> Result<Reader<impl BufRead + '_>, PlanError> {
    file.rewind()?;
    Reader::new(BufReader::new(file))
}

/// The tool and its version, as plans say it.
pub(super) const TOOL: &str = concat!("wf-bulk ", env!("CARGO_PKG_VERSION"));

/// How a person writes a path on the command line.
pub(super) fn shown(path: &Path) -> String {
    Untrusted(&path.display().to_string())
        .terminal()
        .to_string()
}
