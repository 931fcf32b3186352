//! What one attempt brought back, as plain data.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use serde_json::Value;

/// The longest message of the service that is kept, in characters: enough for a sentence or two,
/// too short for a page of HTML.
const MESSAGE_LIMIT: usize = 300;

/// The longest wait that is taken from a header: a week.
///
/// A run stops on far less; the bound keeps arithmetic on clocks from overflowing.
const WAIT_LIMIT: Duration = Duration::from_hours(7 * 24);

/// A whole answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<RetryAfter>,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// When the service wants to be asked again (RFC 9110, section 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds from the answer on.
    Seconds(u64),
    At(Timestamp),
}

/// Why an attempt brought no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing left this machine: provably no effect.
    #[error("{reason}")]
    NotSent { reason: String },
    /// The request may have left, and no whole answer came.
    #[error("{reason}")]
    Unknown { reason: String },
    /// An answer came that is too long to be kept, in bytes.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge { limit: u64 },
}

impl RetryAfter {
    /// Reads the header's value; none when it is neither seconds nor an HTTP date.
    ///
    /// `answered` is the answer's own `Date`. A date is counted from there, since the clock of this machine may be wrong.
    pub fn parse(value: &str, answered: Option<&str>) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than fit mean "very long", not "no wait".
            return Some(Self::Seconds(value.parse().unwrap_or(u64::MAX)));
        }
        let moment = http_date(value)?;
        Some(match answered.and_then(http_date) {
            Some(answered) => {
                let wait = moment.duration_since(answered).as_secs();
                Self::Seconds(u64::try_from(wait).unwrap_or(0))
            }
            None => Self::At(moment),
        })
    }

    /// How long to wait when it is `now`; zero when the moment has passed, a week at most.
    pub fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(moment) => {
                Duration::try_from(moment.duration_since(now)).unwrap_or(Duration::ZERO)
            }
        }
        .min(WAIT_LIMIT)
    }
}

fn http_date(value: &str) -> Option<Timestamp> {
    let date = rfc2822::parse(value.trim()).ok()?;
    Some(date.timestamp())
}

impl Reply {
    /// What the service says: its `message`, else the beginning of the body.
    pub fn message(&self) -> String {
        let message = match serde_json::from_slice(&self.body) {
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
    // A character has at most four bytes; what lies beyond is cut off anyway. White space is
    // folded, so a good deal more than the limit is looked at.
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

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        for (value, wait) in [
            ("0", Some(0)),
            ("30", Some(30)),
            (" 30 ", Some(30)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("99999999999999999999999", Some(7 * 24 * 60 * 60)),
            ("Fri, 06 Nov 2195 08:49:37 GMT", Some(7 * 24 * 60 * 60)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let parsed = RetryAfter::parse(value, None).map(|after| after.wait(now).as_secs());
            assert_eq!(parsed, wait, "{value:?}");
        }
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer_whatever_the_clock_here_says() {
        let (date, before, after) = (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:07 GMT",
            "Sun, 06 Nov 1994 08:50:07 GMT",
        );
        for now in [
            "1994-11-06T08:49:07Z",
            "1970-01-01T00:00:00Z",
            "2026-12-01T08:00:00Z",
        ] {
            let wait = |value, answered| {
                let parsed = RetryAfter::parse(value, Some(answered)).unwrap();
                parsed.wait(now.parse().unwrap()).as_secs()
            };
            assert_eq!(wait(date, before), 30, "{now}");
            assert_eq!(wait(date, after), 0, "{now}");
            // Seconds need no clock.
            assert_eq!(wait("7", after), 7, "{now}");
        }
        // Without a date of the answer that can be read, the clock here is all there is.
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let parsed = RetryAfter::parse(date, Some("today")).unwrap();
        assert_eq!(parsed.wait(now).as_secs(), 30);
    }
}
