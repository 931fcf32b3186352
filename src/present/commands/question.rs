//! The question before changes: whether it can be asked, and the meaning of an answer.

use std::io::{self, BufRead as _, IsTerminal as _};

use tokio::sync::oneshot;

use super::terminal::say;
use crate::{
    cli::Common,
    error::Error,
    platform::flush_terminal_input,
    text::{Untrusted, thousands},
};

/// A question, and the consequence of "no".
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// Without the question mark.
    pub(super) text: String,
    pub(super) stakes: Stakes,
    /// The state after any other answer than "yes", like `nothing was changed`.
    pub(super) otherwise: &'static str,
}

/// The consequence of a wrong "yes".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stakes {
    /// Everything can be undone.
    Undoable,
    /// Something can't be undone; the number of all changes.
    Final { changes: u64 },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum QuestionAnswer {
    Yes,
    No,
    /// Anything else.
    Unclear,
    /// The input ended before the line did.
    End,
}

impl QuestionAnswer {
    /// Parses an input line, with its line break.
    fn of(line: &str, stakes: Stakes) -> Self {
        let Some(answer) = line.strip_suffix('\n') else {
            return Self::End;
        };
        let answer = answer.trim().to_lowercase();
        // The question shows a number with commas, which may be copied.
        match (answer.as_str(), stakes) {
            ("" | "n" | "no", _) => Self::No,
            ("yes", _) | ("y", Stakes::Undoable) => Self::Yes,
            (number, Stakes::Final { changes })
                if number == changes.to_string() || number == thousands(changes) =>
            {
                Self::Yes
            }
            (_, Stakes::Undoable | Stakes::Final { .. }) => Self::Unclear,
        }
    }
}

/// Ends a command that would have to ask and can't, before its first request; `out` is what to do instead.
pub(super) fn can_ask(common: &Common, out: impl FnOnce() -> String) -> Result<(), Error> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let why_not = if common.yes {
        return Ok(());
    } else if common.no_interactive {
        "--no-interactive is set"
    } else if terminal {
        return Ok(());
    } else {
        "there is no terminal to ask on"
    };
    Err(Error::usage(format!("this needs a confirmation, and {why_not}")).hint(out()))
}

/// Asks, and returns if the answer is "yes". The mode of the terminal is not changed, so nothing has to be restored if the command ends
/// here.
///
/// # Errors
///
/// Any other answer.
pub(super) async fn ask(common: &Common, question: &Question) -> Result<(), Error> {
    if common.yes {
        return Ok(());
    }
    let text = Untrusted(&question.text);
    let how = match question.stakes {
        Stakes::Undoable => "[y/N]".to_owned(),
        Stakes::Final { changes } => format!("Type \"yes\" or {changes} to continue:"),
    };
    let prompt = format!("{}? {how} ", text.terminal());
    let line = line_after(&prompt, question.otherwise).await?;
    let line = line.unwrap_or_default();
    match QuestionAnswer::of(&line, question.stakes) {
        QuestionAnswer::Yes => Ok(()),
        QuestionAnswer::No | QuestionAnswer::End => Err(Error::declined(question.otherwise)),
        QuestionAnswer::Unclear => Err(Error::declined(format!(
            "that is not \"yes\": {}",
            question.otherwise
        ))),
    }
}

/// Shows a prompt, and returns the line that is typed after it, with its line break; none if the input ends before. `otherwise`: the state
/// without an answer.
///
/// # Errors
///
/// If the input can't be read.
pub(super) async fn line_after(
    prompt: &str,
    otherwise: &'static str,
) -> Result<Option<String>, Error> {
    let failed = |error: io::Error| {
        Error::failed(format!("the answer can't be read: {otherwise}")).caused_by(error)
    };
    // Text that was typed while the command worked is not an answer.
    flush_terminal_input().map_err(failed)?;
    say(|out| write!(out, "{prompt}"));
    let unended = UnendedLine;
    let (answered, answer) = oneshot::channel();
    // Not a thread of the runtime: a signal must be able to end the command during the read.
    std::thread::spawn(move || {
        let mut line = Vec::new();
        let read = io::stdin().lock().read_until(b'\n', &mut line);
        // The receiver is gone after a signal.
        let _ = answered.send(read.map(|_| line));
    });
    let line = answer
        .await
        .map_err(|_| failed(io::Error::other("the input has gone")))?
        .map_err(failed)?;
    if !line.ends_with(b"\n") {
        return Ok(None);
    }
    // The terminal has echoed the line break of the answer.
    std::mem::forget(unended);
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// The cursor is after the question; the next message begins on a new line.
struct UnendedLine;

impl Drop for UnendedLine {
    fn drop(&mut self) {
        say(|out| writeln!(out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_line_decides_and_only_the_word_or_the_number_means_what_can_not_be_undone() {
        let last = Stakes::Final { changes: 137 };
        for (line, undoable, irreversible) in [
            ("y\n", QuestionAnswer::Yes, QuestionAnswer::Unclear),
            (" Y \r\n", QuestionAnswer::Yes, QuestionAnswer::Unclear),
            ("yes\n", QuestionAnswer::Yes, QuestionAnswer::Yes),
            ("YES\n", QuestionAnswer::Yes, QuestionAnswer::Yes),
            ("137\n", QuestionAnswer::Unclear, QuestionAnswer::Yes),
            ("1,37\n", QuestionAnswer::Unclear, QuestionAnswer::Unclear),
            ("13\n", QuestionAnswer::Unclear, QuestionAnswer::Unclear),
            ("\n", QuestionAnswer::No, QuestionAnswer::No),
            ("n\n", QuestionAnswer::No, QuestionAnswer::No),
            ("No\n", QuestionAnswer::No, QuestionAnswer::No),
            ("yn\n", QuestionAnswer::Unclear, QuestionAnswer::Unclear),
            ("maybe\n", QuestionAnswer::Unclear, QuestionAnswer::Unclear),
            (
                "yes please\n",
                QuestionAnswer::Unclear,
                QuestionAnswer::Unclear,
            ),
            ("", QuestionAnswer::End, QuestionAnswer::End),
            ("yes", QuestionAnswer::End, QuestionAnswer::End),
        ] {
            assert_eq!(
                QuestionAnswer::of(line, Stakes::Undoable),
                undoable,
                "{line:?}"
            );
            assert_eq!(QuestionAnswer::of(line, last), irreversible, "{line:?}");
        }
        // As the question shows it.
        let many = Stakes::Final { changes: 1_234 };
        for (line, answer) in [
            ("1,234\n", QuestionAnswer::Yes),
            ("1234\n", QuestionAnswer::Yes),
            ("1.234\n", QuestionAnswer::Unclear),
            ("1,23\n", QuestionAnswer::Unclear),
        ] {
            assert_eq!(QuestionAnswer::of(line, many), answer, "{line:?}");
        }
    }
}
