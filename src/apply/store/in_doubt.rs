//! The list of the changes in doubt in a run's folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    RunFolder,
    error::{StoreError, StoreStep, io_error},
    run_folder::write,
};

/// The name of the list without its ending.
pub(super) const IN_DOUBT: &str = "in_doubt";

/// The list in this folder of a run.
pub fn in_doubt_in(folder: &Path) -> PathBuf {
    folder.join(format!("{IN_DOUBT}.csv"))
}

impl RunFolder {
    /// The changes in doubt, for a person's answers; there is none if no change is.
    pub fn in_doubt(&self) -> PathBuf {
        in_doubt_in(self.path())
    }

    /// Writes `in_doubt.csv`, completely or not at all. Removes it if there are no rows.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub fn write_in_doubt(&self, heading: &str, rows: Option<&[u8]>) -> Result<(), StoreError> {
        let path = self.in_doubt();
        let Some(rows) = rows else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(io_error(StoreStep::Write, &path)(error))
                }
                Ok(()) | Err(_) => Ok(()),
            };
        };
        write(&path, |file| {
            writeln!(file, "{heading}")?;
            file.write_all(rows)
        })
    }
}
