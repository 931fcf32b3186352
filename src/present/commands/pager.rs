//! Shows a long text with the user's pager.

use std::io;

use super::terminal::{is_screen, print};
use crate::error::Error;

/// Shows the text with the pager, if standard output is a terminal; else, and if there is none, prints it.
pub(super) fn page(text: &[u8]) -> Result<(), Error> {
    if is_screen() {
        // It returns only if the pager can't be started.
        drop(become_pager(text));
    }
    print(|out| out.write_all(text))
}

/// Becomes the pager, which reads the text from a file: so no process waits for it, and Ctrl-C is the pager's own.
#[cfg(unix)]
fn become_pager(text: &[u8]) -> io::Result<()> {
    use std::{
        env,
        io::{Seek as _, Write as _},
        os::unix::process::CommandExt as _,
        process::Command,
    };

    let mut pager = match env::var_os("PAGER") {
        Some(pager) if pager.is_empty() => return Ok(()),
        Some(pager) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(pager);
            shell
        }
        None => Command::new("less"),
    };
    let colours = anstream::AutoStream::choice(&io::stdout());
    let mut file = anstream::AutoStream::new(tempfile::tempfile()?, colours);
    file.write_all(text)?;
    let mut file = file.into_inner();
    file.rewind()?;
    if env::var_os("LESS").is_none() {
        // Ends if all fits on the screen, shows colours, leaves the text on the screen.
        pager.env("LESS", "FRX");
    }
    for secret in crate::secrets::SECRETS {
        pager.env_remove(secret);
    }
    Err(pager.stdin(file).exec())
}

#[cfg(not(unix))]
fn become_pager(_: &[u8]) -> io::Result<()> {
    Ok(())
}
