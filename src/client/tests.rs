//! Against a scripted network, on tokio's paused clock.

use std::{
    collections::VecDeque,
    io::{Read, Seek, Write},
    sync::Arc,
};

use futures::future::{BoxFuture, FutureExt};
use reqwest::Url;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::api::{Id, RetryAfter};

/// What the network does next.
#[derive(Debug)]
enum ScriptedAnswer {
    Whole(Result<Reply, TransportError>),
    Spool(Result<Spool, SpoolError>),
}

/// A network that follows a script and notes what was asked for when.
#[derive(Debug)]
struct Script {
    start: Instant,
    answers: Mutex<VecDeque<ScriptedAnswer>>,
    asked: Mutex<Vec<(String, Duration)>>,
}

impl Script {
    fn next(&self, what: String) -> ScriptedAnswer {
        self.asked
            .lock()
            .unwrap()
            .push((what, self.start.elapsed()));
        let answer = self.answers.lock().unwrap().pop_front();
        answer.expect("more requests than the script has answers")
    }

    fn spool(&self, what: String) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        match self.next(what) {
            ScriptedAnswer::Spool(result) => async { result }.boxed(),
            ScriptedAnswer::Whole(result) => panic!("a spooled request can't get {result:?}"),
        }
    }

    /// When each request was sent, in milliseconds from the beginning.
    fn times(&self) -> Vec<u128> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(_, at)| at.as_millis()).collect()
    }
}

#[derive(Debug)]
struct Scripted(Arc<Script>);

impl Transport for Scripted {
    fn origin(&self) -> String {
        "https://example.com".to_owned()
    }

    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        _query: &'a [(&'a str, &'a str)],
        _body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        match self.0.next(operation.path()) {
            ScriptedAnswer::Whole(result) => async { result }.boxed(),
            ScriptedAnswer::Spool(result) => panic!("an ordinary request can't get {result:?}"),
        }
    }

    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        _query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        self.0.spool(operation.path())
    }

    fn attempt_payload(&self, url: Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        self.0.spool(url.to_string())
    }
}

struct Stage {
    client: Arc<Client>,
    script: Arc<Script>,
    notices: UnboundedReceiver<Notice>,
}

impl Stage {
    fn with<const N: usize>(answers: [ScriptedAnswer; N]) -> Self {
        let script = Arc::new(Script {
            start: Instant::now(),
            answers: Mutex::new(answers.into()),
            asked: Mutex::default(),
        });
        let (told, notices) = unbounded_channel();
        let client = Client::new(ClientParts {
            transport: Box::new(Scripted(Arc::clone(&script))),
            pacer: Pacer::per_second(100.0, 2),
            policy: Policy::default(),
            rng: fastrand::Rng::with_seed(7),
            now: || Timestamp::UNIX_EPOCH,
            notices: Some(told),
        });
        Self {
            client: Arc::new(client),
            script,
            notices,
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

    fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.notices.try_recv().ok()).collect()
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
        status,
        retry_after: retry_after.map(RetryAfter::Seconds),
        content_type: None,
        body: body.into(),
    }
}

fn answer(status: u16, retry_after: Option<u64>, body: &str) -> ScriptedAnswer {
    ScriptedAnswer::Whole(Ok(reply(status, retry_after, body)))
}

/// Asks for a rest until a date; the tests' wall clock stands still at the epoch.
fn until(status: u16, seconds: i64) -> ScriptedAnswer {
    let date = Timestamp::from_second(seconds).unwrap();
    ScriptedAnswer::Whole(Ok(Reply {
        retry_after: Some(RetryAfter::At(date)),
        ..reply(status, None, "")
    }))
}

fn ok() -> ScriptedAnswer {
    answer(200, None, "{}")
}

fn not_sent() -> ScriptedAnswer {
    ScriptedAnswer::Whole(Err(TransportError::NotSent {
        reason: "connection refused".to_owned(),
    }))
}

fn unknown() -> TransportError {
    TransportError::Unknown {
        reason: "cut".to_owned(),
    }
}

fn body(text: &str) -> ScriptedAnswer {
    let mut file = SpooledTempFile::new(1_024);
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    ScriptedAnswer::Spool(Ok(Spool::Body(file)))
}

fn elsewhere() -> ScriptedAnswer {
    let url = Url::parse("https://bucket.example/x").unwrap();
    ScriptedAnswer::Spool(Ok(Spool::Elsewhere(url)))
}

fn json() -> ReadFinding {
    ReadFinding::Json(serde_json::json!({}))
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_until_it_gets_an_answer() {
    for trouble in [
        not_sent(),
        ScriptedAnswer::Whole(Err(unknown())),
        answer(500, None, ""),
        answer(408, None, ""),
        answer(429, None, ""),
    ] {
        let what = format!("{trouble:?}");
        let sent = if what.contains("NotSent") { 2 } else { 3 };
        let stage = Stage::with([trouble, answer(502, None, ""), ok()]);
        assert_eq!(stage.read().await.unwrap(), json(), "{what}");
        let traffic = stage.client.traffic();
        assert_eq!((traffic.requests, traffic.retries), (sent, 2), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_its_last_attempt_a_read_says_what_was_tried_on_what() {
    let stage = Stage::with([not_sent(), not_sent(), not_sent()]);
    assert_eq!(
        stage.read().await.unwrap_err().to_string(),
        "the server can't be reached, check --server: connection refused \
         (GET /v2/flows/executions/e at https://example.com, 3 attempts)"
    );
    let stage = Stage::with([(); 3].map(|()| answer(503, None, r#"{"message":"down"}"#)));
    assert_eq!(
        stage.read().await.unwrap_err().to_string(),
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
        let stage = Stage::with([answer(status, None, "")]);
        let error = stage.read().await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(error.attempts, 1);
    }
    let stage = Stage::with([answer(404, None, "")]);
    assert_eq!(stage.read().await.unwrap(), ReadFinding::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_read_makes_everybody_rest() {
    let mut stage = Stage::with([answer(429, Some(5), ""), ok(), ok(), ok()]);
    let (client, other) = (Arc::clone(&stage.client), Arc::clone(&stage.client));
    // The second worker has its permit before the pause and comes to send during it.
    let writer = tokio::spawn(async move {
        other.permit(Lane::New).await.unwrap();
        time::sleep(Duration::from_secs(1)).await;
        other.depart().await.unwrap();
        other.send(&patch(), None, 1).await
    });
    let reader = tokio::spawn(async move { client.read(&flow(), &[], None).await });
    time::sleep(Duration::from_secs(2)).await;
    stage.client.permit(Lane::New).await.unwrap();
    assert!(stage.script.start.elapsed() > Duration::from_secs(5));

    assert_eq!(
        writer.await.unwrap(),
        Verdict::Applied(Some(crate::api::Answer {
            status: 200,
            object: serde_json::json!({})
        }))
    );
    assert_eq!(reader.await.unwrap().unwrap(), json());
    let times = stage.script.times();
    assert_eq!(times.len(), 3);
    assert!(times[1..].iter().all(|&at| at > 5_000), "{times:?}");
    assert_eq!(
        stage.notices(),
        [Notice::Throttled {
            pause: Duration::from_secs(5)
        }]
    );
    assert_eq!(stage.client.traffic().throttled, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn every_repetition_takes_a_permit() {
    // The policy's delays are shorter than the limiter's: 1 a second after the first.
    let mut stage = Stage::with([(); 6].map(|()| answer(500, None, "")));
    let client = Arc::get_mut(&mut stage.client).unwrap();
    client.pacer = Pacer::per_second(1.0, 1);
    stage.read().await.unwrap_err();
    stage.read().await.unwrap_err();
    assert_eq!(stage.script.times(), [0, 1_000, 2_000, 3_000, 4_000, 5_000]);
}

#[tokio::test(start_paused = true)]
async fn a_write_is_sent_exactly_once_whatever_comes_back() {
    for (answer, requests) in [
        (not_sent(), 0),
        (ScriptedAnswer::Whole(Err(unknown())), 1),
        (answer(500, None, ""), 1),
        (answer(429, Some(3), ""), 1),
        (answer(404, None, ""), 1),
        (ok(), 1),
    ] {
        let what = format!("{answer:?}");
        let stage = Stage::with([answer]);
        stage.write().await;
        assert_eq!(stage.script.times().len(), 1, "{what}");
        assert_eq!(stage.client.traffic().requests, requests, "{what}");
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
        let stage = Stage::with([answer, ok()]);
        stage.write().await;
        stage.write().await;
        let second = stage.script.times()[1];
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
        let stage = Stage::with([answer(status, Some(0), ""), ok(), ok(), ok(), ok()]);
        for _ in 0..5 {
            stage.write().await;
        }
        let times = stage.script.times();
        assert_eq!(times[4] - times[3], gap_ms, "{status}: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_through_a_long_rest_and_nothing_is_sent_in_it() {
    let mut stage = Stage::with([answer(429, Some(3_600), "")]);
    let client = Arc::clone(&stage.client);
    // One waits for its turn already when the service asks for the rest.
    client.permit(Lane::New).await.unwrap();
    client.permit(Lane::New).await.unwrap();
    let waiting = tokio::spawn(async move {
        client.permit(Lane::New).await?;
        client.permit(Lane::New).await
    });
    assert_eq!(
        stage.client.send(&patch(), None, 1).await,
        Verdict::Throttled {
            message: "no message".to_owned(),
            retry_after: Some(RetryAfter::Seconds(3_600))
        }
    );
    let long_pause = LongPause {
        pause: Duration::from_hours(1),
    };
    assert_eq!(waiting.await.unwrap(), Err(long_pause));
    assert_eq!(stage.client.permit(Lane::New).await, Err(long_pause));
    assert_eq!(stage.client.depart().await, Err(long_pause));
    let error = stage.read().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the service asks for a rest of 1h; go on after it \
         (GET /v2/flows/executions/e at https://example.com, not sent)"
    );
    assert!(stage.script.start.elapsed() < Duration::from_secs(1));
    // Not even when the rest is over: the run is ending.
    time::advance(Duration::from_hours(2)).await;
    assert_eq!(stage.client.depart().await, Err(long_pause));
    assert_eq!(stage.script.times().len(), 1);
    assert_eq!(stage.notices().len(), 1);
    assert_eq!(stage.client.traffic().throttled, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_meets_a_long_rest_says_so() {
    let stage = Stage::with([answer(503, Some(301), "")]);
    let error = stage.read().await.unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::LongPause(_)), "{error}");
    assert_eq!(error.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_is_counted_when_it_is_sent() {
    let unknown = || Verdict::Unknown {
        reason: "cut".to_owned(),
        retry_after: None,
    };
    let stage = Stage::with([answer(200, None, "{}")]);
    let next = |repeat| stage.client.after_write(&unknown(), repeat, 1);
    assert!(matches!(next(Repeat::Safe), Next::Again { .. }));
    assert_eq!(next(Repeat::Readable), Next::ReadBack);
    assert_eq!(stage.client.traffic().retries, 0);
    stage.client.send(&patch(), None, 2).await;
    let traffic = stage.client.traffic();
    assert_eq!((traffic.requests, traffic.retries), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_no_request_and_no_repetition() {
    let refused = || {
        ScriptedAnswer::Whole(Err(TransportError::NotSent {
            reason: "refused".to_owned(),
        }))
    };
    let stage = Stage::with([refused(), refused(), refused()]);
    assert!(stage.read().await.is_err());
    let traffic = stage.client.traffic();
    assert_eq!((traffic.requests, traffic.retries), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_is_read_again_from_its_start() {
    let broken = ScriptedAnswer::Spool(Err(unknown().into()));
    let stage = Stage::with([broken, elsewhere(), body("[1,2]")]);
    let mut text = String::new();
    stage
        .list()
        .await
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "[1,2]");
    let asked = stage.script.asked.lock().unwrap();
    let asked: Vec<&str> = asked.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        asked,
        [
            "/v1/workflows/executions",
            "/v1/workflows/executions",
            "https://bucket.example/x"
        ]
    );
    let traffic = stage.client.traffic();
    assert_eq!((traffic.requests, traffic.retries), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_large_answer_says_nothing_of_the_token() {
    let refused = || ScriptedAnswer::Spool(Ok(Spool::Other(reply(401, None, "<Error/>"))));
    let stage = Stage::with([
        elsewhere(),
        refused(),
        elsewhere(),
        refused(),
        elsewhere(),
        refused(),
    ]);
    assert_eq!(
        stage.list().await.unwrap_err().to_string(),
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
        let stage = Stage::with([ScriptedAnswer::Spool(result)]);
        let error = stage.list().await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
