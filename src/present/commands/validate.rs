//! `validate`: checks playbooks without a server.

use jiff::Timestamp;

use super::{
    files::load_playbook,
    terminal::{STYLES, print, say},
};
use crate::{
    cli::{Common, Validate},
    error::{Error, ExitCode, write_errors},
    table,
    text::Untrusted,
};

pub(super) fn validate(common: &Common, args: &Validate) -> Result<ExitCode, Error> {
    let from_stdin = args.playbooks.iter().filter(|path| table::is_stdin(path));
    if from_stdin.count() > 1 {
        return Err(Error::usage(
            "only one playbook can be `-`: standard input can be read once",
        ));
    }
    let mut wrong = 0;
    let mut mistakes = Vec::new();
    for path in &args.playbooks {
        match load_playbook(&common.invocation, path, &args.reading, Timestamp::now()) {
            Ok(playbook) => {
                let name = Untrusted(&playbook.name);
                say(|out| writeln!(out, "{}: {} is valid", table::name(path), name.terminal()));
            }
            Err(error) if args.playbooks.len() == 1 => return Err(error),
            Err(error) => {
                wrong += 1;
                say(|out| error.report(out, STYLES));
                mistakes.extend(error.into_mistakes());
            }
        }
    }
    if wrong > 0 {
        let mut error = Error::failed(format!(
            "{wrong} of {} playbooks are wrong",
            args.playbooks.len()
        ));
        error.mistakes = mistakes;
        return Err(error);
    }
    let done = ExitCode::Done;
    if common.json {
        print(|out| write_errors(&[], done.code(), out))?;
    }
    Ok(done)
}
