//! `validate`: checks playbooks without a server.

use jiff::Timestamp;

use super::{
    files::{load_playbook, shown},
    terminal::say,
};
use crate::{
    cli::Validate,
    error::{Error, ExitCode},
};

pub(super) fn validate(args: &Validate) -> Result<ExitCode, Error> {
    let mut wrong = 0;
    for path in &args.playbooks {
        match load_playbook(path, &args.vars, Timestamp::now()) {
            Ok(playbook) => say(|out| writeln!(out, "{}: {} is right", shown(path), playbook.name)),
            Err(error) if args.playbooks.len() == 1 => return Err(error),
            Err(error) => {
                wrong += 1;
                say(|out| error.report(out, super::terminal::STYLES));
            }
        }
    }
    match wrong {
        0 => Ok(ExitCode::Done),
        wrong => Err(Error::failed(format!(
            "{wrong} of {} playbooks are wrong",
            args.playbooks.len()
        ))),
    }
}
