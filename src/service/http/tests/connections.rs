//! Connections that fail, break or stall: whether the request was sent.

use super::*;

#[tokio::test]
async fn a_refused_connection_has_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let http = http(&format!("http://{address}"), TIMEOUT);
    let result = http.attempt(&patch(), &[], Some(b"{}")).await;
    let Err(TransportError::NotSent { reason }) = result else {
        panic!("{result:?}")
    };
    assert!(reason.contains(&address.to_string()), "{reason}");
    assert!(reason.to_lowercase().contains("refused"), "{reason}");
}

#[tokio::test]
async fn a_name_that_can_not_be_looked_up_has_sent_nothing() {
    // A label has 63 characters at most, so that no server of names is asked.
    let origin = format!("https://{}.invalid", "a".repeat(64));
    let result = http(&origin, TIMEOUT)
        .attempt(&patch(), &[], Some(b"{}"))
        .await;
    assert!(
        matches!(result, Err(TransportError::NotSent { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_connection_that_ends_in_the_tls_handshake_has_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
    });
    let http = http(&format!("https://{address}"), TIMEOUT);
    let result = http.attempt(&patch(), &[], Some(b"{}")).await;
    assert!(
        matches!(result, Err(TransportError::NotSent { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_reset_after_the_request_leaves_the_effect_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Closed with the rest unread, a connection is reset.
        stream.read_u8().await.unwrap();
    });
    let http = http(&format!("http://{address}"), TIMEOUT);
    let result = http.attempt(&patch(), &[], Some(b"{}")).await;
    assert!(
        matches!(result, Err(TransportError::Unknown { .. })),
        "{result:?}"
    );
}

/// The server closes the idle connection while the client is about to send over it: both happen
/// between two looks of the runtime at sockets and timers, since its only thread is held up.
#[tokio::test]
async fn a_request_over_a_connection_that_was_closed_while_idle_arrives_once() {
    use std::io::Write as _;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (close, closing) = std::sync::mpsc::channel();
    let (closed, is_closed) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let exchange = |listener: &std::net::TcpListener| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            let length = stream.read(&mut request).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(answer).unwrap();
            (stream, request[..length].to_vec())
        };
        let (mut first, _) = exchange(&listener);
        let () = closing.recv().unwrap();
        first.shutdown(std::net::Shutdown::Write).unwrap();
        closed.send(()).unwrap();
        let (_second, request) = exchange(&listener);
        let mut rest = Vec::new();
        first.read_to_end(&mut rest).unwrap();
        (rest, request)
    });
    let http = http(&format!("http://{address}"), TIMEOUT);
    http.attempt(&flow(), &[], None).await.unwrap();
    // Time for the connection to go back to where idle ones are kept.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let look = tokio::time::sleep(Duration::from_millis(1));
    tokio::pin!(look);
    assert!(futures::poll!(look.as_mut()).is_pending());
    close.send(()).unwrap();
    is_closed.recv().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    // Now both are there: the end of the connection, and the moment to send.
    look.await;
    http.attempt(&patch(), &[], None).await.unwrap();

    let (rest, request) = server.join().unwrap();
    assert_eq!(rest, b"", "nothing was written to the dead connection");
    assert!(request.starts_with(b"PATCH "));
}

/// A new connection that ends after so many turns of the client's tasks: what was seen of the
/// attempt, and what the server got.
fn closed_after(turns: usize) -> (Result<Reply, TransportError>, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // The sockets are looked at after each turn of a task.
        .event_interval(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let server = tokio::spawn(async move {
            let mut stream = loop {
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut got = Vec::new();
            while let Err(error) = stream.read_to_end(&mut got) {
                if error.kind() != std::io::ErrorKind::WouldBlock {
                    break;
                }
                tokio::task::yield_now().await;
            }
            got
        });
        let http = http(&format!("http://{address}"), TIMEOUT);
        let result = http.attempt(&patch(), &[], Some(b"{}")).await;
        drop(http);
        (result, server.await.unwrap())
    })
}

#[test]
fn a_connection_that_ends_before_the_request_is_written_has_sent_nothing() {
    let mut unwritten = 0;
    for turns in 0..20 {
        let (result, got) = closed_after(turns);
        match result {
            Err(TransportError::NotSent { reason }) => {
                unwritten += 1;
                assert_eq!(got, b"", "{turns}: {reason}");
            }
            Err(TransportError::Unknown { .. }) => {}
            other => panic!("{turns}: {other:?}"),
        }
    }
    assert!(unwritten > 0, "no moment was the right one");
}

#[tokio::test]
async fn a_failed_tls_handshake_has_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 1_024];
        let length = stream.read(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").await.unwrap();
        hello[..length].to_vec()
    });
    let http = http(&format!("https://{address}"), TIMEOUT);
    let result = http.attempt(&patch(), &[], Some(b"{}")).await;
    assert!(
        matches!(result, Err(TransportError::NotSent { .. })),
        "{result:?}"
    );
    let sent = server.await.unwrap();
    assert!(!String::from_utf8_lossy(&sent).contains(SECRET));
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let http = http(&format!("http://{address}"), Duration::from_millis(200));
    // The connection waits in the listener's backlog; nobody takes it.
    let result = http.attempt(&patch(), &[], Some(b"{}")).await;
    let Err(TransportError::Unknown { reason }) = result else {
        panic!("{result:?}")
    };
    assert!(reason.contains("in time"), "{reason}");
}

#[tokio::test]
async fn an_answer_that_only_drips_is_left_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        // Far below the timeout, so that no single wait is too long.
        let mut drops = tokio::time::interval(Duration::from_millis(10));
        while stream.write_all(b" ").await.is_ok() {
            drops.tick().await;
        }
    });
    let http = http(&format!("http://{address}"), Duration::from_millis(200));
    let operation = patch();
    let attempt = http.attempt(&operation, &[], Some(b"{}"));
    let patience = Duration::from_secs(10);
    let result = tokio::time::timeout(patience, attempt).await.unwrap();
    assert!(
        matches!(&result, Err(TransportError::Unknown { reason }) if reason.contains("in time")),
        "{result:?}"
    );
}
