//! The source of the token, which may be asked again if the token is not accepted any more.

use std::{
    io::{self, Read as _},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{io::AsyncReadExt as _, time::timeout};

use crate::{
    http::{Token, TokenError},
    platform,
    secrets::SECRETS,
    table::{self, is_stdin},
    text::{NotUtf8, utf8},
};

/// A person may have to unlock a password manager.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than any token; a longer output is something else.
const MOST: u64 = 64 * 1024;

/// The source of the token.
#[derive(Clone, Debug)]
pub enum TokenSource {
    Given(SecretString),
    /// `-` is standard input.
    File(PathBuf),
    /// A command for `sh`; the first line that it prints is the token.
    Command(String),
}

/// Why there is no token. Never contains what was read or printed.
#[derive(Debug, thiserror::Error)]
pub enum TokenSourceError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the token file {} can't be read: {source}", table::name(path))]
    File { path: PathBuf, source: io::Error },
    #[error("the token file {}: {source}", table::name(path))]
    NotUtf8 { path: PathBuf, source: NotUtf8 },
    #[error("the token file {}: {source}", table::name(path))]
    InFile { path: PathBuf, source: TokenError },
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
    /// If there is none, or the text is not a valid token.
    pub async fn fetch(&self) -> Result<Token, TokenSourceError> {
        match self {
            Self::Given(token) => Ok(Token::new(token.expose_secret())?),
            Self::File(path) => {
                let failed = |source| TokenSourceError::File {
                    path: path.clone(),
                    source,
                };
                let bytes = if is_stdin(path) {
                    let mut bytes = Vec::new();
                    io::stdin().read_to_end(&mut bytes).map(|_| bytes)
                } else {
                    tokio::fs::read(path).await
                };
                let text =
                    utf8(bytes.map_err(failed)?).map_err(|source| TokenSourceError::NotUtf8 {
                        path: path.clone(),
                        source,
                    })?;
                Token::new(SecretString::from(text).expose_secret()).map_err(|source| {
                    TokenSourceError::InFile {
                        path: path.clone(),
                        source,
                    }
                })
            }
            Self::Command(command) => timeout(PATIENCE, run(command))
                .await
                .map_err(|_| TokenSourceError::Timeout)?,
        }
    }

    /// Whether asking again may return another token.
    pub fn can_renew(&self) -> bool {
        match self {
            Self::Given(_) => false,
            // The content of a pipe is gone, and opening it again would wait for a writer.
            Self::File(path) => {
                !is_stdin(path) && path.metadata().is_ok_and(|metadata| metadata.is_file())
            }
            Self::Command(_) => true,
        }
    }
}

async fn run(command: &str) -> Result<Token, TokenSourceError> {
    let mut command = platform::shell(command);
    // Another token than the one that is asked for, which is none of the command's business.
    for secret in SECRETS {
        command.env_remove(secret);
    }
    let mut child = command
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
    async fn a_file_holds_the_token_and_what_editors_add_and_anything_else_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let source = TokenSource::File(file.path().to_owned());
        for text in ["t1", "t1\n", "\u{feff}t1\r\n"] {
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(source.fetch().await.unwrap().expose_for_test(), "t1");
        }
        for (bytes, why) in [
            (&b""[..], "the token is empty"),
            (
                b"\xff\xfes\x003\0",
                "line 1 is UTF-16, not UTF-8: save the file as UTF-8",
            ),
            (
                b"\xef\xbb\xbf\"s3cr3t\"\r\n",
                "the token is in quotes: remove them",
            ),
            (
                b"EPILOT_TOKEN=s3cr3t\r\n",
                "give the token alone, without `EPILOT_TOKEN=` before it",
            ),
            (
                b"s3cr3t\r\n# of Jane\r\n",
                "there is more than one line: leave the token alone in it",
            ),
        ] {
            std::fs::write(file.path(), bytes).unwrap();
            let error = source.fetch().await.unwrap_err().to_string();
            let path = file.path().display();
            assert_eq!(error, format!("the token file {path}: {why}"));
        }
        let none = TokenSource::File("/no/such/file".into());
        assert!(
            none.fetch()
                .await
                .unwrap_err()
                .to_string()
                .contains("/no/such/file")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_gives_its_token_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("token");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let file = folder.path().join("file");
        std::fs::write(&file, "t").unwrap();
        for (path, renews) in [
            (file, true),
            (pipe, false),
            ("-".into(), false),
            ("/dev/stdin".into(), false),
        ] {
            assert_eq!(
                TokenSource::File(path.clone()).can_renew(),
                renews,
                "{path:?}"
            );
        }
    }
}
