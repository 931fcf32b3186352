//! Standard output for data, standard error for words.

use std::io::{self, Write};

use terminal_size::{Height, Width, terminal_size_of};

use crate::{
    error::{Error, unless_closed},
    styles::Styles,
    text::Wrap,
};

/// The styles of both streams; what is no terminal, or told so by `NO_COLOR`, has them stripped.
pub(super) const STYLES: Styles = Styles::coloured();

/// Writes data to standard output. That nobody reads it any more (`| head`) is no error.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = anstream::stdout();
    unless_closed(write(&mut out).and_then(|()| out.flush()))
        .map_err(|error| Error::failed("standard output can't be written").caused_by(error))
}

/// Writes text for people to standard output: on a terminal in lines of its width, else as it is.
pub(super) fn print_text(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let width = width_of(terminal_size_of(io::stdout()));
    print(|out| within(width, out, write))
}

/// The columns of a terminal; none of what is no terminal, or too narrow for any layout.
fn width_of(size: Option<(Width, Height)>) -> Option<usize> {
    const NARROWEST: usize = 30;
    let (Width(columns), _) = size?;
    Some(usize::from(columns)).filter(|columns| *columns >= NARROWEST)
}

fn within(
    width: Option<usize>,
    out: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    match width {
        None => write(out),
        Some(width) => {
            let mut out = Wrap::new(out, width);
            write(&mut out)?;
            out.flush()
        }
    }
}

/// Writes words to standard error. What can't be shown there is lost and nothing else.
pub(super) fn say(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut out = anstream::stderr();
    let written = within(width_of(terminal_size_of(io::stderr())), &mut out, write);
    drop(written.and_then(|()| out.flush()));
}
