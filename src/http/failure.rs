//! Which failed attempts are known to have sent nothing.

use std::error::Error;

use super::Origin;
use crate::api::TransportError;

/// Sorts a failure of the HTTP client.
///
/// A request leaves only over a finished connection: when looking up the name, connecting or the
/// TLS handshake failed, or the request could not even be made, nothing was sent. Everything else
/// (a timeout, a reset, half an answer) may have happened after the server got it.
pub(super) fn transport(error: reqwest::Error, origin: &Origin) -> TransportError {
    let sent_nothing = error.is_builder() || error.is_connect();
    let timeout = error.is_timeout();
    // Without the URL: a query may hold names, and the caller says what was asked for.
    let why = innermost(&error.without_url());
    if sent_nothing {
        TransportError::NotSent {
            reason: format!("can't connect to {origin}: {why}"),
        }
    } else if timeout {
        TransportError::Unknown {
            reason: format!("no whole answer from {origin} in time"),
        }
    } else {
        TransportError::Unknown {
            reason: format!("the connection to {origin} broke: {why}"),
        }
    }
}

/// The first cause, which is what a person can do something about.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
