//! The digests of a checked file, block by block: with them the same bytes are read again without being checked again.

use std::{
    io::{BufRead, Read},
    mem,
    sync::Arc,
};

use sha2::{Digest, Sha256};

use super::PlanError;

/// The bytes of a block, at least: it ends with a line. A block is in memory as a whole before its first line is used, and its digest takes
/// 40 bytes, which is 160 kB for a million changes of a kilobyte.
const BLOCK: usize = 256 * 1024;

/// What identifies the bytes of a file that was checked completely. Only [`PlanReader`](super::PlanReader) makes it, at the end of the check;
/// the empty one fits no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedBlocks(Arc<[Block]>);

/// Some whole lines of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    bytes: usize,
    /// The SHA-256 of the file from its beginning to the end of this block: so the file is hashed once, also where it is checked.
    digest: [u8; 32],
}

impl CheckedBlocks {
    /// The SHA-256 of the whole file.
    pub(super) fn sha256(&self) -> &[u8] {
        self.0.last().map_or(&[], |last| &last.digest)
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

/// Notes the blocks of a file that is being checked.
#[derive(Debug, Default)]
pub(super) struct BlockCollector {
    blocks: Vec<Block>,
    /// The bytes since the last block.
    bytes: usize,
}

impl BlockCollector {
    /// A line was read; `digest` has all lines so far.
    pub(super) fn line(&mut self, bytes: usize, digest: &Sha256) {
        self.bytes += bytes;
        if self.bytes >= BLOCK {
            self.end_block(digest.clone());
        }
    }

    /// All lines were read.
    pub(super) fn finish(&mut self, digest: &Sha256) -> CheckedBlocks {
        if self.bytes > 0 {
            self.end_block(digest.clone());
        }
        CheckedBlocks(mem::take(&mut self.blocks).into())
    }

    fn end_block(&mut self, digest: Sha256) {
        self.blocks.push(Block {
            bytes: mem::take(&mut self.bytes),
            digest: digest.finalize().into(),
        });
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

    /// What the file is compared with.
    pub(super) const fn checked(&self) -> &CheckedBlocks {
        &self.blocks
    }

    /// Reads the next block and compares it. False at the end of the file.
    fn next_block(&mut self) -> Result<bool, PlanError> {
        self.at = 0;
        let mut bytes = mem::take(&mut self.block).into_bytes();
        bytes.clear();
        let Some(block) = self.blocks.0.get(self.read) else {
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
        if found != block.digest {
            return Err(PlanError::Changed);
        }
        self.read += 1;
        // What was checked was text.
        self.block = String::from_utf8(bytes).map_err(|_| PlanError::Changed)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use super::*;
    use crate::{
        plan::{Item, KnownFile, PlanItems as _, PlanReader, PlanWriter, Rejection},
        testing::samples::plan_header as header,
    };

    /// A plan of so many lines that it has several blocks.
    const LINES: u64 = 4_000;

    /// A plan in which the line of this row has this reason.
    fn plan(row: u64, reason: &str) -> Vec<u8> {
        let mut writer = PlanWriter::new(Vec::new(), &header()).unwrap();
        for number in 1..=LINES {
            let other = format!("{:>200}", "no");
            let rejection = Rejection {
                target: None,
                row: Some(number),
                reason: if number == row {
                    reason.to_owned()
                } else {
                    other
                },
            };
            writer.item(&Item::Rejected(rejection)).unwrap();
        }
        writer.finish(1).unwrap().0
    }

    fn checked(plan: &[u8]) -> CheckedBlocks {
        let mut reader = PlanReader::new(plan).unwrap();
        assert_eq!(reader.checked(), None, "not read yet");
        while reader.next_line().unwrap().is_some() {}
        reader.checked().unwrap()
    }

    /// The lines that are read again, and the error after them.
    fn again(plan: &[u8], checked: &CheckedBlocks) -> (u64, Option<String>) {
        let mut lines = 0;
        let mut reader = match PlanReader::again(plan, checked.clone()) {
            Ok(reader) => reader,
            Err(error) => return (lines, Some(error.to_string())),
        };
        loop {
            match reader.next_line() {
                Ok(Some(_)) => lines += 1,
                Ok(None) => return (lines, None),
                Err(error) => return (lines, Some(error.to_string())),
            }
        }
    }

    const CHANGED: &str = "the plan was changed while it was read";

    #[test]
    fn a_checked_plan_is_read_again_as_it_was_read_before() {
        let plan = plan(1, "first");
        let blocks = checked(&plan);
        assert!(blocks.0.len() > 2);
        assert_eq!(again(&plan, &blocks), (LINES, None));
        let mut one = PlanReader::new(&*plan).unwrap();
        let mut other = PlanReader::again(&*plan, blocks.clone()).unwrap();
        assert_eq!(one.header(), other.header());
        loop {
            let line = one.next_line().unwrap();
            assert_eq!(line, other.next_line().unwrap());
            if line.is_none() {
                break;
            }
        }
        assert_eq!(one.end(), other.end());
        assert_eq!(other.checked(), Some(blocks.clone()));
        assert!(blocks.are_of(&*plan).unwrap());
    }

    #[test]
    fn no_line_of_a_block_is_used_that_was_changed_since_the_check_even_if_the_plan_is_right_in_itself()
     {
        let blocks = checked(&plan(3_000, "before"));
        let before = blocks.0.iter().scan(0, |end, block| {
            *end += block.bytes;
            Some(*end)
        });
        let changed = plan(3_000, "after_");
        let first_change = changed
            .windows(6)
            .position(|bytes| bytes == b"after_")
            .unwrap();
        // The end of the last block before the change.
        let end = before
            .take_while(|end| *end <= first_change)
            .last()
            .unwrap();
        let lines = changed[..end].split(|byte| *byte == b'\n').count() as u64 - 1;
        assert!(lines > 1_000);
        assert_eq!(checked(&changed).0.len(), blocks.0.len(), "it is a plan");
        // The first line is the header.
        assert_eq!(
            again(&changed, &blocks),
            (lines - 1, Some(CHANGED.to_owned()))
        );
        assert!(!blocks.are_of(&*changed).unwrap());
    }

    #[test]
    fn a_plan_that_is_cut_off_or_continued_was_changed_and_nothing_fits_the_blocks_of_no_file() {
        let mut plan = plan(1, "first");
        let blocks = checked(&plan);
        assert_eq!(again(&plan, &CheckedBlocks::default()).1.unwrap(), CHANGED);
        assert_eq!(again(b"", &CheckedBlocks::default()).1.unwrap(), CHANGED);
        assert!(!CheckedBlocks::default().are_of(&b""[..]).unwrap());
        for length in [0, 1, plan.len() / 2, plan.len() - 1] {
            let (_, error) = again(&plan[..length], &blocks);
            assert_eq!(error.unwrap(), CHANGED, "{length}");
        }
        plan.push(b'\n');
        assert_eq!(again(&plan, &blocks).1.unwrap(), CHANGED);
        assert!(!blocks.are_of(&*plan).unwrap());
    }

    #[test]
    fn a_file_that_is_written_over_in_place_is_another_one() {
        let bytes = plan(7, "before");
        let checked = checked(&bytes);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let known = KnownFile {
            file: &file,
            checked: &checked,
        };
        let items = || {
            let stream = known.stream()?;
            stream.collect::<std::io::Result<Vec<_>>>()
        };
        assert_eq!(items().unwrap().len() as u64, LINES);
        (&file).rewind().unwrap();
        (&file).write_all(&plan(7, "after_")).unwrap();
        assert_eq!(items().unwrap_err().to_string(), CHANGED);
    }
}
