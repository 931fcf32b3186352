//! Answers: JSON, and errors in each generation's manner.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::refused::Refused;

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(Refused),
    /// There is no such execution.
    Gone,
    /// The sandbox itself failed.
    Broken(String),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

#[derive(Serialize)]
struct ErrorMessage<'a> {
    message: &'a str,
}

/// An error with a message, as `ErrorResp`.
pub(crate) fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(ErrorMessage { message: text })).into_response()
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(Refused::Invalid(text)) => message(StatusCode::BAD_REQUEST, &text),
            Self::Refused(Refused::Missing(text)) => message(StatusCode::NOT_FOUND, &text),
            Self::Refused(Refused::Conflict(text)) => message(StatusCode::CONFLICT, &text),
            // v2 answers 404 without a body here.
            Self::Gone => StatusCode::NOT_FOUND.into_response(),
            Self::Broken(text) => message(StatusCode::INTERNAL_SERVER_ERROR, &text),
        }
    }
}
