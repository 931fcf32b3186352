//! Who may ask.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{generate::ORG, reply};

/// The header that names the organisation.
pub(crate) const ORG_HEADER: &str = "x-epilot-org-id";

/// The answer to a request that may not be made: 401 without the token, 403 for another organisation than the data's. v1 says
/// why; v2 answers without a body.
pub(crate) fn refuse(headers: &HeaderMap, path: &str, token: &str) -> Option<Response> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, bearer)| bearer);
    let organisation = headers.get(ORG_HEADER);
    let (status, why) = if bearer != Some(token) {
        (StatusCode::UNAUTHORIZED, "Unauthorized")
    } else if organisation.is_some_and(|sent| sent != ORG) {
        (StatusCode::FORBIDDEN, "Forbidden: another organisation")
    } else {
        return None;
    };
    Some(if path.starts_with("/v2/") {
        status.into_response()
    } else {
        reply::message(status, why)
    })
}
