//! What a person and the run must know of a request before it is sent.

use super::Effect;
use crate::retry::Repeat;

/// How a request may be repeated, what else it may cause, and whether there is a way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    pub repeat: Repeat,
    pub effects: &'static [Effect],
    /// Why it can't be undone; none when the opposite request undoes it.
    pub irreversible: Option<&'static str>,
}

impl Nature {
    /// A PATCH of absolute values without a status.
    pub const PLAIN: Self = Self {
        repeat: Repeat::Safe,
        effects: &[],
        irreversible: None,
    };
}
