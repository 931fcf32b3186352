//! When the service answers nothing at all: what it costs, on tokio's paused clock.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use tokio::task::JoinSet;

use super::*;
use crate::{
    api::Id,
    testing::played_transport::{PlayedAnswer, PlayedTransport, client_parts, reply},
};

/// How the service is out of order.
#[derive(Clone, Copy, Debug)]
enum Outage {
    Refused,
    Silent,
    Failing(u16),
}

/// A client of a service that is out of order, and how often that was tried.
fn client(outage: Outage) -> (Arc<Client>, Arc<AtomicU32>) {
    let attempts = Arc::<AtomicU32>::default();
    let counted = Arc::clone(&attempts);
    let transport = PlayedTransport::new(move |_| {
        counted.fetch_add(1, Relaxed);
        let reason = "down".to_owned();
        ready(PlayedAnswer::Whole(match outage {
            Outage::Refused => Err(TransportError::NotSent { reason }),
            Outage::Silent => Err(TransportError::Unknown { reason }),
            Outage::Failing(status) => Ok(reply(status, "")),
        }))
    });
    let pacer = Pacer::per_second(1_000.0, 10);
    let client = Client::new(client_parts(transport, pacer));
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
