//! The phases of all changes of a plan, by their lines.

use std::collections::BTreeMap;

use super::phase::Phase;

/// Lines of a block: a plan of 200,000 changes has two hundred blocks.
const BLOCK: u64 = 1024;

/// A byte for each line, in blocks that are made when one of their changes is touched: the file, not the number of lines that it names,
/// says how much memory it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PhaseTable(BTreeMap<u64, Box<[Phase]>>);

impl PhaseTable {
    pub(super) fn get(&self, line: u64) -> Phase {
        let block = self.0.get(&(line / BLOCK));
        block.map_or_else(Phase::default, |block| block[place(line)])
    }

    pub(super) fn set(&mut self, line: u64, phase: Phase) {
        let new = || vec![Phase::default(); place(BLOCK - 1) + 1].into();
        self.0.entry(line / BLOCK).or_insert_with(new)[place(line)] = phase;
    }
}

/// Where a line stands in its block.
const fn place(line: u64) -> usize {
    (line % BLOCK) as usize
}
