//! Answers that are too large for the service's gateway.

use axum::{
    Json,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{app::App, reply};

/// Bytes that an answer may have; the vendor says "about 5.1 MB".
const LIMIT: usize = 5_100_000;

/// What a client accepts that can follow a reference to a payload.
const MEDIA_TYPE: &str = "application/large-response.vnd+json";

/// The answer instead of one that is too large: a reference for those who accept it, else 413.
pub(crate) fn instead(app: &App, request: &HeaderMap, body: &Bytes) -> Option<Response> {
    if body.len() <= LIMIT {
        return None;
    }
    let accepts = request
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains(MEDIA_TYPE));
    let host = request
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    Some(match (accepts, host) {
        (true, Some(host)) => {
            let path = app.keep_payload(body.clone());
            let reference = json!({ "$payload_ref": format!("http://{host}{path}") });
            ([(header::CONTENT_TYPE, MEDIA_TYPE)], Json(reference)).into_response()
        }
        (false, _) | (true, None) => reply::message(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the response is too large: accept application/large-response.vnd+json",
        ),
    })
}
