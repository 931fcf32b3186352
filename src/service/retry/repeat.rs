//! Whether a change may be sent again.

use serde::{Deserialize, Serialize};

/// How a change may be sent again after an unknown attempt. The later one is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repeat {
    /// Absolute values without a status: may be sent again.
    Safe,
    /// A read-back can decide whether it took effect.
    Readable,
    /// No read-back can decide for sure: it stays in doubt until a person decides.
    Once,
}
