//! `schema`: prints the JSON Schema of a playbook, for editors.

use super::terminal::print;
use crate::{
    error::{Error, ExitCode},
    playbook::schema,
};

pub(super) fn schema_document() -> Result<ExitCode, Error> {
    print(|out| writeln!(out, "{}", text()))?;
    Ok(ExitCode::Done)
}

/// The schema as in its file, without the last line break.
pub(super) fn text() -> String {
    format!("{:#}", schema())
}
