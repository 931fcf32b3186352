//! Answers that are compressed on the way.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;

pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// A client of a server that gives this answer, and the request that it will have got.
pub(super) async fn answering(
    coding: &str,
    body: Vec<u8>,
) -> (Http, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = request(&mut stream).await;
        // Who has seen enough hangs up.
        let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        request
    });
    (http(&format!("http://{address}"), TIMEOUT), server)
}

#[tokio::test]
async fn gzip_is_asked_for_and_undone_in_memory_and_on_disk() {
    let json = format!("[{}7]", "1234567, ".repeat(100_000));
    let halves = [
        gzip(&json.as_bytes()[..1_000]),
        gzip(&json.as_bytes()[1_000..]),
    ]
    .concat();
    for (coding, body) in [
        ("gzip", gzip(json.as_bytes())),
        ("GZIP", gzip(json.as_bytes())),
        ("x-gzip", halves),
        ("identity", json.clone().into_bytes()),
        ("", json.clone().into_bytes()),
    ] {
        let (http, server) = answering(coding, body.clone()).await;
        let reply = http.attempt(&flow(), &[], None).await.unwrap();
        assert_eq!(reply.body, json.as_bytes(), "{coding}");
        let request = server.await.unwrap();
        assert!(
            request.contains("\r\naccept-encoding: gzip\r\n"),
            "{request}"
        );

        let (http, server) = answering(coding, body).await;
        let spooled = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
        let Ok(Spool::Body(mut file)) = spooled else {
            panic!("{coding}: {spooled:?}");
        };
        let mut read = Vec::new();
        file.read_to_end(&mut read).unwrap();
        assert_eq!(read, json.as_bytes(), "{coding}");
        assert!(
            server
                .await
                .unwrap()
                .contains("\r\naccept-encoding: gzip\r\n")
        );
    }
    // The presigned place of a large answer may compress, too.
    let (http, server) = answering("gzip", gzip(b"[1]")).await;
    let payload = format!("{}/payload", http.origin()).parse().unwrap();
    assert!(matches!(
        http.attempt_payload(payload).await,
        Ok(Spool::Body(_))
    ));
    let request = server.await.unwrap();
    assert!(request.contains("\r\naccept-encoding: gzip\r\n") && !request.contains(SECRET));
}

#[tokio::test]
async fn an_answer_without_a_body_is_none_whatever_it_would_have_been_compressed_with() {
    for coding in ["gzip", "br"] {
        let (http, _server) = answering(coding, Vec::new()).await;
        let reply = http.attempt(&flow(), &[], None).await.unwrap();
        assert_eq!(reply.body, b"", "{coding}");
    }
}

#[tokio::test]
async fn a_few_bytes_that_become_gigabytes_end_at_the_limit() {
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let (http, _server) = answering("gzip", bomb.clone()).await;
    let result = http.attempt(&flow(), &[], None).await;
    assert_eq!(result, Err(TransportError::TooLarge { limit: BODY_LIMIT }));

    let (http, _server) = answering("gzip", bomb).await;
    let url = http.origin().join("/", &[]).unwrap();
    let response = http.client().unwrap().get(url).send().await.unwrap();
    let spooled = http.spool(response, &http.origin, 1 << 20).await;
    assert!(
        matches!(
            spooled,
            Err(SpoolError::Transport(TransportError::TooLarge {
                limit: 1_048_576
            }))
        ),
        "{spooled:?}"
    );
}

#[tokio::test]
async fn little_is_decompressed_at_a_time() {
    // A piece may become a thousand times as long.
    const MOST: usize = 2 << 20;
    let (http, _server) = answering("gzip", gzip(&vec![b' '; 64 << 20])).await;
    let url = http.origin().join("/", &[]).unwrap();
    let response = http.client().unwrap().get(url).send().await.unwrap();
    let mut body = ResponseBody::new(response, &http.origin, http.tokens.redactor());
    let mut length = 0;
    while let Some(piece) = body.piece().await.unwrap() {
        assert!(piece.len() <= MOST, "{}", piece.len());
        length += piece.len();
    }
    assert_eq!(length, 64 << 20);
}

#[tokio::test]
async fn what_can_not_be_decompressed_leaves_the_effect_unknown() {
    let whole = gzip(br#"{"id": "e"}"#);
    let mut changed = whole.clone();
    // A byte of the check sum.
    let last = changed.len() - 8;
    changed[last] ^= 1;
    for body in [
        whole[..whole.len() - 1].to_vec(),
        whole[..5].to_vec(),
        changed,
        br#"{"id": "e"}"#.to_vec(),
        [&whole[..], b"more"].concat(),
    ] {
        let (http, _server) = answering("gzip", body.clone()).await;
        let result = http.attempt(&patch(), &[], Some(b"{}")).await;
        assert!(
            matches!(&result, Err(TransportError::Unknown { reason }) if reason.contains("compressed answer")),
            "{}: {result:?}",
            body.escape_ascii()
        );
    }
}

#[tokio::test]
async fn a_compression_that_was_not_asked_for_is_named() {
    for coding in ["br", "zstd", "deflate", "gzip, br"] {
        let (http, _server) = answering(coding, b"\x1b\x2f".to_vec()).await;
        let read = http.attempt(&flow(), &[], None).await;
        let said = read_outcome(&flow(), read).unwrap_err().to_string();
        let words = format!("(compressed with {coding:?}, and only gzip was asked for)");
        assert!(said.contains(&words), "{said}");

        let (http, _server) = answering(coding, b"\x1b\x2f".to_vec()).await;
        let written = verdict(&http.attempt(&patch(), &[], Some(b"{}")).await);
        assert!(
            matches!(&written, Verdict::Unknown { reason, .. } if reason.contains(&words)),
            "{written:?}"
        );
        // However long it is.
        let (http, _server) = answering(coding, vec![0x1b; 1 << 20]).await;
        let spooled = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
        assert!(
            matches!(&spooled, Ok(Spool::Other(reply)) if reply.message() == words),
            "{spooled:?}"
        );
    }
}
