//! A panic becomes an error: what was not expected, where, and what to do.

use std::{
    any::Any,
    cell::RefCell,
    env,
    io::{self, Write as _},
    panic::{self, AssertUnwindSafe},
    thread,
};

use super::Error;
use crate::text::Untrusted;

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on a panic prints no backtrace, unless `RUST_BACKTRACE` asks for one. Call it once, at the start of the program.
pub fn watch_panics() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        if env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            default(panic);
        } else if thread::current().name() != Some("main") {
            // The error that follows has the message of this thread, but not its place.
            let place = place.as_deref().unwrap_or("an unknown place");
            let text = format!("a part of wf-bulk failed at {place}");
            // If this can't be written, the error can't be, either.
            let _ = writeln!(io::stderr(), "{}", Untrusted(&text).terminal());
        }
        PLACE.set(place);
    }));
}

/// Runs `work`; its panic is the error, which ends with exit code 1. `status` is the command that shows the runs.
///
/// # Errors
///
/// If `work` panics.
pub fn caught<T>(status: &str, work: impl FnOnce() -> T) -> Result<T, Error> {
    // What `work` has half changed is not used any more: the program ends with the error.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let place = PLACE
            .take()
            .map_or_else(String::new, |place| format!(" ({place})"));
        Error::failed(format!(
            "wf-bulk ended unexpectedly: {}{place}",
            message(&*panic)
        ))
        .hint(format!(
            "what a run has sent is in its checkpoint; to see the runs: {status}"
        ))
        .hint(
            "if the message does not say what to do, please report it; RUST_BACKTRACE=1 shows more",
        )
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ExitCode;

    #[test]
    fn a_panic_is_an_error_with_its_message_and_an_exit_code() {
        for (work, expected) in [
            ((|| panic!("a text")) as fn() -> u8, Err("a text")),
            (|| panic!("{} parts", 2), Err("2 parts")),
            (|| panic::panic_any(7), Err("without a message")),
            (|| 7, Ok(7)),
        ] {
            match (caught("status", work), expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected),
                (Err(error), Err(expected)) => {
                    assert_eq!(
                        error.message,
                        format!("wf-bulk ended unexpectedly: {expected}")
                    );
                    assert_eq!(error.exit_code(), ExitCode::Error);
                }
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        }
    }
}
