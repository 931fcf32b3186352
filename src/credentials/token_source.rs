//! Where the token comes from, and comes from again when it is not accepted any more.

use std::{io, path::PathBuf, process::Stdio, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio::{io::AsyncReadExt as _, process::Command, time::timeout};

use crate::{
    http::{Token, TokenError},
    table::STDIN,
};

/// A person may have to unlock something.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longer than any token; what prints more is something else.
const MOST: u64 = 64 * 1024;

/// Where the token comes from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    Given(SecretString),
    /// `-` is standard input.
    File(PathBuf),
    /// For `sh`; the first line that it prints is the token.
    Command(String),
}

/// Why there is no token. Never holds what was read or printed.
#[derive(Debug, thiserror::Error)]
pub enum TokenSourceError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the token file {} can't be read: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the token command can't be started: {0}")]
    Start(io::Error),
    #[error("the token command ended with {0}")]
    Status(std::process::ExitStatus),
    #[error("the token command took longer than a minute")]
    Timeout,
}

impl TokenSource {
    /// Gets the token.
    ///
    /// # Errors
    ///
    /// When there is none, or nothing that can be one.
    pub async fn fetch(&self) -> Result<Token, TokenSourceError> {
        match self {
            Self::Given(token) => Ok(Token::new(token.expose_secret())?),
            Self::File(path) => {
                let failed = |source| TokenSourceError::File {
                    path: path.clone(),
                    source,
                };
                let text = if path.as_os_str() == STDIN {
                    io::read_to_string(io::stdin()).map_err(failed)?
                } else {
                    tokio::fs::read_to_string(path).await.map_err(failed)?
                };
                Ok(Token::new(SecretString::from(text).expose_secret())?)
            }
            Self::Command(command) => timeout(PATIENCE, run(command))
                .await
                .map_err(|_| TokenSourceError::Timeout)?,
        }
    }

    /// Whether another token may come when it is asked for again.
    pub fn can_renew(&self) -> bool {
        match self {
            Self::Given(_) => false,
            Self::File(path) => path.as_os_str() != STDIN,
            Self::Command(_) => true,
        }
    }
}

async fn run(command: &str) -> Result<Token, TokenSourceError> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(TokenSourceError::Start)?;
    let mut printed = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = stdout.take(MOST);
        stdout
            .read_to_string(&mut printed)
            .await
            .map_err(TokenSourceError::Start)?;
    }
    let status = child.wait().await.map_err(TokenSourceError::Start)?;
    let printed = SecretString::from(printed);
    if !status.success() {
        return Err(TokenSourceError::Status(status));
    }
    let first = printed.expose_secret().lines().next().unwrap_or_default();
    Ok(Token::new(first)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fetched(command: &str) -> String {
        match TokenSource::Command(command.to_owned()).fetch().await {
            Ok(token) => token.expose_for_test(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn the_first_line_that_a_command_prints_is_the_token() {
        assert_eq!(fetched("echo t1; echo t2").await, "t1");
        assert_eq!(
            fetched("printf s3cr3t; exit 3").await,
            "the token command ended with exit status: 3"
        );
        assert_eq!(fetched("true").await, "the token is empty");
        assert_eq!(
            fetched("echo a b").await,
            "a token holds no spaces, line breaks or non-ASCII characters"
        );
    }

    #[tokio::test]
    async fn a_file_holds_the_token_and_maybe_a_line_break() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "t1\n").unwrap();
        let source = TokenSource::File(file.path().to_owned());
        assert_eq!(source.fetch().await.unwrap().expose_for_test(), "t1");
        std::fs::write(file.path(), "").unwrap();
        assert!(source.fetch().await.is_err());
        let none = TokenSource::File("/no/such/file".into());
        assert!(
            none.fetch()
                .await
                .unwrap_err()
                .to_string()
                .contains("/no/such/file")
        );
    }
}
