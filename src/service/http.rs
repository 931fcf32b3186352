//! Exactly one attempt of one request.
//!
//! No decisions here: no retries, no redirects, no rate limit. [`crate::api::verdict`] interprets an answer, [`crate::retry`] decides what
//! follows.

mod body;
mod bounded;
mod failure;
mod origin;
mod proxy;
mod redactor;
mod renewal;
mod spool;
mod token;
mod transport;
mod vendor;

use std::{fmt, sync::OnceLock, time::Duration};

use reqwest::{
    Certificate, Client, ClientBuilder, Request, Response, Url,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE,
        HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING, UPGRADE,
        USER_AGENT,
    },
    redirect,
};

use body::ResponseBody;
use renewal::Tokens;
use secrecy::{ExposeSecret, SecretString};

use crate::api::{Method, Operation, Reply, RetryAfter, Service, TransportError};

pub use bounded::BoundedTransport;
pub use origin::{Origin, OriginError};
pub use renewal::{Fetch, Renewal};
pub use spool::{Spool, SpoolError};
pub use token::{Token, TokenError};
pub use transport::Transport;

/// The user agent.
pub const USER_AGENT_VALUE: &str = concat!("wf-bulk/", env!("CARGO_PKG_VERSION"));

/// Connecting takes at most this long: three tries of a lost SYN (1 s, 3 s, 7 s) fit into it. It
/// is kept below the total time, because only a failed connect proves that nothing was sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// A connection that idles longer is not used again: load balancers close theirs after 60 s, and
/// a request that meets the closing leaves its effect unknown.
const IDLE_LIMIT: Duration = Duration::from_secs(20);

/// The longest answer that is kept in memory, in bytes. The service sends at most about 5.1 MB in one answer. An answer of three times this
/// size is not from the service, and 256 workers still fit into memory.
const BODY_LIMIT: u64 = 16 << 20;

/// The header for the organisation, for a token that allows several.
const ORG_HEADER: HeaderName = HeaderName::from_static("x-epilot-org-id");

/// The configuration of requests: origin, credentials and time limit.
pub struct HttpConfig {
    pub origin: Origin,
    /// Where entities are searched; the token goes there, too.
    pub entities: Origin,
    pub token: Token,
    /// How to get another token if this one is not accepted any more.
    pub renew: Option<Fetch>,
    pub org: Option<String>,
    /// Further headers of every request; their values are secrets.
    pub headers: Vec<(String, SecretString)>,
    /// The time limit from the first byte sent to the last byte received.
    pub timeout: Duration,
    pub user_agent: String,
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("origin", &self.origin)
            .field("entities", &self.entities)
            .field("org", &self.org)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why requests can't be made as configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpConfigError {
    #[error("the profile's header {0:?} can't be sent")]
    Header(String),
    #[error("the profile's header {0:?} belongs to this tool; leave it out of the profile")]
    OwnHeader(String),
    #[error("the server and the entity server must both be https://, or both be on this machine")]
    Mixed,
    #[error("an organisation id holds letters and digits only; check --org")]
    Org,
    #[error("the user agent can't stand in a header")]
    UserAgent,
}

/// Sends requests to one origin, one attempt each.
#[derive(Debug)]
pub struct Http {
    origin: Origin,
    entities: Origin,
    tokens: Tokens,
    /// The headers of every request but the token's; secrets are marked sensitive and show as such.
    headers: HeaderMap,
    timeout: Duration,
    /// Made with the first request: reading the system's certificates takes milliseconds that
    /// commands without a request don't spend.
    client: OnceLock<Client>,
}

impl Http {
    /// # Errors
    ///
    /// If the organisation or the user agent is not a valid header value.
    pub fn new(config: HttpConfig) -> Result<Self, HttpConfigError> {
        // With room for the headers that a request adds: a copy of the map does not grow then.
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, body::ACCEPTED);
        let user_agent = HeaderValue::try_from(config.user_agent);
        headers.insert(
            USER_AGENT,
            user_agent.map_err(|_| HttpConfigError::UserAgent)?,
        );
        if let Some(org) = config.org {
            if org.is_empty() || !org.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(HttpConfigError::Org);
            }
            let org = HeaderValue::try_from(org).map_err(|_| HttpConfigError::Org)?;
            headers.insert(ORG_HEADER, org);
        }
        for (name, value) in config.headers {
            let (name, value) = further(&name, &value)?;
            headers.insert(name, value);
        }
        if config.entities.is_https() != config.origin.is_https() {
            return Err(HttpConfigError::Mixed);
        }
        Ok(Self {
            tokens: Tokens::new(&config.token, config.renew),
            origin: config.origin,
            entities: config.entities,
            headers,
            timeout: config.timeout,
            client: OnceLock::new(),
        })
    }

    /// Names the token in use, for [`Http::renew`].
    pub fn token_number(&self) -> u64 {
        self.tokens.number()
    }

    /// Asks for another token than the one of this number. Of concurrent callers only one does, and only once.
    pub async fn renew(&self, used: u64) -> Renewal {
        self.tokens.renew(used).await
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(AUTHORIZATION, self.tokens.header());
        headers
    }

    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Sends `operation` once and reads the whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// If no complete answer came, or one longer than 16 MiB.
    pub async fn attempt(
        &self,
        operation: &Operation,
        query: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Reply, TransportError> {
        let mut request = Request::new(method(operation), self.url(operation, query)?);
        *request.headers_mut() = self.headers();
        *request.timeout_mut() = Some(self.timeout);
        if let Some(body) = body {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
            *request.body_mut() = Some(body.to_vec().into());
        }
        let response = self
            .client()?
            .execute(request)
            .await
            .map_err(|error| failure::transport(error, self.origin_of(operation)))?;
        self.whole(response, self.origin_of(operation)).await
    }

    const fn origin_of(&self, operation: &Operation) -> &Origin {
        match operation.service() {
            Service::WorkflowExecutions => &self.origin,
            Service::Entities => &self.entities,
        }
    }

    /// The URL of `operation`, with exactly its path and query.
    fn url(&self, operation: &Operation, query: &[(&str, &str)]) -> Result<Url, TransportError> {
        let path = operation.path();
        let own = operation.query().and_then(|query| query.split_once('='));
        let query: Vec<_> = own.into_iter().chain(query.iter().copied()).collect();
        self.origin_of(operation)
            .join(&path, &query)
            .ok_or_else(|| TransportError::NotSent {
                reason: format!("{path:?} would not stay the same in a URL"),
            })
    }

    /// Reads the rest of an answer into memory.
    async fn whole(&self, response: Response, origin: &Origin) -> Result<Reply, TransportError> {
        let mut reply = self.head(&response);
        let too_large = TransportError::TooLarge { limit: BODY_LIMIT };
        if response
            .content_length()
            .is_some_and(|length| length > BODY_LIMIT)
        {
            return Err(too_large);
        }
        let mut body = ResponseBody::new(response, origin, self.tokens.redactor());
        while let Some(piece) = body.piece().await? {
            if reply.body.len() as u64 + piece.len() as u64 > BODY_LIMIT {
                return Err(too_large);
            }
            reply.body.extend_from_slice(&piece);
        }
        Ok(reply)
    }

    /// An answer without its body.
    fn head(&self, response: &Response) -> Reply {
        let text = |name| {
            let value: Option<&HeaderValue> = response.headers().get(name);
            value.and_then(|value| value.to_str().ok())
        };
        let retry_after = response.headers().get_all(RETRY_AFTER).into_iter();
        let retry_after = retry_after.filter_map(|value| value.to_str().ok());
        Reply {
            status: response.status().as_u16(),
            retry_after: RetryAfter::parse(retry_after, text(DATE)),
            content_type: text(CONTENT_TYPE).map(|text| self.tokens.redactor().text(text)),
            body: Vec::new(),
        }
    }

    /// The client that holds the connections.
    fn client(&self) -> Result<&Client, TransportError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = self
            .build()
            .map_err(|error| failure::transport(error, &self.origin))?;
        Ok(self.client.get_or_init(|| client))
    }

    fn build(&self) -> reqwest::Result<Client> {
        if !self.origin.is_https() {
            // No certificate is ever looked at; none are read.
            return self.builder().tls_certs_only([]).build();
        }
        let with_system_roots = self.builder().build();
        with_system_roots.or_else(|_| self.build_with_bundled_roots())
    }

    /// For a machine without CA certificates, like a bare container: with Mozilla's.
    fn build_with_bundled_roots(&self) -> reqwest::Result<Client> {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|root| Certificate::from_der(root))
            .collect::<reqwest::Result<Vec<_>>>()?;
        self.builder().tls_certs_only(roots).build()
    }

    /// No request is repeated by the layers below, with one exception that repeats nothing.
    ///
    /// `never()` turns reqwest's own repetitions off. Below it hyper-util (0.1.21) can't be told not
    /// to take a request to another connection when a reused one, closed by the server while it
    /// idled, turns out to be dead (`retry_canceled_requests`). It does so only with a request that
    /// hyper gave back whole, because the connection ended before the request was taken out of its
    /// queue to be written (`TrySendError::take_message`): not a byte of it has left, so it is still
    /// the first attempt. A request of which anything may have been written comes back as an error.
    fn builder(&self) -> ClientBuilder {
        let builder = Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .https_only(self.origin.is_https())
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout / 2))
            .read_timeout(self.timeout)
            .pool_idle_timeout(IDLE_LIMIT);
        if self.origin.is_loopback() {
            // A proxy can't reach this machine's own ports.
            builder.no_proxy()
        } else {
            builder
        }
    }
}

/// Headers that only this tool sets: authorization, content and connection headers.
const OWN_HEADERS: [HeaderName; 11] = [
    ACCEPT,
    ACCEPT_ENCODING,
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    ORG_HEADER,
    TRANSFER_ENCODING,
    UPGRADE,
    USER_AGENT,
];

/// An additional header that this tool does not set itself.
fn further(name: &str, value: &SecretString) -> Result<(HeaderName, HeaderValue), HttpConfigError> {
    let wrong = || HttpConfigError::Header(name.to_owned());
    let header = HeaderName::try_from(name).map_err(|_| wrong())?;
    if OWN_HEADERS.contains(&header) {
        return Err(HttpConfigError::OwnHeader(name.to_owned()));
    }
    let mut value = HeaderValue::try_from(value.expose_secret()).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((header, value))
}

const fn method(operation: &Operation) -> reqwest::Method {
    match operation.method() {
        Method::Get => reqwest::Method::GET,
        Method::Patch => reqwest::Method::PATCH,
        Method::Post => reqwest::Method::POST,
        Method::Delete => reqwest::Method::DELETE,
    }
}

#[cfg(test)]
mod tests;
