//! Reads a plan file as a stream: with all checks, or again.

use std::{
    io::{self, BufRead, Seek},
    ops::Range,
};

use sha2::{Digest, Sha256};

use super::{
    NumberedItem, PlanError, PlanHeader, Trailer,
    blocks::{BlockCollector, BlockReader, CheckedBlocks},
    file::value_of_digest,
    line_rules::LineRules,
    lines::{EndLine, MAX_LINE, decode, decode_item, is_end, parse, parse_header, parse_item},
};
use crate::digest::hex;

/// Reads a plan as a stream. The plan is valid only if [`PlanReader::next_line`] was called until the end without an error.
#[derive(Debug)]
pub struct PlanReader<R> {
    lines: Lines<R>,
    header: PlanHeader,
    number: u64,
    groups_before: u64,
    end: Option<(Trailer, String)>,
}

/// Where the lines come from, and why each may be used.
#[derive(Debug)]
enum Lines<R> {
    /// Each is checked.
    New(Box<CheckedLines<R>>),
    /// They are in blocks that are as they were when all lines were checked.
    Again {
        blocks: BlockReader<R>,
        /// For a plan that was only recognised.
        rules: Option<Box<LineRules>>,
    },
}

/// The lines of a file of which nothing is known, while they are checked.
#[derive(Debug)]
struct CheckedLines<R> {
    input: R,
    line: String,
    digest: Sha256,
    rules: LineRules,
    collector: BlockCollector,
    /// Once all were checked.
    blocks: Option<CheckedBlocks>,
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
        let (mut digest, mut collector) = (Sha256::new(), BlockCollector::default());
        collector.line(&line, &digest);
        digest.update(line.as_bytes());
        Ok(Self {
            lines: Lines::New(Box::new(CheckedLines {
                input,
                line,
                digest,
                rules: LineRules::default(),
                collector,
                blocks: None,
            })),
            header,
            number: 1,
            groups_before: 0,
            end: None,
        })
    }

    /// Reads the header of a file that was checked before. Its lines are compared with what was checked, and not checked again, except those of
    /// a plan that was [recognised](super::recognise).
    ///
    /// # Errors
    ///
    /// If it can't be read, or has changed.
    pub fn again(input: R, checked: CheckedBlocks) -> Result<Self, PlanError> {
        let rules = checked.is_recognised.then(Box::default);
        let mut blocks = BlockReader::new(input, checked);
        let line = blocks.next_line()?.ok_or(PlanError::Changed)?;
        let header = parse_header(line)?;
        Ok(Self {
            lines: Lines::Again { blocks, rules },
            header,
            number: 1,
            groups_before: 0,
            end: None,
        })
    }

    /// As [`Self::again`], from the last place before the first block that is `wanted` at which a group begins. `wanted` is asked with the
    /// numbers of a block's lines, and the number of changes among them.
    ///
    /// # Errors
    ///
    /// If it can't be read, or has changed.
    pub fn again_from(
        input: R,
        checked: CheckedBlocks,
        wanted: impl FnMut(Range<u64>, u64) -> bool,
    ) -> Result<Self, PlanError>
    where
        R: Seek,
    {
        let place = checked.first(wanted);
        let mut reader = Self::again(input, checked)?;
        if let Lines::Again { blocks, .. } = &mut reader.lines
            && place.lines > 0
        {
            blocks.go_to(&place)?;
            reader.number = place.lines;
            reader.groups_before = place.groups;
        }
        Ok(reader)
    }

    /// The number of groups that are left out before the first line.
    pub const fn groups_before(&self) -> u64 {
        self.groups_before
    }

    pub const fn header(&self) -> &PlanHeader {
        &self.header
    }

    /// The trailer and the SHA-256 of the whole file in hex, once all lines have been read.
    pub const fn end(&self) -> Option<&(Trailer, String)> {
        self.end.as_ref()
    }

    /// With these the file can be [read again](Self::again), once all its lines have been read.
    pub fn checked(&self) -> Option<CheckedBlocks> {
        match &self.lines {
            Lines::New(lines) => lines.blocks.clone(),
            Lines::Again { blocks, .. } => self.end.as_ref().map(|_| blocks.checked().clone()),
        }
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
        self.number += 1;
        let number = self.number;
        let failed = |message: String| PlanError::Line {
            line: number,
            message,
        };
        let item = match &mut self.lines {
            Lines::New(lines) => {
                lines.line.clear();
                read_line(&mut lines.input, &mut lines.line, number)?;
                if lines.line.is_empty() {
                    return Err(PlanError::NoEnd);
                }
                if is_end(&lines.line) {
                    self.end = Some(lines.close(number)?);
                    return Ok(None);
                }
                lines.collector.line(&lines.line, &lines.digest);
                lines.digest.update(lines.line.as_bytes());
                let item = parse_item(&lines.line).map_err(failed)?;
                lines.rules.check(&self.header, item).map_err(failed)?
            }
            Lines::Again { blocks, rules } => {
                let line = blocks.next_line()?.ok_or(PlanError::Changed)?;
                if is_end(line) {
                    let EndLine { end } = decode(line).map_err(failed)?;
                    if blocks.next_line()?.is_some() {
                        return Err(PlanError::Changed);
                    }
                    self.end = Some((end, blocks.checked().sha256()));
                    return Ok(None);
                }
                match rules {
                    None => decode_item(line).map_err(failed)?,
                    Some(rules) => {
                        let item = parse_item(line).map_err(failed)?;
                        rules.check(&self.header, item).map_err(failed)?
                    }
                }
            }
        };
        Ok(Some(NumberedItem { number, item }))
    }
}

impl<R: BufRead> CheckedLines<R> {
    /// Checks the last line. Returns its content, and the SHA-256 of the whole file in hex.
    fn close(&mut self, number: u64) -> Result<(Trailer, String), PlanError> {
        self.collector.line(&self.line, &self.digest);
        let (head, tail) = self.line.split_at(value_of_digest(&self.line));
        self.digest.update(head.as_bytes());
        let actual = hex(&self.digest.clone().finalize());
        let failed = |message: String| PlanError::Line {
            line: number,
            message,
        };
        let EndLine { end } = parse(&self.line).map_err(failed)?;
        if end.sha256 != actual {
            return Err(PlanError::Digest {
                sealed: end.sha256,
                actual,
            });
        }
        if !self.rules.counted(&end) {
            return Err(failed("its counts are not those of the plan".to_owned()));
        }
        if tail != format!("\"{actual}\"}}}}\n") || !self.input.fill_buf()?.is_empty() {
            return Err(failed("nothing may follow the last line".to_owned()));
        }
        self.digest.update(tail.as_bytes());
        let blocks = self.collector.finish(self.digest.clone());
        let sha256 = blocks.sha256();
        self.blocks = Some(blocks);
        Ok((end, sha256))
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

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
