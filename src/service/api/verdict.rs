//! Interprets the result of an attempt: a [`Verdict`] for writes, a [`ReadFinding`] or a [`ReadTrouble`] for reads.

use serde_json::Value;

use super::{Absence, Operation, OperationKind, Reply, RetryAfter, TransportError, reply::excerpt};
use crate::json;

/// What is known after one attempt of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The service accepted it; with the object in the answer, if there is one. Whether that shows what was sent is checked elsewhere.
    Applied(Option<Answer>),
    /// The service refused it, and nothing changed.
    Refused { status: u16, message: String },
    /// The target, or something else that the request names, was not found.
    Gone { status: u16, message: String },
    /// The service does not accept the token.
    Unauthorized { message: String },
    /// The service wants fewer requests; nothing changed.
    Throttled {
        message: String,
        retry_after: Option<RetryAfter>,
    },
    /// Nothing was sent.
    NotSent { reason: String },
    /// It is unknown whether it took effect.
    Unknown {
        reason: String,
        retry_after: Option<RetryAfter>,
    },
}

/// The object that answers a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub object: Value,
}

/// The result of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFinding {
    /// The answer; a value that could not be kept is a note ([`json::unreadable`]).
    Json(Value),
    /// There is no such resource.
    Missing,
}

/// Why one attempt of a read failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadTrouble {
    #[error("the service does not accept the token: {message}")]
    Unauthorized { message: String },
    #[error("the service refuses with {status}: {message}")]
    Refused { status: u16, message: String },
    #[error("the service answers 429, too many requests ({message}): lower the rate")]
    Throttled {
        message: String,
        retry_after: Option<RetryAfter>,
    },
    /// No connection: reading again may help.
    #[error("the server can't be reached, check --server: {reason}")]
    Unreachable { reason: String },
    /// No conclusive answer: reading again may help.
    #[error("no conclusive answer: {reason}")]
    Failing {
        reason: String,
        retry_after: Option<RetryAfter>,
    },
    /// The body is not JSON, so it is probably not from the service.
    #[error("the answer ({}) is no JSON, check --server: {excerpt}", .content_type.as_deref().unwrap_or("without a content type"))]
    NotJson {
        content_type: Option<String>,
        excerpt: String,
    },
    #[error("the answer is longer than {limit} bytes: select less at a time")]
    TooLarge { limit: u64 },
}

impl From<TransportError> for ReadTrouble {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent { reason } => Self::Unreachable { reason },
            TransportError::Unknown { reason } => Self::Failing {
                reason,
                retry_after: None,
            },
            TransportError::TooLarge { limit } => Self::TooLarge { limit },
        }
    }
}

/// The message for a 3xx: redirects are not followed, because the token is for one origin only.
const REDIRECTED: &str = "the server redirects; check --server";

/// The meaning of one attempt of a write.
///
/// These do not tell whether it had an effect: a 5xx or 408, a 2xx whose body is not the service's JSON (a proxy's page), and a 404 or 410
/// that is not from the service.
pub fn verdict(result: &Result<Reply, TransportError>) -> Verdict {
    let reply = match result {
        Ok(reply) => reply,
        Err(TransportError::NotSent { reason }) => {
            return Verdict::NotSent {
                reason: reason.clone(),
            };
        }
        Err(error @ (TransportError::Unknown { .. } | TransportError::TooLarge { .. })) => {
            return Verdict::Unknown {
                reason: error.to_string(),
                retry_after: None,
            };
        }
    };
    let retry_after = reply.retry_after;
    match reply.status {
        200..=299 if reply.body.trim_ascii().is_empty() => Verdict::Applied(None),
        200..=299 => match json::decode(&reply.body) {
            Ok(object @ Value::Object(_)) => Verdict::Applied(Some(Answer {
                status: reply.status,
                object,
            })),
            Ok(_) | Err(_) => Verdict::Unknown {
                reason: format!(
                    "the answer ({}) is no JSON object: {}",
                    reply.status,
                    excerpt(&reply.body)
                ),
                retry_after,
            },
        },
        300..=399 => Verdict::Refused {
            status: reply.status,
            message: REDIRECTED.to_owned(),
        },
        401 => Verdict::Unauthorized {
            message: reply.message(),
        },
        404 | 410 if is_from_service(reply) => Verdict::Gone {
            status: reply.status,
            message: reply.message(),
        },
        404 | 410 => Verdict::Unknown {
            reason: not_from_service(reply),
            retry_after,
        },
        429 => Verdict::Throttled {
            message: reply.message(),
            retry_after,
        },
        400..=407 | 409..=499 => Verdict::Refused {
            status: reply.status,
            message: reply.message(),
        },
        _ => Verdict::Unknown {
            reason: answered(reply),
            retry_after,
        },
    }
}

/// The meaning of one attempt of a read.
///
/// # Errors
///
/// Everything except a well-formed answer or a conclusive "not found".
pub fn read_outcome(
    operation: &Operation,
    result: Result<Reply, TransportError>,
) -> Result<ReadFinding, ReadTrouble> {
    let reply = result?;
    let retry_after = reply.retry_after;
    let absence = match operation.kind() {
        OperationKind::Read(absence) => absence,
        OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::AddTask
        | OperationKind::Patch
        | OperationKind::Delete
        | OperationKind::RunAutomation
        | OperationKind::Reconcile
        | OperationKind::RunSchedule
        | OperationKind::CancelSchedule => Absence::Never,
    };
    match (reply.status, absence) {
        (200..=299, Absence::EmptyBody) if reply.body.is_empty() => Ok(ReadFinding::Missing),
        (200..=299, Absence::Never | Absence::NotFound | Absence::EmptyBody) => {
            json::decode(&reply.body)
                .map(ReadFinding::Json)
                .map_err(|_| ReadTrouble::NotJson {
                    excerpt: excerpt(&reply.body),
                    content_type: reply.content_type,
                })
        }
        (404 | 410, _) if !is_from_service(&reply) => Err(ReadTrouble::NotJson {
            excerpt: excerpt(&reply.body),
            content_type: reply.content_type,
        }),
        (404 | 410, Absence::NotFound | Absence::EmptyBody) => Ok(ReadFinding::Missing),
        (300..=399, _) => Err(ReadTrouble::Refused {
            status: reply.status,
            message: REDIRECTED.to_owned(),
        }),
        (401, _) => Err(ReadTrouble::Unauthorized {
            message: reply.message(),
        }),
        (429, _) => Err(ReadTrouble::Throttled {
            message: reply.message(),
            retry_after,
        }),
        (400..=407 | 409..=499, _) => Err(ReadTrouble::Refused {
            status: reply.status,
            message: reply.message(),
        }),
        (_, _) => Err(ReadTrouble::Failing {
            reason: answered(&reply),
            retry_after,
        }),
    }
}

/// Whether a "not found" is from the service: its errors are JSON objects, and the second generation may send an empty body. Anything else
/// comes from a gateway that did not find the service, and tells nothing about the target.
fn is_from_service(reply: &Reply) -> bool {
    let body = reply.body.trim_ascii();
    body.is_empty() || json::decode(body).is_ok_and(|answer| answer.is_object())
}

fn not_from_service(reply: &Reply) -> String {
    format!(
        "the answer {} is not the service's: {}",
        reply.status,
        excerpt(&reply.body)
    )
}

fn answered(reply: &Reply) -> String {
    format!("the server answered {}: {}", reply.status, reply.message())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Id;

    const HTML: &str = "<!doctype html> <title>Sign in</title>";
    const SAID: &str = r#"{"message":"because"}"#;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            retry_after: None,
            content_type: Some("text/x".to_owned()),
            body: body.into(),
        }
    }

    /// The verdict as one word, for tables.
    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Applied(_) => "applied",
            Verdict::Refused { .. } => "refused",
            Verdict::Gone { .. } => "gone",
            Verdict::Unauthorized { .. } => "unauthorized",
            Verdict::Throttled { .. } => "throttled",
            Verdict::NotSent { .. } => "not sent",
            Verdict::Unknown { .. } => "unknown",
        }
    }

    fn read_word(outcome: &Result<ReadFinding, ReadTrouble>) -> &'static str {
        match outcome {
            Ok(ReadFinding::Json(_)) => "found",
            Ok(ReadFinding::Missing) => "missing",
            Err(ReadTrouble::Unauthorized { .. }) => "unauthorized",
            Err(ReadTrouble::Refused { .. }) => "refused",
            Err(ReadTrouble::Throttled { .. }) => "throttled",
            Err(ReadTrouble::Unreachable { .. }) => "unreachable",
            Err(ReadTrouble::Failing { .. }) => "failing",
            Err(ReadTrouble::NotJson { .. }) => "not json",
            Err(ReadTrouble::TooLarge { .. }) => "too large",
        }
    }

    fn operations() -> [Operation; 3] {
        let id = Id::new("e").unwrap();
        [
            Operation::GetExecution(id.clone()),
            Operation::GetFlow(id),
            Operation::SearchFlows,
        ]
    }

    #[test]
    fn every_status_of_a_write_has_its_verdict() {
        for status in 100..=999 {
            let expected = match status {
                200..=299 => "applied",
                401 => "unauthorized",
                404 | 410 => "gone",
                408 => "unknown",
                429 => "throttled",
                300..=499 => "refused",
                _ => "unknown",
            };
            for body in ["", SAID] {
                let verdict = verdict(&Ok(reply(status, body)));
                assert_eq!(word(&verdict), expected, "{status} {body}");
            }
        }
    }

    #[test]
    fn a_success_counts_only_with_an_object_or_nothing_in_it() {
        for (body, object) in [
            ("", None),
            (" \r\n", None),
            ("{}", Some(serde_json::json!({}))),
            (r#"{"id":"e"}"#, Some(serde_json::json!({"id": "e"}))),
        ] {
            let answer = object.map(|object| Answer {
                status: 200,
                object,
            });
            let expected = Verdict::Applied(answer);
            assert_eq!(verdict(&Ok(reply(200, body))), expected, "{body}");
        }
        for body in [HTML, r#"{"id":"e"#, "[]", "null", "\"ok\""] {
            assert_eq!(word(&verdict(&Ok(reply(200, body)))), "unknown", "{body}");
        }
    }

    #[test]
    fn only_a_request_that_never_left_is_known_not_to_have_been_sent() {
        let reason = "x".to_owned();
        for (error, write, read) in [
            (
                TransportError::NotSent {
                    reason: reason.clone(),
                },
                "not sent",
                "unreachable",
            ),
            (TransportError::Unknown { reason }, "unknown", "failing"),
            (
                TransportError::TooLarge { limit: 1 },
                "unknown",
                "too large",
            ),
        ] {
            assert_eq!(word(&verdict(&Err(error.clone()))), write);
            for operation in operations() {
                assert_eq!(
                    read_word(&read_outcome(&operation, Err(error.clone()))),
                    read
                );
            }
        }
    }

    #[test]
    fn every_status_of_a_read_has_its_outcome() {
        for status in 100..=999 {
            // The same for all operations, save for what an absent resource answers.
            let expected = match status {
                200..=299 => ["found", "found", "found"],
                404 | 410 => ["missing", "missing", "refused"],
                401 => ["unauthorized"; 3],
                408 => ["failing"; 3],
                429 => ["throttled"; 3],
                300..=499 => ["refused"; 3],
                _ => ["failing"; 3],
            };
            for (operation, expected) in operations().iter().zip(expected) {
                let outcome = read_outcome(operation, Ok(reply(status, SAID)));
                assert_eq!(read_word(&outcome), expected, "{status} {operation:?}");
            }
        }
    }

    #[test]
    fn an_empty_answer_means_missing_in_the_first_generation_only() {
        let [v1, v2, search] = operations();
        assert_eq!(
            read_outcome(&v1, Ok(reply(200, ""))),
            Ok(ReadFinding::Missing)
        );
        for operation in [v2, search] {
            let outcome = read_outcome(&operation, Ok(reply(200, "")));
            assert_eq!(read_word(&outcome), "not json", "{operation:?}");
        }
    }

    #[test]
    fn a_page_or_half_a_body_is_not_json_and_is_shown() {
        let [v1, _, _] = operations();
        assert_eq!(
            read_outcome(&v1, Ok(reply(200, HTML))),
            Err(ReadTrouble::NotJson {
                content_type: Some("text/x".to_owned()),
                excerpt: HTML.to_owned(),
            })
        );
        assert_eq!(
            read_word(&read_outcome(&v1, Ok(reply(200, r#"{"id":"#)))),
            "not json"
        );
    }

    #[test]
    fn a_404_is_conclusive_only_when_it_is_the_services_own() {
        for status in [404, 410] {
            for (body, write, reads) in [
                ("", "gone", ["missing", "missing", "refused"]),
                ("\n", "gone", ["missing", "missing", "refused"]),
                (SAID, "gone", ["missing", "missing", "refused"]),
                (HTML, "unknown", ["not json"; 3]),
                ("404 page not found", "unknown", ["not json"; 3]),
                ("404", "unknown", ["not json"; 3]),
                ("\"Not Found\"", "unknown", ["not json"; 3]),
                (r#"{"message":"#, "unknown", ["not json"; 3]),
            ] {
                let what = format!("{status} {body:?}");
                assert_eq!(word(&verdict(&Ok(reply(status, body)))), write, "{what}");
                for (operation, expected) in operations().iter().zip(reads) {
                    let outcome = read_outcome(operation, Ok(reply(status, body)));
                    assert_eq!(read_word(&outcome), expected, "{what} {operation:?}");
                }
            }
        }
    }

    #[test]
    fn a_redirect_says_what_to_check() {
        let Verdict::Refused { status, message } = verdict(&Ok(reply(307, SAID))) else {
            panic!("a redirect is no answer")
        };
        assert_eq!((status, message.as_str()), (307, REDIRECTED));
    }

    #[test]
    fn the_wait_that_the_service_asks_for_is_kept() {
        let retry_after = Some(RetryAfter::Seconds(7));
        let mut reply = reply(429, "");
        reply.retry_after = retry_after;
        assert_eq!(
            verdict(&Ok(reply.clone())),
            Verdict::Throttled {
                message: "no message".to_owned(),
                retry_after
            }
        );
        reply.status = 503;
        assert!(matches!(
            verdict(&Ok(reply)),
            Verdict::Unknown {
                retry_after: Some(RetryAfter::Seconds(7)),
                ..
            }
        ));
    }
}
