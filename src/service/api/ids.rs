//! Ids that are safe to put into a URL path.

use std::{borrow::Borrow, fmt};

use serde::{Deserialize, Serialize, Serializer};

/// The longest id that is accepted; the API's own are UUIDs or shorter.
const MAX_LEN: usize = 128;

/// An id of an execution, phase, task or entity, checked against an allowlist.
///
/// Percent-encoding is not enough: the URL standard folds `..` and `%2E%2E` away, so an id
/// outside `[A-Za-z0-9_-][A-Za-z0-9._~:-]*` is refused instead of encoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Id(Box<str>);

/// Why a text can't be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("an id can't be empty")]
    Empty,
    #[error("an id has at most {MAX_LEN} characters, this one has {0}")]
    TooLong(usize),
    #[error(
        "an id consists of letters, digits, _ and -, after the first character also . ~ :; found {0:?}"
    )]
    Character(char),
    #[error("a program has turned it into a number: write it as text, with all its characters")]
    Number,
    #[error("it is true or false, so it names nothing")]
    Boolean,
}

impl IdError {
    /// The message for an id in a file of rows. CSV may come from a spreadsheet.
    pub fn in_row(&self, is_csv: bool) -> String {
        match self {
            Self::Number if is_csv => "Excel or another program has turned it into a number: in the spreadsheet, format the column as text and enter the ids again".to_owned(),
            Self::Number
            | Self::Empty
            | Self::TooLong(_)
            | Self::Character(_)
            | Self::Boolean => self.to_string(),
        }
    }
}

impl Id {
    /// Checks `text` and makes it an id.
    ///
    /// # Errors
    ///
    /// When `text` is empty, longer than 128 characters or holds a character outside the allowlist.
    pub fn new(text: &str) -> Result<Self, IdError> {
        if text.len() > MAX_LEN {
            return Err(IdError::TooLong(text.chars().count()));
        }
        if is_number(text) {
            return Err(IdError::Number);
        }
        if ["true", "false"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
        {
            return Err(IdError::Boolean);
        }
        let mut characters = text.chars();
        let first = characters.next().ok_or(IdError::Empty)?;
        if !matches!(first, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-') {
            return Err(IdError::Character(first));
        }
        match characters
            .find(|c| !matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '_' | '~' | ':' | '-'))
        {
            Some(other) => Err(IdError::Character(other)),
            None => Ok(Self(text.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a spreadsheet or a program writes a number like this: `1.002E+04`, `1,002E+04` in German, `1E+05`, `10020.0`. Digits alone are
/// an id, and so is `12e45`, which may be an id of v1.
fn is_number(text: &str) -> bool {
    let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = match text.split_once(['E', 'e']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match number.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let digits = exponent.map(|exponent| exponent.trim_start_matches(['+', '-']));
    let is_signed = digits != exponent;
    is_whole(whole)
        && fraction.is_none_or(is_whole)
        && digits.is_none_or(is_whole)
        && (fraction.is_some() || is_signed)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lets sets of ids be searched by text. (Ids are ordered as their texts.)
impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(&text)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_has_made_of_an_id_is_told_from_a_wrong_letter() {
        for text in [
            "1.002E+04",
            "1,002E+04",
            "1E+05",
            "1.23456789012346e+23",
            "1.5E4",
            "1E-05",
            "10020.0",
            "10020,0",
        ] {
            let error = Id::new(text).unwrap_err();
            assert_eq!(error, IdError::Number, "{text}");
            assert!(error.in_row(true).starts_with("Excel or another"));
            assert!(!error.in_row(false).contains("Excel"));
        }
        for text in ["true", "FALSE"] {
            assert_eq!(Id::new(text), Err(IdError::Boolean), "{text}");
        }
        for text in [
            "10020",
            "12e45",
            "1e4-5",
            "1.0.2",
            "1e400000-5717-4562-b3fc-2c963f66afa6",
        ] {
            assert!(Id::new(text).is_ok(), "{text}");
        }
        for text in [
            "E+04",
            "1.E+04",
            "1.002E+",
            "1.0.2E+04",
            "aE+04",
            "1E+04E+1",
        ] {
            assert!(
                matches!(Id::new(text), Err(IdError::Character(_))),
                "{text}"
            );
        }
        assert!(Id::new("1E4").is_ok());
    }

    #[test]
    fn ids_of_the_api_are_accepted() {
        for id in [
            "8gja72h6kas6h",
            "3fa85f64-5717-4562-b3fc-2c963f66afa6",
            "_a",
            "-a",
            "a.b~c:d",
        ] {
            assert_eq!(Id::new(id).map(|id| id.to_string()).as_deref(), Ok(id));
        }
    }

    #[test]
    fn what_a_url_would_fold_or_split_is_refused() {
        for id in [
            "..", ".", ".a", "~a", ":a", "a/b", "a/../b", "a%2E", "a?b", "a#b", "a b", "a\n", "ä",
            "a\\b",
        ] {
            assert!(matches!(Id::new(id), Err(IdError::Character(_))), "{id:?}");
        }
        assert_eq!(Id::new(""), Err(IdError::Empty));
        assert_eq!(Id::new(&"a".repeat(129)), Err(IdError::TooLong(129)));
        assert!(Id::new(&"a".repeat(128)).is_ok());
    }

    #[test]
    fn a_bad_id_in_json_is_an_error() {
        assert!(serde_json::from_str::<Id>("\"../x\"").is_err());
    }
}
