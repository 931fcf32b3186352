//! When the service answers nothing at all: what it costs, on tokio's paused clock.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use futures::future::{BoxFuture, FutureExt};
use reqwest::Url;
use tokio::task::JoinSet;

use super::*;
use crate::{
    api::Id,
    http::{Spool, SpoolError},
};

/// How the service is out of order.
#[derive(Clone, Copy, Debug)]
enum Outage {
    Refused,
    Silent,
    Failing(u16),
}

/// A service that is out of order, and how often that was tried.
#[derive(Debug)]
struct Down {
    outage: Outage,
    attempts: Arc<AtomicU32>,
}

impl Transport for Down {
    fn origin(&self) -> String {
        "https://example.com".to_owned()
    }

    fn attempt<'a>(
        &'a self,
        _operation: &'a Operation,
        _query: &'a [(&'a str, &'a str)],
        _body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        self.attempts.fetch_add(1, Relaxed);
        let reason = "down".to_owned();
        let result = match self.outage {
            Outage::Refused => Err(TransportError::NotSent { reason }),
            Outage::Silent => Err(TransportError::Unknown { reason }),
            Outage::Failing(status) => Ok(Reply {
                status,
                retry_after: None,
                content_type: None,
                body: Vec::new(),
            }),
        };
        async move { result }.boxed()
    }

    fn attempt_spooled<'a>(
        &'a self,
        _operation: &'a Operation,
        _query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        unreachable!("no list is read")
    }

    fn attempt_payload(&self, _url: Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        unreachable!("no list is read")
    }
}

fn client(outage: Outage) -> (Arc<Client>, Arc<AtomicU32>) {
    let attempts = Arc::default();
    let client = Client::new(ClientParts {
        transport: Box::new(Down {
            outage,
            attempts: Arc::clone(&attempts),
        }),
        pacer: Pacer::per_second(1_000.0, 10),
        policy: Policy::default(),
        rng: fastrand::Rng::with_seed(7),
        now: || Timestamp::UNIX_EPOCH,
        notices: None,
    });
    (Arc::new(client), attempts)
}

fn id() -> Id {
    Id::new("e").unwrap()
}

/// A change that may be sent again, as a worker of a run sends it.
async fn write(client: &Client) {
    for attempt in 1.. {
        client.permit(Lane::New).await.unwrap();
        let operation = Operation::PatchFlow(id());
        let verdict = client.send(&operation, Some(b"{}"), attempt).await;
        match client.after_write(&verdict, Repeat::Safe, attempt) {
            Next::Again { after } => time::sleep(after).await,
            Next::Done | Next::ReadBack | Next::GiveUp => return,
        }
    }
}

const OUTAGES: [Outage; 4] = [
    Outage::Refused,
    Outage::Silent,
    Outage::Failing(500),
    Outage::Failing(503),
];

#[tokio::test(start_paused = true)]
async fn a_full_outage_costs_a_tenth_more_than_the_requests_at_most() {
    for outage in OUTAGES {
        for (workers, each) in [(1, 100), (4, 50), (16, 60)] {
            let (client, attempts) = client(outage);
            let mut tasks = JoinSet::new();
            for _ in 0..workers {
                let client = Arc::clone(&client);
                tasks.spawn(async move {
                    for _ in 0..each / 2 {
                        client
                            .read(&Operation::GetFlow(id()), &[], None)
                            .await
                            .unwrap_err();
                        write(&client).await;
                    }
                });
            }
            tasks.join_all().await;
            let (attempts, requests) = (attempts.load(Relaxed), workers * each);
            assert!(
                attempts * 10 <= requests * 11,
                "{outage:?}: {attempts} attempts of {requests} requests"
            );
            // Nor less than a tenth, so that trouble that passes costs no change.
            assert!(attempts * 20 >= requests * 21, "{outage:?}: {attempts}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_run_has_all_its_attempts_and_then_says_why_there_are_no_more() {
    for outage in OUTAGES {
        let (client, attempts) = client(outage);
        for requests in 1..=5 {
            let read = client.read(&Operation::GetFlow(id()), &[], None).await;
            let error = read.unwrap_err();
            assert!(!error.out_of_budget && error.attempts == 3, "{error}");
            assert_eq!(attempts.load(Relaxed), 3 * requests);
        }
        let read = client.read(&Operation::GetFlow(id()), &[], None).await;
        let error = read.unwrap_err().to_string();
        let end = "; too many requests have failed to try this one again \
                   (GET /v2/flows/executions/e at https://example.com, 1 attempt)";
        assert!(error.ends_with(end), "{error}");
    }
}
