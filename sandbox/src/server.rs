//! The way of a request: ledger, limit, fault, authorisation, handler, ledger.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet, time::Instant};

use crate::{
    app::{self, App},
    auth, compress,
    faults::{self, RequestFault, ScriptedStatus},
    handlers::{self, Seq},
    large,
    ledger::{LedgerRequest, RequestEnd, body_hash},
    reply,
};

/// Bytes of a request's body that are read; the API's requests are a few hundred.
const BODY: usize = 1 << 20;

/// Paths of the sandbox itself: no ledger, no limit, no faults, no token.
const OWN: &str = "/_sandbox/";

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
struct Peer(SocketAddr);

pub(crate) fn router(app: Arc<App>) -> Router {
    handlers::routes()
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

/// Serves until it is dropped, and closes all connections then.
///
/// # Errors
///
/// When the listener can't accept connections any more.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener) -> io::Result<()> {
    let router = router(app);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Answers are small and go out whole: waiting for more only delays them.
                    stream.set_nodelay(true)?;
                    let router = router.clone();
                    connections.spawn(connection(router, stream, peer));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => return Err(error),
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn connection(router: Router, stream: tokio::net::TcpStream, peer: SocketAddr) {
    let service = TowerToHyperService::new(router.layer(Extension(Peer(peer))));
    // A connection that breaks is what some faults are for, and what clients do.
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(OWN) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else {
        return reply::message(StatusCode::BAD_REQUEST, "the body can't be read");
    };
    let seq = arrived(&app, &parts, &body);
    let asked = Asked {
        app: Arc::clone(&app),
        seq,
        parts,
        body,
        next,
    };
    // A task of its own: a request that has arrived takes its course when the client hangs up, as with the service.
    let answered = tokio::spawn(asked.answer()).await;
    let (response, end) = answered.unwrap_or_else(|_panic| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let end = RequestEnd {
            status: Some(status.as_u16()),
            ..RequestEnd::default()
        };
        let text = "the sandbox has a bug; its output says more";
        (reply::message(status, text), end)
    });
    app.ledger().ended(seq, end);
    response
}

fn arrived(app: &App, parts: &axum::http::request::Parts, body: &Bytes) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&parts.method, &parts.uri, body).hash(&mut hasher);
    let request = LedgerRequest {
        unix_ms: app::now().as_millisecond(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(ToOwned::to_owned),
        remote: parts.extensions.get::<Peer>().map(|peer| peer.0),
        body: body_hash(body),
        ..LedgerRequest::default()
    };
    app.ledger().arrived(request, hasher.finish())
}

/// A request that has arrived.
struct Asked {
    app: Arc<App>,
    seq: u64,
    parts: axum::http::request::Parts,
    body: Bytes,
    next: Next,
}

impl Asked {
    async fn answer(self) -> (Response, RequestEnd) {
        let mut end = RequestEnd::default();
        // The time is read under the lock, so that the bucket never sees it go back.
        let bucket = self.app.bucket();
        let wait = bucket.and_then(|mut bucket| bucket.take(Instant::now()).err());
        let response = if let Some(wait) = wait {
            end.throttled = true;
            Some(too_many(wait))
        } else {
            let (method, path) = (self.parts.method.as_str(), self.parts.uri.path());
            let fault = self.app.rules().meet(method, path);
            end.fault = fault.as_ref().map(RequestFault::name);
            match fault {
                None => Some(self.handle().await.into_response()),
                Some(fault) => self.suffer(fault).await,
            }
        };
        end.status = response.as_ref().map(|response| response.status().as_u16());
        // A body that fails before its first byte is no answer.
        let aborted = || Response::new(faults::aborted());
        (response.unwrap_or_else(aborted), end)
    }

    /// Lets a fault happen; none: the connection is closed without an answer.
    async fn suffer(self, fault: RequestFault) -> Option<Response> {
        match fault {
            RequestFault::Status(status) => {
                let response = scripted(&status, app::now());
                if status.after_effect {
                    self.handle().await;
                }
                Some(response)
            }
            RequestFault::LatencyMs(wait) => {
                tokio::time::sleep(Duration::from_millis(wait)).await;
                Some(self.handle().await.into_response())
            }
            RequestFault::DropBeforeEffect => None,
            RequestFault::DropAfterEffect => {
                self.handle().await;
                None
            }
            RequestFault::CutBody => self.handle().await.broken(faults::cut),
            RequestFault::SlowBodyMs(wait) => {
                let slow = |body: &Bytes| faults::slow(body, Duration::from_millis(wait));
                let answer = self.handle().await;
                if answer.body.is_empty() {
                    return Some(answer.into_response());
                }
                answer.broken(slow)
            }
            RequestFault::LateEffectMs(wait) => {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    self.handle().await;
                });
                None
            }
            RequestFault::ContentEncoding(coding) => {
                let mut answer = self.handle().await;
                let compressed = answer.head.headers.contains_key(header::CONTENT_ENCODING);
                if !(compressed && coding == compress::GZIP) {
                    answer.body =
                        compress::compress(&mut answer.head.headers, &answer.body, &coding);
                }
                Some(answer.into_response())
            }
            RequestFault::Html => Some(
                axum::response::Html("<!doctype html><title>Anmeldung</title><p>Bitte anmelden")
                    .into_response(),
            ),
            RequestFault::StaleBody => {
                let path = self.parts.uri.path();
                Some(Json(faults::as_it_is(&self.app.state(), path)).into_response())
            }
            RequestFault::EmptyObject => Some(Json(json!({})).into_response()),
            RequestFault::EmptyBody => Some(().into_response()),
        }
    }

    /// The answer without faults.
    async fn handle(self) -> WholeAnswer {
        let headers = self.parts.headers.clone();
        let refused = auth::refuse(&headers, self.parts.uri.path(), self.app.token());
        let response = if let Some(response) = refused {
            response
        } else {
            let mut request = Request::from_parts(self.parts, Body::from(self.body));
            request.extensions_mut().insert(Seq(self.seq));
            self.next.run(request).await
        };
        let answer = WholeAnswer::read(response).await;
        let mut answer = match large::instead(&self.app, &headers, &answer.body) {
            Some(other) => WholeAnswer::read(other).await,
            None => answer,
        };
        if compress::is_wanted(&headers, &answer.body) {
            answer.body =
                compress::compress(&mut answer.head.headers, &answer.body, compress::GZIP);
        }
        answer
    }
}

/// An answer whose body is at hand.
struct WholeAnswer {
    head: axum::http::response::Parts,
    body: Bytes,
}

impl WholeAnswer {
    async fn read(response: Response) -> Self {
        let (head, body) = response.into_parts();
        // Handlers give whole bodies, which can't fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        Self { head, body }
    }

    fn into_response(self) -> Response {
        Response::from_parts(self.head, Body::from(self.body))
    }

    /// The same head with a body that breaks; none when there is no body that could.
    fn broken(mut self, breaks: impl FnOnce(&Bytes) -> Body) -> Option<Response> {
        if self.body.is_empty() {
            return None;
        }
        self.head
            .headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        Some(Response::from_parts(self.head, breaks(&self.body)))
    }
}

/// 429, with the seconds until the bucket has a token again, rounded up.
fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let mut response = reply::message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

fn scripted(status: &ScriptedStatus, now: Timestamp) -> Response {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let words = code.canonical_reason().unwrap_or("scripted fault");
    let mut response = match &status.body {
        Some(body) => (code, body.clone()).into_response(),
        None => reply::message(code, status.message.as_deref().unwrap_or(words)),
    };
    let date = status
        .retry_after_date
        .and_then(|seconds| http_date(now, seconds));
    let seconds = status.retry_after.map(HeaderValue::from);
    if let Some(value) = seconds.or(date) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// The HTTP date so many seconds from now; none beyond the calendar.
fn http_date(now: Timestamp, seconds: u64) -> Option<HeaderValue> {
    let wait = SignedDuration::from_secs(i64::try_from(seconds).ok()?);
    let at = now.checked_add(wait).ok()?;
    let text = rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .ok()?;
    HeaderValue::try_from(text).ok()
}
