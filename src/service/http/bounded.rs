//! A transport whose requests have a time limit of their own.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use reqwest::Url;
use tokio::time::timeout;

use super::{Renewal, Spool, SpoolError, Transport};
use crate::api::{Operation, Reply, TransportError};

/// Gives requests up that take longer than `limit`, or longer than `transport` allows.
///
/// For processes that take over from each other: a read proves that a request had no effect only once the request can't be under way any
/// more, and the process that reads knows nothing of the time limit of the one that sent.
#[derive(Debug)]
pub struct BoundedTransport {
    pub transport: Arc<dyn Transport>,
    pub limit: Duration,
}

impl Transport for BoundedTransport {
    fn origin(&self) -> String {
        self.transport.origin()
    }

    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(async move {
            let answer = self.transport.attempt(operation, query, body);
            let answer = timeout(self.limit, answer).await;
            answer.unwrap_or_else(|_| {
                Err(TransportError::Unknown {
                    reason: format!("no whole answer from {} in time", self.origin()),
                })
            })
        })
    }

    /// Reads alone have no limit of their own: no effect of them can come late.
    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        self.transport.attempt_spooled(operation, query)
    }

    fn attempt_payload(&self, url: Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        self.transport.attempt_payload(url)
    }

    fn token_number(&self) -> u64 {
        self.transport.token_number()
    }

    fn renew(&self, used: u64) -> BoxFuture<'_, Renewal> {
        self.transport.renew(used)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::{
        api::{Generation, Id},
        testing::played_transport::{PlayedAnswer, PlayedTransport},
    };

    #[tokio::test(start_paused = true)]
    async fn a_request_is_given_up_at_the_limit_and_what_became_of_it_is_unknown() {
        let transport = PlayedTransport::new(|_| async {
            sleep(Duration::from_secs(60)).await;
            PlayedAnswer::Whole(Err(TransportError::TooLarge { limit: 1 }))
        });
        let bounded = BoundedTransport {
            transport: Arc::new(transport),
            limit: Duration::from_secs(2),
        };
        let start = Instant::now();
        let read = Operation::read(Generation::V2, &Id::new("e").unwrap());
        let answer = bounded.attempt(&read, &[], None).await;
        assert!(
            matches!(answer, Err(TransportError::Unknown { .. })),
            "{answer:?}"
        );
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
