//! The credentials of a command: from flags, the environment, and the files of epilot's own tools.

use std::{env, path::PathBuf};

use jiff::Timestamp;
use secrecy::SecretString;

use super::{core_dumps, terminal::say};
use crate::{
    cli::Common,
    credentials::{Credentials, Files, Given, TokenSource, folder, resolve},
    error::Error,
    http::{Fetch, Token},
    platform::{self, HOME},
    secrets,
    text::{Untrusted, shown_path},
};

/// The credentials of requests. The sandbox gets none of them.
pub(super) fn credentials(common: &Common) -> Result<Credentials, Error> {
    if common.sandbox {
        return Ok(Credentials::default());
    }
    core_dumps::forbid();
    let path = |name: &str| env::var_os(name).map(PathBuf::from);
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("the credentials can't be used").caused_by(error)
    };
    let files = match folder(path("XDG_CONFIG_HOME"), path(HOME)) {
        Some(folder) => Files::read(&folder).map_err(|error| failed(error.into()))?,
        None => Files::default(),
    };
    for path in &files.readable {
        let path = shown_path(path);
        let cure = platform::privacy_of(&path);
        say(|out| {
            writeln!(
                out,
                "warning: others can read {path}; make it yours alone: {cure}"
            )
        });
    }
    let given = Given {
        token: common.token.clone(),
        token_file: common.token_file.clone(),
        token_command: common.token_command.clone(),
        profile: common.profile.clone(),
        env_token: env::var(secrets::TOKEN).ok().map(SecretString::from),
        env_profile: env::var("EPILOT_PROFILE").ok(),
        env_server: env::var("WF_BULK_SERVER")
            .ok()
            .filter(|_| common.server.is_none()),
    };
    resolve(given, &files, Timestamp::now()).map_err(|error| failed(error.into()))
}

/// The requested organisation, if any.
pub(super) fn asked_org<'a>(common: &'a Common, credentials: &'a Credentials) -> Option<&'a str> {
    common.org.as_deref().or(credentials.org.as_deref())
}

/// The first token, and the source of another one.
pub(super) async fn token(credentials: &Credentials) -> Result<(Token, Option<Fetch>), Error> {
    let Some(source) = &credentials.token else {
        let mut error = Error::failed("there is no token");
        for expired in &credentials.expired {
            error = error.hint(Untrusted(expired).terminal().to_string());
        }
        return Err(error
            .hint(format!(
                "put it into the environment: {}",
                platform::set_variable("EPILOT_TOKEN", "…")
            ))
            .hint("or log in with epilot's own tools, whose profiles are read")
            .hint("or try things on the built-in sandbox: --sandbox"));
    };
    let token = source
        .fetch()
        .await
        .map_err(|error| Error::failed("the token can't be used").caused_by(error))?;
    Ok((token, source.can_renew().then(|| again(source.clone()))))
}

fn again(source: TokenSource) -> Fetch {
    Box::new(move || {
        let source = source.clone();
        Box::pin(async move { source.fetch().await.map_err(|error| error.to_string()) })
    })
}
