//! The content of a checkpoint: its header and its records.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::answer::PersonAnswer;
use crate::{outcome::Outcome, text::cut};

/// The version of the checkpoint format that is written and read.
pub const VERSION: u32 = 1;

/// The longest detail that is kept, in characters: enough for a message of the service, not for an HTML page of a proxy.
const MAX_DETAIL: usize = 300;

/// The first line: identifies the run and the plan of the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointHeader {
    pub wf_bulk_checkpoint: u32,
    /// The run's id.
    pub run: String,
    /// The SHA-256 of the plan file, as `sha256sum` prints it.
    pub plan_sha256: String,
    /// Lines of the plan file, header and trailer included.
    pub lines: u64,
    /// Changes among these lines.
    pub changes: u64,
}

impl CheckpointHeader {
    pub const fn new(run: String, plan_sha256: String, lines: u64, changes: u64) -> Self {
        Self {
            wf_bulk_checkpoint: VERSION,
            run,
            plan_sha256,
            lines,
            changes,
        }
    }
}

/// One event. `line` is the change's 1-based line in the plan file, `attempt` counts the starts of one change from 1, `at` is in Unix
/// milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// The intent: after this record the request may have left.
    Started { line: u64, attempt: u32, at: i64 },
    /// The service throttled the request (429), which had no effect.
    Throttled { line: u64, attempt: u32 },
    /// The attempt certainly had no effect: no connection was made, the service did not accept the token (401), or it refused the request
    /// while an earlier attempt is in doubt.
    /// `never_left`: the reason is on our side, not an answer to the attempt.
    #[serde(rename = "not_sent")]
    NoEffect {
        line: u64,
        attempt: u32,
        reason: Detail,
        #[serde(
            rename = "held_up",
            default,
            skip_serializing_if = "std::ops::Not::not"
        )]
        never_left: bool,
    },
    /// At this moment the attempt was given up without a conclusive answer; if the request left, it left before. (`started` may be minutes
    /// older, because of a pause in between.) The moment is for display only: the wall clock may be changed, so no decision uses it.
    Unknown {
        line: u64,
        attempt: u32,
        at: i64,
        reason: Detail,
    },
    /// A read-back, made late enough, proved that no attempt so far took effect.
    NotApplied { line: u64, attempt: u32 },
    /// A person permitted a retry. The attempts so far stay in doubt.
    SendAgain { line: u64, attempt: u32 },
    /// What a read of the service showed of a change in doubt. It is for people: it decides nothing.
    Looked {
        line: u64,
        attempt: u32,
        at: i64,
        found: Detail,
    },
    /// A person's answer about a change in doubt after this number of attempts. It takes effect where no read decides.
    Answered {
        line: u64,
        attempt: u32,
        at: i64,
        answer: PersonAnswer,
    },
    /// The change's outcome in this run.
    Ended {
        line: u64,
        outcome: RecordedOutcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<Detail>,
        /// The outcome is a person's answer; nothing that the service said shows it.
        #[serde(
            rename = "by_answer",
            default,
            skip_serializing_if = "std::ops::Not::not"
        )]
        is_answer: bool,
    },
    /// The run stopped because of errors in the stage that ends after this number of executions. `errors` is a CRC32C of the lines of the
    /// changes that had failed or were in doubt: the person who resumes the run knows about these.
    StageStopped {
        executions: u64,
        errors: u32,
        at: i64,
    },
    /// Another process resumed the run: nothing waits for the answers of requests in flight any more.
    Resumed { at: i64 },
    /// All changes have an outcome.
    Finished { at: i64 },
    /// A person abandoned the run.
    Abandoned { at: i64, reason: Detail },
}

impl Record {
    /// Its name in the file.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Throttled { .. } => "throttled",
            Self::NoEffect { .. } => "not_sent",
            Self::Unknown { .. } => "unknown",
            Self::NotApplied { .. } => "not_applied",
            Self::SendAgain { .. } => "send_again",
            Self::Looked { .. } => "looked",
            Self::Answered { .. } => "answered",
            Self::Ended { .. } => "ended",
            Self::StageStopped { .. } => "stage_stopped",
            Self::Resumed { .. } => "resumed",
            Self::Finished { .. } => "finished",
            Self::Abandoned { .. } => "abandoned",
        }
    }
}

/// The outcomes that are recorded. Without one, a change with an attempt that may have taken effect is in doubt, and any other change is
/// not attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedOutcome {
    Applied,
    AlreadyDone,
    Drifted,
    Gone,
    Refused,
    Failed,
    /// A person decided to leave it in doubt.
    InDoubt,
}

impl RecordedOutcome {
    pub const ALL: [Self; 7] = [
        Self::Applied,
        Self::AlreadyDone,
        Self::Drifted,
        Self::Gone,
        Self::Refused,
        Self::Failed,
        Self::InDoubt,
    ];
}

impl From<RecordedOutcome> for Outcome {
    fn from(end: RecordedOutcome) -> Self {
        match end {
            RecordedOutcome::Applied => Self::Applied,
            RecordedOutcome::AlreadyDone => Self::AlreadyDone,
            RecordedOutcome::Drifted => Self::Drifted,
            RecordedOutcome::Gone => Self::Gone,
            RecordedOutcome::Refused => Self::Refused,
            RecordedOutcome::Failed => Self::Failed,
            RecordedOutcome::InDoubt => Self::InDoubt,
        }
    }
}

impl fmt::Display for RecordedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Outcome::from(*self).fmt(f)
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At this moment, in Unix milliseconds.
    Finished {
        at: i64,
    },
    Abandoned {
        at: i64,
        reason: String,
    },
}

impl Ending {
    /// The ending in the record, if it is one.
    pub(super) fn of(record: &Record) -> Option<Self> {
        match *record {
            Record::Finished { at } => Some(Self::Finished { at }),
            Record::Abandoned { at, ref reason } => Some(Self::Abandoned {
                at,
                reason: reason.to_string(),
            }),
            Record::Started { .. }
            | Record::Throttled { .. }
            | Record::NoEffect { .. }
            | Record::Unknown { .. }
            | Record::NotApplied { .. }
            | Record::SendAgain { .. }
            | Record::Looked { .. }
            | Record::Answered { .. }
            | Record::Ended { .. }
            | Record::StageStopped { .. }
            | Record::Resumed { .. } => None,
        }
    }

    pub const fn word(&self) -> &'static str {
        match self {
            Self::Finished { .. } => "finished",
            Self::Abandoned { .. } => "abandoned",
        }
    }
}

/// A text in a record, at most 300 characters: a record stays short for any answer of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Detail(String);

impl Detail {
    /// Keeps the beginning of `text`; the cut is marked by an ellipsis.
    pub fn new(text: &str) -> Self {
        match text.char_indices().nth(MAX_DETAIL) {
            None => Self(text.to_owned()),
            Some(_) => Self(cut(text, MAX_DETAIL - 1)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Detail> for String {
    fn from(detail: Detail) -> Self {
        detail.0
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_records_are_those_of_the_file() {
        let reason = Detail::new("r");
        for record in [
            Record::Started {
                line: 2,
                attempt: 1,
                at: 0,
            },
            Record::Throttled {
                line: 2,
                attempt: 1,
            },
            Record::NoEffect {
                line: 2,
                attempt: 1,
                reason: reason.clone(),
                never_left: false,
            },
            Record::Unknown {
                line: 2,
                attempt: 1,
                at: 0,
                reason: reason.clone(),
            },
            Record::NotApplied {
                line: 2,
                attempt: 1,
            },
            Record::SendAgain {
                line: 2,
                attempt: 1,
            },
            Record::Looked {
                line: 2,
                attempt: 1,
                at: 0,
                found: reason.clone(),
            },
            Record::Answered {
                line: 2,
                attempt: 1,
                at: 0,
                answer: PersonAnswer::Skip,
            },
            Record::Ended {
                line: 2,
                outcome: RecordedOutcome::Gone,
                detail: None,
                is_answer: false,
            },
            Record::StageStopped {
                executions: 3,
                errors: 7,
                at: 0,
            },
            Record::Resumed { at: 0 },
            Record::Finished { at: 0 },
            Record::Abandoned { at: 0, reason },
        ] {
            let json = serde_json::to_value(&record).unwrap();
            assert!(json.get(record.word()).is_some(), "{json}");
            assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record);
        }
    }

    #[test]
    fn ends_are_written_by_the_names_of_the_outcomes() {
        for end in RecordedOutcome::ALL {
            assert_eq!(
                serde_json::to_value(end).unwrap(),
                Outcome::from(end).word()
            );
        }
    }

    #[test]
    fn an_outcome_of_an_earlier_version_is_no_answer_and_an_answer_is_marked() {
        let earlier = r#"{"ended":{"line":2,"outcome":"applied"}}"#;
        let ended = |is_answer| Record::Ended {
            line: 2,
            outcome: RecordedOutcome::Applied,
            detail: None,
            is_answer,
        };
        assert_eq!(serde_json::to_string(&ended(false)).unwrap(), earlier);
        assert_eq!(
            serde_json::from_str::<Record>(earlier).unwrap(),
            ended(false)
        );
        let marked = serde_json::to_value(ended(true)).unwrap();
        assert_eq!(marked["ended"]["by_answer"], true);
        for answer in PersonAnswer::ALL {
            assert_eq!(serde_json::to_value(answer).unwrap(), answer.word());
        }
    }

    #[test]
    fn an_outcome_that_follows_from_the_records_cannot_be_recorded() {
        assert!(serde_json::from_str::<RecordedOutcome>("\"not_attempted\"").is_err());
    }

    #[test]
    fn a_detail_is_cut_between_characters_and_only_when_it_is_too_long() {
        let fits = "ü".repeat(MAX_DETAIL);
        assert_eq!(Detail::new(&fits).as_str(), fits);
        let cut = Detail::new(&format!("{fits}x"));
        assert_eq!(cut.as_str().chars().count(), MAX_DETAIL);
        assert!(cut.as_str().ends_with("ü…"));
        assert_eq!(Detail::from(String::from(cut.clone())), cut);
    }
}
