//! What the ledger says of one run. No names of executions, no changes, no secret.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use crate::{outcome::Outcome, plan::Follows, run_id::RunId};

/// The version of the files that are written and read.
const VERSION: u32 = 1;

/// Bytes of the largest file: it holds a few short values.
const MOST: usize = 64 * 1024;

/// A run that has begun: it may have sent something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRun {
    pub wf_bulk_ledger: LedgerVersion,
    pub run: RunId,
    /// The SHA-256 of its plan.
    pub plan_sha256: String,
    /// The playbook's name.
    pub playbook: String,
    /// SHA-256 in hex of the variables.
    pub vars_sha256: String,
    pub server: String,
    pub org: Option<String>,
    /// The run that its plan undoes, retries or corrects.
    pub follows: Option<Follows>,
    /// The changes of its plan.
    pub changes: u64,
    pub started_at: Timestamp,
    /// The user and the machine that started it.
    pub user: String,
    pub host: String,
    /// The texts of `--actor` and `--link`.
    pub actor: Option<String>,
    pub link: Option<String>,
    pub session: LedgerSession,
    /// None if it can be resumed.
    pub end: Option<LedgerEnd>,
}

/// Reads and writes the one version of the format that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct LedgerVersion;

impl TryFrom<u32> for LedgerVersion {
    type Error = String;

    fn try_from(found: u32) -> Result<Self, String> {
        if found == VERSION {
            return Ok(Self);
        }
        Err(format!(
            "it has version {found}, and this wf-bulk reads version {VERSION}"
        ))
    }
}

impl From<LedgerVersion> for u32 {
    fn from(_: LedgerVersion) -> Self {
        VERSION
    }
}

/// The last session that may have sent something. Only a folder that knows it is not an older copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSession {
    pub id: String,
    pub host: String,
    pub at: Timestamp,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEnd {
    pub how: LedgerEnding,
    pub at: Timestamp,
    /// The machine that recorded it.
    pub host: String,
    /// The number of changes with each outcome. What is not known counts as in doubt.
    pub outcomes: BTreeMap<Outcome, u64>,
    pub exit_code: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerEnding {
    Finished,
    Abandoned,
}

impl LedgerEnding {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Abandoned => "abandoned",
        }
    }
}

impl LedgerEnd {
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }
}

impl LedgerRun {
    /// The name of its file.
    pub(super) fn file_name(&self) -> String {
        format!("{}.{}.json", self.plan_sha256, self.run)
    }

    pub(super) fn to_file(&self) -> Result<Vec<u8>, LedgerError> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| unreadable(&self.file_name(), &error))?;
        text.push(b'\n');
        Ok(text)
    }

    /// The run in the file `name`.
    pub(super) fn from_file(name: &str, text: &[u8]) -> Result<Self, LedgerError> {
        if text.len() > MOST {
            return Err(unreadable(
                name,
                &format_args!("it is longer than {MOST} bytes"),
            ));
        }
        let run: Self = serde_json::from_slice(text).map_err(|error| unreadable(name, &error))?;
        if run.file_name() != name {
            return Err(unreadable(name, &"it is about another plan or run"));
        }
        Ok(run)
    }

    /// How many changes may have taken effect and are not known to have: those of a run of which nothing is known any more.
    pub fn all_in_doubt(&self) -> BTreeMap<Outcome, u64> {
        BTreeMap::from([(Outcome::InDoubt, self.changes)])
    }
}

fn unreadable(name: &str, why: &dyn std::fmt::Display) -> LedgerError {
    LedgerError::File {
        name: name.to_owned(),
        why: why.to_string(),
    }
}
