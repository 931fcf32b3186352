//! Standard output for results, standard error for messages.

use std::{
    env, error,
    io::{self, BufWriter, IsTerminal as _, Write},
    iter,
};

use terminal_size::{Height, Width, terminal_size_of};

use crate::{
    error::{Error, unless_closed},
    styles::Styles,
    text::Wrap,
};

/// The styles of both streams; none without a terminal or with `NO_COLOR`.
pub(super) const STYLES: Styles = Styles::coloured();

/// Writes a document to standard output. A closed pipe (`| head`) is not an error.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    unless_closed(to_stdout(write)).map_err(not_written)
}

/// Writes a document to standard output that is useless if incomplete: a plan.
///
/// # Errors
///
/// If it can't be written completely, also because of a closed pipe.
pub(super) fn print_whole(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    to_stdout(write).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => {
            Error::failed("the reader of standard output has gone: the output did not arrive whole")
                .caused_by(error)
        }
        _ => not_written(error),
    })
}

fn not_written(error: io::Error) -> Error {
    Error::failed("standard output can't be written").caused_by(error)
}

fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = anstream::stdout();
    write(&mut out)?;
    out.flush()
}

/// Writes text to standard output, wrapped to the width of a terminal, unchanged otherwise. A closed pipe (`| head`) is not an error.
pub(super) fn print_text(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let width = width_of_stdout();
    unless_closed(to_stdout(|out| within(width, out, write))).map_err(not_written)
}

/// The columns of a terminal; none without a terminal, or if it is too narrow for any layout.
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

/// Whether standard output is a screen that can be drawn anew.
pub(super) fn is_screen() -> bool {
    let is_dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdout().is_terminal() && !is_dumb
}

/// Clears the screen, and begins at its top. Written past the filter of colours, which would remove it with `NO_COLOR`.
pub(super) fn clear_screen() -> Result<(), Error> {
    const CLEAR: &[u8] = b"\x1b[H\x1b[2J";
    let mut out = io::stdout();
    let written = out.write_all(CLEAR).and_then(|()| out.flush());
    unless_closed(written).map_err(not_written)
}

/// The columns of standard output, if it is a terminal.
pub(super) fn width_of_stdout() -> Option<usize> {
    width_of(terminal_size_of(io::stdout()))
}

/// The columns of standard error, if it is a terminal.
pub(super) fn width_of_stderr() -> Option<usize> {
    width_of(terminal_size_of(io::stderr()))
}

/// Writes a message to standard error. If that fails, the message is lost, without an error.
pub(super) fn say(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    // Standard error has no buffer of its own: an escaped text would be one write for each character.
    let mut out = BufWriter::new(anstream::stderr());
    let written = within(width_of_stderr(), &mut out, write);
    drop(written.and_then(|()| out.flush()));
}

/// An error with its causes, for one line. A cause that the error above it contains already is left out.
pub(super) fn with_causes(error: &dyn error::Error) -> String {
    let mut text = error.to_string();
    let causes = iter::successors(error.source(), |error| error.source());
    for cause in causes.map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text += ": ";
            text += &cause;
        }
    }
    text
}
