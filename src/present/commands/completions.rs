//! `completions`: prints the completions of a shell.

use clap::CommandFactory;

use super::terminal::print;
use crate::{
    cli::{Cli, Completions},
    error::{Error, ExitCode},
};

pub(super) fn completions(args: &Completions) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "wf-bulk", &mut script);
    print(|out| out.write_all(&script))?;
    Ok(ExitCode::Done)
}
