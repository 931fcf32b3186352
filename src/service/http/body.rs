//! The body of an answer, decompressed in pieces, without tokens.

use std::{
    io::{self, Write},
    mem,
    sync::Arc,
};

use flate2::write::MultiGzDecoder;
use reqwest::{
    Response,
    header::{CONTENT_ENCODING, HeaderValue},
};

use super::{
    Origin, failure,
    redactor::{Redaction, Redactor},
};
use crate::api::TransportError;

/// The compressions of an answer that are understood.
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip");

/// Compressed bytes that are decompressed at a time. They become at most a thousand times as many, so an answer over its limit is noticed
/// at most a megabyte later.
const PIECE: usize = 1 << 10;

/// The remaining body of an answer.
#[derive(Debug)]
pub(super) struct ResponseBody<'a> {
    response: Response,
    origin: &'a Origin,
    coding: Coding,
    /// Bytes that were received and are not decompressed yet.
    waiting: Vec<u8>,
    at: usize,
    redaction: Redaction,
}

#[derive(Debug)]
enum Coding {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// A compression that was not requested.
    Other(String),
    /// The end of the body.
    Ended,
}

impl Coding {
    fn of(response: &Response) -> Self {
        let names = response.headers().get_all(CONTENT_ENCODING).iter();
        let names: Vec<_> = names
            .map(|name| String::from_utf8_lossy(name.as_bytes()).to_lowercase())
            .collect();
        match names.join(", ").as_str().trim() {
            "" | "identity" => Self::Plain,
            // An old name of gzip (RFC 9110, section 8.4.1.3).
            "gzip" | "x-gzip" => Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            other => Self::Other(other.to_owned()),
        }
    }
}

impl<'a> ResponseBody<'a> {
    pub(super) fn new(response: Response, origin: &'a Origin, redactor: Arc<Redactor>) -> Self {
        Self {
            coding: Coding::of(&response),
            response,
            origin,
            waiting: Vec::new(),
            at: 0,
            redaction: Redaction::new(redactor),
        }
    }

    /// The next piece, which may be empty; none at the end.
    ///
    /// If the compression was not requested, a text takes the place of the body: it is not JSON, and gives the reason.
    ///
    /// # Errors
    ///
    /// If the connection breaks, or the bytes can't be decompressed.
    pub(super) async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(match self.decompressed().await? {
            Some(piece) => Some(self.redaction.pass(&piece)),
            None => self.redaction.end(),
        })
    }

    async fn decompressed(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        match &mut self.coding {
            Coding::Plain => self.chunk().await,
            Coding::Other(name) => {
                let words = format!("(compressed with {name:?}, and only gzip was asked for)");
                let chunk = self.chunk().await?;
                self.coding = Coding::Ended;
                Ok(chunk.map(|_| words.into_bytes()))
            }
            Coding::Gzip(_) if self.at == self.waiting.len() => match self.chunk().await? {
                Some(chunk) => {
                    (self.waiting, self.at) = (chunk, 0);
                    self.decompress().map(Some)
                }
                None => self.finish(),
            },
            Coding::Gzip(_) => self.decompress().map(Some),
            Coding::Ended => Ok(None),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|error| failure::transport(error, self.origin))?;
        Ok(chunk.map(Vec::from))
    }

    fn decompress(&mut self) -> Result<Vec<u8>, TransportError> {
        let end = (self.at + PIECE).min(self.waiting.len());
        let piece = &self.waiting[self.at..end];
        self.at = end;
        match &mut self.coding {
            Coding::Gzip(decoder) => match decoder.write_all(piece) {
                Ok(()) => Ok(mem::take(decoder.get_mut())),
                Err(error) => Err(self.broken(&error)),
            },
            Coding::Plain | Coding::Other(_) | Coding::Ended => Ok(piece.to_vec()),
        }
    }

    /// The pending bytes, when the body is complete.
    fn finish(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let Coding::Gzip(mut decoder) = mem::replace(&mut self.coding, Coding::Ended) else {
            return Ok(None);
        };
        // An answer without a body may have a `Content-Encoding`.
        if self.waiting.is_empty() {
            return Ok(None);
        }
        match decoder.try_finish() {
            Ok(()) => Ok(Some(mem::take(decoder.get_mut()))),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn broken(&self, error: &io::Error) -> TransportError {
        TransportError::Unknown {
            reason: format!(
                "the compressed answer of {} is broken: {error}",
                self.origin
            ),
        }
    }
}
