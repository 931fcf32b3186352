//! The files of epilot's own tools: `profiles.json` and `credentials.json`.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::{platform, text::shown_path};

/// The content of the two files; empty if they do not exist.
#[derive(Debug, Default)]
pub struct Files {
    pub profiles_path: PathBuf,
    pub profiles: Profiles,
    pub stored: Option<StoredCredentials>,
    /// Files that other users can read.
    pub readable: Vec<PathBuf>,
}

/// `profiles.json`.
#[derive(Debug, Default, Deserialize)]
pub struct Profiles {
    pub active: Option<String>,
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Profile {
    pub server: Option<String>,
    pub token: Option<SecretString>,
    pub org_id: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub headers: BTreeMap<String, SecretString>,
}

/// `credentials.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredCredentials {
    pub token: SecretString,
    pub org_id: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    pub expires_at: Option<Timestamp>,
}

/// Why a file can't be used. Never contains parts of the file.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("{} can't be read: {source}", shown_path(path))]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "{}, line {line}: it is not what epilot's tools write there; log in again, or give a token with EPILOT_TOKEN",
        shown_path(path)
    )]
    Json { path: PathBuf, line: usize },
}

impl Files {
    /// Reads the files in a folder.
    ///
    /// # Errors
    ///
    /// If a file exists and can't be read or parsed.
    pub fn read(folder: &Path) -> Result<Self, FilesError> {
        let profiles_path = folder.join("profiles.json");
        let stored_path = folder.join("credentials.json");
        let mut readable = Vec::new();
        Ok(Self {
            profiles: read(&profiles_path, &mut readable)?.unwrap_or_default(),
            stored: read(&stored_path, &mut readable)?,
            profiles_path,
            readable,
        })
    }
}

/// The folder of the files, from the environment; none if there is no home folder.
pub fn folder(config_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let is_set = |path: &PathBuf| path.is_absolute();
    config_home
        .filter(is_set)
        .or_else(|| home.filter(is_set).map(|home| home.join(".config")))
        .map(|folder| folder.join("epilot"))
}

fn read<T: for<'de> Deserialize<'de>>(
    path: &Path,
    readable: &mut Vec<PathBuf>,
) -> Result<Option<T>, FilesError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(FilesError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    if is_readable_by_others(path) {
        readable.push(path.to_owned());
    }
    // The error's own text could contain parts of the file.
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let parsed = serde_json::from_slice(json).map_err(|error| FilesError::Json {
        path: path.to_owned(),
        line: error.line(),
    })?;
    Ok(Some(parsed))
}

/// What can't be asked is no reason for a warning.
fn is_readable_by_others(path: &Path) -> bool {
    fs::metadata(path)
        .and_then(|metadata| platform::access_of_others(path, &metadata))
        .is_ok_and(|access| access.is_some())
}

/// An instant as text (RFC 3339) or as a number of seconds or milliseconds.
fn moment<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    use serde::de::Error as _;
    // Seconds exceed this number in the year 5138, milliseconds have since 1973.
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let wrong = || D::Error::custom("no moment");
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some).map_err(|_| wrong()),
        Value::Number(number) => {
            let number = number.as_i64().ok_or_else(wrong)?;
            let moment = if number >= MILLISECONDS_FROM {
                Timestamp::from_millisecond(number)
            } else {
                Timestamp::from_second(number)
            };
            moment.map(Some).map_err(|_| wrong())
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_wrong_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("credentials.json"),
            "{\"token\":\n\"s3cr3t\" oops}",
        )
        .unwrap();
        let error = Files::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("credentials.json, line 2: "), "{error}");
        assert!(!error.contains("s3cr3t"));
    }

    #[test]
    fn moments_are_read_in_each_form_and_the_folder_is_the_vendors() {
        for (text, moment) in [
            ("\"2026-12-01T08:00:00Z\"", Some(1_796_112_000)),
            ("1796112000", Some(1_796_112_000)),
            ("1796112000000", Some(1_796_112_000)),
            ("null", None),
        ] {
            let stored: StoredCredentials =
                serde_json::from_str(&format!("{{\"token\":\"t\",\"expires_at\":{text}}}"))
                    .unwrap();
            assert_eq!(
                stored.expires_at.map(Timestamp::as_second),
                moment,
                "{text}"
            );
        }
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(folder(path("/c"), path("/h")), path("/c/epilot"));
        assert_eq!(
            folder(path("relative"), path("/h")),
            path("/h/.config/epilot")
        );
        assert_eq!(folder(None, None), None);
    }
}
