//! Where a ledger is: a git repository and a branch.

use std::str::FromStr;

use crate::server_name::is_loopback;

/// The branch, if none is named.
const BRANCH: &str = "wf-bulk-ledger";

/// A git repository, by its URL or path, and the branch of the ledger in it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRemote {
    /// How a person has written it.
    text: String,
    /// What git gets: a URL, `host:path`, or a path.
    address: String,
    branch: String,
    is_plain_http: bool,
}

/// Why a text names no ledger. A text that may hold a password is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerRemoteError {
    #[error("--ledger (or WF_BULK_LEDGER) is empty")]
    Empty,
    #[error("the URL of the ledger holds a user name or a password")]
    Secret,
    #[error(
        "the URL of the ledger has a `?`: git repositories have no query, and it may hold a secret"
    )]
    Query,
    #[error(
        "the ledger can't be on {host} over http://: what is read and sent could be changed on the way"
    )]
    Unencrypted { host: String },
    #[error("git would run another program for an address with `::`")]
    Helper,
    #[error("a ledger is not read with {scheme}://")]
    Scheme { scheme: String },
    #[error("{address:?} is no git repository")]
    Address { address: String },
    #[error("{branch:?} is no name of a branch")]
    Branch { branch: String },
}

impl LedgerRemoteError {
    /// What to write instead.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Empty => {
                "name a git repository, or leave it out (an empty variable counts as given: unset it)"
            }
            Self::Secret | Self::Query => {
                "leave it out: git asks its credential helper, or takes it from GIT_CONFIG_… in the environment (docs/ci.md)"
            }
            Self::Unencrypted { .. }
            | Self::Helper
            | Self::Scheme { .. }
            | Self::Address { .. } => {
                "write https://HOST/REPOSITORY, ssh://USER@HOST/REPOSITORY, USER@HOST:REPOSITORY or the path of a repository"
            }
            Self::Branch { .. } => "write the branch after the `#` in letters, digits and `-_./`",
        }
    }
}

impl LedgerRemote {
    /// How a person has written it, with the branch.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What git gets, which begins with no hyphen.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The full name of the branch.
    pub(super) fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    /// The transports that git may use, also after a redirect or a rewritten URL.
    pub(super) const fn protocols(&self) -> &'static str {
        if self.is_plain_http {
            "file:https:ssh:http"
        } else {
            "file:https:ssh"
        }
    }
}

impl FromStr for LedgerRemote {
    type Err = LedgerRemoteError;

    fn from_str(text: &str) -> Result<Self, LedgerRemoteError> {
        if text.is_empty() {
            return Err(LedgerRemoteError::Empty);
        }
        let (address, branch) = text.rsplit_once('#').unwrap_or((text, BRANCH));
        let is_plain_http = check_address(address)?;
        if !is_branch(branch) {
            return Err(LedgerRemoteError::Branch {
                branch: branch.to_owned(),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            address: address.to_owned(),
            branch: branch.to_owned(),
            is_plain_http,
        })
    }
}

/// Whether the address is http, which is for this machine only.
fn check_address(address: &str) -> Result<bool, LedgerRemoteError> {
    let wrong = || LedgerRemoteError::Address {
        address: address.to_owned(),
    };
    let Some((scheme, rest)) = address.split_once("://") else {
        return check_path(address).map(|()| false);
    };
    // A helper's name may be followed by an address with a scheme: `ext::sh://…`.
    if scheme.contains("::") {
        return Err(LedgerRemoteError::Helper);
    }
    let authority = rest.split(['/', '\\']).next().unwrap_or_default();
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let is_http = match scheme {
        // A token is often written as the user's name.
        "https" | "http" if user.is_some() => return Err(LedgerRemoteError::Secret),
        "ssh" if user.is_some_and(|user| user.contains(':')) => {
            return Err(LedgerRemoteError::Secret);
        }
        "https" | "http" if rest.contains('?') => return Err(LedgerRemoteError::Query),
        "http" => true,
        "https" | "ssh" => false,
        "file" => {
            check_text(address)?;
            return Ok(false);
        }
        _ => {
            return Err(LedgerRemoteError::Scheme {
                scheme: scheme.to_owned(),
            });
        }
    };
    let name = match host.find(']') {
        Some(bracket) => &host[..=bracket],
        None => host.split(':').next().unwrap_or_default(),
    };
    if name.is_empty() || host.starts_with('-') || user.is_some_and(|user| user.starts_with('-')) {
        return Err(wrong());
    }
    if is_http && !is_loopback(name) {
        return Err(LedgerRemoteError::Unencrypted {
            host: name.to_owned(),
        });
    }
    check_text(address)?;
    Ok(is_http)
}

/// `[user@]host:path`, or a path.
fn check_path(address: &str) -> Result<(), LedgerRemoteError> {
    check_text(address)?;
    if address.starts_with('-') {
        return Err(LedgerRemoteError::Address {
            address: address.to_owned(),
        });
    }
    if address.contains("::") {
        return Err(LedgerRemoteError::Helper);
    }
    let first = address.split('/').next().unwrap_or_default();
    // Git takes `user:password@host:path` for a host with the name of the user.
    if first
        .split_once(':')
        .is_some_and(|(_, rest)| rest.contains('@'))
    {
        return Err(LedgerRemoteError::Secret);
    }
    Ok(())
}

fn check_text(address: &str) -> Result<(), LedgerRemoteError> {
    if address.is_empty() || address.chars().any(char::is_control) {
        return Err(LedgerRemoteError::Address {
            address: address.to_owned(),
        });
    }
    Ok(())
}

/// Stricter than git, so that no name means something else in a refspec.
fn is_branch(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.ends_with('.')
            && !part.to_ascii_lowercase().ends_with(".lock")
            && !part.contains("..")
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_by_a_url_or_a_path_and_the_branch_stands_behind_it() {
        for (text, address, branch, protocols) in [
            (
                "https://example.com/o/r",
                "https://example.com/o/r",
                "wf-bulk-ledger",
                "file:https:ssh",
            ),
            (
                "https://example.com/o/r.git#our/runs",
                "https://example.com/o/r.git",
                "our/runs",
                "file:https:ssh",
            ),
            (
                "http://127.0.0.1:8080/r",
                "http://127.0.0.1:8080/r",
                "wf-bulk-ledger",
                "file:https:ssh:http",
            ),
            (
                "http://[::1]:8080/r",
                "http://[::1]:8080/r",
                "wf-bulk-ledger",
                "file:https:ssh:http",
            ),
            (
                "ssh://git@example.com:2222/o/r",
                "ssh://git@example.com:2222/o/r",
                "wf-bulk-ledger",
                "file:https:ssh",
            ),
            (
                "git@example.com:o/r",
                "git@example.com:o/r",
                "wf-bulk-ledger",
                "file:https:ssh",
            ),
            (
                "file:///srv/r",
                "file:///srv/r",
                "wf-bulk-ledger",
                "file:https:ssh",
            ),
            (
                "/srv/our runs",
                "/srv/our runs",
                "wf-bulk-ledger",
                "file:https:ssh",
            ),
            ("../r", "../r", "wf-bulk-ledger", "file:https:ssh"),
        ] {
            let remote: LedgerRemote = text.parse().unwrap();
            assert_eq!((remote.text(), remote.address()), (text, address));
            assert_eq!(remote.reference(), format!("refs/heads/{branch}"));
            assert_eq!(remote.protocols(), protocols, "{text}");
        }
    }

    #[test]
    fn what_holds_a_secret_runs_a_program_or_is_not_encrypted_is_refused_and_no_secret_is_repeated()
    {
        for (text, part) in [
            ("", "empty"),
            ("https://user:s3cret@example.com/r", "password"),
            ("https://s3cret@example.com/r", "password"),
            ("http://s3cret@localhost/r", "password"),
            ("ssh://git:s3cret@example.com/r", "password"),
            ("user:s3cret@example.com:r", "password"),
            ("https://example.com/r?token=s3cret", "query"),
            ("http://example.com/r", "http://"),
            ("http://localhost.example.com/r", "http://"),
            ("git://example.com/r", "git://"),
            ("ftp://example.com/r", "ftp://"),
            ("HTTPS://example.com/r", "HTTPS://"),
            ("ext::sh -c id", "another program"),
            ("ext::https://example.com/r", "another program"),
            ("fd::7", "another program"),
            ("https:///r", "no git repository"),
            ("ssh://-oProxyCommand=id/r", "no git repository"),
            ("-uid", "no git repository"),
            ("/srv/r\n", "no git repository"),
            ("#x", "no git repository"),
            ("/srv/r#", "no name of a branch"),
            ("/srv/r#-x", "no name of a branch"),
            ("/srv/r#a..b", "no name of a branch"),
            ("/srv/r#a:b", "no name of a branch"),
            ("/srv/r#a.lock", "no name of a branch"),
            ("/srv/r#/a", "no name of a branch"),
            ("/srv/r#a*", "no name of a branch"),
        ] {
            let error = text.parse::<LedgerRemote>().unwrap_err();
            let said = error.to_string();
            assert!(said.contains(part), "{text:?}: {said}");
            assert!(!said.contains("s3cret"), "{said}");
            assert!(!error.hint().is_empty());
        }
    }
}
