//! Reads whose answers may have any length: they are streamed to disk.

use tempfile::SpooledTempFile;
use tokio::time::Instant;

use super::{Client, ReadError, ReadErrorKind};
use crate::{
    api::{Operation, ReadFinding, ReadTrouble, Reply, TransportError, read_outcome},
    http::{Spool, SpoolError},
};

impl Client {
    /// Streams an answer of any length to disk; a retry starts again from the beginning.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and when the disk is full.
    pub async fn read_spooled(
        &self,
        operation: &Operation,
        query: &[(&str, &str)],
    ) -> Result<SpooledTempFile, ReadError> {
        let mut attempt = 0;
        self.budget().request();
        loop {
            attempt += 1;
            let token = self.transport.token_number();
            match self.spool(operation, query, attempt).await {
                Ok(file) => return Ok(file),
                Err(ReadErrorKind::Answer(trouble)) => {
                    if let Some(trouble) = self.renewed(trouble, token).await {
                        self.wait_or_end(operation, attempt, trouble).await?;
                    }
                }
                Err(
                    kind @ (ReadErrorKind::UnsafePayload
                    | ReadErrorKind::Disk(_)
                    | ReadErrorKind::LongPause(_)),
                ) => return Err(self.error(operation, attempt, kind)),
            }
        }
    }

    /// One attempt of a spooled read, including the large response that it refers to.
    async fn spool(
        &self,
        operation: &Operation,
        query: &[(&str, &str)],
        attempt: u32,
    ) -> Result<SpooledTempFile, ReadErrorKind> {
        self.may_read().await?;
        let sent = Instant::now();
        let first = self.transport.attempt_spooled(operation, query).await;
        let url = match self.account_spool(sent, attempt, first)? {
            Spool::Body(file) => return Ok(file),
            Spool::Elsewhere(url) => url,
            Spool::Other(reply) => {
                return Err(ReadErrorKind::Answer(not_a_list(operation, reply)));
            }
        };
        self.may_read().await?;
        let sent = Instant::now();
        let second = self.transport.attempt_payload(url).await;
        // Part of the same attempt, from another host than the server.
        let second = second.map_err(|error| match error {
            SpoolError::Transport(TransportError::NotSent { reason }) => {
                let reason = format!("its large answer can't be read: {reason}");
                SpoolError::Transport(TransportError::Unknown { reason })
            }
            error
            @ (SpoolError::Transport(_) | SpoolError::Disk(_) | SpoolError::UnsafePayload) => error,
        });
        let reason = match self.account_spool(sent, 1, second)? {
            Spool::Body(file) => return Ok(file),
            Spool::Elsewhere(_) => "its large answer is another reference".to_owned(),
            // Its statuses are not those of the service: a 401 there says nothing about the token.
            Spool::Other(reply) => format!(
                "its large answer can't be read ({}): {}",
                reply.status,
                reply.message()
            ),
        };
        Err(ReadErrorKind::Answer(ReadTrouble::Failing {
            reason,
            retry_after: None,
        }))
    }

    /// Counts an attempt that spools.
    fn account_spool(
        &self,
        sent: Instant,
        attempt: u32,
        result: Result<Spool, SpoolError>,
    ) -> Result<Spool, ReadErrorKind> {
        match &result {
            Ok(Spool::Other(reply)) => self.account(sent, attempt, Ok(reply)),
            Err(SpoolError::Transport(error)) => self.account(sent, attempt, Err(error)),
            Ok(Spool::Body(_) | Spool::Elsewhere(_))
            | Err(SpoolError::Disk(_) | SpoolError::UnsafePayload) => {
                self.counters.request(attempt);
            }
        }
        result.map_err(|error| match error {
            SpoolError::Transport(error) => ReadErrorKind::Answer(error.into()),
            SpoolError::Disk(error) => ReadErrorKind::Disk(error),
            SpoolError::UnsafePayload => ReadErrorKind::UnsafePayload,
        })
    }
}

/// The error for an answer that should be a list and is not.
fn not_a_list(operation: &Operation, reply: Reply) -> ReadTrouble {
    let (status, content_type, message) =
        (reply.status, reply.content_type.clone(), reply.message());
    match read_outcome(operation, Ok(reply)) {
        Err(trouble) => trouble,
        Ok(ReadFinding::Missing) => ReadTrouble::Refused { status, message },
        // Well-formed, but neither an object nor a list.
        Ok(ReadFinding::Json(_)) => ReadTrouble::NotJson {
            content_type,
            excerpt: message,
        },
    }
}
