//! A plan's items, as often as they are needed.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Seek},
};

use super::{Item, Reader};

/// The items of a plan of any size: who shows them reads them again and keeps nothing.
pub trait Items: fmt::Debug {
    /// Visits all items, in the plan's order.
    ///
    /// # Errors
    ///
    /// When the plan can't be read any more, or what `visit` says; the rest is not visited then.
    fn each(&self, visit: &mut dyn FnMut(&Item) -> io::Result<()>) -> io::Result<()>;
}

/// An opened plan file that was read whole before.
#[derive(Clone, Copy, Debug)]
pub struct KnownFile<'a> {
    pub file: &'a File,
    /// What `sha256sum` prints for it.
    pub sha256: &'a str,
}

impl Items for KnownFile<'_> {
    /// What was visited is the plan only when there is no error: its digest is known at the end.
    fn each(&self, visit: &mut dyn FnMut(&Item) -> io::Result<()>) -> io::Result<()> {
        let mut file = self.file;
        file.rewind()?;
        let mut reader = Reader::new(BufReader::new(file))?;
        while let Some(line) = reader.next_line()? {
            visit(&line.item)?;
        }
        match reader.end() {
            Some((_, sha256)) if sha256 == self.sha256 => Ok(()),
            Some(_) | None => Err(io::Error::other("the plan was changed while it was read")),
        }
    }
}

#[cfg(test)]
impl Items for Vec<Item> {
    fn each(&self, visit: &mut dyn FnMut(&Item) -> io::Result<()>) -> io::Result<()> {
        self.iter().try_for_each(visit)
    }
}
