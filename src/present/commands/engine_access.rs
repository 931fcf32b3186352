//! What an engine is reached with, from flags, files and the environment.

use std::{env, path::Path};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    core_dumps,
    signing::{read_private_text, read_text, unread, unusable},
};
use crate::{
    cli::EngineAccess,
    engine::{ClientIdentity, EngineCredentials, EngineTls, PayloadKeys},
    error::Error,
    secrets::{ENGINE_API_KEY, ENGINE_KEY},
};

/// Reads what the flags and the environment name.
pub(super) fn engine_credentials(access: &EngineAccess) -> Result<EngineCredentials, Error> {
    core_dumps::forbid();
    let EngineAccess {
        engine_tls_ca,
        engine_tls_cert,
        engine_tls_key,
        engine_tls_server_name,
        engine_key_file,
    } = access;
    let authorities = engine_tls_ca.as_deref();
    let authorities = authorities
        .map(|path| certificates("certificate authority", path))
        .transpose()?;
    let identity = match (engine_tls_cert, engine_tls_key) {
        (Some(certificate), Some(key)) => Some(ClientIdentity {
            certificate: certificates("client certificate", certificate)?,
            key: private_key(key)?,
        }),
        // clap asks for both or none.
        (None, _) | (_, None) => None,
    };
    if let Some(name) = engine_tls_server_name
        && !is_host_name(name)
    {
        return Err(Error::usage(
            "the name in --engine-tls-server-name is not one of a host",
        ));
    }
    Ok(EngineCredentials {
        tls: EngineTls {
            authorities,
            identity,
            server_name: engine_tls_server_name.clone(),
        },
        api_key: api_key()?,
        keys: keys(engine_key_file.as_deref())?,
    })
}

/// The text of a file with certificates.
fn certificates(what: &str, path: &Path) -> Result<String, Error> {
    let text = read_text(path);
    let (_, text) = text.map_err(|error| unread(what, path, error))?;
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(text);
    }
    Err(unusable(what, path).hint("it must be PEM, with a line -----BEGIN CERTIFICATE-----"))
}

fn private_key(path: &Path) -> Result<SecretString, Error> {
    let text = SecretString::from(read_private_text("private key", path)?);
    if text.expose_secret().contains("PRIVATE KEY-----") {
        return Ok(text);
    }
    Err(unusable("private key", path)
        .hint("it must be PEM, with a line -----BEGIN PRIVATE KEY-----"))
}

/// The API key of the engine: from the environment alone, since process lists show arguments.
fn api_key() -> Result<Option<SecretString>, Error> {
    let Some(key) = variable(ENGINE_API_KEY)? else {
        return Ok(None);
    };
    // A Secret of Kubernetes that was made of a file has the file's last line break.
    let key = SecretString::from(key.expose_secret().trim_end());
    let is_token = key
        .expose_secret()
        .bytes()
        .all(|byte| byte.is_ascii_graphic());
    if is_token {
        return Ok(Some(key));
    }
    Err(Error::usage(format!(
        "the API key in {ENGINE_API_KEY} has spaces, line breaks or non-ASCII characters"
    )))
}

fn keys(file: Option<&Path>) -> Result<Option<PayloadKeys>, Error> {
    const HOW: &str = "make one: openssl rand -base64 32";
    let given = variable(ENGINE_KEY)?;
    match (file, given) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Error::usage(format!(
            "there are two keys for what the engine keeps: one in {ENGINE_KEY} and one of --engine-key-file; leave one out"
        ))),
        (None, Some(text)) => {
            let keys = PayloadKeys::read(text.expose_secret());
            keys.map(Some).map_err(|error| {
                Error::usage(format!("the key in {ENGINE_KEY} can't be used"))
                    .caused_by(error)
                    .hint(HOW)
            })
        }
        (Some(path), None) => {
            let text = SecretString::from(read_private_text("key of the engine", path)?);
            let keys = PayloadKeys::read(text.expose_secret());
            keys.map(Some).map_err(|error| {
                unusable("key of the engine", path)
                    .caused_by(error)
                    .hint(HOW)
            })
        }
    }
}

/// A secret in the environment; an empty one is none.
fn variable(name: &str) -> Result<Option<SecretString>, Error> {
    match env::var(name) {
        Ok(text) => {
            Ok(Some(SecretString::from(text))
                .filter(|text| !text.expose_secret().trim().is_empty()))
        }
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Error::usage(format!("{name} is not text in UTF-8")))
        }
    }
}

fn is_host_name(name: &str) -> bool {
    let is_part = |char: char| char.is_ascii_alphanumeric() || ".-_:[]".contains(char);
    !name.is_empty() && name.chars().all(is_part)
}
