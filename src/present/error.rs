//! The error that ends a command: its kind, its causes, hints, and the exit codes.

mod document;
mod unexpected;

use std::{
    error::Error as StdError,
    fmt,
    io::{self, Write},
};

use owo_colors::OwoColorize as _;

use crate::{styles::Styles, text::Untrusted};

pub use document::{FilePlace, Located, write_errors};
pub use unexpected::{caught, watch_panics};

/// The kind of an error, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A wrong flag or argument, or a question without a terminal and without `--yes`.
    Usage,
    /// A mistake in a file, or an error of the network, the disk or the service.
    Failed,
    /// Something could not be planned.
    Rejected,
    /// A guard does not hold.
    Guard,
    /// The plan is too old, or no longer fits what it was made from.
    Stale,
    /// A person did not say "yes".
    Declined,
    /// Ctrl-C or SIGTERM before anything was changed.
    Interrupted,
}

impl ErrorKind {
    pub const fn exit_code(self) -> ExitCode {
        match self {
            Self::Usage => ExitCode::Usage,
            Self::Failed | Self::Declined => ExitCode::Error,
            Self::Rejected => ExitCode::SomeFailed,
            Self::Guard => ExitCode::Stopped,
            Self::Stale => ExitCode::Stale,
            Self::Interrupted => ExitCode::Interrupted,
        }
    }
}

/// Ends a command: a message, its causes, and hints that say what to do.
#[derive(Debug)]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
    pub hints: Vec<String>,
    pub source: Option<Box<dyn StdError + Send + Sync>>,
    /// The place, for [`Error::write_json`]; the message contains it as text.
    pub place: Option<Box<FilePlace>>,
    /// The mistakes in files, if the error is about them; they were shown before.
    pub mistakes: Vec<Located>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            source: None,
            place: None,
            mistakes: Vec::new(),
        }
    }

    /// Wrong usage, noticed after the command line was parsed: exit code 64.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Any error that is not about a guard or the plan: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// Any answer other than "yes": exit code 1. Not called an error, since it is a decision.
    pub fn declined(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Declined, message)
    }

    /// A signal ended the command before it had changed anything: exit code 130.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted: nothing was changed")
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Names the file, and the line if there is one.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: Option<u64>) -> Self {
        self.place = Some(Box::new(FilePlace {
            file: Some(file.into()),
            line,
            column: None,
        }));
        self
    }

    pub const fn exit_code(&self) -> ExitCode {
        self.kind.exit_code()
    }

    /// Writes the error, its causes and its hints, one per line; control characters become visible.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn report(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        let line = |out: &mut dyn Write, label: &str, style: owo_colors::Style, text: &str| {
            writeln!(out, "{} {}", label.style(style), Untrusted(text).terminal())
        };
        match self.kind {
            ErrorKind::Usage
            | ErrorKind::Failed
            | ErrorKind::Rejected
            | ErrorKind::Guard
            | ErrorKind::Stale => line(out, "error:", styles.error, &self.message)?,
            // What a person wanted.
            ErrorKind::Declined | ErrorKind::Interrupted => {
                writeln!(out, "{}", Untrusted(&self.message).terminal())?;
            }
        }
        for cause in self.causes() {
            line(out, "caused by:", styles.dim, &cause)?;
        }
        for hint in &self.hints {
            line(out, "hint:", styles.hint, hint)?;
        }
        Ok(())
    }

    /// The messages of the errors below this one.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut above = self.message.clone();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            let message = error.to_string();
            // The message of the error above already contains that of its source.
            if !above.ends_with(&message) {
                causes.push(message.clone());
            }
            above = message;
            cause = error.source();
        }
        causes
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// A closed pipe (`wf-bulk show x.plan | head`) is not an error: the reader has read what it needs.
///
/// # Errors
///
/// Any other error of `written`.
pub fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The exit codes, in their precedence: if several apply, the first one is reported. The help and the documentation have the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// Wrong usage, or no terminal and no `--yes`. Reported before anything is done, so no other code can apply.
    Usage,
    /// An error, or "no" to the question.
    Error,
    /// The outcome of a change is unknown.
    InDoubt,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// A guard or the error budget stopped the command.
    Stopped,
    /// Some changes failed or were refused, or targets were rejected.
    SomeFailed,
    /// The plan is too old, or a target has drifted or is gone.
    Stale,
    /// Changes are pending; only when that was asked for.
    Pending,
    /// Done, or nothing to do.
    Done,
}

impl ExitCode {
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Error,
        Self::Pending,
        Self::SomeFailed,
        Self::Stopped,
        Self::Stale,
        Self::InDoubt,
        Self::Usage,
        Self::Interrupted,
    ];

    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Pending => 2,
            Self::SomeFailed => 3,
            Self::Stopped => 4,
            Self::Stale => 5,
            Self::InDoubt => 6,
            // EX_USAGE of sysexits.h.
            Self::Usage => 64,
            // 128 + SIGINT, as a shell reports it.
            Self::Interrupted => 130,
        }
    }

    /// The exit code if several apply; [`ExitCode::Done`] if none does.
    pub fn of_all(codes: impl IntoIterator<Item = Self>) -> Self {
        codes.into_iter().min().unwrap_or(Self::Done)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(exit_code: ExitCode) -> Self {
        Self::from(exit_code.code())
    }
}

/// clap returns `--help` and `--version` as errors, too; these are not wrong usage.
impl From<&clap::Error> for ExitCode {
    fn from(error: &clap::Error) -> Self {
        if error.use_stderr() {
            Self::Usage
        } else {
            Self::Done
        }
    }
}

/// What clap says, for the JSON document: its message, and its tips as hints.
impl From<&clap::Error> for Error {
    fn from(error: &clap::Error) -> Self {
        if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return Self::usage("a command or an argument is missing").hint("see wf-bulk --help");
        }
        let text = error.to_string();
        let message = text.split("\n\n").next().unwrap_or_default();
        let message: Vec<&str> = message.split_whitespace().collect();
        let message = message.join(" ");
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        let tips = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("tip: "));
        tips.fold(Self::usage(message), Self::hint)
    }
}

#[cfg(test)]
mod tests;
