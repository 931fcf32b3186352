//! The result of one attempt, as plain data.

use serde_json::Value;

use crate::json;

use super::RetryAfter;

/// The longest message of the service that is kept, in characters: enough for a sentence or two, and too short for an HTML page.
const MESSAGE_LIMIT: usize = 300;

/// A complete answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<RetryAfter>,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// Why an attempt has no complete answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent: certainly no effect.
    #[error("{reason}")]
    NotSent { reason: String },
    /// The request may have been sent, and no complete answer came.
    #[error("{reason}")]
    Unknown { reason: String },
    /// The answer is too long to be kept; its length in bytes.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge { limit: u64 },
}

impl Reply {
    /// The service's error: its `message`, or else the beginning of the body.
    pub fn message(&self) -> String {
        let message = match json::decode(&self.body) {
            Ok(Value::Object(mut object)) => match object.remove("message") {
                Some(Value::String(message)) => Some(message),
                Some(_) | None => None,
            },
            Ok(_) | Err(_) => None,
        };
        let message = message.map_or_else(|| excerpt(&self.body), |text| excerpt(text.as_bytes()));
        if message.is_empty() {
            "no message".to_owned()
        } else {
            message
        }
    }
}

/// The beginning of `bytes` as one line of text; at most 300 characters.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    // A character has at most four bytes, and white space is collapsed, so more bytes than the limit are read.
    let start = &bytes[..bytes.len().min(16 * MESSAGE_LIMIT)];
    let text = String::from_utf8_lossy(start);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_LIMIT) {
        Some(_) => line
            .chars()
            .take(MESSAGE_LIMIT - 1)
            .chain(std::iter::once('…'))
            .collect(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> String {
        Reply {
            status: 400,
            retry_after: None,
            content_type: None,
            body: body.into(),
        }
        .message()
    }

    #[test]
    fn the_message_of_the_service_is_taken_or_else_the_beginning_of_the_body() {
        for (body, message) in [
            (r#"{"message":"status is wrong"}"#, "status is wrong"),
            ("{\"message\":\" two\\nlines \"}", "two lines"),
            (r#"{"message":7}"#, r#"{"message":7}"#),
            (r#"{"error":"x"}"#, r#"{"error":"x"}"#),
            (r#"{"message":""}"#, "no message"),
            ("<html>\n  <b>Bad</b>\n</html>", "<html> <b>Bad</b> </html>"),
            ("", "no message"),
        ] {
            assert_eq!(said(body), message);
        }
    }

    #[test]
    fn a_message_is_never_longer_than_300_characters() {
        let long = said(&format!(r#"{{"message":"{}"}}"#, "ü".repeat(301)));
        assert_eq!(long.chars().count(), 300);
        assert!(long.ends_with("ü…"));
        let fits = "ü".repeat(300);
        assert_eq!(said(&format!(r#"{{"message":"{fits}"}}"#)), fits);
        assert_eq!(said(&"x".repeat(1_000_000)).chars().count(), 300);
    }
}
