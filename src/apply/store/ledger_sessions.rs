//! Which sessions of a run the ledger may name as the last one, in the run's folder: an older copy of the folder lacks it.

use std::io::{self, Write as _};

use super::{
    RunFolder,
    error::{StoreError, StoreStep, io_error},
};
use crate::private_file;

/// A line for each session; more than ten thousand of them.
const MOST_BYTES: u64 = 1024 * 1024;

impl RunFolder {
    /// The sessions that were announced from this folder, or were to be.
    ///
    /// # Errors
    ///
    /// If the file can't be read.
    pub fn ledger_sessions(&self) -> Result<Vec<String>, StoreError> {
        let path = self.path().join("ledger.sessions");
        match private_file::read(&path, MOST_BYTES) {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                Ok(text.lines().map(str::to_owned).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(io_error(StoreStep::Read, path)(error)),
        }
    }

    /// Adds a session: it is on disk before the ledger hears of it. The run's lock must be held.
    ///
    /// # Errors
    ///
    /// If it can't be written.
    pub fn add_ledger_session(&self, id: &str) -> Result<(), StoreError> {
        let path = self.path().join("ledger.sessions");
        let write = || {
            let mut file = private_file::open_to_append(&path)?;
            // The line of a process that died may be incomplete.
            file.write_all(format!("\n{id}\n").as_bytes())?;
            file.sync_all()?;
            private_file::sync_dir(self.path())
        };
        write().map_err(io_error(StoreStep::Write, &path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{platform::access_of_others, store::state_dir::tests::id};

    #[test]
    fn a_session_is_known_once_it_is_added_whatever_a_process_left_that_died() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(id(1), home.path().to_owned());
        assert_eq!(folder.ledger_sessions().unwrap(), Vec::<String>::new());
        folder.add_ledger_session("a1").unwrap();
        let path = home.path().join("ledger.sessions");
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(access_of_others(&path, &metadata).unwrap(), None);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + "\nb").unwrap();
        folder.add_ledger_session("c3").unwrap();
        let known = folder.ledger_sessions().unwrap();
        assert!(known.contains(&"a1".to_owned()) && known.contains(&"c3".to_owned()));
    }
}
