//! A record of the history, and the digest that seals its line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{RunId, RunOrigin};
use crate::{digest::sha256, outcome::Outcome};

/// Between the fields of a record and its digest.
const SEAL: &str = ",\"sha256\":\"";

/// The end of a line.
const END: &str = "\"}";

/// Digits of a digest.
pub(super) const DIGITS: usize = 64;

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryRecord {
    /// Counts from 1.
    pub(super) record: u64,
    /// The digest of the record before; none in the first one.
    pub(super) before: Option<String>,
    pub(super) at: Timestamp,
    pub(super) event: HistoryEvent,
}

/// What happened to a run, or that there was none. `files` has the SHA-256 of each file that does not change from then on, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum HistoryEvent {
    Created {
        run: RunId,
        files: BTreeMap<String, String>,
        /// None in records of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<Box<RunOrigin>>,
    },
    Ended {
        run: RunId,
        /// `finished` or `abandoned`
        how: String,
        /// In Unix milliseconds, as in the checkpoint.
        ended_at: i64,
        outcomes: BTreeMap<Outcome, u64>,
        files: BTreeMap<String, String>,
    },
    /// A person deleted its folder.
    Pruned { run: RunId },
    /// A command that was to make a run has ended without one.
    NoRun(NoRun),
}

/// A command that was to make a run, and has ended without one: there was nothing to do, it was refused, or it failed before. Without
/// this record, such a night looks like one on which nothing was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoRun {
    pub playbook: String,
    /// Its host, or `sandbox`.
    pub server: String,
    pub org: Option<String>,
    pub exit_code: u8,
    /// One sentence for people.
    pub why: String,
}

impl HistoryRecord {
    /// Its line, which ends with the SHA-256 of all bytes before the digest, and the digest.
    ///
    /// # Errors
    ///
    /// None that is expected: a record can be written as JSON.
    pub(super) fn seal(&self) -> serde_json::Result<(String, String)> {
        let mut line = serde_json::to_string(self)?;
        // An object with fields: its closing brace comes after the digest.
        line.pop();
        line.push_str(SEAL);
        let digest = sha256(&line);
        line.push_str(&digest);
        line.push_str(END);
        line.push('\n');
        Ok((line, digest))
    }

    /// Reads a line without its line break, and its digest. None if it is not as [`Self::seal`] made it, to the byte.
    pub(super) fn open(line: &[u8]) -> Option<(Self, String)> {
        let line = str::from_utf8(line).ok()?;
        let sealed = line.strip_suffix(END)?;
        let (before, digest) = sealed.split_at_checked(sealed.len().checked_sub(DIGITS)?)?;
        if sha256(before) != digest {
            return None;
        }
        let fields = before.strip_suffix(SEAL)?;
        let record = serde_json::from_str(&format!("{fields}}}")).ok()?;
        Some((record, digest.to_owned()))
    }

    /// How the line of this record begins: what is fixed before its moment and its event are.
    pub(super) fn beginning(record: u64, before: Option<&str>) -> String {
        let before = before.map_or_else(|| "null".to_owned(), |before| format!("\"{before}\""));
        format!("{{\"record\":{record},\"before\":{before},")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_version_that_did_not_keep_who_is_read() {
        let record = HistoryRecord {
            record: 1,
            before: None,
            at: Timestamp::UNIX_EPOCH,
            event: HistoryEvent::Created {
                run: RunId::new(Timestamp::UNIX_EPOCH, [1; 10]),
                files: BTreeMap::new(),
                origin: None,
            },
        };
        let (line, digest) = record.seal().unwrap();
        assert!(line.contains(r#""files":{}}}"#), "{line}");
        assert_eq!(
            HistoryRecord::open(line.trim_end().as_bytes()),
            Some((record, digest))
        );
    }
}
