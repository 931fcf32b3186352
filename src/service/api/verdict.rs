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
mod tests;
