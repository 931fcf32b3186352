//! A run that is being made: it gets its name when it is complete.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Read, Write},
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use super::{
    error::{Doing, StoreError, io_error},
    lock::Lock,
    run_folder::RunFolder,
    run_id::RunId,
    settings::RunSettings,
};
use crate::{
    checkpoint::{Checkpoint, Header},
    private_file,
};

/// Bytes copied at a time: some hundred plan lines, and small beside everything else.
const COPY_BUFFER: usize = 64 * 1024;

/// A run's folder under its temporary name, locked. Dropped before it is committed, it is removed.
#[derive(Debug)]
pub struct Draft {
    folder: RunFolder,
    /// The name to be.
    target: PathBuf,
    lock: Lock,
    scrap: Scrap,
}

/// Removes a folder when it is dropped, unless it has become a run's.
#[derive(Debug)]
struct Scrap(Option<PathBuf>);

impl Drop for Scrap {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What stays is removed when the next run is made.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// The plan in the run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanCopy {
    pub path: PathBuf,
    /// What `sha256sum` prints for it, in lower-case hex.
    pub sha256: String,
    pub bytes: u64,
}

impl Draft {
    /// Takes over the folder under its temporary name, in which `lock` was taken.
    pub(super) fn new(folder: RunFolder, target: PathBuf, lock: Lock) -> Self {
        let scrap = Scrap(Some(folder.path().to_owned()));
        Self {
            folder,
            target,
            lock,
            scrap,
        }
    }

    /// The id that the run will have.
    pub const fn id(&self) -> RunId {
        self.folder.id()
    }

    /// Copies the plan into the folder and digests what it writes. Check the copy, not the source:
    /// the source may change at any time.
    ///
    /// # Errors
    ///
    /// When the source can't be read, the copy can't be written, or there is one already.
    pub fn copy_plan(&self, mut source: impl Read) -> Result<PlanCopy, StoreError> {
        let path = self.folder.plan();
        let mut copy = || -> io::Result<(Sha256, u64)> {
            let mut file = private_file::create(&path)?;
            let mut digest = Sha256::new();
            let mut bytes = 0;
            let mut buffer = vec![0; COPY_BUFFER];
            loop {
                let read = match source.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                digest.update(&buffer[..read]);
                file.write_all(&buffer[..read])?;
                bytes += read as u64;
            }
            file.sync_all()?;
            Ok((digest, bytes))
        };
        let (digest, bytes) = copy().map_err(io_error(Doing::Copy, &path))?;
        let mut sha256 = String::with_capacity(64);
        for byte in digest.finalize() {
            // Writing to a string does not fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Ok(PlanCopy {
            path,
            sha256,
            bytes,
        })
    }

    /// Completes the folder and gives it its name: from here on the run exists, also after a power cut. Its
    /// lock is held on.
    ///
    /// # Errors
    ///
    /// When a file can't be written, or there is a run of this id already.
    pub fn commit(
        self,
        settings: &RunSettings,
        header: &Header,
    ) -> Result<(RunFolder, Lock), StoreError> {
        let Self {
            folder,
            target,
            lock,
            mut scrap,
        } = self;
        let temporary = folder.path();
        let run_json = folder.run_json();
        private_file::replace(&run_json, |file| {
            serde_json::to_writer_pretty(&mut *file, settings)?;
            file.write_all(b"\n")
        })
        .map_err(io_error(Doing::Write, &run_json))?;
        Checkpoint::create(&folder.checkpoint(), header)?;
        private_file::sync_dir(temporary).map_err(io_error(Doing::Sync, temporary))?;

        // Fails when the name is taken: a run's folder is never empty.
        fs::rename(temporary, &target).map_err(io_error(Doing::Rename, &target))?;
        scrap.0 = None;
        let runs = private_file::parent(&target);
        private_file::sync_dir(runs).map_err(io_error(Doing::Sync, runs))?;
        Ok((RunFolder::new(folder.id(), target), lock))
    }
}
