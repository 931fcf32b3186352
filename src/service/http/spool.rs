//! Answers of any length, kept on disk instead of in memory.

use std::{
    io::{self, Read, Seek, Write},
    time::Duration,
};

use reqwest::{
    Response, Url,
    header::{ACCEPT, ACCEPT_ENCODING, HeaderValue},
};
use serde::Deserialize;
use tempfile::SpooledTempFile;

use super::{
    Http, Origin,
    body::{self, ResponseBody},
    failure, method,
};
use crate::api::{Operation, Reply, TransportError};

/// Up to this size an answer stays in memory, in bytes: above the 5.1 MB of an ordinary answer, so that only large responses are written to
/// disk.
const MEMORY_LIMIT: usize = 8 << 20;

/// The longest answer that is spooled, in bytes: a million executions at 2 KB each. A longer one could fill the disk unnoticed.
const SPOOL_LIMIT: u64 = 2 << 30;

/// The longest body that can be a reference to a large response, in bytes. A presigned URL takes
/// 2 KB at most.
const REFERENCE_LIMIT: u64 = 16 << 10;

/// How long a large response may take: [`SPOOL_LIMIT`] at 1.2 MB a second. A stall ends it
/// earlier, after the timeout of an ordinary request.
const SPOOL_TIMEOUT: Duration = Duration::from_secs(1_800);

/// Asks for a reference instead of a 413 when the answer is longer than about 5.1 MB.
const LARGE_RESPONSE: HeaderValue = HeaderValue::from_static("application/large-response.vnd+json");

/// The result of an attempt whose answer may be long.
#[derive(Debug)]
pub enum Spool {
    /// The body of a success, from its beginning; it starts like JSON.
    Body(SpooledTempFile),
    /// The body of a success is at another URL, to be read without the token.
    Elsewhere(Url),
    /// The answer is not a success, or not JSON: only its beginning, of at most 16 KiB.
    Other(Reply),
}

/// Why an attempt has no complete answer on disk.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("can't keep the answer in the temporary folder")]
    Disk(#[from] io::Error),
    #[error("the service keeps the answer at a place that the token's protection does not reach")]
    UnsafePayload,
}

/// The reference that the service sends in place of a large response.
#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "$payload_ref")]
    payload_ref: String,
}

impl Http {
    /// Sends a reading `operation` once and spools the answer.
    ///
    /// # Errors
    ///
    /// If no complete answer came, or one longer than 2 GiB, or it can't be written to disk.
    pub async fn attempt_spooled(
        &self,
        operation: &Operation,
        query: &[(&str, &str)],
    ) -> Result<Spool, SpoolError> {
        let mut headers = self.headers();
        headers.insert(ACCEPT, LARGE_RESPONSE);
        let origin = self.origin_of(operation);
        let response = self
            .client()?
            .request(method(operation), self.url(operation, query)?)
            .headers(headers)
            .timeout(SPOOL_TIMEOUT)
            .send()
            .await
            .map_err(|error| failure::transport(error, origin))?;
        self.spool(response, origin, SPOOL_LIMIT).await
    }

    /// Reads a large response from its URL, without token and organisation, which only the service gets.
    ///
    /// # Errors
    ///
    /// As [`Http::attempt_spooled`].
    pub async fn attempt_payload(&self, url: Url) -> Result<Spool, SpoolError> {
        let origin = Origin::of(&url);
        let response = self
            .client()?
            .get(url)
            .header(ACCEPT_ENCODING, body::ACCEPTED)
            .timeout(SPOOL_TIMEOUT)
            .send()
            .await
            .map_err(|error| failure::transport(error, &origin))?;
        self.spool(response, &origin, SPOOL_LIMIT).await
    }

    /// Spools at most `limit` bytes. Writing to disk does not block noticeably: a chunk is a few KB, which the system caches.
    pub(super) async fn spool(
        &self,
        response: Response,
        origin: &Origin,
        limit: u64,
    ) -> Result<Spool, SpoolError> {
        let mut reply = self.head(&response);
        let success = response.status().is_success();
        let mut file = SpooledTempFile::new(MEMORY_LIMIT);
        let mut length = 0;
        let mut body = ResponseBody::new(response, origin, self.tokens.redactor());
        while let Some(piece) = body.piece().await? {
            length += piece.len() as u64;
            if length > limit {
                return Err(TransportError::TooLarge { limit }.into());
            }
            file.write_all(&piece)?;
            if !success && length > REFERENCE_LIMIT {
                break;
            }
        }
        file.rewind()?;
        Read::take(&mut file, REFERENCE_LIMIT).read_to_end(&mut reply.body)?;
        file.rewind()?;
        if !success || !starts_as_json(&reply.body) {
            return Ok(Spool::Other(reply));
        }
        if length <= REFERENCE_LIMIT
            && let Ok(reference) = serde_json::from_slice::<Reference>(&reply.body)
        {
            let url = self.origin.payload_url(&reference.payload_ref);
            return url.map(Spool::Elsewhere).ok_or(SpoolError::UnsafePayload);
        }
        Ok(Spool::Body(file))
    }
}

/// Whether `bytes` begin like an object or a list; an HTML page or an empty answer does not.
fn starts_as_json(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
}
