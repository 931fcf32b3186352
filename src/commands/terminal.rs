//! Standard output for data, standard error for words, and the question before a change.

use std::io::{self, IsTerminal, Write};

use dialoguer::Confirm;

use crate::{
    cli::Common,
    error::{Error, unless_closed},
    styles::Styles,
};

/// The styles of both streams; what is no terminal, or told so by `NO_COLOR`, has them stripped.
pub(super) const STYLES: Styles = Styles::coloured();

/// Writes data to standard output. That nobody reads it any more (`| head`) is no error.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = anstream::stdout();
    unless_closed(write(&mut out).and_then(|()| out.flush()))
        .map_err(|error| Error::failed("standard output can't be written").caused_by(error))
}

/// Writes words to standard error. What can't be shown there is lost and nothing else.
pub(super) fn say(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut out = anstream::stderr();
    drop(write(&mut out).and_then(|()| out.flush()));
}

/// Ends a command that would have to ask and can't, before its first request.
pub(super) fn can_ask(common: &Common) -> Result<(), Error> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if common.yes || (terminal && !common.no_interactive) {
        Ok(())
    } else {
        Err(
            Error::usage("nobody can be asked here, and changes are not made unasked")
                .hint("add --yes when the plan needs no look, or --dry-run to look first"),
        )
    }
}

/// Asks; no is the default.
pub(super) fn ask(common: &Common, question: &str) -> Result<bool, Error> {
    if common.yes {
        return Ok(true);
    }
    Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()
        .map_err(|error| Error::failed("the answer can't be read").caused_by(error))
}
