//! Serves a platform's API on loopback, one request a connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

use super::{
    azure, gitlab,
    state::{Platform, PlatformState, Reply, TOKEN},
};

/// A request as it was received.
struct Received {
    method: String,
    target: String,
    authorization: String,
    body: String,
}

/// Starts the API and the server for its artifacts; both end with the process. Their addresses go into the state.
pub(crate) fn serve(state: &Arc<Mutex<PlatformState>>) {
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = TcpListener::bind("127.0.0.1:0").unwrap();
    {
        let mut state = state.lock().unwrap();
        state.url = format!("http://{}", api.local_addr().unwrap());
        state.store = format!("http://{}", store.local_addr().unwrap());
    }
    for (listener, is_store) in [(api, false), (store, true)] {
        let state = Arc::clone(state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let received = receive(&stream);
                let reply = reply(&mut state.lock().unwrap(), &received, is_store);
                send(&mut stream, reply);
            }
        });
    }
}

fn reply(state: &mut PlatformState, received: &Received, is_store: bool) -> Reply {
    let line = format!("{} {}", received.method, received.target);
    state.requests.push((line, received.authorization.clone()));
    if let Some((part, times)) = &mut state.failing
        && *times > 0
        && received.target.contains(*part)
    {
        *times -= 1;
        return Reply::Unavailable;
    }
    if is_store {
        assert_eq!(
            received.authorization, "",
            "the token was sent to another server"
        );
        return gitlab::stored(state, &received.target);
    }
    if received.authorization != format!("Bearer {TOKEN}") {
        return Reply::NotFound;
    }
    match state.platform {
        Platform::GitLab => {
            gitlab::answer(state, &received.method, &received.target, &received.body)
        }
        Platform::Azure => azure::answer(state, &received.method, &received.target, &received.body),
    }
}

fn receive(stream: &TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let (mut authorization, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap();
        match name.to_lowercase().as_str() {
            "authorization" => value.clone_into(&mut authorization),
            "content-length" => length = value.parse().unwrap(),
            "expect" => (&mut &*stream)
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split(' ').map(ToOwned::to_owned);
    Received {
        method: words.next().unwrap(),
        target: words.next().unwrap(),
        authorization,
        body: String::from_utf8(body).unwrap(),
    }
}

fn send(stream: &mut TcpStream, reply: Reply) {
    let (status, header, body) = match reply {
        Reply::Json(value) => ("200 OK", String::new(), value.to_string().into_bytes()),
        Reply::Bytes(bytes) => ("200 OK", String::new(), bytes),
        Reply::Redirect(url) => ("302 Found", format!("location: {url}\r\n"), Vec::new()),
        Reply::NotFound => ("404 Not Found", String::new(), Vec::new()),
        Reply::Unavailable => ("503 Service Unavailable", String::new(), Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{header}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A client that was ended does not read its answer.
    drop(
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(&body)),
    );
}

/// An archive of a folder, with the permissions that others have on the machine of the platform.
pub(crate) fn zipped(folder: &Path, name: &str) -> Vec<u8> {
    let open = Command::new("chmod")
        .args(["-R", "a+rwX", name])
        .current_dir(folder)
        .status();
    assert!(open.unwrap().success());
    let output = Command::new("zip")
        .args(["-q", "-r", "-", name])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}
