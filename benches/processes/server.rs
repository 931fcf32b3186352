//! A server that answers as fast as it can: a list of executions, and every write with success. It checks nothing.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time,
};

/// Executions in one piece of the list.
const PIECE: u64 = 256;

/// Where the executions are: the list itself, and below it each of them.
pub(crate) const EXECUTIONS: &str = "/v1/workflows/executions";

/// How long each answer takes once writes are held: long enough to stop a run meanwhile.
const HELD: Duration = Duration::from_millis(200);

/// Asks for the moments of the requests since the last such question, one a line, in microseconds since 1970.
pub(crate) const ARRIVALS: &str = "/bench/arrivals";

/// Asks for the number of requests since the last question for the arrivals.
pub(crate) const COUNT: &str = "/bench/count";

/// Followed by the number of requests that are answered at once; all later ones are held. Without a number, no request is held.
pub(crate) const HOLD: &str = "/bench/hold/";

/// What a server answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers {
    /// Executions in the list.
    pub(crate) executions: u64,
    /// How long each answer takes, except for the list.
    pub(crate) latency: Duration,
}

/// What the bench is told of the requests, except for those of the list.
#[derive(Debug, Default)]
struct Requests {
    /// In microseconds since 1970.
    arrivals: Vec<u128>,
    hold_after: Option<usize>,
}

impl Requests {
    fn arrived(&mut self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.arrivals.push(now.unwrap_or_default().as_micros());
        match self.hold_after {
            Some(after) if self.arrivals.len() > after => HELD,
            Some(_) | None => Duration::ZERO,
        }
    }

    /// Answers a question of the bench.
    fn asked(&mut self, path: &str) -> String {
        if path == ARRIVALS {
            let mut lines = String::new();
            for moment in self.arrivals.drain(..) {
                let written = writeln!(lines, "{moment}");
                debug_assert!(written.is_ok(), "a String takes everything");
            }
            lines
        } else if let Some(after) = path.strip_prefix(HOLD) {
            self.hold_after = after.parse().ok();
            String::new()
        } else {
            self.arrivals.len().to_string()
        }
    }
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
        let requests = Arc::new(Mutex::new(Requests::default()));
        loop {
            let (connection, _) = listener.accept().await?;
            connection.set_nodelay(true)?;
            let requests = Arc::clone(&requests);
            tokio::spawn(async move {
                // A client that has gone is no error of a measurement.
                drop(talk(connection, answers, &requests).await);
            });
        }
    })
}

async fn talk(
    mut connection: TcpStream,
    answers: Answers,
    requests: &Mutex<Requests>,
) -> io::Result<()> {
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
        let mut words = buffer[..head].split(|byte| *byte == b' ');
        let method = words.next().unwrap_or_default();
        let path = String::from_utf8_lossy(words.next().unwrap_or_default());
        if path.starts_with("/bench/") {
            let body = lock(requests).asked(&path);
            respond(&mut connection, &body).await?;
        } else if method == b"GET" && path == EXECUTIONS {
            list(&mut connection, answers.executions).await?;
        } else {
            let longer = lock(requests).arrived();
            let latency = answers.latency + longer;
            if !latency.is_zero() {
                time::sleep(latency).await;
            }
            if method == b"GET" {
                let id = path.rsplit('/').next().unwrap_or_default();
                let mut body = String::new();
                execution(id, &mut body);
                respond(&mut connection, &body).await?;
            } else {
                let none = b"HTTP/1.1 204 No Content\r\n\r\n";
                connection.write_all(none).await?;
            }
        }
        buffer.drain(..head + length);
    }
}

fn lock(requests: &Mutex<Requests>) -> std::sync::MutexGuard<'_, Requests> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn respond(connection: &mut TcpStream, body: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all((head + body).as_bytes()).await
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
