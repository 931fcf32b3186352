//! The digests of a file that was checked or written, block by block: with them the same bytes are read again without being checked again.

use std::{
    io::{self, BufRead, Read, Seek, SeekFrom},
    mem,
    ops::Range,
    sync::Arc,
};

use sha2::{Digest, Sha256};

use super::{
    PlanError,
    lines::{MAX_LINE, group_of},
};
use crate::digest::hex;

/// The bytes of a block, at least: it ends with a line. A block is in memory as a whole before its first line is used, and what is kept of it
/// takes 150 bytes, which is 600 kB for a million changes of a kilobyte.
const BLOCK: usize = if cfg!(test) { 2_000 } else { 256 * 1024 };

/// What identifies the bytes of a file that was checked completely, or written by [`PlanWriter`](super::PlanWriter): made only at the end of
/// the check or the writing itself, or of [`recognise`](super::recognise). The empty one fits no file.
#[derive(Clone, Debug, Default)]
pub struct CheckedBlocks {
    blocks: Arc<[Block]>,
    /// The check was made by another process: each line is checked once more before it is used.
    pub(super) is_recognised: bool,
}

/// Some whole lines of a file.
#[derive(Clone, Debug, Default)]
struct Block {
    bytes: usize,
    lines: u64,
    changes: u64,
    /// Groups that begin in it.
    groups: u64,
    /// Its first change is of the last group of the block before.
    continues: bool,
    /// The SHA-256 of the file from its beginning to the end of this block: so the file is hashed once, also where it is checked.
    digest: Sha256,
}

/// Where a reader begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    block: usize,
    /// Bytes, lines and groups before it.
    bytes: u64,
    pub(super) lines: u64,
    pub(super) groups: u64,
}

impl CheckedBlocks {
    /// The blocks of a file that was checked before, in this process or another one: its SHA-256 is known, in hex. None if it is another
    /// file. Each line is shown to `seen`; whether it is one of that file is known only at the end.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub(super) fn recognised(
        mut input: impl BufRead,
        sha256: &str,
        mut seen: impl FnMut(&str),
    ) -> io::Result<Option<Self>> {
        let (mut collector, mut digest) = (BlockCollector::default(), Sha256::new());
        let mut line = String::new();
        loop {
            line.clear();
            match Read::take(&mut input, MAX_LINE as u64).read_line(&mut line) {
                Ok(0) => break,
                Ok(_) => {}
                // A plan is text.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(None),
                Err(error) => return Err(error),
            }
            collector.line(&line, &digest);
            digest.update(&line);
            seen(&line);
        }
        let blocks = collector.finish(digest);
        Ok((blocks.sha256() == sha256).then_some(Self {
            is_recognised: true,
            ..blocks
        }))
    }

    /// How many lines the file has, and changes among them.
    pub(super) fn counts(&self) -> (u64, u64) {
        let blocks = self.blocks.iter();
        blocks.fold((0, 0), |(lines, changes), block| {
            (lines + block.lines, changes + block.changes)
        })
    }

    /// The SHA-256 of the whole file in hex.
    pub fn sha256(&self) -> String {
        let digest = self.blocks.last().map(|last| last.digest.clone());
        hex(&digest.unwrap_or_default().finalize())
    }

    /// The last place before the first block that is wanted at which a group begins. `wanted` is asked with the numbers of the block's lines,
    /// and the number of changes among them.
    pub(super) fn first(&self, mut wanted: impl FnMut(Range<u64>, u64) -> bool) -> Place {
        let (mut here, mut start) = (Place::default(), Place::default());
        for (number, block) in self.blocks.iter().enumerate() {
            here.block = number;
            if !block.continues {
                start.clone_from(&here);
            }
            // Lines are counted from 1.
            if wanted(here.lines + 1..here.lines + block.lines + 1, block.changes) {
                break;
            }
            here.bytes += block.bytes as u64;
            here.lines += block.lines;
            here.groups += block.groups;
        }
        start
    }

    /// Whether `input` has the bytes that were checked, and no others.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn are_of(&self, input: impl BufRead) -> Result<bool, PlanError> {
        let mut blocks = BlockReader::new(input, self.clone());
        loop {
            match blocks.next_block() {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                Err(PlanError::Changed) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Notes the blocks of a file while it is read or written.
#[derive(Debug, Default)]
pub(super) struct BlockCollector {
    blocks: Vec<Block>,
    /// The lines since the last block.
    last: Block,
    group: String,
}

impl BlockCollector {
    /// A line is read or written; `digest` has all lines before it.
    pub(super) fn line(&mut self, line: &str, digest: &Sha256) {
        if self.last.bytes >= BLOCK {
            self.end_block(digest.clone());
        }
        self.last.bytes += line.len();
        self.last.lines += 1;
        if let Some(group) = group_of(line) {
            let is_new = group != self.group;
            if is_new {
                group.clone_into(&mut self.group);
            }
            self.last.continues |= self.last.changes == 0 && !is_new;
            self.last.groups += u64::from(is_new);
            self.last.changes += 1;
        }
    }

    /// These were all lines; `digest` has them.
    pub(super) fn finish(&mut self, digest: Sha256) -> CheckedBlocks {
        if self.last.lines > 0 {
            self.end_block(digest);
        }
        CheckedBlocks {
            blocks: mem::take(&mut self.blocks).into(),
            is_recognised: false,
        }
    }

    fn end_block(&mut self, digest: Sha256) {
        let block = mem::take(&mut self.last);
        self.blocks.push(Block { digest, ..block });
    }
}

/// The lines of a file that was checked, each after its block was compared with what was checked.
#[derive(Debug)]
pub(super) struct BlockReader<R> {
    input: R,
    blocks: CheckedBlocks,
    /// The number of blocks that were read.
    read: usize,
    digest: Sha256,
    block: String,
    /// Where the next line of the block begins.
    at: usize,
}

impl<R: BufRead> BlockReader<R> {
    /// `input` is the whole file.
    pub(super) fn new(input: R, blocks: CheckedBlocks) -> Self {
        Self {
            input,
            blocks,
            read: 0,
            digest: Sha256::new(),
            block: String::new(),
            at: 0,
        }
    }

    /// The next line with its end; none after the last one.
    ///
    /// # Errors
    ///
    /// If the file can't be read, or has changed since it was checked: before a line of the changed block is returned.
    pub(super) fn next_line(&mut self) -> Result<Option<&str>, PlanError> {
        if self.at == self.block.len() && !self.next_block()? {
            return Ok(None);
        }
        let rest = &self.block[self.at..];
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        self.at += end;
        Ok(Some(&rest[..end]))
    }

    /// Goes on at a place, without the lines before it.
    pub(super) fn go_to(&mut self, place: &Place) -> io::Result<()>
    where
        R: Seek,
    {
        self.input.seek(SeekFrom::Start(place.bytes))?;
        let before = place
            .block
            .checked_sub(1)
            .map(|last| &self.blocks.blocks[last]);
        self.digest = before.map_or_else(Sha256::new, |block| block.digest.clone());
        self.read = place.block;
        self.block.clear();
        self.at = 0;
        Ok(())
    }

    /// What the file is compared with.
    pub(super) const fn checked(&self) -> &CheckedBlocks {
        &self.blocks
    }

    /// Reads the next block and compares it. False at the end of the file.
    fn next_block(&mut self) -> Result<bool, PlanError> {
        self.at = 0;
        let mut bytes = mem::take(&mut self.block).into_bytes();
        bytes.clear();
        let Some(block) = self.blocks.blocks.get(self.read) else {
            let is_over = self.read > 0 && self.input.fill_buf()?.is_empty();
            return if is_over {
                Ok(false)
            } else {
                Err(PlanError::Changed)
            };
        };
        let input = &mut self.input;
        input.take(block.bytes as u64).read_to_end(&mut bytes)?;
        self.digest.update(&bytes);
        let found: [u8; 32] = self.digest.clone().finalize().into();
        if found != <[u8; 32]>::from(block.digest.clone().finalize()) {
            return Err(PlanError::Changed);
        }
        self.read += 1;
        // What was checked was text.
        self.block = String::from_utf8(bytes).map_err(|_| PlanError::Changed)?;
        Ok(true)
    }
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
