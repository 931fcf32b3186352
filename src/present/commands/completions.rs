//! `completions`: prints the completions of a shell.

use super::terminal::print;
use crate::{
    cli::{Completions, definition},
    error::{Error, ExitCode},
};

pub(super) fn completions(args: &Completions) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "wf-bulk", &mut script);
    print(|out| out.write_all(&script))?;
    Ok(ExitCode::Done)
}
