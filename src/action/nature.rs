//! What a person and the run must know of a request before it is sent.

use serde::{Deserialize, Serialize};

use super::Effect;

/// How a change may be sent again when it is unknown whether it took effect. The later one is the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repeat {
    /// Absolute values without a status: may be sent again.
    Safe,
    /// A read can tell whether it took effect.
    Readable,
    /// No read can tell for sure: it is in doubt, and a person decides.
    Once,
}

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
