//! The id of a run: ids sort by start time.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// A UUID of version 7 (RFC 9562): its first 48 bits are the start time in Unix milliseconds, so ids and their texts sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(Uuid);

/// Why a text is not a run id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no run id")]
pub struct RunIdError {
    text: String,
}

impl RunId {
    /// The id of a run that starts at `at`; 74 bits of `random` are used. Times before 1970 count as 1970.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    /// Accepts only the form in which [`RunId`] is written: an id is the name of a folder.
    fn from_str(text: &str) -> Result<Self, RunIdError> {
        Uuid::try_parse(text)
            .ok()
            .filter(|uuid| uuid.get_version_num() == 7)
            .map(Self)
            .filter(|id| id.to_string() == text)
            .ok_or_else(|| RunIdError {
                text: text.to_owned(),
            })
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(millis: i64, random: u8) -> RunId {
        RunId::new(Timestamp::from_millisecond(millis).unwrap(), [random; 10])
    }

    #[test]
    fn the_same_moment_and_randomness_give_the_same_id() {
        // 0x01a2_30d5_1280 is the moment in milliseconds.
        assert_eq!(
            id(1_796_115_600_000, 0xab).to_string(),
            "01a230d5-1280-7bab-abab-abababababab"
        );
    }

    #[test]
    fn ids_sort_by_time_before_all_else() {
        assert!(id(1000, 0xff) < id(1001, 0));
        assert!(id(1000, 0xff).to_string() < id(1001, 0).to_string());
    }

    #[test]
    fn an_id_is_read_in_its_own_form_only() {
        let text = id(1_796_115_600_000, 1).to_string();
        assert_eq!(text.parse::<RunId>().unwrap().to_string(), text);
        for other in [
            text.to_uppercase(),
            text.replace('-', ""),
            format!("{{{text}}}"),
            "3fa85f64-5717-4562-b3fc-2c963f66afa6".to_owned(),
            "../x".to_owned(),
            String::new(),
        ] {
            assert!(other.parse::<RunId>().is_err(), "{other}");
        }
    }
}
