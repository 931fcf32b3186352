//! The token, which can only be sent.

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::redactor::Redactor;

/// An access token: not printable, not serialisable, wiped from memory when dropped.
#[derive(Clone)]
pub struct Token(SecretString);

/// Why a text is not a valid token. Never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is empty")]
    Empty,
    #[error("give the token alone, without `Bearer` before it")]
    Scheme,
    #[error("give the token alone, without `EPILOT_TOKEN=` before it")]
    Assignment,
    #[error("the token is in quotes: remove them")]
    Quotes,
    #[error("there is more than one line: leave the token alone in it")]
    Lines,
    #[error("a token holds no spaces, line breaks or non-ASCII characters")]
    Character,
}

impl Token {
    /// Accepts `text` without surrounding white space and a leading byte order mark, which editors add.
    ///
    /// # Errors
    ///
    /// If the token is empty or not a valid header value.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if text
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
        {
            return Err(TokenError::Scheme);
        }
        if text.contains("EPILOT_TOKEN=") {
            return Err(TokenError::Assignment);
        }
        if text.starts_with(['"', '\'', '\u{201c}', '\u{201e}']) {
            return Err(TokenError::Quotes);
        }
        if text.contains('\n') {
            return Err(TokenError::Lines);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Character);
        }
        Ok(Self(SecretString::from(text)))
    }

    #[cfg(test)]
    pub(crate) fn expose_for_test(&self) -> String {
        self.0.expose_secret().to_owned()
    }

    /// As `earlier`, which also removes this token.
    pub(super) fn redacted_by(&self, earlier: &Redactor) -> Redactor {
        earlier.with(self.0.expose_secret())
    }

    /// The value of the `Authorization` header, marked sensitive.
    pub(super) fn authorization(&self) -> HeaderValue {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.0.expose_secret()))
            .expect("a token is checked to be visible ASCII when it is made");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_itself_in_its_header_only() {
        let token = Token::new(" s3cr3t\n").unwrap();
        assert_eq!(format!("{token:?}"), "Token([redacted])");
        let header = token.authorization();
        assert_eq!(header.as_bytes(), b"Bearer s3cr3t");
        assert!(!format!("{header:?}").contains("s3cr3t"));
    }

    #[test]
    fn what_can_not_stand_in_a_header_is_refused_without_being_shown() {
        for (text, error) in [
            ("", TokenError::Empty),
            (" \n", TokenError::Empty),
            ("Bearer s3cr3t", TokenError::Scheme),
            ("bearer s3cr3t", TokenError::Scheme),
            ("s3cr3t s3cr3t", TokenError::Character),
            ("s3cr3t\r\nx-other: 1", TokenError::Lines),
            ("s3cr3t\rx-other: 1", TokenError::Character),
            ("\"s3cr3t\"", TokenError::Quotes),
            ("'s3cr3t'", TokenError::Quotes),
            ("“s3cr3t”", TokenError::Quotes),
            ("EPILOT_TOKEN=s3cr3t", TokenError::Assignment),
            ("export EPILOT_TOKEN=\"s3cr3t\"", TokenError::Assignment),
            ("s3cr3t\u{0}", TokenError::Character),
            ("s3crät", TokenError::Character),
        ] {
            let refused = Token::new(text).unwrap_err();
            assert_eq!(refused, error, "{text:?}");
            assert!(!refused.to_string().contains("s3cr3t"));
        }
    }
}
