//! What a run was started with, for those that come back to it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::run_id::RunId;
use crate::pace::Pace;

/// The version of `run.json` that is written and read.
pub const VERSION: u32 = 1;

/// `run.json`: written once, when the run is made. Holds no token; `resume` asks for one anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    pub wf_bulk_run: u32,
    pub run: RunId,
    pub started_at: Timestamp,
    /// The playbook's name.
    pub playbook: String,
    /// SHA-256 in hex over the variables: with playbook and server, what makes two runs the same.
    pub vars_sha256: String,
    /// What `sha256sum` prints for the plan.
    pub plan_sha256: String,
    /// The origin of the server, or `sandbox`.
    pub server: String,
    pub org: Option<String>,
    pub pace: Pace,
    /// Whether each execution is read once more before its writes.
    pub recheck: bool,
    /// For one whole request, in milliseconds.
    pub timeout_ms: u64,
    /// How long after an attempt was given up a read can prove that it did nothing, in milliseconds.
    pub settle_ms: u64,
    /// What `--reason` said.
    pub reason: Option<String>,
}

impl RunSettings {
    /// How long one whole request may take.
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// How long after an attempt was given up a read can prove that it did nothing.
    pub const fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::num::NonZeroU32;

    use super::*;

    pub(in crate::store) fn settings(run: RunId) -> RunSettings {
        let four = NonZeroU32::new(4).unwrap();
        RunSettings {
            wf_bulk_run: VERSION,
            run,
            started_at: "2026-12-01T09:00:00Z".parse().unwrap(),
            playbook: "reassign-leaver".into(),
            vars_sha256: "cd34".into(),
            plan_sha256: "ab12".into(),
            server: "sandbox".into(),
            org: None,
            pace: Pace {
                rate: "8/s".parse().unwrap(),
                burst: four,
                concurrency: four,
                stop_after: four,
                max_errors: None,
                stages: Vec::new(),
            },
            recheck: true,
            timeout_ms: 30_000,
            settle_ms: 30_000,
            reason: None,
        }
    }
}
