//! The file of a checkpoint, which notices when it is not in its place any more.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
};

use super::scribe::Disk;

/// An open file and its path. The system writes to a file that was deleted or moved as before, but nobody would find the records.
#[derive(Debug)]
pub(super) struct PlacedFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
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
        let identity = |file: &Metadata| (file.dev(), file.ino());
        let is_there = match fs::metadata(&self.path) {
            Ok(found) => identity(&found) == identity(&self.file.metadata()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if is_there {
            Ok(())
        } else {
            let message = "it was deleted, moved or replaced during the run";
            Err(io::Error::new(io::ErrorKind::NotFound, message))
        }
    }
}
