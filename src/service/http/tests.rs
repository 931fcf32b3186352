//! Against a server of canned bytes on loopback; on the real clock, since sockets don't know another.

use std::{io::Read, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use super::*;

mod compressed;
mod connections;
mod echoed;

use crate::api::{Id, ReadFinding, ReadTrouble, Verdict, read_outcome, verdict};

const SECRET: &str = "s3cr3t-t0ken";

/// Longer than any test.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server that answers each connection with the next of its answers, and then closes it.
struct CannedServer {
    address: SocketAddr,
    requests: UnboundedReceiver<String>,
}

impl CannedServer {
    async fn answering<const N: usize>(answers: [&str; N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, requests) = unbounded_channel();
        let answers = answers.map(str::to_owned);
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                told.send(request(&mut stream).await).unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { address, requests }
    }

    fn http(&self) -> Http {
        http(&format!("http://{}", self.address), TIMEOUT)
    }

    /// The requests that came, as they were on the wire.
    fn requests(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

/// Reads one request, with as much of a body as it says.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        let length = stream.read_buf(&mut bytes).await.unwrap();
        assert!(length > 0, "the client hung up after {bytes:?}");
    }
}

fn http(origin: &str, timeout: Duration) -> Http {
    Http::new(config(origin, timeout)).unwrap()
}

fn config(origin: &str, timeout: Duration) -> HttpConfig {
    HttpConfig {
        origin: origin.parse().unwrap(),
        entities: origin.parse().unwrap(),
        token: Token::new(SECRET).unwrap(),
        renew: None,
        headers: Vec::new(),
        org: Some("4711".to_owned()),
        timeout,
        user_agent: USER_AGENT_VALUE.to_owned(),
    }
}

fn flow() -> Operation {
    Operation::GetFlow(Id::new("e:1").unwrap())
}

fn patch() -> Operation {
    Operation::PatchFlow(Id::new("e:1").unwrap())
}

/// An answer with a right length, after which the connection is not used again.
fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

#[tokio::test]
async fn a_request_says_who_asks_for_what_and_the_answer_comes_back_whole() {
    let json = answer("200 OK", "content-type: application/json\r\n", "{\"id\":1}");
    let mut server = CannedServer::answering([&json, &json]).await;
    let http = server.http();
    let query = [("entity_id", "a&b"), ("entity_schema", "contact")];
    let reply = http.attempt(&flow(), &query, None).await.unwrap();
    assert_eq!(
        reply,
        Reply {
            status: 200,
            retry_after: None,
            content_type: Some("application/json".to_owned()),
            body: b"{\"id\":1}".to_vec(),
        }
    );
    let written = http.attempt(&patch(), &[], Some(b"{\"x\":2}")).await;
    assert!(matches!(verdict(&written), Verdict::Applied(Some(_))));

    let requests = server.requests();
    assert!(requests[0].starts_with(
        "GET /v2/flows/executions/e:1?entity_id=a%26b&entity_schema=contact HTTP/1.1\r\n"
    ));
    assert!(requests[1].starts_with("PATCH /v2/flows/executions/e:1 HTTP/1.1\r\n"));
    assert!(requests[1].ends_with("\r\n\r\n{\"x\":2}"));
    for request in &requests {
        for header in [
            format!("authorization: Bearer {SECRET}"),
            "x-epilot-org-id: 4711".to_owned(),
            "accept: application/json".to_owned(),
            format!("user-agent: {USER_AGENT_VALUE}"),
        ] {
            assert!(request.contains(&format!("\r\n{header}\r\n")), "{request}");
        }
    }
    assert!(!requests[0].contains("content-type"));
    assert!(requests[1].contains("\r\ncontent-type: application/json\r\n"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_token_goes_nowhere_else() {
    let mut elsewhere = CannedServer::answering([&answer("200 OK", "", "{}")]).await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = format!("location: http://{}/\r\n", elsewhere.address);
        let server = CannedServer::answering([&answer(status, &location, "")]).await;
        let result = server.http().attempt(&patch(), &[], Some(b"{}")).await;
        let verdict = verdict(&result);
        assert!(
            matches!(&verdict, Verdict::Refused { message, .. } if message.contains("--server")),
            "{status}: {verdict:?}"
        );
    }
    assert_eq!(elsewhere.requests(), [""; 0]);
}

#[tokio::test]
async fn an_answer_that_was_cut_off_leaves_the_effect_unknown() {
    for cut in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"id\"",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "not http",
    ] {
        let mut server = CannedServer::answering([cut]).await;
        let result = server.http().attempt(&patch(), &[], Some(b"{}")).await;
        assert!(
            matches!(result, Err(TransportError::Unknown { .. })),
            "{cut:?}: {result:?}"
        );
        assert_eq!(server.requests().len(), 1, "{cut:?}: it is one attempt");
    }
}

#[tokio::test]
async fn every_form_of_retry_after_is_read_and_the_longest_of_several() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (header, expected) in [
        ("retry-after: 7\r\n", Some(RetryAfter::Seconds(7))),
        (
            &*format!("Retry-After: {date}\r\n"),
            Some(RetryAfter::At("1994-11-06T08:49:37Z".parse().unwrap())),
        ),
        // By the clock of the service; the clock of this machine does not count.
        (
            &*format!("date: Sun, 06 Nov 1994 08:49:07 GMT\r\nRetry-After: {date}\r\n"),
            Some(RetryAfter::Seconds(30)),
        ),
        ("retry-after: 8.0\r\n", Some(RetryAfter::Seconds(8))),
        (
            "retry-after: 3\r\nRetry-After: 8\r\nretry-after: 5\r\n",
            Some(RetryAfter::Seconds(8)),
        ),
        ("retry-after: soon\r\n", None),
        ("", None),
    ] {
        let server = CannedServer::answering([&answer("429 Too Many", header, "")]).await;
        let reply = server.http().attempt(&flow(), &[], None).await.unwrap();
        assert_eq!(reply.retry_after, expected, "{header}");
    }
}

#[tokio::test]
async fn a_page_is_not_the_service() {
    let page = answer("200 OK", "content-type: text/html\r\n", "<p>Sign in</p>");
    let server = CannedServer::answering([&page, &page]).await;
    let written = server.http().attempt(&patch(), &[], Some(b"{}")).await;
    assert!(matches!(verdict(&written), Verdict::Unknown { .. }));
    let read = server.http().attempt(&flow(), &[], None).await;
    assert_eq!(
        read_outcome(&flow(), read),
        Err(ReadTrouble::NotJson {
            content_type: Some("text/html".to_owned()),
            excerpt: "<p>Sign in</p>".to_owned(),
        })
    );
}

#[tokio::test]
async fn an_endless_answer_is_not_kept_in_memory() {
    let too_long = "x".repeat((16 << 20) + 1);
    for long in [
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{".to_owned(),
        format!("HTTP/1.1 200 OK\r\n\r\n{too_long}"),
    ] {
        let server = CannedServer::answering([&long]).await;
        let result = server.http().attempt(&flow(), &[], None).await;
        assert_eq!(result, Err(TransportError::TooLarge { limit: BODY_LIMIT }));
    }
}

#[tokio::test]
async fn the_token_is_in_no_output() {
    let server = CannedServer::answering([&answer("400 Bad", "", ""), "cut"]).await;
    let http = server.http();
    let refused = http.attempt(&patch(), &[], Some(b"{}")).await;
    let cut = http.attempt(&patch(), &[], Some(b"{}")).await;
    for text in [
        format!("{http:?}"),
        format!("{http:#?}"),
        format!("{refused:?}"),
        format!("{cut:?} {}", cut.as_ref().unwrap_err()),
    ] {
        assert!(!text.contains(SECRET), "{text}");
        assert!(!text.contains("Bearer"), "{text}");
    }
}

#[tokio::test]
async fn a_list_of_any_length_goes_onto_the_disk() {
    let list = format!("[{}0]", "0,".repeat(5_000_000));
    let mut server = CannedServer::answering([&answer("200 OK", "", &list)]).await;
    let http = server.http();
    let spool = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
    let Ok(Spool::Body(mut file)) = spool else {
        panic!("{spool:?}")
    };
    assert!(file.is_rolled());
    let mut read = String::new();
    file.read_to_string(&mut read).unwrap();
    assert!(read == list);
    let request = &server.requests()[0];
    assert!(request.contains("\r\naccept: application/large-response.vnd+json\r\n"));
}

#[tokio::test]
async fn an_endless_list_does_not_fill_the_disk() {
    for (limit, fits) in [(3, true), (2, false)] {
        let server = CannedServer::answering([&answer("200 OK", "", "[1]")]).await;
        let http = server.http();
        let url = format!("http://{}/", server.address);
        let response = http.client().unwrap().get(url).send().await.unwrap();
        let spool = http.spool(response, &http.origin, limit).await;
        assert_eq!(matches!(spool, Ok(Spool::Body(_))), fits, "{spool:?}");
        let too_large = SpoolError::Transport(TransportError::TooLarge { limit });
        let refused = spool.is_err_and(|error| error.to_string() == too_large.to_string());
        assert_eq!(refused, !fits);
    }
}

#[tokio::test]
async fn a_large_response_is_read_elsewhere_without_the_token() {
    let list = answer("200 OK", "", "[1]");
    let mut bucket = CannedServer::answering([&list]).await;
    let reference = format!(
        r#"{{"$payload_ref":"http://{}/x?signature=1"}}"#,
        bucket.address
    );
    let server = CannedServer::answering([&answer("200 OK", "", &reference)]).await;
    let http = server.http();
    let spool = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
    let Ok(Spool::Elsewhere(url)) = spool else {
        panic!("{spool:?}")
    };
    let spool = http.attempt_payload(url).await;
    assert!(matches!(spool, Ok(Spool::Body(_))), "{spool:?}");
    let request = bucket.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /x?signature=1 "), "{request}");
    for header in ["authorization", "bearer", "x-epilot-org-id", "4711"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn an_error_names_the_host_that_was_asked() {
    let server = CannedServer::answering([]).await;
    let http = server.http();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let url = format!("http://{address}/x?signature=1").parse().unwrap();
    let error = http.attempt_payload(url).await.unwrap_err().to_string();
    assert!(
        error.contains(&format!("can't connect to http://{address}: ")),
        "{error}"
    );
    assert!(!error.contains("signature"), "{error}");
}

#[tokio::test]
async fn a_large_response_is_not_read_from_where_anybody_listens() {
    let reference = r#"{"$payload_ref":"http://bucket.example/x"}"#;
    let server = CannedServer::answering([&answer("200 OK", "", reference)]).await;
    let http = server.http();
    let spool = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
    assert!(matches!(spool, Err(SpoolError::UnsafePayload)), "{spool:?}");
}

#[tokio::test]
async fn what_is_no_list_is_not_spooled_as_one() {
    for (status, body) in [
        ("200 OK", "<p>Sign in</p>"),
        ("200 OK", ""),
        ("204 No Content", ""),
        ("403 Forbidden", "[1]"),
        ("503 Unavailable", &"x".repeat(100_000)),
    ] {
        let server = CannedServer::answering([&answer(status, "", body)]).await;
        let http = server.http();
        let spool = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
        let Ok(Spool::Other(reply)) = spool else {
            panic!("{status}: {spool:?}")
        };
        assert!(reply.body.len() <= 16 << 10);
        let outcome = read_outcome(&Operation::GetExecutions, Ok(reply));
        assert!(!matches!(outcome, Ok(ReadFinding::Json(_))), "{status}");
    }
    let server = CannedServer::answering(["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1,"]).await;
    let http = server.http();
    let cut = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
    assert!(
        matches!(
            cut,
            Err(SpoolError::Transport(TransportError::Unknown { .. }))
        ),
        "{cut:?}"
    );
}

#[test]
fn mozillas_certificates_can_stand_in_for_the_systems() {
    let http = http("https://example.com", TIMEOUT);
    assert!(http.build_with_bundled_roots().is_ok());
}

#[test]
fn what_can_not_stand_in_a_header_is_refused() {
    for (org, user_agent, error) in [
        (Some("4711\r\nx: 1"), "wf-bulk", HttpConfigError::Org),
        (Some(""), "wf-bulk", HttpConfigError::Org),
        (None, "wf\nbulk", HttpConfigError::UserAgent),
    ] {
        let config = HttpConfig {
            origin: "https://example.com".parse().unwrap(),
            entities: "https://example.com".parse().unwrap(),
            token: Token::new(SECRET).unwrap(),
            renew: None,
            headers: Vec::new(),
            org: org.map(str::to_owned),
            timeout: TIMEOUT,
            user_agent: user_agent.to_owned(),
        };
        assert_eq!(Http::new(config).unwrap_err(), error);
    }
}
