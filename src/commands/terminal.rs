//! Standard output for data, standard error for words.

use std::io::{self, Write};

use crate::{
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
