//! What is known of a change that was started and has no outcome.

use super::record::Detail;

/// The attempts of a change without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempted {
    pub(super) attempts: u32,
    /// When the first attempt was sent, in Unix milliseconds.
    pub(super) first_sent_at: i64,
    /// When the last one was.
    pub(super) sent_at: i64,
    /// The error or answer of the last attempt, or of the one before while it is in flight.
    pub(super) last_answer: Option<Detail>,
    /// What the last look at the service showed.
    pub(super) found: Option<Detail>,
}

impl Attempted {
    /// One attempt, sent at this moment.
    pub(super) const fn first(at: i64) -> Self {
        Self {
            attempts: 1,
            first_sent_at: at,
            sent_at: at,
            last_answer: None,
            found: None,
        }
    }
}
