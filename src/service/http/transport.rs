//! The interface to the network, so that tests can replace it.

use std::fmt;

use futures::future::BoxFuture;
use reqwest::Url;

use super::{Http, Renewal, Spool, SpoolError};
use crate::api::{Operation, Reply, TransportError};

/// Sends requests, exactly one attempt each.
pub trait Transport: fmt::Debug + Send + Sync {
    /// The origin as text, for messages.
    fn origin(&self) -> String;

    /// As [`Http::attempt`].
    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>>;

    /// As [`Http::attempt_spooled`].
    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>>;

    /// As [`Http::attempt_payload`].
    fn attempt_payload(&self, url: Url) -> BoxFuture<'_, Result<Spool, SpoolError>>;

    /// As [`Http::token_number`].
    fn token_number(&self) -> u64 {
        0
    }

    /// As [`Http::renew`].
    fn renew(&self, _used: u64) -> BoxFuture<'_, Renewal> {
        Box::pin(std::future::ready(Renewal::None))
    }
}

impl Transport for Http {
    fn origin(&self) -> String {
        Http::origin(self).to_string()
    }

    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(Http::attempt(self, operation, query, body))
    }

    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        Box::pin(Http::attempt_spooled(self, operation, query))
    }

    fn attempt_payload(&self, url: Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        Box::pin(Http::attempt_payload(self, url))
    }

    fn token_number(&self) -> u64 {
        Http::token_number(self)
    }

    fn renew(&self, used: u64) -> BoxFuture<'_, Renewal> {
        Box::pin(Http::renew(self, used))
    }
}
