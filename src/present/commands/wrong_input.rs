//! Recognises wrong inputs, like a playbook in place of a plan: says what the file is, and what to write.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use jiff::tz::TimeZone;

use super::runs::store_error;
use crate::{
    cli::Common,
    dates,
    error::Error,
    invocation::{Invocation, path_argument},
    store::{DeletedRun, RunEnd, RunFolder, StateDir, StoreError},
    table,
    text::{FileKind, shown_path, thousands},
};

/// Bytes of a file that are enough to recognise it.
const HEAD: u64 = 4096;

/// The beginning of a file, enough to recognise it.
pub(super) fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// What a path refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathKind {
    Folder,
    Plan,
    Playbook,
    /// Not text, or a text that is neither.
    Foreign(FileKind),
    Other,
}

impl PathKind {
    /// Reads regular files only: the content of a pipe can't be read twice.
    fn of(path: &Path) -> Self {
        let Ok(metadata) = fs::metadata(path) else {
            return Self::Other;
        };
        if metadata.is_dir() {
            return Self::Folder;
        }
        if metadata.is_file()
            && let Ok(head) = head(path)
        {
            return Self::of_head(&head);
        }
        Self::Other
    }

    fn of_head(head: &[u8]) -> Self {
        let mut lines = head.split(|&byte| byte == b'\n');
        match FileKind::of_start(head) {
            Some(FileKind::Plan) => Self::Plan,
            // It may be UTF-16, for which there is a more detailed error elsewhere.
            Some(FileKind::Binary) => Self::Other,
            Some(kind) => Self::Foreign(kind),
            None if lines
                .any(|line| line.starts_with(b"version:") || line.starts_with(b"select:")) =>
            {
                Self::Playbook
            }
            None => Self::Other,
        }
    }
}

/// The error if a command expects a playbook and gets something else that can be recognised.
pub(super) fn expect_playbook(invocation: &Invocation, path: &Path) -> Result<(), Error> {
    let (name, word) = (shown_path(path), path_argument(path));
    let error = match PathKind::of(path) {
        PathKind::Playbook | PathKind::Other => return Ok(()),
        PathKind::Folder => Error::failed(format!("{name} is a folder, not a playbook"))
            .hint("name a playbook in it"),
        PathKind::Foreign(kind) => foreign(&name, kind, "playbook"),
        PathKind::Plan => Error::failed(format!("{name} is a plan, not a playbook"))
            .hint(format!(
                "to look at it: {}",
                invocation.command("show", &[&word])
            ))
            .hint(format!(
                "to apply it: {}",
                invocation.command("apply", &[&word])
            )),
    };
    Err(error.at(path.display().to_string(), None))
}

fn foreign(name: &str, kind: FileKind, expected: &str) -> Error {
    let cure = match kind {
        FileKind::Gzip | FileKind::Compressed => kind.cure().to_owned(),
        FileKind::Plan
        | FileKind::Zip
        | FileKind::OldExcel
        | FileKind::Pdf
        | FileKind::Html
        | FileKind::Binary => format!("name the file of the {expected} itself"),
    };
    Error::failed(format!("{name} is {kind}, not a {expected}")).hint(cure)
}

/// The error if a command expects a plan and gets something else that can be recognised.
pub(super) fn expect_plan(invocation: &Invocation, path: &Path) -> Result<(), Error> {
    if path == Path::new(table::STDIN)
        || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    {
        let message = format!(
            "a plan is read more than once, so {} can't be one",
            table::name(path)
        );
        return Err(Error::failed(message)
            .hint("write the plan into a file, and name that")
            .at(path.display().to_string(), None));
    }
    let (name, word) = (shown_path(path), path_argument(path));
    let error = match PathKind::of(path) {
        PathKind::Plan | PathKind::Other => return Ok(()),
        PathKind::Folder => {
            Error::failed(format!("{name} is a folder, not a plan")).hint("name a plan in it")
        }
        PathKind::Foreign(kind) => foreign(&name, kind, "plan"),
        PathKind::Playbook => Error::failed(format!("{name} is a playbook, not a plan"))
            .hint(format!(
                "to make a plan of it: {}",
                invocation.command("plan", &[&word, "-o", "FILE"])
            ))
            .hint(format!(
                "to plan, ask and apply: {}",
                invocation.command("run", &[&word])
            )),
    };
    Err(error.at(path.display().to_string(), None))
}

/// The error if a flag expects a file of ids and gets something else that is not a file of rows either.
pub(super) fn expect_ids(path: &Path) -> Result<(), Error> {
    let name = shown_path(path);
    let error = match PathKind::of(path) {
        // The error of the reader of rows.
        PathKind::Plan | PathKind::Foreign(_) | PathKind::Other => return Ok(()),
        PathKind::Folder => Error::usage(format!("{name} is a folder, not a file of ids")),
        PathKind::Playbook => Error::usage(format!("{name} is a playbook, not a file of ids")),
    };
    Err(error
        .hint("name a file with one id per line, or with a column id")
        .at(path.display().to_string(), None))
}

/// The run with this id, or whose id begins with it.
pub(super) fn find_run(common: &Common, prefix: &str) -> Result<RunFolder, Error> {
    let invocation = &common.invocation;
    let status = format!(
        "to list the runs here: {}",
        invocation.command("status", &[])
    );
    let state_dir = StateDir::new(common.state_dir.clone());
    state_dir.find(prefix).map_err(|error| {
        if let StoreError::Deleted { runs, .. } = &error
            && let [deleted] = &runs[..]
        {
            return Error::failed(deleted_run(deleted))
                .hint("its plan, its checkpoint and its results are gone, so no command can work on it")
                .hint(status);
        }
        let path = Path::new(prefix);
        let is_unknown = matches!(error, StoreError::NotFound { .. });
        if !is_unknown || !path.exists() {
            return store_error(error).hint(status);
        }
        let (name, word) = (shown_path(path), &path_argument(path));
        let expected = |what: &str| {
            Error::failed(format!(
                "{name} is {what}; a run is named by its id, or by the beginning of it"
            ))
        };
        match PathKind::of(path) {
            PathKind::Plan => expected("a plan")
                .hint(format!(
                    "to look at it: {}",
                    invocation.command("show", &[word])
                ))
                .hint(format!(
                    "to apply it: {}",
                    invocation.command("apply", &[word])
                )),
            PathKind::Playbook => expected("a playbook").hint(format!(
                "to plan, ask and apply: {}",
                invocation.command("run", &[word])
            )),
            PathKind::Folder if path.join("run.json").is_file() => {
                expected("the folder of a run").hint("write the last part of the path only")
            }
            PathKind::Folder => expected("a folder"),
            PathKind::Foreign(_) | PathKind::Other => expected("a file"),
        }
        .hint(status)
    })
}

/// What is still known of a deleted run.
fn deleted_run(deleted: &DeletedRun) -> String {
    let DeletedRun {
        run,
        deleted_at,
        end,
        ..
    } = deleted;
    let zone = TimeZone::system();
    let at = |moment| dates::in_zone(moment, &zone);
    let ended = end.as_ref().map(|end| {
        let RunEnd {
            how,
            ended_at,
            outcomes,
        } = end;
        let outcomes: Vec<String> = outcomes
            .iter()
            .map(|(outcome, changes)| format!("{} {}", thousands(*changes), outcome.word()))
            .collect();
        let outcomes = if outcomes.is_empty() {
            "no changes".to_owned()
        } else {
            outcomes.join(", ")
        };
        let at = at(*ended_at);
        format!("; the history knows that it was {how} on {at}: {outcomes}")
    });
    format!(
        "run {run} was deleted with `prune` on {}{}",
        at(*deleted_at),
        ended.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_file_shows_what_it_is() {
        for (head, kind) in [
            ("{\"wf_bulk_plan\":1,", PathKind::Plan),
            ("# a comment\nversion: 1\n", PathKind::Playbook),
            ("name: x\nselect:\n", PathKind::Playbook),
            ("id;owner\n1;2\n", PathKind::Other),
            ("<!doctype html>", PathKind::Foreign(FileKind::Html)),
            ("PK\u{3}\u{4}", PathKind::Foreign(FileKind::Zip)),
            ("v\0e\0", PathKind::Other),
            ("", PathKind::Other),
        ] {
            assert_eq!(PathKind::of_head(head.as_bytes()), kind, "{head}");
        }
    }
}
