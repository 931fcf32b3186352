//! Answers that are compressed for the way, as a gateway does where the client accepts it.

use std::io::Write;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, header},
};
use flate2::{Compression, write::GzEncoder};

/// The coding that a client of this kind accepts.
pub(crate) const GZIP: &str = "gzip";

/// Bytes from which it is worth the while; gateways begin near there.
const SHORTEST: usize = 200;

/// Whether a body is compressed for who asks with these headers.
pub(crate) fn is_wanted(request: &HeaderMap, body: &Bytes) -> bool {
    let accepted = request.get_all(header::ACCEPT_ENCODING).iter();
    let mut names = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    body.len() >= SHORTEST && names.any(|name| name.trim().eq_ignore_ascii_case(GZIP))
}

/// Compresses `body`, and says so in the head of its answer; any other coding than gzip is only said.
pub(crate) fn compress(head: &mut HeaderMap, body: &Bytes, coding: &str) -> Bytes {
    let Ok(value) = HeaderValue::try_from(coding) else {
        return body.clone();
    };
    head.insert(header::CONTENT_ENCODING, value);
    head.remove(header::CONTENT_LENGTH);
    if coding != GZIP {
        return body.clone();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.map_or_else(|_| body.clone(), Bytes::from)
}
