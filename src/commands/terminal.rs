//! Standard output for data, standard error for words.

use std::io::{self, Write};

use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
use terminal_size::{Height, Width, terminal_size_of};

use crate::{
    error::{Error, unless_closed},
    styles::Styles,
    text::Wrap,
};

/// The styles of both streams; what is no terminal, or told so by `NO_COLOR`, has them stripped.
pub(super) const STYLES: Styles = Styles::coloured();

/// Writes a document to standard output. That nobody reads it any more (`| head`) is no error.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    unless_closed(to_stdout(write)).map_err(not_written)
}

/// Writes to standard output what is worth nothing in part: a plan.
///
/// # Errors
///
/// When it does not arrive whole, also because its reader has gone.
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

/// Whether what is written to standard output is lost: it was closed when the process began, and Rust put the null device
/// there. Only that is open for reading, too; `>/dev/null` of a shell is not.
pub(super) fn stdout_is_closed() -> bool {
    let is_open_for_both = fcntl_getfl(io::stdout())
        .is_ok_and(|flags| flags.intersection(OFlags::RWMODE) == OFlags::RDWR);
    let is_null = || {
        let (Ok(stdout), Ok(null)) = (fstat(io::stdout()), stat("/dev/null")) else {
            return false;
        };
        (stdout.st_dev, stdout.st_ino) == (null.st_dev, null.st_ino)
    };
    is_open_for_both && is_null()
}

/// Writes text for people to standard output: on a terminal in lines of its width, else as it is. That nobody reads it any
/// more (`| head`) is no error.
pub(super) fn print_text(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let width = width_of(terminal_size_of(io::stdout()));
    unless_closed(to_stdout(|out| within(width, out, write))).map_err(not_written)
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

/// The columns of standard error, where it is a terminal.
pub(super) fn width_of_stderr() -> Option<usize> {
    width_of(terminal_size_of(io::stderr()))
}

/// Writes words to standard error. What can't be shown there is lost and nothing else.
pub(super) fn say(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut out = anstream::stderr();
    let written = within(width_of_stderr(), &mut out, write);
    drop(written.and_then(|()| out.flush()));
}
