//! Whether a change may be sent again.

use serde::{Deserialize, Serialize};

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
