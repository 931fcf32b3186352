//! The file of a checkpoint, which notices when it is not in its place any more.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use super::scribe::Disk;
use crate::{
    platform::{identity, identity_at},
    private_file,
};

/// An open file and its path. The system writes to a file that was deleted or moved as before, but nobody would find the records.
#[derive(Debug)]
pub(super) struct PlacedFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl PlacedFile {
    /// The same file, opened once more: the system tells an error of a write to each opener, but only once.
    ///
    /// # Errors
    ///
    /// If it can't be opened, or is not in its place.
    pub(super) fn again(&self) -> io::Result<Self> {
        let again = Self {
            file: private_file::open_existing_to_append(&self.path)?,
            path: self.path.clone(),
        };
        if identity(&again.file)? != identity(&self.file)? {
            return Err(not_in_its_place());
        }
        Ok(again)
    }
}

fn not_in_its_place() -> io::Error {
    let message = "it was deleted, moved or replaced during the run";
    io::Error::new(io::ErrorKind::NotFound, message)
}

impl Write for PlacedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Disk for PlacedFile {
    fn sync_data(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn find(&mut self) -> io::Result<()> {
        let is_there = match identity_at(&self.path) {
            Ok(found) => found == identity(&self.file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if is_there {
            Ok(())
        } else {
            Err(not_in_its_place())
        }
    }
}
