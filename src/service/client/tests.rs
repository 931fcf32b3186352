//! Against a scripted network, on tokio's paused clock.
//!
//! One file because its tests share one scripted network.

use std::{collections::VecDeque, future::ready, io::Read, sync::Arc};

use reqwest::Url;
use tempfile::SpooledTempFile;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::{
    api::{Id, RetryAfter},
    http::{Spool, SpoolError},
    testing::played_transport::{self, PlayedAnswer, PlayedRequest, PlayedTransport, client_parts},
};

/// A network that follows a script and notes what was asked for when.
#[derive(Debug)]
struct Script {
    start: Instant,
    answers: Mutex<VecDeque<PlayedAnswer>>,
    asked: Mutex<Vec<(String, Duration)>>,
}

impl Script {
    fn next(&self, what: String) -> PlayedAnswer {
        self.asked
            .lock()
            .unwrap()
            .push((what, self.start.elapsed()));
        let answer = self.answers.lock().unwrap().pop_front();
        answer.expect("more requests than the script has answers")
    }

    /// When each request was sent, in milliseconds from the beginning.
    fn times(&self) -> Vec<u128> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(_, at)| at.as_millis()).collect()
    }
}

struct ScriptedClient {
    client: Arc<Client>,
    script: Arc<Script>,
    client_events: UnboundedReceiver<ClientEvent>,
}

impl ScriptedClient {
    fn with<const N: usize>(answers: [PlayedAnswer; N]) -> Self {
        let script = Arc::new(Script {
            start: Instant::now(),
            answers: Mutex::new(answers.into()),
            asked: Mutex::default(),
        });
        let (told, client_events) = unbounded_channel();
        let answers = Arc::clone(&script);
        let transport = PlayedTransport::new(move |question| {
            let what = match question {
                PlayedRequest::Operation { operation, .. } => operation.path(),
                PlayedRequest::Payload(url) => url.to_string(),
            };
            ready(answers.next(what))
        });
        let client = Client::new(ClientParts {
            client_events: Some(told),
            ..client_parts(transport, Pacer::per_second(100.0, 2))
        });
        Self {
            client: Arc::new(client),
            script,
            client_events,
        }
    }

    async fn read(&self) -> Result<ReadFinding, ReadError> {
        self.client.read(&flow(), &[], None).await
    }

    async fn list(&self) -> Result<SpooledTempFile, ReadError> {
        let list = Operation::GetExecutions;
        self.client.read_spooled(&list, &[]).await
    }

    async fn write(&self) -> Verdict {
        self.client.permit(Lane::New).await.unwrap();
        self.client.send(&patch(), Some(b"{}"), 1).await
    }

    fn client_events(&mut self) -> Vec<ClientEvent> {
        std::iter::from_fn(|| self.client_events.try_recv().ok()).collect()
    }
}

fn flow() -> Operation {
    Operation::GetFlow(Id::new("e").unwrap())
}

fn patch() -> Operation {
    Operation::PatchFlow(Id::new("e").unwrap())
}

fn reply(status: u16, retry_after: Option<u64>, body: &str) -> Reply {
    Reply {
        retry_after: retry_after.map(RetryAfter::Seconds),
        ..played_transport::reply(status, body)
    }
}

fn answer(status: u16, retry_after: Option<u64>, body: &str) -> PlayedAnswer {
    PlayedAnswer::Whole(Ok(reply(status, retry_after, body)))
}

/// Asks for a rest until a date; the tests' wall clock stands still at the epoch.
fn until(status: u16, seconds: i64) -> PlayedAnswer {
    let date = Timestamp::from_second(seconds).unwrap();
    PlayedAnswer::Whole(Ok(Reply {
        retry_after: Some(RetryAfter::At(date)),
        ..reply(status, None, "")
    }))
}

fn ok() -> PlayedAnswer {
    answer(200, None, "{}")
}

fn not_sent() -> PlayedAnswer {
    PlayedAnswer::Whole(Err(TransportError::NotSent {
        reason: "connection refused".to_owned(),
    }))
}

fn unknown() -> TransportError {
    TransportError::Unknown {
        reason: "cut".to_owned(),
    }
}

fn elsewhere() -> PlayedAnswer {
    let url = Url::parse("https://bucket.example/x").unwrap();
    PlayedAnswer::Spool(Ok(Spool::Elsewhere(url)))
}

fn json() -> ReadFinding {
    ReadFinding::Json(serde_json::json!({}))
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_until_it_gets_an_answer() {
    for trouble in [
        not_sent(),
        PlayedAnswer::Whole(Err(unknown())),
        answer(500, None, ""),
        answer(408, None, ""),
        answer(429, None, ""),
    ] {
        let what = format!("{trouble:?}");
        let sent = if what.contains("NotSent") { 2 } else { 3 };
        let scripted = ScriptedClient::with([trouble, answer(502, None, ""), ok()]);
        assert_eq!(scripted.read().await.unwrap(), json(), "{what}");
        let traffic = scripted.client.traffic();
        assert_eq!((traffic.requests, traffic.retries), (sent, 2), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_its_last_attempt_a_read_says_what_was_tried_on_what() {
    let scripted = ScriptedClient::with([not_sent(), not_sent(), not_sent()]);
    assert_eq!(
        scripted.read().await.unwrap_err().to_string(),
        "the server can't be reached, check --server: connection refused \
         (GET /v2/flows/executions/e at https://example.com, 3 attempts)"
    );
    let scripted =
        ScriptedClient::with([(); 3].map(|()| answer(503, None, r#"{"message":"down"}"#)));
    assert_eq!(
        scripted.read().await.unwrap_err().to_string(),
        "no conclusive answer: the server answered 503: down \
         (GET /v2/flows/executions/e at https://example.com, 3 attempts)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_conclusive_answer_is_not_asked_for_twice() {
    for (status, expected) in [
        (401, "the service does not accept the token: no message"),
        (403, "the service refuses with 403: no message"),
        (307, "the service refuses with 307: the server redirects"),
    ] {
        let scripted = ScriptedClient::with([answer(status, None, "")]);
        let error = scripted.read().await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(error.attempts, 1);
    }
    let scripted = ScriptedClient::with([answer(404, None, "")]);
    assert_eq!(scripted.read().await.unwrap(), ReadFinding::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_read_makes_everybody_rest() {
    let mut scripted = ScriptedClient::with([answer(429, Some(5), ""), ok(), ok(), ok()]);
    let (client, other) = (Arc::clone(&scripted.client), Arc::clone(&scripted.client));
    // The second worker has its permit before the pause and comes to send during it.
    let writer = tokio::spawn(async move {
        other.permit(Lane::New).await.unwrap();
        time::sleep(Duration::from_secs(1)).await;
        other.depart().await.unwrap();
        other.send(&patch(), None, 1).await
    });
    let reader = tokio::spawn(async move { client.read(&flow(), &[], None).await });
    time::sleep(Duration::from_secs(2)).await;
    scripted.client.permit(Lane::New).await.unwrap();
    assert!(scripted.script.start.elapsed() > Duration::from_secs(5));

    assert_eq!(
        writer.await.unwrap(),
        Verdict::Applied(Some(crate::api::Answer {
            status: 200,
            object: serde_json::json!({})
        }))
    );
    assert_eq!(reader.await.unwrap().unwrap(), json());
    let times = scripted.script.times();
    assert_eq!(times.len(), 3);
    assert!(times[1..].iter().all(|&at| at > 5_000), "{times:?}");
    assert_eq!(
        scripted.client_events(),
        [ClientEvent::Throttled {
            pause: Duration::from_secs(5)
        }]
    );
    assert_eq!(scripted.client.traffic().throttled, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn every_repetition_takes_a_permit() {
    // The policy's delays are shorter than the limiter's: 1 a second after the first.
    let mut scripted = ScriptedClient::with([(); 6].map(|()| answer(500, None, "")));
    let client = Arc::get_mut(&mut scripted.client).unwrap();
    client.pacer = Pacer::per_second(1.0, 1);
    scripted.read().await.unwrap_err();
    scripted.read().await.unwrap_err();
    assert_eq!(
        scripted.script.times(),
        [0, 1_000, 2_000, 3_000, 4_000, 5_000]
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_is_sent_exactly_once_whatever_comes_back() {
    for (answer, requests) in [
        (not_sent(), 0),
        (PlayedAnswer::Whole(Err(unknown())), 1),
        (answer(500, None, ""), 1),
        (answer(429, Some(3), ""), 1),
        (answer(404, None, ""), 1),
        (ok(), 1),
    ] {
        let what = format!("{answer:?}");
        let scripted = ScriptedClient::with([answer]);
        scripted.write().await;
        assert_eq!(scripted.script.times().len(), 1, "{what}");
        assert_eq!(scripted.client.traffic().requests, requests, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_counts_on_any_answer_and_a_429_needs_none() {
    for (answer, resumes_ms) in [
        (answer(503, Some(4), ""), 4_000),
        (answer(429, Some(4), ""), 4_000),
        (answer(429, None, ""), 1_000),
        (until(429, 4), 4_000),
        (until(503, 4), 4_000),
        (answer(503, None, ""), 0),
    ] {
        let what = format!("{answer:?}");
        let scripted = ScriptedClient::with([answer, ok()]);
        scripted.write().await;
        scripted.write().await;
        let second = scripted.script.times()[1];
        assert!(
            (resumes_ms..=resumes_ms + 20).contains(&second),
            "{what}: {second}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_and_a_503_slow_everybody_down_and_other_answers_do_not() {
    for (status, gap_ms) in [
        (429, 20),
        (503, 20),
        (500, 10),
        (502, 10),
        (404, 10),
        (200, 10),
    ] {
        let scripted = ScriptedClient::with([answer(status, Some(0), ""), ok(), ok(), ok(), ok()]);
        for _ in 0..5 {
            scripted.write().await;
        }
        let times = scripted.script.times();
        assert_eq!(times[4] - times[3], gap_ms, "{status}: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_through_a_long_rest_and_nothing_is_sent_in_it() {
    let mut scripted = ScriptedClient::with([answer(429, Some(3_600), "")]);
    let client = Arc::clone(&scripted.client);
    // One waits for its turn already when the service asks for the rest.
    client.permit(Lane::New).await.unwrap();
    client.permit(Lane::New).await.unwrap();
    let waiting = tokio::spawn(async move {
        client.permit(Lane::New).await?;
        client.permit(Lane::New).await
    });
    assert_eq!(
        scripted.client.send(&patch(), None, 1).await,
        Verdict::Throttled {
            message: "no message".to_owned(),
            retry_after: Some(RetryAfter::Seconds(3_600))
        }
    );
    let long_pause = LongPause {
        pause: Duration::from_secs(3_600),
    };
    assert_eq!(waiting.await.unwrap(), Err(long_pause));
    assert_eq!(scripted.client.permit(Lane::New).await, Err(long_pause));
    assert_eq!(scripted.client.depart().await, Err(long_pause));
    let error = scripted.read().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the service asks for a pause of 1h; continue after it \
         (GET /v2/flows/executions/e at https://example.com, not sent)"
    );
    assert!(scripted.script.start.elapsed() < Duration::from_secs(1));
    // Not even when the rest is over: the run is ending.
    time::advance(Duration::from_secs(7_200)).await;
    assert_eq!(scripted.client.depart().await, Err(long_pause));
    assert_eq!(scripted.script.times().len(), 1);
    assert_eq!(scripted.client_events().len(), 1);
    assert_eq!(scripted.client.traffic().throttled, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_meets_a_long_rest_says_so() {
    let scripted = ScriptedClient::with([answer(503, Some(301), "")]);
    let error = scripted.read().await.unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::LongPause(_)), "{error}");
    assert_eq!(error.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_is_counted_when_it_is_sent() {
    let unknown = || Verdict::Unknown {
        reason: "cut".to_owned(),
        retry_after: None,
    };
    let scripted = ScriptedClient::with([answer(200, None, "{}")]);
    let next = |repeat| scripted.client.after_write(&unknown(), repeat, 1);
    assert!(matches!(next(Repeat::Safe), Next::Again { .. }));
    assert_eq!(next(Repeat::Readable), Next::ReadBack);
    assert_eq!(scripted.client.traffic().retries, 0);
    scripted.client.send(&patch(), None, 2).await;
    let traffic = scripted.client.traffic();
    assert_eq!((traffic.requests, traffic.retries), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_no_request_and_no_repetition() {
    let refused = || {
        PlayedAnswer::Whole(Err(TransportError::NotSent {
            reason: "refused".to_owned(),
        }))
    };
    let scripted = ScriptedClient::with([refused(), refused(), refused()]);
    assert!(scripted.read().await.is_err());
    let traffic = scripted.client.traffic();
    assert_eq!((traffic.requests, traffic.retries), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_is_read_again_from_its_start() {
    let broken = PlayedAnswer::Spool(Err(unknown().into()));
    let scripted = ScriptedClient::with([broken, elsewhere(), answer(200, None, "[1,2]")]);
    let mut text = String::new();
    scripted
        .list()
        .await
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "[1,2]");
    let asked = scripted.script.asked.lock().unwrap();
    let asked: Vec<&str> = asked.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        asked,
        [
            "/v1/workflows/executions",
            "/v1/workflows/executions",
            "https://bucket.example/x"
        ]
    );
    let traffic = scripted.client.traffic();
    assert_eq!((traffic.requests, traffic.retries), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_large_answer_says_nothing_of_the_token() {
    let refused = || PlayedAnswer::Spool(Ok(Spool::Other(reply(401, None, "<Error/>"))));
    let scripted = ScriptedClient::with([
        elsewhere(),
        refused(),
        elsewhere(),
        refused(),
        elsewhere(),
        refused(),
    ]);
    assert_eq!(
        scripted.list().await.unwrap_err().to_string(),
        "no conclusive answer: its large answer can't be read (401): <Error/> \
         (GET /v1/workflows/executions at https://example.com, 3 attempts)"
    );
}

#[tokio::test(start_paused = true)]
async fn what_no_repetition_helps_against_ends_a_list_at_once() {
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let text = |status, text| Ok(Spool::Other(reply(status, None, text)));
    for (result, expected) in [
        (Err(SpoolError::Disk(full)), "the answer can't be kept"),
        (Err(SpoolError::UnsafePayload), "the service keeps its"),
        (text(401, ""), "the service does not accept the token"),
        (text(404, ""), "the service refuses with 404"),
        (text(200, "<p>Sign in</p>"), "the answer (without a content"),
        (
            text(200, "null"),
            "the answer (without a content type) is no",
        ),
        (text(200, ""), "the answer (without a content type) is no"),
    ] {
        let scripted = ScriptedClient::with([PlayedAnswer::Spool(result)]);
        let error = scripted.list().await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
