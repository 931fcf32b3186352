//! How fast: the settings, the limiter and the shared pause.

mod limiter;

pub use limiter::Pacer;

use std::{num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

/// Requests a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(f64);

impl FromStr for Rate {
    type Err = String;
    fn from_str(_text: &str) -> Result<Self, String> {
        todo!()
    }
}
impl TryFrom<String> for Rate {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        format!("{}/s", rate.0)
    }
}

/// How fast and how far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    pub rate: Rate,
    /// Requests that may leave at once after a rest.
    pub burst: NonZeroU32,
    /// Executions worked on at the same time.
    pub concurrency: NonZeroU32,
    /// Failures in a row that stop the run.
    pub stop_after: NonZeroU32,
}
