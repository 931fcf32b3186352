//! The plan file: JSON Lines, written and read as a stream, sealed by a digest.

use std::io::{self, BufRead, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Change, Effect, FollowUp, Follows, Item, NumberedItem, PlanHeader, Trailer, VERSION,
    derive::words,
    lines::{EndLine, RejectedLine, SkippedLine, parse, parse_header, parse_item},
    rederive::Rederiver,
};
use crate::{
    action::{ActionKind, Allow},
    api::{Id, Operation},
    digest::hex,
};

/// The longest line that is read; a change of a few kilobytes is already large.
const MAX_LINE: usize = 16 * 1024 * 1024;

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
        "the plan was changed after it was made: its digest is {actual}, its last line says {sealed}"
    )]
    Digest { sealed: String, actual: String },
}

impl From<PlanError> for io::Error {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Io(error) => error,
            other @ (PlanError::Line { .. }
            | PlanError::Version { .. }
            | PlanError::NoEnd
            | PlanError::Digest { .. }) => Self::other(other),
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
                self.line(&SkippedLine {
                    skipped: skipped.clone(),
                })
            }
            Item::Rejected(rejected) => {
                self.counts.rejected += 1;
                self.line(&RejectedLine {
                    rejected: rejected.clone(),
                })
            }
        }
    }

    /// The content of the last line besides the counts.
    pub fn notes(&mut self, notes: Vec<String>) {
        self.counts.notes = notes;
    }

    /// Writes the last line and returns the file, the counts and the SHA-256 of the whole file in hex.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn finish(mut self, scanned: u64) -> Result<(W, Trailer, String), PlanError> {
        self.counts.scanned = scanned;
        let unsealed = text(&EndLine {
            end: self.counts.clone(),
        })?;
        let (head, tail) = unsealed.split_at(value_of_digest(&unsealed));
        self.write(head.as_bytes())?;
        self.counts.sha256 = hex(&self.digest.clone().finalize());
        // The tail is `""}}`: the digest goes between the quotes.
        let sealed = format!("\"{}{}\n", self.counts.sha256, &tail[1..]);
        self.write(sealed.as_bytes())?;
        self.out.flush()?;
        Ok((self.out, self.counts, hex(&self.digest.finalize())))
    }

    fn line<T: Serialize>(&mut self, value: &T) -> Result<(), PlanError> {
        let mut line = text(value)?;
        line.push('\n');
        self.write(line.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        self.digest.update(bytes);
        Ok(self.out.write_all(bytes)?)
    }
}

fn text<T: Serialize>(value: &T) -> Result<String, PlanError> {
    serde_json::to_string(value).map_err(|error| PlanError::Io(error.into()))
}

/// The position in the last line at which its digest starts: the digest covers all bytes before it.
fn value_of_digest(line: &str) -> usize {
    const KEY: &str = "\"sha256\":";
    line.rfind(KEY).map_or(line.len(), |at| at + KEY.len())
}

/// Reads a plan as a stream. The plan is valid only if [`PlanReader::next_line`] was called until the end without an error.
#[derive(Debug)]
pub struct PlanReader<R> {
    input: R,
    header: PlanHeader,
    digest: Sha256,
    counts: Trailer,
    last_group: Option<Id>,
    rederiver: Rederiver,
    number: u64,
    end: Option<(Trailer, String)>,
}

impl<R: BufRead> PlanReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If the first line is not a header of a known format.
    pub fn new(mut input: R) -> Result<Self, PlanError> {
        let mut line = String::new();
        read_line(&mut input, &mut line, 1)?;
        let header = parse_header(&line)?;
        let mut digest = Sha256::new();
        digest.update(line.as_bytes());
        Ok(Self {
            input,
            header,
            digest,
            counts: Trailer::default(),
            last_group: None,
            rederiver: Rederiver::default(),
            number: 1,
            end: None,
        })
    }

    pub const fn header(&self) -> &PlanHeader {
        &self.header
    }

    /// The trailer and the SHA-256 of the whole file in hex, once all lines have been read.
    pub const fn end(&self) -> Option<&(Trailer, String)> {
        self.end.as_ref()
    }

    /// The next item; none after the last, if the digest and all counts are correct.
    ///
    /// # Errors
    ///
    /// If a line is malformed, groups are not in order, or the plan was changed or cut off.
    pub fn next_line(&mut self) -> Result<Option<NumberedItem>, PlanError> {
        if self.end.is_some() {
            return Ok(None);
        }
        let mut line = String::new();
        self.number += 1;
        let number = self.number;
        read_line(&mut self.input, &mut line, number)?;
        if line.is_empty() {
            return Err(PlanError::NoEnd);
        }
        if line.starts_with("{\"end\":") {
            self.close(&line)?;
            return Ok(None);
        }
        self.digest.update(line.as_bytes());
        let item = parse_item(&line).map_err(|message| PlanError::Line {
            line: number,
            message,
        })?;
        self.check(&item).map_err(|message| PlanError::Line {
            line: number,
            message,
        })?;
        Ok(Some(NumberedItem { number, item }))
    }

    fn check(&mut self, item: &Item) -> Result<(), String> {
        match item {
            Item::Change(change) => {
                self.rederiver.check(change)?;
                self.check_allowed(change)?;
                self.check_follows(change)?;
                self.counts.changes += 1;
                match &self.last_group {
                    Some(last) if *last == change.group => {}
                    Some(last) if *last > change.group => {
                        return Err(format!(
                            "group {} stands after {last}: groups must be in order",
                            change.group
                        ));
                    }
                    Some(_) | None => {
                        self.counts.groups += 1;
                        self.last_group = Some(change.group.clone());
                    }
                }
            }
            Item::Skipped(_) => self.counts.skipped += 1,
            Item::Rejected(_) => self.counts.rejected += 1,
        }
        Ok(())
    }

    /// Only the plan that undoes a run has undone changes.
    fn check_follows(&self, change: &Change) -> Result<(), String> {
        let undo = ActionKind::UNDO.word;
        let undoes = |follows: Follows| follows.by == FollowUp::Undo;
        if words(&change.action).contains(&undo) && !self.header.follows.is_some_and(undoes) {
            return Err(format!(
                "the plan follows no run, and has the action `{undo}`"
            ));
        }
        Ok(())
    }

    /// What the playbook must allow by name is allowed.
    fn check_allowed(&self, change: &Change) -> Result<(), String> {
        let named = words(&change.action)
            .into_iter()
            .filter_map(ActionKind::in_plans);
        let reverts = change.effects.contains(&Effect::LaterTasksReset);
        let needed = named
            .filter(|kind| kind.needs_allow)
            .map(Allow::Action)
            .chain(reverts.then_some(Allow::Revert));
        let allow = &self.header.guards.allow;
        match needed.into_iter().find(|needed| !allow.contains(needed)) {
            Some(missing) => Err(format!(
                "the plan's guards do not allow `{}`",
                missing.word()
            )),
            None => Ok(()),
        }
    }

    fn close(&mut self, line: &str) -> Result<(), PlanError> {
        let (head, tail) = line.split_at(value_of_digest(line));
        self.digest.update(head.as_bytes());
        let actual = hex(&self.digest.clone().finalize());
        let failed = |message: String| PlanError::Line {
            line: self.number,
            message,
        };
        let EndLine { end } = parse(line).map_err(failed)?;
        if end.sha256 != actual {
            return Err(PlanError::Digest {
                sealed: end.sha256,
                actual,
            });
        }
        let counted = Trailer {
            scanned: end.scanned,
            notes: end.notes.clone(),
            sha256: end.sha256.clone(),
            ..self.counts.clone()
        };
        if counted != end {
            return Err(failed("its counts are not those of the plan".to_owned()));
        }
        if tail != format!("\"{actual}\"}}}}\n") || !self.input.fill_buf()?.is_empty() {
            return Err(failed("nothing may follow the last line".to_owned()));
        }
        self.digest.update(tail.as_bytes());
        self.end = Some((end, hex(&self.digest.clone().finalize())));
        Ok(())
    }
}

fn read_line(input: &mut impl BufRead, line: &mut String, number: u64) -> Result<(), PlanError> {
    let failed = |message: &str| PlanError::Line {
        line: number,
        message: message.to_owned(),
    };
    let mut limited = io::Read::take(input, MAX_LINE as u64);
    match limited.read_line(line) {
        Ok(read) if read == MAX_LINE => Err(failed("the line is too long for a plan")),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(failed("the line is not UTF-8"))
        }
        Err(error) => Err(error.into()),
    }
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

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
