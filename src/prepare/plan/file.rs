//! The plan file: JSON Lines, written as a stream, sealed by a digest.

use std::{
    io::{self, Write},
    mem, str,
};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Change, CheckedBlocks, Item, PlanHeader, Trailer, VERSION,
    blocks::BlockCollector,
    lines::{EndLine, WrittenLine},
};
use crate::{
    api::{Id, Operation},
    digest::hex,
};

/// Why a file is not a plan that can be applied.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the plan can't be read or written: {0}")]
    Io(#[from] io::Error),
    #[error("line {line}: {message}")]
    Line { line: u64, message: String },
    #[error("the plan has format {found}, this version reads format {VERSION}")]
    Version { found: u64 },
    #[error("the plan ends without its last line, so it was cut off or never finished")]
    NoEnd,
    #[error(
        "the plan was changed after it was made: its content gives the seal {actual}, its last line has {sealed}"
    )]
    Digest { sealed: String, actual: String },
    /// After it was checked.
    #[error("the plan was changed while it was read")]
    Changed,
}

impl From<PlanError> for io::Error {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Io(error) => error,
            other @ (PlanError::Line { .. }
            | PlanError::Version { .. }
            | PlanError::NoEnd
            | PlanError::Digest { .. }
            | PlanError::Changed) => Self::other(other),
        }
    }
}

/// Writes a plan line by line, and counts its items.
#[derive(Debug)]
pub struct PlanWriter<W> {
    out: W,
    digest: Sha256,
    counts: Trailer,
    group: Option<Id>,
    /// The line that is written.
    line: Vec<u8>,
    collector: BlockCollector,
}

impl<W: Write> PlanWriter<W> {
    /// Starts a plan with its header.
    ///
    /// # Errors
    ///
    /// When `out` can't be written.
    pub fn new(out: W, header: &PlanHeader) -> Result<Self, PlanError> {
        let mut writer = Self {
            out,
            digest: Sha256::new(),
            counts: Trailer::default(),
            group: None,
            line: Vec::new(),
            collector: BlockCollector::default(),
        };
        writer.line(header)?;
        Ok(writer)
    }

    /// Writes one item.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn item(&mut self, item: &Item) -> Result<(), PlanError> {
        match item {
            Item::Change(change) => {
                self.counts.changes += 1;
                if self.group.as_ref() != Some(&change.group) {
                    self.counts.groups += 1;
                    self.group = Some(change.group.clone());
                }
                self.line(change)
            }
            Item::Skipped(skipped) => {
                self.counts.skipped += 1;
                self.line(&WrittenLine::Skipped(skipped))
            }
            Item::Rejected(rejected) => {
                self.counts.rejected += 1;
                self.line(&WrittenLine::Rejected(rejected))
            }
        }
    }

    /// The content of the last line besides the counts.
    pub fn notes(&mut self, notes: Vec<String>) {
        self.counts.notes = notes;
    }

    /// Writes the last line and returns the file, the counts, and what the file is [read again](super::PlanReader::again) with.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn finish(mut self, scanned: u64) -> Result<(W, Trailer, CheckedBlocks), PlanError> {
        self.counts.scanned = scanned;
        let unsealed = text(&EndLine {
            end: self.counts.clone(),
        })?;
        let (head, tail) = unsealed.split_at(value_of_digest(&unsealed));
        self.counts.sha256 = hex(&self.digest.clone().chain_update(head).finalize());
        // The tail is `""}}`: the digest goes between the quotes.
        self.write(&format!("{head}\"{}{}\n", self.counts.sha256, &tail[1..]))?;
        self.out.flush()?;
        Ok((self.out, self.counts, self.collector.finish(self.digest)))
    }

    fn line<T: Serialize>(&mut self, value: &T) -> Result<(), PlanError> {
        let mut line = mem::take(&mut self.line);
        line.clear();
        serde_json::to_writer(&mut line, value).map_err(io::Error::from)?;
        line.push(b'\n');
        self.write(str::from_utf8(&line).map_err(io::Error::other)?)?;
        self.line = line;
        Ok(())
    }

    fn write(&mut self, line: &str) -> Result<(), PlanError> {
        self.collector.line(line, &self.digest);
        self.digest.update(line);
        Ok(self.out.write_all(line.as_bytes())?)
    }
}

fn text<T: Serialize>(value: &T) -> Result<String, PlanError> {
    serde_json::to_string(value).map_err(|error| PlanError::Io(error.into()))
}

/// The position in the last line at which its digest starts: the digest covers all bytes before it.
pub(super) fn value_of_digest(line: &str) -> usize {
    const KEY: &str = "\"sha256\":";
    line.rfind(KEY).map_or(line.len(), |at| at + KEY.len())
}

impl Change {
    /// The operation of its request.
    ///
    /// # Errors
    ///
    /// If no writing operation has its method and path; impossible in a plan that was read completely.
    pub fn operation(&self) -> Result<Operation, String> {
        Operation::parse_write(self.request.method, &self.request.path)
            .map_err(|error| format!("the request {} can't be sent: {error}", self.request.path))
    }
}
