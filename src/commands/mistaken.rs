//! A playbook where a plan is expected, a file where a run is: says what it is, and what to write.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use super::{files::shown, launch::not_kept};
use crate::{
    cli::Common,
    error::Error,
    invocation::{Invocation, path_argument},
    plan::begins_a_plan,
    store::{RunFolder, StateDir, StoreError},
};

/// How much of a file shows what it is.
const HEAD: u64 = 4096;

/// The beginning of a file, as far as it shows what it is.
pub(super) fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    Plan,
    Playbook,
    Other,
}

impl Kind {
    /// Reads regular files only: what a pipe gives can't be read twice.
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
        if begins_a_plan(head) {
            Self::Plan
        } else if lines.any(|line| line.starts_with(b"version:") || line.starts_with(b"select:")) {
            Self::Playbook
        } else {
            Self::Other
        }
    }
}

/// Ends a command that expects a playbook and got something else that is known.
pub(super) fn expect_playbook(invocation: &Invocation, path: &Path) -> Result<(), Error> {
    let (name, word) = (shown(path), path_argument(path));
    let error = match Kind::of(path) {
        Kind::Playbook | Kind::Other => return Ok(()),
        Kind::Folder => Error::failed(format!("{name} is a folder, not a playbook"))
            .hint("name a playbook in it"),
        Kind::Plan => Error::failed(format!("{name} is a plan, not a playbook"))
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

/// Ends a command that expects a plan and got something else that is known.
pub(super) fn expect_plan(invocation: &Invocation, path: &Path) -> Result<(), Error> {
    let (name, word) = (shown(path), path_argument(path));
    let error = match Kind::of(path) {
        Kind::Plan | Kind::Other => return Ok(()),
        Kind::Folder => {
            Error::failed(format!("{name} is a folder, not a plan")).hint("name a plan in it")
        }
        Kind::Playbook => Error::failed(format!("{name} is a playbook, not a plan"))
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

/// The run that is meant by its id, or by the beginning of it.
pub(super) fn find_run(common: &Common, prefix: &str) -> Result<RunFolder, Error> {
    let invocation = &common.invocation;
    let status = format!(
        "to list the runs here: {}",
        invocation.command("status", &[])
    );
    let state_dir = StateDir::new(common.state_dir.clone());
    state_dir.find(prefix).map_err(|error| {
        let path = Path::new(prefix);
        let is_unknown = matches!(error, StoreError::NotFound { .. });
        if !is_unknown || !path.exists() {
            return not_kept(error).hint(status);
        }
        let (name, word) = (shown(path), &path_argument(path));
        let expected = |what: &str| {
            Error::failed(format!(
                "{name} is {what}; a run is named by its id, or by the beginning of it"
            ))
        };
        match Kind::of(path) {
            Kind::Plan => expected("a plan")
                .hint(format!(
                    "to look at it: {}",
                    invocation.command("show", &[word])
                ))
                .hint(format!(
                    "to apply it: {}",
                    invocation.command("apply", &[word])
                )),
            Kind::Playbook => expected("a playbook").hint(format!(
                "to plan, ask and apply: {}",
                invocation.command("run", &[word])
            )),
            Kind::Folder if path.join("run.json").is_file() => {
                expected("the folder of a run").hint("write the last part of the path only")
            }
            Kind::Folder => expected("a folder"),
            Kind::Other => expected("a file"),
        }
        .hint(status)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_file_shows_what_it_is() {
        for (head, kind) in [
            ("{\"wf_bulk_plan\":1,", Kind::Plan),
            ("# a comment\nversion: 1\n", Kind::Playbook),
            ("name: x\nselect:\n", Kind::Playbook),
            ("id;owner\n1;2\n", Kind::Other),
            ("<!doctype html>", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of_head(head.as_bytes()), kind, "{head}");
        }
    }
}
