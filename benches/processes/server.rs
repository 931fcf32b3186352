//! A server that answers as fast as it can: a list of executions, and every write with success. It checks nothing.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    net::Ipv4Addr,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time,
};

/// Executions in one piece of the list.
const PIECE: u64 = 256;

/// What a server answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers {
    /// Executions in the list.
    pub(crate) executions: u64,
    /// How long each answer takes.
    pub(crate) latency: Duration,
}

/// Serves on a free port, which is printed, until the process is killed.
pub(crate) fn serve(answers: Answers) -> io::Result<()> {
    // One thread: what is measured is on the other side.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mut stdout = io::stdout();
        writeln!(stdout, "{}", listener.local_addr()?.port())?;
        stdout.flush()?;
        loop {
            let (connection, _) = listener.accept().await?;
            connection.set_nodelay(true)?;
            tokio::spawn(async move {
                // A client that has gone is no error of a measurement.
                drop(talk(connection, answers).await);
            });
        }
    })
}

async fn talk(mut connection: TcpStream, answers: Answers) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(8 << 10);
    loop {
        let (head, length) = loop {
            if let Some(found) = request(&buffer) {
                break found;
            }
            if connection.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        while buffer.len() < head + length {
            if connection.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        if !answers.latency.is_zero() {
            time::sleep(answers.latency).await;
        }
        if buffer.starts_with(b"GET /v1/workflows/executions ") {
            list(&mut connection, answers.executions).await?;
        } else if buffer.starts_with(b"GET ") {
            let id = String::from_utf8_lossy(&buffer[..head]);
            let id = id.split([' ', '/']).nth(5).unwrap_or_default();
            let mut body = String::new();
            execution(id, &mut body);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            connection.write_all((head + &body).as_bytes()).await?;
        } else {
            connection
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await?;
        }
        buffer.drain(..head + length);
    }
}

/// The lengths of a request's head and body, once the head is complete.
fn request(buffer: &[u8]) -> Option<(usize, usize)> {
    let end = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&buffer[..end]).unwrap_or_default();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    Some((end, length.unwrap_or(0)))
}

async fn list(connection: &mut TcpStream, executions: u64) -> io::Result<()> {
    connection
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    let mut piece = String::new();
    let mut number = 0;
    while number < executions {
        piece.clear();
        let end = executions.min(number + PIECE);
        for number in number..end {
            piece.push(if number == 0 { '[' } else { ',' });
            execution(&id(number), &mut piece);
        }
        if end == executions {
            piece.push(']');
        }
        number = end;
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        connection.write_all(chunk.as_bytes()).await?;
    }
    connection.write_all(b"0\r\n\r\n").await
}

/// The id of an execution; in the order of a list, they are in no order.
pub(crate) fn id(number: u64) -> String {
    // An odd factor: no two numbers have the same product.
    format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// An execution of usual size, about 1,100 bytes.
fn execution(id: &str, into: &mut String) {
    let written = write!(
        into,
        r#"{{"id":"{id}","definitionId":"def_meter","orgId":"4711","name":"Zählerwechsel – Feldweg {id}","creationTime":"2026-09-01T00:11:26.300Z","lastUpdateTime":"2026-11-06T07:02:30.300Z","dueDate":"2026-12-07T00:00:00.000","status":"STARTED","trigger":"MANUAL","assignedTo":["10010"],"lastModifiedBy":"10016","contexts":[{{"id":"{id}","title":"Kunde {id}","schema":"contact"}}],"flow":[{{"id":"s1{id}","definitionId":"section1","name":"Aufnahme","type":"SECTION","steps":[{{"id":"s11{id}","definitionId":"step1","name":"Anliegen einordnen","type":"STEP","enabled":true,"executionType":"MANUAL"}},{{"id":"s12{id}","definitionId":"step2","name":"Eingang bestätigen","type":"STEP","enabled":true,"executionType":"AUTOMATION"}}]}},{{"id":"s2{id}","definitionId":"section2","name":"Klärung","type":"SECTION","steps":[{{"id":"s21{id}","definitionId":"step3","name":"Fachbereich einbinden","type":"STEP","enabled":true,"executionType":"MANUAL"}}]}}]}}"#
    );
    debug_assert!(written.is_ok(), "a String takes everything");
}
