//! The service that a command works on: a server, or the sandbox inside this process.

use std::{
    fs,
    path::{self, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio::{
    net::TcpListener,
    sync::mpsc,
    task::{self, JoinHandle},
    time,
};
use wf_bulk_sandbox::{FolderOptions, Sandbox, SandboxError};

use super::{access, terminal::say};
use crate::{
    api::Service,
    cli::{Common, DEFAULT_SERVER},
    client::{Client, ClientEvent, ClientParts},
    credentials::Credentials,
    error::Error,
    http::{Http, HttpConfig, Origin, OriginError, Token, USER_AGENT_VALUE},
    pace::{Pace, Pacer},
    retry::Policy,
    store::Wait,
};

/// The name of the sandbox in plans and runs, since its port changes each time.
pub(super) const SANDBOX: &str = "sandbox";

/// The folder of the built-in sandbox's data.
pub(super) fn sandbox_folder(state_dir: &Path) -> PathBuf {
    state_dir.join("sandbox")
}

/// The name of a server for its lock. Each folder of sandbox data is a service of its own.
pub(super) fn lock_label(common: &Common, server: &str) -> String {
    if server != SANDBOX {
        return server.to_owned();
    }
    let folder = sandbox_folder(&common.state_dir);
    let folder = fs::canonicalize(&folder)
        .or_else(|_| path::absolute(&folder))
        .unwrap_or(folder);
    format!("{SANDBOX} in {}", folder.display())
}

/// The flags for server and organisation, which a printed command needs because a profile may set others.
pub(super) fn place<'a>(server: &'a str, org: Option<&'a str>) -> Vec<&'a str> {
    if server == SANDBOX {
        return vec!["--sandbox"];
    }
    let org = org.map(|org| ["--org", org]).into_iter().flatten();
    ["--server", server].into_iter().chain(org).collect()
}

/// The token of the built-in sandbox, so that no other program uses it by accident.
const SANDBOX_TOKEN: &str = "sandbox";

/// The service of a command, if it needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Sandbox,
    At(Origin),
}

impl Server {
    pub(super) fn of(common: &Common, credentials: &Credentials) -> Result<Self, Error> {
        if common.sandbox {
            return Ok(Self::Sandbox);
        }
        match (&common.server, &credentials.server) {
            (Some(given), _) => Self::named(given),
            (None, Some(profile)) => Self::named(profile).map_err(|error| {
                error.hint("the server comes from WF_BULK_SERVER or the profile; --server URL overrides it")
            }),
            (None, None) => Self::named(DEFAULT_SERVER),
        }
    }

    /// The server in a plan or run.
    pub(super) fn named(label: &str) -> Result<Self, Error> {
        if label == SANDBOX {
            return Ok(Self::Sandbox);
        }
        origin(label, Service::WorkflowExecutions)
            .map(Self::At)
            .map_err(|error| Error::usage("the server's address can't be used").caused_by(error))
    }

    pub(super) fn label(&self) -> String {
        match self {
            Self::Sandbox => SANDBOX.to_owned(),
            Self::At(origin) => origin.to_string(),
        }
    }
}

/// A rate-limited connection to the service.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) server: Server,
    /// The organisation in the requests, if any.
    pub(super) org: Option<String>,
    pub(super) client: Arc<Client>,
    pub(super) client_events: mpsc::UnboundedReceiver<ClientEvent>,
    /// The same without a rate limit, for an engine's.
    #[cfg(feature = "temporal")]
    pub(super) transport: Arc<dyn crate::http::Transport>,
    /// The sandbox serves until this is dropped.
    _sandbox: Option<Serving>,
}

#[derive(Debug)]
struct Serving(JoinHandle<std::io::Result<()>>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to the server; the sandbox is started first, and waited for if another process uses its data and `wait` says
/// so. `timeout` is the limit of one request.
pub(super) async fn connect(
    common: &Common,
    credentials: &Credentials,
    server: Server,
    org: Option<&str>,
    pace: &Pace,
    timeout: Duration,
    wait: Wait,
) -> Result<Backend, Error> {
    let (origin, (token, renew), headers, serving) = match &server {
        Server::At(origin) => {
            let token = access::token(credentials).await?;
            (origin.clone(), token, credentials.headers.clone(), None)
        }
        Server::Sandbox => {
            let (origin, serving) = serve_sandbox(common, wait).await?;
            let token = Token::new(SANDBOX_TOKEN)
                .map_err(|error| Error::failed("the token can't be used").caused_by(error))?;
            (origin, (token, None), Vec::new(), Some(serving))
        }
    };
    let http = Http::new(HttpConfig {
        entities: entity_origin(common, &origin)?,
        origin,
        token,
        renew,
        headers,
        org: org.map(str::to_owned),
        timeout,
        user_agent: USER_AGENT_VALUE.to_owned(),
    })
    .map_err(|error| Error::usage("requests can't be made").caused_by(error))?;
    let (events_in, client_events) = mpsc::unbounded_channel();
    let transport = Arc::new(http);
    let client = Client::new(ClientParts {
        transport: transport.clone(),
        pacer: Pacer::new(pace.rate, pace.burst),
        policy: Policy::default(),
        rng: fastrand::Rng::new(),
        now: Timestamp::now,
        client_events: Some(events_in),
    });
    Ok(Backend {
        server,
        org: org.map(str::to_owned),
        client: Arc::new(client),
        client_events,
        #[cfg(feature = "temporal")]
        transport,
        _sandbox: serving,
    })
}

/// The origin of the entity search: the server itself, unless it is epilot's own, which has another host for it.
fn entity_origin(common: &Common, server: &Origin) -> Result<Origin, Error> {
    let Some(text) = &common.entity_server else {
        let neighbour = server.neighbour(Service::Entities);
        return Ok(neighbour.unwrap_or_else(|| server.clone()));
    };
    origin(text, Service::Entities)
        .map_err(|error| Error::usage("the entity server's address can't be used").caused_by(error))
}

/// The origin in a text, if the token may be sent there for this service.
fn origin(text: &str, service: Service) -> Result<Origin, OriginError> {
    text.parse::<Origin>()?.serving(service)
}

/// The interval between two checks whether the sandbox's data are free.
const SANDBOX_LOOK: Duration = Duration::from_millis(200);

async fn serve_sandbox(common: &Common, wait: Wait) -> Result<(Origin, Serving), Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("the sandbox can't be started").caused_by(error)
    };
    let wanted = FolderOptions {
        token: SANDBOX_TOKEN.to_owned(),
        ..FolderOptions::new(today())
    };
    let mut is_waiting = false;
    let sandbox = loop {
        let (folder, wanted) = (sandbox_folder(&common.state_dir), wanted.clone());
        // Generating some thousand executions takes noticeable computing time.
        let opened = task::spawn_blocking(move || Sandbox::open(&folder, wanted)).await;
        match (opened.map_err(|error| failed(error.into()))?, wait) {
            (Ok(sandbox), _) => break sandbox,
            (Err(error @ SandboxError::Locked { .. }), Wait::Refuse) => {
                return Err(failed(error.into())
                    .hint("with --wait, `run`, `apply` and `resume` wait for it")
                    .hint("with --state-dir FOLDER, the sandbox has other data"));
            }
            (Err(SandboxError::Locked { .. }), Wait::UntilFree) => {
                if !is_waiting {
                    say(|out| {
                        writeln!(
                            out,
                            "another process uses the sandbox's data; waiting for it to end"
                        )
                    });
                }
                is_waiting = true;
                time::sleep(SANDBOX_LOOK).await;
            }
            (Err(error), Wait::Refuse | Wait::UntilFree) => return Err(failed(error.into())),
        }
    };
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|error| failed(error.into()))?;
    let address = listener
        .local_addr()
        .map_err(|error| failed(error.into()))?;
    let origin = format!("http://{address}")
        .parse()
        .map_err(|error: OriginError| failed(error.into()))?;
    Ok((origin, Serving(tokio::spawn(sandbox.serve(listener)))))
}

/// Today in the local time zone: the dates of new sandbox data are relative to it.
pub(super) fn today() -> Date {
    TimeZone::system().to_datetime(Timestamp::now()).date()
}
