//! Which failed attempts certainly sent nothing.

use std::error::Error;

use super::{Origin, proxy::Way};
use crate::api::TransportError;

/// Classifies a failure of the HTTP client.
///
/// A request leaves only over an established connection. Nothing was sent if the name lookup, the connection or the TLS handshake failed,
/// if the request could not be built, or if the connection ended while the request waited to be written to it. Every other failure (a
/// timeout, a reset, half an answer) may have happened after the server received it.
pub(super) fn transport(error: reqwest::Error, origin: &Origin) -> TransportError {
    let sent_nothing = error.is_builder() || error.is_connect();
    let unwritten = is_canceled(&error);
    let timeout = error.is_timeout();
    // Without the URL: a query may hold names, and the caller names the request.
    let why = innermost(&error.without_url());
    if sent_nothing {
        TransportError::NotSent {
            reason: format!(
                "can't connect to {origin}{}: {why}",
                Way::to(origin, |name| std::env::var(name).ok())
            ),
        }
    } else if unwritten {
        TransportError::NotSent {
            reason: format!("the connection to {origin} ended before the request was sent"),
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

/// Whether the connection ended before the first byte of the request was written to it.
///
/// hyper (1.12) makes an error of this kind, for a request, where it still holds the whole request
/// that it gives back: when the connection takes none (`client/conn/http1.rs`), and when it ends with
/// the request in its queue (`Envelope::drop` in `client/dispatch.rs`, `recv_msg` in
/// `proto/h1/dispatch.rs`). Once the request is taken out of the queue to be written, its errors are
/// of other kinds. (The other place, `upgrade.rs`, is for upgrades, which are not asked for.)
fn is_canceled(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(error) = source.downcast_ref::<hyper::Error>() {
            return error.is_canceled();
        }
        cause = source.source();
    }
    false
}

/// The first cause, which is usually the one that a person can fix.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
