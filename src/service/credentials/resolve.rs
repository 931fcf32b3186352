//! Selects the credentials, with the precedence of epilot's own tools.

use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{
    TokenSource,
    files::{Files, Profile},
};
use crate::text::shown_path;

/// The values of the command line and the environment.
#[derive(Debug, Default)]
pub struct Given {
    pub token: Option<SecretString>,
    pub token_file: Option<PathBuf>,
    pub token_command: Option<String>,
    pub profile: Option<String>,
    /// `EPILOT_TOKEN`.
    pub env_token: Option<SecretString>,
    /// `EPILOT_PROFILE`.
    pub env_profile: Option<String>,
    /// `WF_BULK_SERVER`, unless a flag names the server.
    pub env_server: Option<String>,
}

/// The credentials of requests, besides the flags for server and organisation.
#[derive(Debug, Default)]
pub struct Credentials {
    /// None if there is no token.
    pub token: Option<TokenSource>,
    /// Why an existing token is ignored.
    pub expired: Vec<String>,
    /// Of the environment or the profile.
    pub server: Option<String>,
    pub org: Option<String>,
    /// Names and values.
    pub headers: Vec<(String, SecretString)>,
}

/// Why the credentials can't be determined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("there is no profile {name:?} in {}; it has {known}", shown_path(path))]
    NoProfile {
        name: String,
        path: PathBuf,
        known: String,
    },
    #[error(
        "WF_BULK_SERVER is {variable}, and the server of the profile is {profile}; say which one is meant with --server"
    )]
    TwoServers { variable: String, profile: String },
}

/// Takes the first token of: the flags, `EPILOT_TOKEN`, the profile, `credentials.json`. The profile is that of the flag, of
/// `EPILOT_PROFILE`, the active one, or `default`. A token that has expired by `now` is ignored.
///
/// # Errors
///
/// If a named profile does not exist, or has another server than the environment: its token may be for that server alone.
pub fn resolve(given: Given, files: &Files, now: Timestamp) -> Result<Credentials, ResolveError> {
    let profile = profile(&given, files)?;
    let mut expired = Vec::new();
    let mut still_valid = |what: &str, token: &SecretString, until: Option<Timestamp>| {
        if let Some(until) = until.filter(|until| *until <= now) {
            expired.push(format!("the token of {what} has expired at {until}"));
            return None;
        }
        let is_set = !token.expose_secret().trim().is_empty();
        is_set.then(|| TokenSource::Given(token.clone()))
    };
    let flag = given
        .token
        .map(TokenSource::Given)
        .or_else(|| given.token_file.map(TokenSource::File))
        .or_else(|| given.token_command.map(TokenSource::Command));
    let env = given
        .env_token
        .filter(|token| !token.expose_secret().trim().is_empty())
        .map(TokenSource::Given);
    let token = flag.or(env).or_else(|| {
        let (name, profile) = profile.as_ref()?;
        let token = profile.token.as_ref()?;
        still_valid(&format!("the profile {name:?}"), token, profile.expires_at)
    });
    let token = token.or_else(|| {
        let stored = files.stored.as_ref()?;
        still_valid("credentials.json", &stored.token, stored.expires_at)
    });
    let profile = profile
        .map(|(_, profile)| profile.clone())
        .unwrap_or_default();
    let env_server = given.env_server.filter(|server| !server.is_empty());
    let server = match (env_server, profile.server) {
        (Some(variable), Some(profile)) if variable != profile => {
            return Err(ResolveError::TwoServers { variable, profile });
        }
        (Some(server), _) | (None, Some(server)) => Some(server),
        (None, None) => None,
    };
    let stored_org = files
        .stored
        .as_ref()
        .and_then(|stored| stored.org_id.clone());
    Ok(Credentials {
        token,
        expired,
        server,
        org: profile.org_id.or(stored_org),
        headers: profile.headers.into_iter().collect(),
    })
}

fn profile<'f>(
    given: &Given,
    files: &'f Files,
) -> Result<Option<(String, &'f Profile)>, ResolveError> {
    let of_env = given.env_profile.as_ref().filter(|name| !name.is_empty());
    let named = given
        .profile
        .as_ref()
        .or(of_env)
        .or(files.profiles.active.as_ref());
    let profiles = &files.profiles.profiles;
    match named {
        None => Ok(profiles
            .get("default")
            .map(|profile| ("default".to_owned(), profile))),
        Some(name) => match profiles.get(name) {
            Some(profile) => Ok(Some((name.clone(), profile))),
            None => Err(ResolveError::NoProfile {
                name: name.clone(),
                path: files.profiles_path.clone(),
                known: if profiles.is_empty() {
                    "none".to_owned()
                } else {
                    profiles.keys().cloned().collect::<Vec<_>>().join(", ")
                },
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn files(active: Option<&str>) -> Files {
        let profiles = json!({"active": active, "profiles": {
            "default": {"name": "default", "token": "of-default", "org_id": "1"},
            "work": {"name": "work", "token": "of-work", "server": "https://work.example", "headers": {"x-a": "b"}},
            "old": {"name": "old", "token": "of-old", "expires_at": "2020-01-01T00:00:00Z"},
            "bare": {"name": "bare"},
        }});
        Files {
            profiles: serde_json::from_value(profiles).unwrap(),
            stored: serde_json::from_value(json!({"token": "stored", "org_id": "9"})).ok(),
            profiles_path: PathBuf::from("profiles.json"),
            readable: Vec::new(),
        }
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn token(given: Given, files: &Files) -> String {
        let now = "2026-12-01T08:00:00Z".parse().unwrap();
        match resolve(given, files, now).unwrap().token {
            Some(TokenSource::Given(token)) => token.expose_secret().to_owned(),
            Some(TokenSource::File(path)) => format!("file {}", path.display()),
            Some(TokenSource::Command(command)) => format!("command {command}"),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn the_first_that_is_found_wins() {
        let given = Given::default;
        for (given, active, expected) in [
            (
                Given {
                    token: Some(secret("flag")),
                    env_token: Some(secret("env")),
                    profile: Some(text("work")),
                    ..given()
                },
                None,
                "flag",
            ),
            (
                Given {
                    token_file: Some("t".into()),
                    env_token: Some(secret("env")),
                    ..given()
                },
                None,
                "file t",
            ),
            (
                Given {
                    token_command: Some(text("pass")),
                    env_token: Some(secret("env")),
                    ..given()
                },
                None,
                "command pass",
            ),
            (
                Given {
                    env_token: Some(secret("env")),
                    profile: Some(text("work")),
                    ..given()
                },
                None,
                "env",
            ),
            (
                Given {
                    env_token: Some(secret(" ")),
                    profile: Some(text("work")),
                    ..given()
                },
                None,
                "of-work",
            ),
            (
                Given {
                    profile: Some(text("work")),
                    env_profile: Some(text("default")),
                    ..given()
                },
                None,
                "of-work",
            ),
            (
                Given {
                    env_profile: Some(text("work")),
                    ..given()
                },
                Some("old"),
                "of-work",
            ),
            (given(), Some("work"), "of-work"),
            (given(), None, "of-default"),
            (given(), Some("bare"), "stored"),
            // An expired token is none.
            (given(), Some("old"), "stored"),
        ] {
            assert_eq!(token(given, &files(active)), expected);
        }
        assert_eq!(token(given(), &Files::default()), "none");
    }

    #[test]
    fn a_profile_brings_its_server_organisation_and_headers() {
        let now = Timestamp::UNIX_EPOCH;
        let work = Given {
            profile: Some(text("work")),
            ..Given::default()
        };
        let found = resolve(work, &files(None), now).unwrap();
        assert_eq!(found.server.as_deref(), Some("https://work.example"));
        assert_eq!(found.org.as_deref(), Some("9"));
        assert_eq!(found.headers[0].0, "x-a");
        assert!(!format!("{found:?}").contains("of-work"));
        let with = |profile: &str, server: &str| {
            let given = Given {
                profile: Some(text(profile)),
                env_server: Some(text(server)),
                ..Given::default()
            };
            resolve(given, &files(None), now).map(|found| found.server)
        };
        assert_eq!(
            with("bare", "https://x.example"),
            Ok(Some(text("https://x.example")))
        );
        assert_eq!(
            with("work", "https://work.example"),
            Ok(Some(text("https://work.example")))
        );
        assert_eq!(with("work", ""), Ok(Some(text("https://work.example"))));
        assert!(with("work", "https://x.example").is_err());
        let none = Given {
            profile: Some(text("wrok")),
            ..Given::default()
        };
        assert_eq!(
            resolve(none, &files(None), now).unwrap_err().to_string(),
            "there is no profile \"wrok\" in profiles.json; it has bare, default, old, work"
        );
    }
}
