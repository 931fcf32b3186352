//! `init`: writes a starter playbook, and the schema beside it.

use std::{fs, io::Write as _, path::Path};

use super::{
    output::{Output, OutputContent},
    terminal::say,
};
use crate::{
    cli::{Common, Init},
    error::{Error, ExitCode},
    invocation::{Invocation, path_argument},
    playbook::SCHEMA_FILE,
    table::STDIN,
    text::{Untrusted, shown_path},
};

/// The file name of the playbook.
const PLAYBOOK: &str = "playbook.yaml";

const START: &str = include_str!("init_playbook.yaml");

pub(super) fn init(common: &Common, args: &Init) -> Result<ExitCode, Error> {
    let folder = &args.dir;
    if folder == Path::new(STDIN) {
        return Err(
            Error::usage("`init` writes two files into a folder, and `-` is not a folder").hint(
                format!(
                    "for the schema on standard output: {}",
                    common.invocation.command("schema", &[])
                ),
            ),
        );
    }
    fs::create_dir_all(folder).map_err(|error| {
        Error::failed(format!("the folder {} can't be made", shown_path(folder))).caused_by(error)
    })?;
    let playbook = folder.join(PLAYBOOK);
    let schema = folder.join(SCHEMA_FILE);
    let unwritten = || Error::failed(format!("{} can't be written", shown_path(&schema)));
    // The schema is generated and may be newer; a playbook may have been edited by a person.
    let Output::File(schema_target) = Output::at(&schema, OutputContent::Schema)? else {
        return Err(unwritten().hint("it is no regular file; delete it, or name another folder"));
    };
    write_new(&common.invocation, &playbook, START)?;
    fs::write(schema_target, super::schema::text() + "\n")
        .map_err(|error| unwritten().caused_by(error))?;
    let path = shown_path(&playbook);
    say(|out| {
        writeln!(out, "wrote {path} and {}", shown_path(&schema))?;
        let command = |name, flags: &[&str]| {
            let path = path_argument(&playbook);
            common
                .invocation
                .command(name, &[&[&*path], flags].concat())
        };
        let run = command("run", &["--sandbox", "--dry-run", "--rate", "200/s"]);
        writeln!(out, "next, check the playbook and look at its plan:")?;
        writeln!(out, "  {}", Untrusted(&command("validate", &[])).terminal())?;
        writeln!(out, "  {}", Untrusted(&run).terminal())
    });
    Ok(ExitCode::Done)
}

fn write_new(invocation: &Invocation, path: &Path, text: &str) -> Result<(), Error> {
    let failed = |error: std::io::Error| {
        let there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let failed =
            Error::failed(format!("{} can't be written", shown_path(path))).caused_by(error);
        if there {
            failed.hint(format!(
                "it exists already and is not overwritten; name another folder: {}",
                invocation.command("init", &["DIR"])
            ))
        } else {
            failed
        }
    };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
