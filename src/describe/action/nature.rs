//! The properties of a request that matter before it is sent.

use super::Effect;
use crate::retry::Repeat;

/// How a request may be repeated, what it may cause, and whether it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    pub repeat: Repeat,
    pub effects: &'static [Effect],
    /// Why it can't be undone; none if the opposite request undoes it.
    pub why_final: Option<&'static str>,
}

impl Nature {
    /// A PATCH of absolute values without a status.
    pub const PLAIN: Self = Self {
        repeat: Repeat::Safe,
        effects: &[],
        why_final: None,
    };
}
