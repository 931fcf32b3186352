//! Why a read failed.

use std::{fmt, io, time::Duration};

use jiff::SignedDuration;

use crate::api::{Method, Operation, ReadTrouble};

/// The service asked for a longer pause than a run waits; nothing is sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the service asks for a pause of {}; continue after it", HumanDuration(*.pause))]
pub struct LongPause {
    pub pause: Duration,
}

/// A failed read: what was requested, where, how often, and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{kind}{} ({} {} at {origin}, {})", NotAgain(*.out_of_budget), Verb(.operation.method()), .operation.path(), AttemptCount(*.attempts))]
pub struct ReadError {
    pub operation: Operation,
    pub origin: String,
    /// Requests that were sent for it.
    pub attempts: u32,
    pub kind: ReadErrorKind,
    /// Whether it would have been retried if the retry budget had not been used up.
    pub out_of_budget: bool,
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadErrorKind {
    /// The error of the last attempt.
    #[error(transparent)]
    Answer(ReadTrouble),
    #[error("the service keeps its large answer where it is not protected as the service is")]
    UnsafePayload,
    #[error("the answer can't be kept in the temporary folder: make room there, or set TMPDIR")]
    Disk(#[source] io::Error),
    #[error(transparent)]
    LongPause(#[from] LongPause),
}

/// A duration as text: `1h 30m`.
struct HumanDuration(Duration);

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole seconds are exact enough for a pause of minutes.
        let seconds = i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX);
        write!(f, "{:#}", SignedDuration::from_secs(seconds))
    }
}

struct NotAgain(bool);

impl fmt::Display for NotAgain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 {
            f.write_str("; too many requests have failed to try this one again")?;
        }
        Ok(())
    }
}

struct Verb(Method);

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Method::Get => "GET",
            Method::Patch => "PATCH",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        })
    }
}

struct AttemptCount(u32);

impl fmt::Display for AttemptCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("not sent"),
            1 => f.write_str("1 attempt"),
            more => write!(f, "{more} attempts"),
        }
    }
}
