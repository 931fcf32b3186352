//! Bodies that break: the server writes what it has, then the connection is closed.

use std::{io, time::Duration};

use axum::body::{Body, Bytes};
use futures::{StreamExt as _, stream};

/// A body that fails before its first byte. The head of the answer is still in the server's buffer then, and goes with the
/// connection: the client sees no answer at all.
pub(crate) fn aborted() -> Body {
    Body::from_stream(stream::once(async { Err::<Bytes, _>(closed()) }))
}

/// The first half of a body, then a failure.
pub(crate) fn cut(body: &Bytes) -> Body {
    let half = body.slice(..body.len() / 2);
    let failure = stream::once(async {
        // What was written is flushed when the body has to be waited for.
        tokio::task::yield_now().await;
        Err(closed())
    });
    Body::from_stream(stream::once(async { Ok(half) }).chain(failure))
}

/// The first half of a body, and after a while the second.
pub(crate) fn slow(body: &Bytes, wait: Duration) -> Body {
    let (first, second) = (body.slice(..body.len() / 2), body.slice(body.len() / 2..));
    let rest = stream::once(async move {
        tokio::time::sleep(wait).await;
        Ok::<_, io::Error>(second)
    });
    Body::from_stream(stream::once(async { Ok(first) }).chain(rest))
}

fn closed() -> io::Error {
    io::Error::other("a scripted fault closes the connection")
}
