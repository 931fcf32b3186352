//! The items of a plan, which can be read several times.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Seek},
    iter,
    ops::Range,
};

use super::{CheckedBlocks, Item, PlanError, PlanReader};

/// Items one after the other. The first error is the last one.
pub type ItemStream<'a> = Box<dyn Iterator<Item = io::Result<Item>> + 'a>;

/// The items of a plan of any size: they are read again each time instead of being kept.
pub trait PlanItems: fmt::Debug {
    /// All items, in the plan's order. The plan was valid only if there was no error.
    ///
    /// # Errors
    ///
    /// When the plan can't be read any more.
    fn stream(&self) -> io::Result<ItemStream<'_>>;

    /// Visits all items, in the plan's order.
    ///
    /// # Errors
    ///
    /// If the plan can't be read any more, and the errors of `visit`, which end the visit.
    fn each(&self, visit: &mut dyn FnMut(&Item) -> io::Result<()>) -> io::Result<()> {
        self.stream()?.try_for_each(|item| visit(&item?))
    }
}

/// An opened plan file that was read completely before.
#[derive(Clone, Copy, Debug)]
pub struct KnownFile<'a> {
    pub file: &'a File,
    /// What was read.
    pub checked: &'a CheckedBlocks,
}

impl<'a> KnownFile<'a> {
    /// A reader of the whole file.
    ///
    /// # Errors
    ///
    /// If it can't be read, or has changed.
    pub fn reader(&self) -> Result<PlanReader<BufReader<&'a File>>, PlanError> {
        let mut file = self.file;
        file.rewind()?;
        PlanReader::again(BufReader::new(file), self.checked.clone())
    }

    /// A reader from the last place before the first block that is `wanted` at which a group begins ([`PlanReader::again_from`]).
    ///
    /// # Errors
    ///
    /// If it can't be read, or has changed.
    pub fn reader_from(
        &self,
        wanted: impl FnMut(Range<u64>, u64) -> bool,
    ) -> Result<PlanReader<BufReader<&'a File>>, PlanError> {
        let mut file = self.file;
        file.rewind()?;
        PlanReader::again_from(BufReader::new(file), self.checked.clone(), wanted)
    }

    /// Whether it has the bytes that were checked, and no others.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn is_unchanged(&self) -> Result<bool, PlanError> {
        let mut file = self.file;
        file.rewind()?;
        self.checked.are_of(BufReader::new(file))
    }
}

impl PlanItems for KnownFile<'_> {
    fn stream(&self) -> io::Result<ItemStream<'_>> {
        let mut reader = self.reader()?;
        let mut is_over = false;
        Ok(Box::new(iter::from_fn(move || {
            if is_over {
                return None;
            }
            let next = reader.next_line();
            is_over = !matches!(next, Ok(Some(_)));
            match next {
                Ok(line) => line.map(|line| Ok(line.item)),
                Err(error) => Some(Err(error.into())),
            }
        })))
    }
}

#[cfg(any(test, fuzzing))]
impl PlanItems for Vec<Item> {
    fn stream(&self) -> io::Result<ItemStream<'_>> {
        Ok(Box::new(self.iter().cloned().map(Ok)))
    }
}
