//! The network as a test plays it: one function answers all requests.

use std::{
    fmt,
    io::{Seek, Write},
    sync::Arc,
};

use futures::future::{BoxFuture, FutureExt};
use jiff::Timestamp;
use reqwest::Url;
use tempfile::SpooledTempFile;

use crate::{
    api::{Operation, Reply, TransportError},
    client::ClientParts,
    http::{Spool, SpoolError, Transport},
    pace::Pacer,
    retry::Policy,
};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PlayedRequest<'a> {
    Operation {
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    },
    /// What an answer refers to.
    Payload(&'a Url),
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum PlayedAnswer {
    Whole(Result<Reply, TransportError>),
    Spool(Result<Spool, SpoolError>),
}

type Play = dyn Fn(PlayedRequest<'_>) -> BoxFuture<'static, PlayedAnswer> + Send + Sync;

/// A transport whose answers come from a function.
pub(crate) struct PlayedTransport(Box<Play>);

impl PlayedTransport {
    /// `play` is called when a request leaves; the answer is there when its future ends.
    pub(crate) fn new<F: Future<Output = PlayedAnswer> + Send + 'static>(
        play: impl Fn(PlayedRequest<'_>) -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(move |question| play(question).boxed()))
    }

    fn spool(&self, question: PlayedRequest<'_>) -> BoxFuture<'static, Result<Spool, SpoolError>> {
        let answer = (self.0)(question);
        async {
            match answer.await {
                PlayedAnswer::Spool(result) => result,
                PlayedAnswer::Whole(result) => match result? {
                    Reply {
                        status: 200, body, ..
                    } => {
                        let mut file = SpooledTempFile::new(1_024);
                        file.write_all(&body)?;
                        file.rewind()?;
                        Ok(Spool::Body(file))
                    }
                    reply => Ok(Spool::Other(reply)),
                },
            }
        }
        .boxed()
    }
}

impl fmt::Debug for PlayedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlayedTransport")
    }
}

impl Transport for PlayedTransport {
    fn origin(&self) -> String {
        "https://example.com".to_owned()
    }

    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        let answer = (self.0)(PlayedRequest::Operation {
            operation,
            query,
            body,
        });
        async {
            match answer.await {
                PlayedAnswer::Whole(result) => result,
                PlayedAnswer::Spool(result) => panic!("an ordinary request can't get {result:?}"),
            }
        }
        .boxed()
    }

    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        self.spool(PlayedRequest::Operation {
            operation,
            query,
            body: None,
        })
    }

    fn attempt_payload(&self, url: Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        self.spool(PlayedRequest::Payload(&url))
    }
}

/// A client of a transport, whose delays are the same each time and whose wall clock stands still at the epoch.
pub(crate) fn client_parts(transport: impl Transport + 'static, pacer: Pacer) -> ClientParts {
    ClientParts {
        transport: Arc::new(transport),
        pacer,
        policy: Policy::default(),
        rng: fastrand::Rng::with_seed(7),
        now: || Timestamp::UNIX_EPOCH,
        client_events: None,
    }
}

/// An answer without headers.
pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status,
        retry_after: None,
        content_type: None,
        body: body.into(),
    }
}
