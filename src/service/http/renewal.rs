//! Renews a token that is not accepted any more: once, by one of all workers.

use std::{
    fmt,
    sync::{
        Arc, Mutex as StdMutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::future::BoxFuture;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

use super::{Token, redactor::Redactor};

/// Gets another token, or returns why not.
pub type Fetch = Box<dyn Fn() -> BoxFuture<'static, Result<Token, String>> + Send + Sync>;

/// The result of a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// There is a new token: retry.
    Another,
    /// There is no other.
    None,
    /// Getting another token failed, and why.
    Failed(String),
}

#[derive(Clone)]
struct InUse {
    header: HeaderValue,
    /// Knows the earlier tokens, too.
    redactor: Arc<Redactor>,
}

impl InUse {
    fn new(token: &Token, earlier: &Redactor) -> Self {
        Self {
            header: token.authorization(),
            redactor: Arc::new(token.redacted_by(earlier)),
        }
    }
}

/// The token in use, which may be replaced once.
pub(super) struct Tokens {
    in_use: StdMutex<InUse>,
    /// The number of earlier tokens.
    number: AtomicU64,
    /// None if there is no source of another token, or it was used.
    fetch: Mutex<Option<Fetch>>,
}

impl Tokens {
    pub(super) fn new(token: &Token, fetch: Option<Fetch>) -> Self {
        Self {
            in_use: StdMutex::new(InUse::new(token, &Redactor::default())),
            number: AtomicU64::new(0),
            fetch: Mutex::new(fetch),
        }
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.in_use().header.clone()
    }

    /// Removes all tokens that were in use.
    pub(super) fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(&self.in_use().redactor)
    }

    fn in_use(&self) -> MutexGuard<'_, InUse> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the token in use.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Gets another token than the one of this number, unless another worker has done so.
    pub(super) async fn renew(&self, used: u64) -> Renewal {
        let mut fetch = self.fetch.lock().await;
        if self.number() > used {
            return Renewal::Another;
        }
        let Some(fetch) = fetch.take() else {
            return Renewal::None;
        };
        match fetch().await {
            Err(message) => Renewal::Failed(message),
            Ok(token) => {
                let mut in_use = self.in_use();
                *in_use = InUse::new(&token, &in_use.redactor);
                drop(in_use);
                self.number.fetch_add(1, Ordering::Release);
                Renewal::Another
            }
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn of_all_that_ask_one_gets_another_token_and_only_once() {
        let fetch: Fetch =
            Box::new(|| async { Token::new("t2").map_err(|_| String::new()) }.boxed());
        let tokens = Tokens::new(&Token::new("t1").unwrap(), Some(fetch));
        let used = tokens.number();
        let (one, other) = tokio::join!(tokens.renew(used), tokens.renew(used));
        assert_eq!((one, other), (Renewal::Another, Renewal::Another));
        assert_eq!(tokens.header().as_bytes(), b"Bearer t2");
        assert_eq!(tokens.number(), 1);
        assert_eq!(tokens.renew(tokens.number()).await, Renewal::None);
    }

    #[tokio::test]
    async fn what_was_asked_for_in_vain_is_not_asked_for_again() {
        let fetch: Fetch = Box::new(|| async { Err("locked".to_owned()) }.boxed());
        let tokens = Tokens::new(&Token::new("t1").unwrap(), Some(fetch));
        assert_eq!(tokens.renew(0).await, Renewal::Failed("locked".to_owned()));
        assert_eq!(tokens.renew(0).await, Renewal::None);
    }
}
